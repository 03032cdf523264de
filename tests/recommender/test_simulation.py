import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from contracts.recommendation import FeedbackAction, Kind
from services.recommender.__main__ import cli
from services.recommender.core.catalogue import Catalogue
from services.recommender.simulation.people import simulated_people
from services.recommender.simulation.picture import picture, smoothed
from services.recommender.simulation.simulate import KINDS, Curve, simulate

RANKERS = {"ours", "popularity", "static", "random"}


@pytest.fixture(scope="module")
def curves() -> dict[Kind, dict[str, Curve]]:
    return simulate(people=8, interactions=20)


@pytest.mark.parametrize("kind", KINDS)
def test_ours_has_missed_least_after_twenty_items(curves: dict[Kind, dict[str, Curve]], kind: Kind):
    regret = {name: curve.regret[19] for name, curve in curves[kind].items()}
    assert set(regret) == RANKERS
    assert min(regret, key=lambda name: regret[name]) == "ours"
    assert max(regret, key=lambda name: regret[name]) == "random"


def test_regret_never_falls_and_rewards_are_probabilities(curves: dict[Kind, dict[str, Curve]]):
    for curve in (curve for of_kind in curves.values() for curve in of_kind.values()):
        assert (np.diff([0.0, *curve.regret]) >= 0).all()
        assert 0 < min(curve.reward) <= max(curve.reward) < 1


def test_people_differ_and_answer_as_they_feel(starter: Catalogue):
    rng = np.random.default_rng(0)
    one, other = simulated_people(starter.shelves[Kind.MUSIC], 2, rng)
    assert set(one.pleased) == set(one.moods)
    mood = one.moods[0]
    apart = np.corrcoef(one.pleased[mood], next(iter(other.pleased.values())))[0, 1]
    assert apart < 0.8
    best, worst = int(np.argmax(one.pleased[mood])), int(np.argmin(one.pleased[mood]))
    good = {FeedbackAction.LIKE, FeedbackAction.FINISH}
    often = [np.mean([one.answer(row, mood, rng)[0] in good for _ in range(400)]) for row in (best, worst)]
    np.testing.assert_allclose(often, one.pleased[mood][[best, worst]], atol=0.08)


def test_a_curve_is_smoothed_over_what_came_before():
    assert smoothed([0.0, 1.0, 1.0], window=2) == [0.0, 0.5, 1.0]


def test_the_command_prints_the_curves_and_draws_them(tmp_path: Path):
    drawing = tmp_path / "curves.svg"
    arguments = ["simulate", "--people", "1", "--interactions", "3", "--picture", str(drawing), "--json"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout.splitlines()[-1])
    assert {name: len(curve["regret"]) for name, curve in report["music"].items()} == dict.fromkeys(RANKERS, 3)
    lines = ElementTree.parse(drawing).getroot().iter("{http://www.w3.org/2000/svg}polyline")  # noqa: S314  (our own)
    assert len(list(lines)) == 2 * len(KINDS) * len(RANKERS)


def test_a_picture_that_cannot_be_written_is_told(tmp_path: Path):
    arguments = ["simulate", "--people", "1", "--interactions", "1", "--picture", str(tmp_path / "no" / "folder.svg")]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 1
    assert "cannot be written" in result.output


def test_a_picture_names_every_ranker(curves: dict[Kind, dict[str, Curve]]):
    drawn = picture(curves)
    assert all(f">{name}</text>" in drawn for name in RANKERS)
