import json

import numpy as np
import pytest
from typer.testing import CliRunner

from contracts.mood import MoodState
from contracts.recommendation import Goal, Kind
from services.recommender.__main__ import cli
from services.recommender.core.catalogue import Catalogue
from services.recommender.core.selection import MAX_NEGATIVE_RUN
from services.recommender.simulation.mood_fit import Fit, Walk, fits, walks
from tests.recommender.support import facts, shelf_of

LARGE = (Kind.MUSIC, Kind.MOVIE, Kind.GAME)


@pytest.fixture(scope="module")
def lists(starter: Catalogue) -> list[Fit]:
    return fits(starter)


@pytest.fixture(scope="module")
def journeys(starter: Catalogue) -> list[Walk]:
    return walks(starter)


def test_lists_lie_where_the_mood_and_the_goal_ask(lists: list[Fit]):
    for each in lists:
        if each.kind in LARGE:
            assert min(each.valence, each.arousal) >= 0.8, each
    for goal in {each.goal for each in lists}:
        shares = [(each.valence, each.arousal) for each in lists if each.goal is goal]
        assert np.mean(shares, axis=0).min() > 0.9, goal


@pytest.mark.parametrize("state", [MoodState.NEUTRAL, MoodState.UNCERTAIN])
def test_moods_without_a_direction_get_lists_that_fit_as_well(lists: list[Fit], state: MoodState):
    shares = [(each.valence, each.arousal) for each in lists if (each.mood, each.goal) == (state, Goal.MATCH)]
    assert np.mean(shares, axis=0).min() > 0.9


def test_runs_of_strongly_negative_items_are_capped(lists: list[Fit]):
    assert max(each.negative_run for each in lists) <= MAX_NEGATIVE_RUN


def test_no_step_of_a_journey_turns_back_on_any_shelf(journeys: list[Walk]):
    assert {each.kind for each in journeys} == set(Kind)
    assert [each for each in journeys if each.forward < 1] == []


def test_a_shelf_all_in_the_wrong_place_does_not_fit():
    near = [facts(f"near-{n}", affect=(0.7, 0.4)) for n in range(3)]
    far = [facts(f"far-{n}", affect=(-0.7, -0.4 + n / 100)) for n in range(20)]
    found = [each for each in fits(shelf_of(*near, *far)) if each.goal is Goal.LIFT]
    assert {each.valence for each in found} == {0.3 + 0.7}
    assert all(each.arousal < 1 for each in found)


def test_the_command_prints_every_list_and_journey(lists: list[Fit]):
    result = CliRunner().invoke(cli, ["mood-fit", "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout.splitlines()[-1])
    assert len(report["lists"]) == len(lists)
    assert {each["kind"] for each in report["journeys"]} == set(Kind)
