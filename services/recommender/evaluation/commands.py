"""What the commands `evaluate` and `learn-prior` do."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from contracts.recommendation import Kind
from servicekit.errors import InvalidInputError
from services.recommender.core.prior import Voice
from services.recommender.evaluation.evaluate import FIRST, MIN_RATINGS, Report, eligible, evaluate, strangers
from services.recommender.evaluation.movielens import RatedFilms
from services.recommender.evaluation.rankers import Population
from services.recommender.priors import load_priors, save_prior

DETAILED_WEIGHT: Final = 60.0
"""Ratings: what the details of a film say of it is worth so many; docs/recommending.md has the measurement."""

_HEADING: Final = f"{'':18}{'':10}" + "".join(f"n={count:<8}" for count in FIRST)


def report_of(films: RatedFilms) -> dict[str, Any]:
    """The evaluation of every ranker, and on how many it was made.

    Raises:
        InvalidInputError: nobody has rated enough.
    """
    size = {
        "people": len(films.people),
        "people_tested": eligible(films),
        "items": len(films.facts),
        "rejected_ratings": films.rejected,
    }
    if not size["people_tested"]:
        raise InvalidInputError(
            f"Nobody has rated {MIN_RATINGS} of these films.",
            "Give ratings of more films, or a catalogue with more of them.",
        )
    others = strangers(films, load_priors().get(Kind.MOVIE))
    return {"data": {**size, "films_known_from_others": len(others)}, **evaluate(films, others)}


def table(report: Report) -> str:
    """The measures in lines."""
    lines = [
        f"{ranker:18}{measure:10}" + "".join(f"{values[str(count)]:<10.4f}" for count in FIRST)
        for ranker, measures in report.items()
        for measure, values in measures.items()
    ]
    return "\n".join([_HEADING, *lines])


def learn(films: RatedFilms, detailed: RatedFilms | None, path: Path) -> None:
    """Learn the prior of films from everybody, and save it.

    Args:
        detailed: those of the films, and their people, of which more is known.
    """
    everybody = Population(films, films.people)
    counted = {"people": len(films.people), "ratings": int(everybody.counts.sum()), "items": len(films.facts)}
    prior = everybody.prior
    if detailed is not None:
        known = Population(detailed, detailed.people).prior
        trusted = {name: Voice(liking, weight + DETAILED_WEIGHT) for name, (liking, weight) in known.voices.items()}
        prior = replace(known, voices={**prior.voices, **trusted})
    save_prior(replace(prior, learned_from=frozenset(person.key for person in films.people)), path, counted)
