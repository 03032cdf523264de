"""A computation of the song clusters: what goes in and what comes out. `core.clusters` does it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from contracts.emotion import Affect
from contracts.recommendation import Cluster


class Song(NamedTuple):
    """What clustering needs to know of a song."""

    id: str
    audio: Mapping[str, float]
    affect: Affect


@dataclass(frozen=True)
class Clustering:
    """One computation of the clusters."""

    clusters: Sequence[Cluster]
    members: Mapping[str, int]
    """By song id, the cluster's place in `clusters`."""
    features: Sequence[str]
    silhouette: float
    """-1..1, how far apart the clusters are (Rousseeuw, 1987)."""
    candidates: Mapping[int, float]
    """The silhouette of each number of clusters that was tried."""
    fingerprint: str
    seed: int


def fingerprint(songs: Iterable[Song], seed: int) -> str:
    """The same for the same songs, features and seed: what was computed from them need not be computed again."""
    content = [seed, [[song.id, sorted(song.audio.items())] for song in songs]]
    return blake2b(json.dumps(content).encode(), digest_size=32).hexdigest()
