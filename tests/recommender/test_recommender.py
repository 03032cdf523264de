"""On a real database that holds the starter catalogue."""

import gc
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from contracts.emotion import CIRCUMPLEX, Emotion
from contracts.mood import MoodState
from contracts.recommendation import FeedbackAction, Goal, Kind, Pick, TasteWord
from servicekit.database import Database
from services.recommender import people_store, tasks
from services.recommender.core.affect import UNKNOWN
from services.recommender.core.catalogue import Catalogue, Feature
from services.recommender.core.selection import MAX_NEGATIVE_RUN, STRONGLY_NEGATIVE
from services.recommender.errors import EmptyCatalogueError, KeyReusedError, UnknownItemError
from services.recommender.lists import Request
from services.recommender.pages import parse_page
from services.recommender.people_store import Feedback, MoodWord, Review, TasteCorrection
from services.recommender.recommender import Recommender
from services.recommender.revision import raise_revision
from tests.recommender.importing.support import load, write
from tests.recommender.support import NOON, POLICY, Clock, longest_run, mood


def recommend(recommender: Recommender, kind: Kind = Kind.MUSIC, **fields: Any) -> list[Pick]:
    request: dict[str, Any] = {"user_id": "ada", "count": 10, **fields}
    return [chosen.pick for chosen in recommender.recommend(Request(**request), kind).picks]


def ids(picks: list[Pick]) -> list[str]:
    return [pick.item.id for pick in picks]


def say(recommender: Recommender, item_id: str, action: FeedbackAction, key: str = "") -> bool:
    feedback = Feedback("ada", item_id, action, key or f"{action}-{item_id}", recommender.clock())
    return recommender.give_feedback(feedback, mood(MoodState.HAPPY))


def test_a_persons_word_on_their_mood_counts_before_what_is_detected(recommender: Recommender, clock: Clock):
    neutral, request = mood(MoodState.NEUTRAL), Request("ada", 5, mood(MoodState.NEUTRAL))
    word = MoodWord("ada", MoodState.SAD, "1")
    assert recommender.recommend(request, Kind.MUSIC).goal is Goal.MATCH
    assert [recommender.correct_mood(word, neutral) for _ in range(2)] == [False, True]
    listing = recommender.recommend(request, Kind.MUSIC)
    assert (listing.goal, listing.mood) == (Goal.LIFT, mood(MoodState.SAD))
    assert recommender.recommend_all(request).goal is Goal.LIFT
    chosen = replace(request, has_chosen_mood=True)
    assert recommender.recommend(chosen, Kind.MUSIC).mood == neutral
    clock.pass_time(hours=1)
    assert recommender.recommend(request, Kind.MUSIC).goal is Goal.MATCH
    with pytest.raises(KeyReusedError):
        recommender.correct_mood(replace(word, state=MoodState.ANGRY), neutral)


@pytest.mark.parametrize("state", list(MoodState))
def test_a_mixed_list_has_no_long_run_of_strongly_negative_items(recommender: Recommender, state: MoodState):
    listing = recommender.recommend_mixed(Request("ada", 20, mood(state), goal=Goal.MATCH))
    assert longest_run(pick.item.valence < STRONGLY_NEGATIVE for pick in listing.picks) <= MAX_NEGATIVE_RUN


def test_feedback_is_kept_with_the_mood_that_the_person_said(recommender: Recommender, database: Database):
    item = ids(recommend(recommender))[0]
    recommender.correct_mood(MoodWord("ada", MoodState.SAD, "1"), mood(MoodState.HAPPY))
    say(recommender, item, FeedbackAction.LIKE)
    with database.reading() as connection:
        (kept,) = people_store.opinions(connection, "ada", recommender.clock())
    assert kept.mood == CIRCUMPLEX[Emotion.SAD]


def test_not_now_comes_back_and_a_dislike_does_not(recommender: Recommender, clock: Clock):
    later, never = ids(recommend(recommender))[:2]
    say(recommender, later, FeedbackAction.NOT_NOW)
    say(recommender, never, FeedbackAction.DISLIKE)
    assert not {later, never} & set(ids(recommend(recommender, count=50)))
    clock.pass_time(hours=25)
    everything = set(ids(recommend(recommender, count=1000)))
    assert later in everything
    assert never not in everything


def test_within_a_sitting_a_list_is_stable_and_later_it_is_new(recommender: Recommender, clock: Clock):
    first = recommend(recommender)
    clock.pass_time(minutes=20)
    assert recommend(recommender) == first
    clock.pass_time(minutes=20)
    assert not set(ids(recommend(recommender))) & set(ids(first))
    clock.pass_time(hours=13)
    assert set(ids(recommend(recommender))) & set(ids(first))


def test_a_page_that_is_asked_for_again_after_the_sitting_is_the_same(recommender: Recommender, clock: Clock):
    clock.pass_time(minutes=29)
    request = Request("ada", 10, mood(MoodState.SAD))
    first = recommender.recommend(request, Kind.MOVIE)
    following = replace(request, page=parse_page(first.next_page))
    before = [chosen.item.id for chosen in recommender.recommend(following, Kind.MOVIE).picks]
    recommender.flush()
    clock.pass_time(minutes=2)
    say(recommender, before[0], FeedbackAction.SKIP)
    assert [chosen.item.id for chosen in recommender.recommend(following, Kind.MOVIE).picks] == before[1:]


def test_two_recommenders_with_one_database_answer_alike(recommender: Recommender, database: Database):
    assert recommend(recommender) == recommend(Recommender(database, POLICY, Clock()))


@pytest.mark.parametrize("action", [FeedbackAction.DISLIKE, FeedbackAction.SKIP])
def test_what_is_disliked_or_skipped_is_gone_at_once(recommender: Recommender, action: FeedbackAction):
    first = recommend(recommender)[0].item
    say(recommender, first.id, action)
    after = recommend(recommender)
    assert first.id not in ids(after)
    assert len(after) == 10


def test_a_dislike_stays_and_a_skip_passes(recommender: Recommender, clock: Clock):
    disliked, skipped = ids(recommend(recommender, count=2))
    say(recommender, disliked, FeedbackAction.DISLIKE)
    say(recommender, skipped, FeedbackAction.SKIP)
    clock.pass_time(days=3)
    everything = ids(recommend(recommender, count=447))
    assert skipped in everything
    assert disliked not in everything


def test_likes_of_a_genre_change_the_next_list_and_its_reasons(recommender: Recommender):
    happy = mood(MoodState.HAPPY)
    soul = [pick.item for pick in recommend(recommender, count=100, mood=happy) if "soul" in pick.item.genres][:4]
    before = [pick for pick in recommend(recommender, mood=happy) if "soul" in pick.item.genres]
    for song in soul:
        say(recommender, song.id, FeedbackAction.LIKE)
    after = [pick for pick in recommend(recommender, mood=happy) if "soul" in pick.item.genres]
    assert len(after) > len(before)
    assert any("you liked" in reason for pick in after for reason in pick.reasons)


def test_one_person_does_not_change_the_list_of_another(recommender: Recommender):
    before = recommend(recommender, user_id="grace")
    say(recommender, before[0].item.id, FeedbackAction.DISLIKE)
    assert recommend(recommender, user_id="grace") == before


def test_a_repeated_key_is_a_duplicate_and_changes_nothing(recommender: Recommender):
    item_id = recommend(recommender)[0].item.id
    assert say(recommender, item_id, FeedbackAction.LIKE, "once") is False
    assert say(recommender, item_id, FeedbackAction.LIKE, "once") is True
    with pytest.raises(KeyReusedError, match="once"):
        say(recommender, item_id, FeedbackAction.DISLIKE, "once")
    assert item_id in ids(recommend(recommender))


def test_a_key_belongs_to_one_person(recommender: Recommender):
    item_id = recommend(recommender)[0].item.id
    for user in ("ada", "grace"):
        assert recommender.give_feedback(Feedback(user, item_id, FeedbackAction.LIKE, "once", NOON), None) is False


def test_feedback_on_an_item_that_was_never_shown_counts(recommender: Recommender, clock: Clock):
    shown = ids(recommend(recommender, count=100))
    other = next(item for item in ids(recommend(recommender, count=447)) if item not in shown)
    assert say(recommender, other, FeedbackAction.DISLIKE) is False
    assert other not in ids(recommend(recommender, count=447))


def test_an_unknown_item_is_refused_and_nothing_is_kept(recommender: Recommender):
    with pytest.raises(UnknownItemError, match="music:nothing"):
        say(recommender, "music:nothing", FeedbackAction.LIKE, "key")
    with pytest.raises(UnknownItemError):
        recommender.add_review(Review("ada", "music:nothing", "Fine.", "key"))
    item_id = recommend(recommender)[0].item.id
    assert say(recommender, item_id, FeedbackAction.LIKE, "key") is False


def test_an_empty_catalogue_is_named_with_advice(empty_database: Database):
    recommender = Recommender(empty_database, POLICY, Clock())
    with pytest.raises(EmptyCatalogueError, match="migrate"):
        recommend(recommender)
    assert recommender.recommend_all(Request("ada", count=5))[0] == {kind: [] for kind in Kind}


def test_when_nothing_new_is_left_the_list_recycles_and_says_so(recommender: Recommender, clock: Clock):
    everything = ids(recommend(recommender, Kind.WELLBEING, count=100))
    clock.pass_time(minutes=40)
    again = recommend(recommender, Kind.WELLBEING, count=100)
    assert sorted(ids(again)) == sorted(everything)
    assert "You have met this one before: nothing new is left." in again[-1].reasons


def test_new_clusters_and_review_tones_reach_the_lists(recommender: Recommender, database: Database):
    before = recommend(recommender, Kind.MOVIE, count=292)
    assert tasks.score_reviews(database) > 0
    assert tasks.recompute_clusters(database, seed=0)
    recommender.refresh()
    after = {pick.item.id: pick.item.valence for pick in recommend(recommender, Kind.MOVIE, count=292)}
    assert any(after[pick.item.id] != pick.item.valence for pick in before)
    assert all(pick.item.cluster for pick in recommend(recommender))


def test_a_neutral_person_is_not_given_what_nothing_is_known_of(
    recommender: Recommender, database: Database, tmp_path: Path
):
    bare = [f"Bare {number},indie" for number in range(400)]
    load(database, Kind.GAME, write(tmp_path / "games.csv", "title,genres", *bare))
    picks = recommend(recommender, Kind.GAME, mood=mood(MoodState.NEUTRAL))
    assert not any(pick.item.sources["valence"].startswith(UNKNOWN) for pick in picks)


@pytest.mark.parametrize("goal", list(Goal))
def test_titles_of_which_nothing_else_is_known_are_listed_and_learned_from(
    empty_database: Database, tmp_path: Path, goal: Goal
):
    load(empty_database, Kind.MOVIE, write(tmp_path / "films.csv", "title", *(f"Bare {n}" for n in range(700))))
    recommender = Recommender(empty_database, POLICY, Clock())
    picks = recommend(recommender, Kind.MOVIE, mood=mood(MoodState.NEUTRAL), goal=goal)
    assert [pick.reasons for pick in picks] == [["Something you may not know you like: we are trying it out."]] * 10
    say(recommender, picks[0].item.id, FeedbackAction.LIKE)
    assert len(recommend(recommender, Kind.MOVIE, mood=mood(MoodState.NEUTRAL), goal=goal)) == 10


@pytest.mark.parametrize("behind_s", [0.1, 3600])
def test_what_was_said_where_the_clock_is_ahead_counts_at_once(
    recommender: Recommender, database: Database, clock: Clock, behind_s: float
):
    clock.pass_time(minutes=1)
    other = Recommender(database, POLICY, Clock(clock.now - timedelta(seconds=behind_s)))
    request = Request("ada", 10, mood(MoodState.NEUTRAL), version="1")
    disliked, liked = (chosen.item.id for chosen in other.recommend(request, Kind.MUSIC).picks[:2])
    say(recommender, disliked, FeedbackAction.DISLIKE)
    recommender.correct_mood(MoodWord("ada", MoodState.SAD, "1"), mood(MoodState.NEUTRAL))
    recommender.correct_taste(TasteCorrection("ada", Feature("genre", "soul"), TasteWord.MORE))
    listing = other.recommend(replace(request, version="2"), Kind.MUSIC)
    assert disliked not in [chosen.item.id for chosen in listing.picks]
    assert listing.goal is Goal.LIFT
    assert TasteWord.MORE in [belief.word for belief in other.taste("ada").because]
    following = replace(request, page=parse_page(listing.next_page), version="2")
    together = other.recommend(replace(request, count=20, version="2"), Kind.MUSIC).picks
    pages = [listing, other.recommend(following, Kind.MUSIC)]
    assert [chosen.item.id for page in pages for chosen in page.picks] == [chosen.item.id for chosen in together]
    other.give_feedback(Feedback("ada", liked, FeedbackAction.LIKE, "2", clock.now), mood(MoodState.NEUTRAL))
    with database.reading() as connection:
        kept = {each.item_id: each for each in people_store.opinions(connection, "ada", clock.now)}
    assert kept[liked].mood == CIRCUMPLEX[Emotion.SAD]


NEWER_WORDS = ("feedback.action", "mood_correction.state", "mood_correction.detected", "taste_word.word")


@pytest.mark.parametrize("column", NEWER_WORDS)
def test_words_of_a_newer_version_are_left_out(recommender: Recommender, database: Database, column: str):
    request = Request("ada", 10, mood(MoodState.NEUTRAL))
    before = recommender.recommend(request, Kind.MUSIC)
    recommender.correct_taste(TasteCorrection("ada", Feature("genre", "soul"), TasteWord.MORE))
    recommender.correct_mood(MoodWord("ada", MoodState.SAD, "1"), mood(MoodState.NEUTRAL))
    say(recommender, before.picks[0].item.id, FeedbackAction.LIKE)
    table, name = column.split(".")
    with database.writing() as connection:
        connection.execute(text(f"update {table} set {name} = 'bookmark' where user_id = 'ada'"))  # noqa: S608
    assert recommender.recommend_all(request).goal is (Goal.MATCH if table == "mood_correction" else Goal.LIFT)
    assert recommender.taste("ada").learned_from == (0 if table == "feedback" else 1)
    words = [belief.word for belief in recommender.taste("ada").because]
    assert (TasteWord.MORE in words) is (table != "taste_word")


def test_a_word_of_a_newer_version_does_not_hide_what_was_said_before_it(recommender: Recommender, database: Database):
    disliked = recommend(recommender)[0].item.id
    say(recommender, disliked, FeedbackAction.DISLIKE)
    say(recommender, disliked, FeedbackAction.LIKE, "newer")
    with database.writing() as connection:
        connection.execute(text("update feedback set action = 'bookmark' where idempotency_key = 'newer'"))
    assert disliked not in ids(recommend(recommender))


def catalogues_in_memory() -> int:
    gc.collect()
    return sum(type(each) is Catalogue for each in gc.get_objects())


def test_an_old_catalogue_leaves_memory_with_the_people_who_were_read_with_it(
    recommender: Recommender, database: Database
):
    recommend(recommender, version="1")
    before = catalogues_in_memory()
    for number in range(3):
        with database.writing() as connection:
            raise_revision(connection)
        recommender.refresh()
        recommend(recommender, user_id=f"person-{number}", version="1")
    assert catalogues_in_memory() <= before
