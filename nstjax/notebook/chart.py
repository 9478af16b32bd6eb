"""Losses as lines over the steps: an SVG that needs no script, no font and no network."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import NamedTuple

import numpy as np

from nstjax.optimize import Level

WIDTH, HEIGHT = 480, 260  # of the whole, in its own units
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 22, 44  # around the lines
TEXT = 11
NAME = 75  # units that a level's size takes
MOST_POINTS = 400  # of a line: more would not be seen
LADDER = (1, 2, 5)  # ticks in each power of ten
MOST_TICKS = 7
# Told apart by most who see few colors (Okabe and Ito), on white and on black; the total is as the text.
COLORS = {
    "total": "currentColor",
    "content": "#0072b2",
    "style": "#d55e00",
    "tv": "#009e73",
    "photo": "#cc79a7",
}
OTHER = "#888888"


class _Scale(NamedTuple):
    """Where steps and losses lie."""

    steps: int
    least: float  # exponents of ten
    most: float

    def x(self, step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * step / max(self.steps - 1, 1)

    def y(self, exponent: float) -> float:
        share = (exponent - self.least) / (self.most - self.least)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


def chart(history: Mapping[str, np.ndarray], levels: Sequence[Level]) -> str:
    """The losses on a logarithmic scale.

    Args:
        history: each term before each step, by its name. Terms that are zero throughout have no line.
        levels: what the steps belong to, in turn; where one begins is marked with its size.

    Returns: an `<svg>`; empty where there is nothing to be seen.
    """
    lines = {name: values for name, values in history.items() if _seen(values).any()}
    if not lines:
        return ""
    positive = np.concatenate([values[_seen(values)] for values in lines.values()])
    ticks = _ticks(float(positive.min()), float(positive.max()))
    scale = _Scale(len(next(iter(lines.values()))), log10(ticks[0]), log10(ticks[-1]))
    parts = [
        *(_tick(value, scale) for value in ticks),
        *_marks(levels, scale),
        *(_line(values, _color(name), scale) for name, values in lines.items()),
        _text(WIDTH - RIGHT, HEIGHT - BOTTOM + TEXT + 2, f"{scale.steps} steps", "end"),
        *_legend(lines),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img" aria-label="losses by step" font-family="sans-serif" '
        f'font-size="{TEXT}" fill="currentColor">{"".join(parts)}</svg>'
    )


def _seen(values: np.ndarray) -> np.ndarray:
    """What a logarithm can show."""
    return np.isfinite(values) & (values > 0)


def _ticks(least: float, most: float) -> list[float]:
    """Round numbers, at least two: the first at most `least`, and the last at least `most`."""
    powers = range(floor(log10(least)), ceil(log10(most)) + 2)
    every = [step * 10.0**power for power in powers for step in LADDER]
    if len([tick for tick in every if least < tick < most]) > MOST_TICKS:
        thinned = max(1, ceil(len(powers) / MOST_TICKS))
        every = [10.0**power for power in range(powers[0], powers[-1] + thinned, thinned)]
    first = max(index for index, tick in enumerate(every) if tick <= least or index == 0)
    last = next((index for index, tick in enumerate(every) if tick >= most), len(every) - 1)
    return every[first : max(last, first + 1) + 1]


def _tick(value: float, scale: _Scale) -> str:
    y = scale.y(log10(value))
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" '
        f'stroke-opacity="0.15"/>{_text(LEFT - 6, y + TEXT / 3, f"{value:g}", "end")}'
    )


def _marks(levels: Sequence[Level], scale: _Scale) -> Iterator[str]:
    begun, free = 0, 0.0
    for level in levels:
        if begun >= scale.steps:  # stopped before
            return
        x = scale.x(begun)
        yield (
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" '
            'stroke="currentColor" stroke-opacity="0.5" stroke-dasharray="3 3"/>'
        )
        if x >= free:  # levels may be many, or short
            yield _text(x + 3, TOP - 6, f"{level.width}x{level.height}")
            free = x + NAME
        begun += level.steps


def _line(values: np.ndarray, color: str, scale: _Scale) -> str:
    """A line with a gap where there is nothing to be shown."""
    every = ceil(len(values) / MOST_POINTS)
    steps = np.unique([*range(0, len(values), every), len(values) - 1])
    words, moves = [], True
    for step, is_seen in zip(steps, _seen(values[steps]), strict=True):
        if is_seen:
            at = f"{scale.x(step):.1f} {scale.y(log10(values[step])):.1f}"
            words.append(f"{'M' if moves else 'L'}{at}")
        moves = not is_seen
    return (
        f'<path d="{"".join(words)}" fill="none" stroke="{color}" stroke-width="1.8" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def _legend(lines: Mapping[str, np.ndarray]) -> Iterator[str]:
    """Names in their colors, with the last value."""
    room = (WIDTH - 2 * RIGHT) / len(lines)
    for place, (name, values) in enumerate(lines.items()):
        x, y = RIGHT + place * room, HEIGHT - 14
        yield (
            f'<line x1="{x:.1f}" x2="{x + 12:.1f}" y1="{y - 4}" y2="{y - 4}" '
            f'stroke="{_color(name)}" stroke-width="3"/>'
        )
        yield _text(x + 16, y, f"{name} {values[-1]:.3g}")


def _color(name: str) -> str:
    return COLORS.get(name, OTHER)


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
