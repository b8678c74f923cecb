"""The gap against truth: the borough beside the project, and made-up ones whose people moved since the Census.

Prints how many intervals hold the truth, how wide they are, how far people missing are off, and how areas rank by
them; by three generators (benchmarks/boroughs.py), two of whose boroughs also go through the real files. Of boroughs
that go through files, what ready-made segments lack as well. Exit code 1 when a limit is missed.
`benchmarks/gap.py N` makes N boroughs of each generator.
"""

import gzip
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
from sqlmodel import SQLModel

import engage.migrations.tables  # noqa: F401  # every table
from benchmarks import boroughs
from benchmarks.boroughs import AGES, GENERATORS, Past, Town, Truth, counted
from engage.demo import census, electors, geography, indicators
from engage.demo.borough import Borough, write_borough
from engage.demo.homes import build
from engage.demo.people import AGE_BANDS, settle
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.areas.population import CENSUS_DAY
from segments.audiences import segments, starters
from segments.homes import households
from segments.importing.imports import import_file
from segments.missing import gap
from segments.missing.gap import Estimate, Row

SHARED = Path(os.environ.get("ENGAGE_SHARED", Path(__file__).parents[2] / "shared"))
BOROUGH = SHARED / "data/east-staffordshire"
CODE, AS_AT = "E07000193", date(2026, 6, 1)
FILES = [
    ("boundaries", "wards.geojson"), ("gazetteer", "gazetteer_dtf73.csv"), ("geography", "onsud.csv"),
    *(("indicator", f"census2021-{table}-oa.csv") for table in
      ("ts003", "ts007a", "ts017", "ts019", "ts029", "ts054", "ts068")),
    ("indicator", "imd2025_file7.csv"), ("population", "mid_year_population_lsoa.csv"),
    ("register", "register_2026-06-01.csv"),
]  # fmt: skip
LEAST_COVER, LEAST_RANK, LEAST_GROUPS = 0.875, 0.8, 0.85  # of the one borough beside the project
# Of all made-up boroughs together: from and to which share of ranges holds the truth.
COVER = {"wards": (0.94, 0.97), "areas": (0.93, 0.97), "groups": (0.93, 0.98)}
MOST_BIAS = 0.05  # of the people missing
MOST_APART = 0.01  # completeness of a ward by files and by frames
HOMES, WARDS, BOROUGHS, WHOLE = 5_000, 8, 22, 2
FEWEST_MISSING = 50  # in a segment, to be shown
ESTIMATED = "2025-06-30"  # in the made-up borough's own mid-year estimate


@dataclass
class Score:
    """How rows stand to the truth: whether each interval holds it, how wide it is, and how they rank by missing."""

    held: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    ranks: list[float] = field(default_factory=list)
    missing: float = 0.0
    truly_missing: float = 0.0

    @property
    def cover(self) -> float:
        return float(np.mean(self.held)) if self.held else 0.0

    @property
    def rank(self) -> float:
        return float(np.median(self.ranks))

    @property
    def bias(self) -> float:
        """Of the number of people missing."""
        return self.missing / self.truly_missing - 1

    def add(self, other: "Score") -> None:
        self.held += other.held
        self.widths += other.widths
        self.errors += other.errors
        self.ranks += other.ranks
        self.missing += other.missing
        self.truly_missing += other.truly_missing

    def __str__(self) -> str:
        return (
            f"{sum(self.held)} of {len(self.held)} hold the truth ({self.cover:.1%}), median width "
            f"{np.median(self.widths):.3f}, mean error {np.mean(np.abs(self.errors)):.3f}, "
            f"bias {np.mean(self.errors):+.3f}, rank by missing {self.rank:.2f}, people missing {self.bias:+.1%}"
        )


@dataclass
class Scores:
    wards: Score = field(default_factory=Score)
    areas: Score = field(default_factory=Score)
    groups: dict[str, Score] = field(default_factory=dict)

    @property
    def all_groups(self) -> Score:
        whole = Score()
        for score in self.groups.values():
            whole.add(score)
        return whole

    def add(self, other: "Scores") -> None:
        self.wards.add(other.wards)
        self.areas.add(other.areas)
        for key, score in other.groups.items():
            self.groups.setdefault(key, Score()).add(score)

    def missed(self) -> list[str]:
        found = {"wards": self.wards, "areas": self.areas, "groups": self.all_groups}
        said = [
            f"made-up {name} hold {found[name].cover:.1%}"
            for name, (least, most) in COVER.items()
            if not least <= found[name].cover <= most
        ]
        return said + ([f"people missing are {self.wards.bias:+.1%}"] if abs(self.wards.bias) > MOST_BIAS else [])

    def __str__(self) -> str:
        lines = [f"  wards: {self.wards}", f"  output areas: {self.areas}", f"  groups: {self.all_groups}"]
        return "\n".join(lines + [f"    by {key}: {score}" for key, score in self.groups.items()])


def main() -> int:
    each = int(sys.argv[1]) if len(sys.argv) > 1 else BOROUGHS
    missed = made_up(each)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(WHOLE):
            missed += through_files(Path(folder), number)
        missed += real_format(Path(folder)) if BOROUGH.is_dir() else []
        if not BOROUGH.is_dir():
            print(f"Skipped: the borough is not beside the project ({BOROUGH}).")
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
    print(f"Borough beside the project\n  wards: {wards}")
    print(f"  output areas: {areas}")
    groups = by_group(found, truth, shown=True)
    missed = [f"wards hold {wards.cover:.1%}"] if wards.cover < LEAST_COVER else []
    missed += [f"ward rank {wards.rank:.2f}"] if wards.rank < LEAST_RANK else []
    return missed + ([f"groups hold {groups.cover:.1%}"] if groups.cover < LEAST_GROUPS else [])


def estimated(home: Path, code: str, files: list[tuple[str, Path]], folder: Path) -> Estimate:
    """What is estimated of a borough; what its ready-made segments lack is printed beside the truth in its folder."""
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
        if not segments.columns(starter.rule.where) <= set(asked.columns):
            continue  # it asks for the council's own records, which these boroughs have none of
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
    return Truth(*_places(homes), {key: counted(own, by) for key, by in keys.items()})


def _places(homes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    wards, areas = (homes.groupby(key)[["eligible", "registered"]].sum() for key in ("ward", "oa"))
    return wards, areas


def against(rows: list[Row], truth: pd.DataFrame) -> Score:
    own = [row for row in rows if row.key in truth.index and truth.eligible[row.key] > 0]
    share = [truth.registered[row.key] / truth.eligible[row.key] for row in own]
    missing = pd.Series([truth.eligible[row.key] - truth.registered[row.key] for row in own])
    rank = pd.Series([row.missing for row in own]).corr(missing, method="spearman")
    return Score(
        [row.low <= true <= row.high for row, true in zip(own, share, strict=True)],
        [row.high - row.low for row in own],
        [row.completeness - true for row, true in zip(own, share, strict=True)], [float(rank)],
        sum(row.missing for row in own), float(missing.sum()),
    )  # fmt: skip


def by_group(found: Estimate, truth: Truth, *, shown: bool = False) -> Score:
    whole = Score()
    for key, true_counts in truth.groups.items():
        whole.add(against(found.groups[key], true_counts))
        for row in found.groups[key] if shown else []:
            true = true_counts.registered[row.key] / true_counts.eligible[row.key]
            held = "holds" if row.low <= true <= row.high else "MISSES"
            print(
                f"  {key:9} {row.key:9} true {true:.3f}, estimate {row.completeness:.3f}, range {row.low:.3f} to "
                f"{row.high:.3f} (width {row.high - row.low:.3f}) {held}"
            )
    print(f"  groups: {whole}")
    return whole


def made_up(each: int) -> list[str]:
    """Boroughs of every generator, as frames; limits hold for all of them together."""
    pooled = Scores()
    for name in GENERATORS:
        own = Scores()
        for seed in range(each):
            made = boroughs.made(name, 1_000 * (1 + list(GENERATORS).index(name)) + seed)
            found = gap.of_homes(made.homes, made.known, made.lsoa, "E07900001")
            own.add(scored(found, made.truth))
        print(f"Generator {name}, {each} boroughs\n{own}")
        pooled.add(own)
    print(f"All generators\n{pooled}")
    return pooled.missed()


def scored(found: Estimate, truth: Truth) -> Scores:
    groups = {key: against(found.groups[key], people) for key, people in truth.groups.items()}
    return Scores(against(found.wards, truth.wards), against(found.areas, truth.areas), groups)


def through_files(folder: Path, number: int) -> list[str]:
    """A borough of the demo's generator as files: the estimate of its wards is that of its frames."""
    seed, drivers = 500 + number, boroughs.other_drivers(np.random.default_rng(500 + number))
    written = write_borough(folder / f"files{number}", homes=HOMES, wards=WARDS, seed=seed, drivers=drivers)
    rng = np.random.default_rng(seed)
    drawn = geography.draw_map(HOMES, WARDS, rng)
    people = settle(drawn, build(drawn, rng), rng, drivers)
    town = boroughs.of_demo(drawn, people, electors.electors(people, AS_AT, rng, drivers.stale), rng)
    earlier = replace(boroughs.past(town, rng), level="lsoa")
    days = boroughs.recorded(earlier, rng)
    write_past(written, drawn, town, earlier, days)
    files = [(kind, path) for kind, path in written.files if kind not in ("contacts", "suppressions", "protected")]
    by_files = estimated(folder / f"home{number}", written.authority_code, files, written.folder)
    made = boroughs.borough(town, earlier, rng)
    known = boroughs.known_of(town, boroughs.of_copies(town.people, earlier.at_census), earlier, days)
    by_frames = gap.of_homes(made.homes, known, made.lsoa, written.authority_code)
    apart = _apart(by_files.wards, by_frames.wards)
    print(f"Borough {number + 1} through its files: wards differ from its frames by {apart:.2%} at most")
    print(f"{scored(by_files, _named(made.truth, drawn))}")
    return [f"files and frames differ by {apart:.1%}"] if apart > MOST_APART else []


def _apart(files: list[Row], frames: list[Row]) -> float:
    """Largest difference of completeness, of wards in the order of their codes."""
    first, second = (sorted(rows, key=lambda row: row.key) for rows in (files, frames))
    return max(abs(a.completeness - b.completeness) for a, b in zip(first, second, strict=True))


def _named(truth: Truth, drawn: geography.BoroughMap) -> Truth:
    """By the codes that the files have."""
    wards = [drawn.ward_code(n) for n in range(len(truth.wards))]
    areas = [drawn.oa_code(n) for n in range(len(truth.areas))]
    return replace(truth, wards=truth.wards.set_axis(wards), areas=truth.areas.set_axis(areas))


def write_past(written: Borough, drawn: geography.BoroughMap, town: Town, earlier: Past, days: boroughs.Ints) -> None:
    """Census tables of Census day, the estimate of its day, and the days on which homes began in the gazetteer."""
    then, later = (boroughs.of_copies(town.people, copies) for copies in (earlier.at_census, earlier.at_estimate))
    census.write_census(written.folder, drawn, then, np.random.default_rng(1))
    [people] = written.paths("population")
    indicators.write_population(people, drawn, later)
    people.write_text(people.read_text().replace(f"\n{ESTIMATED}", f"\n{earlier.estimated_on}"))
    [gazetteer] = written.paths("gazetteer")
    homes = zip(town.people.homes.uprn, days, strict=True)
    began = {str(uprn): CENSUS_DAY + timedelta(days=int(day)) for uprn, day in homes if day}
    lines = gazetteer.read_bytes().decode().splitlines(keepends=True)
    gazetteer.write_bytes("".join(_begun(line, began) for line in lines).encode())


def _begun(line: str, began: dict[str, date]) -> str:
    """A property's record (21) with its day of beginning, the fourteenth field."""
    cells = line.split(",")
    if cells[0] != "21" or cells[3] not in began:
        return line
    cells[13] = began[cells[3]].isoformat()
    return ",".join(cells)


if __name__ == "__main__":
    sys.exit(main())
