"""Reads emotions from pictures of faces, and the mood behind them over time."""
