"""Draws the curves of a simulation as SVG."""

from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

from contracts.recommendation import TRAITS, Kind
from services.recommender.simulation.simulate import Curve

COLOURS: Final = {"ours": "#c2410c", "popularity": "#2563eb", "static": "#15803d", "random": "#6b7280"}
WIDTH, HEIGHT, MARGIN = 380, 240, 44


def picture(curves: Mapping[Kind, Mapping[str, Curve]]) -> str:
    """Regret, and beneath it reward smoothed over ten interactions, for each kind."""
    panels: list[str] = []
    for column, (kind, of_kind) in enumerate(curves.items()):
        regret = {name: list(curve.regret) for name, curve in of_kind.items()}
        reward = {name: smoothed(curve.reward) for name, curve in of_kind.items()}
        title = TRAITS[kind].title
        panels.append(_panel(f"{title}: regret so far", regret, column * WIDTH, 0))
        panels.append(_panel(f"{title}: chance to please", reward, column * WIDTH, HEIGHT))
    size = f'width="{WIDTH * len(curves)}" height="{2 * HEIGHT}"'
    style = 'font-family="sans-serif" font-size="12"'
    ground = f'<rect {size} fill="white"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n{ground}\n{"".join(panels)}</svg>\n'


def smoothed(values: Sequence[float], window: int = 10) -> list[float]:
    """The mean of each value and those before it, at most `window`."""
    windows = (values[max(0, end - window) : end] for end in range(1, len(values) + 1))
    return [sum(each) / len(each) for each in windows]


def _panel(title: str, lines: Mapping[str, Sequence[float]], left: float, top: float) -> str:
    highest = max(max(line) for line in lines.values()) or 1.0
    wide, high = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN

    def place(step: int, count: int, value: float) -> str:
        across = left + MARGIN + wide * step / max(1, count - 1)
        return f"{across:.1f},{top + HEIGHT - MARGIN - high * value / highest:.1f}"

    bottom = top + HEIGHT - MARGIN
    parts = [
        f'<text x="{left + MARGIN}" y="{top + MARGIN - 14}" font-weight="bold">{escape(title)}</text>',
        f'<path d="M{left + MARGIN},{top + MARGIN} V{bottom} h{wide}" fill="none" stroke="#999"/>',
        f'<text x="{left + MARGIN - 6}" y="{top + MARGIN + 4}" text-anchor="end">{highest:.2g}</text>',
        f'<text x="{left + MARGIN - 6}" y="{bottom}" text-anchor="end">0</text>',
    ]
    for row, (name, line) in enumerate(lines.items()):
        points = " ".join(place(step, len(line), value) for step, value in enumerate(line))
        colour = COLOURS[name]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        across = left + MARGIN + row * wide / len(lines)
        parts.append(f'<text x="{across:.0f}" y="{bottom + 34}" fill="{colour}">{escape(name)}</text>')
    last = max(len(line) for line in lines.values())
    parts.append(f'<text x="{left + WIDTH - MARGIN}" y="{bottom + 16}" text-anchor="end">{last} items</text>')
    return "\n".join(parts) + "\n"
