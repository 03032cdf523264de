"""The starter catalogue as a whole: something of every kind, well formed, for every corner of the plane."""

import re
from collections import Counter, defaultdict

import pytest

from contracts.recommendation import Kind
from services.recommender.catalogue.loading import starter_items
from services.recommender.catalogue.records import ItemRecord

NEW_KINDS = ("book", "podcast", "course")


@pytest.fixture(scope="module")
def items() -> dict[Kind, list[ItemRecord]]:
    by_kind: defaultdict[Kind, list[ItemRecord]] = defaultdict(list)
    for item in starter_items():
        by_kind[item.kind].append(item)
    return by_kind


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_enough_distinct_items_that_say_how_they_feel(items: dict[Kind, list[ItemRecord]], kind: Kind):
    ids = Counter(item.id for item in items[kind])
    assert len(ids) >= 40
    assert max(ids.values()) == 1
    for item in items[kind]:
        assert re.fullmatch(rf"{kind}:[^\W_]+(-[^\W_]+)*", item.id), item.id
        assert item.valence_source, item.id
        assert not item.valence_source.startswith("unknown"), item.id
        assert all(-1 <= number <= 1 for number in item.affect), item.id


@pytest.mark.parametrize("kind", NEW_KINDS)
def test_books_podcasts_and_courses_say_who_made_them_and_what_they_are_like(
    items: dict[Kind, list[ItemRecord]], kind: str
):
    for item in items[Kind(kind)]:
        assert item.creators, item.id
        assert 1 <= len(item.genres) <= 2, item.id
        assert len(set(item.tags)) == 3, item.id
        assert item.year is None or 1800 <= item.year <= 2026, item.id


@pytest.mark.parametrize("kind", NEW_KINDS)
def test_they_calm_rouse_and_gladden(items: dict[Kind, list[ItemRecord]], kind: str):
    affects = [item.affect for item in items[Kind(kind)]]
    assert sum(affect.arousal <= -0.3 for affect in affects) >= 5
    assert sum(affect.arousal >= 0.3 for affect in affects) >= 5
    assert sum(affect.valence >= 0.5 for affect in affects) >= 10
