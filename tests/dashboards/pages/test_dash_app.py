"""The dashboard within the real application: behind the sign-in, one council at a time, nothing from elsewhere."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import dash
import numpy as np
import plotly
import pytest
import shapely
from litestar import Litestar
from litestar.testing import TestClient
from plotly.offline import get_plotlyjs_version

from dashboards.charts import plots
from dashboards.pages import dash_app
from dashboards.published.completeness import Completeness, Ward
from dashboards.published.disclosure import Published
from dashboards.published.figures import published
from dashboards.published.findings import NO_EFFECT, Effect
from dashboards.published.selection import View
from engage.foundation.identity import RIGHTS, Right, Role
from engage.foundation.web.static import asset
from tests.dashboards.conftest import Council, visiting

DCC = Path(dash.__file__).parent / "dcc"
SCRIPT = re.compile(r'<script src="([^"]+)"')
CHANGING = ("changed", "finding", "complete")
CHOICE = {
    "output": f"..{'...'.join(f'{each}.children' for each in CHANGING)}..",
    "outputs": [{"id": each, "property": "children"} for each in CHANGING],
    "changedPropIds": ["place.search"],
}


def chosen(client: TestClient, campaign: str) -> Any:
    body = {**CHOICE, "inputs": [{"id": "place", "property": "search", "value": f"?campaign={campaign}"}]}
    return client.post("/dashboard/_dash-update-component", json=body, follow_redirects=False)


def test_the_policy_allows_the_one_script_dash_writes_into_the_page() -> None:
    assert [f"'sha256-{digest}'" for digest in re.findall(r"sha256-([^']+)", dash_app.CONTENT_SECURITY_POLICY)] == list(
        dash_app.dashboard().csp_hashes()
    )


@pytest.mark.parametrize(
    "path", ["/dashboard", "/dashboard/", "/dashboard/_dash-layout", "/dashboard/_dash-dependencies", "/dashboard/x/y"]
)
def test_without_a_session_there_is_only_the_sign_in(anybody: TestClient, path: str) -> None:
    answer = anybody.get(path, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=/dashboard")
    assert chosen(anybody, "1").status_code == 303


@pytest.mark.parametrize("role", [role for role in Role if Right.see_figures in RIGHTS[role]])
def test_every_role_may_see_it(app: Litestar, council: Council, role: Role) -> None:
    with visiting(app, f"{role.value}@example.com") as client:
        assert client.get("/dashboard/").status_code == 200
        assert client.get("/dashboard/_dash-layout").status_code == 200


def test_it_stands_in_the_services_own_page(member: TestClient) -> None:
    page = member.get("/dashboard/")
    policy = page.headers["content-security-policy"]
    (nonce,) = re.findall(r'<meta name="csp-nonce" nonce="([^"]{20,})">', page.text)
    assert policy == dash_app.CONTENT_SECURITY_POLICY.replace(" 'self'; img", f" 'self' 'nonce-{nonce}'; img")
    assert "unsafe" not in policy
    assert nonce not in member.get("/dashboard/").text, "for one answer alone"
    assert page.headers["cache-control"] == "no-store"
    assert 'href="/wards"' in page.text
    assert 'action="/sign-out"' in page.text
    assert not re.search(r"https?://", page.text.replace("http://www.w3.org", ""))
    assert '<div id="react-entry-point">' in page.text


def test_scripts_are_ours_compressed_and_kept(member: TestClient) -> None:
    scripts = SCRIPT.findall(member.get("/dashboard/").text)
    ours = [path for path in scripts if path.startswith("/dashboard/_dash-component-suites/")]
    assert len(ours) == 8
    assert all(path.startswith(("/dashboard/_dash-component-suites/", "/assets/")) for path in scripts)
    first, again = (member.get(ours[-1]) for _ in range(2))
    plain = member.get(ours[-1], headers={"accept-encoding": "identity"})
    assert first.content == again.content == plain.content
    assert first.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert int(first.headers["content-length"]) == len(gzip.compress(plain.content, 6)) < len(plain.content)
    assert "max-age" in first.headers["cache-control"]


def test_it_shows_the_published_figures(council: Council, member: TestClient) -> None:
    held = published(council.office, council.code)
    said = member.get("/dashboard/_dash-layout").text
    layout = json.loads(said)
    assert held.trials[0].headline in said
    assert held.headline in said
    for ward in held.wards:
        assert ward.completeness.text in said
        assert held.trials[0].ward(ward.code).effect.text in said
    images = [part["props"] for part in parts(layout) if part["props"].get("role") == "img"]
    assert len(images) == 3
    assert all(len(image["aria-label"]) > 100 for image in images)
    graphs = [part["props"] for part in parts(layout) if part["type"] == "Graph"]
    assert {trace["type"] for graph in graphs for trace in graph["figure"]["data"]} == {
        "scatter", "choropleth", "scattergeo",
    }  # fmt: skip
    assert not any(graph["config"]["displayModeBar"] for graph in graphs)
    assert len([part for part in parts(layout) if part["type"] == "FiguresTable"]) == 3
    links = [part["props"]["href"] for part in parts(layout) if part["type"] == "A"]
    assert len(links) == 6
    assert [member.get(link).status_code for link in links] == [200] * 6


def parts(layout: Any) -> list[dict[str, Any]]:
    if isinstance(layout, list):
        return [part for each in layout for part in parts(each)]
    if not isinstance(layout, dict) or "props" not in layout:
        return []
    return [layout, *parts(layout["props"].get("children"))]


def test_an_address_is_a_view(council: Council, member: TestClient) -> None:
    """Campaign, register and division are in the address, in the pickers, in the answer and in the files beneath it."""
    held = published(council.office, council.code)
    first, last = held.pasts
    asked = f"register={first.as_at}&by=channel"
    page = member.get(f"/dashboard/?{asked}").text
    assert f'<option value="{first.as_at}" selected>' in page
    assert '<option value="channel" selected>' in page
    body = {**CHOICE, "inputs": [{"id": "place", "property": "search", "value": f"?{asked}"}]}
    said = json.dumps(member.post("/dashboard/_dash-update-component", json=body).json()["response"])
    assert f"/wards/changed.csv?{asked}" in said
    assert f"/wards/pictures/complete.svg?{asked}" in said
    assert "Register of 1 June 2026" in said
    assert first.whole.text in said
    assert last.whole.text not in said
    assert not any(group.effect.shown for group in held.trials[0].groups("channel"))
    assert "Not shown: a group here is too small" in said
    assert View.of(held, "", str(first.as_at), "channel").query == f"?{asked}"
    assert View.of(held).query == View.of(held, "nonsense", "1999-01-01", "names").query == ""


def test_without_anything_asked_the_layout_stands(member: TestClient) -> None:
    body = {**CHOICE, "inputs": [{"id": "place", "property": "search", "value": ""}]}
    assert member.post("/dashboard/_dash-update-component", json=body).status_code == 204


def test_plotly_is_the_part_that_is_needed(member: TestClient) -> None:
    """Dash would load the whole of Plotly where there is none; a third of it, of the same version, is there before."""
    scripts = SCRIPT.findall(member.get("/dashboard/").text)
    assert scripts[-1] == asset("plotly.js")
    part = member.get(asset("plotly.js"))
    assert part.headers["content-encoding"] == "gzip"
    assert "immutable" in part.headers["cache-control"]
    assert f"plotly.js (geo - minified) v{get_plotlyjs_version()}" in part.text[:200]
    whole = Path(plotly.__file__).parent / "package_data/plotly.min.js"
    assert len(part.text) < whole.stat().st_size / 3
    assert "Promise.resolve(window.Plotly||" in (DCC / "dash_core_components.js").read_text()


def test_of_dashs_scripts_only_those_used_are_asked_for(member: TestClient) -> None:
    """What is left out is there to be left out, and the little that Dash needs of the polyfill is in our own script."""
    every = dash_app.dashboard()._generate_scripts_html()
    page = member.get("/dashboard/").text
    for unused in dash_app.UNUSED:
        assert unused in every
        assert unused not in page
    assert "regeneratorRuntime" in (DCC / "dash_core_components.js").read_text()
    assert "regeneratorRuntime = runtime" in member.get(asset("dashboard.js")).text
    for path in SCRIPT.findall(page):
        assert member.get(path).status_code == 200, path
    assert (DCC / "async-graph.js").read_text() in [member.get(path).text for path in SCRIPT.findall(page)]


def test_a_campaign_is_chosen(council: Council, member: TestClient) -> None:
    answer = chosen(member, str(council.campaign)).json()["response"]
    assert answer["finding"]["children"] == published(council.office, council.code).trials[0].headline
    assert "What the reminders changed, by ward" in json.dumps(answer["changed"])


def test_a_neighbour_sees_nothing_of_it_whatever_is_asked(app: Litestar, council: Council) -> None:
    held = published(council.office, council.code)
    with visiting(app, "member@example.com") as member:
        assert held.name in member.get("/dashboard/").text
        assert held.headline in member.get("/dashboard/_dash-layout").text
    with visiting(app, "next@example.com") as neighbour:
        said = [
            neighbour.get(f"/dashboard/?authority={council.code}").text,
            neighbour.get(f"/dashboard/_dash-layout?authority={council.code}").text,
            neighbour.get("/dashboard/_dash-dependencies").text,
            chosen(neighbour, str(council.campaign)).text,
        ]
    for secret in (held.name, "Summer reminder", held.trials[0].headline, *(ward.name for ward in held.wards)):
        assert not any(secret in answer for answer in said), secret


def test_plotly_finds_its_outlines_here(member: TestClient) -> None:
    assert "window.PlotlyGeoAssets={topojson:{world_110m:" in member.get(asset("plotly.js")).text[-200:]


def shape(*rings: list[tuple[float, float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": rings}


def test_rings_are_wound_for_a_sphere_and_holes_the_other_way() -> None:
    square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]
    hole = [(0.2, 0.2), (0.4, 0.2), (0.4, 0.4), (0.2, 0.2)]
    for outer in (square, square[::-1]):
        for inner in (hole, hole[::-1]):
            (drawn,) = plots._outlines([Ward("A", "A", geometry=shape(outer, inner))])
            assert not shapely.is_ccw(drawn.exterior)
            assert shapely.is_ccw(drawn.interiors[0])


def test_a_border_loses_what_no_screen_can_show_and_neighbours_still_meet() -> None:
    wiggly = [(1.0 + 0.0005 * (place % 2), place / 200) for place in range(201)]
    left = shape([(0.0, 0.0), *wiggly, (0.0, 1.0), (0.0, 0.0)])
    right = shape([(2.0, 0.0), (2.0, 1.0), *wiggly[::-1], (2.0, 0.0)])
    drawn = plots._outlines([Ward("A", "A", geometry=left), Ward("B", "B", geometry=right)])
    assert max(shapely.get_num_coordinates(drawn)) < 20
    assert shapely.coverage_is_valid(drawn)
    assert shapely.area(drawn) == pytest.approx([1, 1], abs=0.002)


def test_the_share_is_written_within_a_ward_however_it_bends() -> None:
    bent = shape([(0, 0), (10, 0), (10, 10), (9, 10), (9, 1), (1, 1), (1, 10), (0, 10), (0, 0)])
    wards = [Ward("A", "A", geometry=bent)]
    words = plots._words(wards, plots._outlines(wards))
    assert shapely.covers(shapely.from_geojson(json.dumps(bent)), shapely.Point(words.lon[0], words.lat[0]))


def test_no_share_is_written_over_another_or_on_a_ward_too_small_to_see() -> None:
    squares = [(0, 0, 100), (100, 0, 10), (110, 0, 10), (120, 0, 1)]
    wards = [
        Ward(f"{place}", "A", geometry=shape([(x, y), (x + d, y), (x + d, y + d), (x, y + d), (x, y)]))
        for place, (x, y, d) in enumerate(squares)
    ]
    assert plots._roomy(np.array([[50, 50], [105, 5], [115, 5], [120, 0]]), [50, 5, 5, 0.5], (3, 3)) == [0, 1]
    assert len(plots._words(wards, plots._outlines(wards)).text) == 2


def test_a_long_name_has_two_lines_and_room_beside_the_chart() -> None:
    assert plots._folded("Tutbury and Outwoods") == ["Tutbury and Outwoods"]
    assert plots._folded("Stapenhill and Winshill East") == ["Stapenhill and", "Winshill East"]
    assert len(plots._folded("Those registered before who could be written to by letter")) == 2
    figure = plots.effects([("A", NO_EFFECT), ("Stapenhill and Winshill East", NO_EFFECT)])
    assert figure.layout.margin.l > 14 * 7
    assert list(figure.layout.yaxis.ticktext) == ["A", "Stapenhill and<br>Winshill East"]


def test_a_ring_marks_what_is_too_early_and_words_what_is_not_shown() -> None:
    def effect(point: float, *, early: bool) -> Effect:
        return Effect(*(Published(f"{x:+.1f}", x) for x in (point, point - 2, point + 3)), too_early=early)

    figure = plots.effects([("A", effect(4, early=False)), ("B", effect(1, early=True)), ("C", NO_EFFECT)])
    sure, early, unshown = figure.data
    assert (list(sure.x), list(sure.error_x.array), list(sure.error_x.arrayminus)) == ([4], [3], [2])
    assert (list(early.y), early.marker.color) == (["B"], "#ffffff")
    assert (list(unshown.y), [text.strip() for text in unshown.text]) == (["C"], ["not shown"])


def test_a_ward_that_may_not_be_shown_has_no_shade() -> None:
    one, other = (shape([(x, 0), (x + 1, 0), (x + 1, 1), (x, 0)]) for x in (0, 5))
    hidden = Published("not shown", None)
    shown = Completeness(*[Published("200", 200)] * 3, *(Published(f"{x}%", x) for x in (80, 75, 85)))
    wards = [Ward("A", "A", Completeness(*[hidden] * 6), one), Ward("B", "B", shown, other), Ward("C", "C", shown)]
    areas, words = plots.completeness_map(wards).data
    assert list(areas.z) == [None, 80]
    assert set(words.text) == {"<b>not shown</b>", "<b>80%</b>"}
    assert plots.completeness_map(wards[2:]) is None
