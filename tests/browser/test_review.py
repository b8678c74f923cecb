"""The address review in Chromium: by keyboard alone, without JavaScript, and for a screen reader.

It has an office of its own, as answers change what the other pages of the played story say.
"""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page
from sqlmodel import SQLModel, select

import engage.migrations.tables  # noqa: F401  # every table
from engage.app import create_app
from engage.foundation.clock import SteppedClock
from engage.foundation.identity import Authority, Role
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.homes import registrations
from segments.linking.review import LinkAnswer
from tests.browser.conftest import NARROW, Window
from tests.conftest import EAST_STAFFORDSHIRE, START
from tests.segments.village import settle_in, village
from tests.website import PASSWORD, hire

pytestmark = pytest.mark.browser
ACTOR = Actor(EAST_STAFFORDSHIRE, "officer 1", 1)
MANOR, ROAD, VIEW = "Oak Manor, High Street, Uttoxeter", "5 Park Road", "Willow View, Church Lane"
ROWS = [*[(MANOR, "ST14 7AA", None)] * 3, *[(ROAD, None, None)] * 2, (VIEW, "ST14 7AC", None)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    """An office with three addresses to review, served on a free port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        office = Office(Settings(home=tmp_path / "home", base_url=base, log_level="warning"), SteppedClock(START))
        SQLModel.metadata.create_all(office.database.engine)
        with office.database.session() as session:
            session.add(Authority(code=EAST_STAFFORDSHIRE, name="East Staffordshire"))
        settle_in(office, ACTOR, ROWS, tmp_path)
        with office.database.session() as session:
            registrations.newest(office, ACTOR, session)
        server = uvicorn.Server(uvicorn.Config(create_app(office), log_config=None, ws="none"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield office
        server.should_exit = True
        thread.join(10)


def opened(chromium: Browser, desk: Office, *, javascript: bool = True, path: str = "/data/review") -> Window:
    context = chromium.new_context(java_script_enabled=javascript, viewport={"width": 1200, "height": 900})
    context.set_default_timeout(15_000)
    shown = Window(context.new_page(), desk.settings.base_url)
    shown.page.on("console", lambda said: shown.complaints.append(said.text) if said.type == "error" else None)
    shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
    account = hire(desk, Role.officer)
    shown.open(f"/sign-in?next={path}")
    shown.page.get_by_label("Email address").fill(account.email)
    shown.page.get_by_label("Password", exact=True).fill(PASSWORD)
    shown.page.get_by_role("main").get_by_role("button", name="Sign in").click()
    shown.page.get_by_role("heading", level=1, name="review").wait_for()
    return shown


def title(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def answers(desk: Office) -> dict[str, int | None]:
    with desk.database.session() as session:
        return {answer.verdict: answer.uprn for answer in session.exec(select(LinkAnswer))}


def test_every_page_of_the_review_is_sound(chromium: Browser, desk: Office, axe: str, tmp_path: Path) -> None:
    shown = opened(chromium, desk)
    for path in ("/data/review?n=2", "/data/review/answers"):
        assert shown.open(path) == 200
        assert shown.violations(axe) == []
    shown.open("/data/review?n=1")
    shown.page.get_by_role("button", name="Save and next").click()
    assert shown.page.title().startswith("Error: Address 1 of 3")
    assert shown.violations(axe) == []
    shown.page.get_by_role("link", name="Select the home").click()
    assert shown.page.evaluate("document.activeElement.id") == "choice"
    shown.resize(NARROW, 700)
    assert shown.overflow() == 0
    assert shown.violations(axe) == []
    assert [said for said in shown.complaints if "422" not in said] == []


def test_three_addresses_by_keyboard_alone(chromium: Browser, desk: Office, axe: str) -> None:
    page = (shown := opened(chromium, desk)).page
    keys = page.keyboard
    keys.press("r")
    assert page.evaluate("document.activeElement.value") == "reject"
    keys.press("Enter")
    page.wait_for_url("**n=2#question")
    # The fragment took the keyboard past the menu: the next stop is the question itself.
    keys.press("Tab")
    assert page.evaluate("document.activeElement.name") == "choice"
    keys.press("2")
    keys.press("Enter")
    page.wait_for_url("**n=3#question")
    keys.press("c")
    keys.press("Enter")
    page.get_by_text("Every address is answered.").wait_for()
    chosen = village().uprn("5 Park Road, Uttoxeter")
    assert answers(desk) == {"reject": None, "accept": chosen, "unsure": None}
    assert shown.violations(axe) == []
    assert shown.complaints == []


def test_single_keys_choose_only_and_can_be_turned_off(chromium: Browser, desk: Office) -> None:
    page = opened(chromium, desk).page
    page.keyboard.press("a")
    assert page.locator("input[name=choice]").first.is_checked()
    assert title(page) == "Address 1 of 3 to review"
    assert page.get_by_text("Single keys choose").is_visible()
    page.get_by_role("button", name="Turn single keys off").click()
    page.get_by_text("Single keys are turned off").wait_for()
    page.keyboard.press("r")
    assert page.locator("input:checked").count() == 0
    page.get_by_role("button", name="Turn single keys on").click()
    page.get_by_text("Single keys choose").wait_for()
    page.keyboard.press("r")
    assert page.get_by_label("None of these").is_checked()
    assert answers(desk) == {}


def test_without_javascript(chromium: Browser, desk: Office) -> None:
    page = opened(chromium, desk, javascript=False).page
    assert not page.get_by_text("Single keys choose").is_visible()
    page.get_by_role("link", name="Decide later").click()
    assert title(page) == "Address 2 of 3 to review"
    page.get_by_label("5 Park Road, Burton upon Trent").check()
    page.get_by_role("button", name="Save and next").click()
    assert title(page) == "Address 3 of 3 to review"
    page.get_by_label("I cannot tell").check()
    page.get_by_role("button", name="Save and next").click()
    # What was left for later comes back.
    assert title(page) == "Address 1 of 3 to review"
    page.get_by_label("None of these").check()
    page.get_by_role("button", name="Save", exact=True).click()
    assert "Every address is answered." in page.get_by_role("main").inner_text()
    page.get_by_role("link", name="See or change the answers given").click()
    page.get_by_role("link", name="Change the answer to address 2").click()
    assert page.get_by_label("5 Park Road, Burton upon Trent").is_checked()


def test_a_screen_reader_hears_the_address_and_the_differences(chromium: Browser, desk: Office) -> None:
    page = opened(chromium, desk, path="/data/review").page
    page.get_by_role("link", name="Decide later").click()
    group = page.get_by_role("group", name="Which home is it?")
    described = group.get_attribute("aria-describedby") or ""
    assert "5 Park Road" in page.locator(f"#{described}").inner_text()
    home = page.get_by_role("radio", name="5 Park Road, Uttoxeter, ST14 8AA")
    hint = page.locator(f"#{home.get_attribute('aria-describedby')}").inner_text()
    assert hint.startswith("Only the gazetteer has: Uttoxeter, ST14 8AA.")
