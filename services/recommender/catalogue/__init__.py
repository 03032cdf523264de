"""The starter catalogue, and an item as any source gives it."""
