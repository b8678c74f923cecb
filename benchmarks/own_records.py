"""The council's own records against their truth: recall, precision and lift by noise, with time and memory.

Needs the borough and the tools beside the project. `benchmarks/own_records.py SEED…` takes other seeds than 1. Exit
code 1 when a bound is missed.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from sqlmodel import SQLModel

import engage.migrations.tables  # noqa: F401
from benchmarks.gap import AS_AT, BOROUGH, CODE, FILES, against, beside
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.identity import Authority
from engage.foundation.lake import current
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.homes import households
from segments.importing.imports import import_file
from segments.missing import gap, with_records
from segments.records import agreements, arrival, births, entries, known
from segments.records.layouts import LAYOUTS

SAID = ("people expected", "entries that nobody knows", "homes called matched")
TOOLS = BOROUGH.parents[1] / "tools"
BOUNDS = {
    "low": {"recall": 0.985, "precision": 0.995, "not-matched": 0.985, "linked": 0.99, "lift": 4.2, "score-lift": 4.5},
    "mid": {"recall": 0.97, "precision": 0.995, "not-matched": 0.96, "linked": 0.975, "lift": 4.0, "score-lift": 4.3},
    "high": {"recall": 0.93, "precision": 0.995, "not-matched": 0.90, "linked": 0.95, "lift": 3.6, "score-lift": 4.1},
}
MOST_BEYOND = 0.1  # of the people known and not registered, that the expected numbers may add up to too many or few
LEAST_GONE, LEAST_UNCHANGED = 0.7, 0.92  # of entries that nobody knows, and of homes called matched
MOST_REVIEW = {"low": 0.015, "mid": 0.03, "high": 0.06}
LEAST_COVER, MOST_APART = 0.93, 0.05
A_MILLION, MOST_SECONDS, MOST_BYTES = 1_000_000, 180.0, 2 << 30


def main(seeds: list[str]) -> int:
    if not BOROUGH.is_dir():
        print(f"Skipped: the borough is not beside the project ({BOROUGH}).")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        office = opened(Path(folder))
        missed = [each for seed in seeds for noise in BOUNDS for each in measured(office, Path(folder), seed, noise)]
        office.close()
    print("Limits missed: " + "; ".join(missed) if missed else "Every limit is met.")
    return bool(missed)


def opened(folder: Path) -> Office:
    office = Office(Settings(home=folder / "home"), SteppedClock(at_london(AS_AT, 10)))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=CODE, name="East Staffordshire"))
    actor = Actor(CODE, "benchmark")
    for kind, name in [("protected", "protected_addresses.csv"), *FILES]:
        path = BOROUGH / f"{name}.gz"
        import_file(office, actor, kind, path if path.exists() else BOROUGH / name, AS_AT)
    households.build(office, actor)
    for layout in LAYOUTS:
        agreements.agree(office, actor, layout.source, AS_AT, AS_AT)
    return office


def measured(office: Office, folder: Path, seed: str, noise: str) -> list[str]:
    made, actor = folder / f"{seed} {noise}", Actor(CODE, "benchmark")
    subprocess.run(
        [sys.executable, TOOLS / "make_own_records.py", BOROUGH, "--out", made, "--seed", seed, "--noise", noise],
        check=True, capture_output=True,
    )  # fmt: skip
    births.bring_in(office, actor, made / "dates_of_birth.csv")
    begun = time.perf_counter()
    found = arrival.bring_in(office, actor, [(each, made / f"{each.source}.csv") for each in LAYOUTS], AS_AT)
    seconds, records = time.perf_counter() - begun, sum(each.report["rows_read"] for each in found)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    known.export(office, actor, made / "matches.csv", made / "homes.csv")
    bounds = [part for name, least in BOUNDS[noise].items() for part in (f"--least-{name}", str(least))]
    checked = subprocess.run(
        [sys.executable, TOOLS / "check_own_records.py", made, "--matches", made / "matches.csv", "--homes",
         made / "homes.csv", *bounds, "--most-review", str(MOST_REVIEW[noise])],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    print(f"seed {seed}, noise {noise}: {records:,} records in {seconds:.1f} s, at most {held / 2**20:.0f} MB")
    print(checked.stdout)
    wrong = [*said_of_homes(office, made), *said_of_areas(office)]
    pace = seconds * A_MILLION / records
    slow = [f"{pace:.0f} s for a million records"] if pace > MOST_SECONDS else []
    large = [f"{held / 2**20:.0f} MB"] if held > MOST_BYTES else []
    missed = [*wrong, *(["a bound of the check"] if checked.returncode else [])]
    return [*slow, *large, *(f"seed {seed}, noise {noise}: {each}" for each in missed)]


def said_of_homes(office: Office, made: Path) -> list[str]:
    """What is said of homes against the truth, all homes together; what is beyond its bound."""
    truth = pl.read_csv(made / "truth" / "own_homes.csv").filter(home_is_protected=0)
    said = pl.read_csv(made / "homes.csv").join(truth, left_on="home_uprn", right_on="uprn", how="inner")
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["1"]))
