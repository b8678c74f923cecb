"""An interval drawn within the row of a table that says it in words: all of one table on one scale, about nought."""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from markupsafe import Markup

from dashboards.charts.drawing import BLUE, GREY, INK, LIGHT, PAPER, SVG, add, finish
from dashboards.published.findings import Effect

WIDE, HIGH, EDGE = 150, 24, 8


@dataclass(frozen=True)
class Strips:
    """The scale of a table."""

    low: float
    high: float

    @classmethod
    def over(cls, effects: Iterable[Effect]) -> "Strips":
        ends = [end.value or 0.0 for effect in effects if effect.shown for end in (effect.low, effect.high)]
        return cls(min([0.0, *ends]), max([0.0, *ends]))

    def draw(self, effect: Effect) -> Markup:
        """Hidden from screen readers, as the cells beside it say the same."""
        svg = Element(
            "svg", {"xmlns": SVG, "class": "engage-strip", "viewBox": f"0 0 {WIDE} {HIGH}", "aria-hidden": "true"}
        )
        svg.set("focusable", "false")
        middle, colour = HIGH / 2, GREY if effect.too_early else BLUE
        add(svg, "line", x1=EDGE, x2=WIDE - EDGE, y1=middle, y2=middle, stroke=LIGHT)
        add(svg, "line", x1=self._x(0), x2=self._x(0), y1=1, y2=HIGH - 1, stroke=INK, stroke_width=2)
        if effect.shown:
            ends = self._x(effect.low.value or 0), self._x(effect.high.value or 0)
            add(svg, "line", x1=ends[0], x2=ends[1], y1=middle, y2=middle, stroke=colour, stroke_width=4)
            dot = add(svg, "circle", cx=self._x(effect.difference.value or 0), cy=middle, r=5, stroke=colour)
            dot.set("fill", PAPER if effect.too_early else colour)
            dot.set("stroke-width", "2")
        return finish(svg)

    def as_dict(self, effect: Effect) -> dict[str, float | bool]:
        """The same places for the dashboard's table, which is drawn in the browser."""
        return {
            "nought": self._x(0), "low": self._x(effect.low.value or 0), "high": self._x(effect.high.value or 0),
            "point": self._x(effect.difference.value or 0), "early": effect.too_early,
        }  # fmt: skip

    def _x(self, value: float) -> float:
        span = (self.high - self.low) or 1.0
        return round(EDGE + (value - self.low) / span * (WIDE - 2 * EDGE), 1)
