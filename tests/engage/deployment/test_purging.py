"""What retention says is due goes, nothing else does, and the audit log says how much."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

import segments.importing.intake
import segments.linking.review  # noqa: F401  # with the line above: their tables
from campaigns.approval import control
from campaigns.records.models import Message
from campaigns.records.retention import kept_until
from campaigns.sending.waves import plan_due
from engage.deployment.purging import purge
from engage.foundation import audit
from engage.foundation.clock import SteppedClock
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from segments.importing import imports
from tests.campaigns.council import COUNCIL, START, Maker, found, staff


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(START)


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: SteppedClock) -> Iterator[Office]:
    office = Office(Settings(home=tmp_path / "home", database_url=database_url), clock)
    found(office)
    yield office
    office.close()


def keep(office: Office, kind: str, name: str = "", **report: str) -> int:
    staged = office.lake.stage()
    staged.write_bytes(b"parquet")
    with office.database.session() as session:
        made = office.lake.commit(
            session, staged, authority=COUNCIL, kind=kind, name=name, as_at=date(2026, 6, 1),
            made_at=office.clock.now(), made_by="officer 1", rows=1, report={"kind": kind, **report},
        )  # fmt: skip
        return made.id or 0


def beside(office: Office) -> str:
    staged = office.lake.stage(".csv")
    staged.write_text("line,reason\n")
    return office.lake.adopt(staged, COUNCIL, "rejects")


def files(office: Office) -> set[str]:
    return {path.relative_to(office.lake.root).as_posix() for path in (office.lake.root / COUNCIL).rglob("*.*")}


def snapshots(office: Office) -> dict[int, Snapshot]:
    with office.database.session() as session:
        return {each.id or 0: each for each in session.exec(select(Snapshot))}


def test_what_was_worked_out_anew_goes_and_its_files_with_it(office: Office, clock: SteppedClock) -> None:
    shared, own = beside(office), beside(office)
    first = keep(office, "electors", "7", questions_file=shared, contradictions_file=own)
    second = keep(office, "electors", "7", questions_file=shared)
    other = keep(office, "electors", "8")
    register = [keep(office, "register"), keep(office, "register")]
    clock.advance(timedelta(days=29))
    assert purge(office) == {COUNCIL: {}}
    clock.advance(timedelta(days=2))
    before = files(office)
    assert purge(office, dry_run=True) == {COUNCIL: {"tables worked out anew since": 1}}
    assert (files(office), set(snapshots(office))) == (before, {first, second, other, *register})
    gone = snapshots(office)[first].path
    assert purge(office) == {COUNCIL: {"tables worked out anew since": 1}}
    assert set(snapshots(office)) == {second, other, *register}
    assert before - files(office) == {gone, own}, "what a later one still uses stays"
    assert purge(office) == {COUNCIL: {}}


def test_an_undone_import_keeps_its_entry_and_loses_its_file(office: Office, clock: SteppedClock) -> None:
    people = staff(office)
    number = keep(office, "contacts", records=(records := beside(office)))
    imports.undo(office, people.planner, number)
    clock.advance(timedelta(days=31))
    assert purge(office) == {COUNCIL: {"imports undone": 1}}
    assert files(office).isdisjoint({snapshots(office)[number].path, records})
    assert purge(office) == {COUNCIL: {}}


def test_rejected_rows_go_and_their_count_stays(office: Office, clock: SteppedClock) -> None:
    number = keep(office, "register", rejects_file=(rejected := beside(office)))
    clock.advance(timedelta(days=31))
    assert purge(office) == {COUNCIL: {"files of rejected rows": 1}}
    assert rejected not in files(office)
    left = snapshots(office)[number]
    assert left.report == {"kind": "register", "rejects_file": ""}
    assert left.path in files(office)


def test_whom_a_message_went_to_is_forgotten_after_the_canvass_year(office: Office, clock: SteppedClock) -> None:
    people = staff(office)
    maker = Maker(office, people)
    ended, running = maker.launched(30), maker.launched(30)
    for campaign in (ended, running):
        plan_due(office, campaign.id or 0)
    control.stop(office, people.planner, ended.id or 0)

    def known(campaign: int) -> int:
        with office.database.session() as session:
            return len(
                session.exec(select(Message).where(Message.campaign_id == campaign, col(Message.recipient) != "")).all()
            )

    planned = known(ended.id or 0)
    assert planned
    clock.advance(datetime(2027, 11, 30, 12, tzinfo=START.tzinfo) - clock.now())
    assert purge(office) == {COUNCIL: {}}
    clock.advance(timedelta(days=1))
    assert purge(office)[COUNCIL]["contacts of messages"] == planned
    assert (known(ended.id or 0), known(running.id or 0)) == (0, planned)
    with office.database.session() as session:
        entry = list(audit.export(session, COUNCIL))[-1]
    assert f'"contacts_of_messages":{planned}' in entry


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.integers(0, 5))
def test_a_contact_is_kept_for_whole_canvass_years(ended: date, years: int) -> None:
    until = kept_until(ended, years)
    assert (until.month, until.day) == (12, 1)
    assert years * 365 < (until - ended).days <= (years + 1) * 366
