from typing import Any

import pytest

from contracts.recommendation import Kind
from services.gateway.links import ItemView


def links(kind: Kind, **fields: Any) -> list[tuple[str, str, str]]:
    told: dict[str, Any] = {"title": "Jaws & Co", **fields}
    item = ItemView(id="1", kind=kind, **told)
    return [(link.purpose, link.provider, link.url) for link in item.links]


def test_an_item_with_an_id_at_a_provider_opens_there():
    first, *_ = links(Kind.MOVIE, external_ids={"imdb": "tt1/2"})
    assert first == ("open", "IMDb", "https://www.imdb.com/title/tt1%2F2/")
    first, *_ = links(Kind.GAME, external_ids={"steam": "620"})
    assert first == ("open", "Steam", "https://store.steampowered.com/app/620/")


def test_a_song_without_one_is_searched_for():
    asked = links(Kind.MUSIC, title="So What", creators=["Miles Davis"])
    assert asked == [("search", "Spotify", "https://open.spotify.com/search/So%20What%20Miles%20Davis")]
    known = links(Kind.MUSIC, external_ids={"spotify": "4vLYewWIvqHfKtJDk8c8tq"})
    assert known == [("open", "Spotify", "https://open.spotify.com/track/4vLYewWIvqHfKtJDk8c8tq")]


@pytest.mark.parametrize("kind", [Kind.MOVIE, Kind.GAME])
def test_a_trailer_is_searched_for_by_title_and_year(kind: Kind):
    url = "https://www.youtube.com/results?search_query=Jaws%20%26%20Co%201975%20trailer"
    assert links(kind, year=1975) == [("trailer", "YouTube", url)]


def test_an_activity_opens_nowhere():
    assert links(Kind.WELLBEING) == []
