"""Draws songs in the plane of their first two principal components, coloured by cluster."""

from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

from contracts.recommendation import Cluster
from services.recommender.core.clustering import Spot

WIDTH: Final = 640
HEIGHT: Final = 480
MARGIN: Final = 24
LINE: Final = 18
COLOURS: Final = (
    *("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377"),
    *("#994f00", "#ee8866", "#332288", "#555555"),
)
"""Ten that people with a colour vision deficiency tell apart as well, after Paul Tol's schemes."""


def draw_clusters(clusters: Sequence[Cluster], plane: Sequence[Spot]) -> str:
    """An SVG; the number of a spot is the place of its cluster."""
    size = HEIGHT + LINE * (len(clusters) + 1)
    box = f'viewBox="0 0 {WIDTH} {size}" width="{WIDTH}" height="{size}"'
    style = 'font-family="sans-serif" font-size="13"'
    parts = [*_spots(plane), *_legend(clusters)]
    title = "<title>Songs in the plane of their first two principal components</title>"
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {box} {style}>{title}{ground}{"".join(parts)}</svg>\n'


def _spots(plane: Sequence[Spot]) -> Iterator[str]:
    if not plane:
        yield f'<text x="{MARGIN}" y="{HEIGHT / 2}">There are no clusters yet.</text>'
        return
    left, right = min(spot.x for spot in plane), max(spot.x for spot in plane)
    low, high = min(spot.y for spot in plane), max(spot.y for spot in plane)
    for spot in plane:
        x = MARGIN + (spot.x - left) / ((right - left) or 1) * (WIDTH - 2 * MARGIN)
        y = MARGIN + (high - spot.y) / ((high - low) or 1) * (HEIGHT - 2 * MARGIN)
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{COLOURS[spot.number]}" fill-opacity="0.7"/>'


def _legend(clusters: Sequence[Cluster]) -> Iterator[str]:
    for place, (cluster, colour) in enumerate(zip(clusters, COLOURS, strict=False)):
        y = HEIGHT + LINE * place
        emotions = escape(", ".join(cluster.emotions))
        words = f"{escape(cluster.name)}: {cluster.size} songs; {emotions}"
        yield f'<circle cx="{MARGIN}" cy="{y}" r="5" fill="{colour}"/>'
        yield f'<text x="{MARGIN + 14}" y="{y + 4}">{words}</text>'
