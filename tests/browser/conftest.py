"""Chromium on the played demo (see tests/story.py). Tests that change it only add to it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from engage.assets import build
from engage.demo.story import PEOPLE, Story, password
from engage.foundation.identity import Role

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
ALL_RULES = """() => axe.run(document, {resultTypes: ["violations"], rules: Object.fromEntries(axe.getRules()
  .filter(rule => !rule.tags.includes("wcag2aaa")).map(rule => [rule.ruleId, {enabled: true}]))})"""
"""Best practice and what axe tries out, too; what WCAG asks at level AAA alone is not."""
NARROW, WIDE = 320, 1200  # 320 is what WCAG 2.2 asks of reflow


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process plays the story and shows it to all."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))
            item.add_marker(pytest.mark.browser)


_LAUNCHED: list[Browser] = []
_CLOSING = ExitStack()


@pytest.fixture
def chromium(played: Story) -> Browser:
    """Launched by the first test that asks, and closed when the next is of another room: Playwright keeps an event
    loop running, which no test outside this room may meet, nor a worker; so the story is played before."""
    if not _LAUNCHED:
        flags = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        playwright = _CLOSING.enter_context(sync_playwright())
        _LAUNCHED.append(playwright.chromium.launch(executable_path=installed(), args=flags))
        _CLOSING.callback(lambda: _LAUNCHED.pop().close())
    return _LAUNCHED[0]


def installed() -> str:
    path = os.environ.get("ENGAGE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.fail("These tests need Chromium. Install it with: sudo apt-get install -y chromium", pytrace=False)
    return path


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    yield
    if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
        _CLOSING.close()


@pytest.fixture(scope="session")
def axe() -> str:
    build.install()
    return (build.MODULES / "axe-core/axe.min.js").read_text()


@dataclass
class Window:
    """A page in Chromium, what it complained of and what it asked for."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, path: str) -> int:
        answer = self.page.goto(path if path.startswith("http") else self.base + path)
        self.page.wait_for_load_state("load")
        assert answer is not None
        return answer.status

    def resize(self, width: int, height: int) -> None:
        """And wait, where the page has scripts, until they were told and it was drawn."""
        self.page.set_viewport_size({"width": width, "height": height})
        if self.page.evaluate("document.body.classList.contains('js-enabled')"):
            self.page.wait_for_function("width => innerWidth === width", arg=width)
            self.page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")

    def violations(self, axe: str) -> list[tuple[str, str]]:
        """Rule and element of each fault that axe finds."""
        self.page.evaluate(f"typeof axe === 'undefined' && (() => {{ {axe} }})()")
        found = self.page.evaluate(ALL_RULES)
        return [(rule["id"], node["html"][:200]) for rule in found["violations"] for node in rule["nodes"]]

    def overflow(self) -> int:
        """How far the page, not a table within it, is wider than the window."""
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(wide))

    def picture(self, folder: Path, name: str) -> None:
        self.page.screenshot(path=folder / f"{name}.png", full_page=True)


Open = Callable[..., Window]
_STATES: dict[Role, Any] = {}


@pytest.fixture
def window(played: Story, chromium: Browser) -> Iterator[Open]:
    """Open a window as a role, or as nobody. A role signs in once, as sign-ins are limited."""
    contexts: list[BrowserContext] = []

    def opened(role: Role | None = None, *, javascript: bool = True, width: int = WIDE) -> Window:
        state = _state(chromium, played, role) if role else None
        context = chromium.new_context(
            java_script_enabled=javascript, storage_state=state, viewport={"width": width, "height": 900}
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        found = Window(context.new_page(), played.office.settings.base_url)
        found.page.on("console", lambda said: found.complaints.append(said.text) if said.type == "error" else None)
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.on("request", lambda request: found.asked.append(request.url))
        return found

    yield opened
    for context in contexts:
        context.close()


def _state(chromium: Browser, story: Story, role: Role) -> Any:
    if role not in _STATES:
        context = chromium.new_context()
        sign_in(context.new_page(), story, role)
        _STATES[role] = context.storage_state()
        context.close()
    return _STATES[role]


def sign_in(page: Page, story: Story, role: Role) -> None:
    page.goto(f"{story.office.settings.base_url}/sign-in")
    page.get_by_label("Email address").fill(PEOPLE[role][0])
    page.get_by_label("Password", exact=True).fill(password(role))
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
