"""Makes one list of the lists of several kinds."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from services.recommender.core.selection import MAX_NEGATIVE_RUN

LEAD: Final = 1
"""Picks that a kind may be ahead of the one that has had the fewest: with 1, every kind comes before any has a third.
"""


class Scored(Protocol):
    """Something with a place in a list."""

    @property
    def score(self) -> float:
        """The higher the better."""
        ...

    @property
    def negative(self) -> bool:
        """Strongly so."""
        ...


KindT = TypeVar("KindT", bound=Hashable)
ScoredT = TypeVar("ScoredT", bound=Scored)


def mixed(
    lists: Mapping[KindT, Sequence[ScoredT]], count: int, *, in_step: bool = False
) -> list[tuple[KindT, ScoredT]]:
    """At most `count` of all, each kind in its own order and within its quota, the best score first; where strongly
    negative ones would run on, one that is not is taken from the next few of a kind. A longer list of the same begins
    with a shorter one, if the kinds have `MAX_NEGATIVE_RUN` more than `count`.

    Args:
        in_step: the lists are walks: the n-th of the mix is the n-th of its kind's.
    """
    left = {kind: list(of_kind) for kind, of_kind in lists.items()}
    taken, run = dict.fromkeys(lists, 0), 0
    chosen: list[tuple[KindT, ScoredT]] = []
    while len(chosen) < count and any(left.values()):
        reach = MAX_NEGATIVE_RUN + 1 if run >= MAX_NEGATIVE_RUN and not in_step else 1
        offers = {kind: _bearable(of_kind[:reach]) for kind, of_kind in left.items() if of_kind}
        most = min(taken[kind] for kind in offers) + LEAD
        best = {
            kind: (run < MAX_NEGATIVE_RUN or not offer.negative, taken[kind] <= most, offer.score)
            for kind, offer in offers.items()
        }
        kind = max(best, key=best.__getitem__)
        chosen.append((kind, offers[kind]))
        taken[kind] += 1
        run = run + 1 if offers[kind].negative else 0
        for each in offers if in_step else [kind]:
            left[each].remove(offers[each])
    return chosen


def _bearable(nearest: Sequence[ScoredT]) -> ScoredT:
    return next((each for each in nearest if not each.negative), nearest[0])
