"""Where an item lies in the valence-arousal plane, and what to call that place."""

from collections.abc import Mapping, Sequence
from typing import Final

from contracts.emotion import Affect
from services.recommender.core.affect_terms import GENRE_AFFECT, TAG_AFFECT
from services.recommender.core.tone import TYPICAL_TONE

SONG_AROUSAL_WEIGHTS: Final[Mapping[str, float]] = {"energy": 0.7, "tempo": 0.15, "acousticness": 0.15}
"""Editorial: loud and dense music stirs most, then fast music, then music that is not acoustic."""
TEMPO_RANGE_BPM: Final = (60.0, 180.0)

TAG_WEIGHT: Final = 2.0
"""A word chosen for one film says more about it than its genre does."""
TONE_WEIGHT: Final = 0.5
"""How far a film's valence moves when its reviews sound brighter or darker than most: they speak of quality as well."""

SONG_SOURCE: Final = "audio features"
TERMS_SOURCE: Final = "editorial estimate from genres and tags"
TONE_SOURCE: Final = f"{TERMS_SOURCE}, moved by the tone of reviews"

_VALENCE_WORDS: Final = ((-0.35, "dark"), (0.1, "wistful"), (0.5, "warm"), (1.0, "bright"))
_AROUSAL_WORDS: Final = ((-0.3, "calm"), (0.15, "easy-going"), (0.5, "lively"), (1.0, "intense"))


def song_affect(audio: Mapping[str, float]) -> Affect | None:
    """A song's place from its audio features, or None where valence or every feature of arousal is missing.

    Valence is Spotify's `valence` (0..1) stretched to -1..1. Arousal is the mean of those features that are known,
    weighted by `SONG_AROUSAL_WEIGHTS` and stretched alike.

    Args:
        audio: `valence`, `energy` and `acousticness` in 0..1, `tempo` in beats per minute.
    """
    slowest, fastest = TEMPO_RANGE_BPM
    stirring = {name: audio[name] for name in SONG_AROUSAL_WEIGHTS if name in audio}
    if "valence" not in audio or not stirring:
        return None
    if "tempo" in stirring:
        stirring["tempo"] = _clip((stirring["tempo"] - slowest) / (fastest - slowest), 0.0)
    if "acousticness" in stirring:
        stirring["acousticness"] = 1.0 - stirring["acousticness"]
    weight = sum(SONG_AROUSAL_WEIGHTS[name] for name in stirring)
    arousal = sum(SONG_AROUSAL_WEIGHTS[name] * value for name, value in stirring.items()) / weight
    return Affect(_clip(2 * audio["valence"] - 1), _clip(2 * arousal - 1))


def terms_affect(genres: Sequence[str], tags: Sequence[str], tone: float | None = None) -> Affect:
    """A film's place: the mean of its genres' and its tags' places, tags weighing `TAG_WEIGHT`.

    Args:
        genres, tags: lower case; those the tables do not know are left out.
        tone: of its reviews, -1..1; moves valence by `TONE_WEIGHT` of how far it is from `TYPICAL_TONE`.

    Returns:
        The origin where nothing is known.
    """
    weighted = [(1.0, GENRE_AFFECT[genre]) for genre in genres if genre in GENRE_AFFECT]
    weighted += [(TAG_WEIGHT, TAG_AFFECT[tag]) for tag in tags if tag in TAG_AFFECT]
    total = sum(weight for weight, _ in weighted) or 1.0
    valence = sum(weight * affect.valence for weight, affect in weighted) / total
    arousal = sum(weight * affect.arousal for weight, affect in weighted) / total
    if tone is not None:
        valence += TONE_WEIGHT * (tone - TYPICAL_TONE)
    return Affect(_clip(valence), _clip(arousal))


def valence_word(valence: float) -> str:
    """What a valence in -1..1 feels like."""
    return next(word for limit, word in _VALENCE_WORDS if valence <= limit)


def arousal_word(arousal: float) -> str:
    """What an arousal in -1..1 feels like."""
    return next(word for limit, word in _AROUSAL_WORDS if arousal <= limit)


def affect_words(affect: Affect) -> str:
    """A place in the plane in words, e.g. "bright and lively"."""
    return f"{valence_word(affect.valence)} and {arousal_word(affect.arousal)}"


def _clip(value: float, low: float = -1.0, high: float = 1.0) -> float:
    return min(max(value, low), high)
