"""The dashboard within the real application: behind the sign-in, one council at a time, nothing from elsewhere."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import dash
import plotly
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from plotly.offline import get_plotlyjs_version

from dashboards.pages import dash_app
from dashboards.published.figures import published
from dashboards.published.selection import View
from engage.foundation.identity import RIGHTS, Right, Role
from engage.foundation.web.static import asset
from tests.dashboards.conftest import Council, visiting

DCC = Path(dash.__file__).parent / "dcc"
SCRIPT = re.compile(r'<script src="([^"]+)"')
CHANGING = ("changed", "finding", "complete", "over-time")
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
        effect = held.trials[0].ward(ward.code).effect
        assert f"{effect.low} to {effect.high}" in said if effect.shown else "too few homes" in said
    images = [part["props"] for part in parts(layout) if part["props"].get("role") == "img"]
    assert len(images) == 1
    assert all(len(image["aria-label"]) > 100 for image in images)
    graphs = [part["props"] for part in parts(layout) if part["type"] == "Graph"]
    assert {trace["type"] for graph in graphs for trace in graph["figure"]["data"]} == {"scatter"}
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
    answer = member.post("/dashboard/_dash-update-component", json=body).json()["response"]
    said, complete = json.dumps(answer), json.dumps(answer["complete"])
    assert f"/wards/changed.csv?{asked}" in said
    assert f"/wards/pictures/complete.svg?{asked}" in complete
    assert "Register of 1 June 2026" in complete
    assert first.whole.text in complete
    assert last.whole.text not in complete
    assert not any(group.effect.shown for group in held.trials[0].groups("channel"))
    assert "Not shown: a group here is too small" in said
    assert View.of(held, "", str(first.as_at), "channel").query == f"?{asked}"
    assert View.of(held).query == View.of(held, "nonsense", "1999-01-01", "names").query == ""


def test_without_scripts_the_servers_page_stands_there(council: Council, member: TestClient) -> None:
    """And a ward that is tapped on the map, a link like any other, is chosen in all of it."""
    held = published(council.office, council.code)
    ward = held.wards[1]
    page = member.get("/dashboard/").text
    within = page.partition('<div id="react-entry-point">')[2].partition("<script")[0]
    assert "Loading" not in within
    assert all(f'href="/wards/{ward.code}"' in within for ward in held.wards)
    assert held.trials[0].effect.low.text in within
    assert f'href="/dashboard/?ward={ward.code}"' in page
    chosen = member.get(f"/dashboard/?ward={ward.code}").text
    assert f'<option value="{ward.code}" selected>' in chosen
    assert chosen.count('class="govuk-table__row engage-chosen"') == 2
    assert f'id="place">{ward.name.replace("&", "&amp;")}</h2>' in chosen
    body = {**CHOICE, "inputs": [{"id": "place", "property": "search", "value": f"?ward={ward.code}"}]}
    said = json.dumps(member.post("/dashboard/_dash-update-component", json=body).json()["response"])
    assert said.count('"chosen": 2') == 2
    assert f"How complete each register was: {ward.name}" in said


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
