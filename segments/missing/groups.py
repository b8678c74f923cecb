"""The groups whose registration is inferred from areas: how many of each live where, and their published rates."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from segments.areas import census_tables, population
from segments.areas.output_areas import MOVED, Known
from segments.missing.ecological_inference import infer


@dataclass(frozen=True)
class Group:
    """`rate` is the published share registered in the whole country, `spread` how far a council's may lie from it: a
    standard deviation in log-odds, wider where the figure is old, uncertain or of a like group."""

    key: str
    name: str
    rate: float
    spread: float


@dataclass(frozen=True)
class Characteristic:
    """`tables` are the Census tables it needs beside that of ages; `unlike` as in ecological_inference."""

    key: str
    title: str
    groups: tuple[Group, ...]
    tables: tuple[str, ...]
    counted: Callable[[Known, pd.DataFrame, pd.Series], pd.DataFrame]
    unlike: float = 0.0

    @property
    def tables_said(self) -> str:
        return " and ".join(census_tables.said(name) for name in self.tables)


TENURE = "tenure of household: "
# Adults to a household, and how many of those without an entitled nationality live in each for one of the others:
# rounded from the English Housing Survey; only the proportions count, as each area's total is known.
ADULTS_BY_TENURE = {"outright": 1.85, "mortgage": 2.1, "social": 1.6, "private": 1.85}
NOT_ENTITLED_BY_TENURE = {"outright": 0.3, "mortgage": 0.7, "social": 1.0, "private": 2.5}
LABELS_OF_TENURE = {
    "outright": ("owned: owns outright",),
    "mortgage": ("owned: owns with a mortgage or loan", "shared ownership"),
    "social": ("social rented",),
    "private": ("private rented", "lives rent free"),
}
AGES = (16, 18, 20, 25, 35, 45, 55, 65, 75, 121)
OTHER = "main language is not english (english or welsh in wales)"
FEWEST_OF_OTHER_LANGUAGE = 0.3  # who speak another language and are entitled, whatever the other tables make of it
# Standard deviation, log-odds, of tenures and ages whose rates are further from the published ones than the areas of a
# council let see. Over boroughs of three generators (benchmarks/gap.py) ranges then hold 97 times in 100.
UNLIKE = 0.3


def by_tenure(found: Known, areas: pd.DataFrame, _: pd.Series) -> pd.DataFrame:
    table = found.tables["ts054"].reindex(areas.index).fillna(0.0)
    homes = pd.DataFrame({k: table[[TENURE + label for label in ls]].sum(axis=1) for k, ls in LABELS_OF_TENURE.items()})
    adults = _filled(homes * pd.Series(ADULTS_BY_TENURE), areas.adults - areas.communal)
    barred = _filled(adults * pd.Series(NOT_ENTITLED_BY_TENURE), adults.sum(axis=1) * areas.not_entitled)
    eligible = _filled((adults - barred).clip(lower=0), areas.eligible - areas.eligible_communal)
    return eligible.assign(communal=areas.eligible_communal)


def by_age(found: Known, areas: pd.DataFrame, _: pd.Series) -> pd.DataFrame:
    ages, single = found.tables["ts007a"], found.single_years
    edges = [found.youngest, *(edge for edge in AGES[1:] if edge > found.youngest)]
    counted = {_age_key(first, last): population.aged(ages, single, first, last) for first, last in pairwise(edges)}
    return _filled(pd.DataFrame(counted), areas.eligible)


def _age_key(first: float, last: float) -> str:
    return f"{int(first)}-{int(last) - 1}" if last < AGES[-1] else f"{int(first)}+"


def by_mobility(found: Known, areas: pd.DataFrame, _: pd.Series) -> pd.DataFrame:
    stayed = _elsewhere(population.share(found.tables["ts019"], MOVED), areas)
    return pd.DataFrame({"moved": areas.eligible * (1 - stayed), "stayed": areas.eligible * stayed})


def by_study(found: Known, areas: pd.DataFrame, _: pd.Series) -> pd.DataFrame:
    """Full-time students of 16 and over: all students less those of school age, who are nearly all at school."""
    everyone = found.tables["ts068"]["schoolchild or full-time student indicator: student"]
    ages, single = found.tables["ts007a"], found.single_years
    older = (everyone - population.aged(ages, single, 5, 16)).clip(lower=0)
    part = _elsewhere((older / population.aged(ages, single, 16).clip(lower=1)).clip(0, 1), areas)
    return pd.DataFrame({"students": areas.eligible * part, "others": areas.eligible * (1 - part)})


def by_english(found: Known, areas: pd.DataFrame, _: pd.Series) -> pd.DataFrame:
    table, prefix = found.tables["ts029"], population.LANGUAGE.prefix
    little = [f"{prefix}{OTHER}: cannot speak english well", f"{prefix}{OTHER}: cannot speak english"]
    speaking = population.share(table, prefix + OTHER)
    other = _elsewhere(speaking, areas) * areas.adults
    hardly = _elsewhere((population.share(table, *little) / speaking.where(speaking > 0)).clip(0, 1), areas)
    entitled = (other - areas.adults * areas.not_entitled).clip(lower=FEWEST_OF_OTHER_LANGUAGE * other)
    entitled = entitled.clip(upper=areas.eligible)
    return pd.DataFrame(
        {"english": areas.eligible - entitled, "well": entitled * (1 - hardly), "little": entitled * hardly}
    )


def by_deprivation(found: Known, areas: pd.DataFrame, lsoa: pd.Series) -> pd.DataFrame:
    """Fifths of England's LSOAs; an area lies in one of them, so that nothing has to be inferred."""
    fifth = ((found.tables["imd2025"]["imd_decile"] + 1) // 2).reindex(lsoa.reindex(areas.index)).to_numpy()
    return pd.DataFrame({str(n): np.where(fifth == n, areas.eligible, 0.0) for n in range(1, 6)}, index=areas.index)


def _elsewhere(shares: pd.Series, areas: pd.DataFrame) -> pd.Series:
    """Shares of these areas; one that the table does not tell has the mean of the others."""
    mean = shares.mean()
    return shares.reindex(areas.index).fillna(0.0 if pd.isna(mean) else float(mean))


def _filled(parts: pd.DataFrame, total: pd.Series) -> pd.DataFrame:
    """Parts in the same proportions that add up to the total; an area without any takes those of all areas."""
    alike = pd.DataFrame([parts.sum()] * len(parts), index=parts.index)
    known = parts.where(parts.sum(axis=1) > 0, alike)
    return known.div(known.sum(axis=1).replace(0, 1.0), axis=0).mul(total, axis=0)


# under-registration: Electoral Commission, completeness studies of 2011 to 2022; docs/method.md names each figure.
CHARACTERISTICS = {
    found.key: found
    for found in (
        Characteristic("tenure", "Tenure", (
            Group("outright", "Own their home outright", 0.95, 0.35),
            Group("mortgage", "Own their home with a mortgage", 0.885, 0.35),
            Group("social", "Rent from a council or housing association", 0.78, 0.5),
            Group("private", "Rent privately", 0.61, 0.35),
            Group("communal", "Live in a communal home", 0.70, 0.8),
        ), ("ts054", "ts017"), by_tenure, UNLIKE),
        Characteristic("age", "Age", (
            Group("14-17", "14 to 17", 0.22, 0.8), Group("15-17", "15 to 17", 0.22, 0.8),
            Group("16-17", "16 and 17", 0.22, 0.8), Group("18-19", "18 and 19", 0.64, 0.35),
            Group("20-24", "20 to 24", 0.675, 0.3), Group("25-34", "25 to 34", 0.74, 0.3),
            Group("35-44", "35 to 44", 0.83, 0.3), Group("45-54", "45 to 54", 0.88, 0.3),
            Group("55-64", "55 to 64", 0.91, 0.3), Group("65-74", "65 to 74", 0.94, 0.3),
            Group("75+", "75 and over", 0.95, 0.3),
        ), (), by_age, UNLIKE),
        Characteristic("mobility", "Time at the address", (
            Group("moved", "Moved in the last year", 0.38, 0.45),
            Group("stayed", "At the address for longer", 0.90, 0.35),
        ), ("ts019",), by_mobility),
        Characteristic("students", "Students", (
            Group("students", "Full-time students, 16 and over", 0.6, 0.6),
            Group("others", "Everybody else", 0.86, 0.35),
        ), ("ts068",), by_study),
        Characteristic("english", "English", (
            Group("english", "Main language is English (or Welsh in Wales)", 0.86, 0.3),
            Group("well", "Another main language, speaks English well", 0.72, 0.6),
            Group("little", "Another main language, speaks little English", 0.65, 0.7),
        ), ("ts029",), by_english),
        Characteristic("deprivation", "Deprivation of the area", (
            Group("1", "In the most deprived fifth of England", 0.85, 1.0),
            Group("2", "In the second most deprived fifth", 0.85, 1.0),
            Group("3", "In the middle fifth", 0.85, 1.0),
            Group("4", "In the second least deprived fifth", 0.85, 1.0),
            Group("5", "In the least deprived fifth of England", 0.85, 1.0),
        ), ("imd2025",), by_deprivation),
    )
}  # fmt: skip


def available(found: Known) -> list[str]:
    return [key for key, each in CHARACTERISTICS.items() if all(name in found.tables for name in each.tables)]


def infer_each(
    key: str, found: Known, areas: pd.DataFrame, lsoa: pd.Series, registered: pd.Series, error: pd.Series, common: float
) -> list[tuple[Group, float, float, float, float]]:
    """(group, eligible, rate, low, high) of each group with anybody in it. `registered` and `error` (relative) are
    by output area, in the order of `areas`; `common` is the relative error that all areas share."""
    each = CHARACTERISTICS[key]
    counted = each.counted(found, areas, lsoa)
    groups = [group for group in each.groups if group.key in counted and counted[group.key].sum() > 0]
    if not groups:
        return []
    people = counted[[group.key for group in groups]]
    rate, spread = np.array([g.rate for g in groups]), np.array([g.spread for g in groups])
    found_rates = infer(people.to_numpy(), registered.to_numpy(), error.to_numpy(), common, rate, spread, each.unlike)
    totals = people.sum().to_numpy()
    return [
        (group, float(n), float(mid), float(low), float(high))
        for group, n, mid, low, high in zip(
            groups, totals, found_rates.rate, found_rates.low, found_rates.high, strict=True
        )
    ]
