"""Two campaigns at one time whose homes are the same but for a few: one less the other would be those few."""

import pandas as pd
import pytest

from dashboards.published.figures import published
from dashboards.published.overlaps import near
from engage.foundation.office import Office
from tests.dashboards.published.test_outcomes import CODE, ENDS, Town
from tests.dashboards.published.test_snapshots import joined, launched


def homes(start: int, **cells: int) -> pd.DataFrame:
    """So many homes in each arm of ward A, or of the ward named after an underscore; numbered through."""
    rows = [
        ((name.partition("_")[2] or "A"), name.partition("_")[0]) for name, many in cells.items() for _ in range(many)
    ]
    return pd.DataFrame(rows, columns=["ward", "arm"]).assign(uprn=range(start, start + len(rows)))


ONE = homes(0, now=150, later=150)


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (homes(0, spring=75, summer=75), {("A", "now")}),  # the homes of one arm, by another lot
        (homes(1, spring=75, summer=75), {("A", "now")}),  # but for one at each end
        (homes(9, spring=75, summer=75), {("A", "now")}),
        (homes(20, spring=75, summer=75), set()),
        (homes(0, spring=150, summer=150), {("A", "now"), ("A", "later")}),
        (homes(0, spring=150, spring_B=160, summer=145), {("A", "now")}),  # the other arm has ten elsewhere
        (homes(900, spring=150), set()),
    ],
)
def test_what_another_campaign_could_be_taken_from(other: pd.DataFrame, found: set[tuple[str, str]]) -> None:
    assert near(ONE, other) == found


def test_the_later_of_two_campaigns_with_the_same_homes_gives_way(office: Office) -> None:
    place = Town(office)
    launched(place)
    launched(place)
    place.register(joined(32), ENDS)
    later, first = published(office, CODE).trials
    assert first.finding.reminded.homes.text == "200"
    assert later.headline.startswith("Nearly the same homes took part in another campaign at the same time.")
    assert later.finding is None
