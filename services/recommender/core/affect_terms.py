"""Where genres and descriptive words lie in the valence-arousal plane: the table in affect_terms.csv.

Its numbers were estimated by the project's editors, who asked of each word how pleasant (-1..1) and how stirring
(-1..1) a film, game, book, podcast, course or song is for somebody who chooses it for that. The words for emotions are
those of Russell and Mehrabian (1977) in `contracts.emotion.CIRCUMPLEX`. They are a prior: reviews, ratings and feedback
correct them.
"""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from contracts.emotion import Affect


class Term(NamedTuple):
    """A row of the table."""

    weight: float
    """1 for a genre or a subject; 2 for a word about the mood, which was chosen for this very item."""
    affect: Affect
    source: str


def _read(path: Path) -> dict[str, Term]:
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["term"]: Term(float(row["weight"]), Affect(float(row["valence"]), float(row["arousal"])), row["source"])
            for row in csv.DictReader(file, strict=True)
        }


TERMS: Final[Mapping[str, Term]] = _read(Path(__file__).with_suffix(".csv"))
"""By word, lower case."""


def place_of(words: Iterable[str]) -> Affect | None:
    """The weighted mean of the words' places; None where the table knows none of them.

    Args:
        words: genres and tags, lower case; each counts once.
    """
    known = [TERMS[word] for word in dict.fromkeys(words) if word in TERMS]
    if not known:
        return None
    total = sum(term.weight for term in known)
    return Affect(
        sum(term.weight * term.affect.valence for term in known) / total,
        sum(term.weight * term.affect.arousal for term in known) / total,
    )
