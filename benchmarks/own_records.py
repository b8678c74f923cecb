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

from sqlmodel import SQLModel

import engage.migrations.tables  # noqa: F401  # every table
from benchmarks.gap import AS_AT, BOROUGH, CODE, FILES
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.homes import households
from segments.importing.imports import import_file
from segments.records import arrival, births, known
from segments.records.layouts import LAYOUTS

TOOLS = BOROUGH.parents[1] / "tools"
BOUNDS = {
    "low": {"recall": 0.985, "precision": 0.995, "not-matched": 0.985, "linked": 0.99, "lift": 4.2, "score-lift": 4.5},
    "mid": {"recall": 0.97, "precision": 0.995, "not-matched": 0.96, "linked": 0.975, "lift": 4.0, "score-lift": 4.3},
    "high": {"recall": 0.93, "precision": 0.995, "not-matched": 0.90, "linked": 0.95, "lift": 3.6, "score-lift": 4.1},
}
MOST_REVIEW = {"low": 0.015, "mid": 0.03, "high": 0.06}
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
    pace = seconds * A_MILLION / records
    slow = [f"{pace:.0f} s for a million records"] if pace > MOST_SECONDS else []
    large = [f"{held / 2**20:.0f} MB"] if held > MOST_BYTES else []
    return [*slow, *large, *([f"seed {seed}, noise {noise}"] if checked.returncode else [])]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["1"]))
