"""Census tables against who may register: ages, attainers, nationality, communal homes, stale entries."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segments.areas import population
from segments.areas.population import (
    BIRTH,
    LANGUAGE,
    PASSPORTS,
    Band,
    aged,
    band,
    change,
    communal_residents,
    growth,
    not_entitled,
    share_of_band,
    stale_share,
    youngest,
)

AREA = pd.Index(["E00000001"], name="area")


def table(**counts: float) -> pd.DataFrame:
    return pd.DataFrame([counts], index=AREA)


@pytest.mark.parametrize(
    ("label", "ages"),
    [
        ("age: aged 4 years and under", Band(0, 4)),
        ("age: aged 15 to 19 years", Band(15, 19)),
        ("age: aged 85 years and over", Band(85, 120)),
        ("age: total", None),
        ("aged_15_to_24_share", None),
    ],
)
def test_labels_are_read(label: str, ages: Band | None) -> None:
    assert band(label) == ages


@pytest.mark.parametrize(
    ("age", "on", "wanted"),
    [
        (16, date(2026, 12, 1), 16.0),  # the next 1 December is a year away, and its twelve months another
        (16, date(2026, 11, 30), 17.0),  # turns 18 by 30 November 2027 at 17, not at 16
        (16, date(2026, 6, 1), 16.5),
        (14, date(2026, 6, 1), 14.5),
    ],
)
def test_attainers_come_of_age_within_the_twelve_months_from_december(age: int, on: date, wanted: float) -> None:
    assert youngest(age, on) == pytest.approx(wanted, abs=0.01)


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_attainers_against_the_words_of_the_act(on: date) -> None:
    """Somebody of just that age turns 18 on the last of the twelve months from the next 1 December."""
    december = next(date(year, 12, 1) for year in (on.year, on.year + 1) if date(year, 12, 1) > on)
    eighteen = on.toordinal() + (18 - youngest(16, on)) * 365.25
    assert eighteen == pytest.approx(date(december.year + 1, 12, 1).toordinal(), abs=1.5)


def test_a_split_band_follows_single_years_where_they_are_known() -> None:
    years = pd.Series({15: 50.0, 16: 10.0, 17: 10.0, 18: 10.0, 19: 20.0, 40: 999.0})
    assert share_of_band(years, Band(15, 19), 16, 121) == pytest.approx(0.5)
    assert share_of_band(years, Band(15, 19), 16.5, 121) == pytest.approx(0.45)
    assert share_of_band(None, Band(15, 19), 16, 121) == pytest.approx(0.8)
    assert share_of_band(years, Band(50, 54), 51, 121) == pytest.approx(0.8), "nobody counted: as if years were alike"


@given(st.floats(14, 19.9), st.lists(st.integers(0, 90), min_size=18, max_size=18))
def test_ages_add_up_wherever_they_are_cut(cut: float, counts: list[int]) -> None:
    labels = ["aged 4 years and under", *(f"aged {n} to {n + 4} years" for n in range(5, 85, 5)),
              "aged 85 years and over"]  # fmt: skip
    ages = pd.DataFrame([counts], columns=[f"age: {label}" for label in labels], index=AREA)
    parts = aged(ages, None, 0, cut) + aged(ages, None, cut)
    assert parts.iloc[0] == pytest.approx(sum(counts))


def test_passports_tell_who_is_entitled_by_the_longest_label_that_fits() -> None:
    held = pd.DataFrame(
        [[1000, 950, 700, 20, 230, 200, 100, 100, 30, 50, 10, 40]],
        columns=[f"passports held: {name}" for name in (
            "total", "europe", "europe: united kingdom", "europe: ireland", "europe: other europe",
            "europe: other europe: eu member countries", "europe: other europe: eu member countries: poland",
            "europe: other europe: eu member countries: romania", "europe: other europe: rest of europe",
            "middle east and asia", "middle east and asia: middle east", "middle east and asia: southern asia")],
        index=AREA,
    ).astype(float)  # fmt: skip
    # Poland has a treaty; other EU citizens by residence; leaves only, so that no sub-total counts twice.
    wanted = (100 * 0.03 + 100 * 0.15 + 30 * 0.97 + 10 * 0.98 + 40 * 0.08) / 1000
    assert not_entitled(held, PASSPORTS, "England").iloc[0] == pytest.approx(wanted)
    assert not_entitled(held, PASSPORTS, "Wales").iloc[0] == pytest.approx(wanted * 0.1)


def test_country_of_birth_and_language_stand_in_for_passports() -> None:
    born = table(**{"country of birth: total": 100.0, "country of birth: europe: united kingdom": 90.0,
                    "country of birth: europe": 90.0, "country of birth: africa": 10.0})  # fmt: skip
    assert not_entitled(born, BIRTH, "England").iloc[0] == pytest.approx(0.012)
    other = "proficiency in english language: main language is not english (english or welsh in wales)"
    spoken = table(**{
        "proficiency in english language: total: all usual residents aged 3 years and over": 100.0,
        "proficiency in english language: main language is english (english or welsh in wales)": 80.0,
        other: 20.0, f"{other}: can speak english well": 20.0, "other_language_share": 0.2,
    })  # fmt: skip
    assert not_entitled(spoken, LANGUAGE, "England").iloc[0] == pytest.approx(0.056)


def test_communal_residents_are_those_in_no_household() -> None:
    sizes = table(**{"household size: 0 people in household": 5.0, "household size: 1 person in household": 10.0,
                     "household size: 2 people in household": 20.0, "household size: 8 or more people in household": 2.0,
                     "household size: total: all household spaces": 37.0, "large_household_share": 0.1})  # fmt: skip
    assert communal_residents(table(**{"age: total": 107.0}), sizes).iloc[0] == pytest.approx(40.0)
    assert communal_residents(table(**{"age: total": 75.0}), sizes).iloc[0] == 0.0, "noise of two tables"


def test_stale_entries_follow_movers_by_half() -> None:
    nationally, twice, unknown = stale_share(pd.Series([0.115, 0.23, None]))
    assert nationally == pytest.approx(population.STALE_SHARE) == unknown
    assert twice == pytest.approx(1.5 * population.STALE_SHARE)


def test_a_later_estimate_moves_a_count_within_reason() -> None:
    adults = pd.Series({"A": 100.0, "B": 100.0, "C": 0.0, "D": 100.0, "E": 100.0, "F": 100.0})
    changed = change(adults, pd.Series({"A": 110.0, "B": 140.0, "C": 5.0, "E": 300.0, "F": 20.0, "Z": 7.0}))
    wanted = {"A": 1.1, "B": 1.4, "C": 1.0, "D": 1.0, "E": 2.0, "F": 0.5}
    assert growth(changed).to_dict() == pytest.approx(wanted)
