"""How a campaign went: the share registered in homes reminded and in the comparison, from register to register."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from xml.etree.ElementTree import Element

from markupsafe import Markup

from dashboards.charts.drawing import BLUE, GREY, INK, LIGHT, MARGIN, PAPER, WIDTH, add, canvas, finish, write
from dashboards.published.findings import Share
from engage.foundation.words import day as in_words

LEFT, RIGHT, TOP, BOTTOM = 44, WIDTH - MARGIN - 10, 58, 230
APART = 3
"""Intervals of one day stand beside each other, not on each other."""


@dataclass(frozen=True)
class Step:
    """What one register showed of both groups; `early` where it is too early to say that they differ."""

    day: date
    reminded: Share
    comparison: Share
    early: bool

    @property
    def said(self) -> str:
        verdict = ", too early to say" if self.early else ", clear"
        return f"{in_words(self.day)}: reminded {self.reminded.text}, comparison {self.comparison.text}{verdict}"


def course_chart(
    *, title: str, description: str, began: date, steps: Sequence[Step], reminders: Sequence[date]
) -> Markup:
    """Two curves from nought on the day the campaign began from, told apart by dash and shape as well as colour."""
    sent = [f"reminders left on {in_words(day)}" for day in reminders]
    svg = canvas(title, description, [*(step.said for step in steps), *sent], BOTTOM + 52)
    ends = [share.high.value or share.point.value or 0 for step in steps for share in (step.reminded, step.comparison)]
    most = _round_up(max(ends, default=1))
    place = _Place(began, max((step.day for step in steps), default=began), most)
    _frame(svg, place)
    for day in reminders:
        _reminder(svg, place.x(day))
    _curve(svg, place, [(step.day, step.comparison) for step in steps], reminded=False)
    _curve(svg, place, [(step.day, step.reminded) for step in steps], reminded=True)
    _key(svg, bool(reminders))
    return finish(svg)


@dataclass(frozen=True)
class _Place:
    first: date
    last: date
    most: float

    def x(self, day: date) -> float:
        span = (self.last - self.first).days or 1
        return round(LEFT + (day - self.first).days / span * (RIGHT - LEFT), 1)

    def y(self, value: float) -> float:
        return round(BOTTOM - value / self.most * (BOTTOM - TOP), 1)


def _round_up(value: float) -> float:
    step = next(size for size in (1, 2, 5, 10, 20, 25, 50) if value / size <= 5)  # lines of the scale
    return max(step, step * ceil(value / step))


def _frame(svg: Element, place: _Place) -> None:
    step = next(size for size in (1, 2, 5, 10, 20, 25, 50) if place.most / size <= 5)
    for number in range(round(place.most / step) + 1):
        y = place.y(number * step)
        add(svg, "line", x1=LEFT, x2=RIGHT, y1=y, y2=y, stroke=INK if number == 0 else LIGHT)
        write(svg, LEFT - 6, y + 5, f"{number * step:g}", anchor="end")
    write(svg, LEFT, BOTTOM + 22, _short(place.first))
    if place.last > place.first:
        write(svg, RIGHT + 10, BOTTOM + 22, _short(place.last), anchor="end")
    write(svg, WIDTH / 2, BOTTOM + 44, "Homes in every 100 that registered", anchor="middle", colour=GREY)


def _short(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _curve(svg: Element, place: _Place, held: Sequence[tuple[date, Share]], *, reminded: bool) -> None:
    colour = BLUE if reminded else GREY
    shown = [(day, share) for day, share in held if share.point.value is not None]
    path = [(place.x(place.first), place.y(0)), *((place.x(d), place.y(s.point.value or 0)) for d, s in shown)]
    line = add(svg, "polyline", points=" ".join(f"{x:g},{y:g}" for x, y in path), fill="none", stroke=colour)
    line.set("stroke-width", "2")
    if not reminded:
        line.set("stroke-dasharray", "6 4")
    for day, share in shown:
        x = place.x(day) + (APART if reminded else -APART)
        y1, y2 = place.y(share.low.value or 0), place.y(share.high.value or 0)
        add(svg, "line", x1=x, x2=x, y1=y1, y2=y2, stroke=colour, stroke_width=3)
        _mark(svg, x, place.y(share.point.value or 0), reminded=reminded)


def _mark(svg: Element, x: float, y: float, *, reminded: bool) -> None:
    if reminded:
        add(svg, "circle", cx=x, cy=y, r=5, fill=BLUE, stroke=BLUE, stroke_width=2)
    else:
        add(svg, "rect", x=x - 5, y=y - 5, width=10, height=10, fill=PAPER, stroke=GREY, stroke_width=2)


def _reminder(svg: Element, x: float) -> None:
    add(svg, "line", x1=x, x2=x, y1=TOP - 6, y2=BOTTOM, stroke=INK, stroke_width=1, stroke_dasharray="2 3")
    add(svg, "path", d=f"M{x - 5:g} {TOP - 14}H{x + 5:g}L{x:g} {TOP - 5}Z", fill=INK)


def _key(svg: Element, reminders: bool) -> None:
    _mark(svg, 20, 14, reminded=True)
    write(svg, 32, 19, "Reminded")
    _mark(svg, 118, 14, reminded=False)
    write(svg, 130, 19, "Comparison")
    if reminders:
        add(svg, "path", d="M15 28H25L20 37Z", fill=INK)
        write(svg, 32, 38, "Reminders left")
