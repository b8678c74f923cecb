"""Every kind of page in Chromium: no WCAG 2.2 AA violation, nothing foreign, nothing wider than a small screen."""

import re

import pytest

from campaigns.sharing import posters
from campaigns.sharing.posters import Place
from engage.demo.story import Story, _some_link
from engage.foundation.identity import Role
from engage.foundation.office import Actor
from tests.browser.conftest import NARROW, Open

pytestmark = pytest.mark.browser

PAGES = [
    (None, "/sign-in", 200),
    (None, "/accessibility", 200),
    (None, "/privacy?lang=cy", 200),
    (None, "/sign-in?lang=cy", 200),
    (None, "/cookies", 200),
    (None, "/nowhere", 404),
    (None, "/contact", 200),
    (Role.officer, "/share", 200),
    (Role.officer, "/share/lots/new", 200),
    (Role.administrator, "/contact/change", 200),
    (Role.member, "/posters", 200),
    (Role.officer, "/", 200),
    (Role.officer, "/data", 200),
    (Role.officer, "/data/new", 200),
    (Role.officer, "/data/formats", 200),
    (Role.officer, "/data/15", 200),
    (Role.officer, "/data/15/undo", 200),
    (Role.officer, "/gaps", 200),
    (Role.officer, "/segments", 200),
    (Role.officer, "/segments/new", 200),
    (Role.officer, "/segments/1", 200),
    (Role.officer, "/segments/1/edit", 200),
    (Role.officer, "/campaigns", 200),
    (Role.officer, "/campaigns/new", 200),
    (Role.officer, "/campaigns/new/messages", 200),
    (Role.officer, "/campaigns/new/comparison", 200),
    (Role.officer, "/campaigns/wordings", 200),
    (Role.officer, "/campaigns/wordings/movers.letter.cy", 200),
    (Role.officer, "/campaigns/1", 200),
    (Role.officer, "/campaigns/1/stop", 200),
    (Role.officer, "/suppressions", 200),
    (Role.officer, "/replies", 200),
    (Role.officer, "/replies/complaints", 200),
    (Role.officer, "/replies/returned-letters", 200),
    (Role.officer, "/replies/help", 200),
    (Role.officer, "/audit", 403),
    (Role.approver, "/approvals", 200),
    (Role.auditor, "/audit", 200),
    (Role.data_protection, "/person", 200),
    (Role.administrator, "/colleagues", 200),
    (Role.administrator, "/colleagues/new", 200),
    (Role.administrator, "/colleagues/2", 200),
    (Role.member, "/account", 200),
    (Role.custodian, "/data", 200),
    (Role.canvasser, "/lists", 200),
    (Role.officer, "/council", 200),
    (Role.officer, "/council/1", 200),
    (Role.member, "/council/1", 403),
    (Role.member, "/wards", 200),
    (Role.member, "/report", 200),
]


@pytest.mark.parametrize(("role", "path", "status"), PAGES)
def test_page(window: Open, axe: str, role: Role | None, path: str, status: int) -> None:
    shown = window(role)
    assert shown.open(path) == status
    _sound(shown, axe, [f"{status}"] if status != 200 else [])
    shown.resize(NARROW, 700)
    assert shown.overflow() == 0
    assert shown.violations(axe) == []


def _sound(shown: object, axe: str, expected: list[str]) -> None:
    from tests.browser.conftest import Window

    assert isinstance(shown, Window)
    complaints = [said for said in shown.complaints if not any(f"status of {code}" in said for code in expected)]
    assert complaints == []
    assert shown.page.locator("header a").first.inner_text() in ("Exampleton", "Engage")
    assert [url for url in shown.asked if not url.startswith(shown.base + "/")] == []
    assert [url for url in shown.asked if "font" in url.rpartition("/")[2] or "crest" in url] == []
    assert shown.violations(axe) == []


@pytest.mark.parametrize("language", ["en", "cy"])
def test_the_residents_page(window: Open, axe: str, played: Story, language: str) -> None:
    shown = window()
    assert shown.open(f"{_some_link(played)}?lang={language}") == 200
    _sound(shown, axe, [])
    assert shown.page.locator("html").get_attribute("lang") == language
    shown.resize(NARROW, 700)
    assert shown.overflow() == 0


def test_a_poster_s_page_on_a_phone_without_script(window: Open, axe: str, played: Story) -> None:
    """From the printed address to help, in one press, and back; small enough for an old phone."""
    actor = Actor(played.authority, "officer 1")
    code = posters.codes(played.office, actor, Place())["poster"]
    shown = window(javascript=False, width=NARROW)
    answer = shown.page.goto(f"{shown.base}/yma/{code}")
    assert answer
    assert len(answer.body()) < 15_000
    page = shown.page
    assert page.locator("html").get_attribute("lang") == "cy"
    page.get_by_role("link", name="English").click()
    assert page.get_by_role("button", name="Register on GOV.UK").get_attribute("href") == f"/here/{code}/register"
    page.get_by_role("button", name="Someone here needs help").press("Enter")
    page.get_by_role("heading", name="Get help to register").wait_for()
    page.get_by_role("link", name="Back").click()
    page.get_by_role("button", name="We are all registered").press("Enter")
    page.get_by_role("heading", name="Thank you").wait_for()
    assert page.context.cookies() == []
    again = window(width=NARROW)
    assert again.open(f"/here/{code}") == 200
    _sound(again, axe, [])
    assert again.overflow() == 0


def test_a_ward_page(window: Open, axe: str) -> None:
    shown = window(Role.member)
    shown.open("/wards")
    shown.page.locator("main a[href^='/wards/E']").first.click()
    shown.page.wait_for_load_state("load")
    _sound(shown, axe, [])
    shown.resize(NARROW, 700)
    assert shown.overflow() == 0


def test_the_dashboard(window: Open, axe: str) -> None:
    """Plotly draws after the page has loaded, so this waits for its first picture."""
    shown = window(Role.member)
    assert shown.open("/dashboard/") == 200
    shown.page.locator(".js-plotly-plot svg").first.wait_for(state="attached")
    _sound(shown, axe, [])
    shown.resize(NARROW, 700)
    shown.page.wait_for_timeout(500)
    assert shown.overflow() == 0


def test_a_view_is_chosen_by_keyboard_and_shared_by_address(window: Open, axe: str) -> None:
    """Fields, a button and links: nothing in a chart takes the focus, and the address brings the same view back."""
    shown = window(Role.member)
    page = shown.page
    shown.open("/dashboard/")
    page.get_by_label("Show what the reminders changed by").focus()
    page.keyboard.type("How")
    page.get_by_role("button", name="Show").press("Enter")
    heading = page.get_by_role("heading", name="What the reminders changed, by how the home can be reached")
    heading.wait_for()
    assert "by=channel" in page.url
    page.locator(".js-plotly-plot svg").first.wait_for(state="attached")
    _sound(shown, axe, [])
    assert page.locator("[role=img] [tabindex='0'], [role=img] a, [role=img] button").count() == 0
    again = window(Role.member)
    again.open(page.url)
    again.page.get_by_role("heading", name="What the reminders changed, by how the home can be reached").wait_for()
    with again.page.expect_download() as taken:
        again.page.get_by_role("link", name="Download this picture (SVG)").first.click()
    assert taken.value.suggested_filename == "changed.svg"


def test_a_report_prints_on_two_sheets(window: Open) -> None:
    """As the browser of a member prints it, without the service's header and menu."""
    shown = window(Role.member)
    shown.open("/report")
    printed = shown.page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type /Page\b", printed)) == 2
    shown.page.emulate_media(media="print")
    assert not shown.page.locator("header").first.is_visible()
    assert shown.page.get_by_role("heading", name="What the reminders changed").first.is_visible()


def test_first_view_is_light(window: Open) -> None:
    """At most 100 KB over the wire before the dashboard, as a browser takes it: compressed."""
    shown = window(Role.officer)
    shown.open("/")
    sizes = shown.page.evaluate(
        "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
        ".map(entry => entry.encodedBodySize)"
    )
    assert 10_000 < sum(sizes) < 100_000
