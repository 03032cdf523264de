"""Moods, tastes, ranking, clusters and sentiment. Pure: knows no database, broker, network or clock."""
