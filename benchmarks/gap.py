"""The gap against truth: the borough beside the project, and ten made-up boroughs whose registers lack other people.

Prints how many intervals hold the truth, how wide they are, how areas rank by people missing, and what ready-made
segments lack. Exit code 1 when a limit is missed. `benchmarks/gap.py N` makes N boroughs instead of ten.
"""

import gzip
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
from sqlmodel import SQLModel

import engage.migrations  # noqa: F401  # every table
from engage.demo import geography
from engage.demo.borough import write_borough
from engage.demo.homes import build
from engage.demo.people import AGE_BANDS, BROAD_TENURE, BROAD_TENURE_NAMES, Drivers, Population, settle
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.audiences import segments, starters
from segments.homes import households
from segments.importing.imports import import_file
from segments.missing import gap
from segments.missing.gap import Estimate, Row

BOROUGH = Path(__file__).parents[2] / "shared/data/east-staffordshire"
CODE, AS_AT = "E07000193", date(2026, 6, 1)
FILES = [
    ("boundaries", "wards.geojson"), ("gazetteer", "gazetteer_dtf73.csv"), ("geography", "onsud.csv"),
    *(("indicator", f"census2021-{table}-oa.csv") for table in
      ("ts003", "ts007a", "ts017", "ts019", "ts029", "ts054", "ts068")),
    ("indicator", "imd2025_file7.csv"), ("population", "mid_year_population_lsoa.csv"),
    ("register", "register_2026-06-01.csv"),
]  # fmt: skip
LEAST_COVER, LEAST_RANK, LEAST_GROUPS = 0.875, 0.8, 0.85
HOMES, WARDS, BOROUGHS = 5_000, 8, 10
FEWEST_MISSING = 50  # in a segment, to be shown
AGES = ("16-17", "18-19", "20-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75+")


@dataclass(frozen=True)
class Truth:
    """`wards` and `areas` are indexed by code, `groups` by characteristic and key; columns eligible and registered."""

    wards: pd.DataFrame
    areas: pd.DataFrame
    groups: dict[str, pd.DataFrame]


@dataclass
class Score:
    """How rows stand to the truth: whether each interval holds it, how wide it is, and how they rank by missing."""

    held: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    rank: float = 0.0

    @property
    def cover(self) -> float:
        return float(np.mean(self.held)) if self.held else 0.0

    def add(self, other: "Score") -> None:
        self.held += other.held
        self.widths += other.widths
        self.errors += other.errors

    def __str__(self) -> str:
        return (
            f"{sum(self.held)} of {len(self.held)} hold the truth ({self.cover:.1%}), median width "
            f"{np.median(self.widths):.3f}, mean error {np.mean(np.abs(self.errors)):.3f}, "
            f"bias {np.mean(self.errors):+.3f}"
        )


def main() -> int:
    boroughs = int(sys.argv[1]) if len(sys.argv) > 1 else BOROUGHS
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        missed += real_format(Path(folder)) if BOROUGH.is_dir() else []
        if not BOROUGH.is_dir():
            print(f"Skipped: the borough is not beside the project ({BOROUGH}).")
        missed += made_up(Path(folder), boroughs)
    print("Limits missed: " + "; ".join(missed) if missed else "Every limit is met.")
    return bool(missed)


def real_format(folder: Path) -> list[str]:
    files = []
    for kind, name in FILES:
        with gzip.open(BOROUGH / f"{name}.gz") as packed, (folder / name).open("wb") as plain:
            shutil.copyfileobj(packed, plain)
        files.append((kind, folder / name))
    found = estimated(folder / "home", CODE, files, BOROUGH)
    truth = beside()
    wards, areas = against(found.wards, truth.wards), against(found.areas, truth.areas)
    print(f"Borough beside the project\n  wards: {wards}, rank by missing {wards.rank:.2f}")
    print(f"  output areas: {areas}, rank by missing {areas.rank:.2f}")
    groups = by_group(found, truth, shown=True)
    missed = [f"wards hold {wards.cover:.1%}"] if wards.cover < LEAST_COVER else []
    missed += [f"ward rank {wards.rank:.2f}"] if wards.rank < LEAST_RANK else []
    return missed + ([f"groups hold {groups.cover:.1%}"] if groups.cover < LEAST_GROUPS else [])


def estimated(home: Path, code: str, files: list[tuple[str, Path]], folder: Path) -> Estimate:
    office, actor = Office(Settings(home=home), SteppedClock(at_london(AS_AT, 10))), Actor(code, "benchmark")
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=code, name="Borough"))
    for kind, path in files:
        import_file(office, actor, kind, path, AS_AT)
    households.build(office, actor)
    begun = time.perf_counter()
    found = gap.estimate(office, code)
    print(f"({time.perf_counter() - begun:.2f} s to estimate)", end=" ")
    for told in by_segment(office, code, pd.read_parquet(folder / "truth/homes.parquet").set_index("uprn")):
        print(told)
    office.close()
    return found


def by_segment(office: Office, code: str, truth: pd.DataFrame) -> Iterator[str]:
    """What each ready-made segment lacks, as counted and in truth. Those of few people differ by chance."""
    with office.database.reading() as session:
        homes = pd.read_parquet(office.lake.file(households.newest(session, code))).drop(columns="address_lines")
    registered = truth["registered_here" if "registered_here" in truth else "registered"]
    lacking, asked = homes.uprn.map(truth.eligible - registered).fillna(0.0), ibis.memtable(homes)
    for starter in starters.STARTERS:
        held = homes.uprn.isin(asked.filter(starter.rule.ibis(asked)).uprn.execute())
        counted, true = segments.count(office, code, starter.rule).missing, lacking[held].sum()
        if true >= FEWEST_MISSING:
            yield f"  segment {starter.key:19} {counted:7,.0f} adults missing, true {true:7,.0f} ({counted / true:.0%})"


def beside() -> Truth:
    homes = pd.read_parquet(BOROUGH / "truth/homes.parquet").rename(columns={"registered_here": "registered"})
    people = pd.read_parquet(BOROUGH / "truth/persons.parquet").query("eligible")
    own = people.merge(homes[["uprn", "tenure", "moved_in_last_year"]], on="uprn")
    bands = np.array(AGES)[np.searchsorted(AGE_BANDS, own.age, side="right")]
    keys = {"tenure": own.tenure, "age": bands, "mobility": np.where(own.moved_in_last_year, "moved", "stayed")}
    return Truth(*_places(homes), {key: _counted(own, by) for key, by in keys.items()})


def _places(homes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    wards, areas = (homes.groupby(key)[["eligible", "registered"]].sum() for key in ("ward", "oa"))
    return wards, areas


def _counted(people: pd.DataFrame, by: Any) -> pd.DataFrame:
    counted: pd.DataFrame = people.groupby(by).registered.agg(["size", "sum"])
    return counted.set_axis(["eligible", "registered"], axis=1)


def against(rows: list[Row], truth: pd.DataFrame) -> Score:
    own = [row for row in rows if row.key in truth.index and truth.eligible[row.key] > 0]
    share = [truth.registered[row.key] / truth.eligible[row.key] for row in own]
    missing = pd.Series([truth.eligible[row.key] - truth.registered[row.key] for row in own])
    rank = pd.Series([row.missing for row in own]).corr(missing, method="spearman")
    return Score(
        [row.low <= true <= row.high for row, true in zip(own, share, strict=True)],
        [row.high - row.low for row in own],
        [row.completeness - true for row, true in zip(own, share, strict=True)], float(rank),
    )  # fmt: skip


def by_group(found: Estimate, truth: Truth, *, shown: bool = False) -> Score:
    whole = Score()
    for key, counted in truth.groups.items():
        whole.add(against(found.groups[key], counted))
        for row in found.groups[key] if shown else []:
            true = counted.registered[row.key] / counted.eligible[row.key]
            held = "holds" if row.low <= true <= row.high else "MISSES"
            print(
                f"  {key:9} {row.key:9} true {true:.3f}, estimate {row.completeness:.3f}, range {row.low:.3f} to "
                f"{row.high:.3f} (width {row.high - row.low:.3f}) {held}"
            )
    print(f"  groups: {whole}")
    return whole


def made_up(folder: Path, boroughs: int) -> list[str]:
    wards, areas, groups, ranks = Score(), Score(), Score(), []
    for number in range(boroughs):
        seed = 100 + number
        drivers = other_drivers(np.random.default_rng(seed))
        borough = write_borough(folder / f"files{number}", homes=HOMES, wards=WARDS, seed=seed, drivers=drivers)
        files = [(kind, path) for kind, path in borough.files if kind not in ("contacts", "suppressions", "protected")]
        found = estimated(folder / f"home{number}", borough.authority_code, files, borough.folder)
        truth = of_made_up(borough.folder, seed, drivers)
        own = against(found.wards, truth.wards)
        ranks.append(own.rank)
        told = f"complete {borough.truth.completeness:.1%}, estimate {found.overall.completeness:.1%}"
        print(f"Borough {number + 1}: {told}; wards {sum(own.held)} of {len(own.held)}, rank {own.rank:.2f}")
        wards.add(own)
        areas.add(against(found.areas, truth.areas))
        groups.add(by_group(found, truth))
    print(f"All made-up boroughs\n  wards: {wards}, median rank {np.median(ranks):.2f}\n  output areas: {areas}")
    print(f"  groups: {groups}")
    missed = [f"made-up wards hold {wards.cover:.1%}"] if wards.cover < LEAST_COVER else []
    return missed + ([f"made-up groups hold {groups.cover:.1%}"] if groups.cover < LEAST_GROUPS else [])


def other_drivers(rng: np.random.Generator) -> Drivers:
    """Rates moved at random on the log-odds scale, so that other people are missing for other reasons each time."""
    usual = Drivers()

    def moved(rates: tuple[float, ...], spread: float) -> tuple[float, ...]:
        odds = np.log(np.array(rates) / (1 - np.array(rates))) + rng.normal(0, spread, len(rates))
        return tuple((1 / (1 + np.exp(-odds))).tolist())

    return Drivers(
        by_age=moved(usual.by_age, 0.25), by_tenure=moved(usual.by_tenure, 0.3), by_moved=moved(usual.by_moved, 0.3),
        completeness=float(rng.uniform(0.78, 0.89)),
        moved=tuple((np.array(usual.moved) * rng.uniform(0.7, 1.4)).tolist()),
        entitled=float(rng.uniform(0.45, 0.75)), stale=float(rng.uniform(0.45, 0.7)),
    )  # fmt: skip


def of_made_up(folder: Path, seed: int, drivers: Drivers) -> Truth:
    """The people are drawn again as they were; the files keep no truth on tenure, age and movers."""
    rng = np.random.default_rng(seed)
    borough = geography.draw_map(HOMES, WARDS, rng)
    population: Population = settle(borough, build(borough, rng), rng, drivers)
    people, homes = population.residents.query("eligible"), population.homes
    tenure = np.array(BROAD_TENURE_NAMES)[BROAD_TENURE[homes.tenure.to_numpy()[people.home]]]
    bands = np.array(AGES)[np.searchsorted(AGE_BANDS, people.age, side="right")]
    english = np.array(["english", "well", "well", "little", "little"])[people.english]
    keys = {
        "tenure": tenure, "age": bands, "mobility": np.where(people.moved, "moved", "stayed"), "english": english,
        "students": np.where(people.student, "students", "others"),
    }  # fmt: skip
    truth = pd.read_parquet(folder / "truth/homes.parquet")
    return Truth(*_places(truth), {key: _counted(people, by) for key, by in keys.items()})


if __name__ == "__main__":
    sys.exit(main())
