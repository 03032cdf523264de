"""What a person's feedback says about their taste: Bayesian linear regression over the features of items."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_solve
from scipy.sparse import csr_array

from contracts.emotion import Affect
from contracts.recommendation import TasteWord
from services.recommender.core.catalogue import GROUP_SCALES, Catalogue, Feature, Floats, Shelf
from services.recommender.core.contexts import CONTEXTS, context
from services.recommender.core.opinions import SAID, Opinion, Spoken, Verdict, verdicts
from services.recommender.core.prior import TRAITS

Columns = npt.NDArray[Any]
"""Integers."""

HALF_LIFE: Final = timedelta(days=180)
"""After it, what was done says half as much. Editorial."""
SAID_HALF_LIFE: Final = timedelta(days=3650)
"""What was said lasts longer; docs/recommending.md has the measurement."""
MAX_HALF_LIVES: Final = 20.0

MAX_EVIDENCE: Final = 300
"""Items, the newest first, that a taste is learned from: the cost grows with the cube."""

WORDS: Final[Mapping[TasteWord, float]] = {TasteWord.MORE: 1.0, TasteWord.LESS: -1.0}
"""How much something that has nothing but the feature in question appeals to somebody who says so of it."""
WORD_NOISE: Final = 0.1
"""The variance around that: what is said of a feature itself tells more than what is said of an item. Editorial."""
MAX_WORDS: Final = 100
"""On features, the newest first."""

MIN_BELIEF: Final = 0.02
MAX_BELIEFS: Final = 40
"""Told: the strongest, and none that is too weak to matter."""


class Draw(NamedTuple):
    """One draw of somebody's weights from the prior, in each context. The weights are a stretch of numbers that all
    draws share, so that nobody has to keep as many as there are features."""

    starts: Sequence[int]
    traits: Floats
    """(3, d)."""

    @classmethod
    def of(cls, rng: np.random.Generator, traits: int) -> "Draw":
        """A fresh one."""
        return cls(
            [int(start) for start in rng.integers(len(_NORMAL), size=CONTEXTS)], rng.standard_normal((CONTEXTS, traits))
        )

    def by_context(self, columns: Columns) -> Floats:
        """The parts of these k features' weights, (3, k)."""
        return np.stack([self.weights(axis, columns) for axis in np.eye(CONTEXTS)])

    def weights(self, here: Floats, columns: Columns) -> Floats:
        """Of these features in a context, in the shape of `columns`."""
        parts = (
            share * _NORMAL[(columns + start) & (len(_NORMAL) - 1)]
            for share, start in zip(here, self.starts, strict=True)
        )
        return sum(parts, np.zeros(columns.shape))


_NORMAL: Final = np.random.default_rng(1).standard_normal(2**20)
"""A power of two of them, so that a mask keeps a place within."""


class Belief(NamedTuple):
    """What is believed of somebody's liking for a feature."""

    feature: Feature
    liking: float
    """About -1..1: what it adds to the appeal of the items it was learned from."""
    because: tuple[str, ...]
    """These items, the newest first."""
    word: TasteWord | None = None
    """What they say of it themselves."""


@dataclass(frozen=True)
class Taste:
    """The posterior of a person's weights, apart from everybody's, and what it was learned from."""

    vocabulary: Sequence[Feature]
    evidence: Sequence[Verdict]
    words: Sequence[Spoken]
    """Further evidence; in what follows e counts both, these last."""
    columns: Columns
    """(u,), ascending: the features that the evidence has."""
    evidence_features: Floats
    """(e, u): of those alone."""
    evidence_traits: Floats
    """(e, d)."""
    contexts: Floats
    """(e, 3): the moods it was given in."""
    factor: Floats
    """(e, e): the lower Cholesky factor of how alike the evidence is, noise included."""
    noise: Floats
    """(e,), variances."""
    told: Floats
    """(e,): how much each piece adds to what is like it."""
    draw: Draw | None = None
    """What the weights may differ by from their mean; None: they are the mean."""

    def appeal(self, shelf: Shelf, mood: Affect | None = None) -> Floats:
        """How much more than everybody this person likes each of a shelf's n items: (n,), about -1..1, 0 where nothing
        is known."""
        weights = self.weights_of(np.arange(len(self.vocabulary)), mood)
        return shelf.personal @ weights + shelf.traits @ self.trait_weights(mood)

    def weights_of(self, columns: Columns, mood: Affect | None = None) -> Floats:
        """The weights of these features in a mood, in the shape of `columns`."""
        weights = np.zeros(len(self.vocabulary))
        weights[self.columns] = self._told_in(mood)[0]
        return weights[columns] if self.draw is None else weights[columns] + self.draw.weights(context(mood), columns)

    def weights_by_context(self, columns: Columns) -> Floats:
        """The parts of these k features' weights, (3, k), of which a mood's `context` makes `weights_of`."""
        weights = np.zeros((CONTEXTS, len(self.vocabulary)))
        weights[:, self.columns] = (self.contexts * self.told[:, None]).T @ self.evidence_features
        parts = weights[:, columns]
        return parts if self.draw is None else parts + self.draw.by_context(columns)

    def trait_weights(self, mood: Affect | None = None) -> Floats:
        """The weights of the traits in a mood, (d,)."""
        weights = self._told_in(mood)[1]
        return weights if self.draw is None else weights + context(mood) @ self.draw.traits

    def _told_in(self, mood: Affect | None) -> tuple[Floats, Floats]:
        """What the evidence says in a mood about its own features and about the traits, remembered for one mood."""
        said = self._said.get(mood)
        if said is None:
            told = self.told * (self.contexts @ context(mood))
            said = self.evidence_features.T @ told, self.evidence_traits.T @ told
            self._said.clear()
            self._said[mood] = said
        return said

    @cached_property
    def _said(self) -> dict[Affect | None, tuple[Floats, Floats]]:
        return {}

    def sampled(self, rng: np.random.Generator) -> "Taste":
        """A draw from what the weights may be: one from the prior, corrected by the evidence (Matheron's rule: Wilson
        et al., "Pathwise conditioning of Gaussian processes", JMLR 22, 2021)."""
        draw = Draw.of(rng, self.evidence_traits.shape[1])
        if not len(self.noise):
            return replace(self, draw=draw)
        noise = np.sqrt(self.noise) * rng.standard_normal(len(self.noise))
        appeals = self.evidence_features @ draw.by_context(self.columns).T + self.evidence_traits @ draw.traits.T
        drawn = (self.contexts * appeals).sum(axis=1) + noise
        return replace(self, told=self.told - cho_solve((self.factor, True), drawn), draw=draw)

    def beliefs(self) -> list[Belief]:
        """What it says about the features of what it was learned from: those that the person has spoken of, then the
        strongest first."""
        found: list[Belief] = []
        words = {spoken.feature: spoken.word for spoken in self.words}
        for column, weight, held in zip(
            self.columns, self.weights_of(self.columns), self.evidence_features.T, strict=True
        ):
            rows = list(map(int, np.flatnonzero(held)))
            liking = float(weight * held[rows].mean()) if rows else 0.0
            word = words.get(self.vocabulary[column])
            if abs(liking) >= MIN_BELIEF or word:
                items = tuple(self.evidence[row].item_id for row in rows if row < len(self.evidence))
                found.append(Belief(self.vocabulary[column], liking, items, word))
        return sorted(found, key=lambda each: (each.word is None, -abs(each.liking), each.feature))[:MAX_BELIEFS]

    def verdicts_on(self, column: int) -> list[Verdict]:
        """The evidence in favour that has this feature, the newest first."""
        place = int(np.searchsorted(self.columns, column))
        if place == len(self.columns) or self.columns[place] != column:
            return []
        rows = np.flatnonzero(self.evidence_features[: len(self.evidence), place])
        return [self.evidence[row] for row in map(int, rows) if self.evidence[row].liking > 0]


def learn_taste(
    catalogue: Catalogue, opinions: Iterable[Opinion], now: datetime | None = None, words: Iterable[Spoken] = ()
) -> Taste:
    """The taste behind these opinions and words.

    With features and traits X, scaled so that the prior on their weights is standard normal, C how much each mood says
    about each other, noise variances N and likings y of which everybody's taste explains e, what each piece of evidence
    tells is (XX' * C + N)^-1 (y - e), and the posterior mean in a mood is X' times that, times how much the piece's
    mood says about this one (Bishop, "Pattern Recognition and Machine Learning", 2006, sections 3.3 and 6.1): in this
    form its cost depends on how much a person has said, not on how many features there are.

    Args:
        now: to judge by how old the evidence is; None: when the newest was given.
        words: one a feature, the newest first; those on features that no item has are left out.
    """
    evidence = verdicts(catalogue, opinions)[:MAX_EVIDENCE]
    spoken = [each for each in words if each.feature in catalogue.columns][:MAX_WORDS]
    if not evidence and not spoken:
        return _untold(catalogue)
    met = [(catalogue.shelves[verdict.kind], verdict.row) for verdict in evidence]
    bare = _bare(catalogue, spoken)
    columns, features = _dense(
        [*(shelf.personal for shelf, _ in met), *[bare] * len(spoken)], [*(row for _, row in met), *range(len(spoken))]
    )
    traits = np.array([*(shelf.traits[row] for shelf, row in met), *np.zeros((len(spoken), len(TRAITS)))])
    contexts = np.array([*(context(verdict.mood) for verdict in evidence), *[context(None)] * len(spoken)])
    beyond = [verdict.liking - shelf.expected[verdict.row] for verdict, (shelf, _) in zip(evidence, met, strict=True)]
    news = np.array([*beyond, *(WORDS[each.word] for each in spoken)])
    alike = (features @ features.T + traits @ traits.T) * (contexts @ contexts.T)
    noise = np.array([*(shelf.prior.noise_variance for shelf, _ in met), *[WORD_NOISE] * len(spoken)])
    noise *= _doubts([*evidence, *spoken], now)
    factor: Floats = np.linalg.cholesky(alike + np.diag(noise)).astype(np.float64)
    told = cho_solve((factor, True), news)
    return Taste(catalogue.vocabulary, evidence, spoken, columns, features, traits, contexts, factor, noise, told)


def _bare(catalogue: Catalogue, spoken: Sequence[Spoken]) -> Any:
    """`csr_array`: a row for each, of something that has no other feature."""
    values = [GROUP_SCALES[each.feature.group] for each in spoken]
    columns = [catalogue.columns[each.feature] for each in spoken]
    return csr_array((values, columns, range(len(spoken) + 1)), shape=(len(spoken), len(catalogue.vocabulary)))


def _dense(matrices: Sequence[Any], rows: Sequence[int]) -> tuple[Columns, Floats]:
    """The columns that a row of each sparse array has, ascending, and these rows on those alone."""
    stretches = [slice(*each.indptr[row : row + 2]) for each, row in zip(matrices, rows, strict=True)]
    held = [each.indices[stretch] for each, stretch in zip(matrices, stretches, strict=True)]
    columns = np.unique(np.concatenate(held)).astype(np.intp)
    found = np.zeros((len(rows), len(columns)))
    for row, (each, stretch, indices) in enumerate(zip(matrices, stretches, held, strict=True)):
        found[row, np.searchsorted(columns, indices)] = each.data[stretch]
    return columns, found


def _doubts(evidence: Sequence[Verdict | Spoken], now: datetime | None) -> Floats:
    """How much noisier each piece of evidence is for its age, 1 or more."""
    latest = now or max(each.occurred_at for each in evidence)
    done = (isinstance(each, Verdict) and each.action not in SAID for each in evidence)
    lives = (HALF_LIFE if was_done else SAID_HALF_LIFE for was_done in done)
    ages = [(latest - each.occurred_at) / life for each, life in zip(evidence, lives, strict=True)]
    return 2.0 ** np.clip(ages, 0.0, MAX_HALF_LIVES)


def _untold(catalogue: Catalogue) -> Taste:
    none = np.zeros(0)
    return Taste(
        vocabulary=catalogue.vocabulary,
        evidence=[],
        words=[],
        columns=np.zeros(0, dtype=np.intp),
        evidence_features=np.zeros((0, 0)),
        evidence_traits=np.zeros((0, len(TRAITS))),
        contexts=np.zeros((0, CONTEXTS)),
        factor=np.zeros((0, 0)),
        noise=none,
        told=none,
    )
