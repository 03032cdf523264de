"""Turns our answers into gRPC messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contracts.mood import to_timestamp
from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.recommendation import ClusterReport
from services.recommender.lists import Beliefs, Chosen, Listing, Told
from services.recommender.task_journal import TaskReport


def recommend_response(listing: Listing) -> pb.RecommendResponse:
    """A list on the wire."""
    return pb.RecommendResponse(
        picks=map(_pick_message, listing.picks),
        mood=listing.mood.to_proto() if listing.mood else None,
        goal=listing.goal,
        next_page_token=listing.next_page,
    )


def _pick_message(chosen: Chosen) -> pb.Pick:
    ranked = chosen.ranked
    return pb.Pick(
        item=chosen.answer.message,
        score=ranked.score,
        reasons=[reason.text for reason in chosen.reasons],
        propensity=ranked.propensity,
        why=[pb.Reason(code=reason.typed.code, about=reason.typed.about) for reason in chosen.reasons],
    )


def said_response(told: Sequence[Told], count: int) -> pb.ListFeedbackResponse:
    """What was said of items on the wire."""
    following = str(told[-1].said.number) if len(told) == count else ""
    return pb.ListFeedbackResponse(said=map(_said_message, told), next_page_token=following)


def taste_response(beliefs: Beliefs) -> pb.GetTasteResponse:
    """A taste on the wire."""
    messages = [
        pb.Belief(
            group=belief.feature.group,
            value=belief.feature.value,
            liking=belief.liking,
            because=map(_said_message, because),
            word=belief.word,
        )
        for belief, because in beliefs.because.items()
    ]
    return pb.GetTasteResponse(beliefs=messages, learned_from=beliefs.learned_from)


def _said_message(told: Told) -> pb.SaidOfItem:
    said = told.said
    return pb.SaidOfItem(
        item=told.answer.message,
        action=said.action,
        occurred_at=to_timestamp(said.occurred_at),
        rating=said.rating,
        idempotency_key=said.idempotency_key,
    )


def task_message(report: TaskReport) -> pb.Task:
    """A task on the wire."""
    fields = report.model_dump(exclude_none=True)
    moments = {name: to_timestamp(value) for name, value in fields.items() if isinstance(value, datetime)}
    on_the_wire: dict[str, Any] = {**fields, **moments}
    return pb.Task(**on_the_wire)


def clusters_response(report: ClusterReport, picture_svg: str) -> pb.GetClustersResponse:
    """A computation of clusters on the wire."""
    fields = report.model_dump(exclude={"computed_at"})
    computed_at = to_timestamp(report.computed_at) if report.computed_at else None
    return pb.GetClustersResponse(**fields, computed_at=computed_at, picture_svg=picture_svg)
