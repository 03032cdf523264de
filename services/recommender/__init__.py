"""The recommender: ranks the catalogue for a person and a mood, and learns from what the person does."""
