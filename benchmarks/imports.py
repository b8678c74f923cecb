"""Speed of importing: a register of the whole electorate against DuckDB alone, and a borough from files to homes.

    python benchmarks/imports.py [--rows N] [--borough DIR] [--folder DIR]

The register is made up, always the same, in the layout of a real one. DuckDB copying the same file to Parquet, in the
same run, is the reference, by the clock and in seconds of the processors, which a busy machine changes less. Each step
runs in a process of its own. Exit code 1 when a limit is missed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from sqlmodel import SQLModel

import engage.migrations.tables  # noqa: F401  # every table
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.homes import households
from segments.importing.imports import import_file

ELECTORATE = 47_700_000
SHARED = Path(os.environ.get("ENGAGE_SHARED", Path(__file__).parents[2] / "shared"))
BOROUGH = SHARED / "data/east-staffordshire"
CODE, AS_AT = "E07000193", date(2026, 6, 1)
BYTES_A_ROW = 400  # of disk: the file, its reference and what an import makes of it
MOST_TIMES, MOST_MEMORY, MOST_SECONDS_AGAIN = 2.5, 4.0, 2.0  # times the reference; GB; for a borough's file
MOST_BOROUGH_SECONDS, MOST_BOROUGH_MEMORY = 30.0, 1.0
FILES = (
    ("boundaries", "wards.geojson"), ("gazetteer", "gazetteer_dtf73.csv"), ("geography", "onsud.csv"),
    ("indicator", "census2021-*.csv"), ("indicator", "imd2025_file7.csv"),
    ("population", "mid_year_population_lsoa.csv"),
    ("protected", "protected_addresses.csv"), ("contacts", "contacts.csv"), ("suppressions", "suppressions.csv"),
    ("register", "register_2026-06-01.csv"),
)  # fmt: skip

SEED = 20260601
HOMES = 0.53  # homes to an elector
STARTS = "Ash Bar Bran Clay Cor Dal Ed Fen Gar Hal Har Hol Kel Lang Mar Nor Oak Pen Ray Rud Sel Stan Thorn Wal West"
ENDS = "bridge brook bury combe cott dale den field ford gate ham hurst ley low more ston ton wick wood worth"
KINDS = "Road Street Lane Close Avenue Drive Croft Gardens Way Court Place Terrace Crescent Grove"
FORENAMES = (
    "Robin Alex Sam Chris Jo Kim Pat Lee Max Ali Noor Małgorzata Siân Zoë Ryan Amelia Oliver Isla George Ava Noah Mia "
    "Arthur Ivy Leo Lily Harry Freya Oscar Elsie Theo Willow Muhammad Rosie Jack Sofia Charlie Grace Henry Daisy"
)
PARTS = "a an ar e el en er i il in o ol on or u al ber der gar ker lar mer ner per ser ter ver wer zar zen"
AREAS = "AL B BA BB BD BH BL BN BR BS CA CB CF CH CM CO CV CW DA DE DH DL DN DT DY E EN EX FY GL GU HA HD HG HP HR HU"
TITLES = "Mr Mrs Miss Ms Dr"


def _pick(words: str, by: str, salt: int, power: int = 1) -> str:
    """One of the words, the first of them oftener with a higher power."""
    pool = words.split()
    share = f"power((hash({by}, {SEED + salt}) % 1000003) / 1000003.0, {power})"
    return f"list_value({', '.join(map(repr, pool))})[1 + floor({len(pool)} * {share})::int]"


def _surname() -> str:
    parts = [_pick(PARTS, "home", 10 + n, 2) for n in range(2)]
    return f"{_pick(STARTS, 'home', 9, 2)} || {' || '.join(parts)}"


def _home() -> str:
    place = f"{_pick(STARTS, 'home // 25', 1)} || {_pick(ENDS, 'home // 25', 2)}"
    town = f"{_pick(STARTS, 'home // 20000', 3)} || {_pick(ENDS, 'home // 20000', 4)}"
    letter = "chr(65 + (hash(home // 15, {0}) % 26)::int)"
    return f"""
        1 + home % 25 * 2 as house,
        {place} || ' ' || {_pick(KINDS, "home // 25", 5)} as street,
        {town} as town,
        {_pick(AREAS, "home // 200000", 6)} || 1 + home // 3000 % 29 || ' ' || home // 300 % 10
            || {letter.format(7)} || {letter.format(8)} as postcode,
        10000000000 + home * 7368787 % 89999999981 as uprn,
        {_surname()} as surname"""


# One row in 6,000 is an anonymous entry, one in 800 an overseas elector, one in 400,000 a repetition of the one before.
ROWS = """
select 'PD' || home // 900 as "{mark}PDCode", 1 + i % 1700 as RollNo, {title} as ElectorTitle,
    case when not hidden then surname end as ElectorSurname,
    case when not hidden then {forename} end as ElectorForename,
    case when not hidden and i % 3 = 0 then {middle} end as ElectorMiddleName, 'V' as IERStatus,
    case when i % 73 = 0 then strftime(date '2026-07-01' + (i // 73 % 900)::int, '%d/%m/%Y')
        when i % 30011 = 0 then '31/02/1802' end as DateOfAttainment,
    case when hidden then 'N' when away then 'F' when i % 29 = 0 then 'B' when i % 31 = 0 then 'G' else 'E' end
        as FranchiseMarker,
    case when hidden then null when away then 'Other Elector' when home % 9 = 0 then 'Flat ' || house // 2
        else house || ' ' || street end as RegisteredAddress1,
    case when hidden or away then null when home % 9 = 0 then house || ' ' || street else town end
        as RegisteredAddress2,
    case when home % 9 = 0 and not (hidden or away) then town end as RegisteredAddress3,
    null as RegisteredAddress4, null as RegisteredAddress5, null as RegisteredAddress6,
    case when hidden or away then null when i % 997 = 0 then replace(postcode, ' ', '  ')
        when i % 9973 = 0 then 'unknown'
        else postcode end as PostCode,
    'England' as Euro, town || ' Constituency' as Parl, town || 'shire' as County, street as Ward, null as SubHouse,
    house as House, 'D' as MethodOfVerification,
    100000000 + (case when i % 400000 = 399999 then i - 1 else i end) * 7368787 % 899999981 as ElectorID,
    case when hidden or away or home % 17 = 0 then null when i % 100003 = 0 then '1.00031E+11'
        when i % 211 = 0 then lpad(uprn::varchar, 12, '0') else uprn::varchar end as UPRN
from (select i, home, i % 6000 = 17 as hidden, i % 800 = 9 as away, {home}
    from (select i, floor(i * {homes})::bigint as home from range({rows}) t(i)))
"""


def write_register(to: Path, rows: int) -> None:
    query = ROWS.format(
        rows=rows, homes=HOMES, home=_home(), mark="\ufeff", title=_pick(TITLES, "i", 20),
        forename=_pick(FORENAMES, "i", 21, 2), middle=_pick(FORENAMES, "i", 22),
    )  # fmt: skip
    with duckdb.connect() as con:
        con.execute(f"copy ({query}) to '{to}' (format csv, header, null '')")


# Each step runs by itself and prints what it found.


def reference(file: Path, folder: Path) -> dict[str, Any]:
    started, worked = time.perf_counter(), time.process_time()
    with duckdb.connect() as con:
        con.execute(f"copy (from read_csv('{file}', all_varchar = true)) to '{folder / 'reference.parquet'}'")
    return {"seconds": time.perf_counter() - started, "worked": time.process_time() - worked}


def register(file: Path, folder: Path) -> dict[str, Any]:
    office = _office(folder)
    started, begun = time.perf_counter(), time.process_time()
    report = import_file(office, ACTOR, "register", file, AS_AT)
    worked = time.process_time() - begun
    taken, started = time.perf_counter() - started, time.perf_counter()
    unchanged = import_file(office, ACTOR, "register", file, AS_AT).unchanged
    again = time.perf_counter() - started
    return {"seconds": taken, "worked": worked, "again": again if unchanged else float("inf"),
            "read": report.rows_read, "accepted": report.accepted, "rejected": report.rejected}  # fmt: skip


def borough(files: Path, folder: Path) -> dict[str, Any]:
    office = _office(folder)
    started, parts = time.perf_counter(), dict[str, float]()
    for kind, pattern in FILES:
        for file in sorted([*files.glob(pattern), *files.glob(f"{pattern}.gz")]):
            begun = time.perf_counter()
            import_file(office, ACTOR, kind, file, AS_AT)
            parts[kind] = parts.get(kind, 0) + time.perf_counter() - begun
    begun = time.perf_counter()
    homes = households.build(office, ACTOR).rows
    parts["homes"], taken = time.perf_counter() - begun, time.perf_counter() - started
    begun = time.perf_counter()
    import_file(office, ACTOR, kind, file, AS_AT)
    return {"seconds": taken, "again": time.perf_counter() - begun, "homes": homes, "parts": parts}


ACTOR = Actor(CODE, "benchmark")
STEPS: dict[str, Callable[[Path, Path], dict[str, Any]]] = {
    "reference": reference, "register": register, "borough": borough,
}  # fmt: skip


def _office(folder: Path) -> Office:
    office = Office(Settings(home=folder / "home"), SteppedClock(at_london(AS_AT, 10)))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=CODE, name="Benchmark"))
    return office


@dataclass(frozen=True)
class Measured:
    """What a step printed, and the most memory that its process held, in GB."""

    found: dict[str, Any]
    memory: float

    @property
    def seconds(self) -> float:
        return float(self.found["seconds"])

    @property
    def worked(self) -> float:
        """Seconds of all processors together."""
        return float(self.found["worked"])


def _run(step: str, file: Path) -> Measured:
    with tempfile.TemporaryDirectory(dir=file.parent if file.is_file() else None) as folder:
        command = [sys.executable, __file__, "--step", step, str(file), "--folder", folder]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        printed = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"The step {step!r} failed.")
    return Measured(json.loads(printed.splitlines()[-1]), used.ru_maxrss / 1024**2)


def measure_register(rows: int, folder: Path) -> list[str]:
    if shutil.disk_usage(folder).free < rows * BYTES_A_ROW:
        print(f"Skipped the register: {rows:,} rows need {rows * BYTES_A_ROW / 1e9:.0f} GB of disk in {folder}.")
        return []
    with tempfile.TemporaryDirectory(dir=folder) as own:
        file = Path(own) / "register.csv"
        write_register(file, rows)
        print(f"A register of {rows:,} rows, {file.stat().st_size / 1e9:.1f} GB", flush=True)
        before = _run("reference", file)
        ours = _run("register", file)
        after = _run("reference", file)
    alone, work = (before.seconds + after.seconds) / 2, (before.worked + after.worked) / 2
    times, found = ours.seconds / alone, ours.found
    print(f"  DuckDB alone to Parquet   {alone:6.1f} s ({before.seconds:.1f} before, {after.seconds:.1f} after)")
    print(
        f"  imported, validated       {ours.seconds:6.1f} s, {times:.2f} times as long, {ours.memory:.2f} GB of memory"
    )
    print(f"  of the processors         {ours.worked:6.1f} s to {work:.1f}, {ours.worked / work:.2f} times as many")
    print(f"  the same file again       {found['again']:6.1f} s")
    print(f"  {found['read']:,} read, {found['accepted']:,} accepted, rejected: {found['rejected']}", flush=True)
    limits = {
        f"a register in {MOST_TIMES} times the reference": times <= MOST_TIMES,
        f"a register in {MOST_MEMORY} GB": ours.memory <= MOST_MEMORY,
        f"a known register in {MOST_SECONDS_AGAIN:.0f} s": found["again"] <= MOST_SECONDS_AGAIN,
        "every row counted": found["read"] == rows == found["accepted"] + sum(found["rejected"].values()),
    }
    return [limit for limit, met in limits.items() if not met]


def measure_borough(files: Path) -> list[str]:
    if not files.is_dir():
        print(f"Skipped the borough: it is not beside the project ({files}).")
        return []
    ours = _run("borough", files)
    parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in ours.found["parts"].items())
    print(f"A borough: {ours.found['homes']:,} homes in {ours.seconds:.1f} s ({parts}), {ours.memory:.2f} GB of memory")
    print(f"  its register again        {ours.found['again']:6.1f} s")
    limits = {
        f"a borough in {MOST_BOROUGH_SECONDS:.0f} s": ours.seconds <= MOST_BOROUGH_SECONDS,
        f"a borough in {MOST_BOROUGH_MEMORY:.0f} GB": ours.memory <= MOST_BOROUGH_MEMORY,
        f"a known register in {MOST_SECONDS_AGAIN:.0f} s": ours.found["again"] <= MOST_SECONDS_AGAIN,
    }
    return [limit for limit, met in limits.items() if not met]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=ELECTORATE, help="of the made-up register; 0 for none")
    parser.add_argument("--borough", type=Path, default=BOROUGH)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="with room for the register")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("file", type=Path, nargs="?", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        print(json.dumps(STEPS[asked.step](asked.file, asked.folder)))
        return 0
    missed = measure_borough(asked.borough) + (measure_register(asked.rows, asked.folder) if asked.rows else [])
    print("Limits missed: " + "; ".join(missed) if missed else "Every limit is met.")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
