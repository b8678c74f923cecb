"""A copy is made while messages leave, read back, and put back: what has left since never leaves again."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlmodel import select

from campaigns.approval import control
from campaigns.closing import restored
from campaigns.notify.client import GovukNotify
from campaigns.notify.messages import Accepted, Notify, Outgoing
from campaigns.notify.stand_in import Running, running
from campaigns.records import copies
from campaigns.records.models import Campaign, Message
from campaigns.sending import ledger, outages, waves
from campaigns.sending.dispatch import Dispatcher
from campaigns.worker.work import Work
from engage.backups import database_copies, making, restoring
from engage.deployment.health import examine
from engage.deployment.purging import purge
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused, SendBlocked
from engage.foundation.identity import Authority
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from engage.migrations.upgrading import upgrade
from segments.importing.imports import import_file
from tests.campaigns.council import COUNCIL, KEY, SEED, START, Maker, staff
from tests.postgres import new_database

HOMES = 30
DAY = timedelta(days=1)
EVERYONE = {"channels": ["email", "sms", "letter"], "arms": ["everyone"]}
WAVES = [EVERYONE | {"send_on": "2026-06-03"}, EVERYONE | {"send_on": "2026-06-05"}]


@dataclass
class House:
    """A deployment that sends to the stand-in, and at any message does something besides."""

    office: Office
    real: GovukNotify
    happens: dict[int, Callable[[], object]] = field(default_factory=dict)
    sent: int = 0

    def send(self, message: Outgoing) -> Accepted:
        self.sent += 1
        if happens := self.happens.pop(self.sent, None):
            happens()
        return self.real.send(message)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def some(self, number: int) -> None:
        waves.plan_due(self.office, number)
        Dispatcher(self.office, cast(Notify, self), batch=HOMES // 3).send(number, 1)

    def tick(self) -> Counter[str]:
        return Work(self.office, cast(Notify, self)).tick()


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(START)


@pytest.fixture
def post(clock: SteppedClock) -> Iterator[Running]:
    with running(SEED, clock=clock) as post:
        yield post


def house(home: Path, url: str, post: Running, clock: SteppedClock) -> House:
    office = Office(Settings(home=home, database_url=url, notify_pace=1000), clock)
    return House(office, GovukNotify(KEY, post.base_url))


@pytest.fixture
def first(database_url: str, tmp_path: Path, post: Running, clock: SteppedClock) -> Iterator[House]:
    (tmp_path / "home").mkdir(mode=0o700)
    made = house(tmp_path / "home", database_url, post, clock)
    upgrade(made.office.database)
    with made.office.database.session() as session:
        session.add(Authority(code=COUNCIL, name="East Staffordshire"))
    yield made
    made.office.close()


@pytest.fixture
def second(
    request: pytest.FixtureRequest, first: House, tmp_path: Path, post: Running, clock: SteppedClock
) -> Iterator[House]:
    """With nothing in it."""
    if first.office.database.embedded:
        found = house(tmp_path / "second", f"sqlite:///{tmp_path / 'second' / 'engage.sqlite'}", post, clock)
        yield found
        found.office.close()
        return
    with new_database(request.getfixturevalue("postgres_url")) as url:
        found = house(tmp_path / "second", url, post, clock)
        yield found
        found.office.close()


def launched(first: House, maker: Maker, **changes: Any) -> Campaign:
    return maker.launched(HOMES, arms={"everyone": 1.0}, comparison="", waves=WAVES, **changes)


def standing(of: House, planner: Actor, number: int) -> ledger.Status:
    status = ledger.status(of.office, planner, number)
    assert status.balanced
    return status


def test_what_left_since_the_copy_never_leaves_again(
    first: House, second: House, post: Running, clock: SteppedClock, tmp_path: Path
) -> None:
    maker = Maker(first.office, people := staff(first.office))
    campaign = launched(first, maker)
    later = maker.submitted(HOMES, name="Another", arms={"everyone": 1.0}, comparison="", waves=WAVES[1:])
    maker.approve(later.id or 0)
    copy, keys = tmp_path / "copy", tmp_path / "keys"
    first.happens = {HOMES // 2: lambda: making.create(first.office, copy, keys_to=keys)}
    first.tick()  # half of the first wave before the copy, half after
    control.launch(first.office, people.planner, later.id or 0)
    first.tick()
    clock.advance(2 * DAY)
    for number in (campaign.id or 0, later.id or 0):  # and some of waves that the copy has not planned
        first.some(number)
    left = set(post.state.store.by_reference)
    assert HOMES < len(left) < HOMES * 3
    assert making.verify(copy, making.read_keys(keys)) == []

    told = restoring.restore(second.office, copy, making.read_keys(keys))
    assert told.provable
    assert "restored" in {check.name for check in examine(second.office).checks if not check.well}
    with second.office.database.reading() as session:
        assert copies.held(session, COUNCIL)
        assert "Nothing leaves before a worker" in outages.outages(second.office, session)[0].words
    clock.advance(timedelta(minutes=5))
    second.tick()
    clock.advance(timedelta(minutes=5))
    control.launch(second.office, people.planner, later.id or 0)  # as an officer does who knows of it
    for number in (campaign.id or 0, later.id or 0):
        if standing(second, people.planner, number).state == "paused":  # its day is over
            control.resume(second.office, people.planner, number)
    for _ in range(4):
        second.tick()
        clock.advance(timedelta(minutes=35))
        if standing(second, people.planner, later.id or 0).state == "paused":
            control.resume(second.office, people.planner, later.id or 0)
    assert post.state.store.duplicates() == {}
    assert len(post.state.store.by_reference) == len(post.state.store.by_id) == HOMES * 3
    assert left < set(post.state.store.by_reference)
    for number, planned in ((campaign.id or 0, HOMES * 2), (later.id or 0, HOMES)):
        status = standing(second, people.planner, number)
        assert (status.planned, status.accepted, status.duplicates) == (planned, planned, 0)
    with second.office.database.reading() as session:
        assert copies.unexplained(session) == 0
        known = set(session.exec(select(Message.reference)))
    assert known == set(post.state.store.by_reference), "a link in a message that left leads to it here too"


LISTED = (
    "uprn,email,source,lawful_basis,agreement_reference,collected_on\n"
    "100000000001,a.resident@example.com,Garden waste,public task,DSA 1,2026-05-01\n"
)


@dataclass
class Copied:
    folder: Path
    keys: list[str]
    home: Path


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Copied:
    """Of a home on SQLite with a list of contacts and the council's own law."""
    folder = tmp_path_factory.mktemp("copied")
    (folder / "home").mkdir(mode=0o700)
    office = Office(Settings(home=folder / "home"), SteppedClock(START))
    upgrade(office.database)
    with office.database.session() as session:
        session.add(Authority(code=COUNCIL, name="East Staffordshire"))
    (folder / "contacts.csv").write_text(LISTED)
    import_file(office, Actor(COUNCIL, "command"), "contacts", folder / "contacts.csv", date(2026, 6, 1))
    (folder / "home" / "law.toml").write_text("")
    made = making.create(office, folder / "copy", keys_to=folder / "keys")
    assert (made.missing, oct((folder / "keys").stat().st_mode)[-3:]) == ([], "600")
    office.close()
    return Copied(folder / "copy", making.read_keys(folder / "keys"), folder / "home")


def opened(home: Path, clock: SteppedClock | None = None) -> Office:
    return Office(Settings(home=home), clock or SteppedClock(START + DAY))


def test_a_copy_holds_no_key_and_nobody_else_reads_it(copied: Copied) -> None:
    files = [path for path in copied.folder.rglob("*") if path.is_file()]
    names = {path.relative_to(copied.folder).parts[0] for path in files}
    assert names == {"database", "lake", "home", "manifest.json", "settings.json"}
    assert {oct(path.stat().st_mode)[-3:] for path in files} == {"600"}
    assert not any(key.encode() in path.read_bytes() for path in files for key in copied.keys)
    assert not any(b"a.resident" in path.read_bytes() for path in files)
    assert making.verify(copied.folder, copied.keys) == []
    with opened(copied.home).database.reading() as session:
        last = copies.last_backup(session)
    assert last is not None
    assert last.copied_at == START


def lake_file(folder: Path) -> Path:
    return next((folder / "lake").rglob("*.parquet"))


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def exchange(path: Path) -> None:
    path.write_bytes(bytes(reversed(path.read_bytes())))


def relabel(folder: Path) -> None:
    """As somebody does who exchanges a file and writes its checksum too."""
    from engage.backups import manifest

    exchange(lake_file(folder))
    name = lake_file(folder).relative_to(folder).as_posix()
    said = json.loads((folder / "manifest.json").read_text())
    said["files"][name] |= {"sha256": manifest.part(folder / name).sha256}
    (folder / "manifest.json").write_text(json.dumps(said))


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "short": (lambda copy: shorten(lake_file(copy)), r"lake/E07000193/contacts/\w+.parquet has [\d,]+ bytes, not"),
    "exchanged": (lambda copy: exchange(copy / "database/engage.sqlite"), "database/engage.sqlite is not the file"),
    "gone": (lambda copy: lake_file(copy).unlink(), r"lake/E07000193/contacts/\w+.parquet is missing"),
    "put in": (lambda copy: (copy / "lake" / "other.parquet").touch(), "lake/other.parquet is no part of the copy"),
    "relabelled": (relabel, "manifest.json was not written by the Engage that the keys belong to"),
    "no manifest": (lambda copy: (copy / "manifest.json").unlink(), "it has no manifest.json"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_copy_is_refused_by_name_and_nothing_is_written(copied: Copied, tmp_path: Path, how: str) -> None:
    spoil, told = SPOILT[how]
    copy = shutil.copytree(copied.folder, tmp_path / "copy")
    spoil(copy)
    with pytest.raises(InputRefused, match=told):
        restoring.restore(opened(tmp_path / "home"), copy, copied.keys)
    assert not list((tmp_path / "home").glob("*"))
    if how not in ("relabelled", "no manifest"):
        assert any(told.split("[")[0].split("\\")[0] in line for line in making.verify(copy, copied.keys))


def test_nothing_is_put_over_something_or_opened_by_another_key(copied: Copied, tmp_path: Path) -> None:
    from cryptography.fernet import Fernet

    with pytest.raises(InputRefused, match=r"made with the key \w{12}, which is not among"):
        restoring.restore(opened(tmp_path / "home"), copied.folder, [Fernet.generate_key().decode()])
    with pytest.raises(InputRefused, match="--keys FILE"):
        restoring.restore(opened(tmp_path / "home"), copied.folder)
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home" / "names.toml").touch()
    with pytest.raises(InputRefused, match=r"is not empty \(names.toml\)"):
        restoring.restore(opened(tmp_path / "home"), copied.folder, copied.keys)
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["names.toml"]
    office = opened(copied.home)
    for to, keys_to, told in (
        (copied.folder, None, "is there already"), (tmp_path / "new", tmp_path / "new" / "keys", "lies in the copy"),
        (tmp_path / "none" / "new", None, "There is no folder"),
    ):  # fmt: skip
        with pytest.raises(InputRefused, match=told):
            making.create(office, to, keys_to=keys_to)
    assert not (tmp_path / "new").exists()
    office.close()


def test_contacts_that_are_due_do_not_come_back(
    copied: Copied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    later = opened(tmp_path / "home", SteppedClock(START + 900 * DAY))

    class Killed(BaseException):
        pass

    def killed(_: Office) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(restoring.purging, "purge", killed)
        with pytest.raises(Killed):
            restoring.restore(later, copied.folder, copied.keys)
    from engage.commands.caller import demand_database

    with pytest.raises(InputRefused, match="Run: engage purge"):
        demand_database(later)
    demand_database(later, purging=True)
    assert purge(later)[COUNCIL]["contacts in imported lists"] == 1
    demand_database(later)
    with later.database.reading() as session:
        [held] = session.exec(select(Snapshot).where(Snapshot.kind == "contacts"))
    assert not later.lake.file(held).exists()
    assert "forgotten" in held.report
    later.close()


def test_a_purge_while_it_is_copied_is_not_undone_by_the_copy(
    copied: Copied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = shutil.copytree(copied.home, tmp_path / "home")
    office, copy = opened(home, SteppedClock(START + 900 * DAY)), database_copies.copy
    purged: list[object] = []

    def purged_between(*at: Any) -> Any:
        made = copy(*at)
        purged.append(purge(office))
        return made

    monkeypatch.setattr(database_copies, "copy", purged_between)
    made = making.create(office, tmp_path / "copy")
    assert (len(purged), made.missing) == (2, [])
    assert not list((tmp_path / "copy").glob("lake/*/contacts/*"))
    office.close()


def test_an_old_copy_waits_for_an_officer(
    tmp_path: Path, post: Running, clock: SteppedClock
) -> None:  # fmt: skip
    (tmp_path / "home").mkdir(mode=0o700)
    first = house(tmp_path / "home", "", post, clock)
    upgrade(first.office.database)
    with first.office.database.session() as session:
        session.add(Authority(code=COUNCIL, name="East Staffordshire"))
    maker = Maker(first.office, people := staff(first.office))
    campaign = launched(first, maker, catch_up=True)
    waves.plan_due(first.office, campaign.id or 0)
    making.create(first.office, tmp_path / "copy", keys_to=tmp_path / "keys")
    first.office.close()
    clock.advance(8 * DAY)
    second = house(tmp_path / "second", "", post, clock)
    told = restoring.restore(second.office, tmp_path / "copy", making.read_keys(tmp_path / "keys"))
    assert not told.provable
    second.tick()
    assert post.state.store.by_id == {}
    with pytest.raises(InputRefused, match="20 to 400 letters"):
        restored.agree(second.office, people.planner, "yes")
    restored.agree(second.office, people.planner, "We looked at the dashboard and nothing left that week.")
    with pytest.raises(SendBlocked):
        restored.agree(second.office, people.planner, "We looked at the dashboard and nothing left that week.")
    second.tick()
    assert len(post.state.store.by_id) == HOMES * 2
    second.office.close()


def test_the_commands_make_read_and_put_back_a_copy(
    copied: Copied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    from click.testing import CliRunner

    from engage.cli import main

    def engage(home: Path, *words: str) -> tuple[int, str]:
        monkeypatch.setenv("ENGAGE_HOME", str(home))
        done = CliRunner().invoke(main, ["backup", *words])
        return done.exit_code, done.output

    home, copy, keys = shutil.copytree(copied.home, tmp_path / "home"), tmp_path / "copy", tmp_path / "keys"
    code, told = engage(home, "create", "--to", str(copy), "--keys-to", str(keys), "--json")
    assert (code, json.loads(told)["missing"]) == (0, [])
    assert engage(home, "verify", "--from", str(copy), "--keys", str(keys)) == (0, "The copy is whole.\n")
    code, told = engage(tmp_path / "second", "restore", "--from", str(copy), "--keys", str(keys))
    assert code == 0
    assert told.startswith("Put back: the copy of ")
    assert {path.name for path in (tmp_path / "second").iterdir()} >= {"engage.sqlite", "keys", "lake", "law.toml"}
    shorten(copy / "settings.json")
    code, told = engage(home, "verify", "--from", str(copy))
    assert code == 1
    assert "settings.json has" in told
