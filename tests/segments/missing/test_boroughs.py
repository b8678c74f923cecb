"""Boroughs whose people moved since the Census, of three generators, against their truth: a small part of what
`benchmarks/gap.py` does with a thousand wards."""

import numpy as np
import pytest

from benchmarks import boroughs
from benchmarks.boroughs import GENERATORS, Borough
from benchmarks.gap import Scores, scored
from segments.missing import gap

SEEDS = range(2)


@pytest.fixture(scope="module")
def made() -> dict[str, list[Borough]]:
    return {name: [boroughs.made(name, 70 + seed) for seed in SEEDS] for name in GENERATORS}


@pytest.fixture(scope="module")
def scores(made: dict[str, list[Borough]]) -> Scores:
    found = Scores()
    for each in (one for own in made.values() for one in own):
        found.add(scored(gap.of_homes(each.homes, each.known, each.lsoa, "E07900001"), each.truth))
    return found


def test_their_people_moved_as_ons_saw_people_move(made: dict[str, list[Borough]]) -> None:
    """In two years wards by about 3 % and output areas by about 7 % (root mean square); so few boroughs vary around it."""
    every = [one for own in made.values() for one in own]
    wards, areas = (np.concatenate([getattr(one, f"{place}_movement") for one in every]) for place in ("ward", "area"))
    assert 0.020 < np.sqrt(2 * np.mean(wards**2)) < 0.040
    assert 0.060 < np.sqrt(2 * np.mean(areas**2)) < 0.085


def test_ranges_of_wards_and_areas_hold_the_truth_and_are_no_wider_than_that_needs(scores: Scores) -> None:
    assert 0.90 <= scores.wards.cover <= 0.99
    assert 0.92 <= scores.areas.cover <= 0.98
    assert np.median(scores.wards.widths) < 0.16


def test_groups_have_the_ranges_they_deserve(scores: Scores) -> None:
    assert scores.all_groups.cover >= 0.9


def test_the_people_missing_are_neither_more_nor_fewer(scores: Scores) -> None:
    assert abs(scores.wards.bias) < 0.10


@pytest.mark.parametrize("name", GENERATORS)
def test_areas_wards_and_the_whole_are_the_same_people(made: dict[str, list[Borough]], name: str) -> None:
    one = made[name][0]
    found = gap.of_homes(one.homes, one.known, one.lsoa, "E07900001")
    for rows in (found.wards, found.areas):
        assert sum(row.eligible for row in rows) == pytest.approx(found.overall.eligible)


def test_the_same_seed_makes_the_same_borough(made: dict[str, list[Borough]]) -> None:
    again = boroughs.made("campus", 70)
    assert again.homes.equals(made["campus"][0].homes)
