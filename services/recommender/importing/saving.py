"""Writes a batch of imported items into the database, each onto the item that it is."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import Connection, Table, select

from contracts.emotion import Affect
from contracts.recommendation import MAX_ITEM_ID, Kind
from services.recommender import catalogue_store
from services.recommender.catalogue.records import ItemRecord
from services.recommender.importing.placing import merged
from services.recommender.schema import ExternalIdRow, ItemRow

REMEMBERED: Final = 100_000
"""Items of this import that are known to be of this import: what tells a second row from an update."""
IDS_AT_ONCE: Final = 500

_ITEM: Final[Table] = ItemRow.metadata.tables["item"]
_SAME_FIELDS: Final = (
    *("id", "title", "creators", "year", "genres", "tags", "rating", "votes", "duration_min", "steps", "good_for"),
    *("evidence", "audio", "valence_source", "arousal_source"),
)

Name = tuple[str, str]
"""A provider, and its id of an item."""


@dataclass
class Outcome:
    """What became of a batch's rows."""

    added: int = 0
    """Items that are new."""
    updated: int = 0
    """Items that an earlier import of the same format has brought."""
    merged: int = 0
    """Rows about an item that another source, or an earlier row, has brought."""
    skipped: int = 0
    """Rows that are well formed but not for this catalogue."""
    rejected: dict[int, str] = field(default_factory=dict[int, str])
    """Why a record could not be saved, by its place in the batch."""


class Seen:
    """Remembers the latest of the items that this import has brought."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._ids

    def add(self, item_ids: Iterable[str]) -> None:
        """Remember these; forget the oldest beyond `REMEMBERED`."""
        self._ids.update(dict.fromkeys(item_ids))
        while len(self._ids) > REMEMBERED:
            del self._ids[next(iter(self._ids))]


def save_items(connection: Connection, records: Sequence[ItemRecord], source: str, seen: Seen) -> Outcome:
    """Add the items, or update those that are known by an external id or by the id made of their names."""
    # First, because it makes imports take turns: what is looked up below stays true until the commit.
    catalogue_store.raise_revision(connection)
    shelf = _Shelf(connection, records)
    outcome = Outcome()
    brought: dict[str, ItemRecord] = {}
    for place, record in enumerate(records):
        item_id = shelf.identify(record)
        known = shelf.items.get(item_id)
        if known is not None and known.kind is not record.kind:
            outcome.rejected[place] = f"its external id belongs to another kind of item, {known.id}"
            continue
        if known is None:
            outcome.added += 1
        elif item_id in brought or item_id in seen or shelf.sources[item_id] != source:
            outcome.merged += 1
        else:
            outcome.updated += 1
        item = replace(record, id=item_id) if known is None else merged(known, record)
        brought[item_id] = item
        shelf.put(item, source)
    if brought:
        catalogue_store.save_items(connection, brought.values(), source)
    seen.add(brought)
    return outcome


class _Shelf:
    """Those items of the database that records may be about, and the records put beside them."""

    def __init__(self, connection: Connection, records: Sequence[ItemRecord]) -> None:
        self.items: dict[str, ItemRecord] = {}
        self.sources: dict[str, str] = {}
        self.owners = owners_of(connection, (name for each in records for name in each.external_ids.items()))
        candidates = {item_id for each in records for item_id in (each.id, _own_id(each))}
        for item, source in _load(connection, candidates | set(self.owners.values())):
            self.put(item, source)

    def put(self, item: ItemRecord, source: str) -> None:
        """Let later records find the item."""
        self.items[item.id] = item
        self.sources[item.id] = source
        self.owners |= dict.fromkeys(item.external_ids.items(), item.id)

    def identify(self, record: ItemRecord) -> str:
        """The id of the item that the record is about."""
        for name in record.external_ids.items():
            if name in self.owners:
                return self.owners[name]
        namesake = self.items.get(record.id)
        if namesake is None or not _differ(namesake.external_ids, record.external_ids):
            return record.id
        return _own_id(record)


def _differ(some: Mapping[str, str], others: Mapping[str, str]) -> bool:
    """Whether a provider tells the two apart."""
    return any(others.get(provider, value) != value for provider, value in some.items())


def _own_id(record: ItemRecord) -> str:
    """For an item whose name another one has: one that the provider's id sets apart."""
    names = "-".join(sorted(record.external_ids.values()))
    whole = f"{record.id}-{names}"
    return whole if len(whole) <= MAX_ITEM_ID else f"{record.id}-{blake2b(names.encode(), digest_size=6).hexdigest()}"


def owners_of(connection: Connection, names: Iterable[Name]) -> dict[Name, str]:
    """The items that have these external ids, by provider and id."""
    by_provider: defaultdict[str, list[str]] = defaultdict(list)
    for provider, value in names:
        by_provider[provider].append(value)
    found: dict[Name, str] = {}
    for provider, values in by_provider.items():
        for portion in _portions(values):
            query = select(ExternalIdRow.value, ExternalIdRow.item_id).where(
                ExternalIdRow.provider == provider, ExternalIdRow.value.in_(portion)
            )
            found |= {(provider, row.value): row.item_id for row in connection.execute(query)}
    return found


def _load(connection: Connection, item_ids: Iterable[str]) -> Iterator[tuple[ItemRecord, str]]:
    for portion in _portions(item_ids):
        names: defaultdict[str, dict[str, str]] = defaultdict(dict)
        query = select(ExternalIdRow.item_id, ExternalIdRow.provider, ExternalIdRow.value)
        for row in connection.execute(query.where(ExternalIdRow.item_id.in_(portion))):
            names[row.item_id][row.provider] = row.value
        for row in connection.execute(select(_ITEM).where(ItemRow.id.in_(portion))).mappings():
            yield _record(row, names[row["id"]]), row["source"]


def _record(row: Mapping[Any, Any], external_ids: Mapping[str, str]) -> ItemRecord:
    fields = {name: row[name] for name in _SAME_FIELDS}
    affect = Affect(row["valence"], row["arousal"])
    return ItemRecord(kind=Kind(row["kind"]), affect=affect, external_ids=external_ids, **fields)


def _portions(values: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(set(values))
    return (ordered[start : start + IDS_AT_ONCE] for start in range(0, len(ordered), IDS_AT_ONCE))
