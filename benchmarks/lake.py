"""What it costs that no damaged file of the lake is read: the first use of a file in a process, and every later one.

    python benchmarks/lake.py [--homes 1000000]

Beside it a count over the same file, as a page makes it, in the same run. Exit code 1 where a gigabyte takes more than
two seconds of one core, a later use more than a tenth of a millisecond, or one bit of 200 is read as other data.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
from sqlmodel import SQLModel

from engage.foundation.errors import LakeDamaged
from engage.foundation.lake import Lake, Snapshot
from engage.foundation.office import Office
from engage.foundation.settings import Settings

FLIPS, SEED, TIMES = 200, 15, 1000
MOST_FOR_GIGABYTE, MOST_LATER = 2.0, 1e-4


def made(office: Office, homes: int) -> Snapshot:
    """A table of homes of which little can be packed away."""
    staged = office.lake.stage()
    duckdb.sql(
        f"COPY (SELECT range + 100000000000 AS uprn, md5(range::varchar) AS address, random() AS gap, "
        f"'E0500' || (range % 40) AS ward FROM range({homes})) TO '{staged}' (FORMAT parquet, COMPRESSION zstd)"
    )
    with office.database.session() as session:
        return office.lake.commit(
            session, staged, authority="E07000193", kind="households", as_at=date(2026, 6, 1),
            made_at=datetime(2026, 6, 1, tzinfo=UTC), made_by="benchmark", rows=homes,
        )  # fmt: skip


def seconds(act: Callable[[], object]) -> float:
    begun = time.process_time()
    act()
    return time.process_time() - begun


def fresh(office: Office) -> Lake:
    """As a process that has just begun has it."""
    return Lake(office.lake.root, str, office.database)


def untold(office: Office, snapshot: Snapshot) -> int:
    """How many bits can be turned over without being told."""
    path, drawn, found = office.lake.root / snapshot.path, random.Random(SEED), 0
    with path.open("r+b", buffering=0) as file:
        for _ in range(FLIPS):
            place = drawn.randrange(path.stat().st_size)
            was = _turned(file.fileno(), place, 1 << drawn.randrange(8))
            try:
                fresh(office).file(snapshot)
                found += 1
            except LakeDamaged:
                pass
            _put(file.fileno(), place, was)
    return found


def _turned(descriptor: int, place: int, bit: int) -> bytes:
    was = os.pread(descriptor, 1, place)
    os.pwrite(descriptor, bytes([was[0] ^ bit]), place)
    return was


def _put(descriptor: int, place: int, was: bytes) -> None:
    os.pwrite(descriptor, was, place)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", type=int, default=1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Settings(home=Path(folder)))
        SQLModel.metadata.create_all(office.database.engine)
        snapshot = made(office, asked.homes)
        lake, size = fresh(office), (office.lake.root / snapshot.path).stat().st_size
        first = seconds(lambda: lake.file(snapshot)) / size * 1e9
        later = seconds(lambda: [lake.file(snapshot) for _ in range(TIMES)]) / TIMES
        query = f"SELECT ward, sum(gap) FROM '{lake.file(snapshot)}' GROUP BY 1"
        counted = seconds(lambda: duckdb.sql(query).fetchall())
        small = made(office, 10_000)
        missed = untold(office, small)
        office.close()
    print(
        f"{size / 1e6:,.0f} MB: first use {first:.2f} s for a gigabyte, a later one {later * 1e6:.0f} µs; a count over "
        f"it {counted:.3f} s, its first look {first * size / 1e9:.3f} s; {missed} of {FLIPS} flipped bits untold"
    )
    sys.exit(first > MOST_FOR_GIGABYTE or later > MOST_LATER or missed > 0)


if __name__ == "__main__":
    main()
