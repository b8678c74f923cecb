"""Writes Census 2021 tables of the made-up borough, by output area, in Nomis' bulk layout.

Every table is counted from the modelled residents, so they agree with each other, but for the ethnic groups: no
person here has one; their table is drawn for the areas alone.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engage.demo.geography import BoroughMap, Ints
from engage.demo.people import COMMUNAL, Population
from engage.demo.table import write_table

VALUE = "; measures: Value"
COUPLE = "Single family household: Married or civil partnership couple"
COHABITING = "Single family household: Cohabiting couple family"
LONE = "Single family household: Lone parent family"
Column = tuple[str, tuple[int, ...]]  # label, and the codes it adds up


@dataclass(frozen=True)
class CensusTable:
    code: str
    prefix: str
    suffix: str
    columns: tuple[Column, ...]


def _every(count: int) -> tuple[int, ...]:
    return tuple(range(count))


HOUSEHOLDS = CensusTable(
    "ts003",
    "Household composition: ",
    VALUE,
    (
        ("Total", _every(14)),
        ("One person household", (0, 1)),
        ("One person household: Aged 66 years and over", (0,)),
        ("One person household: Other", (1,)),
        ("Single family household", tuple(range(2, 12))),
        ("Single family household: All aged 66 years and over", (2,)),
        (COUPLE, (3, 4, 5)),
        (f"{COUPLE}: No children", (3,)),
        (f"{COUPLE}: Dependent children", (4,)),
        (f"{COUPLE}: All children non-dependent", (5,)),
        (COHABITING, (6, 7, 8)),
        (f"{COHABITING}: No children", (6,)),
        (f"{COHABITING}: With dependent children", (7,)),
        (f"{COHABITING}: All children non-dependent", (8,)),
        (LONE, (9, 10)),
        (f"{LONE}: With dependent children", (9,)),
        (f"{LONE}: All children non-dependent", (10,)),
        ("Single family household: Other single family household", (11,)),
        ("Single family household: Other single family household: Other family composition", (11,)),
        ("Other household types", (12, 13)),
        ("Other household types: With dependent children", (12,)),
        ("Other household types: Other, including all full-time students and all aged 66 years and over", (13,)),
    ),
)
AGES = CensusTable(
    "ts007a",
    "Age: ",
    "",
    (
        ("Total", _every(18)),
        ("Aged 4 years and under", (0,)),
        *((f"Aged {5 * band} to {5 * band + 4} years", (band,)) for band in range(1, 17)),
        ("Aged 85 years and over", (17,)),
    ),
)
SIZES = CensusTable(
    "ts017",
    "Household size: ",
    VALUE,
    (
        ("Total: All household spaces", _every(9)),
        *((f"{size} {'person' if size == 1 else 'people'} in household", (size,)) for size in range(8)),
        ("8 or more people in household", (8,)),
    ),
)
MIGRANTS = CensusTable(
    "ts019",
    "Migrant indicator: ",
    VALUE,
    (
        ("Total: All usual residents", _every(4)),
        ("Address one year ago is the same as the address of enumeration", (0,)),
        ("Address one year ago is student term-time or boarding school address in the UK", (1,)),
        ("Migrant from within the UK: Address one year ago was in the UK", (2,)),
        ("Migrant from outside the UK: Address one year ago was outside the UK", (3,)),
    ),
)
ETHNIC_GROUPS = {
    "Asian, Asian British or Asian Welsh": "Bangladeshi|Chinese|Indian|Pakistani|Other Asian",
    "Black, Black British, Black Welsh, Caribbean or African": "African|Caribbean|Other Black",
    "Mixed or Multiple ethnic groups": (
        "White and Asian|White and Black African|White and Black Caribbean|Other Mixed or Multiple ethnic groups"
    ),
    "White": ("English, Welsh, Scottish, Northern Irish or British|Irish|Gypsy or Irish Traveller|Roma|Other White"),
    "Other ethnic group": "Arab|Any other ethnic group",
}


def _ethnic_columns() -> tuple[Column, ...]:
    columns: list[Column] = [("Total: All usual residents", _every(19))]
    first = 0
    for broad, details in ETHNIC_GROUPS.items():
        names = details.split("|")
        columns.append((broad, tuple(range(first, first + len(names)))))
        columns += [(f"{broad}: {name}", (first + place,)) for place, name in enumerate(names)]
        first += len(names)
    return tuple(columns)


ETHNICITY = CensusTable("ts021", "Ethnic group: ", "", _ethnic_columns())
NOT_ENGLISH = "Main language is not English (English or Welsh in Wales)"
ENGLISH = CensusTable(
    "ts029",
    "Proficiency in English language: ",
    "",
    (
        ("Total: All usual residents aged 3 years and over", _every(5)),
        ("Main language is English (English or Welsh in Wales)", (0,)),
        (NOT_ENGLISH, (1, 2, 3, 4)),
        (f"{NOT_ENGLISH}: Can speak English very well", (1,)),
        (f"{NOT_ENGLISH}: Can speak English well", (2,)),
        (f"{NOT_ENGLISH}: Cannot speak English well", (3,)),
        (f"{NOT_ENGLISH}: Cannot speak English", (4,)),
    ),
)
TENURE = CensusTable(
    "ts054",
    "Tenure of household: ",
    "",
    (
        ("Total: All households", _every(8)),
        ("Owned", (0, 1)),
        ("Owned: Owns outright", (0,)),
        ("Owned: Owns with a mortgage or loan", (1,)),
        ("Shared ownership", (2,)),
        ("Shared ownership: Shared ownership", (2,)),
        ("Social rented", (3, 4)),
        ("Social rented: Rents from council or Local Authority", (3,)),
        ("Social rented: Other social rented", (4,)),
        ("Private rented", (5, 6)),
        ("Private rented: Private landlord or letting agency", (5,)),
        ("Private rented: Other private rented", (6,)),
        ("Lives rent free", (7,)),
    ),
)
STUDENTS = CensusTable(
    "ts068",
    "Schoolchild or full-time student indicator: ",
    "",
    (
        ("Total: All usual residents aged 5 years and over", (0, 1)),
        ("Student", (1,)),
        ("Not a student", (0,)),
    ),
)


def write_census(folder: Path, borough: BoroughMap, population: Population, rng: np.random.Generator) -> list[Path]:
    """One CSV by output area per table, in Nomis' bulk layout; returns their paths."""
    homes, people = population.homes, population.residents
    home = people["home"].to_numpy()
    area = homes["oa"].to_numpy()[home]
    age = people["age"].to_numpy()
    size = np.bincount(home, minlength=len(homes))
    households = (size > 0) & (homes["tenure"] != COMMUNAL).to_numpy()
    household_area = homes["oa"].to_numpy()[households]
    migrant = np.where(people["abroad"], 3, np.where(people["moved"], 2, 0))
    counted = [
        (HOUSEHOLDS, household_area, homes["kind"].to_numpy()[households], 14),
        (AGES, area, np.minimum(age // 5, 17), 18),
        (SIZES, household_area, np.minimum(size, 8)[households], 9),
        (MIGRANTS, area, migrant, 4),
        (ETHNICITY, area, _ethnic_groups(borough, area, rng), 19),
        (ENGLISH, area[age >= 3], people["english"].to_numpy()[age >= 3], 5),
        (TENURE, household_area, homes["tenure"].to_numpy()[households], 8),
        (STUDENTS, area[age >= 5], people["student"].to_numpy()[age >= 5].astype(np.int64), 2),
    ]
    return [
        _write_table(folder, borough, table, cross_count(places, codes, len(borough.oa_ward), levels))
        for table, places, codes, levels in counted
    ]


def cross_count(area: Ints, code: Ints, areas: int, codes: int) -> Ints:
    return np.bincount(area * codes + code, minlength=areas * codes).reshape(areas, codes)


def _ethnic_groups(borough: BoroughMap, area: Ints, rng: np.random.Generator) -> Ints:
    """A group for each of the residents counted in an area, in no order that ties it to any of them."""
    white = np.array([1 - 1.6 * ward.foreign for ward in borough.wards])[borough.oa_ward]
    rest = np.array([3, 1, 4, 5, 2, 3, 2, 1, 2, 1, 2, 1, 0, 1, 0.2, 0.3, 6, 1, 1])
    shares = (1 - white)[:, None] * rest / rest.sum()
    shares[:, 12] = white
    groups = np.empty(len(area), dtype=np.int64)
    for place, share in enumerate(shares):
        here = np.flatnonzero(area == place)
        groups[here] = rng.choice(19, len(here), p=share / share.sum())
    return groups


def _write_table(folder: Path, borough: BoroughMap, table: CensusTable, counts: Ints) -> Path:
    labels = [f"{table.prefix}{label}{table.suffix}" for label, _ in table.columns]
    cells = np.column_stack([counts[:, codes].sum(axis=1) for _, codes in table.columns])
    codes = [borough.oa_code(oa) for oa in range(len(counts))]
    rows = [[2021, code, code, *row] for code, row in zip(codes, cells.tolist(), strict=True)]
    path = folder / f"census2021-{table.code}-oa.csv"
    write_table(path, ["date", "geography", "geography code", *labels], rows)
    return path
