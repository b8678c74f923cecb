"""A council's first campaign, from its files to what the reminders changed, by pages alone: with the keys of a
keyboard, and on a narrow screen without JavaScript. With ENGAGE_PICTURES=FOLDER each step is pictured there, and those
of docs/officers are taken from it (docs/pictures.py)."""

import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest
from playwright.sync_api import Browser, Locator, Page

from campaigns.records.models import Campaign
from campaigns.worker.work import working
from docs.pictures import PICTURED
from engage.demo.story import PEOPLE, Story, opening, password, register_after, send_until
from engage.foundation.identity import Role
from tests.browser.hands import Keys, Pointer

pytestmark = pytest.mark.browser
PATIENCE = 240  # seconds for the files of a small borough, on a machine that is busy
PICTURES = os.environ.get("ENGAGE_PICTURES", "")
TALLEST = 1100  # pixels of a picture
CASES = pytest.mark.parametrize(
    ("hands", "javascript", "width"), [(Keys, True, 1280), (Pointer, False, 360)], ids=["keys", "without-javascript"]
)


@dataclass
class Person:
    """Somebody at a page of the story, and the pictures of what they saw."""

    page: Page
    hands: Pointer
    story: Story
    name: str
    seen: list[str] = field(default_factory=list)

    def see(self, heading: str) -> None:
        """The page of that heading, no wider than the window."""
        self.page.get_by_role("heading", level=1, name=re.compile(f"^{heading}")).wait_for()
        assert not self.page.evaluate("document.documentElement.scrollWidth > innerWidth"), f"{heading} is too wide"
        self.seen.append("-".join([self.name, f"{len(self.seen) + 1:02}", *re.findall(r"\w+", heading.lower())]))
        if PICTURES:
            high = self.page.evaluate("document.documentElement.scrollHeight")
            size = {"x": 0, "y": 0, "width": self.page.evaluate("innerWidth"), "height": min(high, TALLEST)}
            self.page.screenshot(path=Path(PICTURES) / f"{self.seen[-1]}.png", full_page=True, clip=size)  # type: ignore[arg-type]

    def go(self, path: str) -> None:
        self.page.goto(self.story.office.settings.base_url + path)

    def follow(self, name: str | re.Pattern[str]) -> None:
        self.hands.press(self.page.get_by_role("main").get_by_role("link", name=name).first)

    def press(self, name: str | re.Pattern[str]) -> None:
        self.hands.press(self.page.get_by_role("main").get_by_role("button", name=name))

    def labelled(self, name: str) -> Locator:
        return self.page.get_by_label(name, exact=True)

    def sign_in(self, role: Role) -> None:
        self.go("/sign-in")
        self.hands.write(self.labelled("Email address"), PEOPLE[role][0])
        self.hands.write(self.labelled("Password"), password(role))
        self.press("Sign in")

    def write_day(self, day: date) -> None:
        for part, value in (("Day", day.day), ("Month", day.month), ("Year", day.year)):
            self.hands.write(self.labelled(part), str(value))

    def wait_for(self, words: str) -> None:
        """By looking again, as somebody without JavaScript does."""
        give_up = monotonic() + PATIENCE
        while not self.page.get_by_text(words).count():
            assert monotonic() < give_up, f"nobody said “{words}”"
            sleep(0.3)
            self.page.reload()


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with opening(tmp_path, homes=400, wards=2) as opened:
        yield opened


@pytest.fixture
def meet(story: Story, chromium: Browser) -> Iterator[Callable[..., Person]]:
    contexts = []

    def met(role: Role, hands: type[Pointer], *, javascript: bool, width: int) -> Person:
        size = {"width": width, "height": 900}
        context = chromium.new_context(java_script_enabled=javascript, viewport=size)  # type: ignore[arg-type]
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        person = Person(page, hands(page), story, f"{hands.__name__.lower()}-{role.value}")
        person.sign_in(role)
        return person

    yield met
    for context in contexts:
        context.close()


@CASES
def test_a_council_s_first_campaign(
    story: Story, meet: Callable[..., Person], hands: type[Pointer], *, javascript: bool, width: int
) -> None:
    officer = meet(Role.officer, hands, javascript=javascript, width=width)
    bring_in_the_files(officer)
    choose_homes(officer)
    plan(officer)
    approver = meet(Role.approver, hands, javascript=javascript, width=width)
    approve(approver)
    number = launch(officer)
    days_pass(story, number)
    officer.sign_in(Role.officer)
    read_the_result(officer, number)
    if hands is Keys:
        assert {*PICTURED.values()} <= {*officer.seen, *approver.seen}


def bring_in_the_files(officer: Person) -> None:
    borough = officer.story.borough
    officer.see("What needs doing")
    officer.follow("Bring in the council’s files")
    officer.hands.give(officer.labelled("Files"), [path for _, path in borough.files])
    officer.write_day(borough.as_at)
    officer.press("Bring them in")
    officer.wait_for("the table of homes is made of it")
    officer.see("The council’s files")
    officer.follow(re.compile("^Answer"))  # contacts without a lawful basis are among them
    officer.see("Usable, with problems")
    officer.press(re.compile("^Import [0-9,]+ rows"))
    officer.wait_for("Undo this import")
    officer.go("/first-day")
    officer.follow("See who is missing")
    officer.see("Who is missing")


def choose_homes(officer: Person) -> None:
    officer.go("/segments")
    officer.see("Segments")
    officer.follow("Fewer electors than the home suggests")
    officer.see("Make a segment")
    officer.press("Save segment")
    officer.see("Fewer electors than the home suggests")


def plan(officer: Person) -> None:
    officer.press("Plan a campaign")
    officer.see("Set up a campaign")
    officer.follow("Choose people")
    officer.hands.write(officer.labelled("Name"), "First reminder")
    officer.hands.write(officer.labelled("What is it for?"), "To remind homes that are one adult short")
    officer.see("Choose people")
    officer.press("Save and continue")
    for task in ("Check compliance", "Set the comparison group", "Choose dates", "Choose messages"):
        officer.follow(task)
        if task == "Check compliance":
            officer.hands.tick(officer.labelled("Nobody: no message leaves between the notice of a poll and the poll"))
        if task == "Choose messages":
            for channel in ("Email", "Letter"):
                officer.hands.choose(officer.labelled(f"{channel} template"), f"{channel.lower()}_reminder_en")
        officer.see(task)
        officer.press("Save and continue")
    officer.press("Save as a draft")
    officer.see("First reminder")
    officer.press("Submit for approval")
    officer.see("Submit for approval")
    officer.press("Submit for approval")
    officer.see("First reminder")


def approve(approver: Person) -> None:
    approver.see("What needs doing")
    approver.follow(re.compile("First reminder"))
    approver.see("First reminder")
    approver.press("Approve")
    approver.see("Approve this campaign")
    approver.press("Approve")
    approver.see("First reminder")


def launch(officer: Person) -> int:
    officer.page.reload()
    officer.press("Launch")
    officer.see("Launch this campaign")
    officer.press("Launch")
    officer.see("First reminder")
    found = re.search(r"/campaigns/(\d+)", officer.page.url)
    assert found
    return int(found[1])


def days_pass(story: Story, number: int) -> None:
    """By a worker, until the comparison has ended; in a thread of its own, as Playwright has a loop in this one."""
    with story.office.database.reading() as session:
        end = session.get_one(Campaign, number).window_end + timedelta(days=1)
    story.campaign_id = number

    def work() -> None:
        with working(story.office, story.notify) as worker:
            send_until(story, worker, end)

    passing = threading.Thread(target=work)
    passing.start()
    passing.join()
    assert story.clock.now().date() == end


def read_the_result(officer: Person, number: int) -> None:
    made = register_after(officer.story, officer.story.clock.now().date())
    officer.go(f"/campaigns/{number}")
    officer.see("First reminder")
    planned, accepted = (
        int(re.search(rf"(\d+) {word}", officer.page.locator(".engage-sum").first.inner_text())[1])  # type: ignore[index]
        for word in ("planned", "accepted")
    )
    assert planned == accepted > 0
    officer.go("/data/new?kind=register")
    officer.see("Import a file")
    officer.hands.give(officer.page.locator("#file"), [made.path])
    officer.write_day(officer.story.clock.now().date())
    officer.press("Check the file")
    officer.wait_for("Undo this import")
    officer.go("/")
    give_up = monotonic() + PATIENCE
    while not officer.page.get_by_role("link", name="Read the result: First reminder").count():
        assert monotonic() < give_up, "the first page does not say that the result is in"
        officer.page.reload()
    officer.see("What needs doing")
    officer.follow("Read the result: First reminder")
    officer.see("First reminder")
