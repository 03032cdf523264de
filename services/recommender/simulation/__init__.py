"""People with known tastes and moods, to see how fast they are learned."""
