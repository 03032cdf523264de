"""What stays away from a person's lists for good, and what for a while."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contracts.recommendation import TRAITS, FeedbackAction, Kind
from services.recommender.core.catalogue import Shelf
from services.recommender.core.opinions import Opinion, Verdict

MAX_SHOWN_SHARE: Final = 0.25
"""Of a shelf that may rest because it was shown, the newest first: more would leave only what does not fit the mood."""


@dataclass(frozen=True)
class RestPolicy:
    """How long an item stays away."""

    after_shown: timedelta
    after_skip: timedelta
    """Or after "not now"."""


def never_again(verdicts: Iterable[Verdict]) -> frozenset[str]:
    """The items a person has disliked and not liked or saved since."""
    return frozenset(verdict.item_id for verdict in verdicts if verdict.action is FeedbackAction.DISLIKE)


def resting(
    kind: Kind,
    shelf: Shelf,
    opinions: Iterable[Opinion],
    shown: Mapping[str, datetime],
    now: datetime,
    policy: RestPolicy,
) -> dict[str, datetime]:
    """The items of a shelf that stay away for now, and when the person last met each.

    Args:
        shown: when an item was last shown in an earlier sitting.
    """
    away = dict.fromkeys((FeedbackAction.SKIP, FeedbackAction.NOT_NOW), policy.after_skip)
    rests = {**away, FeedbackAction.FINISH: TRAITS[kind].finish_rest}
    met = {
        opinion.item_id: opinion.occurred_at
        for opinion in opinions
        if opinion.item_id in shelf.rows and now - opinion.occurred_at < rests.get(opinion.action, timedelta(0))
    }
    recent = [(at, item_id) for item_id, at in shown.items() if item_id in shelf.rows and now - at < policy.after_shown]
    newest = sorted(recent, reverse=True)[: int(len(shelf.ids) * MAX_SHOWN_SHARE)]
    return {item_id: at for at, item_id in newest} | met
