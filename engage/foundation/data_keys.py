"""Two floors of keys: master keys, which stand in the settings or the key file, wrap data keys, which stand in the
database and encrypt or hash. A rotation wraps anew and touches nothing else; what a data key encrypted is gone once
that key is destroyed, in every copy but those that hold the wrapped key too.

The hashing key is one of the wrapped ones and stays for ever: persons, contacts and addresses are known by it.
"""

import base64
import hmac
import os
from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation.database import Database, Moment
from engage.foundation.errors import Forgotten, SettingsInvalid
from engage.foundation.folders import own_folder

HASHING, OWN = "hashing", "database"  # the ids of the two keys that a database has from its beginning
AUDIT = "audit"  # the id of the one that signs the audit log, from its first entry
NONCE = 12  # bytes, as AES-GCM takes them
AT_ONCE = 50  # keys wrapped anew in one transaction


class DataKey(SQLModel, table=True):
    """A wrapped key. Once destroyed its row stays, as the proof of it."""

    __tablename__ = "data_key"

    id: str = Field(primary_key=True, max_length=16)
    purpose: str = Field(max_length=16)  # hashing, database, audit, contacts, audience, replies
    authority: str = Field(default="", max_length=9)
    subject: str = Field(default="", max_length=40, index=True)  # the snapshot, or the month, that it encrypts
    wrapped: str = Field(max_length=255)
    wrapped_by: str = Field(max_length=16)  # fingerprint of the master key
    fingerprint: str = Field(max_length=16)  # of the key itself
    made_at: datetime = Field(sa_type=Moment)
    destroyed_at: datetime | None = Field(default=None, sa_type=Moment)


def fingerprint(secret: str) -> str:
    """By which a key is named where nobody may see it."""
    return hmac.digest(secret.encode(), b"engage key fingerprint", "sha256").hex()[:12]


@dataclass(frozen=True)
class Sealer:
    """A data key at work. What it encrypts begins with its id, so that whoever reads knows which to ask for."""

    id: str
    secret: str = field(repr=False)

    @classmethod
    def new(cls, id: str = "") -> "Sealer":  # noqa: A002  # the name of the column
        return cls(id or os.urandom(8).hex(), base64.b64encode(AESGCM.generate_key(256)).decode())

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(base64.b64decode(self.secret))

    def seal(self, value: str) -> str:
        return self._seal(value.encode(), os.urandom(NONCE))

    def open(self, token: str) -> str:
        return self._open(token).decode()

    def sealed_anew(self, tokens: list[str], to: "Sealer") -> list[str]:
        """Many of this key's under another, without a word of them becoming text."""
        nonces = os.urandom(NONCE * len(tokens))
        each = enumerate(tokens)
        return [to._seal(self._open(token), nonces[NONCE * n : NONCE * (n + 1)]) for n, token in each]  # noqa: SLF001  # of its own kind

    def _seal(self, value: bytes, nonce: bytes) -> str:
        sealed = b2a_base64(nonce + self._cipher.encrypt(nonce, value, None), newline=False)
        return f"{self.id}:{sealed.decode('ascii')}"

    def _open(self, token: str) -> bytes:
        raw = a2b_base64(token[len(self.id) + 1 :])
        return self._cipher.decrypt(raw[:NONCE], raw[NONCE:], None)


class MasterKeys:
    """Fernet keys, newest first, of the settings or of a file that is read again when another process has rotated."""

    def __init__(self, keys: list[str], file: Path | None = None) -> None:
        self.file = file
        self._take(keys)

    def _take(self, keys: list[str]) -> None:
        try:
            self._by = {fingerprint(key): Fernet(key) for key in keys}
        except ValueError:
            where = self.file or "ENGAGE_SECRET_KEYS"
            msg = f"{where} is (hidden): each key must be 32 bytes in URL-safe base64, as Fernet makes them."
            raise SettingsInvalid(msg) from None
        self.keys = keys

    @property
    def fingerprints(self) -> list[str]:
        return list(self._by)

    def wrap(self, secret: str) -> tuple[str, str]:
        """By the newest; gives its fingerprint too."""
        by = self.fingerprints[0]
        return self._by[by].encrypt(secret.encode()).decode(), by

    def unwrap(self, row: DataKey) -> str:
        self.demand(row.wrapped_by)
        try:
            secret = self._by[row.wrapped_by].decrypt(row.wrapped).decode()
        except InvalidToken:
            raise SettingsInvalid(self._refusal(row.wrapped_by)) from None
        if fingerprint(secret) != row.fingerprint:
            raise SettingsInvalid(self._refusal(row.wrapped_by))
        return secret

    def demand(self, wanted: str) -> None:
        if wanted not in self._by and self.file:
            self._take(self.file.read_text().split())
        if wanted not in self._by:
            raise SettingsInvalid(self._refusal(wanted))

    def _refusal(self, wanted: str) -> str:
        where, held = self.file or "ENGAGE_SECRET_KEYS", ", ".join(self.fingerprints)
        return (
            f"The data here was made with the key {wanted}, which is not among those of {where}: {held}. Put that key "
            "back (engage keys list gives the fingerprints of keys); nothing was opened and nothing was changed."
        )

    def renew(self) -> None:
        """A new key before the others, written whole or not at all."""
        self.write([Fernet.generate_key().decode(), *self.keys])

    def drop(self, kept: str) -> int:
        """Of the file, all keys but the one; gives how many went."""
        gone = len(self.keys) - 1
        self.write([key for key in self.keys if fingerprint(key) == kept])
        return gone

    def write(self, keys: list[str]) -> None:
        assert self.file, "keys of the settings are the operator's to change"
        write_key_file(self.file, keys)
        self._take(keys)


class Opened(Protocol):
    """The keys of a deployment, as `engage.foundation.privacy` opens them."""

    masters: MasterKeys
    hashing_key: str

    def new_sealer(self) -> Sealer: ...

    def remember(self, sealer: Sealer) -> Sealer: ...

    def forget(self, sealer_id: str) -> None: ...


def write_key_file(path: Path, keys: list[str]) -> None:
    own_folder(path.parent)
    staged = path.with_name(f"{path.name}.{os.urandom(4).hex()}")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write("".join(f"{key}\n" for key in keys))
            file.flush()
            os.fsync(descriptor)
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)


def read(database: Database | None, id: str) -> DataKey | None:  # noqa: A002  # the name of the column
    """None where there is no such key, no table of them, or no database."""
    if database is None or not has_table(database, DataKey.__tablename__):
        return None
    with database.reading() as session:
        return session.get(DataKey, id)


def has_table(database: Database, name: str) -> bool:
    if not database.exists:
        return False
    with database.reading() as session:
        return sa.inspect(session.connection()).has_table(name)


KEYED = ("data_key", "snapshot_key", "suppression", "message", "reply")  # tables of what was made with keys


def holds_data(database: Database) -> bool:
    """Whether anything here was made with keys, so that new ones would not open it. Of an earlier version any snapshot
    may be."""
    tables = KEYED if has_table(database, "snapshot_key") else (*KEYED, "snapshot")
    there = [sa.table(name) for name in tables if has_table(database, name)]
    if not there:
        return False
    with database.reading() as session:
        return any(session.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() for table in there)


def demand_of_snapshots(database: Database, ours: str) -> None:
    """Every snapshot says by which hashing key it was made: one of a restored or merged database may be of another."""
    hashed_by: sa.ColumnClause[str] = sa.column("hashed_by", sa.String())
    query = sa.select(hashed_by).select_from(sa.table("snapshot_key")).where(hashed_by != ours)
    with database.reading() as session:
        other = session.execute(query.order_by(hashed_by).limit(1)).scalar()
    if other:
        raise SettingsInvalid(
            f"Snapshots here were made with the hashing key {other}, but the database's is {ours}: persons and "
            "addresses would not be known again. Put back the database that belongs to this home folder."
        )


def establish(session: Session, keys: Opened, at: datetime) -> None:
    """The keys that a database has from its beginning, once. Whoever wraps a key holds this row, so that none is
    wrapped by a master key that a rotation is about to retire."""
    standing = session.get(DataKey, HASHING, with_for_update=True)
    if standing is not None:
        keys.masters.demand(standing.wrapped_by)
        return
    for id_, secret in ((HASHING, keys.hashing_key), (OWN, Sealer.new(OWN).secret)):
        session.add(_row(keys, id_, secret, id_, at))
    session.flush()


def audit_key(session: Session) -> str | None:
    """The key of the audit log; none where nothing was signed yet."""
    row = session.get(DataKey, AUDIT)
    return _opened(session).masters.unwrap(row) if row else None


def begin_audit(session: Session, at: datetime) -> str:
    keys = _opened(session)
    establish(session, keys, at)
    key = Sealer.new(AUDIT).secret
    session.add(_row(keys, AUDIT, key, AUDIT, at))
    session.flush()
    return key


def _opened(session: Session) -> Opened:
    """Of the office whose database this is a session of."""
    keys: Opened = session.info["keys"]()
    return keys


def _row(
    keys: Opened, id_: str, secret: str, purpose: str, at: datetime, authority: str = "", subject: str = ""
) -> DataKey:
    wrapped, by = keys.masters.wrap(secret)
    return DataKey(
        id=id_, purpose=purpose, authority=authority, subject=subject, wrapped=wrapped, wrapped_by=by,
        fingerprint=fingerprint(secret), made_at=at,
    )  # fmt: skip


def keep(
    session: Session, keys: Opened, sealer: Sealer, at: datetime, *, purpose: str, authority: str, subject: str
) -> None:
    """With what it encrypts, in one transaction."""
    establish(session, keys, at)
    session.add(_row(keys, sealer.id, sealer.secret, purpose, at, authority, subject))
    session.flush()


def standing(session: Session, purpose: str, authority: str, subject: str) -> DataKey | None:
    query = select(DataKey).where(
        DataKey.purpose == purpose, DataKey.authority == authority, DataKey.subject == subject,
        col(DataKey.destroyed_at).is_(None),
    )  # fmt: skip
    return session.exec(query.order_by(DataKey.id).limit(1)).first()


def of(session: Session, keys: Opened, at: datetime, *, purpose: str, authority: str, subject: str) -> Sealer:
    """The one that stands for this, else a new one."""
    if row := standing(session, purpose, authority, subject):
        return keys.remember(Sealer(row.id, keys.masters.unwrap(row)))
    sealer = keys.new_sealer()
    keep(session, keys, sealer, at, purpose=purpose, authority=authority, subject=subject)
    return sealer


def destroy(session: Session, keys: Opened, rows: list[DataKey], at: datetime) -> int:
    """For good: what they encrypted cannot be read again. In a transaction of `Database.erasing`."""
    for row in rows:
        row.wrapped, row.destroyed_at = "0" * len(row.wrapped), at  # as long as before, so that SQLite writes over it
        keys.forget(row.id)
        session.add(row)
    session.flush()
    return len(rows)


def demand_standing(row: DataKey | None) -> DataKey:
    if row is None or row.destroyed_at is not None:
        raise Forgotten("This was kept encrypted, and its key was destroyed: what it said is forgotten.")
    return row


def waiting(session: Session, newest: str) -> list[DataKey]:
    """Those that another key than the newest wraps, the hashing key last: it says that all are done."""
    query = select(DataKey).where(DataKey.wrapped_by != newest, col(DataKey.destroyed_at).is_(None))
    return sorted(session.exec(query), key=lambda row: row.id == HASHING)


def wrap_again(database: Database, keys: Opened, at: datetime) -> int:
    """Under the newest master key, some at a time, while others work; done again it goes on where it was stopped."""
    done = 0
    while True:
        with database.erasing() as session:
            establish(session, keys, at)
            rows = waiting(session, keys.masters.fingerprints[0])[:AT_ONCE]
            for row in rows:
                row.wrapped, row.wrapped_by = keys.masters.wrap(keys.masters.unwrap(row))
                session.add(row)
        if not rows:
            return done
        done += len(rows)
