"""Measures the recommender against what people really rated, and learns its prior from them."""
