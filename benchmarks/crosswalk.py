"""Lists of a council's systems tied to properties by their addresses alone, against their truth.

    crosswalk.py [FOLDER …]

A FOLDER is what the shared tool make_own_records.py writes for the shared borough, its name ending in _low, _mid or
_high; without any, seeds 1 to 3 are made on the fly, where tool and borough lie beside the project. Seed 1 was tuned
on. Of each list only its reference and address are read, of lists of persons too. Exit code 1 when a limit is missed.
"""

import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
from duckdb.sqltypes import VARCHAR
from linking import AS_AT, BOROUGH, SHARED, bring_in

from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from segments.crosswalk import matches, settling
from segments.crosswalk.lookup import postcode_of

TOOL = SHARED / "tools/make_own_records.py"
LEVELS, SEEDS = ("low", "mid", "high"), (1, 2, 3)
REFERENCES = {
    "council_tax": "account_ref", "housing_tenants": "person_ref", "school_admissions": "application_ref",
    "garden_waste": "subscription", "parking_permits": "permit", "blue_badge": "badge_ref", "licensing": "licence",
    "registrar_deaths": "entry", "ndr": "account",
}  # fmt: skip
ENCODINGS = {"council_tax": "cp1252", "ndr": "cp1252", "housing_tenants": "utf-8-sig"}
WHOLE = ("property_address", "usual_address")
LEAST_PRECISION, LEAST_OFFERED, FEW = 0.999, 0.9, 20  # of so few asked, one or two say nothing of a share
LEAST_LINKED = {"low": 0.985, "mid": 0.975, "high": 0.95}
LEAST_OF_RATES = {"low": 0.98, "mid": 0.96, "high": 0.92}


def main(folders: Sequence[str]) -> int:
    if not BOROUGH.is_dir():
        print(f"Skipped: the borough is not beside the project ({BOROUGH}).")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        office = Office(Settings(home=Path(scratch) / "home"), SteppedClock(at_london(AS_AT, 10)))
        gazetteer = bring_in(office, "gazetteer", "gazetteer_dtf73.csv.gz")
        missed: list[str] = []
        for folder in map(Path, folders) if folders else made(Path(scratch)):
            missed += measure(folder, rows(folder), gazetteer)
        office.close()
    print("Limits missed: " + "; ".join(missed) if missed else "Every limit is met.")
    return bool(missed)


def made(scratch: Path, levels: Sequence[str] = LEVELS) -> Iterator[Path]:
    for level in levels:
        for seed in SEEDS:
            to = scratch / f"r{seed}_{level}"
            subprocess.run(
                [sys.executable, TOOL, BOROUGH, "--out", to, "--seed", str(seed), "--noise", level], check=True,
                capture_output=True,
            )  # fmt: skip
            yield to


def rows(folder: Path) -> pd.DataFrame:
    with (folder / "truth/own_records.csv").open(encoding="utf-8") as file:
        truth = {(row["source"], row["source_ref"]): int(row["home"]) for row in csv.DictReader(file)}
    found = []
    for name, reference in REFERENCES.items():
        with (folder / f"{name}.csv").open(encoding=ENCODINGS.get(name, "utf-8"), newline="") as file:
            for row in csv.DictReader(file):
                parts = [row[column] for column in row if column.startswith("address") or column in WHOLE]
                address = ", ".join(filter(None, parts))
                home = truth[name, row[reference]]
                found.append(
                    (name, row[reference], address, postcode_of(row.get("postcode") or "", address) or "", home)
                )
    return pd.DataFrame(found, columns=["list", "reference", "address", "postcode", "truth"])


SCORE = """
select list, count(*), count(a.uprn), count(*) filter (a.uprn <> t.truth), count(*) filter (a.state = 'to review'),
    count(*) filter (a.state = 'to review' and exists (
        from offered o where o.spot = a.spot and o.uprn = t.truth and o.place <= 60))
from settled a join true_home t using (n) group by 1 order by 1
"""


def measure(folder: Path, listed: pd.DataFrame, gazetteer: Path) -> list[str]:
    level, missed = folder.name.rpartition("_")[2], []
    table = pa.table({
        "list": listed["list"].tolist(), "line": range(len(listed)), "reference": listed["reference"].tolist(),
        "address": listed["address"].tolist(),
        "postcode": pa.array([each or None for each in listed["postcode"]], pa.string()),
        "uprn": pa.nulls(len(listed), pa.int64()), "reference_source": pa.nulls(len(listed), pa.string()),
        "cross_reference": pa.nulls(len(listed), pa.string()),
    })  # fmt: skip
    with duckdb.connect() as con:
        con.create_function("key_of", lambda key, postcode: f"{key} {postcode}", [VARCHAR] * 2, VARCHAR)
        begun = time.perf_counter()
        matches.match(con, table, gazetteer, None)
        matches.settle(con, {name: list(settling.PRIOR) for name in REFERENCES})
        print(f"{folder.name}: {len(listed):,} rows in {time.perf_counter() - begun:.1f} s")
        con.register("truth_of", listed)
        con.execute("create table true_home as select row_number() over () as n, truth from truth_of")
        for name, count, linked, wrong, asked, offered in con.execute(SCORE).fetchall():
            precision, share = 1 - wrong / linked, linked / count
            print(f"  {name:18} linked {share:.4f}, {wrong} wrong, asked {asked:,}, the true one offered {offered:,}")
            least = (LEAST_OF_RATES if name == "ndr" else LEAST_LINKED)[level]
            missed += [f"{folder.name} {name}: precision {precision:.5f}"] if precision < LEAST_PRECISION else []
            missed += [f"{folder.name} {name}: linked {share:.4f}"] if share < least else []
            few = asked >= FEW and offered < LEAST_OFFERED * asked
            missed += [f"{folder.name} {name}: offered {offered / asked:.3f}"] if few else []
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
