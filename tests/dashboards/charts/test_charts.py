"""Charts are well-formed, need no script or colour, and say in words what they show."""

from collections.abc import Callable
from datetime import date
from xml.etree import ElementTree as ET

import pytest
from markupsafe import Markup

from dashboards.charts.drawing import alone
from dashboards.charts.maps import Area, ward_map
from dashboards.charts.svg import BarRow, IntervalRow, TimeRow, bar_chart, interval_chart, time_chart
from dashboards.published.disclosure import Published

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert("x")</script> & Sons'


def points(value: float) -> Published:
    return Published(f"{value:+.1f}", value)


HIDDEN = Published("too few homes to show", None)
INTERVALS = [
    IntervalRow("Ash", points(2.5), points(1.0), points(4.0)),
    IntervalRow(HOSTILE, points(1.0), points(-2.0), points(4.0), early=True),
    IntervalRow("Elm", HIDDEN, HIDDEN, HIDDEN, early=True),
]
BARS = [BarRow("Reminded", Published("12%", 12)), BarRow(HOSTILE, HIDDEN), BarRow("None", Published("0%", 0))]


def square(west: float, south: float, size: float = 0.1) -> dict[str, object]:
    ring = [[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


AREAS = [
    Area("Ash", Published("60%", 60), square(-1.8, 52.7)),
    Area("Beech", Published("80%", 80), square(-1.7, 52.7)),
    Area(HOSTILE, Published("95%", 95), {"type": "MultiPolygon", "coordinates": [square(-1.6, 52.7)["coordinates"]]}),
    Area("Elm", Published("not shown", None), square(-1.8, 52.8)),
]


def intervals() -> Markup:
    return interval_chart(title="Reminders worked", description="By ward.", rows=INTERVALS, axis="More per 100 homes")


def bars() -> Markup:
    return bar_chart(title="More registered", description="By arm.", rows=BARS, most=100)


def areas() -> Markup:
    return ward_map(title="Most are registered", description="By ward.", rows=AREAS, breaks=(70, 90))


TIMES = [
    TimeRow(day, *(Published(f"{x}%", x) for x in (share, share - 4, share + 4)))
    for day, share in [(date(2025, 6, 1), 80), (date(2026, 6, 1), 82), (date(2026, 6, 15), 83), (date(2026, 7, 15), 90)]
]


def times() -> Markup:
    return time_chart(
        title="The register filled", description="By day.", rows=[*TIMES, TimeRow(date(2026, 8, 1), *[HIDDEN] * 3)]
    )


CHARTS = [(intervals, INTERVALS), (bars, BARS), (areas, AREAS), (times, TIMES)]


def test_days_stand_as_far_apart_as_they_are() -> None:
    svg = ET.fromstring(times())
    dots = [(float(dot.get("cx")), float(dot.get("cy"))) for dot in svg.iter(f"{SVG}circle")]
    assert len(dots) == 4
    xs, ys = zip(*dots, strict=True)
    assert (xs[2] - xs[1]) / (xs[1] - xs[0]) == pytest.approx(14 / 365, abs=0.01)
    assert list(ys) == sorted(ys, reverse=True), "higher shares stand higher"
    names = [text.text for text in svg.iter(f"{SVG}text")]
    assert "15 Jul 2026" in names
    assert names.count("15 Jun 2026") + names.count("1 Jun 2026") == 1, "one of two near days has no room"


def test_a_chart_alone_brings_its_title_date_and_fonts() -> None:
    svg = ET.fromstring(alone(times(), ["Exampleton", HOSTILE]))
    words = [text.text for text in svg.iter(f"{SVG}text")]
    assert words[0] == "The register filled"
    assert words[-2] == "Exampleton"
    assert HOSTILE in words
    assert "inherit" not in {element.get("font-family") for element in svg.iter()}
    inner = svg.find(f"{SVG}svg")
    assert inner is not None
    assert float(inner.get("y")) + float(inner.get("height")) < float(svg.get("viewBox").split()[3])


@pytest.mark.parametrize(("chart", "rows"), CHARTS)
def test_a_chart_is_an_image_that_says_what_it_shows(
    chart: Callable[[], Markup], rows: list[IntervalRow | BarRow | Area]
) -> None:
    svg = ET.fromstring(chart())
    assert svg.get("role") == "img"
    named = {element.get("id"): element for element in svg.iter() if element.get("id")}
    title, description = (named[name] for name in svg.get("aria-labelledby", "").split())
    assert (title.tag, description.tag) == (f"{SVG}title", f"{SVG}desc")
    assert title.text
    for row in rows:
        assert row.said in (description.text or "")


@pytest.mark.parametrize("chart", [chart for chart, _ in CHARTS])
def test_a_chart_needs_no_script_style_or_outside_file(chart: Callable[[], Markup]) -> None:
    markup = chart()
    assert isinstance(markup, Markup)
    assert "<script" not in markup
    for element in ET.fromstring(markup).iter():
        assert element.tag.removeprefix(SVG) in {
            "svg", "title", "desc", "text", "line", "circle", "rect", "path", "defs", "pattern", "polyline",
        }  # fmt: skip
        assert not {name for name in element.attrib if name.startswith("on") or name in {"style", "href"}}


@pytest.mark.parametrize("chart", [chart for chart, _ in CHARTS])
def test_a_chart_fits_a_phone_and_is_the_same_each_time(chart: Callable[[], Markup]) -> None:
    assert chart() == chart()
    svg = ET.fromstring(chart())
    _, _, width, height = map(float, svg.get("viewBox", "").split())
    assert width == 320
    for text in svg.iter(f"{SVG}text"):
        assert 0 <= float(text.get("x", "")) <= width
        assert 0 <= float(text.get("y", "")) <= height
    assert float(svg.get("font-size", "0")) >= 14


def test_a_ring_marks_what_is_too_early_and_nothing_is_drawn_for_the_hidden() -> None:
    svg = ET.fromstring(intervals())
    fills = [dot.get("fill") for dot in svg.iter(f"{SVG}circle")]
    assert fills == ["#12436D", "#ffffff", "#12436D", "#ffffff"]  # the key, then two wards
    said = svg.find(f"{SVG}desc").text
    assert "Ash +2.5 (+1.0 to +4.0);" in said
    assert "Elm too few homes to show." in said
    assert said.count("too early to say") == 1


def test_dots_and_lines_stand_where_the_scale_says() -> None:
    svg = ET.fromstring(intervals())
    ticks = {
        text.text: float(text.get("x"))
        for text in svg.iter(f"{SVG}text")
        if text.text in {"−2", "0", "+2", "+4"} and text.get("text-anchor") == "middle"
    }
    assert set(ticks) == {"−2", "0", "+2", "+4"}
    unit = (ticks["+4"] - ticks["0"]) / 4
    line = next(line for line in svg.iter(f"{SVG}line") if line.get("stroke-width") == "3")
    assert float(line.get("x1")) == pytest.approx(ticks["0"] + 1.0 * unit, abs=0.2)
    assert float(line.get("x2")) == pytest.approx(ticks["+4"], abs=0.2)


def test_bars_are_as_long_as_their_figures() -> None:
    svg = ET.fromstring(bars())
    lengths = [float(bar.get("width")) for bar in svg.iter(f"{SVG}rect") if bar.get("fill") == "#12436D"]
    assert lengths == [pytest.approx(0.12 * 292, abs=0.1)]


def test_a_map_tells_classes_apart_by_pattern_and_has_a_key() -> None:
    svg = ET.fromstring(areas())
    shapes = svg.findall(f"{SVG}path")
    classes = [path.get("fill").rsplit("-", 1)[1].rstrip(")") for path in shapes]
    assert classes == ["0", "1", "2", "unshown"]
    drawn = [tuple(part.get("d", "") for part in pattern) for pattern in svg.iter(f"{SVG}pattern")]
    assert len(set(drawn)) == len(drawn) == 4
    words = [text.text for text in svg.iter(f"{SVG}text")]
    for entry in ("Under 70%", "70% to under 90%", "90% or more", "Not shown: too few people"):
        assert entry in words
    assert [path.find(f"{SVG}title").text for path in shapes][:2] == ["Ash: 60%", "Beech: 80%"]


def test_neighbouring_wards_still_meet_on_the_map() -> None:
    svg = ET.fromstring(areas())
    ash, beech = (path.get("d") for path in svg.findall(f"{SVG}path")[:2])
    corners = [{tuple(pair.split()) for pair in d.strip("MZ").split("L")} for d in (ash, beech)]
    assert len(corners[0] & corners[1]) == 2


def test_a_map_of_nothing_shown_still_has_its_key() -> None:
    hidden = [Area("Ash", Published("not shown", None), square(-1, 52))]
    assert "Not shown" in ward_map(title="t", description="d", rows=hidden)


def test_a_chart_of_no_rows_is_still_a_chart() -> None:
    assert ET.fromstring(interval_chart(title="t", description="d", rows=[], axis="a")) is not None
    assert ET.fromstring(bar_chart(title="t", description="d", rows=[])) is not None
