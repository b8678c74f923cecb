"""What an earlier version left goes on in this one: its data, and a campaign whose worker died in the middle of a round.

Each archive in `homes/` is the home of commit 83f28be, from before every module had its room: the demo's made-up borough
with 200 homes, imported and built, its campaign launched for 3 June 2026. The process ended, as by SIGKILL, when the
seventh message had been accepted: 18 messages are being sent, GOV.UK Notify's stand-in has those of `journal.jsonl`, and
a round of DBOS is pending. PostgreSQL's database is `home.sql`, as pg_dump wrote it.
"""

import json
import re
import subprocess
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from dbos import DBOS
from sqlmodel import col, select

from campaigns.notify.client import GovukNotify
from campaigns.notify.stand_in import Running, default_seed, running
from campaigns.records import lookup
from campaigns.records.models import Author, Campaign, CampaignState, Message, MessageState
from campaigns.sending import ledger
from campaigns.worker.work import working
from engage.deployment import resealing
from engage.deployment.authorities import open_authority
from engage.foundation import audit
from engage.foundation.clock import SteppedClock
from engage.foundation.data_keys import fingerprint
from engage.foundation.errors import SettingsInvalid
from engage.foundation.lake import Snapshot, SnapshotKey
from engage.foundation.office import Actor, Office
from engage.foundation.privacy import Keys
from engage.foundation.settings import Settings
from segments.audiences import named_rules, segments
from segments.homes import households
from segments.importing import imports, misread
from tests.postgres import binaries, new_database

HOMES = Path(__file__).parent / "homes"
CODE, NAME, CAMPAIGN = "E07900001", "Exampleton", 1
MADE_UP = re.compile(r".+@([a-z]+\.)?example\.(com|org|net)|447700900[0-9]{3}")
DIED = datetime(2026, 6, 3, 9, tzinfo=UTC)


@dataclass
class Left:
    """An earlier home, unpacked and opened."""

    office: Office
    clock: SteppedClock
    post: Running
    sent: int  # messages the stand-in had when the worker died

    @property
    def officer(self) -> Actor:
        return Actor(CODE, "command")


def restored(script: Path, url: str) -> None:
    name, _, database = url.removeprefix("postgresql+psycopg://").rpartition("/")
    command = [binaries() / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", script, f"postgresql://{name}/{database}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(params=["sqlite", "postgresql"])
def left(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Left]:
    with tarfile.open(HOMES / f"{request.param}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    if request.param == "sqlite":
        yield from opened(tmp_path, "")
        return
    with new_database(request.getfixturevalue("postgres_url")) as url:
        restored(tmp_path / "home.sql", url)
        yield from opened(tmp_path, url)


def opened(folder: Path, url: str) -> Iterator[Left]:
    journal, clock = folder / "journal.jsonl", SteppedClock(DIED)
    sent = len(journal.read_text().splitlines())
    with running(default_seed("Exampleton electoral services"), journal=journal, clock=clock) as post:
        office = Office(Settings(home=folder / "home", database_url=url, notify_pace=1000), clock)
        yield Left(office, clock, post, sent)
        office.close()


def test_its_data_are_read_and_built_on(left: Left) -> None:
    first, *told = open_authority(left.office, CODE, NAME).message.splitlines()
    assert first == f"{NAME} ({CODE}) is up to date."
    assert any(line.startswith("The register as at") for line in told)
    with left.office.database.session() as session:
        assert audit.verify(session, CODE).intact
        campaign = session.get_one(Campaign, CAMPAIGN)
        wrote = [each.account_id for each in session.exec(select(Author).where(Author.campaign_id == CAMPAIGN))]
        assert wrote == [campaign.submitted_by_id], "who drafted and submitted it, by the audit log"
    [saved] = named_rules.all_segments(left.office, CODE)
    before = segments.count(left.office, CODE, saved.rule)
    assert before.households > 0
    assert households.summary(left.office, CODE).electors == 327
    assert {snapshot.kind for snapshot in imports.history(left.office, CODE)} >= {"register", "gazetteer", "contacts"}
    households.build(left.office, left.officer)
    after = segments.count(left.office, CODE, saved.rule)
    # Addresses are linked by the rules of today, which leave a few to officers that were linked before.
    assert 0 <= after.households - before.households <= 0.1 * before.households
    assert after.missing == pytest.approx(before.missing, rel=0.1)


def earlier_tokens(left: Left) -> list[str]:
    """Of every place in which the earlier version kept contacts encrypted by the master key."""
    with left.office.database.session() as session:
        found = list(session.execute(sa.text("SELECT recipient FROM message WHERE recipient <> ''")).scalars())
    files = [path for kind in ("contacts", "audience") for path in (left.office.lake.root / CODE / kind).glob("*")]
    for path in files:
        names = [name for name in pq.read_schema(path).names if name.endswith("value")]
        found += [cell for row in pq.read_table(path, columns=names).to_pylist() for cell in row.values() if cell]
    return [token for token in found if token.startswith("gAAAA")]


CLOSE = (
    "INSERT INTO suppression (authority, scope, key, channel, reason, source, added_on) "
    "VALUES (:authority, 'household', :key, '', 'asked', 'resident', '2026-06-01')"
)


def test_contacts_are_encrypted_anew_and_wrong_keys_are_refused_before(left: Left) -> None:
    tokens = earlier_tokens(left)
    assert len(tokens) > 100
    file = left.office.settings.home / "keys"
    own, other = file.read_text().strip(), Fernet.generate_key().decode()
    for keys, told in ((f"{own}\n{other}", f"made with the key {fingerprint(own)}"), (other, "another key than those")):
        file.write_text(keys)
        with pytest.raises(SettingsInvalid, match=told):
            open_authority(left.office, CODE, NAME)
        assert earlier_tokens(left) == tokens, "nothing is changed"
    file.write_text(f"{own}\n{other}")
    left.office.open_keys()
    with left.office.database.session() as session:
        homes = session.execute(sa.text("SELECT path FROM snapshot WHERE kind = 'gazetteer'")).scalar_one()
        home = duckdb.execute("SELECT min(uprn) FROM read_parquet(?)", [str(left.office.lake.root / homes)]).fetchall()
        closed = {"key": Keys([own]).uprn(home[0][0]), "authority": CODE}
        session.execute(sa.text(CLOSE), closed)
    with pytest.raises(SettingsInvalid, match=f"made with the key {fingerprint(own)}"):
        resealing._demand_homes_known(left.office)
    file.write_text(own)
    message = open_authority(left.office, CODE, NAME).message
    assert re.search("Encrypted anew, .*: 1 imported list, 2 audience files, 18 messages", message)
    assert earlier_tokens(left) == []
    with left.office.database.session() as session:
        message_ = session.exec(select(Message).where(Message.recipient != "")).first()
        hashed = set(session.exec(select(SnapshotKey.hashed_by)))
    assert MADE_UP.fullmatch(left.office.keys.decrypt(message_.recipient if message_ else ""))
    assert hashed == {left.office.keys.fingerprint}
    assert "Encrypted anew" not in open_authority(left.office, CODE, NAME).message


def kept(left: Left) -> dict[str, list[tuple[int, Path]]]:
    """Registers and the electors linked from them, with their files, by the day they speak of."""
    with left.office.database.session() as session:
        query = select(Snapshot).where(col(Snapshot.kind).in_(("register", "electors")))
        found: dict[str, list[tuple[int, Path]]] = {}
        for snapshot in session.exec(query):
            own = found.setdefault(snapshot.as_at.isoformat(), [])
            own.append((snapshot.id or 0, left.office.lake.file(snapshot)))
    return found


def adults(left: Left) -> dict[int, int]:
    """How many dates of attainment each holds that lie no later than its day."""
    query = "select count(*) from read_parquet(?) where attainment <= ?::date"
    return {
        number: duckdb.execute(query, [str(path), day]).fetchall()[0][0]
        for day, files in kept(left).items()
        for number, path in files
    }


def test_dates_of_attainment_of_adults_are_removed_at_once(left: Left) -> None:
    for files in kept(left).values():
        for _, path in files:
            grown = "select * replace (coalesce(attainment, date '1998-05-01' + (row_number() over () % 400)::int) as attainment)"
            duckdb.execute(f"copy ({grown} from read_parquet('{path}')) to '{path}.new' (format parquet)")
            Path(f"{path}.new").replace(path)
    before = adults(left)
    rows = {path: pq.read_metadata(path).num_rows for files in kept(left).values() for _, path in files}
    assert all(before.values())
    message = open_authority(left.office, CODE, NAME).message
    for number, dates in before.items():
        assert re.search(rf"{dates:,} dates of attainment of adults were removed from .* \(number {number}\)", message)
    assert not any(adults(left).values())
    assert {path: pq.read_metadata(path).num_rows for path in rows} == rows
    assert "were removed" not in open_authority(left.office, CODE, NAME).message
    with left.office.database.session() as session:
        assert audit.verify(session, CODE).intact
        acts = [entry.act for entry in session.exec(select(audit.AuditEntry))]
    assert acts.count("remove attainment dates of adults") == len(before)


def test_a_removal_that_a_crash_cut_short_is_done_the_next_time(left: Left, monkeypatch: pytest.MonkeyPatch) -> None:
    [[(_, path), *_], *_] = kept(left).values()
    duckdb.execute(
        f"copy (select * replace (date '1998-05-01' as attainment) from read_parquet('{path}')) to '{path}.new' "
        "(format parquet)"
    )
    Path(f"{path}.new").replace(path)
    whole = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr("engage.foundation.lake.os.fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            open_authority(left.office, CODE, NAME)
    assert path.read_bytes() == whole
    assert "were removed" in open_authority(left.office, CODE, NAME).message
    assert not any(adults(left).values())


def interrupted(_: int) -> None:
    raise KeyboardInterrupt


def test_lists_read_wrongly_are_told_until_they_are_put_right(left: Left, tmp_path: Path) -> None:
    """Its contact list came in before objections outlasted the rows they stood in."""
    told = open_authority(left.office, CODE, NAME).message
    assert "Import again: Email addresses and phone numbers (import " in told
    assert "took words such as Subscribed or n/a for objections. Import the file again." in told
    header = "uprn,source,lawful_basis,agreement_reference,collected_on,email,unsubscribed"
    path = tmp_path / "contacts.csv"
    path.write_text(f"{header}\n1,Garden waste,Art 6(1)(e),DSA-1,2026-01-31,a@example.org,Subscribed\n")
    imports.import_file(left.office, left.officer, "contacts", path, DIED.date(), accept_problems=True)
    assert [each for each in misread.found(left.office, CODE) if each.kind == "contacts"] == []


def test_its_campaign_goes_on_where_the_worker_died(left: Left) -> None:
    open_authority(left.office, CODE, NAME)
    assert 0 < left.sent < 18
    with working(left.office, GovukNotify(left.post.key(), left.post.base_url)) as work:
        [pending] = DBOS.list_workflows()
        assert pending.status == "PENDING"
        assert work.tend is not None
        work.tend()
        ended(pending.workflow_id)
        for _ in range(12):
            left.clock.advance(timedelta(minutes=3))
            work.tick()
    status = ledger.status(left.office, left.officer, CAMPAIGN)
    assert (status.planned, status.waiting, status.balanced) == (18, 0, True)
    assert status.accepted == 18
    assert lookup.campaign(left.office, left.officer, CAMPAIGN).state == CampaignState.launched
    with left.office.database.session() as session:
        messages = session.exec(select(Message)).all()
        assert all(message.state in (MessageState.accepted, MessageState.delivered) for message in messages)
        assert audit.verify(session, CODE).intact
    assert left.post.state.summary()["total"] == 18
    assert left.post.state.summary()["duplicates"] == {}


def ended(workflow_id: str) -> None:
    """However busy the machine: DBOS runs what it takes up in a thread of its own."""
    for _ in range(600):
        if any(flow.workflow_id == workflow_id and flow.status == "SUCCESS" for flow in DBOS.list_workflows()):
            return
        time.sleep(0.1)
    raise AssertionError("the pending round was not taken up")


def test_nobody_of_it_is_real() -> None:
    """The archives hold contacts of the made-up borough alone."""
    for archive in HOMES.glob("*.tar.gz"):
        with tarfile.open(archive) as found:
            journal = found.extractfile("./journal.jsonl")
            assert journal is not None
            recipients = [json.loads(line)["recipient"] for line in journal]
        assert recipients
        assert all(MADE_UP.fullmatch(to) for to in recipients)
