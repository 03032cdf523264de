"""The vocabulary of recommendations: kinds, goals and what a person can say about an item."""

from enum import StrEnum


class Kind(StrEnum):
    """What can be recommended."""

    MUSIC = "music"
    MOVIE = "movie"
    GAME = "game"
    WELLBEING = "wellbeing"


class Goal(StrEnum):
    """What the recommendations should do to the mood."""

    MATCH = "match"
    LIFT = "lift"
    CALM = "calm"
    FOCUS = "focus"


class FeedbackAction(StrEnum):
    """What a person did with, or said about, an item."""

    LIKE = "like"
    DISLIKE = "dislike"
    SKIP = "skip"
    PLAY = "play"
    FINISH = "finish"
    SAVE = "save"
