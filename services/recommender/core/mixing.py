"""Makes one list of the lists of several kinds."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

LEAD: Final = 1
"""Picks that a kind may be ahead of the one that has had the fewest: with 1, every kind comes before any has a third.
"""


class Scored(Protocol):
    """Something with a place in a list."""

    @property
    def score(self) -> float:
        """The higher the better."""
        ...


KindT = TypeVar("KindT", bound=Hashable)
ScoredT = TypeVar("ScoredT", bound=Scored)


def mixed(
    lists: Mapping[KindT, Sequence[ScoredT]], count: int, *, in_step: bool = False
) -> list[tuple[KindT, ScoredT]]:
    """At most `count` of all, each kind in its own order and within its quota, the best score first. A longer list of
    the same begins with a shorter one.

    Args:
        in_step: the lists are walks: the n-th of the mix is the n-th of its kind's.
    """
    taken = dict.fromkeys(lists, 0)
    chosen: list[tuple[KindT, ScoredT]] = []
    while len(chosen) < count:
        places = {kind: len(chosen) if in_step else taken[kind] for kind in lists}
        left = [kind for kind, place in places.items() if place < len(lists[kind])]
        if not left:
            break
        fewest = min(taken[kind] for kind in left)
        allowed = [kind for kind in left if taken[kind] <= fewest + LEAD]
        kind = max(allowed, key=lambda each: lists[each][places[each]].score)
        chosen.append((kind, lists[kind][places[kind]]))
        taken[kind] += 1
    return chosen
