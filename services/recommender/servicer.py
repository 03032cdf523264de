"""The gRPC edge: translates, delegates, and asks for what should follow."""

from dataclasses import replace
from typing import Any, Final, NamedTuple

import grpc
from pydantic_core import to_json

from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.recommendation import EVERY_KIND, Goal, Kind
from servicekit.database import Offloader
from servicekit.grpc_status import errors_as_statuses
from services.recommender import messages, wire
from services.recommender.core.corrections import mood_for
from services.recommender.core.picture import draw_clusters
from services.recommender.lists import Request
from services.recommender.moods import MoodReader, Seen
from services.recommender.operations import Operations
from services.recommender.operator_methods import OperatorMethods
from services.recommender.pages import parse_page
from services.recommender.publisher import Publisher
from services.recommender.recommender import Recommender
from services.recommender.scoring import ScoringRequester

Context = grpc.aio.ServicerContext[Any, Any]

PIECE_CHARACTERS: Final = 2**19
"""Of an export: at most 2 MiB, half of what gRPC takes as one message."""


class Threads(NamedTuple):
    """Where blocking calls run."""

    lists: Offloader
    others: Offloader


class RecommenderServicer(OperatorMethods):
    """Serves emoverse.v1.RecommenderService."""

    def __init__(
        self,
        recommender: Recommender,
        threads: Threads,
        moods: MoodReader,
        publisher: Publisher,
        scoring: ScoringRequester,
        operations: Operations,
        default_count: int,
    ) -> None:
        super().__init__(operations)
        self._recommender = recommender
        self._offload, self._making_lists = threads.others, threads.lists
        self._moods = moods
        self._publisher = publisher
        self._scoring = scoring
        self._default_count = default_count

    async def Recommend(self, request: pb.RecommendRequest, context: Context) -> pb.RecommendResponse:
        """Ranked items of one kind, or of all, with reasons."""
        async with errors_as_statuses(context):
            kind = None if request.kind == EVERY_KIND else wire.parse_kind(request.kind)
            asked = self._asked(request)
            seen = await self._moods.seen(asked.user_id)
            state = wire.parse_mood(request.mood)
            mood = mood_for(state, self._recommender.clock()) if state else seen.mood
            asked = replace(asked, mood=mood, has_chosen_mood=state is not None, version=seen.version)
            if kind:
                listing = await self._making_lists(self._recommender.recommend, asked, kind)
            else:
                listing = await self._making_lists(self._recommender.recommend_mixed, asked)
            await self._note_journey(asked, seen)
            return messages.recommend_response(listing)

    def _asked(self, request: pb.RecommendRequest) -> Request:
        goal = wire.parse_goal(request.goal)
        return Request(
            user_id=wire.parse_user(request.user_id),
            count=wire.parse_count(request.count, self._default_count),
            goal=goal,
            destination=wire.parse_destination(request.destination, goal),
            exclude=wire.parse_exclude(list(request.exclude)),
            page=parse_page(request.page_token),
        )

    async def _note_journey(self, asked: Request, seen: Seen) -> None:
        """Whoever asks for a journey is on it until they ask for something else."""
        if asked.goal is Goal.JOURNEY:
            if not seen.is_travelling or seen.destination != asked.destination:
                await self._moods.note_journey(asked.user_id, asked.destination)
        elif asked.goal and seen.is_travelling:
            await self._moods.end_journey(asked.user_id)

    async def GiveFeedback(self, request: pb.GiveFeedbackRequest, context: Context) -> pb.GiveFeedbackResponse:
        """Commits what a person did with an item; a fresh list is published soon after."""
        async with errors_as_statuses(context):
            feedback = wire.parse_feedback(request, self._recommender.clock())
            mood = await self._moods.latest(feedback.user_id)
            duplicate = await self._offload(self._recommender.give_feedback, feedback, mood)
            if not duplicate:
                await self._moods.note_change(feedback.user_id)
                self._publisher.ask(feedback.user_id)
            return pb.GiveFeedbackResponse(duplicate=duplicate)

    async def ListFeedback(self, request: pb.ListFeedbackRequest, context: Context) -> pb.ListFeedbackResponse:
        """What a person last said of items."""
        async with errors_as_statuses(context):
            user_id, actions = wire.parse_user(request.user_id), wire.parse_said(request)
            before = wire.parse_number(request.page_token)
            count = wire.parse_count(request.count, self._default_count)
            told = await self._offload(self._recommender.said, user_id, actions, before, count)
            return messages.said_response(told, count)

    async def UndoFeedback(self, request: pb.UndoFeedbackRequest, context: Context) -> pb.UndoFeedbackResponse:
        """Takes feedback back; a fresh list is published soon after."""
        async with errors_as_statuses(context):
            user_id, key = wire.parse_user(request.user_id), wire.parse_key(request.idempotency_key)
            undone = await self._offload(self._recommender.undo_feedback, user_id, key)
            if undone:
                await self._moods.note_change(user_id)
                self._publisher.ask(user_id)
            return pb.UndoFeedbackResponse(undone=undone)

    async def GetTaste(self, request: pb.GetTasteRequest, context: Context) -> pb.GetTasteResponse:
        """What is believed about a person's taste."""
        async with errors_as_statuses(context):
            user_id = wire.parse_user(request.user_id)
            return messages.taste_response(await self._offload(self._recommender.taste, user_id))

    async def CorrectTaste(self, request: pb.CorrectTasteRequest, context: Context) -> pb.CorrectTasteResponse:
        """Commits what a person says of a feature of items; a fresh list is published soon after."""
        async with errors_as_statuses(context):
            correction = wire.parse_taste_correction(request)
            changed = await self._offload(self._recommender.correct_taste, correction)
            if changed:
                await self._moods.note_change(correction.user_id)
                self._publisher.ask(correction.user_id)
            return pb.CorrectTasteResponse(changed=changed)

    async def CorrectMood(self, request: pb.CorrectMoodRequest, context: Context) -> pb.CorrectMoodResponse:
        """Commits what a person says of their mood; a fresh list is published soon after."""
        async with errors_as_statuses(context):
            word = wire.parse_correction(request)
            detected = await self._moods.latest(word.user_id)
            duplicate = await self._offload(self._recommender.correct_mood, word, detected)
            if not duplicate:
                await self._moods.note_change(word.user_id)
                self._publisher.ask(word.user_id)
            return pb.CorrectMoodResponse(duplicate=duplicate)

    async def AddReview(self, request: pb.AddReviewRequest, context: Context) -> pb.AddReviewResponse:
        """Commits what a person wrote about an item; a worker scores it soon after."""
        async with errors_as_statuses(context):
            review = wire.parse_review(request)
            duplicate = await self._offload(self._recommender.add_review, review)
            if not duplicate:
                self._scoring.ask()
            return pb.AddReviewResponse(duplicate=duplicate)

    async def GetClusters(self, request: pb.GetClustersRequest, context: Context) -> pb.GetClustersResponse:
        """The newest clusters of a kind, how they were found, and a picture where it is asked for."""
        async with errors_as_statuses(context):
            kind = wire.parse_choice(Kind, request.kind or Kind.MUSIC, "kind")
            report, plane = await self._offload(self._recommender.clusters, kind)
            picture = draw_clusters(report.clusters, plane) if request.with_picture else ""
            return messages.clusters_response(report, picture)

    async def ExportPerson(  # pyright: ignore[reportIncompatibleMethodOverride]  (the stubs know only generators)
        self, request: pb.ExportPersonRequest, context: Context
    ) -> None:
        """Everything that is kept of a person."""
        async with errors_as_statuses(context):
            kept = await self._offload(self._exported, wire.parse_user(request.user_id))
            for start in range(0, len(kept), PIECE_CHARACTERS):
                await context.write(pb.ExportPersonResponse(json=kept[start : start + PIECE_CHARACTERS]))

    def _exported(self, user_id: str) -> str:
        return to_json(self._recommender.export_person(user_id)).decode()

    async def ForgetPerson(self, request: pb.ForgetPersonRequest, context: Context) -> pb.ForgetPersonResponse:
        """Deletes everything that is kept of a person; every recommender forgets what it remembers of them."""
        async with errors_as_statuses(context):
            user_id = wire.parse_user(request.user_id)
            deleted = await self._offload(self._recommender.forget_person, user_id)
            await self._moods.note_change(user_id)
            return pb.ForgetPersonResponse(deleted=deleted)
