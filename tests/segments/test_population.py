"""Bands of the Census against the age at which people may register."""

import ibis
import pandas as pd
import pytest

from segments.population import Band, band, of_registration_age, split_of_band, weight


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
    ("ages", "registration_age", "wanted"),
    [((20, 24), 16, 1.0), ((15, 19), 16, 0.8), ((10, 14), 16, 0.0), ((10, 14), 14, 0.2), ((15, 19), 14, 1.0), ((15, 19), 18, 0.4)],
)  # fmt: skip
def test_only_the_band_around_the_age_is_split(ages: tuple[int, int], registration_age: int, wanted: float) -> None:
    assert weight(Band(*ages), registration_age, split_of_band(None, registration_age)) == pytest.approx(wanted)


def test_single_years_decide_the_split_where_they_are_known() -> None:
    years = ibis.memtable({"age": [15, 16, 17, 18, 19, 40], "value": [50.0, 10.0, 10.0, 10.0, 20.0, 999.0]})
    assert split_of_band(years, 16) == pytest.approx(0.5)
    nothing = ibis.memtable(pd.DataFrame({"age": [40], "value": [1.0]}))
    assert split_of_band(nothing, 16) == pytest.approx(0.8)


def test_adults_of_an_area_are_its_whole_bands_and_part_of_one() -> None:
    counts = pd.DataFrame(
        [
            ("E00000001", "age: total", 100.0),
            ("E00000001", "age: aged 10 to 14 years", 20.0),
            ("E00000001", "age: aged 15 to 19 years", 10.0),
            ("E00000001", "age: aged 85 years and over", 7.0),
            ("E00000002", "age: aged 20 to 24 years", 5.0),
        ],
        columns=["area", "measure", "value"],
    )
    found = of_registration_age(ibis.memtable(counts), 16, 0.8).execute().set_index("oa").adults
    assert found.to_dict() == pytest.approx({"E00000001": 15.0, "E00000002": 5.0})
