"""What goes with it where few people are registered: areas of the least and of the most complete fifth side by side.

A contrast says what kind of places they are. It says nothing of why, nor of any person in them.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segments.areas.output_areas import Known
from segments.sources.indicators import INDICATORS

# Ethnic groups are left out: of small areas they would say much of few people and nothing of why.
COMPARED = (
    "private_rented_share", "social_rented_share", "owned_share", "moved_last_year_share", "aged_20_to_34_share",
    "aged_65_and_over_share", "student_share", "other_language_share", "limited_english_share", "one_person_share",
    "shared_household_share", "large_household_share", "imd_decile",
)  # fmt: skip
FEWEST_AREAS = 20
LEAST_DIFFERENCE = 0.5  # standard deviations between areas


@dataclass(frozen=True)
class Contrast:
    """Mean of an indicator, weighted by eligible people, in the fifth of areas where the smallest and in the one where
    the largest share is registered; `difference` in standard deviations between areas."""

    indicator: str
    name: str
    unit: str
    least_complete: float
    most_complete: float
    difference: float


def between_fifths(totals: pd.DataFrame, known: Known, lsoa: pd.Series) -> list[Contrast]:
    """The largest difference first; none for fewer than 20 areas. `totals` has completeness and eligible by area."""
    areas = totals[totals.eligible > 0].sort_values("completeness")
    if len(areas) < FEWEST_AREAS:
        return []
    place = (areas.eligible.cumsum() - areas.eligible / 2) / areas.eligible.sum()
    ends = areas.index[place <= 0.2], areas.index[place > 0.8]
    found = [_contrast(name, _values(name, known, lsoa, areas.index), areas.eligible, ends) for name in COMPARED]
    clear = [each for each in found if each and abs(each.difference) >= LEAST_DIFFERENCE]
    return sorted(clear, key=lambda each: -abs(each.difference))


def _values(name: str, known: Known, lsoa: pd.Series, index: pd.Index) -> pd.Series | None:
    """An indicator by output area; that of an LSOA holds for all of its areas."""
    said = INDICATORS[name]
    table = known.tables.get(said.table)
    if table is None or name not in table:
        return None
    if said.level == "oa":
        return table[name].reindex(index)
    return pd.Series(table[name].reindex(lsoa.reindex(index)).to_numpy(), index=index)


def _contrast(
    name: str, values: pd.Series | None, weights: pd.Series, ends: tuple[pd.Index, pd.Index]
) -> Contrast | None:
    if values is None or values.notna().sum() < FEWEST_AREAS or not values.std():
        return None
    filled = values.fillna(np.average(values.dropna(), weights=weights[values.notna()]))
    least, most = (float(np.average(filled[end], weights=weights[end])) for end in ends)
    return Contrast(
        name, INDICATORS[name].label_en, INDICATORS[name].unit, least, most, (least - most) / float(values.std())
    )
