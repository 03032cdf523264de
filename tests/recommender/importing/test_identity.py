import pytest

from contracts.recommendation import Kind
from services.recommender.importing.identity import item_id

SIGNS = ["+", "×", "÷", "=", "???"]


def test_titles_without_a_letter_or_digit_are_told_apart():
    songs = {item_id(Kind.MUSIC, title, ["Ed Sheeran"]) for title in SIGNS}
    movies = {item_id(Kind.MOVIE, title, year=1999) for title in SIGNS}
    assert len(songs) == len(movies) == len(SIGNS)
    assert all(each.startswith("music:ed-sheeran-") for each in songs)
    assert not songs & {item_id(Kind.MUSIC, title, ["Adele"]) for title in SIGNS}
    assert item_id(Kind.MUSIC, "÷", ["ed sheeran"]) == item_id(Kind.MUSIC, "÷", ["Ed Sheeran"])


@pytest.mark.parametrize("title", ["+ (feat. Ed Sheeran)", "+"])
def test_a_guest_does_not_make_another_song_of_a_title_without_letters(title: str):
    assert item_id(Kind.MUSIC, title, ["Ed Sheeran"]) == item_id(Kind.MUSIC, "+", ["Ed Sheeran"])
