"""The id of an item, from what it is called: the same item has the same id in every source."""

import re
import unicodedata
from hashlib import blake2b
from typing import Final

from contracts.recommendation import Kind

MAX_SLUG: Final = 140

_APOSTROPHES: Final = dict.fromkeys(map(ord, "'’ʻ`´"))
_GUESTS: Final = re.compile(r"\s*[(\[](?:feat|ft|featuring|with)\b\.?[^)\]]*[)\]]", re.IGNORECASE)


def item_id(kind: Kind, *names: object) -> str:
    """`kind:words-of-the-names`, without case, accents and punctuation; for example "movie:heat-1995".

    Args:
        names: what tells the item from others of its kind: a song's artist and title, a film's title and year.
    """
    return f"{kind}:{_slug(' '.join(str(name) for name in names if name))}"


def song_title(title: str) -> str:
    """The title without the guests that some sources name in it."""
    return _GUESTS.sub("", title) or title


def _slug(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold()).replace("&", " and ").translate(_APOSTROPHES)
    plain = unicodedata.normalize("NFC", "".join(c for c in folded if not unicodedata.combining(c)))
    slug = "-".join(re.findall(r"[^\W_]+", plain))
    if slug and len(slug) <= MAX_SLUG:
        return slug
    return f"{slug[:MAX_SLUG]}-{blake2b(text.casefold().encode(), digest_size=6).hexdigest()}".lstrip("-")
