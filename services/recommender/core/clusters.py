"""Groups songs that sound alike: standardise, PCA, K-Means, the number of clusters by silhouette.

Imports scikit-learn, which only the worker should pay for.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.metrics import silhouette_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from contracts.emotion import CIRCUMPLEX, Affect
from contracts.recommendation import Cluster
from services.recommender.core.affect import affect_words
from services.recommender.core.catalogue import Floats
from services.recommender.core.clustering import Clustering, Song, fingerprint

MIN_SONGS: Final = 20
"""Fewer say nothing about groups."""
CANDIDATE_COUNTS: Final = range(4, 11)
"""Fewer than four clusters cannot tell the quarters of the valence-arousal plane apart."""
KEPT_VARIANCE: Final = 0.9
MIN_KNOWN_SHARE: Final = 0.8
"""A feature that fewer songs have is left out; what is missing of the others becomes their median."""
SILHOUETTE_SAMPLE: Final = 5000
"""Songs: the cost grows with the square."""

_DESCRIPTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "acousticness": ("electric", "acoustic"),
    "danceability": ("flowing", "danceable"),
    "energy": ("soft", "loud"),
    "tempo": ("slow", "fast"),
    "valence": ("sombre", "cheerful"),
    "instrumentalness": ("sung", "instrumental"),
    "speechiness": ("melodic", "spoken"),
    "liveness": ("studio", "live"),
    "loudness": ("quiet", "powerful"),
}
"""What to call a cluster that lies below or above the mean of a feature."""


def compute_clusters(songs: Sequence[Song], seed: int) -> Clustering | None:
    """Cluster songs by their audio features; None where there are fewer than `MIN_SONGS` different ones.

    The number of clusters is the one in `CANDIDATE_COUNTS` with the highest silhouette. The same songs in the same
    order with the same seed give the same clusters.
    """
    features = _common_features(songs)
    values = np.array([[song.audio.get(name, np.nan) for name in features] for song in songs], dtype=np.float64)
    if not features or len(np.unique(values, axis=0)) < MIN_SONGS:
        return None
    standardise = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    standard: Floats = standardise.fit_transform(values)
    reduced: Floats = PCA(n_components=KEPT_VARIANCE, random_state=seed).fit_transform(standard)
    # On a busy machine, threads that spin cost more than they bring, and take the processors from whoever answers.
    with threadpool_limits(1):
        tried = {count: _partition(reduced, count, seed) for count in CANDIDATE_COUNTS}
    best = max(tried, key=lambda count: tried[count][0])
    silhouette, numbers = tried[best]
    return Clustering(
        clusters=_describe(songs, numbers, standard, features),
        members={song.id: int(number) for song, number in zip(songs, numbers, strict=True)},
        features=features,
        silhouette=silhouette,
        candidates={count: score for count, (score, _) in tried.items()},
        fingerprint=fingerprint(songs, seed),
        seed=seed,
    )


def _common_features(songs: Sequence[Song]) -> list[str]:
    enough = MIN_KNOWN_SHARE * len(songs)
    return [name for name in sorted(_DESCRIPTIONS) if sum(name in song.audio for song in songs) >= enough]


def _partition(points: Floats, count: int, seed: int) -> tuple[float, npt.NDArray[np.int32]]:
    kmeans = KMeans(count, n_init=10, random_state=seed)  # pyright: ignore[reportArgumentType]  (read from its default)
    numbers = kmeans.fit_predict(points)
    sample = min(SILHOUETTE_SAMPLE, len(points))
    return float(silhouette_score(points, numbers, sample_size=sample, random_state=seed)), numbers


def _describe(
    songs: Sequence[Song], numbers: npt.NDArray[np.int32], standard: Floats, features: Sequence[str]
) -> list[Cluster]:
    affects = np.array([song.affect for song in songs])
    found = range(int(numbers.max()) + 1)
    centres = [Affect(*map(float, affects[numbers == number].mean(axis=0))) for number in found]
    names = _distinct([affect_words(centre) for centre in centres], numbers, standard, features)
    return [
        Cluster(
            name=names[number],
            valence=centres[number].valence,
            arousal=centres[number].arousal,
            size=int((numbers == number).sum()),
            emotions=_emotions(centres, number),
        )
        for number in found
    ]


def _distinct(names: list[str], numbers: npt.NDArray[np.int32], standard: Floats, features: Sequence[str]) -> list[str]:
    """Where centres share their words, what sets each apart in sound comes in front, until no two are alike."""
    described = list(names)
    for number, name in enumerate(names):
        if names.count(name) == 1:
            continue
        centre = standard[numbers == number].mean(axis=0)
        for column in np.argsort(-np.abs(centre)):
            below, above = _DESCRIPTIONS[features[int(column)]]
            word = above if centre[column] > 0 else below
            described[number] = f"{word}, {described[number]}"
            if described[number] not in described[:number]:
                break
    return described


def _emotions(centres: Sequence[Affect], number: int) -> list[str]:
    """The emotions to which no other centre lies nearer, and the one nearest to this centre; the nearest first."""

    def distance(emotion: Affect, centre: Affect) -> float:
        return float(np.hypot(emotion.valence - centre.valence, emotion.arousal - centre.arousal))

    by_distance = sorted(CIRCUMPLEX, key=lambda emotion: distance(CIRCUMPLEX[emotion], centres[number]))
    own = [
        e for e in by_distance if min(range(len(centres)), key=lambda n: distance(CIRCUMPLEX[e], centres[n])) == number
    ]
    return list(dict.fromkeys([by_distance[0], *own]))
