"""What is held of a person is found, written down and erased; what is planted is nowhere readable afterwards."""

import json
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlmodel import col, select

import segments.importing.intake
import segments.linking.review  # noqa: F401  # with the line above: their tables
from campaigns.approval import control
from campaigns.records.models import Message, MessageState
from campaigns.replies import complaints
from campaigns.sending.waves import plan_due
from engage.deployment import person
from engage.deployment.purging import purge
from engage.foundation import audit
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.data_keys import DataKey, fingerprint
from engage.foundation.errors import InputRefused, NotAllowed
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from engage.foundation.web.forms import Form
from engage.migrations.tables import METADATA
from segments.importing.imports import import_file
from tests.campaigns.council import COUNCIL, START, Maker, found, staff

PLANTED = "household-3@example.org"  # of home 3, as `council.audience_file` has it
# As they lie in a file of SQLite, with the next column right behind.
TOKEN = re.compile(rb"[0-9a-f]{16}:[A-Za-z0-9+/=]{40,120}")
WRAPPED = re.compile(rb"gAAAA[\w=-]{135,}")
LIST = (
    "uprn,email,source,lawful_basis,agreement_reference,collected_on\n"
    f"100000000003,{PLANTED},Garden waste,public task,DSA 1,2026-05-01\n"
    "100000000006,household-6@example.org,Garden waste,public task,DSA 1,2026-05-01\n"
)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(START)


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: SteppedClock) -> Iterator[Office]:
    """A home whose list, audience, ledger and replies all hold the planted contact."""
    office = Office(Settings(home=tmp_path / "home", database_url=database_url), clock)
    found(office)
    yield office
    office.close()


@pytest.fixture
def maker(office: Office) -> Maker:
    maker = Maker(office, staff(office))
    path = office.settings.home / "contacts.csv"
    path.write_text(LIST)
    import_file(office, maker.people.planner, "contacts", path, date(2026, 6, 1))
    path.unlink()
    launched = maker.launched(12)
    plan_due(office, launched.id or 0)
    form = Form({"scope": "email", "value": PLANTED, "words": "Leave us alone at number 4"})
    assert complaints.record(office, maker.people.planner, form)
    return maker


def readable(office: Office) -> list[str]:
    """Where the planted contact can be read with every key that stands: as it is, or decrypted."""
    files = {path: path.read_bytes() for path in office.settings.home.parent.rglob("*") if path.is_file()}
    found = [str(path) for path, content in files.items() if PLANTED.encode() in content]
    cells: list[tuple[str, object]] = [
        (str(path), token.decode()[: 17 + length])
        for path, content in files.items() for token in TOKEN.findall(content) for length in range(40, 121, 4)
    ]  # fmt: skip
    for path in (office.lake.root / COUNCIL).rglob("*.parquet"):
        cells += [(str(path), cell) for row in pq.read_table(path).to_pylist() for cell in row.values()]
    with office.database.reading() as session:
        for table in METADATA.sorted_tables:
            cells += [(table.name, cell) for row in session.execute(sa.select(table)) for cell in row]
    return found + [where for where, cell in cells if isinstance(cell, str) and PLANTED in opened(office, cell)]


def opened(office: Office, cell: str) -> str:
    return office.keys.decrypt(cell) if office.keys.readable(cell) else cell


def unwrapped(office: Office) -> set[str]:
    """The fingerprints of all data keys that lie anywhere in the files and that a master key unwraps."""
    master = MultiFernet([Fernet(key) for key in office.keys.masters.keys])
    found = set[str]()
    for path in office.settings.home.parent.rglob("*.sqlite*"):
        for token in WRAPPED.findall(path.read_bytes()):
            for length in (140, 184):
                with suppress(InvalidToken):
                    found.add(fingerprint(master.decrypt(token[:length]).decode()))
    return found


def administrator(office: Office) -> Actor:
    return Actor(COUNCIL, "command")


def test_after_a_purge_a_contact_is_nowhere_readable_and_the_proof_stays(
    office: Office, maker: Maker, clock: SteppedClock
) -> None:  # fmt: skip
    assert {"message", "reply"} < set(readable(office))
    assert len(readable(office)) >= 4
    if office.database.embedded:
        assert any(place.endswith((".sqlite", "-wal")) for place in readable(office))
        assert unwrapped(office), "both are looked for where they lie"
    control.stop(office, maker.people.planner, 1)
    clock.advance(datetime(2027, 12, 2, tzinfo=START.tzinfo) - clock.now())
    due = purge(office, dry_run=True)
    assert due[COUNCIL]["contacts in imported lists"] == 2
    assert due[COUNCIL]["contacts in audience files"] > 0
    assert readable(office), "a dry run changes nothing"
    tokens = [row["email_value"] for row in audience(office).to_pylist() if row["email_value"]]
    assert purge(office) == due
    assert purge(office) == {COUNCIL: {}}
    assert readable(office) == []
    assert not any(office.keys.readable(token) for token in tokens), "nor in a copy of the file"
    with office.database.session() as session:
        assert audit.verify(session, COUNCIL).intact
        proofs = [each.detail for each in session.exec(select(AuditEntry).where(AuditEntry.act == "forget contacts"))]
        keys = list(session.exec(select(DataKey).where(col(DataKey.purpose).not_in(("hashing", "database", "audit")))))
    assert {len(proof["keys"]) for proof in proofs} == {1}
    assert all(key.destroyed_at and not key.wrapped.strip("0") for key in keys)
    assert not unwrapped(office) & {key.fingerprint for key in keys}, "not even where SQLite wrote over it"
    assert len(audience(office)) == 12, "figures are made of its homes"
    assert sum(row["email_contact"] is not None for row in audience(office).to_pylist()) == len(tokens)


def audience(office: Office) -> pa.Table:
    with office.database.reading() as session:
        snapshot = session.exec(select(Snapshot).where(Snapshot.kind == "audience")).one()
    return pq.read_table(office.lake.file(snapshot))


def test_all_that_is_held_is_found_written_and_erased(office: Office, maker: Maker, tmp_path: Path) -> None:
    who = person.sought(office, COUNCIL, email=PLANTED.upper())
    with pytest.raises(NotAllowed):
        person.find(office, maker.people.planner, who)
    places = {held.place.partition(" (")[0]: held for held in person.find(office, administrator(office), who)}
    assert {"Email addresses and phone numbers", "Audience", "messages", "replies"} <= set(places)
    person.write(person.export(office, administrator(office), who), tmp_path / "held.json")
    assert stat.S_IMODE((tmp_path / "held.json").stat().st_mode) == 0o600
    held = json.dumps(json.loads((tmp_path / "held.json").read_text()))
    assert held.count(PLANTED) >= 4
    assert "Leave us alone" in held
    for reason in ("", "asked by " + PLANTED, "UPRN 100000000003"):
        with pytest.raises(InputRefused):
            person.erase(office, administrator(office), who, reason)
    (tmp_path / "held.json").unlink()
    erased = person.erase(office, administrator(office), who, "Request 7")
    assert sum(erased.gone.values()) == 3
    assert readable(office) == []
    assert person.find(office, administrator(office), who)[-1].place == "suppressions"
    with office.database.reading() as session:
        message = session.exec(select(Message).where(Message.uprn == 100000000003)).one()
        entries = list(session.exec(select(AuditEntry)))
    assert (message.state, message.recipient, message.contact) == (MessageState.dropped, "", "")
    assert PLANTED not in str([entry.detail for entry in entries])
    assert len(audience(office)) == 12


def test_a_home_is_found_too_and_what_is_on_its_way_keeps_its_contact(office: Office, maker: Maker) -> None:
    with office.database.session() as session:
        sent = session.exec(select(Message).where(Message.uprn == 100000000003)).one()
        sent.state = MessageState.unknown
    who = person.sought(office, COUNCIL, uprn="100000000003")
    assert person.erase(office, administrator(office), who, "Request 8").on_their_way == 1
    with office.database.reading() as session:
        assert office.keys.decrypt(session.get_one(Message, sent.id).recipient) == PLANTED
    with pytest.raises(InputRefused, match="not in the gazetteer"):
        person.sought(office, COUNCIL, address="4 High Street, Burton")


def test_what_residents_wrote_is_unreadable_even_in_a_copy_once_its_month_is_over(
    office: Office, maker: Maker, clock: SteppedClock
) -> None:  # fmt: skip
    with office.database.reading() as session:
        token = session.execute(sa.text("SELECT words FROM reply")).scalar_one()
    clock.advance(timedelta(days=215))
    purge(office)
    assert not office.keys.readable(token)
