"""What is done, to which part, and in which order."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

LASTS_S: Final = 4.0
"""A fault that is taken back again."""

Harm = Callable[[], None]
"""Do it; returns when the part is as it was."""


class Fault(NamedTuple):
    """One thing that is done to one part."""

    part: str
    kind: str


def in_order(every: Sequence[Fault], count: int, seed: int) -> Iterator[Fault]:
    """Each once, mixed, and then at random; the same for the same seed."""
    chance = random.Random(seed)
    yield from chance.sample(every, min(count, len(every)))
    for _ in range(count - len(every)):
        yield chance.choice(every)
