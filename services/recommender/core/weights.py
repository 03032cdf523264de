"""What each term of a score weighs; `ranking` says what the terms are. Editorial."""

from typing import Final

FIT: Final = 1.0
QUALITY: Final = 0.25
SERVES: Final = 0.12
GOOD_FOR: Final = 0.25
KINDRED: Final = 0.08
TASTE: Final = 1.0
EXPLORE: Final = 0.15
"""Of a draw from what is not known of a taste: without feedback its standard deviation is about 0.9, so that chance
moves a newcomer's picks by a seventh of what the mood does."""
CHANCE: Final = 0.02
"""Standard deviation: enough to change the order of near equals from sitting to sitting."""

FIT_DISTANCE: Final = 0.4
"""In the valence-arousal plane: there, nearness is a half."""

CANDIDATES: Final = 300
"""Items of a shelf that are scored, and some more that the person's taste brings; a small shelf is scored whole."""
EVERYTHING: Final = 0
