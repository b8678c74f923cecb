"""What lies in the lake is what the database knows: damage, loss and strangers are named, and strangers go in time."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engage.deployment import earlier, health, lake_files
from engage.deployment.purging import purge
from engage.foundation import audit
from engage.foundation.identity import Role
from engage.foundation.lake import LakeFile
from engage.foundation.office import Office
from tests.conftest import EAST_STAFFORDSHIRE as COUNCIL
from tests.engage.foundation.test_lake import beside, flipped, keep


@pytest.fixture
def filled(office: Office) -> Office:
    with office.database.session() as session:
        audit.record(session, authority=COUNCIL, at=office.clock.now(), actor="command", act="open", subject=COUNCIL)
    keep(office, "gazetteer", rejects_file=beside(office, "x"))
    return office


def stranger(office: Office, relative: str) -> Path:
    path = office.lake.root / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"left by a crash")
    return path


def test_damage_loss_and_strangers_are_named(filled: Office) -> None:
    assert {check.name: check.well for check in health.content(filled)} == {"files": True, "logs": True}
    damaged, gone = keep(filled, "households").path, keep(filled, "electors").path
    flipped(filled.lake.root / damaged, 99)
    (filled.lake.root / gone).unlink()
    stranger(filled, f"{COUNCIL}/register/unknown.parquet")
    [files, logs] = health.content(filled)
    assert (files.well, logs.well) == (False, True)
    assert files.detail == (
        f"1 file not as written ({damaged}): put back from a backup or import again; "
        f"1 file missing ({gone}): put back from a backup or import again; "
        f"1 file known to nobody ({COUNCIL}/register/unknown.parquet): engage purge removes what is older than a week"
    )
    with filled.database.session() as session:
        session.execute(sa.text("UPDATE audit_head SET digest = 'x'"))
    assert [check.detail for check in health.content(filled) if check.name == "logs"] == [
        f"{COUNCIL}: The audit log is not as it was written: entry 1 is not the one that the log ended with."
    ]


def test_strangers_go_after_a_week_with_a_proof(filled: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [f"{COUNCIL}/register/unknown.parquet", "staging/left.parquet"]
    left = [stranger(filled, relative) for relative in files]
    other = stranger(filled, "E07000999/register/theirs.parquet")
    waiting = stranger(filled, f"staging/uploads/{COUNCIL}/token/file/r.csv")
    assert purge(filled) == {COUNCIL: {}}, "an import may be in the midst"
    week = time.time() + lake_files.GRACE + 60
    monkeypatch.setattr(lake_files, "_age", lambda path: week - path.stat().st_mtime)
    assert purge(filled, dry_run=True) == {COUNCIL: {"files nobody knows": 2}}
    assert all(path.exists() for path in left)
    assert purge(filled) == {COUNCIL: {"files nobody knows": 2}}
    assert [path.exists() for path in (*left, other, waiting)] == [False, False, True, True]
    assert lake_files.examine(filled).sound, "what is known stays"
    with filled.database.reading() as session:
        entries = list(audit.export(session, COUNCIL))
    assert any('"remove unknown files"' in line and all(name in line for name in files) for line in entries)


def test_an_upgrade_keeps_the_checksums_of_what_stands(filled: Office) -> None:
    with filled.database.session() as session:
        session.execute(sa.delete(LakeFile))
    assert len(lake_files.examine(filled).unlisted) == 2
    told = [line for line in earlier.put_right(filled, COUNCIL) if "checksum" in line]
    assert told == ["The checksums of 2 files of the lake are kept from now on, as they stood at this moment."]
    assert lake_files.examine(filled).sound
    assert not [line for line in earlier.put_right(filled, COUNCIL) if "checksum" in line]


def test_a_page_made_of_a_damaged_file_says_so(enter: Callable[[Role], Any], office: Office) -> None:
    made = keep(office, "gazetteer", rejects_file=beside(office, "x"))
    officer = enter(Role.officer)
    assert officer.get(f"/data/{made.id}/rejects.csv").text == "line,reason\n2,x\n"
    flipped(office.lake.root / made.report["rejects_file"], 99)
    page = officer.get(f"/data/{made.id}/rejects.csv")
    assert page.status_code == 503
    for told in ("What this page is made of is damaged", made.report["rejects_file"], "Put it back from a backup"):
        assert told in page.text
    assert officer.get("/suppressions").status_code == 200
