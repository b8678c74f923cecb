"""A count of people grows unsure with the years, at a council's own pace, and less so where a later estimate is."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from segments.areas.ageing import BESIDE_HOMES, FASTEST, MISSED, MOVED, SLOWEST, Ageing, Movement, pace, rates
from segments.areas.population import CENSUS_DAY

FIVE_YEARS_ON = date(2026, 3, 21)


def moved(spread: float, areas: int = 100, level: str = "lsoa", years: float = 4.0, seed: int = 1) -> Movement:
    drawn = np.exp(np.random.default_rng(seed).normal(0, spread * np.sqrt(years), areas))
    return Movement(pd.Series(drawn), level, years)


def test_without_a_later_count_it_grows_with_the_root_of_the_years() -> None:
    """As ONS's own estimates moved in two years: wards by 3.2 %, output areas by 7.5 %."""
    two = Ageing(date(2023, 3, 21))
    assert two.error("ward") == pytest.approx(0.032, abs=0.001)
    assert two.error("oa") == pytest.approx(0.075, abs=0.001)
    assert Ageing(FIVE_YEARS_ON).error("oa") == pytest.approx(MOVED["oa"] * 5**0.5, rel=1e-3)
    assert Ageing(date(2021, 6, 1)).error("ward") == pytest.approx(MOVED["ward"]), "a year at least"


def test_homes_that_are_followed_leave_less_to_doubt() -> None:
    for of in MOVED:
        assert Ageing(FIVE_YEARS_ON, homes_followed=True).error(of) < Ageing(FIVE_YEARS_ON).error(of)
    assert rates(homes_followed=True) == BESIDE_HOMES


@pytest.mark.parametrize("level", ["oa", "lsoa", "ward"])
def test_a_later_estimate_narrows_what_it_sees(level: str) -> None:
    """A ward in full but for the estimate's own error; of an output area in an LSOA only what the LSOA did."""
    plain = Ageing(FIVE_YEARS_ON)
    later = Ageing(FIVE_YEARS_ON, estimated_on=FIVE_YEARS_ON, level=level)
    assert later.error("ward") == pytest.approx(MISSED * plain.error("ward"))
    if level == "oa":
        assert later.error("oa") == pytest.approx(MISSED * plain.error("oa"))
    else:
        assert MISSED * plain.error("oa") < later.error("oa") < plain.error("oa")


def test_the_years_since_an_estimate_count_as_before() -> None:
    """Where .93 % was said of two years after an estimate, ONS's wards moved by 3.2 %."""
    after = Ageing(date(2026, 6, 30), estimated_on=date(2024, 6, 30), level="ward").error("ward")
    assert after == pytest.approx(np.hypot(MOVED["ward"] * 2**0.5, MISSED * MOVED["ward"] * 3.277**0.5), rel=1e-3)
    assert after > 0.032
    on_the_day = Ageing(date(2024, 6, 30), estimated_on=date(2024, 6, 30), level="ward").error("ward")
    assert on_the_day == pytest.approx(MISSED * MOVED["ward"] * 3.277**0.5, rel=1e-3)
    assert Ageing(date(2024, 5, 1), estimated_on=date(2024, 6, 30)).error("ward") > 0, "a register of before it"


@pytest.mark.parametrize("years", [1.0, 2.0, 4.0])
def test_a_council_that_moves_as_others_do_has_their_pace(years: float) -> None:
    assert pace([moved(MOVED["lsoa"], years=years, areas=2000)], homes_followed=False) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("factor", "areas"), [(1.7, 2000), (0.6, 2000), (1.7, 12), (0.6, 12)])
def test_its_own_pace_counts_by_how_many_areas_tell_it(factor: float, areas: int) -> None:
    found = pace([moved(factor * MOVED["ward"], level="ward", areas=areas)], homes_followed=False)
    if areas == 2000:
        assert found == pytest.approx(factor, rel=0.1)
    else:
        assert min(factor, 1) < found < max(factor, 1)


def test_the_pace_keeps_within_reason_and_bears_any_estimate() -> None:
    assert pace([], homes_followed=True) == 1.0
    assert pace([moved(1.0, areas=1000)], homes_followed=True) == FASTEST
    assert pace([moved(1e-9, areas=1000)], homes_followed=True) == SLOWEST
    for odd in (pd.Series(dtype=float), pd.Series([1.2]), pd.Series([0.0, 0.0]), pd.Series([np.nan, np.nan])):
        assert pace([Movement(odd, "oa", 2.0)], homes_followed=True) == 1.0
    assert pace([moved(0.1, years=0.0)], homes_followed=True) == 1.0


def test_a_council_as_a_whole_that_grows_is_no_faster_for_it() -> None:
    """What all its areas grow by, the estimate has told; how they differ is what it cannot tell of the years since."""
    every = moved(MOVED["lsoa"], areas=2000)
    grown = Movement(every.ratio * 1.3, every.level, every.years)
    assert pace([grown], homes_followed=False) == pytest.approx(pace([every], homes_followed=False))


def test_the_census_day_is_where_counting_begins() -> None:
    assert date(2021, 3, 21) == CENSUS_DAY
