"""Where an item lies in the valence-arousal plane, which emotions are near, and what to call that place."""

from collections.abc import Sequence
from math import exp, hypot
from typing import Final, NamedTuple

from contracts.emotion import CIRCUMPLEX, Affect, Emotion
from services.recommender.core.affect_terms import place_of
from services.recommender.core.tone import TYPICAL_TONE

TONE_WEIGHT: Final = 0.5
"""How far valence moves when an item's reviews sound brighter or darker than most: they speak of quality as well."""
RATING_WEIGHT: Final = 0.04
"""How far valence moves for each point that an item is rated above `TYPICAL_RATING`: of two sad films the better one is
the more pleasant evening. Editorial."""
TYPICAL_RATING: Final = 6.4
"""The mean of the IMDB 5000 file."""
RATING_VOTES: Final = 1000.0
"""Votes at which a rating moves an item half as far as that of many."""

GIVEN_SOURCE: Final = "given by the imported file"
EDITORIAL_SOURCE: Final = "editorial estimate"
DIRECT_SOURCES: Final = frozenset({GIVEN_SOURCE, EDITORIAL_SOURCE})
"""Said of this very item, which genres, tags, ratings and reviews cannot better."""
TERMS_SOURCE: Final = "table of genres and tags"
UNKNOWN: Final = "unknown"
"""How the source of a number begins that is nothing but the middle of the plane."""
UNKNOWN_SOURCE: Final = f"{UNKNOWN}: no genre or tag has a known place"

EMOTIONS_SOURCE: Final = "nearness of the place to those of the emotions (Russell and Mehrabian, 1977)"
AFFINITY_REACH: Final = 0.5
"""Distance in the plane over which an item's affinity with an emotion falls to 0.61."""

_VALENCE_WORDS: Final = ((-0.35, "dark"), (0.1, "wistful"), (0.5, "warm"), (1.0, "bright"))
_AROUSAL_WORDS: Final = ((-0.3, "calm"), (0.15, "easy-going"), (0.5, "lively"), (1.0, "intense"))


class Place(NamedTuple):
    """Where an item lies, and what each number rests on."""

    affect: Affect
    valence_source: str
    arousal_source: str


def terms_affect(
    genres: Sequence[str],
    tags: Sequence[str],
    tone: float | None = None,
    rating: float | None = None,
    votes: int | None = None,
) -> Affect:
    """An item's place: the mean of its genres' and its tags' places in `affect_terms.TERMS`.

    Args:
        genres, tags: lower case; those the table does not know are left out.
        tone: of its reviews, -1..1; moves valence by `TONE_WEIGHT` of how far it is from `TYPICAL_TONE`.
        rating: 0..10; moves valence by `RATING_WEIGHT` of how far it is from `TYPICAL_RATING`.
        votes: that the rating rests on: fewer move it less.

    Returns:
        The origin, moved by tone and rating, where the table knows none of the words.
    """
    valence, arousal = place_of([*genres, *tags]) or Affect(0.0, 0.0)
    if tone is not None:
        valence += TONE_WEIGHT * (tone - TYPICAL_TONE)
    if rating is not None:
        trust = 1.0 if votes is None else votes / (votes + RATING_VOTES)
        valence += RATING_WEIGHT * trust * (rating - TYPICAL_RATING)
    return Affect(_clip(valence), _clip(arousal))


def terms_place(
    genres: Sequence[str],
    tags: Sequence[str],
    tone: float | None = None,
    rating: float | None = None,
    votes: int | None = None,
) -> Place:
    """The place of `terms_affect`, and what it rests on."""
    source = UNKNOWN_SOURCE if place_of([*genres, *tags]) is None else TERMS_SOURCE
    movers = [name for name, value in (("the rating", rating), ("the tone of reviews", tone)) if value is not None]
    moved = f"{source}, moved by {' and '.join(movers)}" if movers else source
    return Place(terms_affect(genres, tags, tone, rating, votes), moved, source)


def emotion_affinities(affect: Affect) -> dict[Emotion, float]:
    """How near each emotion is, 0..1: a Gaussian of the distance to its place in `CIRCUMPLEX`."""

    def near(place: Affect) -> float:
        return exp(-((hypot(place.valence - affect.valence, place.arousal - affect.arousal) / AFFINITY_REACH) ** 2) / 2)

    return {emotion: near(place) for emotion, place in CIRCUMPLEX.items()}


def valence_word(valence: float) -> str:
    """What a valence in -1..1 feels like."""
    return next(word for limit, word in _VALENCE_WORDS if valence <= limit)


def arousal_word(arousal: float) -> str:
    """What an arousal in -1..1 feels like."""
    return next(word for limit, word in _AROUSAL_WORDS if arousal <= limit)


def affect_words(affect: Affect) -> str:
    """A place in the plane in words, e.g. "bright and lively"."""
    return f"{valence_word(affect.valence)} and {arousal_word(affect.arousal)}"


def _clip(value: float) -> float:
    return min(max(value, -1.0), 1.0)
