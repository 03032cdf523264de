from datetime import timedelta

import pytest

from contracts.recommendation import FeedbackAction, Kind
from services.recommender.core.opinions import verdicts
from services.recommender.core.rest import never_again, resting
from tests.recommender.support import NOON, POLICY, facts, opinion, shelf_of

CATALOGUE = shelf_of(*(facts(f"song-{n}") for n in range(8)), facts("film", Kind.MOVIE))


def rests(kind: Kind, *opinions: tuple[str, FeedbackAction], shown: tuple[str, ...] = (), **later: float) -> set[str]:
    now = NOON + timedelta(**later)
    given = [opinion(item, action) for item, action in opinions]
    return set(resting(kind, CATALOGUE.shelves[kind], given, dict.fromkeys(shown, NOON), now, POLICY.rest))


@pytest.mark.parametrize(("hours", "away"), [(1, True), (23, True), (25, False)])
def test_what_was_skipped_comes_back_after_a_day(hours: float, away: bool):
    assert rests(Kind.MUSIC, ("song-1", FeedbackAction.SKIP), hours=hours) == ({"song-1"} if away else set())


def test_a_finished_film_stays_away_for_longer_than_a_finished_song():
    finished = [("song-1", FeedbackAction.FINISH), ("film", FeedbackAction.FINISH)]
    assert rests(Kind.MUSIC, *finished, hours=3) == set()
    assert rests(Kind.MOVIE, *finished, hours=3) == {"film"}


@pytest.mark.parametrize("action", [FeedbackAction.LIKE, FeedbackAction.SAVE, FeedbackAction.PLAY])
def test_what_is_welcome_does_not_rest(action: FeedbackAction):
    assert rests(Kind.MUSIC, ("song-1", action)) == set()


def test_what_was_shown_rests_a_while_but_never_more_than_a_quarter_of_the_shelf():
    assert rests(Kind.MUSIC, shown=("song-1",), hours=11) == {"song-1"}
    assert rests(Kind.MUSIC, shown=("song-1",), hours=13) == set()
    assert len(rests(Kind.MUSIC, shown=tuple(f"song-{n}" for n in range(8)))) == 2


def test_a_dislike_is_for_good_until_it_is_taken_back():
    disliked = [opinion("song-1", FeedbackAction.DISLIKE)]
    assert never_again(verdicts(CATALOGUE, disliked)) == {"song-1"}
    assert never_again(verdicts(CATALOGUE, [*disliked, opinion("song-1", FeedbackAction.PLAY, 5)])) == {"song-1"}
    assert never_again(verdicts(CATALOGUE, [*disliked, opinion("song-1", FeedbackAction.LIKE, 5)])) == set()
