from typing import Any

import pytest

from contracts.mood import MoodState
from contracts.recommendation import FeedbackAction, Goal, Item, Kind, Reason, ReasonCode
from services.recommender.core.catalogue import Catalogue, ItemFacts
from services.recommender.core.opinions import Opinion
from services.recommender.core.ranking import rank
from services.recommender.core.reasons import MAX_REASONS, WordedReason, reasons
from services.recommender.core.taste import learn_taste
from services.recommender.core.wishes import Known, Wish
from tests.recommender.support import NOON, facts, mood, opinion, shelf_of

LIKE, FINISH = FeedbackAction.LIKE, FeedbackAction.FINISH


def item(of: ItemFacts, **more: Any) -> Item:
    return Item(
        id=of.id,
        kind=of.kind,
        title=of.id,
        creators=list(of.creators),
        genres=list(of.genres),
        tags=list(of.tags),
        rating=of.rating,
        valence=of.affect.valence,
        arousal=of.affect.arousal,
        **more,
    )


def why(of: ItemFacts, *others: ItemFacts, opinions: tuple[Opinion, ...] = (), **wished: Any) -> list[str]:
    return [reason.text for reason in given(of, *others, opinions=opinions, **wished)]


def given(of: ItemFacts, *others: ItemFacts, opinions: tuple[Opinion, ...] = (), **wished: Any) -> list[WordedReason]:
    catalogue = shelf_of(of, *others)
    shelf = catalogue.shelves[of.kind]
    known = Known(learn_taste(catalogue, opinions))
    fields: dict[str, Any] = {"count": 20, "goal": Goal.MATCH, **wished}
    wish = Wish(**fields)
    pick = next(each for each in rank(shelf, known, wish) if each.id == of.id)
    return reasons(item(of, external_ids={"imdb": "tt1"} if of.kind is Kind.MOVIE else {}), pick, shelf, known, wish)


CALM_SONG = facts("calm", affect=(0.3, -0.5), genres=["bossa nova"], creators=["Ada"])


def test_it_says_how_the_pick_feels_and_what_for():
    assert why(CALM_SONG, goal=Goal.CALM) == ["Warm and calm, to calm you down."]
    sad = facts("blue", affect=(-0.6, -0.2))
    assert why(sad, mood=mood(MoodState.SAD)) == ["Dark and easy-going, like your mood."]


def test_it_does_not_speak_of_a_mood_that_nobody_knows():
    assert why(facts("mild", affect=(0.25, 0.05))) == ["Warm and easy-going."]


def test_it_names_the_artist_the_person_liked():
    said = why(CALM_SONG, facts("other", creators=["Ada"]), opinions=(opinion("other", LIKE),))
    assert said[0] == "By Ada, like the song you liked."


def test_what_was_left_near_its_end_counts_as_played():
    left = opinion("other", FeedbackAction.SKIP)._replace(progress=0.95)
    (said,) = [
        each for each in given(CALM_SONG, facts("other", creators=["Ada"]), opinions=(left,)) if "Ada" in each.text
    ]
    assert said.text == "By Ada, like the song you played."
    assert said.typed.about["action"] == FeedbackAction.PLAY


def test_it_names_the_feeling_of_what_the_person_finished():
    others = [facts(f"alike-{n}", affect=(0.3, -0.5)) for n in range(2)]
    said = why(CALM_SONG, *others, opinions=tuple(opinion(other.id, FINISH) for other in others), goal=Goal.CALM)
    assert said == ["Warm and calm, like the songs you finished."], "how it feels is said once"


def test_a_cluster_is_named_as_one_since_its_middle_may_feel_different_from_the_song():
    grouped = CALM_SONG._replace(cluster="bright and lively")
    other = facts("other", affect=(0.9, 0.9))._replace(cluster="bright and lively")
    assert why(grouped, other, opinions=(opinion("other", LIKE),), goal=Goal.CALM) == [
        "One of the bright and lively songs, like the song you liked.",
        "Warm and calm, to calm you down.",
    ]


def test_it_does_not_claim_a_taste_the_person_has_spoken_against():
    disliked = opinion("other", FeedbackAction.DISLIKE)
    said = why(CALM_SONG, facts("other", creators=["Ada"]), opinions=(disliked,), goal=Goal.CALM)
    assert not any("Ada" in reason for reason in said)


def test_it_names_a_notable_rating_and_its_source():
    assert "8.1 on IMDb." in why(facts("film", Kind.MOVIE, rating=8.1))
    assert "Rated 8.1 of 10." in why(facts("game", Kind.GAME, rating=8.1))
    assert not any("6.1" in reason for reason in why(facts("film", Kind.MOVIE, rating=6.1)))


def test_it_says_what_an_activity_is_good_for():
    walk = facts("walk", Kind.WELLBEING, good_for=["angry", "sad"], affect=(0.4, -0.5))
    assert "Good when you feel angry." in why(walk, mood=mood(MoodState.ANGRY), goal=Goal.CALM)


def test_it_names_the_tag_that_serves_the_goal():
    assert "Soothing, to calm you down." in why(facts("hum", tags=["soothing"], affect=(0.4, -0.5)), goal=Goal.CALM)


def test_what_an_item_has_lost_since_the_catalogue_was_read_is_not_told():
    hum = facts("hum", tags=["soothing"], affect=(0.4, -0.5))
    catalogue = shelf_of(hum)
    shelf, known, wish = catalogue.shelves[Kind.MUSIC], Known(learn_taste(catalogue, [])), Wish(1, Goal.CALM)
    (pick,) = rank(shelf, known, wish)
    told = reasons(item(hum._replace(tags=[])), pick, shelf, known, wish)
    assert [reason.text for reason in told] == ["Warm and calm, to calm you down."]


def test_every_pick_has_a_reason_even_a_poor_one():
    assert why(facts("far", affect=(-1.0, 1.0)), goal=Goal.CALM) == [
        "Dark and intense: among what is left, it comes nearest to what we look for."
    ]


def test_it_does_not_say_how_something_feels_of_which_nothing_is_known():
    tried = ["Something you may not know you like: we are trying it out."]
    assert why(facts("bare", affect=(0.0, 0.0), is_placed=False), mood=mood(MoodState.NEUTRAL)) == tried


def test_one_that_comes_back_says_so():
    catalogue = shelf_of(CALM_SONG)
    shelf, wish = catalogue.shelves[Kind.MUSIC], Wish(count=1, goal=Goal.MATCH)
    known = Known(learn_taste(catalogue, []), resting={"calm": NOON})
    (pick,) = rank(shelf, known, wish)
    (reason,) = reasons(item(CALM_SONG), pick, shelf, known, wish)
    assert reason.text == "You have met this one before: nothing new is left."
    assert reason.typed == Reason(code=ReasonCode.MET_BEFORE)


def test_each_reason_can_be_worded_anew_from_its_parts():
    alike, feels = given(
        CALM_SONG, facts("other", creators=["Ada"]), opinions=(opinion("other", LIKE),), goal=Goal.CALM
    )
    about = {"group": "creator", "value": "Ada", "kind": "music", "action": "like", "many": "false"}
    assert alike.typed == Reason(code=ReasonCode.LIKED_ALIKE, about=about)
    about = {"pleasantness": "warm", "energy": "calm", "purpose": "calm"}
    assert feels.typed == Reason(code=ReasonCode.FEELS, about=about)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("state", [None, *MoodState])
def test_the_starter_catalogue_always_has_a_few_good_reasons(starter: Catalogue, kind: Kind, state: MoodState | None):
    shelf, known = starter.shelves[kind], Known(learn_taste(starter, []))
    wish = Wish(count=10, goal=Goal.MATCH, mood=mood(state) if state else None)
    for pick in rank(shelf, known, wish):
        of = Item(id=pick.id, kind=kind, title="", valence=shelf.affect[pick.row][0], arousal=shelf.affect[pick.row][1])
        assert 1 <= len(reasons(of, pick, shelf, known, wish)) <= MAX_REASONS
