"""What members are told before they read how complete the register is, from published figures alone."""

import csv
import io
from dataclasses import replace
from datetime import date

import pytest

from dashboards.published import completeness, exports
from dashboards.published.cautions import cautions
from dashboards.published.completeness import NOTHING, Completeness, Ward
from dashboards.published.disclosure import RULE
from dashboards.published.figures import Figures
from dashboards.published.selection import View
from segments.missing import gap

DAY = date(2026, 6, 1)


def held(registered: int, eligible: int, low: float, high: float = 1.0) -> Completeness:
    """As the pages have it of an estimate with this range."""
    share = registered / eligible
    row = gap.Row("E05000001", "Anglesey", eligible, registered, min(share, 1.0), low, high, 0.0)
    return completeness._completeness(row, RULE.count(eligible), RULE.count(registered))


FINE = held(1210, 1460, 0.80, 0.86)


def told(*wards: Completeness, whole: Completeness = FINE, strangers: int = 0) -> Figures:
    named = [
        Ward(f"E0500000{n}", name, one) for n, (name, one) in enumerate(zip(("Dove", "Town"), wards, strict=False))
    ]
    return Figures("E07000193", "Made-up", tuple(named), whole, DAY, strangers=RULE.count(strangers))


@pytest.mark.parametrize(
    ("strangers", "said"),
    [
        (0, None), (1, "Fewer than 10 electors"), (9, "Fewer than 10 electors"), (10, "10 electors"),
        (1498, "1,500 electors"), (1502, "1,500 electors"),
    ],
)  # fmt: skip
def test_electors_of_another_area_are_said_as_counts_may_be(strangers: int, said: str | None) -> None:
    figures = told(FINE, strangers=strangers)
    found = cautions(figures)
    assert [each.split(" of the register")[0] for each in found] == ([said] if said else [])
    rows = list(csv.DictReader(io.StringIO(exports.as_csv(View.of(figures), figures.wards))))
    assert [row["notes"] for row in rows] == [" ".join(found)] * 2, "whoever takes a row takes its caution"


@pytest.mark.parametrize(
    ("ward", "beyond"),
    [
        (FINE, False),
        (held(1460, 1460, 0.97), False),
        (held(1475, 1460, 0.97), False),  # within the range
        (held(1550, 1465, 1.0), True),
        (held(5850, 1460, 1.0), True),
        (held(1461, 1460, 1.0), False),  # alike when rounded: nothing tells them apart
        (held(120, 110, 0.93), False),
        (NOTHING, False),
    ],
)
def test_more_registered_than_the_range_allows_is_said_of_a_ward(ward: Completeness, *, beyond: bool) -> None:
    found = [each for each in cautions(told(ward)) if "than the range allows" in each]
    assert len(found) == beyond
    if beyond:
        assert f"allows in Dove ({ward.registered} of {ward.eligible}). Either" in found[0]
        assert ward.share.value == 100, "the share itself would say that nobody is missing"


def test_it_is_said_of_all_wards_too_and_of_one_alone_on_its_page() -> None:
    much = held(1550, 1465, 1.0)
    figures = told(much, FINE, whole=much)
    assert "in the whole area (1,550 of 1,465) and Dove (1,550 of 1,465)." in cautions(figures)[0]
    assert "in the whole area (1,550 of 1,465)." in cautions(figures, figures.wards[1])[0]


def test_a_ward_that_nothing_is_known_of_is_not_said_to_be_small() -> None:
    found = cautions(told(NOTHING, NOTHING))
    assert found[0].startswith("There is no share of Dove and Town: ")
    assert cautions(told(held(40, 60, 0.5, 0.8))) == [], "too few to show a share, and known"


def test_where_there_are_no_figures_there_is_nothing_to_say() -> None:
    assert cautions(replace(told(NOTHING, strangers=50), as_at=None)) == []
