"""What stands in for the rest of the system: a recommender behind real gRPC, and the events of other services."""

import json
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import grpc
import httpx
import stamina
from fastapi import FastAPI
from redis.asyncio import Redis

from contracts.events import (
    MOODS_CHANNEL,
    RECOMMENDATIONS_CHANNEL,
    STOPS_CHANNEL,
    EventReason,
    MoodEvent,
    RecommendationsEvent,
    mood_key,
)
from contracts.mood import Mood, MoodState, to_timestamp
from contracts.pb.emoverse.v1 import mood_pb2
from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.pb.emoverse.v1 import recommender_pb2_grpc as pb_grpc
from contracts.recommendation import EVERY_KIND, Goal, Item, Kind, Pick
from servicekit.errors import InvalidInputError, NotFoundError, TooLargeError
from servicekit.grpc_server import create_server, serving
from servicekit.grpc_status import errors_as_statuses
from services.gateway.recommender import SERVICE_NAME

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
HAPPY = Mood(
    state=MoodState.HAPPY,
    probabilities=[0.0, 0.0, 0.0, 0.75, 0.0, 0.125, 0.125],
    valence=0.5,
    arousal=0.25,
    confidence=0.75,
    since=AT,
)
WHY = pb.Reason(code="feels", about={"pleasantness": "warm", "energy": "calm", "purpose": ""})
KNOWN_ITEMS = 3
"""The stand-in's catalogue has this many items of each kind, numbered from 0, the best first."""

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass
class FakeRecommender(pb_grpc.RecommenderServiceServicer):
    """Answers from memory, as the recommender's interface promises, and fails when told to."""

    error: Exception | None = None
    goal: str = Goal.MATCH
    next_page_token: str = ""
    requests: list[pb.RecommendRequest] = field(default_factory=list)
    accepted: dict[str, object] = field(default_factory=dict)
    words: dict[tuple[str, str, str], str] = field(default_factory=dict[tuple[str, str, str], str])
    """By whom, group and value."""
    tasks: list[pb.Task] = field(default_factory=list)
    coming: dict[str, bytes] = field(default_factory=dict)
    """Files that are being sent, as far as they have come."""
    files: dict[str, bytes] = field(default_factory=dict)
    given_up: list[str] = field(default_factory=list)
    max_file_bytes: int = 2**20

    async def Recommend(self, request: pb.RecommendRequest, context: Context) -> pb.RecommendResponse:
        async with errors_as_statuses(context):
            self.requests.append(request)
            self._fail_if_told()
        kind = Kind.MUSIC if request.kind == EVERY_KIND else request.kind
        ids = (f"{kind}:{number}" for number in range(KNOWN_ITEMS))
        picks = [pick_message(item_id) for item_id in ids if item_id not in request.exclude]
        goal, token = request.goal or self.goal, self.next_page_token
        response = pb.RecommendResponse(picks=picks[: request.count or None], goal=goal, next_page_token=token)
        if request.mood:
            response.mood.CopyFrom(mood_pb2.Mood(state=request.mood, since=to_timestamp(AT)))
        return response

    async def GiveFeedback(self, request: pb.GiveFeedbackRequest, context: Context) -> pb.GiveFeedbackResponse:
        return pb.GiveFeedbackResponse(duplicate=await self._accept(request, context))

    async def ListFeedback(self, request: pb.ListFeedbackRequest, context: Context) -> pb.ListFeedbackResponse:
        given = [each for each in self.accepted.values() if isinstance(each, pb.GiveFeedbackRequest)]
        mine = [each for each in given if each.user_id == request.user_id]
        wanted = [each for each in reversed(mine) if not request.actions or each.action in request.actions]
        return pb.ListFeedbackResponse(said=map(said_message, wanted[: request.count]))

    async def UndoFeedback(self, request: pb.UndoFeedbackRequest, context: Context) -> pb.UndoFeedbackResponse:
        return pb.UndoFeedbackResponse(undone=self.accepted.pop(request.idempotency_key, None) is not None)

    async def GetTaste(self, request: pb.GetTasteRequest, context: Context) -> pb.GetTasteResponse:
        given = [each for each in self.accepted.values() if isinstance(each, pb.GiveFeedbackRequest)]
        word = self.words.get((request.user_id, "genre", "jazz"))
        belief = pb.Belief(group="genre", value="jazz", liking=0.25, because=map(said_message, given), word=word)
        return pb.GetTasteResponse(beliefs=[belief] if given or word else [], learned_from=len(given))

    async def CorrectTaste(self, request: pb.CorrectTasteRequest, context: Context) -> pb.CorrectTasteResponse:
        key = request.user_id, request.group, request.value
        if request.word:
            self.words[key] = request.word
        else:
            self.words.pop(key, None)
        return pb.CorrectTasteResponse(changed=True)

    async def CorrectMood(self, request: pb.CorrectMoodRequest, context: Context) -> pb.CorrectMoodResponse:
        async with errors_as_statuses(context):
            self._fail_if_told()
        return pb.CorrectMoodResponse(duplicate=self._keep(request))

    async def AddReview(self, request: pb.AddReviewRequest, context: Context) -> pb.AddReviewResponse:
        return pb.AddReviewResponse(duplicate=await self._accept(request, context))

    async def GetClusters(self, request: pb.GetClustersRequest, context: Context) -> pb.GetClustersResponse:
        async with errors_as_statuses(context):
            self._fail_if_told()
            if request.kind != Kind.MUSIC:
                raise NotFoundError(f"There are no clusters of {request.kind}.", "Ask for music.")
        cluster = pb.Cluster(name="calm and bright", valence=0.5, arousal=0.0, size=12, emotions=["happy"])
        considered = [pb.ConsideredCount(count=4, silhouette=0.5, stability=0.0)]
        return pb.GetClustersResponse(
            clusters=[cluster],
            computed_at=to_timestamp(AT),
            version=2**40,
            silhouette=0.5,
            considered=considered,
            explained_variance=[0.75],
            picture_svg="<svg/>" if request.with_picture else "",
        )

    async def ExportPerson(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, request: pb.ExportPersonRequest, context: Context
    ) -> None:
        async with errors_as_statuses(context):
            self._fail_if_told()
            await context.write(pb.ExportPersonResponse(json="{}"))

    async def ForgetPerson(self, request: pb.ForgetPersonRequest, context: Context) -> pb.ForgetPersonResponse:
        async with errors_as_statuses(context):
            self._fail_if_told()
        return pb.ForgetPersonResponse()

    async def ListTasks(self, request: pb.ListTasksRequest, context: Context) -> pb.ListTasksResponse:
        tasks = [each for each in self.tasks if request.state in ("", each.state)]
        return pb.ListTasksResponse(tasks=tasks[: request.count])

    async def ListWorkers(self, request: pb.ListWorkersRequest, context: Context) -> pb.ListWorkersResponse:
        return pb.ListWorkersResponse(workers=[pb.Worker(name="celery@here", queues=["emoverse.light"], running=1)])

    async def Recompute(self, request: pb.RecomputeRequest, context: Context) -> pb.SentTask:
        return self._send(request.idempotency_key, "emoverse.recompute_clusters")

    async def ImportFile(self, request: pb.ImportFileRequest, context: Context) -> pb.SentTask:
        async with errors_as_statuses(context):
            if ".." in request.file:
                raise InvalidInputError("It lies elsewhere.", "Name a file.", code="not_in_import_folder")
        return self._send(request.idempotency_key, "emoverse.import_catalogue")

    async def UploadImport(self, request_iterator: Any, context: Context) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        name = ""
        try:
            async with errors_as_statuses(context):
                async for request in request_iterator:
                    name = name or request.start.file
                    content = self.coming[name] = self.coming.get(name, b"") + request.chunk
                    if len(content) > self.max_file_bytes:
                        raise TooLargeError("It is too large.", "Send less.", code="file_too_large")
                    if request.HasField("end"):
                        self.files[name] = content
                    await context.write(pb.UploadImportResponse(size_bytes=len(content)))
        finally:
            del self.coming[name]
            if name not in self.files:
                self.given_up.append(name)

    def _send(self, key: str, name: str) -> pb.SentTask:
        duplicate = any(task.id == key for task in self.tasks)
        if not duplicate:
            self.tasks.insert(0, pb.Task(id=key, name=name, state="queued", queued_at=to_timestamp(AT)))
        return pb.SentTask(task_id=key, duplicate=duplicate)

    async def _accept(self, request: pb.GiveFeedbackRequest | pb.AddReviewRequest, context: Context) -> bool:
        async with errors_as_statuses(context):
            self._fail_if_told()
            if request.item_id not in {f"{kind}:{number}" for kind in Kind for number in range(KNOWN_ITEMS)}:
                raise NotFoundError(f"There is no item {request.item_id}.", "Take an id from a recommendation.")
        return self._keep(request)

    def _keep(self, request: pb.GiveFeedbackRequest | pb.AddReviewRequest | pb.CorrectMoodRequest) -> bool:
        duplicate = request.idempotency_key in self.accepted
        self.accepted.setdefault(request.idempotency_key, request)
        return duplicate

    def _fail_if_told(self) -> None:
        if self.error:
            raise self.error


def pick_message(item_id: str) -> pb.Pick:
    item = pb.Item(id=item_id, kind=item_id.partition(":")[0], title=f"Title of {item_id}", year=1999, valence=0.5)
    item.external_ids["imdb"] = "tt0000001"
    return pb.Pick(item=item, score=0.75, reasons=["It fits."], why=[WHY])


def said_message(feedback: pb.GiveFeedbackRequest) -> pb.SaidOfItem:
    item, key = pick_message(feedback.item_id).item, feedback.idempotency_key
    return pb.SaidOfItem(item=item, action=feedback.action, occurred_at=to_timestamp(AT), idempotency_key=key)


@asynccontextmanager
async def running(recommender: FakeRecommender, port: int = 0) -> AsyncGenerator[str]:
    """Serve the recommender; yields its address."""
    server, health = await create_server(SERVICE_NAME)
    pb_grpc.add_RecommenderServiceServicer_to_server(recommender, server)
    await health.set_serving(True)
    async with serving(server, f"127.0.0.1:{port}", "RECOMMENDER_PORT") as bound:
        yield f"127.0.0.1:{bound}"


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """Talk to the app in this process, its lifespan open."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        yield client


def mood_event(
    user_id: str = "ada", state: MoodState = MoodState.HAPPY, *, event_id: str = "e1", at: datetime = AT
) -> MoodEvent:
    mood = HAPPY.model_copy(update={"state": state})
    return MoodEvent(event_id=event_id, user_id=user_id, session_id="s1", mood=mood, reason=EventReason.CHANGE, at=at)


def recommendations_event(user_id: str = "ada", *, event_id: str = "r1", padding: str = "") -> RecommendationsEvent:
    pick = Pick(item=Item(id="music:0", kind=Kind.MUSIC, title=f"Song{padding}"), score=1.0, reasons=["It fits."])
    return RecommendationsEvent(
        event_id=event_id, user_id=user_id, mood=HAPPY, goal=Goal.MATCH, picks={Kind.MUSIC: [pick]}, at=AT
    )


async def remember(redis: Redis, event: MoodEvent) -> None:
    """Keep the event as the latest mood, as the emotion service does."""
    await redis.set(mood_key(event.user_id), event.model_dump_json(), ex=60)


class ServerSentEvent(NamedTuple):
    """One event of a live channel, as a browser would see it."""

    event: str
    id: str
    data: dict[str, Any]


async def live_events(lines: AsyncIterable[str]) -> AsyncGenerator[ServerSentEvent]:
    """The events in a text/event-stream, comments left out."""
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield ServerSentEvent(fields["event"], fields["id"], json.loads(fields["data"]))
            fields = {}


@asynccontextmanager
async def listening(url: str, user_id: str = "ada") -> AsyncGenerator[AsyncGenerator[ServerSentEvent]]:
    """Open a live channel of a gateway; yields its events."""
    async with (
        httpx.AsyncClient(base_url=url, timeout=30) as client,
        client.stream("GET", f"/v1/users/{user_id}/live") as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        async with aclosing(live_events(response.aiter_lines())) as events:
            yield events


async def publish(redis: Redis, event: MoodEvent | RecommendationsEvent) -> None:
    """Publish the event, as the emotion service and the recommender do."""
    channel = MOODS_CHANNEL if isinstance(event, MoodEvent) else RECOMMENDATIONS_CHANNEL
    await redis.publish(channel, event.model_dump_json())


async def until_subscribed(redis: Redis) -> None:
    """Return once a gateway listens on every channel."""
    channels = (MOODS_CHANNEL, RECOMMENDATIONS_CHANNEL, STOPS_CHANNEL)
    async for attempt in stamina.retry_context(on=AssertionError, attempts=None, timeout=30, wait_max=0.1):
        with attempt:
            assert all(count for _, count in await redis.pubsub_numsub(*channels))
