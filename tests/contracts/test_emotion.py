import pytest

from contracts.emotion import CIRCUMPLEX, EMOTIONS, Affect, Emotion, affect_of


def test_the_order_is_that_of_fer2013_labels():
    assert [str(emotion) for emotion in EMOTIONS] == ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_a_certain_emotion_lies_at_its_own_point(emotion: Emotion):
    one_hot = [float(other is emotion) for other in EMOTIONS]
    assert affect_of(one_hot) == CIRCUMPLEX[emotion]


def test_a_mixture_lies_between():
    half_happy_half_neutral = [0, 0, 0, 0.5, 0, 0, 0.5]
    assert affect_of(half_happy_half_neutral) == pytest.approx(Affect(0.405, 0.255))


@pytest.mark.parametrize("length", [0, 6, 8])
def test_any_other_length_is_refused(length: int):
    with pytest.raises(ValueError, match="zip"):
        affect_of([1.0] * length)
