"""Opening an authority: its database, its record, its first account, and accounts after that."""

from dataclasses import dataclass

from engage.foundation import audit, identity
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Authority, Role
from engage.foundation.office import Actor, Office
from engage.migrations import upgrade
from segments.importing import misread
from segments.importing.datasets import title
from segments.importing.misread import Misread

GSS_CODE_LENGTH = 9


@dataclass(frozen=True)
class Opened:
    authority: str
    name: str
    link: str  # empty when the authority had accounts already
    misread: tuple[Misread, ...] = ()  # by an earlier version

    @property
    def message(self) -> str:
        if not self.link:
            return "\n".join([f"{self.name} ({self.authority}) is up to date.", *map(_told, self.misread)])
        return f"{self.name} ({self.authority}) is ready. Set the administrator's password once at:\n{self.link}"


def _told(found: Misread) -> str:
    act = "Import again" if found.again else "Undo"
    return f"{act}: {title(found.kind)} (import {found.snapshot_id}, as at {found.as_at}). {found.why}."


def open_authority(office: Office, code: str, name: str, email: str | None = None) -> Opened:
    """Bring the database up to date; make the authority and its first administrator where they are missing."""
    if len(code) != GSS_CODE_LENGTH or not code.isalnum() or not name.strip():
        msg = f"authority is {code!r}: expected a GSS code of nine characters, such as E07000193, and a name."
        raise InputRefused(msg)
    upgrade(office.database)
    with office.database.session() as session:
        found = session.get(Authority, code)
        if found is None:
            session.add(Authority(code=code, name=name.strip()))
            session.flush()
            audit.record(
                session, authority=code, at=office.clock.now(), actor="command", act="open authority", subject=code
            )
        has_accounts = bool(identity.accounts(session, code))
    if has_accounts:
        return Opened(code, name, "", tuple(misread.found(office, code)))
    address = email or f"administrator@{code.lower()}.example.com"
    link = invite(office, Actor(code, "command"), address, "Administrator", Role.administrator)
    return Opened(code, name, link)


def invite(office: Office, actor: Actor, email: str, name: str, role: Role) -> str:
    """Make an account; returns the one-time link at which its owner sets a password."""
    with office.database.session() as session:
        account, secret = identity.invite(
            session, code=actor.authority, email=email, name=name, role=role, at=office.clock.now()
        )
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label,
            act="invite account", subject=account.label,
        )  # fmt: skip
    return f"{office.settings.base_url}/welcome/{secret}"
