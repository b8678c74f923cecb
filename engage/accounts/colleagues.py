"""Colleagues: invited, given a new link or another role, and gone. Whoever leaves is signed out at once; what they did
keeps their name, as their account stays."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from engage.accounts import second_factor
from engage.accounts.second_factor import SecondFactor
from engage.foundation import audit, identity
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Account, Authority, Role
from engage.foundation.office import Actor, Office
from engage.foundation.web.askers import attempts, sign_ins
from engage.foundation.web.askers.sign_ins import SignIn

ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")
LONGEST_ADDRESS, LONGEST_NAME = 320, 120


@dataclass(frozen=True)
class Colleague:
    account: Account
    has_second_factor: bool
    seen: datetime | None  # of those signed in now
    now: datetime

    @property
    def state(self) -> str:
        if not self.account.active:
            return "left"
        if self.account.link_expires and not self.account.finished:
            return "invited" if self.account.link_expires > self.now else "link expired"
        return "active"


def everybody(office: Office, code: str) -> list[Colleague]:
    now = office.clock.now()
    with office.database.reading() as session:
        people = identity.accounts(session, code)
        numbers = [person.id for person in people]
        held = select(SecondFactor.account_id).where(col(SecondFactor.account_id).in_(numbers))
        secured = set(session.exec(held.where(col(SecondFactor.confirmed).is_not(None))))
        query = select(SignIn.account_id, SignIn.seen).where(col(SignIn.account_id).in_(numbers), SignIn.ends > now)
        seen = dict(sorted(session.exec(query).all(), key=lambda row: row[1]))
    found = [Colleague(person, person.id in secured, seen.get(person.id or 0), now) for person in people]
    return sorted(found, key=lambda one: (not one.account.active, one.account.name.casefold(), one.account.id))


def colleague(office: Office, code: str, number: int) -> Colleague:
    found = next((one for one in everybody(office, code) if one.account.id == number), None)
    if found is None:
        raise NotFound("There is no colleague of that number here.")
    return found


def numbered(office: Office, code: str, email: str) -> int:
    """Of an active account, for commands."""
    with office.database.reading() as session:
        account = identity.by_email(session, email)
    if account is None or account.id is None or account.authority != code or not account.active:
        raise InputRefused(f"There is no active account with that email address in {code}.")
    return account.id


def role_of(text: str) -> Role:
    if text not in set(Role):
        msg = f"There is no role {text[:20]!r}. Use one of: {', '.join(Role)}."
        raise InputRefused(msg)
    return Role(text)


def invite(office: Office, actor: Actor, email: str, name: str, role: Role) -> str:
    """The one-time link at which its owner sets a password. Whoever left comes back to the account they had."""
    name = " ".join(name.split())
    _demand_written(email, name)
    with office.database.session() as session:
        take_turns(session, actor.authority)
        found = identity.by_email(session, email)
        if found and not found.active and found.authority == actor.authority:
            found.active, found.name, found.role = True, name, role
            secret, act = identity.new_link(session, found, office.clock.now()), "bring back account"
        else:
            found, secret = identity.invite(
                session, code=actor.authority, email=email, name=name, role=role, at=office.clock.now()
            )
            act = "invite account"
        _record(session, office, actor, act, found)
    return _welcome(office, secret)


def new_link(office: Office, actor: Actor, number: int) -> str:
    """For somebody who forgot their password, or is kept out by others' guesses; the link before it ends."""
    with _changing(office, actor, number) as (session, account):
        secret = identity.new_link(session, account, office.clock.now())
        _record(session, office, actor, "give a new link", account)
    return _welcome(office, secret)


def change_role(office: Office, actor: Actor, number: int, role: Role) -> None:
    """In force from the next page that its owner opens, as each asks for the account anew."""
    with _changing(office, actor, number) as (session, account):
        if account.role != role:
            demote(session, account, role)
            _record(session, office, actor, "change role", account, role=role.value)


def demote(session: Session, account: Account, role: Role) -> None:
    """Or raise: to another role, unless nobody would be left who manages accounts."""
    if role != Role.administrator:
        _demand_another(session, account)
    account.role = role


def leave(office: Office, actor: Actor, number: int) -> None:
    with _changing(office, actor, number) as (session, account):
        _demand_another(session, account)
        account.active, account.password, account.link, account.link_expires = False, "", "", None
        second_factor.forget(session, account)
        sign_ins.end(session, number)
        _record(session, office, actor, "end account", account)


def reset_second_factor(office: Office, actor: Actor, number: int) -> None:
    """For somebody who has lost phone and recovery codes: they set up another at the next sign-in, which is needed for
    that at once."""
    with _changing(office, actor, number) as (session, account):
        second_factor.forget(session, account)
        attempts.forget(session, second_factor.tries(office.keys, account))
        sign_ins.end(session, number)
        _record(session, office, actor, "reset second factor", account)


def take_turns(session: Session, code: str) -> None:
    """Whoever changes accounts of one authority: two administrators who demote each other at once must not both be
    right, nor two who invite the same person."""
    session.get(Authority, code, with_for_update={"key_share": True}, populate_existing=True)


@contextmanager
def _changing(office: Office, actor: Actor, number: int) -> Iterator[tuple[Session, Account]]:
    """An active account of the actor's authority."""
    with office.database.session() as session:
        take_turns(session, actor.authority)
        account = session.get(Account, number)
        if account is None or account.authority != actor.authority:
            raise NotFound("There is no colleague of that number here.")
        if not account.active:
            raise InputRefused("They have left. Invite them again, with the same email address, to let them back in.")
        yield session, account


def _demand_another(session: Session, account: Account) -> None:
    those = identity.administrators(session, account.authority)
    if account.role == Role.administrator and not any(each.finished and each.id != account.id for each in those):
        msg = (
            "This is the last administrator who can sign in. Make somebody else administrator first, and let them "
            "set their password."
        )
        raise InputRefused(msg)


def _demand_written(email: str, name: str) -> None:
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InputRefused(f"Enter a name of at most {LONGEST_NAME} characters.")
    if not ADDRESS.fullmatch(email.strip()) or len(email) > LONGEST_ADDRESS:
        raise InputRefused("Enter an email address such as name@example.gov.uk.")


def _record(session: Session, office: Office, actor: Actor, act: str, account: Account, **detail: str) -> None:
    session.add(account)
    audit.record(
        session, authority=account.authority, at=office.clock.now(), actor=actor.label, act=act,
        subject=account.label, **detail,
    )  # fmt: skip


def _welcome(office: Office, secret: str) -> str:
    return f"{office.settings.base_url}/welcome/{secret}"
