"""Groups songs that sound alike: standardise, PCA, K-Means; as many clusters as silhouette and stability suggest.

Imports scikit-learn, which only the worker should pay for.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from contracts.emotion import CIRCUMPLEX, Affect
from contracts.recommendation import Cluster
from services.recommender.core.affect import affect_words
from services.recommender.core.clustering import AUDIO_FEATURES, Clustering, Considered, Songs, Spot, fingerprint

MIN_SONGS: Final = 20
"""Fewer say nothing about groups."""
COUNTS: Final = range(4, 11)
"""Fewer than four clusters cannot tell the quarters of the valence-arousal plane apart."""
KEPT_VARIANCE: Final = 0.9
MIN_KNOWN_SHARE: Final = 0.8
"""A feature that fewer songs have is left out; what is missing of the others becomes their median."""
SAMPLE: Final = 20_000
"""Songs that the number of clusters is chosen on; beyond these, K-Means goes through all in mini-batches."""
SILHOUETTE_SAMPLE: Final = 5000
"""Songs: the cost grows with the square."""
RESAMPLES: Final = 10
RESAMPLE_SHARE: Final = 0.8
STABLE: Final = 0.8
"""Stability from which on a number of clusters may be chosen for its silhouette."""
SPOTS: Final = 1500

Numbers = npt.NDArray[Any]


class _Space(NamedTuple):
    """Songs as clustering sees them."""

    features: Sequence[str]
    values: Numbers
    """(n, f), in the units of their source, the unknown ones filled."""
    standard: Numbers
    """(n, f), in standard deviations from the mean."""
    points: Numbers
    """(n, c): the principal components that keep `KEPT_VARIANCE`."""
    explained_variance: Sequence[float]


def compute_clusters(
    songs: Songs, seed: int, on_progress: Callable[[int, int], None] | None = None
) -> Clustering | None:
    """Cluster songs by their audio features; None where there are fewer than `MIN_SONGS` different ones.

    Of the numbers in `COUNTS` that are `STABLE` the one with the highest silhouette is chosen; where none is, the most
    stable. The same songs in the same order with the same seed give the same clusters.
    """
    sample = np.sort(np.random.default_rng(seed).permutation(len(songs))[:SAMPLE])
    features = _common_features(songs) if len(songs) else []
    if not features:
        return None
    values = SimpleImputer(strategy="median").fit_transform(songs.audio[:, features])
    if len(np.unique(values[sample], axis=0)) < MIN_SONGS:
        return None
    # On a busy machine, threads that spin cost more than they bring, and take the processors from whoever answers.
    with threadpool_limits(1):
        space = _space(values, [list(AUDIO_FEATURES)[n] for n in features], seed)
        considered: list[Considered] = []
        for count in COUNTS:
            considered.append(_consider(space.points[sample], count, seed))
            if on_progress:
                on_progress(len(considered), len(COUNTS) + 1)
        chosen = choose_count(considered)
        numbers = _kmeans(len(songs), chosen.count, 10, seed).fit_predict(space.points)
    return Clustering(
        clusters=_describe(songs, numbers, space),
        numbers=[int(number) for number in numbers],
        features=space.features,
        considered=considered,
        chosen=chosen,
        explained_variance=space.explained_variance,
        plane=_plane(space.points, numbers, sample[:: -(-len(sample) // SPOTS)]),
        fingerprint=fingerprint(songs, seed),
        seed=seed,
    )


def choose_count(considered: Sequence[Considered]) -> Considered:
    """The stable one with the highest silhouette, else the most stable one."""
    stable = [each for each in considered if each.stability >= STABLE]
    return max(stable, key=lambda each: each.silhouette) if stable else max(considered, key=lambda each: each.stability)


def _plane(points: Numbers, numbers: Numbers, chosen: Numbers) -> list[Spot]:
    return [Spot(round(float(points[n, 0]), 3), round(float(points[n, 1]), 3), int(numbers[n])) for n in chosen]


def _common_features(songs: Songs) -> list[int]:
    return [int(n) for n in np.flatnonzero((~np.isnan(songs.audio)).mean(axis=0) >= MIN_KNOWN_SHARE)]


def _space(values: Numbers, features: Sequence[str], seed: int) -> _Space:
    standard = StandardScaler().fit_transform(values)
    pca = PCA(random_state=seed)
    points = pca.fit_transform(standard)
    shares = [float(share) for share in pca.explained_variance_ratio_]
    # Two at least, for the picture; of a single feature the second is 0.
    kept = max(2, int(np.searchsorted(np.cumsum(shares), KEPT_VARIANCE)) + 1)
    points = np.pad(points, [(0, 0), (0, max(0, 2 - len(shares)))])
    return _Space(features, values, standard, points[:, :kept], shares[:kept])


def _kmeans(songs: int, count: int, tries: int, seed: int) -> KMeans | MiniBatchKMeans:
    if songs > SAMPLE:
        return MiniBatchKMeans(count, n_init=tries, batch_size=SAMPLE // 2, random_state=seed)  # pyright: ignore[reportArgumentType]
    return KMeans(count, n_init=tries, random_state=seed)  # pyright: ignore[reportArgumentType]  (read from its default)


def _consider(points: Numbers, count: int, seed: int) -> Considered:
    numbers = _kmeans(len(points), count, 10, seed).fit_predict(points)
    size = min(SILHOUETTE_SAMPLE, len(points))
    silhouette = silhouette_score(points, numbers, sample_size=size, random_state=seed)
    agreements = [adjusted_rand_score(numbers, again) for again in _again(points, count, seed)]
    return Considered(count, float(silhouette), float(np.mean(agreements)))


def _again(points: Numbers, count: int, seed: int) -> Iterator[Any]:
    """All the points by clusters that were found in some of them (Ben-Hur, Elisseeff and Guyon, PSB 2002)."""
    draw = np.random.default_rng(seed)
    for resample in range(RESAMPLES):
        part = draw.permutation(len(points))[: int(RESAMPLE_SHARE * len(points))]
        yield _kmeans(len(part), count, 3, seed + resample).fit(points[part]).predict(points)


def _describe(songs: Songs, numbers: Numbers, space: _Space) -> list[Cluster]:
    found = [numbers == number for number in range(int(numbers.max()) + 1)]
    centres = [Affect(*map(float, songs.affect[members].mean(axis=0))) for members in found]
    names = _distinct([affect_words(centre) for centre in centres], found, space)
    return [
        Cluster(
            name=names[number],
            valence=centre.valence,
            arousal=centre.arousal,
            size=int(found[number].sum()),
            emotions=_emotions(centres, number),
            centre=dict(zip(space.features, map(float, space.values[found[number]].mean(axis=0)), strict=True)),
        )
        for number, centre in enumerate(centres)
    ]


def _distinct(names: list[str], found: Sequence[Numbers], space: _Space) -> list[str]:
    """Where centres share their words, what sets each apart in sound comes in front, until no two are alike."""
    described = list(names)
    for number, name in enumerate(names):
        if names.count(name) == 1:
            continue
        centre = space.standard[found[number]].mean(axis=0)
        for column in np.argsort(-np.abs(centre)):
            below, above = AUDIO_FEATURES[space.features[int(column)]]
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
