"""Items as people see them, kept in memory: every list shows the same few thousand."""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.recommendation import Item
from servicekit.database import Database
from services.recommender import catalogue_store

MAX_ITEMS: Final = 50_000
"""Beyond these, everything is forgotten and read again."""


class Answer(NamedTuple):
    """An item, and the same on the wire."""

    item: Item
    message: pb.Item


class Answers:
    """The items of one reading of the catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[str, Answer] = {}

    def of(self, item_ids: Collection[str]) -> Mapping[str, Answer]:
        """These items by id, without those that have gone; what is not in memory is read at once."""
        kept = self._kept
        known = {item_id: kept[item_id] for item_id in item_ids if item_id in kept}
        missing = [item_id for item_id in item_ids if item_id not in known]
        return {**known, **self._fresh(missing)} if missing else known

    def _fresh(self, item_ids: Collection[str]) -> Mapping[str, Answer]:
        with self._database.reading() as connection:
            found = catalogue_store.items(connection, item_ids)
        fresh = {key: Answer(item, pb.Item(**item.model_dump(exclude_none=True))) for key, item in found.items()}
        # Other threads read what they have in hand: it may grow, but not lose anything.
        self._kept = self._kept if len(self._kept) < MAX_ITEMS else {}
        self._kept.update(fresh)
        return fresh
