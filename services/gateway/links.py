"""Items and picks as clients get them: with the addresses where an item can be opened or looked for."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import quote

from pydantic import BaseModel, Field, computed_field

from contracts.recommendation import TRAITS, Item, Kind, Pick

_NAMES: Final = {"imdb": "IMDb", "steam": "Steam", "spotify": "Spotify", "youtube": "YouTube"}
_SONGS: Final = "https://open.spotify.com/search/{}"
_TRAILERS: Final = "https://www.youtube.com/results?search_query={}"
_WITH_TRAILER: Final = frozenset({Kind.MOVIE, Kind.GAME})


class Link(BaseModel):
    """Where something of an item is found."""

    purpose: Annotated[Literal["open", "search", "trailer"], Field(description="What it is for; search: to open it")]
    provider: Annotated[str, Field(examples=["IMDb"])]
    url: Annotated[str, Field(examples=["https://www.imdb.com/title/tt0000001/"])]


class ItemView(Item):
    """An item, and where it is found."""

    @computed_field
    @property
    def links(self) -> list[Link]:
        """The best place to open it first; a song without an id there is searched for."""
        return [*(list(_homes(self)) or _searches(self)), *_trailers(self)]


class PickView(Pick):
    """A pick, and where its item is found."""

    item: ItemView  # pyright: ignore[reportIncompatibleVariableOverride]

    @classmethod
    def of(cls, pick: Pick) -> Self:
        """The same pick; what was validated before is not again."""
        if isinstance(pick, cls):
            return pick
        fields: dict[str, Any] = {**dict(pick), "item": ItemView.model_construct(**dict(pick.item))}
        return cls.model_construct(**fields)


def _homes(item: Item) -> Iterator[Link]:
    for provider, template in TRAITS[item.kind].links.items():
        if known := item.external_ids.get(provider):
            yield _link("open", provider, template, known)


def _searches(item: Item) -> Iterator[Link]:
    if item.kind is Kind.MUSIC:
        yield _link("search", "spotify", _SONGS, " ".join([item.title, *item.creators]))


def _trailers(item: Item) -> Iterator[Link]:
    if item.kind in _WITH_TRAILER:
        words = [item.title, str(item.year) if item.year else "", "trailer"]
        yield _link("trailer", "youtube", _TRAILERS, " ".join(filter(None, words)))


def _link(purpose: Literal["open", "search", "trailer"], provider: str, template: str, words: str) -> Link:
    return Link(
        purpose=purpose, provider=_NAMES.get(provider, provider), url=template.replace("{}", quote(words, safe=""))
    )
