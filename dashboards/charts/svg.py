"""Charts drawn on the server: SVG that needs no script, no style sheet and no colour to be read.

Every chart is drawn from the rows of the table that stands beside it, at 320 units wide with text of 14, and tells a
screen reader the same rows. Colours are those of the Government Analysis Function.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from math import ceil, floor
from xml.etree.ElementTree import Element

from markupsafe import Markup

from dashboards.charts.drawing import BLUE, GREY, INK, LIGHT, MARGIN, PAPER, WIDTH, add, canvas, finish, write
from dashboards.published.disclosure import Published

FITS = 42
"""Characters of 14-unit text that fit on one line."""


@dataclass(frozen=True)
class IntervalRow:
    """A place's estimate with its interval; `early` where it is too early to say."""

    label: str
    point: Published
    low: Published
    high: Published
    early: bool = False

    @property
    def text(self) -> str:
        if self.point.value is None:
            return self.point.text
        return f"{self.point} ({self.low} to {self.high})"

    @property
    def said(self) -> str:
        return f"{self.label} {self.text}{', too early to say' if self.early and self.point.value is not None else ''}"


@dataclass(frozen=True)
class TimeRow:
    """A percentage on a day, with its interval."""

    day: date
    figure: Published
    low: Published
    high: Published

    @property
    def label(self) -> str:
        return f"{self.day.day} {self.day:%b %Y}"

    @property
    def said(self) -> str:
        span = f" ({self.low} to {self.high})" if self.low.value is not None else ""
        return f"{self.day.day} {self.day:%B %Y} {self.figure}{span}"


def interval_chart(*, title: str, description: str, rows: Sequence[IntervalRow], axis: str) -> Markup:
    """A dot and a line for each place's estimate and 95 % interval, about a line at nought.

    A ring instead of a dot says that it is too early to say. `axis` names the measure below the scale.
    """
    spans = [x for row in rows for x in (row.low.value, row.high.value, row.point.value) if x is not None]
    scale = _Scale.over([0.0, *spans])
    heights = [64 if len(row.label) + len(row.text) > FITS else 46 for row in rows]
    top = 34
    svg = canvas(title, description, [row.said for row in rows], top + sum(heights) + 48)
    _dot(svg, 20, 14, early=False)
    write(svg, 30, 19, "Effect")
    _dot(svg, 98, 14, early=True)
    write(svg, 108, 19, "Too early to say")
    _axis(svg, scale, top, heights, axis)
    y = top
    for row, height in zip(rows, heights, strict=True):
        _interval(svg, row, scale, y, height)
        y += height
    return finish(svg)


def time_chart(*, title: str, description: str, rows: Sequence[TimeRow]) -> Markup:
    """Percentages over time, oldest first: a dot with its interval for each day, joined by a line.

    Days stand as far apart as they are; a day without room for its name has it in the table alone.
    """
    height, top, bottom = 260, 20, 200
    svg = canvas(title, description, [row.said for row in rows], height)
    shown = [row for row in rows if row.figure.value is not None]
    floor_at = 10 * floor(min([row.low.value or row.figure.value or 0 for row in shown], default=0) / 10)
    for tick in range(floor_at, 101, 10 if floor_at >= 50 else 20):
        y = _up(tick, floor_at, top, bottom)
        add(svg, "line", x1=44, x2=WIDTH - MARGIN, y1=y, y2=y, stroke=LIGHT)
        write(svg, 38, y + 5, f"{tick}%", anchor="end")
    places = _along([row.day for row in shown])
    heights = [_up(row.figure.value or 0, floor_at, top, bottom) for row in shown]
    path = " ".join(f"{x:g},{y:g}" for x, y in zip(places, heights, strict=True))
    add(svg, "polyline", points=path, fill="none", stroke=BLUE, stroke_width=2)
    _named(svg, [row.label for row in shown], places, bottom + 22)
    for row, x, y in zip(shown, places, heights, strict=True):
        if row.low.value is not None and row.high.value is not None:
            ends = {"y1": _up(row.low.value, floor_at, top, bottom), "y2": _up(row.high.value, floor_at, top, bottom)}
            add(svg, "line", x1=x, x2=x, **ends, stroke=BLUE, stroke_width=3)
        _dot(svg, x, y, early=False)
    return finish(svg)


def _up(value: float, low: float, top: float, bottom: float) -> float:
    return round(bottom - (value - low) / ((100 - low) or 1) * (bottom - top), 1)


def _along(days: Sequence[date]) -> list[float]:
    """Where days stand between the margins of a chart, in the middle where there is only one."""
    if len(days) < 2:
        return [180.0] * len(days)
    span = (days[-1] - days[0]).days or 1
    return [round(70 + (day - days[0]).days / span * 200, 1) for day in days]


def _named(svg: Element, names: Sequence[str], places: Sequence[float], y: float) -> None:
    """The newest first, then as many earlier ones as have room, one line lower where two are near."""
    rows: list[list[float]] = [[], []]
    for name, x in reversed(list(zip(names, places, strict=True))):
        free = next((line for line, taken in enumerate(rows) if all(abs(x - other) > 96 for other in taken)), None)
        if free is not None:
            write(svg, min(max(x, 50), WIDTH - 50), y + 20 * free, name, anchor="middle")
            rows[free].append(x)


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    step: float

    @classmethod
    def over(cls, values: Sequence[float]) -> "_Scale":
        span = (max(values) - min(values)) or 1.0
        step = next(size for size in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if span / size <= 5)
        return cls(floor(min(values) / step) * step, ceil(max(values) / step) * step or step, step)

    def x(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(MARGIN + 6 + share * (WIDTH - 2 * MARGIN - 12), 1)

    def ticks(self) -> list[float]:
        number = round((self.high - self.low) / self.step)
        return [self.low + place * self.step for place in range(number + 1)]


def _interval(svg: Element, row: IntervalRow, scale: _Scale, y: int, height: int) -> None:
    write(svg, MARGIN, y + 18, row.label)
    write(svg, WIDTH - MARGIN, y + height - 28, row.text, anchor="end", colour=GREY if row.early else INK)
    if row.point.value is None or row.low.value is None or row.high.value is None:
        return
    middle = y + height - 14
    colour = GREY if row.early else BLUE
    ends = {"x1": scale.x(row.low.value), "x2": scale.x(row.high.value)}
    add(svg, "line", **ends, y1=middle, y2=middle, stroke=colour, stroke_width=3)
    _dot(svg, scale.x(row.point.value), middle, early=row.early)


def _axis(svg: Element, scale: _Scale, top: int, heights: Sequence[int], axis: str) -> None:
    """Each line of the scale is left out behind the words of a row."""
    _, *ends = accumulate(heights, initial=top)
    bottom = top + sum(heights)
    for tick in scale.ticks():
        x, zero = scale.x(tick), abs(tick) < scale.step / 2
        line = "".join(f"M{x:g} {end - 22}V{end + 4}" for end in ends)
        add(svg, "path", d=line, stroke=INK if zero else LIGHT, stroke_width=2 if zero else 1)
        label = "0" if zero else f"{tick:+g}".replace("-", "−")
        write(svg, x, bottom + 20, label, anchor="middle")
    write(svg, WIDTH / 2, bottom + 40, axis, anchor="middle", colour=GREY)


def _dot(svg: Element, x: float, y: float, *, early: bool) -> None:
    colour = GREY if early else BLUE
    add(svg, "circle", cx=x, cy=y, r=5, fill=PAPER if early else colour, stroke=colour, stroke_width=2)
