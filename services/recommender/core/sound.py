"""Where a song lies in the valence-arousal plane, from how it sounds, what it is called and what people call it.

The audio features are those of Spotify. Each is measured in standard deviations from a typical hit, and they add up, as
cues of emotion in music do: Eerola, Friberg and Bresin ("Emotional expression in music: contribution, linearity, and
additivity of primary musical cues", Frontiers in Psychology 4:487, 2013) found them linear (77 to 89 % of the variance)
and without interactions, the mode first and the tempo second. In Gabrielsson and Lindström's review ("The role of
structure in the musical expression of emotions", 2010) loudness and tempo raise arousal, the major mode valence.
Panda and others ("How does the Spotify API compare to the Music Emotion Recognition state-of-the-art?", SMC 2021) found
energy, valence and acousticness the most telling of Spotify's features. Words complement the sound where valence is
concerned (Schuller, Weninger and Dorfner, "Multi-modal non-prototypical music mood analysis in continuous space", ISMIR
2011): of a song's words we have its title.

None of them publishes weights for these very features, so the weights below are ours; docs/catalogue.md says what was
measured of them.
"""

from collections.abc import Mapping, Sequence
from math import log10, sqrt, tanh
from typing import Final

from contracts.emotion import Affect
from services.recommender.core.affect import TERMS_SOURCE, UNKNOWN, Place
from services.recommender.core.affect_terms import place_of

TYPICAL: Final[Mapping[str, tuple[float, float]]] = {
    "valence": (0.55, 0.22),
    "danceability": (0.67, 0.14),
    "mode": (0.55, 0.50),
    "energy": (0.72, 0.15),
    "loudness": (-5.5, 1.9),
    "acousticness": (0.28, 0.22),
    "tempo": (2.07, 0.10),
}
"""Mean and standard deviation over the 1,922 songs of "Top Hits Spotify from 2000-2019"; of the square root of
acousticness and of the decimal logarithm of the tempo."""

VALENCE_WEIGHTS: Final[Mapping[str, float]] = {"valence": 0.65, "danceability": 0.2, "mode": 0.12}
AROUSAL_WEIGHTS: Final[Mapping[str, float]] = {
    "energy": 0.45,
    "loudness": 0.15,
    "acousticness": -0.2,
    "danceability": 0.15,
    "valence": 0.1,
    "tempo": 0.1,
}
"""A hit that one can dance to stirs more than a rock ballad of the same energy, hence danceability and valence."""

TITLE_WEIGHT: Final = 0.2
"""Of the sentiment of the title, -1..1, beside standard deviations of sound."""
TERMS_SHARE: Final = 0.2
"""Of the place that genres and tags suggest in the whole."""

CENTRE: Final = Affect(0.1, 0.3)
"""Of a typical hit: somewhat pleasant and lively."""
SPREAD: Final = 0.6
"""For one standard deviation of sound."""

SONG_SOURCE: Final = "audio features, title and genres"
UNKNOWN_SOURCE: Final = f"{UNKNOWN}: no audio features, and no genre or tag has a known place"


def song_place(audio: Mapping[str, float], words: Sequence[str] = (), title_sentiment: float = 0.0) -> Place:
    """A song's place: the origin where neither its sound nor its genres and tags are known.

    For the weighted sum z of features in standard deviations, a coordinate is tanh(CENTRE + SPREAD z), which keeps the
    order, flattens towards the ends as loudness and energy do for listeners, and never leaves the plane. A feature that
    is missing counts as typical. Of this, `TERMS_SHARE` gives way to the place of genres and tags.

    Args:
        audio: features in Spotify's units: shares 0..1, beats per minute, decibels; `mode` 1 for major, 0 for minor.
        words: genres and tags, lower case.
        title_sentiment: -1..1.
    """
    place = place_of(words)
    if "valence" not in audio or not audio.keys() & {"energy", "loudness", "acousticness", "tempo"}:
        source = UNKNOWN_SOURCE if place is None else TERMS_SOURCE
        return Place(place or Affect(0.0, 0.0), source, source)
    deviations = {name: _deviation(name, audio[name]) for name in TYPICAL if name in audio}
    valence = _coordinate(CENTRE.valence, deviations, VALENCE_WEIGHTS, TITLE_WEIGHT * title_sentiment)
    arousal = _coordinate(CENTRE.arousal, deviations, AROUSAL_WEIGHTS)
    if place is not None:
        valence += TERMS_SHARE * (place.valence - valence)
        arousal += TERMS_SHARE * (place.arousal - arousal)
    return Place(Affect(valence, arousal), SONG_SOURCE, SONG_SOURCE)


def _deviation(name: str, value: float) -> float:
    mean, deviation = TYPICAL[name]
    if name == "acousticness":
        value = sqrt(value)
    if name == "tempo":
        value = log10(max(value, 1.0))
    return (value - mean) / deviation


def _coordinate(
    centre: float, deviations: Mapping[str, float], weights: Mapping[str, float], beside: float = 0.0
) -> float:
    total = sum(weight * deviations[name] for name, weight in weights.items() if name in deviations)
    return tanh(centre + SPREAD * (total + beside))
