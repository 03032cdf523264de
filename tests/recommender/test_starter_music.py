"""The starter catalogue of music: well formed, broad in mood and style, and within reason of published estimates."""

import csv
import re
from collections import Counter, defaultdict
from pathlib import Path
from statistics import fmean

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "services/recommender/catalogue/starter/music.csv"
PUBLISHED = ROOT / "../shared/data/music/songs_normalize.csv"

FEATURES = ["valence", "energy", "danceability", "acousticness"]
COLUMNS = ["id", "title", "creators", "year", "genres", "tags", *FEATURES, "tempo"]
STYLES = [
    *("pop", "rock", "soul", "jazz", "classical", "ambient", "electronic"),
    *("hip hop", "folk", "metal", "latin", "african", "asian pop"),
]

Row = dict[str, str]
Match = tuple[Row, list[Row]]


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@pytest.fixture(scope="module")
def songs() -> list[Row]:
    return read(STARTER)


def test_every_line_is_one_complete_record() -> None:
    header, *records = csv.reader(STARTER.read_text(encoding="utf-8").splitlines(), strict=True)
    assert header == COLUMNS
    assert [record for record in records if len(record) != len(COLUMNS)] == []
    assert [record for record in records if any(cell != cell.strip() for cell in record)] == []


def test_there_are_enough_songs_and_each_is_there_once(songs: list[Row]) -> None:
    assert len(songs) >= 240
    assert [key for key, count in Counter(row["id"] for row in songs).items() if count > 1] == []
    named = Counter((row["title"].casefold(), row["creators"].casefold()) for row in songs)
    assert [key for key, count in named.items() if count > 1] == []


def test_every_field_of_a_song_is_in_form_and_range(songs: list[Row]) -> None:
    for row in songs:
        assert re.fullmatch(r"music:[a-z0-9]+(-[a-z0-9]+)*", row["id"]), row
        assert row["title"], row
        assert 1600 <= int(row["year"]) <= 2030, row
        assert 40 <= float(row["tempo"]) <= 220, row
        for feature in FEATURES:
            assert re.fullmatch(r"0\.\d[05]|1\.00", row[feature]), row


@pytest.mark.parametrize(("field", "fewest", "most"), [("creators", 1, 4), ("genres", 1, 4), ("tags", 2, 4)])
def test_lists_hold_distinct_values(songs: list[Row], field: str, fewest: int, most: int) -> None:
    for row in songs:
        values = row[field].split("|")
        assert fewest <= len(values) <= most, row
        assert all(value and value == value.strip() for value in values), row
        assert len(set(values)) == len(values), row
        assert field == "creators" or row[field] == row[field].lower(), row


def test_every_quadrant_of_valence_and_energy_has_songs(songs: list[Row]) -> None:
    points = [(float(row["valence"]), float(row["energy"])) for row in songs]
    quadrants = Counter((v > 0.5, e > 0.5) for v, e in points if 0.5 not in {v, e})
    assert len(quadrants) == 4
    assert min(quadrants.values()) >= 40, quadrants


def test_the_songs_cover_decades_and_styles(songs: list[Row]) -> None:
    decades = Counter(int(row["year"]) // 10 * 10 for row in songs)
    genres = Counter(genre for row in songs for genre in row["genres"].split("|"))
    assert {decade: decades[decade] for decade in range(1960, 2030, 10) if decades[decade] < 15} == {}
    assert {style: genres[style] for style in STYLES if genres[style] < 8} == {}


def test_there_is_calming_instrumental_music(songs: list[Row]) -> None:
    calm = [row for row in songs if "instrumental" in row["genres"].split("|") and float(row["energy"]) < 0.4]
    assert len(calm) >= 25


def plain(name: str) -> str:
    """The name without remarks on versions and guests ("(feat. ...)", " - Radio Edit"), case and punctuation."""
    bare = re.sub(r"[(\[].*?[)\]]", "", name).split(" - ")[0]
    return re.sub(r"\W", "", bare).casefold()


@pytest.fixture(scope="module")
def matches(songs: list[Row]) -> list[Match]:
    """Each song of the starter that the published table has too, with every row it has there."""
    if not PUBLISHED.exists():
        pytest.skip(f"the published table of hits is not at {PUBLISHED}")
    published: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in read(PUBLISHED):
        published[plain(row["song"]), plain(row["artist"])].append(row)
    found = [
        (row, [hit for who in row["creators"].split("|") for hit in published[plain(row["title"]), plain(who)]])
        for row in songs
    ]
    return [(row, hits) for row, hits in found if hits]


def test_years_agree_with_the_published_ones(matches: list[Match]) -> None:
    assert len(matches) >= 100
    gaps = {row["id"]: min(abs(int(row["year"]) - int(hit["year"])) for hit in hits) for row, hits in matches}
    assert {key: gap for key, gap in gaps.items() if gap > 1} == {}


def test_valence_is_within_reason_of_the_published_one(matches: list[Match]) -> None:
    ours = pd.Series([float(row["valence"]) for row, _ in matches])
    theirs = pd.Series([fmean(float(hit["valence"]) for hit in hits) for _, hits in matches])
    assert (ours - theirs).abs().mean() < 0.2
    assert ours.rank().corr(theirs.rank()) > 0.5
