"""Says why an item was picked, from the true parts of its score."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from contracts.emotion import EMOTIONS, Affect, Emotion
from contracts.mood import Mood
from contracts.recommendation import TRAITS, FeedbackAction, Goal, Item
from services.recommender.core.affect import affect_words
from services.recommender.core.catalogue import Feature, Shelf
from services.recommender.core.goals import GOAL_TERMS, place_of
from services.recommender.core.ranking import Known, Ranked, Wish
from services.recommender.core.taste import Verdict
from services.recommender.core.weights import FIT, GOOD_FOR

MAX_REASONS: Final = 3
MIN_FIT: Final = 0.4 * FIT
MIN_GOOD_FOR: Final = 0.3 * GOOD_FOR
MIN_TASTE: Final = 0.03
NOTABLE_RATING: Final = 7.5
MIN_EXPLORE: Final = 0.1
FIRST_STEPS: Final = 1 / 3
LAST_STEPS: Final = 2 / 3
"""Of a journey."""

_VERBS: Final[Mapping[FeedbackAction, str]] = {
    FeedbackAction.LIKE: "liked",
    FeedbackAction.SAVE: "saved",
    FeedbackAction.FINISH: "finished",
    FeedbackAction.PLAY: "played",
    FeedbackAction.RATE: "rated well",
}
_PURPOSES: Final[Mapping[Goal, str]] = {
    Goal.MATCH: "like your mood",
    Goal.LIFT: "to lift you up",
    Goal.CALM: "to calm you down",
    Goal.FOCUS: "to help you focus",
}
_FEELINGS: Final[Mapping[Emotion, str]] = {
    Emotion.ANGRY: "angry",
    Emotion.DISGUST: "disgusted",
    Emotion.FEAR: "afraid",
    Emotion.HAPPY: "happy",
    Emotion.SAD: "sad",
    Emotion.SURPRISE: "surprised",
    Emotion.NEUTRAL: "neither up nor down",
}


def reasons(item: Item, ranked: Ranked, shelf: Shelf, known: Known, wish: Wish) -> list[str]:
    """At least one and at most `MAX_REASONS` sentences, what the person taught us first."""
    if ranked.recycled:
        return ["You have met this one before: nothing new is left."]
    taught = list(_taste(ranked, shelf, known, wish))
    # What the person taught us may already have said how the item feels.
    fit = [reason for reason in _fit(item, ranked, wish) if not any(said.startswith(_feel(item)) for said in taught)]
    found = [
        *taught,
        *fit,
        *_good_for(ranked, shelf, wish.mood),
        *_rating(item),
        *_serves(item, ranked, wish.goal_served),
    ]
    found += _explored(ranked)
    return found[:MAX_REASONS] or [_nearest_left(item, wish)]


def _taste(ranked: Ranked, shelf: Shelf, known: Known, wish: Wish) -> Iterator[str]:
    if ranked.parts["taste"] < MIN_TASTE:
        return
    weights, _ = known.taste.weights_in(place_of(wish.mood))
    columns, values = shelf.own_columns.of(ranked.row)
    column = int(columns[int(np.argmax(values * weights[columns]))])
    if evidence := known.taste.verdicts_on(column):
        feature = known.taste.vocabulary[column]
        yield f"{_named(feature)}, like {_met(evidence)}."


def _named(feature: Feature) -> str:
    if feature.group == "creator":
        return f"By {feature.value}"
    if feature.group == "cluster":
        return f"One of the {feature.value} songs"
    return _capitalised(feature.value)


def _met(evidence: list[Verdict]) -> str:
    newest = evidence[0]
    alike = sum((verdict.kind, verdict.action) == (newest.kind, newest.action) for verdict in evidence)
    return f"the {TRAITS[newest.kind].nouns[alike > 1]} you {_VERBS[newest.action]}"


def _fit(item: Item, ranked: Ranked, wish: Wish) -> Iterator[str]:
    if ranked.parts["fit"] < MIN_FIT:
        return
    words = _feel(item)
    knows_mood = wish.mood is not None and bool(wish.mood.probabilities)
    silent = wish.goal is Goal.MATCH and not knows_mood
    yield f"{words}." if silent else f"{words}, {_purpose(ranked, wish)}."


def _purpose(ranked: Ranked, wish: Wish) -> str:
    if ranked.progress is None or ranked.progress > LAST_STEPS:
        return _PURPOSES[wish.goal_served]
    return "close to where you are now" if ranked.progress < FIRST_STEPS else "a step on the way"


def _good_for(ranked: Ranked, shelf: Shelf, mood: Mood | None) -> Iterator[str]:
    if mood is None or ranked.parts["good_for"] < MIN_GOOD_FOR:
        return
    helped = shelf.good_for[ranked.row] * np.array(mood.probabilities)
    yield f"Good when you feel {_FEELINGS[EMOTIONS[int(np.argmax(helped))]]}."


def _rating(item: Item) -> Iterator[str]:
    if item.rating is not None and item.rating >= NOTABLE_RATING:
        yield f"{item.rating:.1f} on IMDb." if "imdb" in item.external_ids else f"Rated {item.rating:.1f} of 10."


def _serves(item: Item, ranked: Ranked, goal: Goal) -> Iterator[str]:
    if ranked.parts["serves"] > 0:
        term = next(term for term in [*item.tags, *item.genres] if term in GOAL_TERMS[goal])
        yield f"{_capitalised(term)}, {_PURPOSES[goal]}."


def _explored(ranked: Ranked) -> Iterator[str]:
    if ranked.parts["explore"] > max(MIN_EXPLORE, ranked.parts["taste"]):
        yield "Something you may not know you like: we are trying it out."


def _nearest_left(item: Item, wish: Wish) -> str:
    return f"{_feel(item)}: among what is left, it comes nearest to what we look for."


def _feel(item: Item) -> str:
    return _capitalised(affect_words(Affect(item.valence, item.arousal)))


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
