"""Charts are well-formed, need no script or colour, and say in words what they show."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree as ET

import pytest
from markupsafe import Markup

from dashboards.charts.courses import Step, course_chart
from dashboards.charts.drawing import alone
from dashboards.charts.maps import Area, ward_map
from dashboards.charts.strips import Strips
from dashboards.charts.svg import IntervalRow, TimeRow, interval_chart, time_chart
from dashboards.published.disclosure import Published
from dashboards.published.findings import NO_EFFECT, Effect, Share

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


def share(value: float) -> Share:
    return Share(*(Published(f"{x:.1f}", x) for x in (value, value - 2, value + 2)))


STEPS = [
    Step(date(2026, 7, 1), share(5), share(3), early=True),
    Step(date(2026, 8, 1), share(12), share(6), early=False),
]


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


def course() -> Markup:
    return course_chart(
        title=f"How {HOSTILE} went", description="By register.", began=date(2026, 6, 1), steps=STEPS,
        reminders=[date(2026, 6, 3)],
    )  # fmt: skip


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


CHARTS = [(intervals, INTERVALS), (course, STEPS), (areas, AREAS), (times, TIMES)]


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
    chart: Callable[[], Markup], rows: list[IntervalRow | Step | Area]
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
    assert course_chart(title="t", description="d", began=date(2026, 6, 1), steps=[], reminders=[])


def test_a_course_is_two_curves_told_apart_without_colour() -> None:
    svg = ET.fromstring(course())
    lines = list(svg.iter(f"{SVG}polyline"))
    assert [line.get("stroke-dasharray") for line in lines] == ["6 4", None]
    starts = {line.get("points", "").split()[0] for line in lines}
    assert len(starts) == 1, "both from nought on the day it began"
    said = svg.findtext(f"{SVG}desc", "")
    assert "reminded 5.0 (3.0 to 7.0), comparison 3.0 (1.0 to 5.0), too early to say" in said
    assert "reminders left on 3 June 2026" in said


def test_a_map_is_tapped_and_each_ward_says_itself() -> None:
    linked = [replace(area, href=f"/wards/{n}", chosen=n == 0) for n, area in enumerate(AREAS)]
    svg = ET.fromstring(ward_map(title="t", description="d", rows=linked))
    assert svg.get("role") == "group", "nothing within an image can be pressed"
    links = list(svg.iter(f"{SVG}a"))
    assert {link.get("aria-label") for link in links} == {
        area.said.replace(f"{area.label} ", f"{area.label}: ") for area in AREAS
    }
    assert (links[-1].get("href"), links[-1].get("aria-current")) == ("/wards/0", "true")


def test_strips_of_one_table_are_on_one_scale() -> None:
    wide = Effect(points(2), points(-2), points(6), too_early=True)
    clear = Effect(points(4), points(2), points(6), too_early=False)
    strips = Strips.over([wide, clear, NO_EFFECT])
    first, second, third = (ET.fromstring(strips.draw(effect)) for effect in (wide, clear, NO_EFFECT))
    noughts = {list(svg.iter(f"{SVG}line"))[1].get("x1") for svg in (first, second, third)}
    assert len(noughts) == 1
    ends = [list(svg.iter(f"{SVG}line"))[2].get("x2") for svg in (first, second)]
    assert ends[0] == ends[1]
    assert [len(list(svg.iter(f"{SVG}circle"))) for svg in (first, second, third)] == [1, 1, 0]
    assert strips.as_dict(clear)["high"] == float(ends[1] or 0)
