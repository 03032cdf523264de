"""What the command `simulate` does."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import fmean

from contracts.recommendation import Kind
from servicekit.errors import InvalidInputError
from services.recommender.catalogue_store import load_catalogue
from services.recommender.priors import load_priors
from services.recommender.simulation.mood_fit import fits, walks
from services.recommender.simulation.picture import picture
from services.recommender.simulation.simulate import Curve, simulate, starter_database


def run_simulation(people: int, interactions: int, seed: int, drawing: Path | None, *, as_json: bool) -> str:
    """The curves of every ranker, as JSON or as a table.

    Raises:
        InvalidInputError: the picture cannot be written.
    """
    curves = simulate(people, interactions, seed)
    if drawing is not None:
        try:
            drawing.write_text(picture(curves), encoding="utf-8")
        except OSError as error:
            raise InvalidInputError(f"{drawing} cannot be written: {error}.", "Give another path.") from error
    if not as_json:
        return _table(curves)
    size = {"people": people, "interactions": interactions, "seed": seed}
    found = {kind: {name: asdict(curve) for name, curve in of_kind.items()} for kind, of_kind in curves.items()}
    return json.dumps({"data": size, **found})


def run_mood_fit(*, as_json: bool) -> str:
    """How well the lists of the starter catalogue fit, as JSON or as a table of means."""
    with starter_database() as database, database.reading() as connection:
        catalogue = load_catalogue(connection, load_priors())
    lists, journeys = fits(catalogue), walks(catalogue)
    if as_json:
        return json.dumps(
            {"lists": [each._asdict() for each in lists], "journeys": [each._asdict() for each in journeys]}
        )
    lines = [f"{'':12}{'valence':10}{'arousal':10}{'journeys':10}"]
    for kind in Kind:
        mine = [each for each in lists if each.kind == kind]
        valence, arousal = fmean(each.valence for each in mine), fmean(each.arousal for each in mine)
        forward = fmean(each.forward for each in journeys if each.kind == kind)
        lines.append(f"{kind:12}{valence:<10.3f}{arousal:<10.3f}{forward:<10.3f}")
    return "\n".join(lines)


def _table(curves: Mapping[Kind, Mapping[str, Curve]]) -> str:
    lines = [
        f"{kind:8}{name:12}{sum(curve.reward) / len(curve.reward):<20.4f}{curve.regret[-1]:<.4f}"
        for kind, of_kind in curves.items()
        for name, curve in of_kind.items()
    ]
    return "\n".join([f"{'':20}{'chance to please':20}regret", *lines])
