"""A wrong key opens nothing, and keys change while others work, with a crash anywhere."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlmodel import select

from engage.deployment import rotation
from engage.deployment.resealing import put_right
from engage.foundation import data_keys
from engage.foundation.clock import SteppedClock
from engage.foundation.data_keys import DataKey, MasterKeys, fingerprint
from engage.foundation.errors import InputRefused, SettingsInvalid
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.importing.imports import import_file
from segments.safeguards.suppression import is_suppressed, suppress_household
from tests.campaigns.council import COUNCIL, START, found

HEAD = "uprn,email,source,lawful_basis,agreement_reference,collected_on\n"
LISTED = "100000000001,a.resident@example.com,Garden waste,public task,DSA 1,2026-05-01\n"
A, B = Fernet.generate_key().decode(), Fernet.generate_key().decode()


OPENED: list[Office] = []


def opened(home: Path, url: str, *keys: str) -> Office:
    OPENED.append(
        Office(Settings(home=home, database_url=url, secret_keys=[SecretStr(key) for key in keys]), SteppedClock(START))
    )
    return OPENED[-1]


@pytest.fixture
def home(database_url: str, tmp_path: Path) -> Iterator[Office]:
    """With a list of contacts and a home that asked not to be written to, by a key file."""
    office = opened(tmp_path / "home", database_url)
    found(office)
    put_right(office)
    path = tmp_path / "contacts.csv"
    path.write_text(HEAD + LISTED)
    import_file(office, Actor(COUNCIL, "command"), "contacts", path, date(2026, 6, 1))
    with office.database.session() as session:
        suppress_household(session, office, COUNCIL, 100000000001, "asked", "officer 1")
    yield office
    while OPENED:
        OPENED.pop().close()


def stands(office: Office) -> bool:
    """Whether what was hashed is known again, and what was encrypted is read."""
    import pyarrow.parquet as pq

    with office.database.reading() as session:
        known = is_suppressed(session, office, COUNCIL, "letter", uprn=100000000001)
        contacts = session.exec(select(Snapshot).where(Snapshot.kind == "contacts")).one()
    [row] = pq.read_table(office.lake.file(contacts)).to_pylist()
    return known and office.keys.decrypt(row["value"]) == "a.resident@example.com"


def test_another_key_opens_nothing_and_the_one_that_is_meant_is_named(home: Office) -> None:
    folder, url = home.settings.home, home.settings.database
    own = (folder / "keys").read_text().strip()
    for keys in ([A], [A, B]):
        with pytest.raises(SettingsInvalid, match=f"made with the key {fingerprint(own)}.*{fingerprint(A)}"):
            opened(folder, url, *keys).open_keys()
        listed = {key.fingerprint: key.wraps for key in rotation.listed(opened(folder, url, *keys))}
        assert listed[fingerprint(own)] == 4
        assert listed[fingerprint(A)] == 0
    for order in ([A, own], [own, A]):
        assert stands(opened(folder, url, *order)), "the hashing key is the database's, whatever the order"
    (folder / "keys").unlink()
    with pytest.raises(SettingsInvalid, match=f"no key is set.*{fingerprint(own)}|No key is set.*{fingerprint(own)}"):
        opened(folder, url).open_keys()
    assert not (folder / "keys").exists(), "no new key is made where data is"
    (folder / "keys").write_text(own)
    with home.database.session() as session:
        session.execute(sa.text("UPDATE snapshot_key SET hashed_by = 'abcdef012345'"))
    with pytest.raises(SettingsInvalid, match="hashing key abcdef012345"):
        opened(folder, url).open_keys()


def files(office: Office) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in office.lake.root.rglob("*.parquet")}


class Killed(BaseException):
    pass


def test_a_rotation_may_be_killed_anywhere_while_others_work(
    home: Office, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    folder, url, before = home.settings.home, home.settings.database, files(home)
    assert stands(home)
    old = home.keys.masters.fingerprints[0]
    monkeypatch.setattr(data_keys, "AT_ONCE", 1)
    wrap = MasterKeys.wrap
    for kill_at in (0, 1, 1):  # what was committed before stays done, so each time one further
        calls = iter(range(100))

        def dies(self: MasterKeys, secret: str, at: int = kill_at, calls: Iterator[int] = calls) -> tuple[str, str]:
            if next(calls) == at:
                raise Killed
            return wrap(self, secret)

        monkeypatch.setattr(MasterKeys, "wrap", dies)
        with pytest.raises(Killed):
            rotation.rotate(opened(folder, url))
        assert stands(home), "who opened the keys before goes on"
        assert stands(opened(folder, url)), "who opens them now too"
    monkeypatch.setattr(MasterKeys, "wrap", wrap)
    done = rotation.rotate(opened(folder, url))
    assert done.retired == (old,)
    assert len((folder / "keys").read_text().split()) == 2, "a rotation begun again is not a second one"
    assert rotation.rotate(opened(folder, url), drop_old=True).dropped == 1
    assert rotation.listed(opened(folder, url)) == [rotation.MasterKey(done.newest, 4, True)]
    assert stands(home)
    assert stands(opened(folder, url))
    with home.database.session() as session:
        late = data_keys.of(session, home.keys, START, purpose="replies", authority=COUNCIL, subject="2026-06")
    assert opened(folder, url).keys.decrypt(late.seal("x")) == "x", "what others wrap now is wrapped by the new key"
    assert files(home) == before, "no file of the lake changes"


def test_keys_of_the_settings_are_the_operators_to_change(home: Office) -> None:
    folder, url = home.settings.home, home.settings.database
    own = (folder / "keys").read_text().strip()
    with pytest.raises(InputRefused, match="ENGAGE_SECRET_KEYS=NEW,OLD"):
        rotation.rotate(opened(folder, url, own))
    assert rotation.rotate(opened(folder, url, A, own)).wrapped == 4
    shutil.move(folder / "keys", folder / "kept")
    assert stands(opened(folder, url, A)), "the old one may go"
    # A process that still has the old one alone must not wrap by what may be gone tomorrow.
    stale = opened(folder, url, A)
    stale.keys.masters._take([own])
    with home.database.session() as session, pytest.raises(SettingsInvalid, match=fingerprint(A)):
        data_keys.keep(session, stale.keys, stale.keys.new_sealer(), START, purpose="x", authority="", subject="")
    with home.database.reading() as session:
        assert {key.wrapped_by for key in session.exec(select(DataKey))} == {fingerprint(A)}
