"""Writes a whole made-up borough as the files a council holds, with the truth beside them."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from engage.demo import census, contacts, electors, gazetteer, geography, indicators
from engage.demo.homes import build
from engage.demo.people import BROAD_TENURE, BROAD_TENURE_NAMES, USUAL, Drivers, Population, settle

AS_AT = date(2026, 6, 1)


@dataclass(frozen=True)
class Truth:
    """Totals the generator knows. `electors`: register rows at a home, stale ones too, but no anonymous or overseas."""

    homes: int
    occupied: int
    residents: int
    eligible: int
    registered: int
    unregistered: int
    homes_with_unregistered: int
    register_rows: int
    electors: int
    anonymous: int
    overseas: int
    stale: int
    reachable: int
    protected: int
    suppressions: int

    @property
    def completeness(self) -> float:
        return self.registered / self.eligible


@dataclass(frozen=True)
class Borough:
    """`files` are (kind, path) in the order to import them; kinds are those of `engage import`."""

    folder: Path
    authority_code: str
    authority_name: str
    as_at: date
    files: tuple[tuple[str, Path], ...]
    truth: Truth

    def paths(self, kind: str) -> list[Path]:
        return [path for each, path in self.files if each == kind]


def write_borough(
    folder: Path, *, homes: int = 12_000, wards: int = 12, seed: int = 2026, drivers: Drivers = USUAL
) -> Borough:
    """The same arguments write the same bytes. Raises InputRefused over 12 wards, or under 50 homes in one."""
    rng = np.random.default_rng(seed)
    borough = geography.draw_map(homes, wards, rng)
    properties = build(borough, rng)
    population = settle(borough, properties, rng, drivers)
    people = electors.electors(population, AS_AT, rng, drivers.stale)
    protected = _protect(people, homes, rng)
    held = electors.addresses(borough, population.homes, rng)
    _start_over(folder)

    files = _write_places(folder, borough, properties)
    files += _write_figures(folder, borough, population, rng)
    files.append(("protected", folder / "protected_addresses.csv"))
    contacts.write_protected(folder / "protected_addresses.csv", population.homes, protected, AS_AT)
    reach = contacts.contacts(population.homes, people, AS_AT, rng)
    files.append(("contacts", folder / "contacts.csv"))
    contacts.write_contacts(folder / "contacts.csv", reach)
    files.append(("suppressions", folder / "suppressions.csv"))
    suppressions = contacts.write_suppressions(folder / "suppressions.csv", reach, AS_AT, rng)
    register = folder / f"register_{AS_AT}.csv"
    files.append(("register", register))
    entries = electors.write_register(register, people, held, AS_AT)

    entries.to_parquet(folder / "truth" / f"entries_{AS_AT}.parquet", index=False)
    truth = _write_truth(folder / "truth", borough, population, people, held)
    totals = _totals(population, people, truth, reach, len(protected), suppressions)
    facts = {"authority": geography.AUTHORITY, "as_at": AS_AT.isoformat(), "seed": seed, **asdict(totals)}
    (folder / "truth" / "borough.json").write_text(json.dumps(facts, indent=1))
    return Borough(folder, geography.AUTHORITY, geography.AUTHORITY_NAME, AS_AT, tuple(files), totals)


def _write_places(folder: Path, borough: geography.BoroughMap, properties: pd.DataFrame) -> list[tuple[str, Path]]:
    wards, homes, areas = folder / "wards.geojson", folder / "gazetteer_dtf73.csv", folder / "onsud.csv"
    geography.write_boundaries(wards, borough)
    gazetteer.write_gazetteer(homes, borough, properties, AS_AT)
    gazetteer.write_directory(areas, borough, properties)
    return [("boundaries", wards), ("gazetteer", homes), ("geography", areas)]


def _write_figures(
    folder: Path, borough: geography.BoroughMap, population: Population, rng: np.random.Generator
) -> list[tuple[str, Path]]:
    tables = census.write_census(folder, borough, population, rng)
    deprivation, people = folder / "imd2025_file7.csv", folder / "mid_year_population_lsoa.csv"
    indicators.write_deprivation(deprivation, borough, population, rng)
    indicators.write_population(people, borough, population)
    return [*(("indicator", table) for table in [*tables, deprivation]), ("population", people)]


def _start_over(folder: Path) -> None:
    """An earlier borough's later registers would belong to people who are no longer there."""
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("register_*.csv"), *folder.glob("truth/*.parquet"), *folder.glob("truth/*.json")]:
        old.unlink()


def _protect(people: pd.DataFrame, homes: int, rng: np.random.Generator) -> list[int]:
    """Marks one elector anonymous in most of a few homes; returns those homes' rows."""
    settled = people[people["resident"] & people["on_register"]].drop_duplicates("home")
    chosen = settled.sample(max(2, homes // 2_000), random_state=rng)
    people.loc[chosen.index[: max(1, len(chosen) * 2 // 3)], "marker"] = "N"
    return sorted(chosen["home"].tolist())


def _write_truth(
    folder: Path, borough: geography.BoroughMap, population: Population, people: pd.DataFrame, held: pd.DataFrame
) -> pd.DataFrame:
    homes = population.homes
    living, count = people[people["resident"]], len(homes)
    entries = people[people["on_register"] & (people["home"] >= 0) & (people["marker"] != "N")]
    truth = pd.DataFrame(
        {
            "uprn": homes["uprn"],
            "ward": [borough.ward_code(ward) for ward in homes["ward"]],
            "oa": [borough.oa_code(oa) for oa in homes["oa"]],
            "blpu_class": homes["blpu_class"],
            "tenure": np.array(BROAD_TENURE_NAMES)[BROAD_TENURE[homes["tenure"]]],
            "occupied": homes["occupied"],
            "eligible": np.bincount(living["home"], living["eligible"], count).astype(int),
            "registered": np.bincount(living["home"], living["on_register"], count).astype(int),
            "electors": np.bincount(entries["home"], minlength=count),
            "mess": held["mess"],
        }
    )
    truth["unregistered"] = truth["eligible"] - truth["registered"]
    truth.to_parquet(folder / "homes.parquet", index=False)
    held.to_parquet(folder / "addresses.parquet", index=False)
    people.to_parquet(folder / f"people_{AS_AT}.parquet", index=False)
    return truth


def _totals(
    population: Population,
    people: pd.DataFrame,
    truth: pd.DataFrame,
    reach: pd.DataFrame,
    protected: int,
    suppressions: int,
) -> Truth:
    entries = people[people["on_register"]]
    return Truth(
        homes=len(truth),
        occupied=int(truth["occupied"].sum()),
        residents=len(population.residents),
        eligible=int(truth["eligible"].sum()),
        registered=int(truth["registered"].sum()),
        unregistered=int(truth["unregistered"].sum()),
        homes_with_unregistered=int((truth["unregistered"] > 0).sum()),
        register_rows=len(entries),
        electors=int(truth["electors"].sum()),
        anonymous=int((entries["marker"] == "N").sum()),
        overseas=int((entries["marker"] == "F").sum()),
        stale=int((~entries["resident"] & (entries["home"] >= 0)).sum()),
        reachable=reach["uprn"].nunique(),
        protected=protected,
        suppressions=suppressions,
    )
