import pytest

from services.recommender.core.sentiment import sentiment, whole_sentiment


def test_praise_is_pleasant_and_complaint_is_not():
    assert sentiment("A wonderful, warm film. I loved every minute of it!") > 0.4
    assert sentiment("Awful. I hated it, and the ending is terrible.") < -0.4


@pytest.mark.parametrize("text", ["", "   ", "<br /><br />", "Ничего не понятно", "これは映画です。", "0 0 0"])
def test_what_vader_cannot_read_is_neutral(text: str):
    assert sentiment(text) == 0


def test_markup_does_not_count():
    assert sentiment("A <b>wonderful</b> film.<br />I loved it.") == pytest.approx(
        sentiment("A  wonderful  film. I loved it.")
    )


@pytest.mark.parametrize("marks", ["!!!", "...", "?!"])
def test_repeated_marks_end_one_sentence(marks: str):
    one = sentiment("Amazing") if marks == "..." else sentiment("Amazing!")
    assert sentiment(f"Amazing{marks}") >= one - 0.05
    assert sentiment(f"Amazing{marks} Wonderful.") > 0.5


@pytest.mark.parametrize("text", ["A great film, 8.5 of ten.", "A wonderful U.S.-made drama."])
def test_a_full_stop_within_a_word_or_number_ends_no_sentence(text: str):
    assert sentiment(text) == whole_sentiment(text) > 0


def test_a_long_review_is_not_read_as_one_extreme():
    review = "The acting is good. " * 20 + "The rest is bad. " * 20
    assert abs(sentiment(review)) < 0.3


def test_the_longest_review_without_a_full_stop_is_read_in_pieces():
    assert -1 <= sentiment(("good but bad " * 1600)[:20_000]) <= 1
