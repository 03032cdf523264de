"""Well-being activities: id, title, creators, year, genres, tags, duration_min, steps, good_for (emotions), valence and
arousal (-1..1), evidence (what is known of its effect)."""

from typing import Final

from contracts.emotion import Affect, Emotion
from contracts.recommendation import Kind
from services.recommender.catalogue.records import Cells, ItemRecord, terms, whole, words

SOURCE: Final = "editorial estimate"


def parse_activity(cells: Cells) -> ItemRecord:
    """An activity from a row.

    Raises:
        KeyError, ValueError: a column is missing, a number is none, or `good_for` names no emotion.
    """
    return ItemRecord(
        id=cells["id"],
        kind=Kind.WELLBEING,
        title=cells["title"],
        creators=words(cells, "creators"),
        year=whole(cells, "year"),
        genres=terms(cells, "genres"),
        tags=terms(cells, "tags"),
        duration_min=whole(cells, "duration_min"),
        steps=words(cells, "steps"),
        good_for=[Emotion(name) for name in terms(cells, "good_for")],
        evidence=cells["evidence"],
        affect=Affect(float(cells["valence"]), float(cells["arousal"])),
        valence_source=SOURCE,
        arousal_source=SOURCE,
    )
