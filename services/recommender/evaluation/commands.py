"""What the commands `evaluate` and `learn-prior` do."""

from pathlib import Path
from typing import Any, Final

from servicekit.errors import InvalidInputError
from services.recommender.evaluation.evaluate import FIRST, MIN_RATINGS, Report, eligible, evaluate
from services.recommender.evaluation.movielens import RatedFilms
from services.recommender.evaluation.rankers import Population
from services.recommender.priors import save_prior

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
    return {"data": size, **evaluate(films)}


def table(report: Report) -> str:
    """The measures in lines."""
    lines = [
        f"{ranker:18}{measure:10}" + "".join(f"{values[str(count)]:<10.4f}" for count in FIRST)
        for ranker, measures in report.items()
        for measure, values in measures.items()
    ]
    return "\n".join([_HEADING, *lines])


def learn(films: RatedFilms, path: Path) -> None:
    """Learn the prior of films from everybody, and save it."""
    population = Population(films, films.people)
    counted = {"people": len(films.people), "ratings": int(population.counts.sum()), "items": len(films.facts)}
    save_prior(population.prior, path, counted)
