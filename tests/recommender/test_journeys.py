"""Journeys on the starter catalogue and on made-up shelves."""

import numpy as np
import pytest

from contracts.emotion import EMOTIONS
from contracts.mood import MoodState
from contracts.recommendation import Goal, Kind
from services.recommender.core.catalogue import Catalogue, Shelf
from services.recommender.core.goals import DESTINATIONS, GOAL_POINTS, destination, place_of
from services.recommender.core.journeys import waypoints
from services.recommender.core.ranking import Ranked, rank
from services.recommender.core.selection import MAX_NEGATIVE_RUN, STRONGLY_NEGATIVE
from services.recommender.core.taste import learn_taste
from services.recommender.core.wishes import Known, Wish
from tests.recommender.support import facts, longest_run, mood, shelf_of


def walk(catalogue: Catalogue, kind: Kind = Kind.MUSIC, count: int = 10, **wish: object) -> tuple[Shelf, list[Ranked]]:
    known = Known(learn_taste(catalogue, []))
    shelf = catalogue.shelves[kind]
    return shelf, rank(shelf, known, Wish(count=count, goal=Goal.JOURNEY, **wish))  # pyright: ignore[reportArgumentType]


def test_a_walk_goes_in_equal_strides_from_where_one_is_to_where_one_wants_to_be():
    points = waypoints(place_of(mood(MoodState.SAD)), GOAL_POINTS[Goal.LIFT], 5)
    assert tuple(points[0]) == pytest.approx(place_of(mood(MoodState.SAD)))
    assert tuple(points[-1]) == pytest.approx(GOAL_POINTS[Goal.LIFT])
    assert np.diff(points, axis=0) == pytest.approx(np.tile((points[1] - points[0]), (4, 1)))
    assert tuple(waypoints(place_of(None), GOAL_POINTS[Goal.CALM], 1)[0]) == GOAL_POINTS[Goal.CALM]


@pytest.mark.parametrize("state", [MoodState(emotion) for emotion in EMOTIONS])
@pytest.mark.parametrize("to", DESTINATIONS)
def test_a_journey_never_turns_back_and_starts_nearer_to_the_person_than_it_ends(
    starter: Catalogue, state: MoodState, to: Goal
):
    shelf, picks = walk(starter, mood=mood(state), destination=to)
    places = np.array([shelf.affect[pick.row] for pick in picks])
    start, end = np.array(place_of(mood(state))), np.array(GOAL_POINTS[to])
    assert len({pick.id for pick in picks}) == 10
    assert (np.diff(places @ (end - start)) >= 0).all()
    assert np.linalg.norm(places[-1] - end) < 0.35
    if np.linalg.norm(end - start) > 0.5:
        assert np.linalg.norm(places[0] - start) < np.linalg.norm(places[-1] - start)


@pytest.mark.parametrize("state", [MoodState.SAD, MoodState.ANGRY, MoodState.FEAR])
def test_valence_and_arousal_each_move_one_way(starter: Catalogue, state: MoodState):
    shelf, picks = walk(starter, mood=mood(state))
    places = np.array([shelf.affect[pick.row] for pick in picks])
    way = np.sign(np.array(GOAL_POINTS[destination(mood(state))]) - np.array(place_of(mood(state))))
    assert (np.diff(places, axis=0) * way >= 0).all()


def test_a_walk_does_not_leap_at_a_good_item_that_leaves_nothing_ahead():
    steps = [facts(f"step-{n}", affect=(-0.6 + n / 8, -0.4 + n / 14), rating=5.0) for n in range(10)]
    lure = facts("lure", affect=(-0.55, 0.4), rating=10.0, votes=1_000_000)
    _, picks = walk(shelf_of(*steps, lure), mood=mood(MoodState.SAD), destination=Goal.LIFT)
    assert [pick.id for pick in picks] == [each.id for each in steps]


def test_a_walk_that_is_longer_than_its_way_goes_on_all_the_same():
    up = [facts(f"up-{n}", affect=(-0.6 + n / 8, -0.4 + n / 14)) for n in range(5)]
    aside = [facts(f"aside-{n}", affect=(-0.1 + n / 100, -0.9 - n / 100)) for n in range(5)]
    _, picks = walk(shelf_of(*up, *aside), mood=mood(MoodState.SAD), destination=Goal.LIFT)
    assert {pick.id for pick in picks} == {each.id for each in (*up, *aside)}


@pytest.mark.parametrize("state", [MoodState.SAD, MoodState.HAPPY, None])
def test_nothing_comes_twice_on_the_longest_journey(starter: Catalogue, state: MoodState | None):
    _, picks = walk(starter, count=100, mood=mood(state) if state else None)
    assert len({pick.id for pick in picks}) == len(picks) == 100
    assert all(abs(pick.score) < 10 for pick in picks)


@pytest.mark.parametrize(
    ("state", "to"), [(MoodState.ANGRY, Goal.CALM), (MoodState.SAD, Goal.LIFT), (MoodState.HAPPY, Goal.LIFT)]
)
def test_where_nobody_says_where_to_go_the_mood_does(state: MoodState, to: Goal):
    assert destination(mood(state)) is to
    assert destination(mood(state), Goal.FOCUS) is Goal.FOCUS


@pytest.mark.parametrize("unknown", [None, mood(MoodState.UNCERTAIN)])
def test_somebody_whose_mood_nobody_knows_can_travel_too(starter: Catalogue, unknown: None):
    _, picks = walk(starter, mood=unknown, destination=Goal.CALM)
    assert len(picks) == 10


@pytest.mark.parametrize("count", [1, 10, 100])
def test_a_shelf_of_nothing_or_of_one_item_gives_what_it_has(count: int):
    assert walk(shelf_of(), count=count)[1] == []
    assert [pick.id for pick in walk(shelf_of(facts("only")), count=count)[1]] == ["only"]


@pytest.mark.parametrize("goal", [Goal.MATCH, Goal.JOURNEY])
def test_strongly_negative_content_never_runs_on(goal: Goal):
    dark = [facts(f"dark-{n}", affect=(-0.65, -0.3), creators=[f"{n}"]) for n in range(20)]
    catalogue = shelf_of(*dark, *(facts(f"mild-{n}", affect=(-0.3, -0.2), creators=[f"m{n}"]) for n in range(10)))
    shelf = catalogue.shelves[Kind.MUSIC]
    picks = rank(shelf, Known(learn_taste(catalogue, [])), Wish(count=12, goal=goal, mood=mood(MoodState.SAD)))
    longest = longest_run(shelf.affect[pick.row][0] < STRONGLY_NEGATIVE for pick in picks)
    assert longest <= MAX_NEGATIVE_RUN
    if goal is Goal.MATCH:
        assert longest == MAX_NEGATIVE_RUN
