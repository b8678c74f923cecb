"""A file on its way in: what becomes of it, and that neither a kill nor a second process can bring it in twice."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlmodel import SQLModel, select

from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import EngageError, InputRefused, NotFound
from engage.foundation.identity import Authority
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.engine import execution
from segments.files.report import ImportReport
from segments.importing import intake, steps, uploads
from segments.importing.imports import import_file
from segments.importing.intake import HOMES, Intake, IntakeState
from segments.importing.uploads import Upload, plain_name
from tests.conftest import EAST_STAFFORDSHIRE, START
from tests.segments.conftest import Town
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)
GOOD = papers.register(papers.elector(1), papers.elector(2))
REPEATED = papers.register(papers.elector(1), papers.elector(1))


class Killed(BaseException):
    """What ends a process without asking it."""


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    """On SQLite and on PostgreSQL."""
    office = Office(Settings(home=tmp_path / "home", database_url=database_url), SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=EAST_STAFFORDSHIRE, name="East Staffordshire"))
    yield office
    office.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Office]:
    """On SQLite, where the database is not what is tested."""
    office = Office(Settings(home=tmp_path / "home"), SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=EAST_STAFFORDSHIRE, name="East Staffordshire"))
    yield office
    office.close()


def arrive(office: Office, actor: Actor, text: str, kind: str = "register", name: str = "r.csv") -> Intake:
    upload = Upload(office, actor.authority, uploads.new_token())
    upload.receive(io.BytesIO(text.encode()), name)
    return intake.receive(office, actor, upload.token, kind, TODAY)


def worked(office: Office, found: Intake) -> Intake:
    steps.begin(office, found.authority)
    assert office.background.wait(30)
    return intake.find(office, found.authority, found.token)


def snapshots(office: Office) -> list[Snapshot]:
    with office.database.session() as session:
        return list(session.exec(select(Snapshot).where(Snapshot.kind != "electors")))


def lying(office: Office) -> list[str]:
    room = office.lake.root / "staging"
    return sorted(path.name for path in room.rglob("*") if path.is_file() and path.suffix != ".busy")


def test_a_good_file_is_imported_and_gone(office: Office, actor: Actor) -> None:
    done = worked(office, arrive(office, actor, GOOD))
    assert (done.state, done.cleared, done.refusal) == (IntakeState.imported, True, "")
    assert [(s.id, s.rows, s.made_by) for s in snapshots(office)] == [(done.snapshot_id, 2, "officer 1")]
    assert done.found is not None
    assert (done.found.rows_read, done.found.accepted, done.found.preview) == (2, 2, [])
    assert lying(office) == []


def test_a_file_with_problems_waits_and_then_comes_in(office: Office, actor: Actor) -> None:
    found = worked(office, arrive(office, actor, REPEATED))
    assert found.state == IntakeState.waiting
    assert snapshots(office) == []
    assert [row["line"] for row in intake.first_rows(office, actor, found)] == ["2"]
    other = Actor(EAST_STAFFORDSHIRE, "officer 2", 2)
    done = worked(office, intake.accept(office, other, found.token))
    assert (done.state, done.decided_by) == (IntakeState.imported, "officer 2")
    assert [(s.rows, s.made_by) for s in snapshots(office)] == [(1, "officer 2")]
    assert lying(office) == []
    with pytest.raises(InputRefused, match="decided already"):
        intake.accept(office, actor, found.token)


def test_what_comes_in_is_what_somebody_said_yes_to(own: Office, actor: Actor) -> None:
    found = worked(own, arrive(own, actor, REPEATED))
    upload = Upload(own, actor.authority, found.token).path
    upload.write_bytes(upload.read_bytes()[:-2] + b"9\n")
    done = worked(own, intake.accept(own, actor, found.token))
    assert (done.state, snapshots(own)) == (IntakeState.refused, [])
    assert done.refusal == "r.csv is not as it was checked: something changed it since. Bring it again."


def test_a_row_of_the_database_holds_nobody(office: Office, actor: Actor) -> None:
    found = worked(office, arrive(office, actor, REPEATED))
    with office.database.engine.connect() as connection:
        kept = repr(connection.exec_driver_sql("select * from intake").all())
    assert "r.csv" in kept
    for private in ("Tester1", "Robin", "Mill Lane", "100031000001", "DE14"):
        assert private not in kept
    assert found.report["problems_by_row"], "yet it says what is wrong where"


def test_what_was_found_gone_in_between_is_said(office: Office, actor: Actor) -> None:
    found = worked(office, arrive(office, actor, REPEATED))
    intake.upload(office, found).clear()
    done = worked(office, intake.accept(office, actor, found.token))
    assert (done.state, done.refusal) == (IntakeState.refused, uploads.GONE)


def test_a_wrong_kind_may_be_corrected_and_another_refusal_may_not(own: Office, actor: Actor) -> None:
    found = worked(own, arrive(own, actor, GOOD, kind="contacts"))
    assert found.state == IntakeState.refused
    assert "Import it as kind 'register'" in found.refusal
    done = worked(own, intake.correct(own, actor, found.token, "register", TODAY))
    assert (done.state, done.kind, done.refusal) == (IntakeState.imported, "register", "")
    party = worked(own, arrive(own, actor, "Surname,Party,1-5\nTester,Red,1\n"))
    assert party.state == IntakeState.refused
    assert lying(own) == [], "what must not be here is gone at once"
    with pytest.raises(NotFound, match="no longer here"):
        intake.correct(own, actor, party.token, "contacts", TODAY)


def test_one_at_a_time_and_in_order(own: Office, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, most, order, lock = 0, 0, [], threading.Lock()

    def counted(*given: Any, **how: Any) -> ImportReport:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
            order.append(given[3].name)
        try:
            return import_file(*given, **how)
        finally:
            with lock:
                at_work -= 1

    monkeypatch.setattr("segments.importing.steps.import_file", counted)
    waiting = [arrive(own, actor, papers.register(papers.elector(n)), name=f"{n}.csv") for n in range(1, 5)]
    twin = Office(own.settings, own.clock)  # another process of the same service
    try:
        for office in (own, twin, own, twin):
            steps.begin(office, actor.authority)
        assert own.background.wait(30)
        assert twin.background.wait(30)
    finally:
        twin.close()
    assert most == 1
    assert [name for n, name in enumerate(order) if n == 0 or order[n - 1] != name] == [
        found.name for found in sorted(waiting, key=lambda found: (found.arrived_at, found.token))
    ]
    states = {intake.find(own, actor.authority, found.token).state for found in waiting}
    assert states <= {IntakeState.imported, IntakeState.waiting}


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_at_the_import_brings_it_in_once(
    office: Office, actor: Actor, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Before its commit or just after, before the row could say so."""
    found = arrive(office, actor, GOOD)
    calls = []

    def killed(*given: Any, **how: Any) -> ImportReport:
        calls.append(how.get("dry_run", False))
        if how.get("dry_run") or len(calls) > 2:
            return import_file(*given, **how)
        if moment == "after":
            import_file(*given, **how)
        raise Killed

    monkeypatch.setattr("segments.importing.steps.import_file", killed)
    with pytest.raises(Killed):
        steps.work_through(office, actor.authority, lambda: False)
    left = intake.find(office, actor.authority, found.token)
    assert (left.state, len(snapshots(office))) == (IntakeState.importing, moment == "after")
    assert not steps.take_up(office), "its heart has just beaten"
    clock: Any = office.clock
    clock.advance(intake.SILENT + timedelta(seconds=1))
    assert steps.take_up(office)
    assert office.background.wait(30)
    done = intake.find(office, actor.authority, found.token)
    assert (done.state, len(snapshots(office)), lying(office)) == (IntakeState.imported, 1, [])
    with office.database.session() as session:
        assert [entry.act for entry in session.exec(select(AuditEntry))].count("import") == 1


def test_a_file_that_kills_is_left_alone(own: Office, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    found = arrive(own, actor, GOOD)

    def killed(*_: Any, **__: Any) -> ImportReport:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("segments.importing.steps.import_file", killed)
        for _ in range(steps.MOST_TAKES):
            with pytest.raises(Killed):
                steps.work_through(own, actor.authority, lambda: False)
    done = worked(own, found)
    assert (done.state, done.refusal) == (IntakeState.refused, steps.GAVE_UP)


def test_an_unforeseen_fault_is_told_and_the_next_file_has_its_turn(
    own: Office, actor: Actor, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    broken, fine = arrive(own, actor, REPEATED, name="broken.csv"), arrive(own, actor, GOOD, name="fine.csv")

    def sometimes(*given: Any, **how: Any) -> ImportReport:
        if given[3].name == "broken.csv":
            raise ValueError("Robin Tester1 of 1 Mill Lane")
        return import_file(*given, **how)

    monkeypatch.setattr("segments.importing.steps.import_file", sometimes)
    assert worked(own, fine).state == IntakeState.imported
    found = intake.find(own, actor.authority, broken.token)
    assert found.state == IntakeState.refused
    assert "problem with the service" in found.refusal
    assert "Tester1" not in found.refusal + "".join(capfd.readouterr())


def test_the_end_of_the_process_leaves_the_step_to_the_next(own: Office, actor: Actor) -> None:
    found = arrive(own, actor, GOOD)
    ends = iter([False, False, True])
    steps.work_through(own, actor.authority, lambda: next(ends, True))
    left = intake.find(own, actor.authority, found.token)
    assert (left.state, left.heartbeat, snapshots(own)) == (IntakeState.checking, None, [])
    own.close()
    assert steps.take_up(own), "at once: nobody works on it"
    assert own.background.wait(30)
    assert intake.find(own, actor.authority, found.token).state == IntakeState.imported


def test_closing_the_office_ends_its_threads(own: Office, actor: Actor) -> None:
    before = threading.active_count()
    arrive(own, actor, GOOD)
    steps.begin(own, actor.authority)
    own.close()
    assert threading.active_count() <= before


def test_what_nobody_decides_on_goes(own: Office, actor: Actor) -> None:
    clock: Any = own.clock
    waits = worked(own, arrive(own, actor, REPEATED))
    wrong = worked(own, arrive(own, actor, GOOD, kind="contacts", name="wrong.csv"))
    assert lying(own) == ["r.csv", "rows.json", "wrong.csv"]
    clock.advance(intake.REUSED_WITHIN + timedelta(hours=1))
    steps.clear_up(own)
    assert lying(own) == ["r.csv", "rows.json"]
    clock.advance(intake.LONGEST_WAIT)
    steps.clear_up(own)
    assert lying(own) == []
    gone = intake.find(own, actor.authority, waits.token)
    assert (gone.state, gone.refusal) == (IntakeState.discarded, steps.FORGOTTEN)
    assert intake.find(own, actor.authority, wrong.token).cleared


def test_an_upload_to_a_form_that_was_never_sent_goes_after_a_day(own: Office, actor: Actor) -> None:
    corners = [Upload(own, actor.authority, uploads.new_token()) for _ in range(2)]
    for upload in corners:
        upload.receive(io.BytesIO(b"a"), "r.csv")
    old = time.time() - uploads.FORGOTTEN - 60
    os.utime(corners[0].folder, (old, old))
    steps.clear_up(own)
    assert [upload.holds_file for upload in corners] == [False, True]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("register.csv", "register.csv"), ("C:\\Users\\robin\\register.csv", "register.csv"), ("../../x", "x"),
        ("..", "file"), ("", "file"), (".htaccess", "htaccess"), ("a\nb.csv", "ab.csv"), ("/", "file"),
        ("long" * 100 + ".csv", ("long" * 100 + ".csv")[-100:]),
        ("\U0001f600" * 90 + ".csv", "\U0001f600" * 49 + ".csv"),
    ],
)  # fmt: skip
def test_a_name_is_only_a_name(given: str, kept: str) -> None:
    assert plain_name(given) == kept


@pytest.mark.parametrize("token", ["", "..", "a/b", "a.b", "/etc"])
def test_a_token_is_no_path(own: Office, token: str) -> None:
    with pytest.raises(NotFound):
        Upload(own, EAST_STAFFORDSHIRE, token)


def test_homes_are_built_in_the_background_and_pages_are_answered_meanwhile(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite one writer keeps all others waiting, so building must not hold the database."""
    office, actor = town.office, town.actor
    building, answered = threading.Event(), threading.Event()

    def slow(*given: Any) -> int:
        building.set()
        assert answered.wait(20), "nobody could write while homes were built"
        return execution.write(*given)

    monkeypatch.setattr("segments.homes.households.execution", SimpleNamespace(**vars(execution) | {"write": slow}))
    before = len([s for s in snapshots(office) if s.kind == "households"])
    found = intake.request_homes(office, actor)
    assert intake.request_homes(office, actor).token == found.token, "one serves"
    steps.begin(office, actor.authority)
    assert building.wait(20)
    with office.database.session() as session:
        stage = session.get_one(Intake, found.token)
        assert (stage.stage, stage.percent) == ("Counting who lives in each home", 50)
        stage.takes += 1
        session.add(stage)
    answered.set()
    assert office.background.wait(30)
    done = intake.find(office, actor.authority, found.token)
    assert (done.state, done.kind, done.refusal) == (IntakeState.imported, HOMES, "")
    assert len([s for s in snapshots(office) if s.kind == "households"]) == before + 1
    assert done.snapshot_id == max(s.id or 0 for s in snapshots(office))


def test_homes_that_cannot_be_built_say_why(own: Office, actor: Actor) -> None:
    found = worked(own, intake.request_homes(own, actor))
    assert found.state == IntakeState.refused
    assert "register" in found.refusal
    assert intake.decline(own, actor, found.token).state == IntakeState.discarded


CHILD = """
import sys
from engage.foundation.office import Office
from segments.importing import steps
from engage.foundation.lake import Lake
real = Lake.commit
def stuck(*given, **how):
    kept = real(*given, **how)
    print("committing", flush=True)
    sys.stdin.read()
    return kept
Lake.commit = stuck
steps.work_through(Office(), sys.argv[1], lambda: False)
"""


def test_kill_9_in_the_middle_of_the_commit(own: Office, actor: Actor, tmp_path: Path) -> None:
    found = arrive(own, actor, GOOD)
    own.close()
    environment = {**os.environ, "ENGAGE_HOME": str(own.settings.home), "ENGAGE_REHEARSAL_TIME": START.isoformat()}
    command = [sys.executable, "-c", CHILD, actor.authority]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"committing\n"
        with uploads.alone(own, actor.authority) as mine:
            assert not mine, "the other process holds it"
        child.send_signal(signal.SIGKILL)
    assert snapshots(own) == []
    clock: Any = own.clock
    clock.advance(timedelta(minutes=5))
    assert steps.take_up(own)
    assert own.background.wait(30)
    assert intake.find(own, actor.authority, found.token).state == IntakeState.imported
    assert [s.rows for s in snapshots(own)] == [2]


def _refusals() -> list[Callable[[Office, Actor, str], object]]:
    return [
        lambda office, actor, token: intake.find(office, actor.authority, token),
        intake.accept, intake.decline,
        lambda office, actor, token: intake.correct(office, actor, token, "register", TODAY),
    ]  # fmt: skip


@pytest.mark.parametrize("act", _refusals())
def test_another_authoritys_file_does_not_exist_here(
    own: Office, actor: Actor, act: Callable[[Office, Actor, str], object]
) -> None:
    found = arrive(own, actor, REPEATED)
    with pytest.raises(EngageError, match="no such upload"):
        act(own, Actor("E06000015", "officer 9", 9), found.token)
