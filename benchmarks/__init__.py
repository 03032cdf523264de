"""Measures the system from outside, through public ports only."""
