"""The council's own records against their truth, three seeds at each noise: the lists' addresses alone (line 2 of the
wish they come from), recall, precision and lift of the names (line 7), and points moved to a new map (line 11), each
with time and memory. `--boroughs 11` besides brings in a million records of one authority, the borough so many times
over: it takes a quarter of an hour.

    own_records.py [FOLDER …] [--boroughs N]

A FOLDER is what the shared tool make_own_records.py wrote for the shared borough, its name ending in _low, _mid or
_high; without any they are made on the fly. What is measured of the names runs in a process of its own, so that its
memory is its own. Exit code 1 when a bound is missed.
"""

import argparse
import codecs
import csv
import gzip
import io
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import crosswalk
import duckdb
import polars as pl
import positions
from linking import SHARED

from benchmarks.gap import AS_AT, BOROUGH, CODE, FILES, against, beside
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.identity import Authority
from engage.foundation.lake import current
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from engage.migrations import upgrade
from segments.homes import households, registrations
from segments.importing.imports import import_file
from segments.missing import gap, with_records
from segments.records import agreements, arrival, births, entries, known
from segments.records.layouts import LAYOUTS

CHECK = SHARED / "tools/check_own_records.py"
SAID = ("people expected", "entries that nobody knows", "homes called matched")
BOUNDS = {
    "low": {"recall": 0.985, "precision": 0.995, "not-matched": 0.985, "linked": 0.99, "lift": 4.2, "score-lift": 4.5},
    "mid": {"recall": 0.97, "precision": 0.995, "not-matched": 0.96, "linked": 0.975, "lift": 4.0, "score-lift": 4.3},
    "high": {"recall": 0.93, "precision": 0.995, "not-matched": 0.90, "linked": 0.95, "lift": 3.6, "score-lift": 4.1},
}
MOST_BEYOND = 0.1  # of the people known and not registered, that the expected numbers may add up to too many or few
LEAST_GONE, LEAST_UNCHANGED = 0.7, 0.92  # of entries that nobody knows, and of homes called matched
MOST_REVIEW = {"low": 0.015, "mid": 0.03, "high": 0.06}
LEAST_COVER, MOST_APART = 0.93, 0.05
# Three minutes of two processors, which other work may share.
A_MILLION, MOST_CPU, MOST_BYTES = 1_000_000, 2 * 180.0, 2 << 30
ACTOR = Actor(CODE, "benchmark")
# One more borough of the same homes and people: other UPRNs, other postcodes, other numbers of everybody.
AREAS = ("AB", "BA", "CA", "DA", "EX", "GL", "HU", "IP", "KT", "LA", "ME", "NE")
UPRN, POSTCODE = re.compile(r"\b(100031|10043|3410)(\d{6})\b"), re.compile(r"\b[A-Z]{2}(\d{1,2}[A-Z]? ?\d[A-Z]{2})\b")
APART = 20_000_000
NUMBERED = {"register": (0, 23), "dates_of_birth": (0, 2)}  # the columns that tell electors apart


@dataclass(frozen=True)
class Spent:
    records: int
    seconds: float
    cpu: float
    bytes: int

    def __str__(self) -> str:
        return f"{self.records:,} records in {self.seconds:.0f} s, {self.cpu:.0f} CPU s, {self.bytes / 2**20:.0f} MB"


def main(folders: Sequence[Path], boroughs: int) -> int:
    if not BOROUGH.is_dir():
        print(f"Skipped: the borough is not beside the project ({BOROUGH}).")
        return 0
    missed, one = [], None
    with tempfile.TemporaryDirectory() as scratch:
        home = opened(Path(scratch) / "home")
        gazetteer = next((home / "lake" / CODE / "gazetteer").glob("*.parquet"))
        for folder in folders or crosswalk.made(Path(scratch)):
            print(f"== line 2 on {folder.name}")
            missed += crosswalk.measure(folder, crosswalk.rows(folder), gazetteer)
            print(f"== line 7 on {folder.name}")
            missed += measured(home, folder)
            one = one or folder
        if one and boroughs:
            missed += a_million(Path(scratch), gazetteer, one, boroughs)
    print("== line 11")
    missed += ["points moved"] if positions.main() else []
    print("Limits missed: " + "; ".join(missed) if missed else "Every limit is met.")
    return bool(missed)


def office_at(home: Path) -> Office:
    return Office(Settings(home=home), SteppedClock(at_london(AS_AT, 10)))


def opened(home: Path) -> Path:
    office = founded(home)
    for kind, name in [("protected", "protected_addresses.csv"), *FILES]:
        path = BOROUGH / f"{name}.gz"
        import_file(office, ACTOR, kind, path if path.exists() else BOROUGH / name, AS_AT)
    households.build(office, ACTOR)
    for layout in LAYOUTS:
        agreements.agree(office, ACTOR, layout.source, AS_AT, AS_AT)
    office.close()
    return home


def founded(home: Path) -> Office:
    office = office_at(home)
    upgrade(office.database)
    with office.database.session() as session:
        session.add(Authority(code=CODE, name="East Staffordshire"))
    return office


def measured(home: Path, folder: Path) -> list[str]:
    spent, noise, out = brought_in(home, folder), folder.name.rpartition("_")[2], home.parent
    office = office_at(home)
    known.export(office, ACTOR, out / "matches.csv", out / "homes.csv")
    said = [*said_of_homes(office, folder, out / "homes.csv"), *said_of_areas(office)]
    office.close()
    bounds = [part for name, least in BOUNDS[noise].items() for part in (f"--least-{name}", str(least))]
    checked = subprocess.run(
        [sys.executable, CHECK, folder, "--matches", out / "matches.csv", "--homes", out / "homes.csv", *bounds,
         "--most-review", str(MOST_REVIEW[noise])],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    print(f"{spent}; {spent.cpu * A_MILLION / spent.records:.0f} CPU s for a million at this pace")
    print(checked.stdout + checked.stderr)
    names = [f"{folder.name}: bounds of the names"] if checked.returncode else []
    return [*names, *(f"{folder.name}: {each}" for each in said), *beyond(spent, folder.name)]


def said_of_homes(office: Office, made: Path, homes: Path) -> list[str]:
    """What is said of homes against the truth, all homes together; what is beyond its bound."""
    truth = pl.read_csv(made / "truth" / "own_homes.csv").filter(home_is_protected=0)
    said = pl.read_csv(homes).join(truth, left_on="home_uprn", right_on="uprn", how="inner")
    expected, there = said["known_not_registered"].sum(), truth["absent_named"].sum()
    gone = said.select(pl.min_horizontal("nobody_knows", "stale").sum()).item() / said["nobody_knows"].sum()
    matched = matched_there(office).join(truth, on="uprn").filter(matched="yes")
    unchanged = matched.select(((pl.col("stale") == 0) & (pl.col("missing") == 0)).mean()).item()
    print(
        f"homes: {expected:,.0f} people expected, {there:,} there; {gone:.3f} of the entries that nobody knows have "
        f"left; {unchanged:.3f} of {matched.height:,} homes called matched are unchanged\n"
    )
    figures = (abs(expected / there - 1) > MOST_BEYOND, gone < LEAST_GONE, unchanged < LEAST_UNCHANGED)
    return [said for said, is_missed in zip(SAID, figures, strict=True) if is_missed]


def matched_there(office: Office) -> pl.DataFrame:
    """As if every source had an agreement."""
    names = known.held(office, CODE).names
    with office.database.session() as session:
        electors = current(session, CODE, "electors")
    assert electors is not None
    return entries.matched_homes(pl.read_parquet(office.lake.file(electors)), names, known.live_there(names))


def said_of_areas(office: Office) -> list[str]:
    """Who is missing by area, with the records and without, against the truth."""
    truth, found, told = beside(), gap.estimate(office, CODE), with_records.estimate(office, CODE)
    assert told is not None
    areas = against(told.areas, truth.areas)
    summed = sum(row.missing for row in told.wards) / float((truth.wards.eligible - truth.wards.registered).sum())
    print(f"who is missing, by area: {against(found.areas, truth.areas)}")
    print(f"with the records, by area: {areas}; wards come to {summed:.1%} of the truth\n")
    is_missed = areas.cover < LEAST_COVER or abs(summed - 1) > MOST_APART
    return ["who is missing with the records"] if is_missed else []


def beyond(spent: Spent, name: str) -> list[str]:
    slow = spent.cpu * A_MILLION / spent.records > MOST_CPU
    large = spent.bytes > MOST_BYTES
    return [*([f"{name}: {spent}"] if slow or large else [])]


def brought_in(home: Path, folder: Path) -> Spent:
    """The dates of birth, and every extract of the folder, in a process of its own."""
    office = office_at(home)
    births.bring_in(office, ACTOR, folder / "dates_of_birth.csv")
    office.close()
    done = subprocess.run(
        [sys.executable, __file__, "--bring-in", home, folder], check=True, stdout=subprocess.PIPE, text=True
    )
    return Spent(**json.loads(done.stdout))


def bring_in(home: Path, folder: Path) -> dict[str, Any]:
    office = office_at(home)
    begun = time.perf_counter()
    found = arrival.bring_in(office, ACTOR, [(each, folder / f"{each.source}.csv") for each in LAYOUTS], AS_AT)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "records": sum(each.report["rows_read"] for each in found), "seconds": time.perf_counter() - begun,
        "cpu": used.ru_utime + used.ru_stime, "bytes": used.ru_maxrss * 1024,
    }  # fmt: skip


def a_million(scratch: Path, gazetteer: Path, folder: Path, boroughs: int) -> list[str]:
    print(f"== {folder.name}, {boroughs} times over")
    made, home = scratch / "many", scratch / "home of many"
    made.mkdir()
    for name in ["dates_of_birth", *(each.source for each in LAYOUTS)]:
        repeat(folder / f"{name}.csv", made / f"{name}.csv", boroughs, NUMBERED.get(name, (0,)))
    repeat(BOROUGH / "register_2026-06-01.csv.gz", made / "register.csv", boroughs, NUMBERED["register"])
    office = founded(home)
    many_homes(office, gazetteer, boroughs)
    import_file(office, ACTOR, "register", made / "register.csv", AS_AT)
    with office.database.session() as session:
        register = current(session, CODE, "register")
    if register:
        registrations.link(office, ACTOR, register)  # as the page of homes does, before any record comes
    office.close()
    spent = brought_in(home, made)
    print(spent)
    return beyond(spent, f"{boroughs} boroughs")


def repeat(source: Path, target: Path, times: int, numbered: Sequence[int]) -> None:
    """A CSV so many times, each with other UPRNs, postcodes and, in the numbered columns, references."""
    raw = gzip.decompress(source.read_bytes()) if source.suffix == ".gz" else source.read_bytes()
    encoding = "utf-8-sig" if raw.startswith(codecs.BOM_UTF8) else crosswalk.ENCODINGS.get(source.stem, "utf-8")
    rows = list(csv.reader(io.StringIO(raw.decode(encoding), newline="")))
    with target.open("w", encoding=encoding, newline="") as file:
        out = csv.writer(file)
        out.writerow(rows[0])
        for time_ in range(times):
            out.writerows(moved(row, time_, numbered) for row in rows[1:])


def moved(row: list[str], time_: int, numbered: Sequence[int]) -> list[str]:
    cells = [POSTCODE.sub(rf"{AREAS[time_]}\1", UPRN.sub(partial(_further, time_), cell)) for cell in row]
    return [f"{chr(65 + time_)}{cell}" if n in numbered else cell for n, cell in enumerate(cells)]


def _further(time_: int, found: re.Match[str]) -> str:
    return str(int(found[0]) + time_ * APART)


MANY = """
copy (
    select g.* replace (g.uprn + n * {apart} as uprn, g.parent_uprn + n * {apart} as parent_uprn,
        replace(g.address, g.postcode, moved) as address, moved as postcode,
        list_transform(g.other_addresses, lambda each: replace(each, g.postcode, moved)) as other_addresses)
    from (select *, range as n, {areas}[range + 1] || regexp_replace(postcode, '^[A-Z]+', '') as moved
        from read_parquet('{source}'), range({times})) m join read_parquet('{source}') g using (uprn)
) to '{target}' (format parquet)
"""


def many_homes(office: Office, gazetteer: Path, times: int) -> None:
    staged = office.lake.stage()
    duckdb.execute(MANY.format(apart=APART, areas=list(AREAS), source=gazetteer, target=staged, times=times))
    with office.database.session() as session:
        office.lake.commit(
            session, staged, authority=CODE, kind="gazetteer", as_at=AS_AT, made_at=office.clock.now(),
            made_by="benchmark", rows=duckdb.read_parquet(str(staged)).shape[0] if staged.exists() else 0,
            source="repeated", report={"outcome": "good"},
        )  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--boroughs", type=int, default=0, help="bring in the borough so many times over, too")
    parser.add_argument("--bring-in", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.bring_in:
        print(json.dumps(bring_in(*asked.folders)))
        sys.exit(0)
    sys.exit(main(asked.folders, asked.boroughs))
