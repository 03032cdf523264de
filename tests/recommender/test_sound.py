"""Where songs lie, from how they sound."""

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from contracts.emotion import Affect, Emotion
from contracts.recommendation import Kind
from services.recommender.catalogue.loading import STARTER
from services.recommender.core.affect import TERMS_SOURCE, UNKNOWN, emotion_affinities
from services.recommender.core.sentiment import sentiment
from services.recommender.core.sound import SONG_SOURCE, song_place
from services.recommender.importing.identity import item_id
from services.recommender.importing.spotify_top_hits import AUDIO_BOUNDS

PUBLISHED = Path(__file__).parents[2] / "../shared/data/music/songs_normalize.csv"
TYPICAL = {
    "valence": 0.55,
    "energy": 0.72,
    "danceability": 0.67,
    "loudness": -5.5,
    "tempo": 117.0,
    "acousticness": 0.08,
}


def nearest(audio: dict[str, float]) -> Emotion:
    affinities = emotion_affinities(song_place(audio).affect)
    return max(affinities, key=lambda emotion: affinities[emotion])


def test_a_loud_cheerful_song_lies_near_happy_and_a_soft_sombre_one_near_sad():
    loud = {"valence": 0.9, "energy": 0.85, "danceability": 0.8, "tempo": 128, "acousticness": 0.05}
    soft = {"valence": 0.15, "energy": 0.4, "danceability": 0.45, "tempo": 70, "acousticness": 0.6}
    assert nearest(loud) is Emotion.HAPPY
    assert nearest(soft) is Emotion.SAD


@pytest.mark.parametrize("audio", [{}, {"valence": 0.5}, {"energy": 0.5}, {"valence": 0.5, "danceability": 0.5}])
def test_a_song_without_enough_features_lies_where_its_words_do(audio: dict[str, float]):
    assert song_place(audio).affect == Affect(0.0, 0.0)
    assert song_place(audio).valence_source.startswith(UNKNOWN)
    assert song_place(audio, ["metal"]).affect.valence < 0
    assert song_place(audio, ["metal"]).valence_source == TERMS_SOURCE


@pytest.mark.parametrize(
    ("feature", "higher", "valence", "arousal"),
    [
        ("valence", 0.9, 1, 1),
        ("energy", 0.95, 0, 1),
        ("loudness", -2.0, 0, 1),
        ("acousticness", 0.8, 0, -1),
        ("tempo", 170.0, 0, 1),
        ("danceability", 0.9, 1, 1),
    ],
)
def test_every_feature_moves_a_song_its_way(feature: str, higher: float, valence: int, arousal: int):
    before, after = song_place(TYPICAL), song_place({**TYPICAL, feature: higher})
    assert after.valence_source == SONG_SOURCE
    for axis, sign in enumerate((valence, arousal)):
        moved = after.affect[axis] - before.affect[axis]
        assert moved == 0 if sign == 0 else moved * sign > 0.01


def test_major_genre_and_title_brighten():
    assert song_place({**TYPICAL, "mode": 1.0}).affect.valence > song_place({**TYPICAL, "mode": 0.0}).affect.valence
    assert song_place(TYPICAL, ["disco"]).affect.valence > song_place(TYPICAL, ["metal"]).affect.valence
    assert song_place(TYPICAL, title_sentiment=0.6).affect.valence > song_place(TYPICAL).affect.valence


@given(st.fixed_dictionaries({}, optional={name: st.floats(*bounds) for name, bounds in AUDIO_BOUNDS.items()}))
def test_a_song_never_leaves_the_plane(audio: dict[str, float]):
    assert all(-1 <= number <= 1 for number in song_place(audio, ["metal"], -1.0).affect)


def test_places_agree_with_what_editors_heard_at_least_as_well_as_the_plain_features_do():
    if not PUBLISHED.exists():
        pytest.skip(f"the published songs are not at {PUBLISHED}")
    heard = {row["id"]: row for row in _rows(STARTER / "music.csv")}
    found = {item_id(Kind.MUSIC, row["song"], [row["artist"]]): row for row in _rows(PUBLISHED)}
    both = sorted(heard.keys() & found.keys())
    assert len(both) > 150
    places = [_place(found[each]) for each in both]
    for axis, plain in enumerate(("valence", "energy")):
        truth = [float(heard[each][plain]) for each in both]
        ours = _agreement([place[axis] for place in places], truth)
        assert ours > _agreement([float(found[each][plain]) for each in both], truth)


def _agreement(some: list[float], others: list[float]) -> float:
    result: Any = spearmanr(some, others)
    return float(result.statistic)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _place(row: dict[str, str]) -> Affect:
    audio = {name: float(row[name]) for name in AUDIO_BOUNDS}
    genres = [genre.strip().lower() for genre in row["genre"].split(",")]
    return song_place(audio, genres, sentiment(row["song"])).affect
