"""Opening an authority: its database, its record, its first account, and accounts after that."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from engage.accounts import colleagues
from engage.deployment.earlier import put_right
from engage.deployment.resealing import demand_right_keys
from engage.foundation import audit, identity
from engage.foundation.calendar import nation_of_code
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Authority, FormerCode, Role
from engage.foundation.office import Actor, Office
from engage.migrations import upgrade
from segments.importing import misread
from segments.importing.datasets import title
from segments.importing.misread import Misread

GSS_CODE_LENGTH = 9
OF_AUTHORITIES = re.compile(r"[EWSN]\d{8}")
WRITTEN = {  # how each is written that residents read
    "officer": re.compile(r"[^\x00-\x1f<>]{1,120}"),
    "phone": re.compile(r"\+?\d[\d ]{8,38}"),
    "email": re.compile(r"(?=.{6,320}$)[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+"),
    "name_cy": re.compile(r"[^\x00-\x1f<>]{1,120}"),
}
EXPECTED = {
    "officer": ("officer’s name", "a name of at most 120 characters"),
    "phone": ("phone number", "digits and spaces, such as 01632 960000"),
    "email": ("email address of the office", "one such as elections@example.gov.uk"),
    "name_cy": ("council’s name in Welsh", "a name of at most 120 characters"),
}


@dataclass(frozen=True)
class Opened:
    authority: str
    name: str
    link: str  # empty when an administrator has set a password
    told: tuple[str, ...] = ()  # of what an earlier version left
    former: tuple[str, ...] = ()  # codes it, or a part of it, had before
    opened_before: bool = False

    @property
    def message(self) -> str:
        before = f" Tables may also carry its earlier codes: {', '.join(self.former)}." if self.former else ""
        if not self.opened_before:
            return (
                f"{self.name} ({self.authority}) is ready.{before} Set the administrator's password once at:"
                f"\n{self.link}"
            )
        again = [f"No administrator has set a password yet. Set it once at:\n{self.link}"] if self.link else []
        return "\n".join([f"{self.name} ({self.authority}) is up to date.{before}", *self.told, *again])


def _told(found: Misread) -> str:
    act = "Import again" if found.again else "Undo"
    return f"{act}: {title(found.kind)} (import {found.snapshot_id}, as at {found.as_at}). {found.why}."


def open_authority(
    office: Office, code: str, name: str, email: str | None = None, *, was: Sequence[str] = (),
    until: date | None = None,
) -> Opened:  # fmt: skip
    """Bring the database and what an earlier version left up to date; make the authority and its first administrator
    where they are missing.

    `was` are codes that it, or councils that went into it, had before the day `until` (today, if it is not given).
    """
    _refuse_if_no_codes(code, was)
    if len(code) != GSS_CODE_LENGTH or not code.isalnum() or not name.strip():
        msg = f"authority is {code!r}: expected a GSS code of nine characters, such as E07000193, and a name."
        raise InputRefused(msg)
    demand_right_keys(office)
    upgrade(office.database)
    told = tuple(put_right(office, code))
    with office.database.session() as session:
        found = session.get(Authority, code)
        if found is None:
            session.add(Authority(code=code, name=name.strip(), nation=nation_of_code(code)))
            session.flush()
            audit.record(
                session, authority=code, at=office.clock.now(), actor="command", act="open authority", subject=code
            )
        _succeed(session, office, code, was, until or today(office.clock))
        former = tuple(each.code for each in identity.former_codes(session, code))
        has_accounts = bool(identity.accounts(session, code))
    if has_accounts:
        told = (*told, *map(_told, misread.found(office, code)))
        return Opened(code, name, _link_of_first(office, code, email), told, former, opened_before=True)
    address = email or f"administrator@{code.lower()}.example.com"
    link = colleagues.invite(office, Actor(code, "command"), address, "Administrator", Role.administrator)
    return Opened(code, name, link, former=former)


def said(office: Office, code: str) -> dict[str, str]:
    """What residents read of the office now."""
    with office.database.reading() as session:
        authority = identity.authority(session, code)
    return {name: getattr(authority, name) for name in WRITTEN}


def misspelt(given: Mapping[str, str]) -> dict[str, str]:
    """What of it cannot be taken, with the sentence that says so."""
    wrong = [name for name, value in given.items() if value and not WRITTEN[name].fullmatch(value)]
    return {
        name: f"The {EXPECTED[name][0]} is {given[name][:40]!r}: expected {EXPECTED[name][1]}." for name in wrong
    }  # fmt: skip


def introduce(office: Office, actor: Actor, said: Mapping[str, str | None]) -> None:
    """Who the officer is (`officer`), the `phone` and `email` of the elections office and the council's name in Welsh
    (`name_cy`), for what residents see; None leaves what was said before."""
    given = {name: value.strip() for name, value in said.items() if value is not None}
    if wrong := misspelt(given):
        raise InputRefused(next(iter(wrong.values())))
    code = actor.authority
    with office.database.session() as session:
        authority = session.get_one(Authority, code)
        if changed := {name: value for name, value in given.items() if getattr(authority, name) != value}:
            authority.sqlmodel_update(changed)
            audit.record(
                session, authority=code, at=office.clock.now(), actor=actor.label, act="introduce the officer",
                subject=", ".join(changed),
            )  # fmt: skip


def _refuse_if_no_codes(code: str, was: Sequence[str]) -> None:
    wrong = next((each for each in was if not OF_AUTHORITIES.fullmatch(each) or each == code), None)
    if wrong is not None:
        msg = f"--was is {wrong[:20]!r}: expected the GSS code that {code} had before, such as E07000193."
        raise InputRefused(msg)


def _refuse_a_circle(session: Session, code: str, was: Sequence[str]) -> None:
    wrong = next((each for each in was if code in identity.line(session, each)), None)
    if wrong is not None:
        msg = f"--was is {wrong!r}: expected a code that came before {code}, but {code} went into {wrong}."
        raise InputRefused(msg)


def _succeed(session: Session, office: Office, code: str, was: Sequence[str], until: date) -> None:
    """Record each earlier code once. Whatever councils of these codes leave here is found by them from then on, also
    what comes later. Safe to repeat."""
    _refuse_a_circle(session, code, was)
    known = {each.code: each for each in identity.former_codes(session, code)}
    for former in was:
        record = known.get(former, FormerCode(authority=code, code=former, until=until))
        record.until = until
        session.add(record)
    session.flush()
    if was:
        audit.record(
            session, authority=code, at=office.clock.now(), actor="command", act="record earlier codes",
            subject=", ".join(was), until=until.isoformat(),
        )  # fmt: skip


def _link_of_first(office: Office, code: str, email: str | None) -> str:
    """Another link, where no administrator has ever set a password: the first may have expired, or been lost."""
    with office.database.session() as session:
        waiting = identity.administrators(session, code)
        if not waiting or any(each.finished for each in waiting):
            return ""
        first = waiting[0]
        if email and identity.by_email(session, email) is None:
            first.email = email.strip().casefold()
    return colleagues.new_link(office, Actor(code, "command"), first.id or 0)
