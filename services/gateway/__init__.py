"""The gateway: HTTP and live updates for browsers and REST clients, in front of the recommender and Redis."""
