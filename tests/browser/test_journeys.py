"""What people do, step by step, with JavaScript and without."""

import re

import pytest

from engage.demo.story import Story
from engage.foundation.identity import Role
from tests.browser.conftest import Open, Window, sign_in

pytestmark = pytest.mark.browser


def test_signing_in_without_javascript(window: Open, played: Story) -> None:
    shown = window(javascript=False)
    page = shown.page
    page.goto(f"{shown.base}/sign-in")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    assert page.title().startswith("Error: Sign in")
    page.get_by_role("link", name="Enter your email address").click()
    assert page.url.endswith("#email")
    sign_in(page, played, Role.officer)
    assert page.get_by_role("heading", level=1).inner_text() == "What needs doing"
    page.get_by_role("button", name="Sign out").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Sign in to Engage"


def test_the_error_summary_takes_the_focus(window: Open, axe: str) -> None:
    shown = window()
    shown.open("/sign-in")
    shown.page.get_by_role("main").get_by_role("button", name="Sign in").click()
    shown.page.wait_for_load_state("load")
    assert shown.page.evaluate("document.activeElement.className").startswith("govuk-error-summary")
    shown.page.keyboard.press("Tab")
    shown.page.keyboard.press("Enter")
    assert shown.page.evaluate("document.activeElement.id") == "email"
    assert shown.violations(axe) == []


def test_the_skip_link_is_first_and_leads_to_the_content(window: Open) -> None:
    page = window(Role.officer).page
    page.goto(window(Role.officer).base + "/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main-content"


def test_a_resident_stops_reminders_without_javascript(window: Open, played: Story) -> None:
    links = sorted(set(re.findall(rf"{played.office.settings.base_url}/r/[A-Za-z0-9_-]+", _bodies(played))))
    page = window(javascript=False, width=360).page
    for link in links:
        page.goto(f"{link}?lang=cy")
        if not page.get_by_text("Ni fyddwn yn anfon rhagor").count():
            break
    page.get_by_role("link", name="Rhoi’r gorau i’r negeseuon atgoffa").click()
    page.get_by_role("button", name="Rhoi’r gorau i’r negeseuon atgoffa").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Ni fydd rhagor o negeseuon atgoffa"
    page.get_by_role("link", name="English").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Reminders stopped"
    assert page.context.cookies() == []


@pytest.mark.parametrize("width", [320, 1200])
def test_every_page_of_a_resident_is_sound(window: Open, played: Story, axe: str, width: int) -> None:
    [link, *_] = sorted(set(re.findall(r"/r/[A-Za-z0-9_-]+", _bodies(played))), reverse=True)
    shown = window(width=width)
    for page in ("", "/registered", "/cannot", "/moved", "/help", "/stop", "/not-one-of-ours"):
        shown.open(f"{link}{page}?lang=cy")
        assert (page, shown.violations(axe), shown.overflow()) == (page, [], 0)
    shown.open(f"{link}/help")
    shown.page.get_by_role("button", name="Ask for help").click()
    assert shown.page.title().startswith("Error: ")
    assert (shown.violations(axe), shown.overflow()) == ([], 0)
    shown.page.get_by_label("Easy read").check()
    shown.page.get_by_role("button", name="Ask for help").click()
    assert shown.page.get_by_role("heading", level=1).inner_text() == "We have your request"
    assert (shown.violations(axe), shown.overflow()) == ([], 0)
    shown.page.get_by_role("button", name="Take this back").click()
    assert shown.violations(axe) == []
    assert {asked for asked in shown.asked if not asked.startswith(shown.base)} == set()


def _bodies(story: Story) -> str:
    return "\n".join(row.body for row in story.stand_in.state.store.by_id.values())


def _save_segment(officer: Window, name: str, axe: str, *, javascript: bool) -> None:
    page = officer.page
    officer.open("/segments/new")
    for column in ("electors", "class"):
        page.get_by_label(re.compile("(First|Another) condition")).select_option(column)
        page.get_by_role("button", name="Add condition").click()
        page.wait_for_load_state("load")
    page.get_by_label(re.compile("compared how")).select_option("at most")
    page.get_by_label(re.compile(": figure")).fill("1")
    page.get_by_label("House", exact=True).check()
    if javascript:
        page.locator("#count dl").wait_for()
        assert "Homes where the number of electors is at most 1" in page.locator("#count").inner_text()
        assert officer.violations(axe) == []
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Save segment").click()
    assert page.get_by_role("heading", level=1).inner_text() == name


def _set_up(officer: Window, name: str, axe: str, *, javascript: bool) -> None:
    """From the page of a segment, task by task, to the draft."""
    page = officer.page
    page.get_by_role("button", name="Plan a campaign").click()
    page.get_by_role("link", name="Choose people").click()
    page.get_by_role("button", name="Save and continue").click()
    assert page.title().startswith("Error: Choose people")
    if javascript:
        page.wait_for_load_state("load")
        assert officer.violations(axe) == []
    page.get_by_label("Name").fill(name)
    page.get_by_label("What is it for?").fill("To see that it can be planned by form")
    page.get_by_role("button", name="Save and continue").click()
    for task in ("Check compliance", "Set the comparison group", "Choose dates", "Choose messages"):
        page.get_by_role("link", name=task).click()
        assert page.get_by_role("heading", level=1).inner_text() == task
        if javascript:
            assert officer.violations(axe) == []
        if task == "Check compliance":
            page.get_by_label("Nobody: no message leaves").check()
        if task == "Choose messages":
            for channel in ("Email", "Letter"):
                chosen = f"{channel.lower()}_reminder_en"
                page.get_by_label(f"{channel} template", exact=True).select_option(label=chosen)
        page.get_by_role("button", name="Save and continue").click()
    assert page.get_by_text("Completed").count() == 5
    if javascript:
        assert officer.violations(axe) == []
    page.get_by_role("button", name="Save as a draft").click()


@pytest.mark.parametrize("javascript", [False, True])
def test_a_segment_a_campaign_and_its_approval(window: Open, axe: str, javascript: bool) -> None:
    name = f"Flats {'with' if javascript else 'without'} script"
    officer = window(Role.officer, javascript=javascript)
    page = officer.page
    _save_segment(officer, name, axe, javascript=javascript)

    _set_up(officer, name, axe, javascript=javascript)
    page.get_by_role("link", name="Send a test to a colleague").click()
    page.get_by_label("Email in English").check()
    page.get_by_label("To which colleague?").select_option(label="Arthur Approver, approver")
    page.get_by_role("button", name="Send one test").click()
    assert "Tests sent to colleagues" in page.get_by_role("main").inner_text()
    page.get_by_role("button", name="Submit for approval").click()
    page.get_by_role("button", name="Submit for approval").click()
    text = page.get_by_role("main").inner_text()
    for words in ("Who is left out, and why", "When it leaves", "What it costs, at most", "What this can find"):
        assert words in text
    assert "Submitted. Somebody else can approve it now." in text
    assert page.get_by_role("button", name="Approve").count() == 0, "nobody approves their own"
    if javascript:
        assert officer.violations(axe) == []

    approver = window(Role.approver, javascript=javascript)
    approver.open("/approvals")
    approver.page.get_by_role("link", name=name).click()
    approver.page.get_by_role("button", name="Approve").click()
    approver.page.get_by_role("button", name="Approve").click()
    assert "Approved. It can be launched now." in approver.page.get_by_role("main").inner_text()

    page.get_by_role("link", name="Change the plan").click()
    page.get_by_label("What is it for?").fill("To see what the approver is told")
    page.get_by_role("button", name="Save draft").click()
    changed = page.get_by_role("table", name="Changes").inner_text()
    assert "To see that it can be planned by form" in changed
    assert "To see what the approver is told" in changed
    if javascript:
        assert officer.violations(axe) == []
    page.get_by_role("button", name="Discard the draft").click()
    page.get_by_role("button", name="Discard the draft").click()
    assert "Discarded. Nothing of it is sent." in page.get_by_role("main").inner_text()


def test_somebody_is_told_before_they_are_signed_out(window: Open, axe: str) -> None:
    """By the browser's own clock, which is moved on while the page stands open."""
    officer = window(Role.officer)
    page = officer.page
    page.clock.install()
    officer.open("/suppressions")
    left = int(page.locator("[data-signed-out-in]").get_attribute("data-signed-out-in") or 0)
    dialog = page.get_by_role("dialog")
    page.clock.fast_forward(1000 * (left - 310))
    assert dialog.count() == 0
    page.clock.fast_forward(15_000)
    dialog.wait_for()
    assert page.evaluate("document.activeElement.id") == "timeout-title"
    assert officer.violations(axe) == []
    page.clock.fast_forward(300_000)
    page.get_by_role("heading", name="You have been signed out").wait_for()
    assert "comes back" in dialog.inner_text()
