"""Says why an item was picked, from the true parts of its score."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from contracts.emotion import EMOTIONS, Affect, Emotion
from contracts.mood import Mood
from contracts.recommendation import TRAITS, FeedbackAction, Goal, Item, Reason, ReasonCode, TasteWord
from services.recommender.core.affect import affect_words, arousal_word, valence_word
from services.recommender.core.catalogue import Feature, Shelf
from services.recommender.core.goals import GOAL_TERMS, place_of
from services.recommender.core.opinions import Verdict
from services.recommender.core.ranking import Ranked
from services.recommender.core.weights import FIT, GOOD_FOR
from services.recommender.core.wishes import Known, Wish

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


class WordedReason(NamedTuple):
    """A reason as a sentence, and as what the sentence is made of."""

    text: str
    typed: Reason


def _worded(text: str, code: ReasonCode, **about: str) -> WordedReason:
    return WordedReason(text, Reason(code=code, about=about))


_TRIED_OUT: Final = _worded("Something you may not know you like: we are trying it out.", ReasonCode.TRIED_OUT)


def reasons(item: Item, ranked: Ranked, shelf: Shelf, known: Known, wish: Wish) -> list[WordedReason]:
    """At least one and at most `MAX_REASONS`, what the person taught us first."""
    if ranked.recycled:
        return [_worded("You have met this one before: nothing new is left.", ReasonCode.MET_BEFORE)]
    taught = list(_taste(ranked, shelf, known, wish))
    # What the person taught us may already have said how the item feels.
    fit = [] if any(said.text.startswith(_feel(item)) for said in taught) else _fit(item, ranked, wish)
    found = [
        *taught,
        *fit,
        *_good_for(ranked, shelf, wish.mood),
        *_rating(item),
        *_serves(item, ranked, wish.goal_served),
    ]
    found += _explored(ranked)
    return found[:MAX_REASONS] or [_nearest_left(item) if shelf.is_placed[ranked.row] else _TRIED_OUT]


def _taste(ranked: Ranked, shelf: Shelf, known: Known, wish: Wish) -> Iterator[WordedReason]:
    columns, values = shelf.own_columns.row(ranked.row)
    if ranked.parts["taste"] < MIN_TASTE or not len(columns):
        return
    column = int(columns[int(np.argmax(values * known.taste.weights_of(columns, place_of(wish.mood))))])
    feature = known.taste.vocabulary[column]
    if any(each.feature == feature and each.word is TasteWord.MORE for each in known.taste.words):
        yield _worded(f"{_named(feature)}, as you asked.", ReasonCode.ASKED_FOR, **feature._asdict())
    elif evidence := known.taste.verdicts_on(column):
        yield _alike(feature, evidence)


def _alike(feature: Feature, evidence: list[Verdict]) -> WordedReason:
    done = [(verdict.kind, _done(verdict)) for verdict in evidence]
    kind, action = done[0]
    many = done.count(done[0]) > 1
    met = f"the {TRAITS[kind].nouns[many]} you {_VERBS[action]}"
    return _worded(
        f"{_named(feature)}, like {met}.",
        ReasonCode.LIKED_ALIKE,
        group=feature.group,
        value=feature.value,
        kind=kind,
        action=action,
        many="true" if many else "false",
    )


def _done(verdict: Verdict) -> FeedbackAction:
    # A skip that counts in favour came near the end.
    return FeedbackAction.PLAY if verdict.action is FeedbackAction.SKIP else verdict.action


def _named(feature: Feature) -> str:
    if feature.group == "creator":
        return f"By {feature.value}"
    if feature.group == "cluster":
        return f"One of the {feature.value} songs"
    return _capitalised(feature.value)


def _fit(item: Item, ranked: Ranked, wish: Wish) -> Iterator[WordedReason]:
    if ranked.parts["fit"] < MIN_FIT:
        return
    knows_mood = wish.mood is not None and bool(wish.mood.probabilities)
    silent = wish.goal is Goal.MATCH and not knows_mood
    purpose, said = ("", "") if silent else _purpose(ranked, wish)
    text = f"{_feel(item)}, {said}." if said else f"{_feel(item)}."
    yield _worded(text, ReasonCode.FEELS, **_feels(item), purpose=purpose)


def _purpose(ranked: Ranked, wish: Wish) -> tuple[str, str]:
    if ranked.progress is None or ranked.progress > LAST_STEPS:
        return wish.goal_served, _PURPOSES[wish.goal_served]
    return ("near", "close to where you are now") if ranked.progress < FIRST_STEPS else ("step", "a step on the way")


def _good_for(ranked: Ranked, shelf: Shelf, mood: Mood | None) -> Iterator[WordedReason]:
    if mood is None or ranked.parts["good_for"] < MIN_GOOD_FOR:
        return
    helped = shelf.good_for[ranked.row] * np.array(mood.probabilities)
    emotion = EMOTIONS[int(np.argmax(helped))]
    yield _worded(f"Good when you feel {_FEELINGS[emotion]}.", ReasonCode.GOOD_WHEN, emotion=emotion)


def _rating(item: Item) -> Iterator[WordedReason]:
    if item.rating is None or item.rating < NOTABLE_RATING:
        return
    source = "imdb" if "imdb" in item.external_ids else ""
    text = f"{item.rating:.1f} on IMDb." if source else f"Rated {item.rating:.1f} of 10."
    yield _worded(text, ReasonCode.RATED, rating=f"{item.rating:.1f}", source=source)


def _serves(item: Item, ranked: Ranked, goal: Goal) -> Iterator[WordedReason]:
    # The item may be newer than the shelf.
    term = next((term for term in [*item.tags, *item.genres] if term in GOAL_TERMS[goal]), None)
    if term and ranked.parts["serves"] > 0:
        yield _worded(f"{_capitalised(term)}, {_PURPOSES[goal]}.", ReasonCode.SERVES, term=term, goal=goal)


def _explored(ranked: Ranked) -> Iterator[WordedReason]:
    if ranked.parts["explore"] > max(MIN_EXPLORE, ranked.parts["taste"]):
        yield _TRIED_OUT


def _nearest_left(item: Item) -> WordedReason:
    text = f"{_feel(item)}: among what is left, it comes nearest to what we look for."
    return _worded(text, ReasonCode.NEAREST_LEFT, **_feels(item))


def _feels(item: Item) -> dict[str, str]:
    return {"pleasantness": valence_word(item.valence), "energy": arousal_word(item.arousal)}


def _feel(item: Item) -> str:
    return _capitalised(affect_words(Affect(item.valence, item.arousal)))


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
