"""Everything that can be opened, walked by every role along its links, at two widths, held to what WCAG 2.2 AA asks.

Nobody writes the pages down: what a page links to is opened next, so that a new page is walked by being there.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from engage.demo.story import Story, _some_link
from engage.foundation.identity import Role
from tests.browser.conftest import NARROW, WIDE, Open, Window

OPEN_TO_ALL = ("/sign-in", "/accessibility", "/privacy?lang=cy", "/cookies", "/retention", "/nowhere")
EACH_ROLE = ("/", "/account", "/campaigns/N", "/wards")  # which say something else to each
FILE = re.compile(r"\.(csv|zip|pdf|json|svg)$|^/(api|assets|sign-out|dashboard/_)")
SEEN = set[str]()
LINKS = "() => [...document.querySelectorAll('a[href^=\"/\"]:not([download])')].map(link => link.getAttribute('href'))"
SMALL = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')].filter(e => {
  const box = e.getBoundingClientRect(), style = getComputedStyle(e);
  const inline = e.tagName === 'A' && style.display === 'inline';  // in a line of text: the exception of 2.5.8
  const clear = box.width && box.height && box.bottom > 0 && box.right > 0 && style.visibility === 'visible';
  const unseen = e.matches('.govuk-skip-link, .govuk-visually-hidden');  // or large once it has the focus
  return clear && !inline && !unseen && !e.closest('svg') && e.type !== 'hidden' && (box.width < 24 || box.height < 24);
}).map(e => e.outerHTML.slice(0, 120))"""


def pattern(path: str) -> str:
    """Pages that differ in a number, a ward or a query are one."""
    return re.sub(r"/(\d+|E\d{8})(?=/|$)", "/N", path.partition("#")[0].partition("?")[0])


def walked(shown: Window, start: str) -> Iterator[str]:
    """What a role comes to and nobody came to before, breadth first; the page is open while it is looked at."""
    waiting, known = [start], {pattern(start)}
    while waiting:
        path = waiting.pop(0)
        if pattern(path) in SEEN and path != start:
            continue
        if shown.open(path) >= 400:
            continue
        SEEN.update({pattern(path)} - set(EACH_ROLE))
        yield path
        for link in shown.page.evaluate(LINKS):
            if pattern(link) not in known and not FILE.search(pattern(link)):
                known.add(pattern(link))
                waiting.append(link)


def faults(shown: Window, axe: str) -> list[object]:
    """What is wrong with the page that is open, at both widths."""
    found: list[object] = []
    for width in (WIDE, NARROW):
        shown.resize(width, 800)
        found += [(width, *each) for each in shown.violations(axe)]
        found += [(width, "wider than the window", shown.overflow())] if shown.overflow() else []
        found += [(width, "under 24 pixels", each) for each in shown.page.evaluate(SMALL)]
    foreign = [url for url in shown.asked if not url.startswith(shown.base + "/")]
    found += foreign + shown.complaints
    shown.complaints.clear()
    return found


@pytest.mark.parametrize("role", list(Role))
def test_nothing_is_wrong_with_any_page_a_role_comes_to(window: Open, axe: str, role: Role) -> None:
    shown, wrong, seen = window(role), dict[str, list[object]](), list[str]()
    for path in walked(shown, "/"):
        seen.append(path)
        if path == "/dashboard/":  # Plotly draws after the page has loaded
            shown.page.locator(".js-plotly-plot svg").first.wait_for(state="attached")
        if found := faults(shown, axe):
            wrong[path] = found
    assert wrong == {}
    assert len(seen) >= 1


def test_nothing_is_wrong_with_what_anybody_may_open(window: Open, axe: str, played: Story) -> None:
    shown, wrong = window(), {}
    link = _some_link(played)
    for path in (*OPEN_TO_ALL, *(f"{link}?lang={language}" for language in ("en", "cy"))):
        shown.open(path)
        if found := [one for one in faults(shown, axe) if "404" not in str(one)]:
            wrong[path] = found
    assert wrong == {}


REACHED = """() => { const e = document.activeElement; if (!e || e === document.body) return null;
  const box = e.getBoundingClientRect(), style = getComputedStyle(e);
  const at = document.elementFromPoint(box.left + Math.min(box.width / 2, 40), box.top + box.height / 2);
  const drawn = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
  const choice = e.closest('.govuk-radios__item, .govuk-checkboxes__item');  // draws it before its label
  e.dataset.reached ||= document.querySelectorAll('[data-reached]').length + 1;
  return {place: +e.dataset.reached, clear: !!at && (e.contains(at) || at.contains(e)), seen: drawn || !!choice,
          what: e.outerHTML.slice(0, 120)}; }"""
LEFT_OUT = """() => {
  const controls = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
  const other = e => e.type === 'radio' && document.querySelector(`input[name="${e.name}"]:is(:checked, [data-reached])`);
  return [...document.querySelectorAll(controls)]
    .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.disabled && !e.ariaHidden && !other(e))
    .filter(e => !e.dataset.reached).map(e => e.outerHTML.slice(0, 120)); }"""


BY_KEYBOARD = [
    (Role.officer, "/"), (Role.officer, "/campaigns/1"), (Role.officer, "/segments/new"), (Role.member, "/wards"),
    (Role.member, "/account"),
]  # fmt: skip


@pytest.mark.parametrize(("role", "path"), BY_KEYBOARD)
def test_the_keyboard_reaches_everything_and_shows_where_it_is(window: Open, role: Role, path: str) -> None:
    shown = window(role, width=NARROW)
    shown.open(path)
    hidden = list(tabbed(shown.page))
    assert hidden == []
    assert shown.page.evaluate(LEFT_OUT) == []


def tabbed(page: Page) -> Iterator[str]:
    """What takes the focus without being seen to, from the first stop of the keyboard round to the first again."""
    place = 0
    for _ in range(300):
        page.keyboard.press("Tab")
        stop = page.evaluate(REACHED)
        if stop is None or stop["place"] <= place:
            return
        place = stop["place"]
        if not (stop["clear"] and stop["seen"]):
            yield f"{stop['what']} clear: {stop['clear']}, seen: {stop['seen']}"
