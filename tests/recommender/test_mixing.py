from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from services.recommender.core.mixing import LEAD, mixed
from services.recommender.core.selection import MAX_NEGATIVE_RUN
from tests.recommender.support import longest_run


class Thing(NamedTuple):
    name: str
    score: float
    negative: bool = False


def lists(**scores: list[float]) -> dict[str, list[Thing]]:
    return {kind: [Thing(f"{kind}{n}", score) for n, score in enumerate(of_kind)] for kind, of_kind in scores.items()}


def names(given: dict[str, list[Thing]], count: int, *, in_step: bool = False) -> list[str]:
    return [thing.name for _, thing in mixed(given, count, in_step=in_step)]


def test_the_best_come_first_but_no_kind_runs_away():
    given = lists(a=[9, 8, 7, 6, 5], b=[1, 1, 1])
    assert names(given, 5) == ["a0", "b0", "a1", "b1", "a2"][:5] or names(given, 5) == ["a0", "a1", "b0", "a2", "b1"]
    assert names(given, 3).count("b0") == 1


def test_what_a_kind_lacks_the_others_give():
    assert names(lists(a=[1], b=[2, 2, 2], c=[]), 10) == ["b0", "b1", "a0", "b2"]
    assert names({}, 10) == []


def test_walks_keep_in_step():
    given = lists(a=[1, 1, 1, 1], b=[2, 2, 2, 2])
    assert [name[1:] for name in names(given, 4, in_step=True)] == ["0", "1", "2", "3"]


@given(
    st.dictionaries(st.sampled_from("abcdefg"), st.lists(st.floats(0, 1), max_size=12), min_size=1),
    st.integers(0, 30),
)
def test_quotas_hold_and_a_longer_list_begins_with_a_shorter_one(scores: dict[str, list[float]], count: int):
    given = lists(**{kind: sorted(of_kind, reverse=True) for kind, of_kind in scores.items()})
    chosen = mixed(given, count)
    assert len(chosen) == min(count, sum(map(len, given.values())))
    assert mixed(given, 30)[:count] == chosen
    taken = {kind: [thing for own, thing in chosen if own == kind] for kind in given}
    for kind, things in taken.items():
        assert things == given[kind][: len(things)]
        others = [len(taken[other]) for other in given if len(taken[other]) < len(given[other])]
        assert len(things) <= min(others, default=len(things)) + LEAD + 1


@given(st.dictionaries(st.sampled_from("abcdefg"), st.lists(st.booleans(), min_size=33, max_size=33), min_size=1))
def test_strongly_negative_ones_never_run_on_while_the_next_few_of_a_kind_have_another(dark: dict[str, list[bool]]):
    given = {
        kind: [Thing(f"{kind}{n}", 1 / (n + 1), is_dark and n % 4 != 3) for n, is_dark in enumerate(of_kind)]
        for kind, of_kind in dark.items()
    }
    chosen = mixed(given, 30)
    assert longest_run(thing.negative for _, thing in chosen) <= MAX_NEGATIVE_RUN
    assert mixed({kind: things[:13] for kind, things in given.items()}, 10) == chosen[:10]
