"""A ward map of rates, drawn on the server: classes told apart by pattern as well as shade, with a written key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from markupsafe import Markup

from dashboards.charts.drawing import GREY, INK, MARGIN, PAPER, WIDTH, add, canvas, chart_id, finish, write
from dashboards.published.disclosure import Published

SHADES = ("#6BACE6", "#2073BC", "#12436D")
UNSHOWN = "unshown"
GRID = 0.5
"""Points are snapped to this many units: neighbours still meet, and a page stays small."""


@dataclass(frozen=True)
class Area:
    """A ward: its rate, and its GeoJSON geometry (Polygon or MultiPolygon, longitude and latitude)."""

    label: str
    figure: Published
    geometry: Mapping[str, Any]
    href: str = ""
    chosen: bool = False

    @property
    def said(self) -> str:
        return f"{self.label} {self.figure}"


class _Point(NamedTuple):
    x: float
    y: float


_Ring = list[_Point]


def ward_map(
    *, title: str, description: str, rows: Sequence[Area], breaks: tuple[float, float] | None = None
) -> Markup:
    """A map of published percentages in three classes, and a fourth for what may not be shown.

    `breaks` are the least values of the second and third class; by default they part the wards into thirds.
    """
    cuts = breaks or _thirds([area.figure.value for area in rows if area.figure.value is not None])
    rings, height = _projected(rows)
    tapped = any(area.href for area in rows)
    # Nothing within an image can be pressed; of a map of links each says its own figure.
    svg = canvas(title, description, [] if tapped else [area.said for area in rows], height + 104)
    svg.set("role", "group" if tapped else "img")
    name = chart_id(title + description)
    _patterns(svg, name)
    # The chosen one last, so that its outline lies above its neighbours.
    for area, shape in sorted(zip(rows, rings, strict=True), key=lambda pair: pair[0].chosen):
        _area(svg, area, _outline(shape), f"url(#{name}-{_class(area.figure, cuts)})")
    _labels(svg, rows, [max(shape, key=_extent, default=[]) for shape in rings])
    _key(svg, name, cuts, height + 8)
    return finish(svg)


def _area(svg: Element, area: Area, outline: str, fill: str) -> None:
    place = svg
    if area.href:
        place = add(svg, "a", href=area.href, aria_label=f"{area.label}: {area.figure}")
        if area.chosen:
            place.set("aria-current", "true")
    path = add(place, "path", d=outline, fill=fill, stroke=INK if area.chosen else PAPER)
    path.set("stroke-width", "4" if area.chosen else "1")
    path.set("fill-rule", "evenodd")
    add(path, "title").text = f"{area.label}: {area.figure}"


def _thirds(values: list[float]) -> tuple[float, float]:
    ordered = sorted(values) or [0.0]
    return ordered[len(ordered) // 3], ordered[2 * len(ordered) // 3]


def _class(figure: Published, cuts: tuple[float, float]) -> str:
    return UNSHOWN if figure.value is None else str(sum(figure.value >= cut for cut in cuts))


def _projected(rows: Sequence[Area]) -> tuple[list[list[_Ring]], float]:
    """The rings of each area in the chart's units, north up and true to shape in the middle; and the map's height."""
    raw = [list(_rings(area.geometry)) for area in rows]
    points = [point for rings in raw for ring in rings for point in ring] or [_Point(0, 0)]
    west, east = min(p.x for p in points), max(p.x for p in points)
    south, north = min(p.y for p in points), max(p.y for p in points)
    narrowing = cos(radians((south + north) / 2))
    scale = (WIDTH - 2 * MARGIN) / max((east - west) * narrowing, (north - south) / 1.5, 1e-9)

    def place(point: _Point) -> _Point:
        x = MARGIN + (point.x - west) * narrowing * scale
        y = MARGIN + (north - point.y) * scale
        return _Point(round(x / GRID) * GRID, round(y / GRID) * GRID)

    placed = [[_thinned([place(point) for point in ring]) for ring in rings] for rings in raw]
    return placed, round((north - south) * scale + 2 * MARGIN)


def _rings(geometry: Mapping[str, Any]) -> Iterable[_Ring]:
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    for polygon in polygons:
        for ring in polygon:
            yield [_Point(float(x), float(y)) for x, y, *_ in ring]


def _thinned(ring: _Ring) -> _Ring:
    return [point for place, point in enumerate(ring) if place == 0 or point != ring[place - 1]]


def _outline(rings: list[_Ring]) -> str:
    return "".join("M" + "L".join(f"{p.x:g} {p.y:g}" for p in ring) + "Z" for ring in rings if len(ring) > 2)


def _extent(ring: _Ring) -> float:
    width, height = _box(ring)
    return width * height


def _box(ring: _Ring) -> tuple[float, float]:
    xs, ys = [p.x for p in ring], [p.y for p in ring]
    return max(xs, default=0) - min(xs, default=0), max(ys, default=0) - min(ys, default=0)


def _labels(svg: Element, rows: Sequence[Area], rings: list[_Ring]) -> None:
    """The rates written on the map, largest ward first, where there is room; the table has them all."""
    written: list[_Point] = []
    for area, ring in sorted(zip(rows, rings, strict=True), key=lambda pair: -_extent(pair[1])):
        width, height = _box(ring)
        if area.figure.value is None or width < 36 or height < 22:
            continue
        middle = _Point((max(p.x for p in ring) + min(p.x for p in ring)) / 2, max(p.y for p in ring) - height / 2)
        if all(abs(middle.x - other.x) > 38 or abs(middle.y - other.y) > 18 for other in written):
            figure = write(svg, middle.x, middle.y + 5, area.figure.text, anchor="middle", bold=True)
            figure.set("pointer-events", "none")  # else whoever taps the figure misses the ward
            written.append(middle)


def _patterns(svg: Element, name: str) -> None:
    marks = {
        "0": (SHADES[0], "M0 8L8 0", INK, 1),
        "1": (SHADES[1], "M0 4L8 4", PAPER, 1),
        "2": (SHADES[2], "", PAPER, 0),
        UNSHOWN: (PAPER, "M0 0L8 8M0 8L8 0", GREY, 1),
    }
    defs = add(svg, "defs")
    for key, (fill, mark, stroke, width) in marks.items():
        pattern = add(defs, "pattern", id=f"{name}-{key}", width=8, height=8, patternUnits="userSpaceOnUse")
        add(pattern, "rect", width=8, height=8, fill=fill)
        if mark:
            add(pattern, "path", d=mark, stroke=stroke, stroke_width=width, fill="none")


def _key(svg: Element, name: str, cuts: tuple[float, float], y: float) -> None:
    low, high = cuts
    words = {
        "0": f"Under {low:g}%",
        "1": f"{low:g}% to under {high:g}%",
        "2": f"{high:g}% or more",
        UNSHOWN: "Not shown: too few people",
    }
    for place, (key, text) in enumerate(words.items()):
        top = y + 24 * place
        add(svg, "rect", x=MARGIN, y=top, width=24, height=16, fill=f"url(#{name}-{key})", stroke=INK)
        write(svg, MARGIN + 32, top + 13, text)
