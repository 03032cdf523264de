"""The kinds of items: one module for each, named as the kind is on the wire, which says its `TRAITS`."""
