from collections.abc import Mapping
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from contracts.emotion import Emotion
from contracts.recommendation import Cluster
from services.recommender.core import clusters
from services.recommender.core.clustering import AUDIO_FEATURES, Clustering, Considered, Songs, Spot, fingerprint
from services.recommender.core.clusters import COUNTS, MIN_SONGS, STABLE, choose_count, compute_clusters
from services.recommender.core.picture import COLOURS, draw_clusters
from services.recommender.core.sound import song_place

CENTRES = {
    "party": {"valence": 0.9, "energy": 0.9, "danceability": 0.9, "acousticness": 0.1, "tempo": 125.0},
    "rage": {"valence": 0.1, "energy": 0.95, "danceability": 0.5, "acousticness": 0.05, "tempo": 170.0},
    "grief": {"valence": 0.1, "energy": 0.1, "danceability": 0.3, "acousticness": 0.95, "tempo": 65.0},
    "ease": {"valence": 0.75, "energy": 0.2, "danceability": 0.6, "acousticness": 0.9, "tempo": 80.0},
}


def songs_of(audio: Mapping[str, Mapping[str, float]]) -> Songs:
    values = [[each.get(name, np.nan) for name in AUDIO_FEATURES] for each in audio.values()]
    places = [song_place(each).affect for each in audio.values()]
    shape = (len(audio), len(AUDIO_FEATURES))
    return Songs(list(audio), np.array(values, np.float32).reshape(shape), np.array(places, np.float32).reshape(-1, 2))


def made(per_group: int = 15, seed: int = 1) -> dict[str, dict[str, float]]:
    random = np.random.default_rng(seed)
    return {
        f"{name}-{number}": {key: float(value * (1 + 0.03 * random.standard_normal())) for key, value in centre.items()}
        for name, centre in CENTRES.items()
        for number in range(per_group)
    }


def computed(songs: Songs, seed: int = 0) -> Clustering:
    clustering = compute_clusters(songs, seed)
    assert clustering
    return clustering


@pytest.fixture(scope="module")
def songs() -> Songs:
    return songs_of(made())


@pytest.fixture(scope="module")
def clustering(songs: Songs) -> Clustering:
    return computed(songs)


def number_of(clustering: Clustering, songs: Songs, song_id: str) -> int:
    return clustering.numbers[list(songs.ids).index(song_id)]


def test_songs_that_sound_alike_are_found_together(songs: Songs, clustering: Clustering):
    groups = {name: {number_of(clustering, songs, f"{name}-{n}") for n in range(15)} for name in CENTRES}
    assert all(len(numbers) == 1 for numbers in groups.values())
    assert len(set.union(*groups.values())) == len(clustering.clusters) == 4
    assert [each.count for each in clustering.considered] == list(COUNTS)
    assert clustering.chosen in clustering.considered
    assert clustering.chosen.silhouette > 0.6
    assert clustering.chosen.stability == pytest.approx(1.0)
    assert 0.9 <= sum(clustering.explained_variance) <= 1
    assert clustering.explained_variance == sorted(clustering.explained_variance, reverse=True)


def test_a_number_of_clusters_must_be_stable_before_its_silhouette_counts():
    shaky, good, plain = Considered(4, 0.6, STABLE - 0.1), Considered(5, 0.4, STABLE), Considered(6, 0.3, 1.0)
    assert choose_count([shaky, good, plain]) == good
    assert choose_count([shaky, Considered(5, 0.9, 0.1)]) == shaky


def test_noise_has_no_stable_clusters_and_groups_have(clustering: Clustering):
    noise = np.random.default_rng(0).random((300, 5))
    formless = songs_of(
        {str(n): dict(zip(CENTRES["party"], map(float, row), strict=True)) for n, row in enumerate(noise)}
    )
    assert computed(formless).chosen.stability < clustering.chosen.stability


@pytest.mark.parametrize(
    ("group", "name", "emotion"),
    [
        ("party", "bright and intense", Emotion.HAPPY),
        ("rage", "dark and intense", Emotion.ANGRY),
        ("grief", "dark and calm", Emotion.SAD),
    ],
)
def test_a_cluster_is_named_by_its_centre_and_suits_the_emotions_near_it(
    songs: Songs, clustering: Clustering, group: str, name: str, emotion: Emotion
):
    cluster = clustering.clusters[number_of(clustering, songs, f"{group}-0")]
    assert (cluster.name, cluster.size) == (name, 15)
    assert emotion in cluster.emotions
    assert Emotion.SAD not in clustering.clusters[number_of(clustering, songs, "party-0")].emotions
    assert cluster.centre == pytest.approx(CENTRES[group], rel=0.05)


def test_no_two_clusters_have_one_name():
    songs = songs_of(made())
    songs.affect[:] = (0.3, 0.0)
    names = [cluster.name for cluster in computed(songs).clusters]
    assert len(set(names)) == len(names)
    assert sum(name.endswith("warm and easy-going") for name in names) == len(names)


def test_the_same_songs_and_seed_give_the_same_clusters(clustering: Clustering):
    assert computed(songs_of(made())) == clustering


def test_more_songs_than_the_sample_are_clustered_in_mini_batches(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clusters, "SAMPLE", 200)
    songs = songs_of(made(per_group=250))
    clustering = computed(songs)
    groups = {name: {number_of(clustering, songs, f"{name}-{n}") for n in range(250)} for name in CENTRES}
    assert sorted(map(len, groups.values())) == [1, 1, 1, 1]
    assert [cluster.size for cluster in clustering.clusters] == [250] * 4
    assert len(clustering.plane) <= 200
    assert computed(songs) == clustering


def test_a_rare_feature_is_left_out_and_a_missing_value_does_no_harm():
    audio = made()
    audio["party-0"]["liveness"] = 0.9
    del audio["party-1"]["tempo"]
    songs = songs_of(audio)
    clustering = computed(songs)
    assert "liveness" not in clustering.features
    assert number_of(clustering, songs, "party-1") == number_of(clustering, songs, "party-2")


def test_songs_with_a_single_common_feature_are_clustered_and_drawn():
    songs = songs_of({name: {"tempo": each["tempo"]} for name, each in made().items()})
    clustering = computed(songs)
    assert clustering.features == ["tempo"]
    assert clustering.explained_variance == pytest.approx([1.0])
    assert {spot.y for spot in clustering.plane} == {0.0}


def test_songs_that_differ_in_what_is_unknown_alone_are_no_different_ones():
    audio = {str(n): dict(CENTRES["party"]) for n in range(200)}
    for n in range(MIN_SONGS + 5):
        del audio[str(n)]["energy"]
    assert compute_clusters(songs_of(audio), seed=0) is None


@pytest.mark.parametrize("count", [0, MIN_SONGS - 1, 100])
def test_too_few_different_songs_say_nothing_about_groups(count: int):
    different = dict(list(made().items())[: MIN_SONGS - 1])
    few = {f"{n}": list(different.values())[n % len(different)] for n in range(count)}
    assert compute_clusters(songs_of(few), seed=0) is None


def test_a_fingerprint_follows_the_songs_their_places_and_the_seed():
    songs, changed, moved, fewer = (songs_of(made()) for _ in range(4))
    changed.audio[0, 0] = 0.5
    moved.affect[0] = (0.5, 0.5)
    fewer = Songs(fewer.ids[1:], fewer.audio[1:], fewer.affect[1:])
    assert fingerprint(songs, 0) == fingerprint(songs_of(made()), 0)
    others = {fingerprint(each, 0) for each in (songs, changed, moved, fewer)}
    assert len(others | {fingerprint(songs, 1)}) == 5


def test_the_picture_shows_every_spot_in_its_clusters_colour_and_escapes_names():
    named = [Cluster(name="<b>&", valence=0, arousal=0, size=2), Cluster(name="calm", valence=0, arousal=0, size=1)]
    svg = ET.fromstring(draw_clusters(named, [Spot(0, 0, 0), Spot(1, 1, 1), Spot(5, -3, 0)]))  # noqa: S314  (our own)
    spots = [each.get("fill") for each in svg.iter("{http://www.w3.org/2000/svg}circle") if each.get("r") == "2.5"]
    assert spots == [COLOURS[0], COLOURS[1], COLOURS[0]]
    assert "<b>&" in "".join(svg.itertext())
    assert "no clusters yet" in draw_clusters([], [])
    assert len(COLOURS) >= max(COUNTS)
