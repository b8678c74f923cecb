"""Who is missing in Chromium: every table with its range, the files, no WCAG 2.2 AA violation, and no home or person."""

import csv
import re
from pathlib import Path

import pytest

from engage.demo.story import Story
from engage.foundation.identity import Role
from segments.missing import gap
from tests.browser.conftest import NARROW, Open

pytestmark = pytest.mark.browser


# The script hears of the new width a moment after it is set.
REACHABLE = (
    "[...document.querySelectorAll('.engage-scroll')].every(b => b.scrollWidth <= b.clientWidth || b.tabIndex === 0)"
)


@pytest.mark.parametrize("javascript", [True, False])
def test_the_page_at_every_width(window: Open, axe: str, javascript: bool) -> None:
    shown = window(Role.officer, javascript=javascript)
    assert shown.open("/gaps") == 200
    shown.page.get_by_text(re.compile(r"Show \d+ output areas")).click()
    assert shown.page.get_by_text("E00", exact=False).or_(shown.page.get_by_text("E009")).first.is_visible()
    assert shown.complaints == []
    for width in (1200, NARROW):
        shown.resize(width, 900)
        assert shown.overflow() == 0
        if javascript:
            assert shown.violations(axe) == []


def test_every_estimate_stands_beside_its_range_and_groups_are_called_inferred(window: Open, played: Story) -> None:
    found = gap.estimate(played.office, played.authority)
    shown = window(Role.officer)
    shown.open("/gaps")
    for row in [*found.wards, *(row for rows in found.groups.values() for row in rows)]:
        line = shown.page.get_by_role("row").filter(has=shown.page.get_by_role("rowheader", name=row.name, exact=True))
        said = line.first.inner_text()
        assert f"{row.completeness:.0%}" in said
        assert f"{row.low:.0%} to {row.high:.0%}" in said
    assert gap.INFERRED in shown.page.locator("#groups").inner_text()
    assert "nothing about any one home or person" in shown.page.locator("#method").inner_text()


def test_wards_areas_and_groups_are_fetched_as_files(window: Open, played: Story, tmp_path: Path) -> None:
    found = gap.estimate(played.office, played.authority)
    shown = window(Role.officer)
    shown.open("/gaps")
    wanted = {
        "Download the wards as CSV": [row.key for row in found.wards],
        "Download all output areas as CSV": [row.key for row in found.areas],
        "Download the groups as CSV": [row.key for rows in found.groups.values() for row in rows],
    }
    for link, keys in wanted.items():
        with shown.page.expect_download() as fetched:
            shown.page.get_by_role("link", name=link).click()
        fetched.value.save_as(tmp_path / "file.csv")
        with (tmp_path / "file.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["key"] for row in rows] == keys
        assert all(0 <= float(row["low"]) <= float(row["completeness"]) <= float(row["high"]) <= 1 for row in rows)


def test_a_member_is_not_let_in(window: Open) -> None:
    shown = window(Role.member)
    for path in ("/gaps", "/gaps/areas.csv", "/gaps/groups.csv"):
        assert shown.open(path) in (403, 404)
