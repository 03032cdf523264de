import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from servicekit.errors import InvalidInputError
from services.recommender.__main__ import cli
from services.recommender.core.prior import PLAIN, Voice
from services.recommender.evaluation.evaluate import evaluate, strangers
from services.recommender.evaluation.metrics import auc, diversity, ndcg, novelty
from services.recommender.evaluation.movielens import read_rated_films
from services.recommender.evaluation.rankers import Population

DATA = Path(__file__).parents[3] / "shared" / "data"
FILMS, PEOPLE = 60, 12


@pytest.fixture
def published(tmp_path: Path) -> dict[str, Path]:
    """Files as MovieLens publishes them: half of the people like comedies alone, the others dramas alone."""
    chance = np.random.default_rng(0)
    paths = {name: tmp_path / f"{name}.csv" for name in ("ratings", "movies", "links")}
    genres = ["Comedy" if film % 2 else "Drama" for film in range(FILMS)]
    movies = [f'{film},"Film {film} (19{70 + film % 30})",{genres[film]}' for film in range(FILMS)]
    paths["movies"].write_text("\n".join(["movieId,title,genres", *movies]))
    links = [f"{film},{1000 + film:07d},1" for film in range(FILMS)]
    paths["links"].write_text("\n".join(["movieId,imdbId,tmdbId", *links]))
    ratings = [
        f"{person},{film},{4.5 if (film + person) % 2 else 2.0},{at}"
        for person in range(PEOPLE)
        for at, film in enumerate(chance.permutation(FILMS)[:50])
    ]
    paths["ratings"].write_text("\n".join(["userId,movieId,rating,timestamp", *ratings, "99,99999,5.0,1"]))
    return paths


def test_auc_counts_pairs_in_order_and_leaves_the_undecided_out():
    ratings = np.array([10.0, 8.0, 7.0, 6.0, 2.0])
    assert auc(ratings, np.array([5.0, 4.0, 9.0, 3.0, 2.0])) == 1.0
    assert auc(ratings, np.array([5.0, 1.0, 9.0, 3.0, 2.0])) == 0.5
    assert auc(ratings, np.zeros(5)) == 0.5
    assert auc(np.array([10.0, 9.0]), np.zeros(2)) is None


def test_ndcg_is_one_for_the_best_order_and_less_for_another():
    ratings = np.array([10.0, 2.0, 8.0])
    assert ndcg(ratings, np.array([3.0, 1.0, 2.0])) == pytest.approx(1.0)
    assert ndcg(ratings, np.array([1.0, 3.0, 2.0])) == pytest.approx((1 / np.log2(3) + 0.5) / (1 + 1 / np.log2(3)))
    assert ndcg(np.array([2.0]), np.zeros(1)) is None


def test_novelty_is_in_bits_and_diversity_is_one_for_nothing_in_common():
    assert novelty(np.array([0.5, 0.25, 1.0]), np.array([0, 1])) == pytest.approx(1.5)
    assert diversity(np.eye(3)) == pytest.approx(1.0)
    assert diversity(np.ones((3, 2))) == pytest.approx(0.0)


def test_a_rating_of_an_unknown_film_is_rejected_and_the_rest_is_in_time_order(published: dict[str, Path]):
    films = read_rated_films(**published)
    assert (len(films.facts), len(films.people), films.rejected) == (FILMS, PEOPLE, 1)
    assert all((np.diff(person.times) >= 0).all() for person in films.people)
    assert films.facts[3].id == "imdb:tt0001003"
    assert (films.facts[3].genres, films.facts[3].year) == (["comedy"], 1973)


def test_ours_learns_opposite_tastes_that_no_list_for_everybody_can_serve(published: dict[str, Path]):
    report = evaluate(read_rated_films(**published))
    assert report["ours"]["auc"]["20"] > 0.9
    assert report["weighted_rating"]["auc"]["20"] < 0.7
    assert report["ours"]["ndcg10"]["20"] > report["ours"]["ndcg10"]["0"]


def test_what_a_person_rates_after_the_first_changes_nothing_they_are_scored_by(published: dict[str, Path]):
    films = read_rated_films(**published)
    tested = films.people[0]
    population = Population(films, films.people[1:])
    assert population.counts.sum() == sum(len(person.rows) for person in films.people[1:])
    assert len(tested.opinions(films.facts, 5)) == 5
    assert tested.opinions(films.facts, 0) == []


def test_a_persons_own_ratings_have_no_part_in_how_they_see_films(published: dict[str, Path]):
    films = read_rated_films(**published)
    contrary = films.people[0]._replace(ratings=11.0 - films.people[0].ratings)
    own, other = (
        Population(films, [person, *films.people[1:]]).raters[0].traits[:, 1] for person in (films.people[0], contrary)
    )
    np.testing.assert_allclose(own, other, atol=0.05)


def test_what_others_are_known_to_like_is_used_for_strangers_alone(published: dict[str, Path]):
    films = read_rated_films(**published)
    voices = {f"tt{1000 + film:07d}": Voice(1.0 if film % 2 else -1.0, 500.0) for film in range(FILMS)}
    met = replace(PLAIN, voices=voices, learned_from=frozenset({films.people[3].key}))
    assert strangers(films, met) == {}
    others = strangers(films, replace(met, learned_from=frozenset({"somebody"})))
    assert others == voices
    rated = Population(films, films.people, others).facts
    comedies = {fact.rating for fact in rated if "comedy" in fact.genres}
    assert min(rating or 0 for rating in comedies) > max(fact.rating or 10 for fact in rated if "drama" in fact.genres)


def test_a_person_has_the_same_key_whatever_films_are_known(published: dict[str, Path], tmp_path: Path):
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("\n".join(published["movies"].read_text().splitlines()[:30]))
    keys = [
        [person.key for person in read_rated_films(**{**published, "movies": movies}).people]
        for movies in (published["movies"], fewer)
    ]
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == PEOPLE


def test_the_command_prints_every_ranker_at_every_n(published: dict[str, Path]):
    arguments = [part for name, path in published.items() for part in (f"--{name}", str(path))]
    result = CliRunner().invoke(cli, ["evaluate", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["data"]["rejected_ratings"] == 1
    for ranker in ("ours", "weighted_rating", "popularity", "random", "static_mood"):
        assert set(report[ranker]) == {"auc", "ndcg10", "coverage", "novelty", "diversity"}
        assert set(report[ranker]["auc"]) == {"0", "5", "20"}


def test_learning_again_gives_the_same_file(published: dict[str, Path], tmp_path: Path):
    arguments = [part for name, path in published.items() for part in (f"--{name}", str(path))]
    written: list[str] = []
    for name in ("one.json", "two.json"):
        result = CliRunner().invoke(cli, ["learn-prior", *arguments, "--output", str(tmp_path / name)])
        assert result.exit_code == 0, result.output
        written.append((tmp_path / name).read_text())
    assert written[0] == written[1]


def test_a_missing_file_or_column_is_told_in_one_line(published: dict[str, Path], tmp_path: Path):
    with pytest.raises(InvalidInputError, match="cannot be read"):
        read_rated_films(tmp_path / "absent.csv", published["movies"], published["links"])
    with pytest.raises(InvalidInputError, match="lacks userId"):
        read_rated_films(published["movies"], published["movies"], published["links"])


@pytest.mark.parametrize("detailed", [False, True])
@pytest.mark.skipif(not (DATA / "movielens").exists(), reason="MovieLens is not in ../shared/data")
def test_on_movielens_ours_is_never_below_the_weighted_rating_and_well_above_it_after_twenty(
    monkeypatch: pytest.MonkeyPatch, *, detailed: bool
):
    from services.recommender.evaluation import evaluate as module  # noqa: PLC0415  (to leave the slow rankers out)
    from services.recommender.evaluation.rankers import ours, weighted_rating  # noqa: PLC0415

    monkeypatch.setattr(module, "rankers", lambda: {"ours": ours, "weighted_rating": weighted_rating})
    folder = DATA / "movielens"
    ratings, movies, links = (folder / f"{name}.csv" for name in ("ratings", "movies", "links"))
    details = DATA / "movies" / "movie_metadata.csv" if detailed else None
    report = evaluate(read_rated_films(ratings, movies, links, details))
    gains = [report["ours"]["auc"][n] - report["weighted_rating"]["auc"][n] for n in ("0", "5", "20")]
    assert min(gains) > 0
    assert report["ours"]["ndcg10"]["0"] > report["weighted_rating"]["ndcg10"]["0"]
    assert gains[-1] >= 0.015
