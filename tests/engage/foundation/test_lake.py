"""The lake knows its content: no bit of any file can turn over without being told, and a crash is no damage."""

import os
import random
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engage.foundation.errors import LakeDamaged
from engage.foundation.lake import BESIDE, Lake, LakeFile, Snapshot, paths
from engage.foundation.office import Office
from tests.conftest import EAST_STAFFORDSHIRE as COUNCIL

KINDS = ("register", "gazetteer", "contacts", "households", "electors", "audience", "outcomes", "published")
FLIPS, SEED = 400, 15


def keep(office: Office, kind: str, rows: int = 50, **report: str) -> Snapshot:
    staged = office.lake.stage(".json" if kind == "published" else ".parquet")
    if kind == "published":
        staged.write_text('{"figures": [120, 135]}')
    else:
        numbers = range(rows)
        table = pa.table({"uprn": [10**11 + n for n in numbers], "ward": [f"E0500{n % 7}" for n in numbers]})
        pq.write_table(table, staged, compression="none")
    with office.database.session() as session:
        return office.lake.commit(
            session, staged, authority=COUNCIL, kind=kind, as_at=date(2026, 6, 1), made_at=office.clock.now(),
            made_by="officer 1", rows=rows, report=dict(report),
        )  # fmt: skip


def beside(office: Office, name: str) -> str:
    staged = office.lake.stage(".csv")
    staged.write_text(f"line,reason\n2,{name}\n")
    return office.lake.adopt(staged, COUNCIL, "rejects")


def flipped(path: Path, bit: int) -> bytes:
    """The file with one bit turned over, as a disk does it: its time stays. Gives what it was."""
    before, times = path.read_bytes(), path.stat()
    changed = bytearray(before)
    changed[bit // 8] ^= 1 << bit % 8
    path.write_bytes(changed)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return before


def test_no_flipped_bit_of_any_file_is_read(office: Office) -> None:
    made = [keep(office, kind) for kind in KINDS]
    made.append(keep(office, "register", **{name: beside(office, name) for name in BESIDE}))
    files = sorted(relative for snapshot in made for relative in paths(snapshot))
    assert len(files) == len(KINDS) + 1 + len(BESIDE)
    drawn = random.Random(SEED)
    for turn in range(FLIPS):
        relative = files[turn % len(files)]
        path = office.lake.at(relative)
        before = flipped(path, drawn.randrange(8 * path.stat().st_size))
        with pytest.raises(LakeDamaged, match=relative):
            office.lake.at(relative)
        path.write_bytes(before)
    assert all(office.lake.at(relative).exists() for relative in files), "as they were, they are read again"


def test_a_file_is_read_whole_once_and_again_when_it_was_touched(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    snapshot = keep(office, "households")
    lake, hashed = Lake(office.lake.root, str, office.database), []
    from engage.foundation import lake as module

    checksum = module.checksum
    monkeypatch.setattr(module, "checksum", lambda path: hashed.append(path) or checksum(path))
    path = lake.file(snapshot)
    assert [lake.file(snapshot) for _ in range(3)] == [path] * 3 == hashed * 3
    os.utime(path)
    lake.file(snapshot)
    assert len(hashed) == 2
    monkeypatch.setattr(module, "TRUSTED", 0)
    lake.file(snapshot)
    assert len(hashed) == 3, "a disk may damage it without touching its times"
    path.unlink()
    assert lake.file(snapshot) == path, "that it is gone is for whoever asks to say"


def test_a_file_that_is_replaced_is_right_wherever_a_crash_comes(office: Office) -> None:
    snapshot, relative = keep(office, "contacts"), ""
    relative = snapshot.path

    def other(rows: int) -> Path:
        staged = office.lake.stage()
        pq.write_table(pa.table({"uprn": list(range(rows))}), staged)
        return staged

    def read() -> int:
        return int(pq.read_metadata(Lake(office.lake.root, str, office.database).at(relative)).num_rows)

    office.lake.announce(relative, other(3))
    assert read() == 50, "died before the file changed"
    staged = other(4)
    office.lake.announce(relative, staged)
    staged.replace(office.lake.root / relative)
    assert read() == 4, "died before it was said that it had"
    office.lake.announce(relative, other(5))
    assert read() == 4, "died again"
    office.lake.replace(relative, other(6))
    assert read() == 6
    with office.database.reading() as session:
        kept = session.get_one(LakeFile, relative)
    assert (kept.coming, kept.size) == ("", (office.lake.root / relative).stat().st_size)
    (office.lake.root / relative).write_bytes(other(3).read_bytes())
    with pytest.raises(LakeDamaged):
        read()
