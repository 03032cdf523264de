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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ハス", "バス"),
        ("バス", "パス"),
        ("मेला", "मिली"),
        ("दिल", "दुल"),
        ("ไม่", "ไม้"),
        ("கல்", "கால்"),
        ("বল", "বেলা"),
        ("가", "각"),
    ],
)
def test_signs_that_make_other_letters_make_other_titles(one: str, other: str):
    ids = {item_id(Kind("book"), title, ["青木"]) for title in (one, other)}
    assert len(ids) == 2
    assert {each.removeprefix("book:青木-") for each in ids} == {one, other}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Amélie", "amelie"),
        ("Ñandú", "nandu"),
        ("Ёлки", "Елки"),
        ("Ὀδύσσεια", "οδυσσεια"),
        ("שָׁלוֹם", "שלום"),
        ("كِتَاب", "كتاب"),
        ("ﾊﾞｽ", "バス"),
        ("Love ❤️", "love"),
        ("1️⃣2", "1 2"),
    ],
)
def test_accents_points_and_emoji_make_no_other_title(one: str, other: str):
    assert item_id(Kind.MOVIE, one) == item_id(Kind.MOVIE, other)


@pytest.mark.parametrize("title", ["+ (feat. Ed Sheeran)", "+"])
def test_a_guest_does_not_make_another_song_of_a_title_without_letters(title: str):
    assert item_id(Kind.MUSIC, title, ["Ed Sheeran"]) == item_id(Kind.MUSIC, "+", ["Ed Sheeran"])
