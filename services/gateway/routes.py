"""The REST interface: translates HTTP into calls of the adapters, and nothing else."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from redis.asyncio import Redis

from contracts.moment import Moment
from contracts.recommendation import TRAITS, ClusterReport, Kind
from servicekit.errors import NotFoundError
from services.gateway.access import ACCESS_PROBLEMS, OwnedId
from services.gateway.models import (
    Accepted,
    FeedbackRequest,
    IdempotencyHeader,
    IdempotencyKey,
    KindView,
    MoodCorrection,
    MoodNoteView,
    MoodView,
    Recommendations,
    ReviewRequest,
    SaidPage,
    SaidQuery,
    TasteCorrection,
    TasteView,
    UserMood,
    Wanted,
)
from services.gateway.mood_diary import MoodDiary
from services.gateway.moods import latest_mood
from services.gateway.problems import READ_PROBLEMS, WRITE_PROBLEMS, problem_responses
from services.gateway.recommender import RecommenderClient

router = APIRouter(prefix="/v1", responses=READ_PROBLEMS)


def _redis(request: Request) -> Redis:
    return request.app.state.redis


def _recommender(request: Request) -> RecommenderClient:
    return request.app.state.recommender


def _diary(request: Request) -> MoodDiary:
    return request.app.state.diary


DiaryDep = Annotated[MoodDiary, Depends(_diary)]
RedisDep = Annotated[Redis, Depends(_redis)]
RecommenderDep = Annotated[RecommenderClient, Depends(_recommender)]


@router.get(
    "/users/{user_id}/mood",
    operation_id="getMood",
    summary="A person's latest mood",
    tags=["mood"],
    responses=ACCESS_PROBLEMS | problem_responses(HTTPStatus.NOT_FOUND),
)
async def get_mood(user_id: OwnedId, redis: RedisDep) -> UserMood:
    """What was last seen of a person; 404 where nobody has been seen under that name lately."""
    return UserMood.of(await latest_mood(redis, user_id))


@router.get(
    "/users/{user_id}/moods",
    operation_id="getMoods",
    summary="A person's moods over a week",
    tags=["mood"],
    responses=ACCESS_PROBLEMS,
)
async def get_moods(
    user_id: OwnedId,
    diary: DiaryDep,
    since: Annotated[Moment | None, Query(description="Only what was seen from then on")] = None,
) -> list[MoodNoteView]:
    """One a minute while somebody was seen, the oldest first. Kept for a week, and for accounts alone."""
    return [MoodNoteView.model_validate(note._asdict()) for note in await diary.notes(user_id, since)]


@router.delete(
    "/users/{user_id}/moods",
    operation_id="forgetMoods",
    summary="Forget a person's moods",
    tags=["mood"],
    status_code=HTTPStatus.NO_CONTENT,
    responses=ACCESS_PROBLEMS,
)
async def forget_moods(user_id: OwnedId, diary: DiaryDep) -> None:
    """Those of the past; the next ones are kept again."""
    await diary.forget(user_id)


@router.get(
    "/users/{user_id}/recommendations",
    operation_id="getRecommendations",
    summary="Picks of one kind, or of all, for a person and a mood",
    tags=["recommendations"],
    responses=ACCESS_PROBLEMS,
)
async def get_recommendations(
    user_id: OwnedId, recommender: RecommenderDep, wanted: Annotated[Wanted, Query()]
) -> Recommendations:
    """The best items first, each with the reasons. A person never heard of gets good general picks.

    The goal `journey` gives a playlist that starts where the person is and walks to the destination. A page token lasts
    half an hour at least; the pages keep the order of the first, without repeats.
    """
    ranking = await recommender.recommend(user_id, wanted)
    return Recommendations(
        user_id=user_id,
        kind=wanted.kind,
        goal=ranking.goal,
        mood=MoodView.of(ranking.mood) if ranking.mood else None,
        picks=ranking.picks,
        next_page_token=ranking.next_page_token,
    )


_WRITE: dict[str, Any] = {
    "status_code": HTTPStatus.CREATED,
    "responses": WRITE_PROBLEMS | ACCESS_PROBLEMS,
    "tags": ["feedback"],
}


@router.post(
    "/users/{user_id}/feedback", operation_id="giveFeedback", summary="Say what a person did with an item", **_WRITE
)
async def give_feedback(
    user_id: OwnedId, feedback: FeedbackRequest, recommender: RecommenderDep, idempotency_key: IdempotencyHeader = None
) -> Accepted:
    """Committed to the database before this answers; the picks learn from it."""
    key = idempotency_key or uuid4().hex
    duplicate = await recommender.give_feedback(user_id, feedback, key)
    return Accepted(duplicate=duplicate, idempotency_key=key)


@router.get(
    "/users/{user_id}/feedback",
    operation_id="getFeedback",
    summary="What a person last said of items",
    tags=["feedback"],
    responses=ACCESS_PROBLEMS,
)
async def get_feedback(user_id: OwnedId, recommender: RecommenderDep, asked: Annotated[SaidQuery, Query()]) -> SaidPage:
    """One entry an item: the last like, dislike, save or rating; the newest first."""
    return await recommender.said(user_id, asked.action, asked.count, asked.page_token)


@router.delete(
    "/users/{user_id}/feedback/{idempotency_key}",
    operation_id="undoFeedback",
    summary="Take feedback back",
    tags=["feedback"],
    status_code=HTTPStatus.NO_CONTENT,
    responses=ACCESS_PROBLEMS | problem_responses(HTTPStatus.NOT_FOUND),
)
async def undo_feedback(
    user_id: OwnedId, recommender: RecommenderDep, idempotency_key: Annotated[IdempotencyKey, Path()]
) -> None:
    """As if it had never been given; the picks forget what they learned from it."""
    if not await recommender.undo_feedback(user_id, idempotency_key):
        raise NotFoundError("There is no such feedback.", "It may have been taken back already.", code="no_feedback")


@router.get(
    "/users/{user_id}/taste",
    operation_id="getTaste",
    summary="What is believed about a person's taste",
    tags=["feedback"],
    responses=ACCESS_PROBLEMS,
)
async def get_taste(user_id: OwnedId, recommender: RecommenderDep) -> TasteView:
    """Each belief names what it was learned from: taking that back, or saying something else of it, corrects it."""
    return await recommender.taste(user_id)


@router.put(
    "/users/{user_id}/taste/word",
    operation_id="correctTaste",
    summary="Ask for more or less of something",
    tags=["feedback"],
    responses=WRITE_PROBLEMS | ACCESS_PROBLEMS | problem_responses(HTTPStatus.NOT_FOUND),
)
async def correct_taste(user_id: OwnedId, said: TasteCorrection, recommender: RecommenderDep) -> TasteView:
    """Committed to the database before this answers, in place of what the person had said of it; the picks follow."""
    await recommender.correct_taste(user_id, said)
    return await recommender.taste(user_id)


@router.post(
    "/users/{user_id}/mood/correction", operation_id="correctMood", summary="Say which mood a person is in", **_WRITE
)
async def correct_mood(
    user_id: OwnedId, word: MoodCorrection, recommender: RecommenderDep, idempotency_key: IdempotencyHeader = None
) -> Accepted:
    """Committed to the database before this answers. It counts before what is detected, for half an hour or until
    something else is, and is remembered for when the same is detected again."""
    key = idempotency_key or uuid4().hex
    duplicate = await recommender.correct_mood(user_id, word.mood, key)
    return Accepted(duplicate=duplicate, idempotency_key=key)


@router.post("/users/{user_id}/reviews", operation_id="addReview", summary="Review an item", **_WRITE)
async def add_review(
    user_id: OwnedId, review: ReviewRequest, recommender: RecommenderDep, idempotency_key: IdempotencyHeader = None
) -> Accepted:
    """Committed to the database before this answers; what it feels is worked out soon after."""
    key = idempotency_key or uuid4().hex
    duplicate = await recommender.add_review(user_id, review.item_id, review.text, key)
    return Accepted(duplicate=duplicate, idempotency_key=key)


@router.get("/kinds", operation_id="getKinds", summary="What can be recommended", tags=["recommendations"])
async def get_kinds() -> list[KindView]:
    """Every kind of item in the order to show them, and what to call it."""
    return [KindView.of(kind, traits) for kind, traits in TRAITS.items()]


_CLUSTERS: dict[str, Any] = {"tags": ["recommendations"], "responses": problem_responses(HTTPStatus.NOT_FOUND)}


class SvgResponse(Response):
    """A picture."""

    media_type = "image/svg+xml"


@router.get("/clusters", operation_id="getSongClusters", summary="The song clusters", **_CLUSTERS)
@router.get("/clusters/{kind}", operation_id="getClusters", summary="The clusters of a kind", **_CLUSTERS)
async def get_clusters(recommender: RecommenderDep, kind: Kind = Kind.MUSIC) -> ClusterReport:
    """Items that sound alike, named by where their centre lies in valence and arousal, and how they were found."""
    return await recommender.clusters(kind)


@router.get(
    "/clusters/{kind}/picture",
    operation_id="getClusterPicture",
    summary="A picture of the clusters",
    response_class=SvgResponse,
    **_CLUSTERS,
)
async def get_cluster_picture(recommender: RecommenderDep, kind: Kind) -> SvgResponse:
    """The items in the plane of their first two principal components, coloured by cluster."""
    return SvgResponse(await recommender.picture_of_clusters(kind))
