"""How unsure a count of people is some years on: they move, at a council's own pace where estimates tell it."""

from dataclasses import dataclass
from datetime import date
from math import hypot, sqrt

import numpy as np
import pandas as pd

from segments.areas.population import CENSUS_DAY

# Standard error, relative, of the adults of a place a year after they were counted; it grows with the root of the
# years. From ONS's mid-year estimates of one council, mid-2022 to mid-2024: wards moved by 3.2 %, output areas by
# 7.5 %; LSOAs lie between. Of a whole authority it is ours.
MOVED = {"oa": 0.053, "lsoa": 0.036, "ward": 0.023, "authority": 0.010}
# Of that what homes built since do not tell. Ours: no published figure parts them.
BESIDE_HOMES = {"oa": 0.042, "lsoa": 0.027, "ward": 0.015, "authority": 0.007}
MISSED = 0.4  # of the movement of a place that a later estimate of it does not see
# A council's own pace counts by its areas against so many of other councils.
ELSEWHERE = 20
SLOWEST, FASTEST = 0.5, 2.0
FINEST_FIRST = ("oa", "lsoa", "ward", "authority")


@dataclass(frozen=True)
class Ageing:
    """Of a count on Census day used `as_at`, moved on to `estimated_on` by an estimate of areas of a `level`."""

    as_at: date
    homes_followed: bool = False
    estimated_on: date | None = None
    level: str = "lsoa"
    pace: float = 1.0

    def error(self, of: str) -> float:
        """Relative standard error of the adults of an output area (`oa`), a `ward` or the whole `authority`."""
        rate = self._rate(of)
        if self.estimated_on is None:
            return rate * sqrt(max(_years(CENSUS_DAY, self.as_at), 1.0))
        # What parts of an area move against each other its estimate cannot see.
        seen = self._rate(max(of, self.level, key=FINEST_FIRST.index))
        unseen = sqrt(max(rate**2 - (1 - MISSED**2) * seen**2, 0.0) * _years(CENSUS_DAY, self.estimated_on))
        return hypot(unseen, rate * sqrt(_years(self.estimated_on, self.as_at)))

    def _rate(self, of: str) -> float:
        return rates(homes_followed=self.homes_followed)[of] * self.pace


@dataclass(frozen=True)
class Movement:
    """How far the areas of a `level` moved in some `years`: the ratio of two counts, area by area."""

    ratio: pd.Series
    level: str
    years: float


def rates(*, homes_followed: bool) -> dict[str, float]:
    return BESIDE_HOMES if homes_followed else MOVED


def pace(movements: list[Movement], *, homes_followed: bool) -> float:
    """How fast a council's places move against the usual, by its own counts as far as they go."""
    known = rates(homes_followed=homes_followed)
    squares, areas = float(ELSEWHERE), float(ELSEWHERE)
    for each in movements:
        logs = np.log(each.ratio[each.ratio > 0])
        if len(logs) > 1 and each.years > 0:
            squares += len(logs) * float(logs.var()) / (known[each.level] ** 2 * each.years)
            areas += len(logs)
    return float(np.clip(sqrt(squares / areas), SLOWEST, FASTEST))


def _years(first: date, then: date) -> float:
    return abs((then - first).days) / 365.25
