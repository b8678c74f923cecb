"""What a page says where something lacks: no data, no changes taken, Notify away, an old register, two at once. Each
state is made in the service that runs, seen, and taken back. Pictures go to ENGAGE_PICTURES."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from campaigns.approval import drafts, forecast
from engage.demo.story import Story
from engage.foundation.errors import NotifyUnavailable
from engage.foundation.identity import Account, Authority, Role
from engage.foundation.office import Actor, Office
from segments.audiences import named_rules
from segments.homes import register_age
from tests.browser.conftest import Window
from tests.website import HASH, PASSWORD

Open = Callable[..., Window]
EMPTY = "E07000077"
EVERYWHERE = (
    "/", "/data", "/gaps", "/segments", "/campaigns", "/replies", "/homes", "/suppressions", "/council", "/evidence",
    "/wards", "/dashboard/", "/data/gazetteer", "/report", "/campaigns/new", "/segments/new", "/data/review",
)  # fmt: skip


@pytest.fixture
def picture() -> Callable[[Window, str], None]:
    def taken(shown: Window, name: str) -> None:
        if folder := os.environ.get("ENGAGE_PICTURES"):
            shown.picture(Path(folder), name)

    return taken


def test_a_council_without_data_is_led_on_from_every_page(
    played: Story, chromium: Browser, axe: str, picture: Callable[[Window, str], None]
) -> None:
    with played.office.database.session() as session:
        session.add(Authority(code=EMPTY, name="Emptyham"))
        session.flush()
        email, name = "officer@empty.example.com", "Nobody Yet"
        session.add(Account(authority=EMPTY, email=email, name=name, role=Role.officer, password=HASH))
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 360, "height": 700})
    shown = Window(context.new_page(), played.office.settings.base_url)
    shown.open("/sign-in")
    shown.page.get_by_label("Email address").fill(email)
    shown.page.get_by_label("Password", exact=True).fill(PASSWORD)
    shown.page.get_by_role("main").get_by_role("button", name="Sign in").click()
    for path in EVERYWHERE:
        assert shown.open(path) == 200, path
        assert shown.page.locator("main").inner_text().strip(), path
        assert "engage " not in shown.page.locator("main").inner_text(), f"{path} tells a command"
        assert shown.overflow() <= 0, path
        picture(shown, f"empty{path.replace('/', '-')}")
    shown.open("/homes")
    assert "No gazetteer has been imported" in shown.page.locator("main").inner_text()
    context.close()


@contextmanager
def reading_alone(office: Office) -> Iterator[None]:
    def refuse(own: Any, _: object) -> None:
        own.execute("PRAGMA query_only=ON").close()

    sa.event.listen(office.database.engine, "connect", refuse)
    office.database.close()
    yield
    sa.event.remove(office.database.engine, "connect", refuse)
    office.database.close()


def test_a_database_that_takes_no_changes_says_so_and_keeps_what_was_typed(
    played: Story, window: Open, axe: str, picture: Callable[[Window, str], None]
) -> None:
    shown = window(Role.officer)
    shown.open("/suppressions")
    shown.page.get_by_label("An email address").check()
    shown.page.get_by_label("The email address, mobile number, or address of the home").fill("somebody@example.com")
    shown.page.get_by_label("Why?").select_option("asked by phone")
    with reading_alone(played.office):
        shown.page.get_by_role("button", name="Stop using it").click()
        shown.page.get_by_role("heading", name="Nothing can be saved at the moment").wait_for()
        assert shown.violations(axe) == []
        picture(shown, "read-only-refused")
        shown.open("/campaigns")
        assert "the database takes no changes" in shown.page.locator("main").inner_text()
        picture(shown, "read-only-campaigns")
    played.office.database._refused = -1e9  # else pages say it for another minute


def test_where_notify_is_away_the_register_old_or_somebody_else_was_first_it_is_said(
    played: Story, window: Open, axe: str, picture: Callable[[Window, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    office = played.office
    with office.database.reading() as session:
        ada = session.exec(sa.select(Account).where(Account.role == Role.administrator)).scalars().first()  # type: ignore[call-overload]
    other = Actor(played.authority, ada.label, ada.id)
    segment = named_rules.all_segments(office, played.authority)[0].name
    texts = {channel: played.templates[f"{channel}_reminder_en"]["id"] for channel in ("email", "letter")}
    day = office.clock.now().date()
    plan = {
        "name": "Autumn", "purpose": "Remind", "segment": segment, "templates": texts, "start": f"{day.year + 1}-06-03",
        "outcome_window": {"start": f"{day.year + 1}-06-03", "end": f"{day.year + 1}-07-15"},
    }  # fmt: skip
    number = drafts.create(office, other, plan).id or 0
    shown = window(Role.officer)
    shown.open(f"/campaigns/{number}/edit")
    shown.page.get_by_label("What is it for?").fill("As I typed it")
    drafts.revise(office, other, number, plan | {"name": "Winter"})
    shown.page.get_by_role("button", name="Save draft").click()
    said = shown.page.locator("#meanwhile").inner_text()
    assert ("Plan changed by Ada Administrator" in said, "Winter" in said) == (True, True)
    assert shown.page.get_by_label("What is it for?").input_value() == "As I typed it"
    assert shown.violations(axe) == []
    picture(shown, "two-at-once")
    monkeypatch.setattr(register_age, "STALE_DAYS", -1)
    for path in (f"/campaigns/{number}", f"/campaigns/{number}/submit", "/gaps"):
        shown.open(path)
        assert "The newest register here is of" in shown.page.locator("main").inner_text(), path
    picture(shown, "stale-gaps")

    def away(*_: object, **__: object) -> None:
        raise NotifyUnavailable("GOV.UK Notify cannot be reached.")

    monkeypatch.setattr(forecast, "templates", away)
    for path in (f"/campaigns/{number}", f"/campaigns/{number}/edit", "/campaigns/new/messages"):
        shown.open(path)
        assert "Until its templates can be read" in shown.page.locator("main").inner_text(), path
        picture(shown, f"notify-away{path.replace('/', '-')}")
    shown.open(f"/campaigns/{number}/submit")
    shown.page.get_by_role("button", name="Submit for approval").click()
    assert "cannot be reached" in shown.page.locator("main").inner_text()


def test_a_home_is_found_and_its_pages_are_sound(
    played: Story, window: Open, axe: str, picture: Callable[[Window, str], None]
) -> None:
    shown = window(Role.officer, javascript=False)
    shown.open("/homes")
    shown.page.get_by_label("Address, postcode or UPRN").fill("1")
    shown.page.get_by_label("Why do you look?").fill("A call")
    shown.page.get_by_role("button", name="Find").click()
    assert "three letters or digits" in shown.page.locator("main").inner_text()
    shown.page.get_by_label("Address, postcode or UPRN").fill("12 road")
    shown.page.get_by_role("button", name="Find").click()
    picture(shown, "homes-found")
    shown.page.locator("main a[href^='/homes/']").first.click()
    shown.page.get_by_role("heading", name="What keeps it from being reminded").wait_for()
    picture(shown, "home")
    for act in ("", "/reply", "/suppress", "/lift"):
        here = shown.page.url.split("/homes/")[1][:32]
        shown.open(f"/homes/{here}{act}")
        shown.resize(320, 700)
        assert shown.overflow() <= 0, act
    checked = window(Role.officer)
    checked.open(shown.page.url.rpartition("/")[0])
    assert checked.violations(axe) == []
    for path in ("/campaigns/1", "/campaigns/1/evidence", "/campaigns/1/messages?channel=email", "/account"):
        checked.open(path)
        picture(checked, f"page{path.replace('/', '-').partition('?')[0]}")
    printed = checked.page.request.get(f"{checked.base}/campaigns/1/evidence.pdf?figures=publication")
    assert (printed.status, printed.body()[:5]) == (200, b"%PDF-")
    if folder := os.environ.get("ENGAGE_PICTURES"):
        Path(folder, "evidence.pdf").write_bytes(printed.body())
