"""Writes the made-up borough's population estimates and Indices of Deprivation, by lower-layer area."""

from pathlib import Path
from typing import cast

import numpy as np

from engage.demo.census import cross_count
from engage.demo.geography import AUTHORITY, AUTHORITY_NAME, BoroughMap
from engage.demo.people import Population
from engage.demo.table import write_table
from engage.demo.words import words


def write_population(path: Path, borough: BoroughMap, population: Population) -> None:
    """Mid-year estimates by lower-layer area and single year of age, both sexes together."""
    people = population.residents
    area = population.homes["lsoa"].to_numpy()[people["home"]]
    ages = cross_count(area, np.minimum(people["age"].to_numpy(), 90), int(borough.oa_lsoa.max()) + 1, 91)
    header = words("period area_code area_name geography sex all_ages aged_0_to_15 aged_16_to_64 aged_65_and_over")
    rows = []
    for lsoa, years in enumerate(ages):
        broad = [years.sum(), years[:16].sum(), years[16:65].sum(), years[65:].sum()]
        place = [borough.lsoa_code(lsoa), borough.lsoa_name(lsoa)]
        rows.append(["2025-06-30", *place, "LSOA", "Persons", *map(int, broad), *years.tolist()])
    write_table(path, [*header, *(str(age) for age in range(90)), "90+"], rows)


LSOAS_OF_ENGLAND = 33_755
DOMAINS = (
    "Index of Multiple Deprivation (IMD) Score",
    "Income Score (rate)",
    "Employment Score (rate)",
    "Education, Skills and Training Score",
    "Health Deprivation and Disability Score",
    "Crime Score",
    "Barriers to Housing and Services Score",
    "Living Environment Score",
    "Income Deprivation Affecting Children Index (IDACI) Score (rate)",
    "Income Deprivation Affecting Older People (IDAOPI) Score (rate)",
    "Children and Young People Sub-domain Score",
    "Adult Skills Sub-domain Score",
    "Geographical Barriers Sub-domain Score",
    "Wider Barriers Sub-domain Score",
    "Indoors Sub-domain Score",
    "Outdoors Sub-domain Score",
)
DENOMINATORS = (
    "Total population: mid 2022",
    "Dependent Children aged 0-15: mid 2022",
    "Older population aged 60 and over: mid 2022",
    "Working age population 18-66 (for use with Employment Deprivation Domain): mid 2022",
)


def write_deprivation(path: Path, borough: BoroughMap, population: Population, rng: np.random.Generator) -> None:
    """The English Indices of Deprivation 2025, file 7: the more renting from a landlord, the more deprived."""
    homes = population.homes
    renting = np.isin(homes["tenure"], (3, 4, 5, 6)).astype(float)
    lsoa = homes["lsoa"].to_numpy()
    share = np.bincount(lsoa, renting) / np.bincount(lsoa)
    header = ["LSOA code (2021)", "LSOA name (2021)"]
    header += ["Local Authority District code (2024)", "Local Authority District name (2024)"]
    for domain in DOMAINS:
        name = domain.removesuffix(" (rate)").removesuffix(" Score")
        deciles = f"{name} Decile (where 1 is most deprived 10% of LSOAs)"
        header += [domain, f"{name} Rank (where 1 is most deprived)", deciles]
    rows = []
    for place, rented in enumerate(share):
        row: list[object] = [borough.lsoa_code(place), borough.lsoa_name(place), AUTHORITY, AUTHORITY_NAME]
        for domain in DOMAINS:
            row += _standing(domain, float(np.clip(rented + rng.normal(0, 0.12), 0.001, 0.999)))
        rows.append([*row, *_denominators(population, lsoa == place)])
    write_table(path, [*header, *DENOMINATORS], rows)


def _standing(domain: str, hardship: float) -> list[object]:
    """Score, rank and decile of an area whose hardship is 0 (none) to 1."""
    score = hardship * (0.4 if domain.endswith("(rate)") else 60)
    rank = 1 + int((1 - hardship) * (LSOAS_OF_ENGLAND - 1))
    return [round(score, 3), rank, 1 + (rank - 1) * 10 // LSOAS_OF_ENGLAND]


def _denominators(population: Population, own: np.typing.NDArray[np.bool_]) -> list[int]:
    people = population.residents
    age = people["age"].to_numpy()[own[people["home"]]]
    counts = [len(age), (age < 16).sum(), (age >= 60).sum(), ((age >= 18) & (age <= 66)).sum()]
    return cast("list[int]", [int(count) for count in counts])
