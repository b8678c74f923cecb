"""The dashboard within the real application: behind the sign-in, one council at a time, nothing from elsewhere."""

import gzip
import json
import re
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from dashboards import dash_app, plots
from dashboards.disclosure import Published
from dashboards.figures import Completeness, Ward, published
from dashboards.findings import NO_EFFECT, Effect
from engage.foundation.identity import Role
from tests.dashboards.conftest import Council, visiting

SCRIPT = re.compile(r'<script src="([^"]+)"')
CHOICE = {
    "output": "..changed.children...finding.children..",
    "outputs": [{"id": "changed", "property": "children"}, {"id": "finding", "property": "children"}],
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


@pytest.mark.parametrize("role", Role)
def test_every_role_may_see_it(app: Litestar, council: Council, role: Role) -> None:
    with visiting(app, f"{role.value}@example.com") as client:
        assert client.get("/dashboard/").status_code == 200
        assert client.get("/dashboard/_dash-layout").status_code == 200


def test_it_stands_in_the_services_own_page(member: TestClient) -> None:
    page = member.get("/dashboard/")
    assert page.headers["content-security-policy"] == dash_app.CONTENT_SECURITY_POLICY
    assert page.headers["cache-control"] == "no-store"
    assert 'href="/wards"' in page.text
    assert 'action="/sign-out"' in page.text
    assert not re.search(r"https?://", page.text.replace("http://www.w3.org", ""))
    assert '<div id="react-entry-point">' in page.text


def test_scripts_are_ours_compressed_and_kept(member: TestClient) -> None:
    scripts = SCRIPT.findall(member.get("/dashboard/").text)
    ours = [path for path in scripts if path.startswith("/dashboard/_dash-component-suites/")]
    assert len(ours) > 5
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
    assert len(images) == 2
    assert all(len(image["aria-label"]) > 100 for image in images)
    graphs = [part["props"] for part in parts(layout) if part["type"] == "Graph"]
    assert {trace["type"] for graph in graphs for trace in graph["figure"]["data"]} == {
        "scatter", "choropleth", "scattergeo",
    }  # fmt: skip
    assert not any(graph["config"]["displayModeBar"] for graph in graphs)
    assert len([part for part in parts(layout) if part["type"] == "Table"]) == 2


def parts(layout: Any) -> list[dict[str, Any]]:
    if isinstance(layout, list):
        return [part for each in layout for part in parts(each)]
    if not isinstance(layout, dict) or "props" not in layout:
        return []
    return [layout, *parts(layout["props"].get("children"))]


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
    assert member.get("/dashboard/outlines/world_110m.json").json()["arcs"] == []


def test_rings_are_wound_for_a_sphere_and_holes_the_other_way() -> None:
    square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]
    hole = [[0.2, 0.2], [0.4, 0.2], [0.4, 0.4], [0.2, 0.2]]
    for outer in (square, square[::-1]):
        for inner in (hole, hole[::-1]):
            ((first, second),) = plots._wound({"type": "Polygon", "coordinates": [outer, inner]})["coordinates"]
            assert (first, second) == (square[::-1], hole)


def test_a_ring_marks_what_is_too_early_and_words_what_is_not_shown() -> None:
    def effect(point: float, *, early: bool) -> Effect:
        return Effect(*(Published(f"{x:+.1f}", x) for x in (point, point - 2, point + 3)), too_early=early)

    figure = plots.effects([("A", effect(4, early=False)), ("B", effect(1, early=True)), ("C", NO_EFFECT)])
    sure, early, unshown = figure.data
    assert (list(sure.x), list(sure.error_x.array), list(sure.error_x.arrayminus)) == ([4], [3], [2])
    assert (list(early.y), early.marker.color) == (["B"], "#ffffff")
    assert (list(unshown.y), [text.strip() for text in unshown.text]) == (["C"], ["not shown"])


def test_a_ward_that_may_not_be_shown_has_no_shade() -> None:
    shape = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    hidden = Published("not shown", None)
    shown = Completeness(*[Published("200", 200)] * 3, *(Published(f"{x}%", x) for x in (80, 75, 85)))
    wards = [Ward("A", "A", Completeness(*[hidden] * 6), shape), Ward("B", "B", shown, shape), Ward("C", "C", shown)]
    areas, words = plots.completeness_map(wards).data
    assert list(areas.z) == [None, 80]
    assert list(words.text) == ["<b>not shown</b>", "<b>80%</b>"]
    assert plots.completeness_map(wards[2:]) is None
