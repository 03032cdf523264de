"""A computation of the song clusters: what goes in and what comes out. `core.clusters` does it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contracts.recommendation import Cluster

AUDIO_FEATURES: Final[Mapping[str, tuple[str, str]]] = {
    "acousticness": ("electric", "acoustic"),
    "danceability": ("flowing", "danceable"),
    "energy": ("soft", "loud"),
    "instrumentalness": ("sung", "instrumental"),
    "liveness": ("studio", "live"),
    "loudness": ("quiet", "powerful"),
    "speechiness": ("melodic", "spoken"),
    "tempo": ("slow", "fast"),
    "valence": ("sombre", "cheerful"),
}
"""What songs are clustered by, and what to call a cluster that lies below or above the mean of each."""
METHOD: Final = 2
"""Raised when the same songs should be clustered again, because the computation has changed."""


@dataclass(frozen=True)
class Songs:
    """What clustering needs to know of n songs."""

    ids: Sequence[str]
    audio: npt.NDArray[Any]
    """Float32, (n, `len(AUDIO_FEATURES)`), in the units of their source; NaN where unknown."""
    affect: npt.NDArray[Any]
    """Float32, (n, 2): valence and arousal, -1..1."""

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Considered:
    """A number of clusters that was tried."""

    count: int
    silhouette: float
    """-1..1, how far apart the clusters are (Rousseeuw, 1987)."""
    stability: float
    """At most 1: how much of them is found again in parts of the songs, as the mean adjusted Rand index (Hubert and
    Arabie, 1985); 0 is chance."""


class Spot(NamedTuple):
    """A song in the plane of the first two principal components."""

    x: float
    y: float
    number: int
    """Of its cluster."""


@dataclass(frozen=True)
class Clustering:
    """One computation of the clusters."""

    clusters: Sequence[Cluster]
    numbers: Sequence[int]
    """For each song, its cluster's place in `clusters`."""
    features: Sequence[str]
    considered: Sequence[Considered]
    chosen: Considered
    explained_variance: Sequence[float]
    """The share of each principal component that was kept, the greatest first."""
    plane: Sequence[Spot]
    """Some of the songs, for a picture."""
    fingerprint: str
    seed: int


def fingerprint(songs: Songs, seed: int) -> str:
    """The same for the same songs, features and seed: what was computed from them need not be computed again."""
    digest = blake2b(json.dumps([METHOD, seed, list(AUDIO_FEATURES), list(songs.ids)]).encode(), digest_size=32)
    for numbers in (songs.audio, songs.affect):
        digest.update(np.ascontiguousarray(numbers, dtype=np.float32).tobytes())
    return digest.hexdigest()
