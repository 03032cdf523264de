"""What a person's face looks like when they feel nothing in particular, so that its shape is not taken for a feeling.

Resting faces are read as angry, sad, afraid or disgusted where their features happen to resemble these (Said, Sebe and
Todorov, "Structural resemblance to emotional expressions predicts evaluation of emotionally neutral faces", Emotion 9,
2009). A camera from below or a dark room does the same to every face.
"""

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import BaseModel, Field, FiniteFloat

from contracts.emotion import EMOTIONS, Emotion
from contracts.mood import Probabilities

LEARN_S: Final = 8.0
"""How much of a face is looked at before its resting face counts as known."""
EXPRESSIVE: Final = 0.5
"""From this probability of a smile or a surprise on, a face is not at rest."""
MOST: Final = 2.0
"""How many times likelier than neutral a feeling may look in a resting face. One that looks clearer than that is taken
for what it is: whoever comes sad is to be read as sad."""
LEFT: Final = 0.5
"""What is left of it beside neutral, once the resting face is known."""

_NEUTRAL: Final = EMOTIONS.index(Emotion.NEUTRAL)
_MISTAKEN: Final = [EMOTIONS.index(each) for each in (Emotion.ANGRY, Emotion.DISGUST, Emotion.FEAR, Emotion.SAD)]
_MOVING: Final = [EMOTIONS.index(each) for each in (Emotion.HAPPY, Emotion.SURPRISE)]


class RestingFace(BaseModel):
    """Of one person. Probabilities are seven numbers in 0..1 in the order of `EMOTIONS`, summing to 1."""

    average: Probabilities = []
    seconds: Annotated[FiniteFloat, Field(ge=0)] = 0.0

    def learn(self, probabilities: Sequence[float], seconds: float) -> None:
        """Take in a reading that stands for some seconds, until enough is known."""
        if self.seconds >= LEARN_S or sum(probabilities[index] for index in _MOVING) > EXPRESSIVE or seconds <= 0:
            return
        self.seconds += seconds
        weight = seconds / self.seconds
        before = self.average or probabilities
        self.average = [old + weight * (new - old) for old, new in zip(before, probabilities, strict=True)]

    def correct(self, probabilities: Sequence[float]) -> list[float]:
        """The same probabilities, less what the face shows at rest."""
        known = min(1.0, self.seconds / LEARN_S)
        corrected = [p * self._factor(index) ** known for index, p in enumerate(probabilities)]
        total = sum(corrected)
        return [p / total for p in corrected]

    def _factor(self, index: int) -> float:
        if index not in _MISTAKEN or not self.average:
            return 1.0
        neutral, feeling = self.average[_NEUTRAL], self.average[index]
        return LEFT * neutral / feeling if LEFT * neutral < feeling <= MOST * neutral else 1.0
