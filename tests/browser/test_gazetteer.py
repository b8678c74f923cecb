"""The gazetteer page in Chromium: no WCAG 2.2 AA violation, small screens, and the custodian's file by keyboard alone."""

import csv
from pathlib import Path

import pandas as pd
import pytest
from pyproj import Transformer

from engage.demo.story import Story
from engage.foundation.identity import Role
from engage.foundation.lake import current
from segments.areas.wards import named
from segments.engine import imported
from segments.importing.imports import import_file
from tests.browser.conftest import NARROW, Open, Window

pytestmark = pytest.mark.browser
SHIFTED = 3


@pytest.fixture(scope="module", autouse=True)
def _survey(played: Story, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The made-up gazetteer has no fault, so another source puts some of its homes elsewhere."""
    with played.office.database.session() as session:
        gazetteer = imported.needed(current(session, played.authority, "gazetteer"), "gazetteer")
    properties = pd.read_parquet(played.office.lake.file(gazetteer))
    homes = properties[properties["residential"]].head(SHIFTED)
    east, north = homes["easting"] + 120, homes["northing"]
    longitude, latitude = Transformer.from_crs(27700, 4326, always_xy=True).transform(east, north)
    table = {
        "UPRN": homes["uprn"], "X_COORDINATE": east, "Y_COORDINATE": north, "LATITUDE": latitude, "LONGITUDE": longitude,
    }  # fmt: skip
    path = tmp_path_factory.mktemp("survey") / "open_uprn.csv"
    pd.DataFrame(table).to_csv(path, index=False)
    import_file(played.office, played.officer, "gazetteer", path, played.borough.as_at)


@pytest.mark.parametrize("javascript", [True, False])
def test_the_gazetteer_page(window: Open, axe: str, javascript: bool) -> None:
    shown = window(Role.officer, javascript=javascript)
    assert shown.open("/data/gazetteer") == 200
    assert shown.page.get_by_role("heading", level=1).inner_text() == "Gazetteer health"
    assert shown.complaints == []
    for width in (1200, NARROW):
        shown.resize(width, 900)
        assert shown.overflow() == 0
        if javascript:
            assert shown.violations(axe) == []


def test_the_wards_in_force_are_named(window: Open, played: Story) -> None:
    shown = window(Role.officer)
    shown.open("/data/gazetteer")
    said = shown.page.locator(".govuk-summary-list__value").first.inner_text()
    names = named(played.office, played.authority)
    assert names
    assert all(f"{name} ({code})" in said for code, name in names.items())


def test_the_file_is_fetched_from_the_data_page_by_keyboard_alone(window: Open, tmp_path: Path) -> None:
    shown = window(Role.officer)
    shown.open("/data")
    _tab_to(shown, "/data/gazetteer")
    shown.page.keyboard.press("Enter")
    shown.page.wait_for_url("**/data/gazetteer")
    _tab_to(shown, "/data/gazetteer.csv")
    with shown.page.expect_download() as fetched:
        shown.page.keyboard.press("Enter")
    fetched.value.save_as(tmp_path / "file.csv")
    with (tmp_path / "file.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.reader(file))
    assert table[0][0] == "uprn"
    listed = shown.page.locator(".engage-figure__value").last.inner_text().split()[0].replace(",", "")
    assert len(table) - 1 == int(listed) >= SHIFTED


def _tab_to(shown: Window, href: str) -> None:
    """Press Tab until the link has the focus, and see that it shows it."""
    for _ in range(120):
        shown.page.keyboard.press("Tab")
        focused = shown.page.evaluate("document.activeElement.getAttribute('href')")
        if focused == href:
            colour = shown.page.evaluate("getComputedStyle(document.activeElement).backgroundColor")
            assert colour not in ("rgba(0, 0, 0, 0)", "transparent")
            return
    pytest.fail(f"{href} cannot be reached by keyboard")
