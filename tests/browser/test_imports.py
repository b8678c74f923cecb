"""How an officer brings a file in: uploads it, watches it, decides, undoes; with JavaScript and without, by keyboard."""

import os
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from engage.demo.story import Story
from engage.foundation.identity import Role
from engage.foundation.lake import current
from segments.files.report import ImportReport, Stage
from segments.homes import former_contacts
from segments.homes.former_contacts import Left
from segments.homes.pages import TICK
from segments.importing import inbox, steps
from segments.importing.imports import import_file
from tests.browser.conftest import NARROW, WIDE, Open, Window

pytestmark = pytest.mark.browser
BOTH = pytest.mark.parametrize("javascript", [False, True])


def lines(played: Story, kind: str) -> list[str]:
    path = next(path for known, path in played.borough.files if known == kind)
    return path.read_text(encoding="utf-8").splitlines()


def written(folder: Path, name: str, *rows: str) -> Path:
    path = folder / name
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def usable(played: Story, folder: Path, name: str = "usable.csv") -> Path:
    """A list of suppressions of two rows, one of them for a pigeon at no address that is one."""
    header, first, *_ = lines(played, "suppressions")
    return written(folder, name, header, first, "pigeon,the loft,objection,2026-05-01")


def fill(page: Page, file: Path | None, day: int) -> None:
    for part, value in {"Day": str(day), "Month": "6", "Year": "2026"}.items():
        page.get_by_label(part).fill(value)
    if file:
        page.locator("input[type=file]").set_input_files(file)


def send(page: Page, file: Path | None, day: int) -> None:
    fill(page, file, day)
    page.get_by_role("button", name="Check the file").click()
    page.wait_for_load_state("load")


def heading(page: Page, words: str) -> None:
    """Whatever is under way ends within the wait, by itself."""
    expect(page.get_by_role("heading", level=1)).to_have_text(words, timeout=20_000)


def sound(shown: Window, axe: str) -> None:
    for width in (WIDE, NARROW):
        shown.resize(width, 900)
        assert shown.violations(axe) == []
        assert shown.overflow() == 0
        if pictures := os.environ.get("ENGAGE_PICTURES"):
            shown.picture(Path(pictures), f"{shown.page.title().partition(' – ')[0]} {width}".replace("/", " "))
    shown.resize(WIDE, 900)
    assert [said for said in shown.complaints if "status of 422" not in said] == []


@BOTH
def test_a_file_is_refused_another_decided_on_and_undone(
    window: Open, played: Story, tmp_path: Path, axe: str, javascript: bool
) -> None:
    wrong = written(tmp_path, "wrong.csv", "name,colour", "somebody,blue")
    shown = window(Role.officer, javascript=javascript)
    page = shown.page
    shown.open("/data/new?kind=suppressions")
    send(page, wrong, 2 + javascript)
    heading(page, "This file cannot be used")
    assert "wrong.csv is no format of" in page.get_by_role("main").inner_text()
    if javascript:
        sound(shown, axe)
    page.get_by_role("link", name="upload the new file").click()
    assert page.get_by_label("What is it?").input_value() == "suppressions"

    send(page, usable(played, tmp_path), 2 + javascript)
    heading(page, "Usable, with problems")
    if javascript:
        sound(shown, axe)
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Download the rows .*rejected")).click()
    assert "type is not email, mobile or uprn" in Path(download.value.path()).read_text(encoding="utf-8-sig")
    page.get_by_role("button", name="Import 1 row").click()
    assert page.title().startswith("Error: ")  # a list that is read in part does not come in without a yes
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Import 1 row").click()
    page.wait_for_url(re.compile(r"/data/\d+$"))
    assert "2 rows read: 1 accepted, 0 left out on purpose, 1 rejected." in page.get_by_role("main").inner_text()
    page.get_by_role("link", name="Undo this import").click()
    page.get_by_role("button", name="Undo the import").click()
    assert "was undone" in page.get_by_role("main").inner_text()


@BOTH
def test_what_is_wrong_with_the_form_is_said_and_the_file_kept(
    window: Open, played: Story, tmp_path: Path, axe: str, javascript: bool
) -> None:
    shown = window(Role.officer, javascript=javascript)
    page = shown.page
    shown.open("/data/new?kind=suppressions")
    send(page, None, 31)
    assert page.title().startswith("Error: Import a file")
    summary = page.get_by_role("alert")
    assert summary.get_by_role("link").all_inner_texts() == [
        "The day the file speaks of must be a real date", "Select a suppressions file",
    ]  # fmt: skip
    if javascript:
        assert page.evaluate("document.activeElement.className").startswith("govuk-error-summary")
        sound(shown, axe)
    send(page, usable(played, tmp_path, "kept.csv"), 31)
    assert "kept.csv is uploaded already" in page.get_by_role("main").inner_text()
    assert page.get_by_label("Day").input_value() == "31"
    if javascript:
        sound(shown, axe)
    send(page, None, 4)
    heading(page, "Usable, with problems")
    page.get_by_text("It is something else, or of another day").click()
    page.get_by_label("What is it?").select_option("contacts")
    page.get_by_role("button", name="Check the same file again").click()
    heading(page, "This file cannot be used")
    page.get_by_label("What is it?").select_option("suppressions")
    page.get_by_role("button", name="Check the same file again").click()
    heading(page, "Usable, with problems")
    page.get_by_role("button", name="Do not import").click()
    assert "Nothing was imported." in page.get_by_role("main").inner_text()


@BOTH
def test_contacts_of_earlier_councils_are_taken_over_once_somebody_says_that_they_may(
    window: Open, played: Story, axe: str, monkeypatch: pytest.MonkeyPatch, javascript: bool
) -> None:
    """The demo's council was always one, so its own contacts stand for theirs."""
    with played.office.database.reading() as session:
        own = current(session, played.borough.authority_code, "contacts")
    assert own
    monkeypatch.setattr(former_contacts, "left", lambda *_: [Left("Old Exampleton", own)])
    monkeypatch.setattr(former_contacts, "take_over", lambda *_, may: own)
    shown = window(Role.officer, javascript=javascript)
    page = shown.page
    shown.open("/data/former-contacts")
    assert f"Old Exampleton: {own.rows:,} contacts" in page.get_by_role("main").inner_text()
    page.get_by_role("button", name="Take the contacts over").click()
    page.wait_for_load_state("load")
    assert page.get_by_role("alert").get_by_role("link").all_inner_texts() == [TICK]
    if javascript:
        sound(shown, axe)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Take the contacts over").click()
    page.wait_for_url(f"**/data/{own.id}")
    assert "Took the contacts over" in page.get_by_role("main").inner_text()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Imports stop after their first stage until it is opened."""
    opened = threading.Event()

    def slow(*given: Any, **how: Any) -> ImportReport:
        how["progress"](Stage("Checking 2 lines of Suppression list", 0.2))
        assert opened.wait(60)
        return import_file(*given, **how)

    monkeypatch.setattr(steps, "import_file", slow)
    yield opened
    opened.set()


@BOTH
def test_the_page_of_a_long_import_is_closed_and_come_back_to(
    window: Open, played: Story, tmp_path: Path, axe: str, gate: threading.Event, javascript: bool
) -> None:
    name = "long.csv" if javascript else "longer.csv"
    shown = window(Role.officer, javascript=javascript)
    page = shown.page
    shown.open("/data/new?kind=suppressions")
    send(page, usable(played, tmp_path, name), 6 + javascript)
    heading(page, f"Checking {name}")
    main = page.get_by_role("main")
    assert "20% of the check is done." in main.inner_text()
    assert "You can close this page." in main.inner_text()
    if javascript:
        assert "reloads" not in main.inner_text()
        sound(shown, axe)
    else:
        page.get_by_role("link", name="Stop reloading").click()
        page.get_by_role("link", name="See how far it is now").click()
        assert "20% of the check is done." in main.inner_text()

    shown.open("/")
    assert "Checking 2 lines of Suppression list, 20%" in main.inner_text()
    shown.open("/data")
    if javascript:
        sound(shown, axe)
    page.get_by_role("link", name=name).click()
    gate.set()
    heading(page, "Usable, with problems")  # htmx, or without JavaScript the page's own reloading, moves on
    page.get_by_role("button", name="Do not import").click()


def test_a_file_is_dropped_and_everything_done_by_keyboard(
    window: Open, played: Story, tmp_path: Path, axe: str
) -> None:
    shown = window(Role.officer)
    page = shown.page
    page.on("filechooser", lambda _: None)  # Chromium is told to hand choosers over now, not as one opens
    shown.open("/data/new")
    page.locator("button.govuk-file-upload-button").wait_for()
    reach(page, "kind")
    page.keyboard.type("People")
    for part in ("8", "6", "2026"):
        page.keyboard.press("Tab")
        page.keyboard.type(part)
    page.keyboard.press("Tab")
    assert "Choose file" in page.evaluate("document.activeElement.innerText")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(usable(played, tmp_path, "keys.csv"))
    expect(page.locator(".govuk-file-upload-button__status")).to_have_text("keys.csv")
    press(page, "Check the file")
    heading(page, "Usable, with problems")
    reach(page, "unread-rows")
    page.keyboard.press("Space")
    press(page, "Import 1 row")
    page.wait_for_url(re.compile(r"/data/\d+$"))
    press(page, "Undo this import")
    press(page, "Undo the import")
    expect(page.get_by_role("alert")).to_contain_text("was undone")
    assert shown.violations(axe) == []


def reach(page: Page, identity: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == identity:
            return
    pytest.fail(f"the keyboard does not reach {identity}")


def press(page: Page, name: str) -> None:
    """Tab to what says this, and press it."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText?.trim()") == name:
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    pytest.fail(f"the keyboard does not reach {name}")


def test_a_file_can_be_dropped(window: Open) -> None:
    page = window(Role.officer).page
    page.goto(window(Role.officer).base + "/data/new")
    page.locator("button.govuk-file-upload-button").wait_for()
    page.evaluate(
        """() => {
            const carried = new DataTransfer();
            carried.items.add(new File(["type,value\\n"], "dropped.csv", {type: "text/csv"}));
            const zone = document.querySelector("button.govuk-file-upload-button");
            for (const kind of ["dragenter", "dragover", "drop"])
                zone.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: carried}));
        }"""
    )
    expect(page.locator(".govuk-file-upload-button__status")).to_have_text("dropped.csv")
    assert page.locator("input[type=file]").evaluate("field => field.files[0].name") == "dropped.csv"


@BOTH
def test_far_fewer_rows_ask_for_a_yes(window: Open, played: Story, tmp_path: Path, axe: str, javascript: bool) -> None:
    shown = window(Role.officer, javascript=javascript)
    page = shown.page
    shown.open("/data/new?kind=contacts")
    send(page, written(tmp_path, "half.csv", *lines(played, "contacts")[:40]), 9)
    expect(page.get_by_role("checkbox")).to_be_visible(timeout=20_000)
    if javascript:
        sound(shown, axe)
    page.get_by_role("button", name=re.compile(r"^Import \d+ rows")).click()
    assert page.title().startswith("Error: ")
    page.get_by_role("link", name="Confirm that so many rows fewer are right").click()
    if javascript:
        assert page.evaluate("document.activeElement.id") == "fewer"
        sound(shown, axe)
    page.get_by_role("button", name="Do not import").click()


def test_officers_are_told_of_what_arrived_by_itself(window: Open, played: Story, axe: str) -> None:
    folder = inbox.root(played.office) / played.authority / "suppressions"
    folder.mkdir(parents=True)
    header, first, *_ = lines(played, "suppressions")
    written(folder, "good_2026-06-10.csv", header, first)
    usable(played, folder, "usable_2026-06-10.csv")
    written(folder, "bad_2026-06-10.csv", "name,colour", "somebody,blue")
    for _ in range(2):
        inbox.look(played.office, patience=0)
    steps.take_up(played.office)
    assert played.office.background.wait(60)
    shown = window(Role.officer)
    shown.open("/")
    said = shown.page.get_by_role("main").inner_text()
    for words in (
        "Arrived by itself in the last 7 days",
        "Decide: usable_2026-06-10.csv",
        "Set aside: bad_2026-06-10.csv",
    ):
        assert words in said
    sound(shown, axe)
    shown.page.get_by_role("link", name="Set aside: bad_2026-06-10.csv").click()
    assert "was set aside with this reason beside it" in shown.page.get_by_role("main").inner_text()
    sound(shown, axe)
    shown.page.get_by_role("button", name="Remove from the list").click()
    shown.open("/")
    assert "bad_2026-06-10.csv" not in shown.page.get_by_role("main").inner_text()
    shown.page.get_by_role("link", name="Decide: usable_2026-06-10.csv").click()
    shown.page.get_by_role("button", name="Do not import").click()


def test_how_files_are_prepared(window: Open, axe: str) -> None:
    shown = window(Role.officer)
    shown.open("/data/formats")
    sound(shown, axe)
    with shown.page.expect_download() as download:
        shown.page.get_by_role("link", name="Download the template: protected addresses (CSV)").click()
    assert Path(download.value.path()).read_text(encoding="utf-8").split() == ["uprn,added_on,review_on"]


@BOTH
def test_homes_are_built_and_said_to_be(window: Open, played: Story, tmp_path: Path, javascript: bool) -> None:
    shown = window(Role.officer, javascript=javascript)
    page = shown.page
    shown.open("/data/new?kind=protected")
    header, *rows = lines(played, "protected")
    send(page, written(tmp_path, "protected.csv", header, *rows), 11 + javascript)
    page.wait_for_url(re.compile(r"/data/\d+$"), timeout=20_000)
    assert played.office.background.wait(60)
    shown.open("/data")
    assert not page.get_by_role("button", name="Build the table of homes").count(), "they were built by themselves"
    page.locator(f"a[href='/data/{_newest(page)}']").first.click()
    page.get_by_role("link", name="Undo this import").click()
    played.clock.advance(timedelta(seconds=1))
    page.get_by_role("button", name="Undo the import").click()
    assert played.office.background.wait(60)
    shown.open("/data")
    assert not page.get_by_role("button", name="Build the table of homes").count(), "and again without what was undone"


def _newest(page: Page) -> str:
    listed = page.get_by_role("table", name="All imports, newest first").get_by_role("rowheader")
    return listed.first.inner_text()
