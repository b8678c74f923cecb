"""Which mid-year estimate is followed: of those of output areas, LSOAs and wards the finest that is complete."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pandas as pd

from segments.areas import population
from segments.areas.ageing import Movement

LEVELS = {"oa": "output area", "lsoa": "LSOA", "ward": "ward"}  # the finest first
COMPLETE = 0.99  # of the homes lie in its areas: the rest are new, or in areas that have changed


@dataclass(frozen=True)
class Estimate:
    """People by `area`, `sex` and `age` of one level; `covered` is the share of homes that lie in its areas."""

    people: pd.DataFrame
    level: str
    on: date | None
    covered: float

    @property
    def is_complete(self) -> bool:
        return self.covered >= COMPLETE

    @property
    def is_later(self) -> bool:
        """One without a date, or from before the Census, says only how ages are spread."""
        return self.on is not None and self.on > population.CENSUS_DAY

    @property
    def words(self) -> str:
        day = f" of {self.on.day} {self.on:%B %Y}" if self.on else ""
        return f"the mid-year estimate{day} by {LEVELS[self.level]}"

    def single_years(self) -> pd.Series:
        return self.people.groupby("age").value.sum()

    def adults(self, youngest: float) -> pd.Series:
        """From the age at which people may be registered, by area."""
        part = {age: population.years_of(None, max(age, youngest), age + 1) for age in self.people.age.unique()}
        return (self.people.value * self.people.age.map(part)).groupby(self.people.area).sum()


def of_level(rows: pd.DataFrame, level: str, on: date | None, places: pd.DataFrame) -> Estimate:
    """`rows` are of one import; where an area has both sexes together that is taken, else one and the other."""
    own = rows[rows.level == level]
    together = set(own.area[own.sex == "all"])
    people = own[(own.sex == "all") | ~own.area.isin(together)]
    inside = places.homes[places[level].isin(set(people.area))].sum()
    return Estimate(people, level, on, float(inside / max(places.homes.sum(), 1)))


def choose(found: Iterable[Estimate]) -> tuple[Estimate | None, list[str]]:
    """The finest that is complete, of those after the Census if there are any; and sentences on those passed over."""
    useful = [each for each in found if each.covered > 0]
    order = list(LEVELS)
    ranked = sorted(useful, key=lambda e: (not e.is_complete, not e.is_later, order.index(e.level), -e.covered))
    if not ranked:
        return None, []
    chosen = ranked[0]
    notes = [
        f"{each.words[:1].upper()}{each.words[1:]} covers {each.covered:.0%} of homes only"
        + ("." if each is chosen else f", so {chosen.words} is used instead.")
        for each in ranked
        if not each.is_complete
    ]
    return chosen, notes


def movements(chosen: Estimate, others: Iterable[Estimate], youngest: float) -> tuple[Movement, ...]:
    """From each other estimate of the same areas, later than the Census, to the one that is followed."""
    now = chosen.adults(youngest)
    found = []
    for each in others:
        if each.is_later and each.on != chosen.on and each.is_complete and each.on and chosen.on:
            ratio = (now / each.adults(youngest).replace(0, float("nan"))).dropna()
            found.append(Movement(ratio, chosen.level, abs((chosen.on - each.on).days) / 365.25))
    return tuple(found)
