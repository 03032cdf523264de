from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contracts.recommendation import Kind
from servicekit.errors import ConfigurationError
from services.recommender.core.catalogue import Catalogue, traits_of
from services.recommender.core.opinions import Opinion
from services.recommender.core.prior import Prior, Rater, Voice, learn_prior, trait_matrix
from services.recommender.core.taste import learn_taste
from services.recommender.priors import load_priors, save_prior
from tests.recommender.support import NOON, facts

FILMS = [
    facts(f"film-{n}", Kind.MOVIE, genres=["drama" if n % 2 else "comedy"], rating=4.0 + n / 10, votes=200_000)
    for n in range(50)
]


def population(slope: float, spread: float, people: int = 80) -> list[Rater]:
    """People whose liking rises with the rating, by `slope` and differently by `spread`."""
    chance = np.random.default_rng(0)
    traits = traits_of(FILMS)

    def rater() -> Rater:
        rows = chance.choice(len(FILMS), 30, replace=False)
        own = slope + spread * chance.standard_normal()
        return Rater(rows, own * traits[rows, 1] + 0.1 * chance.standard_normal(len(rows)), traits[rows])

    return [rater() for _ in range(people)]


def learned(slope: float = 0.3, spread: float = 0.2) -> Prior:
    return learn_prior([film.id for film in FILMS], traits_of(FILMS), population(slope, spread))


def test_it_finds_what_the_population_was_made_of():
    prior = learned(slope=0.3, spread=0.2)
    assert prior.mean[1] == pytest.approx(0.3, abs=0.07)
    assert prior.covariance[1, 1] ** 0.5 == pytest.approx(0.2, abs=0.06)
    assert prior.noise_variance == pytest.approx(0.01, abs=0.003)
    assert np.linalg.eigvalsh(prior.covariance).min() >= 0


def test_an_item_that_everybody_likes_beyond_its_traits_gets_an_effect():
    people = [each._replace(liking=each.liking + 0.5 * (each.rows == 7)) for each in population(0.3, 0.1)]
    traits = traits_of(FILMS)
    prior = learn_prior([film.id for film in FILMS], traits, people)
    voices = zip(prior.voices.items(), traits @ prior.mean, strict=True)
    beyond = {name: voice.liking - own for (name, voice), own in voices}
    assert max(beyond, key=lambda name: beyond[name]) == "film-7"
    assert prior.voices["film-7"].weight == sum((each.rows == 7).sum() for each in people)


def test_a_genre_that_everybody_likes_speaks_for_films_that_nobody_has_rated():
    is_drama = np.array([[float("drama" in film.genres)] for film in FILMS])
    people = [each._replace(liking=each.liking + 0.5 * is_drama[each.rows, 0]) for each in population(0.3, 0.1)]
    seen = [
        Rater(each.rows[each.rows < 40], each.liking[each.rows < 40], each.traits[each.rows < 40]) for each in people
    ]
    names = [film.id for film in FILMS]
    told, untold = (learn_prior(names, traits_of(FILMS), seen, genres) for genres in (is_drama, None))
    gain = {name: told.voices[name].liking - untold.voices[name].liking for name in ("film-48", "film-49")}
    assert gain["film-49"] - gain["film-48"] > 0.3


def test_what_is_unknown_of_an_item_counts_as_usual():
    assert trait_matrix([[None], [None], [None]]).tolist() == [[1.0, 0.0, 0.0, 0.0]]


def test_before_anything_is_said_the_populations_taste_speaks():
    shelf = Catalogue(FILMS, priors={Kind.MOVIE: learned()}).shelves[Kind.MOVIE]
    assert np.corrcoef(shelf.expected, [film.rating or 0 for film in FILMS])[0, 1] > 0.9
    assert shelf.quality.min() >= 0
    assert shelf.quality.max() <= 1


def test_few_ratings_turn_the_populations_taste_into_a_persons():
    catalogue = Catalogue(FILMS, priors={Kind.MOVIE: learned()})
    shelf = catalogue.shelves[Kind.MOVIE]
    contrary = [Opinion.rated(f"film-{n}", 10.0 if n < 25 else 2.0, NOON) for n in range(0, 50, 5)]
    liked = shelf.expected + learn_taste(catalogue, contrary).appeal(shelf)
    assert liked[1] > liked[48]
    assert shelf.expected[1] < shelf.expected[48]


def test_other_kinds_keep_the_plain_prior():
    songs = [facts("song", genres=["jazz"], rating=8.0), facts("other", genres=["rock"], rating=5.0)]
    with_prior = Catalogue([*songs, *FILMS], priors={Kind.MOVIE: learned()}).shelves[Kind.MUSIC]
    without = Catalogue([*songs, *FILMS]).shelves[Kind.MUSIC]
    np.testing.assert_array_equal(with_prior.quality, without.quality)
    assert not with_prior.expected.any()


@pytest.mark.parametrize(("rating", "liking"), [(10.0, 1.0), (8.0, 0.5), (6.0, 0.0), (4.0, -0.5), (1.0, -1.0)])
def test_a_rating_is_evidence_of_its_strength(rating: float, liking: float):
    assert Opinion.rated("film-1", rating, NOON).liking == pytest.approx(liking)


def test_a_better_rating_of_something_alike_raises_more():
    catalogue = Catalogue(FILMS)
    shelf = catalogue.shelves[Kind.MOVIE]
    appeals = [
        learn_taste(catalogue, [Opinion.rated("film-1", rating, NOON)]).appeal(shelf)[3] for rating in (2.0, 7.0, 9.0)
    ]
    assert appeals == sorted(appeals)
    assert appeals[0] < 0 < appeals[1] < appeals[2]


def test_a_film_that_people_at_large_like_is_expected_to_be_liked():
    voices = {"tt0000007": Voice(0.9, 50.0)}
    prior = replace(learned(), voices=voices)
    films = [*FILMS[:6], FILMS[6]._replace(imdb="tt0000007"), FILMS[7]]
    shelf = Catalogue(films, priors={Kind.MOVIE: prior}).shelves[Kind.MOVIE]
    assert shelf.expected[6] == 0.9
    assert shelf.expected[7] == pytest.approx(traits_of(films)[7] @ prior.mean)


def test_a_saved_prior_comes_back_without_what_few_have_rated(tmp_path: Path):
    voices = {"many": Voice(0.504, 40.0), "few": Voice(0.9, 2.0)}
    prior = replace(learned(), voices=voices, learned_from=frozenset({"a", "b"}))
    save_prior(prior, tmp_path / "movie.json", {"people": 80})
    loaded = load_priors(tmp_path)
    assert set(loaded) == {Kind.MOVIE}
    np.testing.assert_allclose(loaded[Kind.MOVIE].mean, prior.mean, atol=1e-3)
    np.testing.assert_allclose(loaded[Kind.MOVIE].covariance, prior.covariance, atol=1e-3)
    assert loaded[Kind.MOVIE].voices == {"many": Voice(0.5, 40.0)}
    assert loaded[Kind.MOVIE].learned_from == {"a", "b"}


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"version": 99, "traits": []}'])
def test_a_file_that_is_no_prior_is_refused_with_advice(tmp_path: Path, text: str):
    (tmp_path / "movie.json").write_text(text)
    with pytest.raises(ConfigurationError, match="is not a prior"):
        load_priors(tmp_path)


def test_the_shipped_prior_prefers_what_is_rated_better_and_is_a_covariance():
    prior = load_priors()[Kind.MOVIE]
    assert prior.mean[1] > 0
    assert np.linalg.eigvalsh(prior.covariance).min() > 0
    assert prior.voices["tt0111161"].liking > prior.voices["tt0120667"].liking + 0.3
