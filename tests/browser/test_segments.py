"""The builder of segments in Chromium: groups within groups, live counts, text, versions, ready-made ones."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from engage.foundation.identity import Role
from tests.browser.conftest import NARROW, WIDE, Open, Window

pytestmark = pytest.mark.browser


def look(shown: Window, name: str) -> None:
    """Keep a picture where somebody wants to see it."""
    if folder := os.environ.get("ENGAGE_PICTURES"):
        shown.picture(Path(folder), name)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state("load")


def sound(shown: Window, axe: str) -> None:
    assert shown.violations(axe) == []
    assert shown.overflow() == 0
    assert [said for said in shown.complaints if "status of 422" not in said] == []


def build(page: Page) -> None:
    """Nobody registered, and (a flat, or (no email, and fewer than 2 expected))."""
    page.get_by_label("First condition").select_option("electors")
    press(page, "Add condition")
    page.get_by_label("Number of electors: compared how").select_option("at most")
    page.get_by_label("Number of electors: figure, people").fill("0")
    press(page, "Add group")
    page.get_by_label("Condition in group 2", exact=True).select_option("class")
    press(page, "Add condition to group 2")
    page.get_by_label("Flat", exact=True).check()
    press(page, "Add group to group 2")
    page.get_by_label("How many conditions of group 2.2 are met").select_option("none")
    page.get_by_label("Condition in group 2.2", exact=True).select_option("reach")
    press(page, "Add condition to group 2.2")
    page.get_by_label("Email", exact=True).check()


SENTENCE = (
    "Homes where the number of electors is at most 0 and (the kind of home is flat or it is not so that "
    "(somebody can be reached by email))."
)


@pytest.mark.parametrize("javascript", [False, True])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_groups_within_groups_by_form(window: Open, axe: str, javascript: bool, width: int) -> None:
    shown = window(Role.officer, javascript=javascript, width=width)
    page = shown.page
    shown.open("/segments/new")
    build(page)
    if javascript:
        page.locator("#said:not(:empty)").wait_for(state="attached")
        assert re.fullmatch(
            r"[\d,]+ homes?, [\d,]+ electors? registered, [\d,]+ adults missing, expected",
            page.locator("#said").inner_text().strip(),
        )
    else:
        press(page, "Count homes")
    assert SENTENCE in page.locator("#count").inner_text()
    assert page.get_by_role("button", name="Add group to group 2.2").count() == 0, "three levels are enough"
    if javascript:
        sound(shown, axe)
        for details in page.locator("#count summary").all():
            details.click()
        assert page.locator("#count li", has_text="••").count() == 10
        sound(shown, axe)
        look(shown, f"groups-{width}")
    press(page, "Remove group 2.2")
    press(page, "Count homes")
    assert "(the kind of home is flat)" in page.locator("#count").inner_text()
    if javascript:
        sound(shown, axe)


def test_a_group_left_empty_is_told_at_its_place(window: Open, axe: str) -> None:
    shown = window(Role.officer)
    page = shown.page
    shown.open("/segments/new")
    press(page, "Add group")
    press(page, "Count homes")
    page.get_by_role("link", name="Add at least one condition to this group, or remove it").click()
    assert page.evaluate("document.activeElement.id") == "c0-new"
    sound(shown, axe)
    look(shown, "group-empty")


def test_by_keyboard_alone(window: Open) -> None:
    """What was added takes the focus, so that nobody tabs through the page again."""
    shown = window(Role.officer)
    page = shown.page
    shown.open("/segments/new")
    page.get_by_label("First condition").focus()
    page.keyboard.type("Number of electors")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "c0-not"
    for key in ("Tab", "Tab"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.id") == "c0-value"
    page.keyboard.type("0")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "the number of electors is at least 0" in page.locator("#count").inner_text()


@pytest.mark.parametrize("javascript", [False, True])
def test_a_deep_rule_is_changed_as_text(window: Open, axe: str, javascript: bool) -> None:
    shown = window(Role.officer, javascript=javascript)
    page = shown.page
    shown.open("/segments/new?start=nobody-registered")
    press(page, "Write the rule as text")
    box = page.get_by_label("The rule as text")
    box.fill('{"version": 1, "where": {"all": [{"column": "electors", "is": "at most", "value": 900}]}}')
    press(page, "Count homes")
    said = "rule.where.all[0].value is 900: expected a number from 0 to 100."
    assert said in page.get_by_role("alert").inner_text()
    assert said in page.locator("#rule-error").inner_text()
    node = '{"column": "electors", "is": "at most", "value": 1}'
    for word in ("not", "all", "not", "any", "not", "all", "not", "any"):
        node = f'{{"{word}": {node}}}' if word == "not" else f'{{"{word}": [{node}, {node}]}}'
    page.get_by_label("The rule as text").fill(f'{{"version": 1, "where": {node}}}')
    press(page, "Count homes")
    assert "the number of electors is not at most 1" in page.locator("#count").inner_text()
    press(page, "Back to the form")
    assert "change it here" in page.get_by_role("alert").inner_text()
    if javascript:
        sound(shown, axe)
        look(shown, "text")
    page.get_by_label("Name").fill(f"Deep {javascript}")
    press(page, "Save segment")
    page.get_by_role("link", name="Change the rule").click()
    assert page.get_by_label("The rule as text").count() == 1


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_ready_made_segment_and_its_versions(window: Open, axe: str, width: int) -> None:
    shown = window(Role.officer, width=width)
    page = shown.page
    shown.open("/segments")
    sound(shown, axe)
    look(shown, f"segments-{width}")
    page.get_by_role("link", name="Private-rent streets, nobody registered").click()
    page.wait_for_load_state("load")
    page.get_by_label("Name").fill(f"Renters {width}")
    press(page, "Save segment")
    page.get_by_role("link", name="Change the rule").click()
    page.get_by_label("Number of electors: figure, people").fill("1")
    press(page, "Save segment")
    assert page.get_by_text("Segment, version 2").count() == 1
    changed = "Changed: the number of electors is at most 1. Before: the number of electors is at most 0."
    assert changed in page.get_by_role("main").inner_text()
    sound(shown, axe)
    look(shown, f"segment-{width}")
    page.get_by_role("link", name="Version 1", exact=True).click()
    assert "This is an earlier version." in page.get_by_role("main").inner_text()
    sound(shown, axe)
