"""The id of an item, from what it is called: the same item has the same id in every source."""

import re
import unicodedata
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from contracts.recommendation import TRAITS, Kind

MAX_SLUG: Final = 140

_APOSTROPHES: Final = dict.fromkeys(map(ord, "'’ʻ`´"))
_INDIC: Final = "\u0900"
"""Where Unicode's scripts begin whose marks are parts of words."""
_VOICING: Final = "\u3099\u309a"
"""What makes "ga" of "ka" and "pa" of "ha" in Japanese."""
_GUESTS: Final = re.compile(r"\s*[(\[](?:feat|ft|featuring|with)\b\.?[^)\]]*[)\]]", re.IGNORECASE)


def item_id(kind: Kind, title: str, creators: Sequence[str] = (), year: int | None = None) -> str:
    """`kind:words-of-the-names`, without case, accents and punctuation; for example "movie:heat-1995".

    A hash sets apart what is too long, and titles without a letter or digit.

    The names are those that the kind is named by; of several creators the first counts, and the guests that some
    sources name in a song's title do not.
    """
    title = (_GUESTS.sub("", title) or title) if TRAITS[kind].is_sound else title
    names = {"creator": next(iter(creators), ""), "title": title, "year": year}
    text = " ".join(str(names[name]) for name in TRAITS[kind].named_by if names[name])
    slug = _slug(text)
    if _slug(title) and len(slug) <= MAX_SLUG:
        return f"{kind}:{slug}"
    digest = blake2b(text.casefold().encode(), digest_size=6).hexdigest()
    return f"{kind}:{f'{slug[:MAX_SLUG]}-{digest}'.lstrip('-')}"


def _slug(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold()).replace("&", " and ").translate(_APOSTROPHES)
    plain = unicodedata.normalize("NFC", "".join(c for c in folded if not _is_accent(c)))
    return "-".join("".join(c if c.isalnum() or _is_sign(c) else " " for c in plain).split())


def _is_accent(mark: str) -> bool:
    """Also a point of Hebrew or Arabic: the same word is written with it and without."""
    if not unicodedata.combining(mark):
        return False
    return mark < _INDIC or (unicodedata.name(mark, "").startswith("COMBINING ") and mark not in _VOICING)


def _is_sign(mark: str) -> bool:
    """Whether it makes another letter or syllable of the one before, as vowel signs and tones do."""
    return unicodedata.category(mark) in {"Mn", "Mc"} and "VARIATION SELECTOR" not in unicodedata.name(mark, "")
