"""The members' pages: the same figures in every format, for one's own council, and never a small or exact count."""

import csv
import io
import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient
from markupsafe import Markup, escape

from dashboards.charts import panels, pictures
from dashboards.published import completeness, exports, figures
from dashboards.published.disclosure import HIDDEN, RULE
from dashboards.published.figures import Figures, Trial, published
from dashboards.published.findings import Cell, publish
from dashboards.published.outcomes import outcomes
from dashboards.published.selection import View
from engage.foundation.identity import RIGHTS, Right, Role
from engage.foundation.lake import current
from segments.missing import gap
from tests.dashboards.conftest import WINDOW_ENDS as WINDOW
from tests.dashboards.conftest import Council, visiting
from tests.examples import examples

PATHS = ["/wards", "/wards.csv", "/wards/E05900001", "/wards/E05900001.csv", "/api/wards"]
COUNTS = ("eligible", "registered", "missing", "reminded_homes", "reminded_registered", "comparison_homes",
          "comparison_registered")  # fmt: skip
JSON_COUNTS = ("eligible", "registered", "missing", "homes", "more_homes")
WRITTEN = {1, 9, 16, 19, 20, 95}  # numbers in the words of the notes
WHOLE = re.compile(r"(?<![\d.,+−-])\d{1,3}(?:,\d{3})+(?![\d,])|(?<![\d.,+−-])\d+(?![\d.,%]|\d)")


@pytest.mark.parametrize("path", PATHS)
def test_visitors_are_sent_to_sign_in(anybody: TestClient, path: str) -> None:
    answer = anybody.get(path, follow_redirects=False)
    if path.startswith("/api/"):
        assert answer.status_code == 401
    else:
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path}")
    assert "Meadows" not in answer.text


@pytest.mark.parametrize("role", [role for role in Role if Right.see_figures in RIGHTS[role]])
def test_every_role_sees_the_same_figures(app: Litestar, council: Council, role: Role) -> None:
    with visiting(app, f"{role.value}@example.com") as client:
        held = json.loads(client.get("/api/wards").text)
        assert held == json.loads(json.dumps(exports.as_json(published(council.office, council.code)), default=str))
        assert [client.get(path).status_code for path in PATHS] == [200] * len(PATHS)


def test_members_reach_nothing_else(member: TestClient) -> None:
    assert member.get("/", follow_redirects=False).headers["location"] == "/wards"
    refused = {path: member.get(path).status_code for path in ("/audit", "/campaigns", "/data", "/gaps", "/segments")}
    assert {*refused.values()} <= {403, 404}
    assert refused["/audit"] == 403


def test_a_member_of_another_council_sees_none_of_it(app: Litestar, council: Council) -> None:
    with visiting(app, "next@example.com") as client:
        said = [client.get(f"{path}?authority={council.code}&campaign={council.campaign}") for path in PATHS]
    assert [answer.status_code for answer in said] == [200, 200, 404, 404, 200]
    ward = published(council.office, council.code).wards[0].name
    assert all(ward not in answer.text and "Summer reminder" not in answer.text for answer in said)
    assert "No campaign has been launched yet" in said[0].text


def test_an_unknown_ward_is_not_found(member: TestClient) -> None:
    assert member.get("/wards/E05999999").status_code == 404
    assert member.get("/wards/E05999999.csv").status_code == 404


def test_the_page_says_the_finding_and_how_sure(council: Council, member: TestClient) -> None:
    held = published(council.office, council.code)
    (trial,) = held.trials
    page = member.get("/wards").text
    assert trial.finding
    assert not trial.effect.too_early
    assert re.search(r"Between \d+\.\d and \d+\.\d more homes in every 100 registered because of the reminders\.", page)
    assert trial.headline in page
    assert held.headline in page
    assert "register of 15 July 2026" in page
    drawn = sum(trial.ward(ward.code).effect.shown for ward in held.wards) + 2  # with all wards, and the campaign
    assert page.count('class="engage-strip"') == drawn
    assert page.count("<svg") == drawn + 3  # the course, the map, and the registers so far
    assert page.count("Not shown: a group here is too small") == 3  # a division each
    assert page.count("<table") == 6
    names = [ward.name for ward in held.wards]
    assert names == sorted(names)
    assert [page.index(f">{escape(name)}</a>") for name in names] == sorted(
        page.index(f">{escape(name)}</a>") for name in names
    )


def test_a_ward_is_set_beside_the_whole_council(council: Council, member: TestClient) -> None:
    held = published(council.office, council.code)
    for ward in held.wards:
        page = member.get(f"/wards/{ward.code}").text
        assert escape(figures.ward_headline(ward, held.trials[0])) in page
        assert f"{ward.completeness.share} of the people in {escape(ward.name)} who are entitled" in page
        others = [other.name for other in held.wards if other is not ward]
        assert not any(escape(name) in page for name in others), (
            "a ward is compared with the council, never with a neighbour"
        )


def test_pages_hold_no_inline_style_or_script(member: TestClient) -> None:
    for path in ("/wards", "/wards/E05900001"):
        page = member.get(path)
        assert not re.search(
            r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son\w+=|https?://(?!www\.w3\.org/2000/svg)", page.text
        )
        assert "unsafe" not in page.headers["content-security-policy"]
        assert len(page.content) < 100_000


def test_files_and_api_say_what_the_page_says(council: Council, member: TestClient) -> None:
    held = published(council.office, council.code)
    (trial,) = held.trials
    rows = list(csv.DictReader(io.StringIO(member.get("/wards.csv").text)))
    assert [row["ward"] for row in rows] == [held.authority, *(ward.code for ward in held.wards)]
    api = member.get("/api/wards").json()
    page = member.get("/wards").text
    for row, ward, spoken in zip(rows[1:], held.wards, api["completeness"]["wards"], strict=True):
        found = trial.ward(ward.code)
        assert row["effect_points"] == found.effect.difference.cell
        assert row["completeness_percent"] == f"{spoken['share']:g}" == ward.completeness.share.cell
        assert f"{ward.completeness.registered} of {ward.completeness.eligible}" in page
    (one,) = (csv.DictReader(io.StringIO(member.get(f"/wards/{held.wards[0].code}.csv").text)),)
    assert list(one)[1] == rows[1]
    assert member.get("/wards.csv").headers["content-disposition"] == 'attachment; filename="wards.csv"'


def test_no_exact_count_is_in_any_answer(council: Council, member: TestClient) -> None:
    """Every count of the exact tables that rounding would change, looked for as a whole number in all formats."""
    homes = outcomes(council.office, council.officer, council.campaign)
    tallies = homes.groupby(["ward", "arm"])["registered"].agg(["size", "sum"]).to_numpy().ravel()
    people = [round(x) for row in gap.by_ward(council.office, council.code) for x in (row.eligible, row.registered)]
    secret = {int(n) for n in [*tallies, *people] if n % 5}
    assert len(secret) > 8
    for path in ("/wards", "/wards/E05900001", "/wards/E05900002"):
        assert not set(whole_numbers(spoken(member.get(path).text))) & secret - WRITTEN, path
    for path in ("/wards.csv", "/wards/E05900003.csv"):
        rows = csv.DictReader(io.StringIO(member.get(path).text))
        assert not {row[name] for row in rows for name in COUNTS} & {str(n) for n in secret}, path
    told = list(counts_of(member.get("/api/wards").json()))
    assert len(told) > 30
    assert not {*told} & {str(n) for n in secret}


OPEN = {
    "/wards/{name:str}": ["/wards/E05900001", "/wards/E05900002.csv"],
    "/wards/pictures/{name:str}": [f"/wards/pictures/{name}.svg" for name in ("changed", "complete", "over-time")],
    "/dashboard/{rest:path}": ["/dashboard/", "/dashboard/_dash-layout", "/dashboard/_dash-dependencies"],
}
OTHERS = (
    "/assets/",
    "/r/",
    "/notify/",
    "/health",
    "/metrics",
    "/sign",
    "/welcome",
    "/accessibility",
    "/privacy",
    "/cookies",
    "/api/schema",
)
FILES = (".pdf", "/report.pdf", "plotly.min.js", "outlines")


def test_every_answer_to_a_member_is_scanned(app: Litestar, council: Council, member: TestClient) -> None:
    """Each route of the application, so that a new one cannot be forgotten: it refuses members, or holds no raw count."""
    secret = secrets_of(council)
    scanned = set()
    for route in app.routes:
        pattern = str(route.path)
        if pattern.startswith(OTHERS) or "GET" not in getattr(route, "methods", ()) or any(f in pattern for f in FILES):
            continue
        for path in OPEN.get(
            pattern, [re.sub(r"\{\w+:(\w+)\}", lambda kind: "1" if kind[1] == "int" else "x", pattern)]
        ):
            for query in ("", "?register=2026-06-01&by=channel", "?by=kind", "?by=before", "?by=arm"):
                answer = member.get(f"{path}{query}", follow_redirects=False)
                if answer.status_code != 200:
                    break
                scanned.add(path)
                found = set(whole_numbers(said_in(answer.text))) & secret
                assert not found, (path, query, found)
    assert scanned >= {"/wards", "/wards.csv", "/wards/over-time.csv", "/wards/changed.csv", "/report", "/api/wards",
                       *(path for paths in OPEN.values() for path in paths)}  # fmt: skip


def secrets_of(council: Council) -> set[int]:
    """Exact counts that rounding would change and that are far from any number a page has for another reason."""
    homes = outcomes(council.office, council.officer, council.campaign)
    tallies = homes.groupby(["ward", "arm"])["registered"].agg(["size", "sum"]).to_numpy().ravel()
    people = [round(x) for row in gap.by_ward(council.office, council.code) for x in (row.eligible, row.registered)]
    found = {int(n) for n in [*tallies, *people] if n % 5 and n > 100}  # no percentage
    assert len(found) > 8
    return found


def said_in(answer: str) -> str:
    """The words of a page, the cells of a file and the text of JSON, without what draws a map or styles a chart."""
    words = re.sub(
        r'"(?:coordinates|lat|lon|height|width|size|font|margin|layout|range|y|x)":\s*(?:\[[^{}]*?\]|-?[\d.]+)',
        "",
        answer,
    )
    words = re.sub(r"<script.*?</script>|<style.*?</style>|<[^>]*>", " ", words, flags=re.DOTALL)
    return re.sub(r"E0\d{7}|#[0-9A-Fa-f]{6}|\d{4}-\d\d-\d\d|\d{1,2} (June|July|Jun|Jul) 2026", "", words)


def spoken(answer: str) -> str:
    """What is read, without the geometry and names inside tags; codes and dates are not counts."""
    words = str(Markup(answer).striptags()) if "<" in answer else answer
    return re.sub(r"E0\d{7}|\d{4}-\d\d-\d\d|\d{1,2} (June|July) 2026", "", words)


def whole_numbers(words: str) -> Iterator[int]:
    return (int(found.replace(",", "")) for found in WHOLE.findall(words))


BOROUGHS = st.lists(
    st.tuples(st.integers(0, 260), st.integers(0, 260), st.floats(0, 1), st.floats(0, 1), st.integers(0, 400)),
    min_size=1, max_size=5,
)  # fmt: skip


@settings(max_examples=examples(150))
@given(BOROUGHS)
def test_no_borough_shows_a_count_from_1_to_9(boroughs: list[tuple[int, int, float, float, int]]) -> None:
    held = figured(boroughs)
    trial = held.trials[0]
    for count in counts_of(exports.as_json(held)):
        assert allowed(count), count
    for row in csv.DictReader(io.StringIO(exports.as_csv(View.of(held), held.wards))):
        assert all(allowed(row[name]) for name in COUNTS), row
    drawn = [pictures.effects(View.of(held))]
    told = [trial.headline, held.headline, *(figures.ward_headline(ward, trial) for ward in held.wards)]
    layout = json.dumps(panels.layout(View.of(held)).to_plotly_json(), default=lambda part: part.to_plotly_json())
    cells = re.findall(r'"children": "([^"]*)"', layout)
    for words in (*(cell for cell in cells if re.fullmatch(r"[\d,]+( of [\d,]+)?", cell)),):
        assert all(allowed(part.replace(",", "")) for part in words.split(" of ")), words
    for words in (*told, *(str(Markup(chart).striptags()) for chart in drawn)):
        small = re.sub(r"fewer than 10|per 100|every 100|[−+]?\d+(\.\d+)?%?", kept, words)
        assert not re.search(r"\d", small), words


def kept(found: re.Match[str]) -> str:
    """Points and percentages are not counts; ticks of a scale are points without decimals."""
    return ""


def figured(boroughs: list[tuple[int, int, float, float, int]]) -> Figures:
    cells, rows = [], []
    for place, (one, zero, rate_one, rate_zero, people) in enumerate(boroughs):
        ward = f"W{place}"
        cells += [Cell(ward, "now", one, round(one * rate_one)), Cell(ward, "later", zero, round(zero * rate_zero))]
        registered = people * rate_one
        share = rate_one if people else 0.0
        rows.append(
            gap.Row(ward, ward, people, registered, share, share * 0.9, min(1.0, share * 1.1), people - registered)
        )
    whole = gap.Row("E", "", sum(r.eligible for r in rows), sum(r.registered for r in rows), 0.8, 0.7, 0.9, 0)
    past = completeness._past(WINDOW, rows, whole, {})
    trial = Trial("1", "Summer", WINDOW, finding=publish(cells, reminded="now", comparison="later"))
    return Figures("E", "Exampleton", completeness.wards_of(rows, past, {}), past.whole, WINDOW, trials=(trial,))


def counts_of(held: object, name: str = "") -> Iterator[str]:
    if isinstance(held, dict):
        for key, value in held.items():
            yield from counts_of(value, key)
    elif isinstance(held, list):
        for value in held:
            yield from counts_of(value, name)
    elif name in JSON_COUNTS and held is not None:
        yield f"{held:g}" if isinstance(held, float | int) else str(held)


def allowed(cell: str) -> bool:
    """Words, nothing, nought, or a rounded count."""
    if cell in ("", HIDDEN, f"fewer than {RULE.fewest}"):
        return True
    number = abs(int(cell.removesuffix(" fewer")))
    return number == 0 or (number >= RULE.fewest and number % 5 == 0)


def test_the_scan_finds_a_small_count() -> None:
    assert not allowed("7")
    assert not allowed("1234")
    assert list(counts_of({"wards": [{"homes": 7.0}]})) == ["7"]
    assert list(whole_numbers("188 homes, 1,234 people, 4.2 points, 8%")) == [188, 1234]


def test_without_a_later_register_the_page_says_so() -> None:
    waiting = Trial("1", "Summer", waiting="No later register has been imported yet.")
    held = Figures("E", "Exampleton", trials=(waiting,))
    assert held.trial("nonsense") is waiting
    assert waiting.headline == "No later register has been imported yet."
    assert exports.as_json(held)["campaigns"][0]["wards"] == []
    rows = list(csv.DictReader(io.StringIO(exports.as_csv(View.of(held), held.wards))))
    assert (rows[0]["campaign"], rows[0]["effect_points"]) == ("Summer", "")


def test_the_figures_are_made_anew_when_a_register_comes(council: Council) -> None:
    first = published(council.office, council.code)
    assert published(council.office, council.code) is first
    with council.office.database.session() as session:
        newest = current(session, council.code, "households")
        assert newest
        newest.undone_at = council.office.clock.now()
    try:
        assert published(council.office, council.code).as_at != first.as_at
    finally:
        with council.office.database.session() as session:
            session.get_one(type(newest), newest.id).undone_at = None
    assert published(council.office, council.code) == first
