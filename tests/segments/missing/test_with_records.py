"""The gap weighed with the council's own records: nearer the truth on boroughs of three generators, its ranges hold, and
no figure for members is made of it."""

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import boroughs
from benchmarks.boroughs import GENERATORS, Borough
from benchmarks.gap import against
from segments.missing import gap, with_records

ROOT = Path(__file__).parents[3]
SEED = 70


def known_of(borough: Borough, named: float, wrong: float) -> pd.Series:
    """By area: some of those missing, more in some places than in others, and some who have moved on."""
    rng, areas = np.random.default_rng(SEED), borough.truth.areas
    missing = (areas.eligible - areas.registered).clip(lower=0).astype(int)
    share = np.clip(named + rng.normal(0, 0.1, len(areas)), 0.0, 1.0)
    return pd.Series(rng.binomial(missing, share) + rng.poisson(wrong * areas.registered), areas.index)


def by_ward(borough: Borough, known: pd.Series) -> pd.Series:
    return known.groupby(borough.homes.groupby("oa").ward.first().reindex(known.index)).sum()


@pytest.mark.parametrize("name", GENERATORS)
def test_records_bring_areas_nearer_the_truth_and_ranges_hold(name: str) -> None:
    one = boroughs.made(name, SEED)
    found, known = gap.of_homes(one.homes, one.known, one.lsoa, "E07900001"), known_of(one, 0.6, 0.03)
    wards, areas, weight = with_records.calibrated(found, by_ward(one, known), known)
    assert 0.3 < weight < 0.95
    before, after = against(found.areas, one.truth.areas), against(areas, one.truth.areas)
    assert after.rank > before.rank + 0.1
    assert np.median(after.widths) < np.median(before.widths)
    assert after.cover >= 0.95
    assert against(wards, one.truth.wards).cover >= 0.9
    for rows in (wards, areas):  # a list does not name everybody, so the sum is the estimate's
        assert sum(row.eligible - row.registered for row in rows) == pytest.approx(
            sum(row.eligible - row.registered for row in found.wards), rel=0.01
        )


def test_records_that_say_nothing_count_for_little() -> None:
    one = boroughs.made("estates", SEED)
    found, known = gap.of_homes(one.homes, one.known, one.lsoa, "E07900001"), known_of(one, 0.0, 0.03)
    noise = pd.Series(np.random.default_rng(1).permutation(known.to_numpy()), known.index)
    _, areas, weight = with_records.calibrated(found, by_ward(one, noise), noise)
    assert weight < 0.45
    assert against(areas, one.truth.areas).cover >= 0.95


def test_no_figure_for_members_is_made_of_it() -> None:
    """By who imports it: the officers' page of the gap, and nothing that publishes."""
    users = set()
    for floor in ("segments", "campaigns", "dashboards", "engage"):
        for path in (ROOT / floor).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                named = [each.name for each in node.names] if isinstance(node, ast.ImportFrom | ast.Import) else []
                module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
                if "with_records" in named or module.endswith("with_records"):
                    users.add(path.relative_to(ROOT).as_posix())
    assert users == {"dashboards/pages/gaps.py"}
