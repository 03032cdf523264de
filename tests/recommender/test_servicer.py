"""The service in this process: real gRPC, real Redis, a real database."""

import asyncio
from datetime import timedelta
from typing import Any

import grpc
import pytest
import stamina
from redis.asyncio import Redis
from sqlalchemy import select

from contracts.emotion import EMOTIONS
from contracts.events import (
    MOODS_CHANNEL,
    RECOMMENDATIONS_CHANNEL,
    EventReason,
    MoodEvent,
    RecommendationsEvent,
    mood_key,
)
from contracts.mood import Mood, MoodState, to_timestamp
from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.pb.emoverse.v1.recommender_pb2_grpc import RecommenderServiceStub
from contracts.recommendation import Goal, Kind
from contracts.tasks import LIGHT_QUEUE
from servicekit.database import Database
from servicekit.errors import (
    ConflictError,
    EmoVerseError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from servicekit.grpc_status import error_from
from servicekit.pubsub import open_redis, subscribe
from services.recommender import people_store, tasks
from services.recommender.schema import ShownRow
from services.recommender.task_journal import TaskJournal
from tests.recommender.conftest import OpenService
from tests.recommender.support import DEADLINE_S, NOON, Clock, mood


async def failure(call: Any) -> EmoVerseError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return error_from(caught.value, "the recommender")


async def recommend(stub: RecommenderServiceStub, **fields: Any) -> pb.RecommendResponse:
    given: dict[str, Any] = {"user_id": "ada", "kind": "music", **fields}
    request = pb.RecommendRequest(**given)
    return await stub.Recommend(request, timeout=DEADLINE_S)  # pyright: ignore[reportGeneralTypeIssues]  (awaitable on an asyncio channel)


def feedback(item: str, **fields: Any) -> pb.GiveFeedbackRequest:
    given: dict[str, Any] = {"user_id": "ada", "item_id": item, "action": "like", "idempotency_key": "1", **fields}
    return pb.GiveFeedbackRequest(**given)


def event(
    state: MoodState,
    reason: EventReason = EventReason.CHANGE,
    user_id: str = "ada",
    n: int = 0,
    session_id: str = "s",
) -> MoodEvent:
    return MoodEvent(
        event_id=f"{user_id}-{state}-{reason}-{n}",
        user_id=user_id,
        session_id=session_id,
        mood=mood(state),
        reason=reason,
        at=NOON,
    )


@pytest.mark.parametrize("kind", list(Kind))
async def test_each_kind_is_recommended_with_reasons_to_somebody_unknown(stub: RecommenderServiceStub, kind: Kind):
    response = await recommend(stub, user_id="nobody-yet", kind=kind)
    assert len({pick.item.id for pick in response.picks}) == 10
    assert all(pick.item.kind == kind and pick.item.title and pick.reasons for pick in response.picks)
    assert not response.HasField("mood")
    assert response.goal == Goal.MATCH


async def test_the_mood_asked_for_decides(stub: RecommenderServiceStub):
    response = await recommend(stub, mood=MoodState.SAD.to_proto(), count=5)
    assert (response.goal, len(response.picks)) == (Goal.LIFT, 5)
    assert MoodState.from_proto(response.mood.state) is MoodState.SAD
    matching = await recommend(stub, mood=MoodState.SAD.to_proto(), goal="match")
    assert min(pick.item.valence for pick in response.picks) > max(pick.item.valence for pick in matching.picks)


async def test_without_one_the_latest_mood_in_redis_decides(stub: RecommenderServiceStub, redis_url: str):
    async with open_redis(redis_url) as redis:
        await redis.set(mood_key("ada"), event(MoodState.ANGRY).model_dump_json())
        assert (await recommend(stub)).goal == Goal.CALM
        await redis.set(mood_key("ada"), "not a mood")
        assert not (await recommend(stub)).HasField("mood")


async def test_it_answers_while_redis_is_away(open_recommender: OpenService):
    async with open_recommender(redis_url="redis://127.0.0.1:1/0") as stub:
        response = await recommend(stub)
        assert len(response.picks) == 10
        reply = await stub.GiveFeedback(feedback(response.picks[0].item.id), timeout=DEADLINE_S)  # pyright: ignore[reportGeneralTypeIssues]
        assert reply.duplicate is False
        text = pb.AddReviewRequest(user_id="ada", item_id=response.picks[0].item.id, text="Fine.", idempotency_key="1")
        assert (await stub.AddReview(text, timeout=DEADLINE_S)).duplicate is False  # pyright: ignore[reportGeneralTypeIssues]


@pytest.mark.parametrize(
    ("fields", "code", "hint"),
    [
        ({"kind": "opera"}, "unknown_choice", "music"),
        ({"kind": "opera"}, "unknown_choice", "all"),
        ({"goal": "journey", "destination": "match"}, "unknown_choice", "calm"),
        ({"goal": "lift", "destination": "calm"}, "no_journey", "journey"),
        ({"kind": ""}, "unknown_choice", "music"),
        ({"goal": "win"}, "unknown_choice", "lift"),
        ({"mood": 77}, "unknown_choice", "happy"),
        ({"count": 101}, "invalid_count", "100"),
        ({"count": 10**9}, "invalid_count", "100"),
        ({"count": 2**32 - 1}, "invalid_count", "100"),
        ({"user_id": ""}, "invalid_user", "64"),
        ({"user_id": "ada\n"}, "invalid_user", "64"),
        ({"user_id": "x" * 65}, "invalid_user", "64"),
        ({"exclude": ["x"] * 1001}, "invalid_exclude", "1000"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused_with_advice(
    stub: RecommenderServiceStub, fields: dict[str, Any], code: str, hint: str
):
    error = await failure(recommend(stub, **fields))
    assert isinstance(error, InvalidInputError)
    assert error.code == code
    assert hint in error.advice
    assert (await recommend(stub)).picks


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"action": "shrug"}, "unknown_choice"),
        ({"idempotency_key": ""}, "invalid_idempotency_key"),
        ({"idempotency_key": "x" * 129}, "invalid_idempotency_key"),
        ({"user_id": "../ada"}, "invalid_user"),
        ({"item_id": ""}, "invalid_item"),
        ({"occurred_at": to_timestamp(NOON + timedelta(hours=1))}, "moment_in_the_future"),
    ],
)
async def test_feedback_that_makes_no_sense_is_refused(stub: RecommenderServiceStub, fields: dict[str, Any], code: str):
    error = await failure(stub.GiveFeedback(feedback("music:any", **fields), timeout=DEADLINE_S))
    assert isinstance(error, InvalidInputError)
    assert (error.code, bool(error.advice)) == (code, True)


async def pages(stub: RecommenderServiceStub, number: int, **fields: Any) -> list[list[str]]:
    """The ids on the first pages."""
    found: list[list[str]] = []
    token = ""
    for _ in range(number):
        response = await recommend(stub, page_token=token, **fields)
        found.append([pick.item.id for pick in response.picks])
        token = response.next_page_token
    return found


@pytest.mark.parametrize("kind", ["music", "all"])
async def test_pages_go_on_without_repeats_as_one_long_list_would(stub: RecommenderServiceStub, kind: str):
    sought: dict[str, Any] = {"kind": kind, "mood": MoodState.HAPPY.to_proto(), "goal": "lift"}
    first, second, third = await pages(stub, 3, count=8, **sought)
    assert first + second + third == [pick.item.id for pick in (await recommend(stub, count=24, **sought)).picks]
    assert len({*first, *second, *third}) == 24


async def test_a_page_keeps_the_order_of_the_first_whatever_is_told_meanwhile(
    stub: RecommenderServiceStub, redis_url: str, clock: Clock
):
    async with open_redis(redis_url) as redis:
        await redis.set(mood_key("ada"), event(MoodState.HAPPY).model_dump_json())
        long = [pick.item.id for pick in (await recommend(stub, count=20)).picks]
        first = await recommend(stub, count=10)
        clock.pass_time(seconds=5)
        for item_id, action in ((long[0], "like"), (long[12], "dislike")):
            await stub.GiveFeedback(feedback(item_id, action=action, idempotency_key=item_id), timeout=DEADLINE_S)  # pyright: ignore[reportGeneralTypeIssues]
        await redis.set(mood_key("ada"), event(MoodState.ANGRY).model_dump_json())
        clock.pass_time(minutes=20)
        second = await recommend(stub, count=10, page_token=first.next_page_token)
    assert [pick.item.id for pick in second.picks] == [each for each in long[10:] if each != long[12]]
    assert MoodState.from_proto(second.mood.state) is MoodState.HAPPY


async def test_the_last_page_says_so(stub: RecommenderServiceStub):
    response, total = await recommend(stub, kind="wellbeing", count=100), 0
    while response.picks:
        total += len(response.picks)
        if not response.next_page_token:
            break
        response = await recommend(stub, kind="wellbeing", count=100, page_token=response.next_page_token)
    assert total > 50
    assert not response.next_page_token


async def test_a_page_of_another_request_or_of_long_ago_is_refused(stub: RecommenderServiceStub, clock: Clock):
    token = (await recommend(stub)).next_page_token
    for fields in ({"kind": "movie"}, {"goal": "calm"}, {"user_id": "grace"}, {"exclude": ["music:any"]}):
        assert (await failure(recommend(stub, page_token=token, **fields))).code == "invalid_page"
    for nonsense in ("x", "e30=", "\x00", "A" * 5000):
        assert (await failure(recommend(stub, page_token=nonsense))).code == "invalid_page"
    clock.pass_time(hours=2)
    assert (await failure(recommend(stub, page_token=token))).code == "page_expired"


async def test_a_mixed_list_has_every_kind(stub: RecommenderServiceStub):
    response = await recommend(stub, kind="all", count=2 * len(Kind))
    assert {pick.item.kind for pick in response.picks} == set(Kind)
    assert len({pick.item.id for pick in response.picks}) == 2 * len(Kind)
    assert all(pick.reasons for pick in response.picks)


@pytest.mark.parametrize(
    ("kind", "goal", "is_known"), [("music", "match", True), ("all", "match", False), ("music", "journey", False)]
)
async def test_propensity_is_told_where_it_is_that_of_the_list(
    stub: RecommenderServiceStub, kind: str, goal: str, is_known: bool
):
    response = await recommend(stub, kind=kind, goal=goal)
    assert [pick.HasField("propensity") for pick in response.picks] == [is_known] * 10
    assert all(0 <= pick.propensity <= 1 for pick in response.picks)


@pytest.mark.parametrize("kind", ["music", "all"])
async def test_a_journey_leads_where_the_person_wants_to_be(stub: RecommenderServiceStub, kind: str):
    sad = MoodState.SAD.to_proto()
    response = await recommend(stub, kind=kind, goal="journey", destination="calm", mood=sad, count=12)
    places = [(pick.item.valence, pick.item.arousal) for pick in response.picks]
    assert places[0][0] < -0.2 < 0.2 < places[-1][0]
    assert response.goal == Goal.JOURNEY
    assert not response.next_page_token, "a journey is one list"


async def test_what_was_shown_is_kept_with_how_probable_it_was(stub: RecommenderServiceStub, database: Database):
    shown = {pick.item.id: pick.propensity for pick in (await recommend(stub)).picks}
    async with asyncio.timeout(DEADLINE_S):
        while (kept := await asyncio.to_thread(propensities, database)) != pytest.approx(shown):
            assert kept == {}, "all at once"


def propensities(database: Database) -> dict[str, float]:
    with database.reading() as connection:
        rows = connection.execute(select(ShownRow.item_id, ShownRow.propensity).where(ShownRow.user_id == "ada"))
        return {row.item_id: row.propensity for row in rows}


async def test_feedback_taken_by_another_recommender_counts_at_once(open_recommender: OpenService):
    async with open_recommender() as one, open_recommender() as another:
        disliked = (await recommend(one)).picks[0].item.id
        assert disliked == (await recommend(another)).picks[0].item.id
        await one.GiveFeedback(feedback(disliked, action="dislike"), timeout=DEADLINE_S)  # pyright: ignore[reportGeneralTypeIssues]
        assert disliked not in {pick.item.id for pick in (await recommend(another)).picks}


async def test_feedback_on_an_unknown_item_is_not_found(stub: RecommenderServiceStub):
    error = await failure(stub.GiveFeedback(feedback("music:nothing"), timeout=DEADLINE_S))
    assert isinstance(error, NotFoundError)


async def test_a_clock_that_is_a_little_ahead_does_no_harm(stub: RecommenderServiceStub):
    item_id = (await recommend(stub)).picks[0].item.id
    request = feedback(item_id, action="dislike", occurred_at=to_timestamp(NOON + timedelta(minutes=2)))
    assert (await stub.GiveFeedback(request, timeout=DEADLINE_S)).duplicate is False  # pyright: ignore[reportGeneralTypeIssues]
    assert item_id not in {pick.item.id for pick in (await recommend(stub)).picks}


async def test_a_repeated_key_is_a_duplicate_and_another_body_a_conflict(stub: RecommenderServiceStub):
    item_id = (await recommend(stub)).picks[0].item.id
    answers = [await stub.GiveFeedback(feedback(item_id), timeout=DEADLINE_S) for _ in range(2)]  # pyright: ignore[reportGeneralTypeIssues]
    assert [answer.duplicate for answer in answers] == [False, True]
    error = await failure(stub.GiveFeedback(feedback(item_id, action="dislike"), timeout=DEADLINE_S))
    assert isinstance(error, ConflictError)


@pytest.mark.parametrize("text", ["", " \n\t", "x" * 20_001, "nul\x00", "я" * 2**20], ids=lambda text: f"{len(text)}")
async def test_a_review_that_cannot_be_kept_is_refused(stub: RecommenderServiceStub, text: str):
    request = pb.AddReviewRequest(user_id="ada", item_id="movie:any", text=text, idempotency_key="1")
    error = await failure(stub.AddReview(request, timeout=DEADLINE_S))
    assert (error.code, "20,000" in error.advice) == ("invalid_review", True)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"action": "rate"}, "invalid_rating"),
        ({"action": "rate", "rating": 10.5}, "invalid_rating"),
        ({"action": "rate", "rating": float("nan")}, "invalid_rating"),
        ({"action": "like", "rating": 9.0}, "invalid_rating"),
        ({"action": "skip", "progress": -0.1}, "invalid_progress"),
        ({"action": "skip", "progress": float("nan")}, "invalid_progress"),
        ({"action": "like", "progress": 0.5}, "invalid_progress"),
    ],
)
async def test_a_number_that_makes_no_sense_with_an_action_is_refused(
    stub: RecommenderServiceStub, fields: dict[str, Any], code: str
):
    error = await failure(stub.GiveFeedback(feedback("movie:any", **fields), timeout=DEADLINE_S))
    assert (error.code, bool(error.advice)) == (code, True)


async def test_a_rating_and_a_late_skip_are_kept_with_their_numbers(stub: RecommenderServiceStub, database: Database):
    items = [pick.item.id for pick in (await recommend(stub)).picks]
    rated = feedback(items[0], action="rate", rating=7.5, idempotency_key="a")
    skipped = feedback(items[1], action="skip", progress=0.75, idempotency_key="b")
    for each in (rated, skipped):
        assert not (await stub.GiveFeedback(each, timeout=DEADLINE_S)).duplicate  # pyright: ignore[reportGeneralTypeIssues]
    with database.reading() as connection:
        kept = {each.item_id: (each.rating, each.progress) for each in people_store.opinions(connection, "ada", NOON)}
    assert kept == {items[0]: (7.5, None), items[1]: (None, 0.75)}


def correction(state: MoodState | None, key: str = "1", user_id: str = "ada") -> pb.CorrectMoodRequest:
    fields: dict[str, Any] = {"mood": state.to_proto()} if state else {}
    return pb.CorrectMoodRequest(user_id=user_id, idempotency_key=key, **fields)


async def test_a_corrected_mood_is_ranked_for_and_brings_a_fresh_list(stub: RecommenderServiceStub, redis_url: str):
    async with open_redis(redis_url) as redis:
        await redis.set(mood_key("ada"), event(MoodState.NEUTRAL).model_dump_json())
        audience = Audience(redis)
        answer = asyncio.ensure_future(audience.next())
        await subscribers(redis, RECOMMENDATIONS_CHANNEL, 1)
        word = correction(MoodState.SAD)
        answers = [await stub.CorrectMood(word, timeout=DEADLINE_S) for _ in range(2)]  # pyright: ignore[reportGeneralTypeIssues]
        assert [each.duplicate for each in answers] == [False, True]
        heard = await answer
        assert (heard.goal, heard.mood) == (Goal.LIFT, mood(MoodState.SAD))
        assert (await recommend(stub)).mood.state == MoodState.SAD.to_proto()
        error = await failure(stub.CorrectMood(correction(MoodState.ANGRY), timeout=DEADLINE_S))
        assert error.code == "idempotency_key_reused"
        await audience.close()


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (correction(None), "unknown_choice"),
        (correction(MoodState.UNCERTAIN), "unknown_choice"),
        (correction(MoodState.ABSENT), "unknown_choice"),
        (correction(MoodState.SAD, key=""), "invalid_idempotency_key"),
        (correction(MoodState.SAD, user_id="no body"), "invalid_user"),
    ],
)
async def test_a_word_that_names_no_emotion_or_person_is_refused(
    stub: RecommenderServiceStub, request_: pb.CorrectMoodRequest, code: str
):
    error = await failure(stub.CorrectMood(request_, timeout=DEADLINE_S))
    assert (error.code, bool(error.advice)) == (code, True)


@pytest.mark.parametrize("text", ["Великолепно!", "素晴らしい 🎬", "<script>alert(1)</script>", "x" * 20_000])
async def test_a_review_in_any_script_is_kept_and_sent_to_a_worker(
    stub: RecommenderServiceStub, database: Database, redis_url: str, text: str
):
    item_id = (await recommend(stub, kind="movie")).picks[0].item.id
    request = pb.AddReviewRequest(user_id="ada", item_id=item_id, text=text, idempotency_key="1")
    answers = [await stub.AddReview(request, timeout=DEADLINE_S) for _ in range(2)]  # pyright: ignore[reportGeneralTypeIssues]
    assert [answer.duplicate for answer in answers] == [False, True]
    async with open_redis(redis_url) as redis, asyncio.timeout(DEADLINE_S):
        while not await redis.llen(LIGHT_QUEUE):  # pyright: ignore[reportGeneralTypeIssues]
            pass
    assert await asyncio.to_thread(tasks.score_reviews, database) > 0


async def test_tasks_can_be_followed_and_wrong_questions_about_them_are_told(
    stub: RecommenderServiceStub, redis_url: str
):
    journal = TaskJournal(redis_url)
    await asyncio.to_thread(journal.queued, "one", "import", "heavy", "music songs.csv")
    await asyncio.to_thread(journal.progressed, "one", 3, 2**40)
    await asyncio.to_thread(journal.close)
    list_tasks: Any = stub.ListTasks  # its types know no asyncio channel
    (task,) = (await list_tasks(pb.ListTasksRequest(), timeout=DEADLINE_S)).tasks
    assert (task.id, task.state, task.done, task.total) == ("one", "running", 3, 2**40)
    assert task.HasField("queued_at")
    assert not task.HasField("ended_at")
    assert list((await list_tasks(pb.ListTasksRequest(state="failed"), timeout=DEADLINE_S)).tasks) == []
    too_many, unknown = pb.ListTasksRequest(count=1001), pb.ListTasksRequest(state="lazy")
    assert (await failure(list_tasks(too_many, timeout=DEADLINE_S))).code == "invalid_count"
    assert (await failure(list_tasks(unknown, timeout=DEADLINE_S))).code == "unknown_choice"


async def test_items_say_how_they_feel_and_what_that_rests_on(stub: RecommenderServiceStub):
    response = await recommend(stub, kind=Kind.MOVIE, count=5)
    for pick in response.picks:
        assert set(pick.item.emotions) == set(EMOTIONS)
        assert set(pick.item.sources) == {"valence", "arousal", "emotions"}
        assert all(0 <= value <= 1 for value in pick.item.emotions.values())
        assert all(pick.item.sources.values())


async def test_the_clusters_of_the_latest_computation(stub: RecommenderServiceStub, database: Database):
    get_clusters: Any = stub.GetClusters  # its types know no asyncio channel
    empty = await get_clusters(pb.GetClustersRequest(), timeout=DEADLINE_S)
    assert (list(empty.clusters), empty.HasField("computed_at")) == ([], False)
    await asyncio.to_thread(tasks.recompute_clusters, database, 0)
    found = await get_clusters(pb.GetClustersRequest(with_picture=True), timeout=DEADLINE_S)
    assert len(found.clusters) >= 4
    assert found.picture_svg.count("<circle") > len(found.clusters)
    assert all(cluster.name and cluster.size and cluster.emotions and cluster.centre for cluster in found.clusters)
    assert found.HasField("computed_at")
    games = get_clusters(pb.GetClustersRequest(kind=Kind.GAME), timeout=DEADLINE_S)
    assert (await failure(games)).code == "not_clustered"


async def test_a_database_that_is_not_migrated_yet_is_waited_for(open_recommender: OpenService, tmp_path: Any):
    from services.recommender.migration import prepare_database  # noqa: PLC0415

    url = f"sqlite:///{tmp_path}/later.db"
    async with open_recommender(database_url=url, serving=False) as stub:
        error = await failure(recommend(stub))
        assert isinstance(error, UnavailableError)
        assert (error.code, "migrate" in error.advice) == ("database_not_migrated", True)
        await asyncio.to_thread(prepare_database, url)
        for attempt in stamina.retry_context(on=grpc.aio.AioRpcError, attempts=None, timeout=DEADLINE_S, wait_max=0.1):
            with attempt:
                assert (await recommend(stub)).picks


class Audience:
    """Hears what is published for people."""

    def __init__(self, redis: Redis) -> None:
        self._events = subscribe(redis, RECOMMENDATIONS_CHANNEL, RecommendationsEvent)

    async def next(self) -> RecommendationsEvent:
        async with asyncio.timeout(DEADLINE_S):
            return await anext(self._events)

    async def close(self) -> None:
        await self._events.aclose()


async def subscribers(redis: Redis, channel: str, count: int) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while dict(await redis.pubsub_numsub(channel)).get(channel) != count:
            pass


async def publish(redis: Redis, *events: MoodEvent) -> None:
    for each in events:
        await redis.publish(MOODS_CHANNEL, each.model_dump_json())


async def test_a_change_of_mood_brings_fresh_picks_of_every_kind(stub: RecommenderServiceStub, redis_url: str):
    async with open_redis(redis_url) as redis:
        audience = Audience(redis)
        answer = asyncio.ensure_future(audience.next())
        await subscribers(redis, RECOMMENDATIONS_CHANNEL, 1)
        await subscribers(redis, MOODS_CHANNEL, 1)
        await publish(redis, event(MoodState.ANGRY))
        heard = await answer
        assert (heard.user_id, heard.goal, isinstance(heard.mood, Mood)) == ("ada", Goal.CALM, True)
        assert {kind: len(picks) for kind, picks in heard.picks.items()} == dict.fromkeys(Kind, 10)
        await audience.close()


async def test_a_heartbeat_is_answered_only_for_somebody_not_heard_of(stub: RecommenderServiceStub, redis_url: str):
    async with open_redis(redis_url) as redis:
        audience = Audience(redis)
        first = asyncio.ensure_future(audience.next())
        await subscribers(redis, RECOMMENDATIONS_CHANNEL, 1)
        await subscribers(redis, MOODS_CHANNEL, 1)
        await publish(redis, event(MoodState.HAPPY, EventReason.HEARTBEAT, n=1))
        assert (await first).mood == mood(MoodState.HAPPY)
        await publish(redis, event(MoodState.HAPPY, EventReason.HEARTBEAT, n=2), event(MoodState.HAPPY, user_id="bo"))
        assert (await audience.next()).user_id == "bo"
        await audience.close()


async def test_two_recommenders_never_answer_an_event_twice(open_recommender: OpenService, redis_url: str):
    people = [f"person-{n}" for n in range(20)]
    async with open_recommender(), open_recommender(), open_redis(redis_url) as redis:
        audience = Audience(redis)
        first = asyncio.ensure_future(audience.next())
        await subscribers(redis, RECOMMENDATIONS_CHANNEL, 1)
        await subscribers(redis, MOODS_CHANNEL, 2)
        await publish(redis, *(event(MoodState.HAPPY, user_id=person) for person in people))
        heard = [(await first).user_id] + [(await audience.next()).user_id for _ in people[1:]]
        await publish(redis, event(MoodState.HAPPY, user_id="last"))
        heard.append((await audience.next()).user_id)
        assert sorted(heard) == sorted([*people, "last"])
        await audience.close()


async def test_a_journey_is_planned_anew_when_the_mood_changes_until_something_else_is_asked_for(
    stub: RecommenderServiceStub, redis_url: str
):
    async with open_redis(redis_url) as redis:
        audience = Audience(redis)
        answer = asyncio.ensure_future(audience.next())
        await subscribers(redis, RECOMMENDATIONS_CHANNEL, 1)
        await subscribers(redis, MOODS_CHANNEL, 1)
        await recommend(stub, goal="journey", destination="focus", mood=MoodState.SAD.to_proto())
        await publish(redis, event(MoodState.ANGRY))
        heard = await answer
        assert heard.goal is Goal.JOURNEY
        arousal = [pick.item.arousal for pick in heard.picks[Kind.MUSIC]]
        assert arousal[0] > max(0.3, arousal[-1] + 0.3), "from anger to focus"
        await recommend(stub, goal="calm")
        await publish(redis, event(MoodState.SAD))
        assert (await audience.next()).goal is Goal.LIFT
        await audience.close()


async def test_feedback_brings_a_fresh_list_without_what_was_disliked(stub: RecommenderServiceStub, redis_url: str):
    async with open_redis(redis_url) as redis:
        await redis.set(mood_key("ada"), event(MoodState.HAPPY).model_dump_json())
        audience = Audience(redis)
        answer = asyncio.ensure_future(audience.next())
        await subscribers(redis, RECOMMENDATIONS_CHANNEL, 1)
        disliked = (await recommend(stub)).picks[0].item.id
        await stub.GiveFeedback(feedback(disliked, action="dislike"), timeout=DEADLINE_S)  # pyright: ignore[reportGeneralTypeIssues]
        heard = await answer
        assert heard.mood == mood(MoodState.HAPPY)
        assert disliked not in {pick.item.id for pick in heard.picks[Kind.MUSIC]}
        await stub.GiveFeedback(feedback(disliked, action="dislike"), timeout=DEADLINE_S)  # pyright: ignore[reportGeneralTypeIssues]
        await stub.GiveFeedback(feedback(disliked, user_id="bo"), timeout=DEADLINE_S)  # pyright: ignore[reportGeneralTypeIssues]
        assert (await audience.next()).user_id == "bo", "a duplicate publishes nothing"
        await audience.close()
