"""What officers call the things that came in."""

import pytest

from segments.importing import datasets
from segments.sources import census


@pytest.mark.parametrize(
    ("kind", "name", "called"),
    [
        ("register", "", "Electoral register"),
        ("indicator", "ts003", "Statistics by area: household composition (TS003)"),
        ("indicator", "imd2025", "Statistics by area: deprivation (IMD2025)"),
        ("indicator", "local_damp_homes", "Statistics by area: damp homes"),
        ("lookup", "oa-lsoa-msoa", "Look-ups between areas: oa-lsoa-msoa"),
    ],
)
def test_things_are_called_by_what_they_are_about(kind: str, name: str, called: str) -> None:
    assert datasets.title(kind, name) == called


def test_every_census_table_that_is_known_says_what_it_is_about() -> None:
    assert set(census.TABLES.values()) <= set(datasets.STATISTICS)
