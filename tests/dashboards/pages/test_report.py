"""The report for a committee: two sheets of A4, however many wards there are, of published figures alone."""

import io
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pypdf
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from markupsafe import Markup

from dashboards.pages import report
from dashboards.published.completeness import Completeness, Past, Ward
from dashboards.published.disclosure import Published
from dashboards.published.figures import Figures, Trial, published
from dashboards.published.findings import Cell, publish
from dashboards.published.groups import DIVISIONS, MENU, divide
from engage.foundation.web.static import STATIC, asset
from engage.foundation.web.templating import environment
from tests.dashboards.conftest import Council

A4 = (595, 842)


def sheets_of(pdf: bytes) -> list[tuple[int, int]]:
    """The size of each page in points."""
    assert pdf.startswith(b"%PDF-")
    boxes = re.findall(rb"/Type /Page\b[^s].*?/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf, re.DOTALL)
    return [(round(float(wide)), round(float(high))) for wide, high in boxes]


@pytest.fixture
def chromium() -> str:
    path = report.browser()
    if path is None:
        pytest.fail("This test needs Chromium. Install it with: sudo apt-get install -y chromium", pytrace=False)
    return path


def test_the_file_is_two_sheets_of_a4(member: TestClient, chromium: str) -> None:
    answer = member.get("/report.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    sizes = sheets_of(answer.content)
    assert len(sizes) == 2
    assert all(abs(wide - A4[0]) <= 1 and abs(high - A4[1]) <= 1 for wide, high in sizes)
    root = pypdf.PdfReader(io.BytesIO(answer.content)).trailer["/Root"]
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("en", True), "a screen reader speaks it as English"
    kinds, described = tags(root["/StructTreeRoot"])
    assert {"/H1", "/H2", "/Table", "/TH", "/Figure"} <= kinds
    assert described, "each picture says what it shows"


def tags(node: Any) -> tuple[set[str], list[str]]:
    """The kinds of all tags of a PDF file, and the alternative texts of its figures."""
    node = node.get_object() if hasattr(node, "get_object") else node
    below = node if isinstance(node, list) else [node["/K"]] if isinstance(node, dict) and "/K" in node else []
    found = [tags(each) for each in below]
    own = [str(node["/Alt"])] if isinstance(node, dict) and node.get("/S") == "/Figure" and "/Alt" in node else []
    kind = {str(node["/S"])} if isinstance(node, dict) and "/S" in node else set()
    return kind.union(*(each[0] for each in found)), own + [text for each in found for text in each[1]]


@pytest.mark.parametrize("wards", [34, 80])
def test_two_sheets_hold_the_wards_of_a_large_council(council: Council, chromium: str, wards: int) -> None:
    sheets = report._sheets(council.office, borough(wards), "")
    styles = (STATIC / asset("engage.css").rpartition("/")[2]).read_text()
    page = environment().get_template("dashboards/pages/report_file.html").render(**sheets, styles=Markup(styles))
    assert page.count("Upper and Nether Marshfield") == wards
    assert len(sheets_of(report.printed(page, chromium))) == 2


def borough(wards: int) -> Figures:
    shares = [Published(f"{x}%", x) for x in (82, 78, 86)]
    whole = Completeness(*[Published("1,200", 1200)] * 3, *shares)
    codes = [f"W{place:02}" for place in range(wards)]
    cells = [Cell(code, arm, 300, yes) for code in codes for arm, yes in (("now", 45), ("later", 20))]
    every = ["now", "later"]
    found = publish(cells, reminded="now", comparison="later", arms=every)
    parts = {
        name: [replace(cell, group=group, homes=150) for cell in cells for group in MENU[name][:2]]
        for name in DIVISIONS
    }
    divided = divide(parts, reminded="now", comparison="later", arms=every, whole=found.effect)
    trial = Trial(
        "1", "A reminder with a name of some length", date(2026, 7, 15), finding=found, arm="now", divided=divided
    )
    pasts = tuple(Past(date(2026, month, 1), whole, dict.fromkeys(codes, whole)) for month in range(1, 8))
    named = tuple(Ward(code, f"Upper and Nether Marshfield {code}", whole) for code in codes)
    return Figures("E", "Exampleton", named, whole, pasts[-1].as_at, trials=(trial,), pasts=pasts)


def test_the_page_says_what_the_figures_say(council: Council, member: TestClient) -> None:
    held = published(council.office, council.code)
    page = member.get("/report").text
    assert held.trials[0].headline in page
    assert held.headline in page
    assert all(ward.completeness.text in page for ward in held.wards)
    assert page.count('class="engage-sheet"') == 2
    assert "Wards are not ranked" in page
    assert 'href="/report.pdf?campaign=' in page
    assert member.get("/wards").text.count('href="/report') == 1


def test_without_chromium_the_page_tells_how_to_make_the_file(
    member: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "browser", lambda: None)
    page = member.get("/report").text
    assert "choose Print in your browser, then Save as PDF" in page
    assert "/report.pdf" not in page
    answer = member.get("/report.pdf")
    assert answer.status_code == 404
    assert "choose Print, then Save as PDF" in answer.text


def test_a_browser_that_fails_is_told_plainly(member: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "browser", lambda: "/bin/false")
    monkeypatch.setattr(report, "_PRINTED", {})
    assert member.get("/report.pdf").status_code == 404


def test_a_page_is_printed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = []
    monkeypatch.setattr(report, "_PRINTED", {})
    monkeypatch.setattr(report, "_print", lambda page, _path: printed.append(page) or page.encode())
    for _ in range(2):
        assert report.printed("one", "x") == b"one"
    for place in range(report.KEPT + 1):
        report.printed(str(place), "x")
    assert printed.count("one") == 1
    assert len(report._PRINTED) <= report.KEPT


def test_strangers_are_sent_to_sign_in(anybody: TestClient, app: Litestar) -> None:
    for path in ("/report", "/report.pdf"):
        assert anybody.get(path, follow_redirects=False).status_code == 303
