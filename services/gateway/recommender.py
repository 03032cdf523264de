"""The recommender service, as the gateway sees it: gRPC calls in, contract models out."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple, TypeVar

import grpc
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from pydantic import BaseModel, ValidationError

from contracts.emotion import Emotion
from contracts.mood import Mood, MoodState
from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.pb.emoverse.v1.recommender_pb2_grpc import RecommenderServiceStub
from contracts.recommendation import ClusterReport, FeedbackAction, Goal, Kind
from contracts.tasks import TaskState
from contracts.uploads import UPLOAD_TIMEOUT_S
from servicekit.errors import UnavailableError
from servicekit.grpc_channel import open_channel
from servicekit.grpc_status import Ending, error_from
from servicekit.probe import SERVING, health_of
from servicekit.tls import Tls
from servicekit.tracing import trace_metadata
from services.gateway.errors import IncompatibleAnswerError
from services.gateway.links import PickView
from services.gateway.models import FeedbackRequest, SaidPage, TasteCorrection, TasteView, Wanted
from services.gateway.operator_models import ImportRequest, SentTask, TaskView, UploadedFile, WorkerView

CALL_TIMEOUT_S: Final = 3.0
EXPORT_TIMEOUT_S: Final = 50.0
"""For reading and sending what somebody told in years."""
CHUNK_BYTES: Final = 2**18
"""Of a file that is sent: what comes over HTTP comes in smaller pieces, and each message waits for an answer."""
SERVICE_NAME: Final = pb.DESCRIPTOR.services_by_name["RecommenderService"].full_name

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT", bound=Message)
ModelT = TypeVar("ModelT", bound=BaseModel)


class Ranking(NamedTuple):
    """Picks, the best first, and what they were ranked for."""

    picks: list[PickView]
    mood: Mood | None
    goal: Goal
    next_page_token: str | None = None
    """Asks for what follows; None where nothing does."""


class RecommenderClient:
    """Asks the recommender; every call but an upload and an export ends within `CALL_TIMEOUT_S`.

    Every method raises the `EmoVerseError` that the recommender answered with, `UnavailableError` where it does not
    answer, and `IncompatibleAnswerError` where its answer is not understood.
    """

    def __init__(self, channel: grpc.aio.Channel, address: str) -> None:
        self._stub = RecommenderServiceStub(channel)
        self._channel = channel
        self._peer = f"the recommender at {address}"

    async def recommend(self, user_id: str, wanted: Wanted) -> Ranking:
        """The best items; without a mood or a goal, the recommender chooses."""
        request = pb.RecommendRequest(
            user_id=user_id,
            kind=wanted.kind,
            count=wanted.count,
            goal=wanted.goal or "",
            destination=wanted.destination or "",
            exclude=wanted.exclude,
            page_token=wanted.page_token,
        )
        if wanted.mood:
            request.mood = wanted.mood.to_proto()
        response = await self._call(self._stub.Recommend, request)
        picks = [self._parse(PickView, pick) for pick in response.picks]
        try:
            mood_used = Mood.from_proto(response.mood) if response.HasField("mood") else None
            return Ranking(picks, mood_used, Goal(response.goal), response.next_page_token or None)
        except ValueError as error:
            raise IncompatibleAnswerError(self._peer, error) from error

    async def give_feedback(self, user_id: str, feedback: FeedbackRequest, idempotency_key: str) -> bool:
        """Record what a person did with an item; true where this key was accepted before."""
        told = feedback.model_dump(exclude_none=True)
        request = pb.GiveFeedbackRequest(user_id=user_id, idempotency_key=idempotency_key, **told)
        return (await self._call(self._stub.GiveFeedback, request)).duplicate

    async def said(self, user_id: str, actions: Sequence[FeedbackAction], count: int, page_token: str) -> SaidPage:
        """What a person last said of items."""
        request = pb.ListFeedbackRequest(user_id=user_id, actions=actions, count=count, page_token=page_token)
        page = self._parse(SaidPage, await self._call(self._stub.ListFeedback, request))
        return page.model_copy(update={"next_page_token": page.next_page_token or None})

    async def undo_feedback(self, user_id: str, idempotency_key: str) -> bool:
        """Take feedback back; whether there was any."""
        request = pb.UndoFeedbackRequest(user_id=user_id, idempotency_key=idempotency_key)
        return (await self._call(self._stub.UndoFeedback, request)).undone

    async def taste(self, user_id: str) -> TasteView:
        """What is believed about a person's taste."""
        return self._parse(TasteView, await self._call(self._stub.GetTaste, pb.GetTasteRequest(user_id=user_id)))

    async def correct_taste(self, user_id: str, said: TasteCorrection) -> bool:
        """Record what a person says of something that items have in common; whether that changes anything."""
        request = pb.CorrectTasteRequest(user_id=user_id, group=said.group, value=said.value, word=said.word or "")
        return (await self._call(self._stub.CorrectTaste, request)).changed

    async def correct_mood(self, user_id: str, state: Emotion, idempotency_key: str) -> bool:
        """Record what a person says of their mood; true where this key was accepted before."""
        mood = MoodState(state).to_proto()
        request = pb.CorrectMoodRequest(user_id=user_id, mood=mood, idempotency_key=idempotency_key)
        return (await self._call(self._stub.CorrectMood, request)).duplicate

    async def add_review(self, user_id: str, item_id: str, text: str, idempotency_key: str) -> bool:
        """Record what a person wrote about an item; true where this key was accepted before."""
        request = pb.AddReviewRequest(user_id=user_id, item_id=item_id, text=text, idempotency_key=idempotency_key)
        return (await self._call(self._stub.AddReview, request)).duplicate

    async def export_person(self, user_id: str) -> dict[str, Any]:
        """Everything that is kept of a person, by what it is."""
        request = pb.ExportPersonRequest(user_id=user_id)
        pieces = self._stub.ExportPerson(request, timeout=EXPORT_TIMEOUT_S, metadata=trace_metadata())
        try:
            return json.loads("".join([piece.json async for piece in pieces]))
        except grpc.aio.AioRpcError as error:
            raise error_from(error, self._peer) from error

    async def forget_person(self, user_id: str) -> int:
        """Delete everything that is kept of a person; returns the number of records."""
        return (await self._call(self._stub.ForgetPerson, pb.ForgetPersonRequest(user_id=user_id))).deleted

    async def clusters(self, kind: Kind) -> ClusterReport:
        """The clusters of a kind, and how they were found."""
        return self._parse(ClusterReport, await self._call(self._stub.GetClusters, pb.GetClustersRequest(kind=kind)))

    async def picture_of_clusters(self, kind: Kind) -> str:
        """The same as an SVG."""
        request = pb.GetClustersRequest(kind=kind, with_picture=True)
        return (await self._call(self._stub.GetClusters, request)).picture_svg

    async def tasks(self, count: int, state: TaskState | None) -> list[TaskView]:
        """What became of the workers' tasks, the one sent last first."""
        response = await self._call(self._stub.ListTasks, pb.ListTasksRequest(count=count, state=state or ""))
        return [self._parse(TaskView, task) for task in response.tasks]

    async def workers(self) -> list[WorkerView]:
        """Those that answer."""
        response = await self._call(self._stub.ListWorkers, pb.ListWorkersRequest())
        return [self._parse(WorkerView, worker) for worker in response.workers]

    async def recompute(self, idempotency_key: str) -> SentTask:
        """Have the clusters found again."""
        request = pb.RecomputeRequest(idempotency_key=idempotency_key)
        return self._parse(SentTask, await self._call(self._stub.Recompute, request))

    async def import_file(self, order: ImportRequest, idempotency_key: str) -> SentTask:
        """Have a file imported."""
        request = pb.ImportFileRequest(**order.model_dump(), idempotency_key=idempotency_key)
        return self._parse(SentTask, await self._call(self._stub.ImportFile, request))

    async def upload(self, file: str, size_bytes: int, body: AsyncIterable[bytes]) -> UploadedFile:
        """Have a file put into the import folder, as it comes, within `UPLOAD_TIMEOUT_S`.

        Args:
            file: its name there.
            size_bytes: 0: not known yet.
            body: an error that it raises ends the upload, of which nothing is kept.
        """
        call = self._stub.UploadImport(timeout=UPLOAD_TIMEOUT_S, metadata=trace_metadata())
        ending = Ending(call)
        try:
            start = pb.UploadStart(file=file, size_bytes=size_bytes)
            await _exchange(call, pb.UploadImportRequest(start=start))
            async for chunk in _in_chunks(body):
                await _exchange(call, pb.UploadImportRequest(chunk=chunk))
            stored = await _exchange(call, pb.UploadImportRequest(end=pb.UploadEnd()))
            return UploadedFile(file=file, size_bytes=stored.size_bytes, duplicate=stored.duplicate)
        except (EOFError, asyncio.InvalidStateError, grpc.aio.AioRpcError) as error:
            if status := ending.error_behind(error):
                raise error_from(status, self._peer) from error
            raise IncompatibleAnswerError(self._peer, "the upload ended before the file did") from error
        finally:
            call.cancel()

    async def check(self) -> None:
        """Return if the recommender says that it can work.

        Raises:
            UnavailableError: it does not answer, or says that it cannot.
        """
        try:
            health = await health_of(self._channel, SERVICE_NAME)
        except grpc.aio.AioRpcError as error:
            raise self._unavailable(f"answered {error.code().name}: {error.details()}") from error
        if health != SERVING:
            raise self._unavailable(f"says {health}")

    def _unavailable(self, what: str) -> UnavailableError:
        return UnavailableError(
            f"{self._peer[:1].upper()}{self._peer[1:]} {what}.",
            "Check that it runs and that RECOMMENDER_ADDRESS points at it; its log says what it waits for.",
            code="recommender_unavailable",
        )

    async def _call(
        self, method: "grpc.aio.UnaryUnaryMultiCallable[RequestT, ResponseT]", request: RequestT
    ) -> ResponseT:
        try:
            return await method(request, timeout=CALL_TIMEOUT_S, metadata=trace_metadata())
        except grpc.aio.AioRpcError as error:
            raise error_from(error, self._peer) from error

    def _parse(self, model: type[ModelT], message: Message) -> ModelT:
        fields: dict[str, Any] = MessageToDict(
            message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        try:
            return model.model_validate(fields)
        except ValidationError as error:
            raise IncompatibleAnswerError(self._peer, error) from error


async def _exchange(call: Any, request: pb.UploadImportRequest) -> pb.UploadImportResponse:
    await call.write(request)
    answer = await call.read()
    if answer is grpc.aio.EOF:
        raise EOFError
    return answer


async def _in_chunks(body: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    held = bytearray()
    async for piece in body:
        held += piece
        while len(held) >= CHUNK_BYTES:
            yield bytes(held[:CHUNK_BYTES])
            del held[:CHUNK_BYTES]
    if held:
        yield bytes(held)


@asynccontextmanager
async def open_recommender(address: str, tls: Tls | None = None) -> AsyncGenerator[RecommenderClient]:
    """A client of the recommenders at HOST:PORT. Nothing is connected until the first call."""
    async with open_channel(address, tls=tls) as channel:
        yield RecommenderClient(channel, address)
