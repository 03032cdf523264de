import numpy as np
import pytest

from contracts.emotion import Affect, Emotion
from services.recommender.core.clustering import Song, fingerprint
from services.recommender.core.clusters import CANDIDATE_COUNTS, MIN_SONGS, compute_clusters
from services.recommender.core.sound import song_place

CENTRES = {
    "party": {"valence": 0.9, "energy": 0.9, "danceability": 0.9, "acousticness": 0.1, "tempo": 125.0},
    "rage": {"valence": 0.1, "energy": 0.95, "danceability": 0.5, "acousticness": 0.05, "tempo": 170.0},
    "grief": {"valence": 0.1, "energy": 0.1, "danceability": 0.3, "acousticness": 0.95, "tempo": 65.0},
    "ease": {"valence": 0.75, "energy": 0.2, "danceability": 0.6, "acousticness": 0.9, "tempo": 80.0},
}


def songs(per_group: int = 15, seed: int = 1) -> list[Song]:
    random = np.random.default_rng(seed)
    made: list[Song] = []
    for name, centre in CENTRES.items():
        for number in range(per_group):
            audio = {key: float(value * (1 + 0.03 * random.standard_normal())) for key, value in centre.items()}
            made.append(Song(f"{name}-{number}", audio, song_place(audio).affect))
    return made


def test_songs_that_sound_alike_are_found_together():
    clustering = compute_clusters(songs(), seed=0)
    assert clustering
    groups = {name: {clustering.members[f"{name}-{n}"] for n in range(15)} for name in CENTRES}
    assert all(len(numbers) == 1 for numbers in groups.values())
    assert len(set.union(*groups.values())) == len(clustering.clusters) == 4
    assert clustering.silhouette == max(clustering.candidates.values()) > 0.6
    assert set(clustering.candidates) == set(CANDIDATE_COUNTS)


@pytest.mark.parametrize(
    ("group", "name", "emotion"),
    [
        ("party", "bright and intense", Emotion.HAPPY),
        ("rage", "dark and intense", Emotion.ANGRY),
        ("grief", "dark and calm", Emotion.SAD),
    ],
)
def test_a_cluster_is_named_by_its_centre_and_suits_the_emotions_near_it(group: str, name: str, emotion: Emotion):
    clustering = compute_clusters(songs(), seed=0)
    assert clustering
    cluster = clustering.clusters[clustering.members[f"{group}-0"]]
    assert (cluster.name, cluster.size) == (name, 15)
    assert emotion in cluster.emotions
    assert Emotion.SAD not in clustering.clusters[clustering.members["party-0"]].emotions


def test_no_two_clusters_have_one_name():
    flat = [Song(song.id, song.audio, Affect(0.3, 0.0)) for song in songs()]
    clustering = compute_clusters(flat, seed=0)
    assert clustering
    names = [cluster.name for cluster in clustering.clusters]
    assert len(set(names)) == len(names)
    assert sum(name.endswith("warm and easy-going") for name in names) == len(names)


def test_the_same_songs_and_seed_give_the_same_clusters():
    assert compute_clusters(songs(), seed=3) == compute_clusters(songs(), seed=3)


def test_a_rare_feature_is_left_out_and_a_missing_value_does_no_harm():
    made = songs()
    made[0] = made[0]._replace(audio={**made[0].audio, "liveness": 0.9})
    made[1] = made[1]._replace(audio={k: v for k, v in made[1].audio.items() if k != "tempo"})
    clustering = compute_clusters(made, seed=0)
    assert clustering
    assert "liveness" not in clustering.features
    assert clustering.members["party-1"] == clustering.members["party-2"]


@pytest.mark.parametrize("few", [[], songs()[: MIN_SONGS - 1], [songs()[0]] * 100])
def test_too_few_different_songs_say_nothing_about_groups(few: list[Song]):
    assert compute_clusters(few, seed=0) is None


def test_a_fingerprint_follows_the_songs_and_the_seed():
    made = songs()
    changed = [made[0]._replace(audio={**made[0].audio, "tempo": 90.0}), *made[1:]]
    assert fingerprint(made, 0) == fingerprint(songs(), 0)
    assert len({fingerprint(made, 0), fingerprint(made, 1), fingerprint(changed, 0), fingerprint(made[1:], 0)}) == 4
