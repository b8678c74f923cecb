"""How somebody works a page: with a pointer, or with the keys of a keyboard alone."""

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Locator, Page

FOCUSED = "element => element === document.activeElement"
SAME_GROUP = "element => element.name === document.activeElement.name && document.activeElement.type === 'radio'"
GIVEN = "() => [...document.querySelectorAll('input[type=file]')].some(each => each.files.length)"
FARTHEST = 250  # presses of Tab, more than any page has controls


class Pointer:
    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, control: Locator) -> None:
        control.click()

    def write(self, field: Locator, text: str) -> None:
        field.fill(text)

    def tick(self, box: Locator) -> None:
        box.check()

    def choose(self, menu: Locator, label: str) -> None:
        menu.select_option(label=label)

    def give(self, field: Locator, files: Sequence[Path]) -> None:
        field.set_input_files(files)


class Keys(Pointer):
    """Tab goes on from what has the focus, as the page left it; a control it does not come to cannot be worked."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._given: Sequence[Path] = ()
        # From the start, as a choice of files that opens before anybody listens stays open.
        page.on("filechooser", lambda choice: choice.set_files(self._given))

    def press(self, control: Locator) -> None:
        self._come_to(control)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def write(self, field: Locator, text: str) -> None:
        self._come_to(field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def tick(self, box: Locator) -> None:
        if box.get_attribute("type") == "radio":
            self._come_to(box, SAME_GROUP)
            while not box.evaluate(FOCUSED):
                self.page.keyboard.press("ArrowDown")
        else:
            self._come_to(box)
        self.page.keyboard.press("Space")
        assert box.is_checked()

    def choose(self, menu: Locator, label: str) -> None:
        self._come_to(menu)
        self.page.keyboard.type(label)
        assert menu.locator("option:checked").inner_text() == label

    def give(self, field: Locator, files: Sequence[Path]) -> None:
        self._given = files
        self._come_to(field)
        self.page.keyboard.press("Enter")
        self.page.wait_for_function(GIVEN)

    def _come_to(self, control: Locator, arrived: str = FOCUSED) -> None:
        control.wait_for(state="attached")
        for _ in range(FARTHEST):
            if control.evaluate(arrived):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not come to {control}")
