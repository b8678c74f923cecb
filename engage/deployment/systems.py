"""Tokens given to other systems, on record, and taken back."""

import secrets
from datetime import date

from engage.foundation import audit
from engage.foundation.access import tokens
from engage.foundation.access.tokens import SystemToken
from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from engage.foundation.web.askers.bearers import hashed


def give(office: Office, actor: Actor, system: str, rights: list[str], until: date) -> tuple[SystemToken, str]:
    """A token and its secret, which is shown this once."""
    secret, now = f"engage-{secrets.token_urlsafe(32)}", office.clock.now()
    tokens.demand_possible(system, rights, until, now)
    made = SystemToken(
        authority=actor.authority, system=system.strip(), rights=sorted(set(rights)), key=hashed(office, secret),
        until=until, made_at=now, made_by=actor.label,
    )  # fmt: skip
    with office.database.session() as session:
        session.add(made)
        session.flush()
        audit.record(
            session, authority=actor.authority, at=now, actor=actor.label, act="give a token", subject=made.label,
            rights=made.rights, until=until.isoformat(),
        )  # fmt: skip
    return made, secret


def end(office: Office, actor: Actor, number: int) -> SystemToken:
    now = office.clock.now()
    with office.database.session() as session:
        found = tokens.own(session, actor.authority, number)
        if found.ended_at is not None:
            raise InputRefused(f"Token {number} was ended before. Nothing was changed.")
        found.ended_at = now
        audit.record(
            session, authority=actor.authority, at=now, actor=actor.label, act="end a token", subject=found.label
        )
    return found


def listed(office: Office, actor: Actor) -> list[SystemToken]:
    with office.database.reading() as session:
        return tokens.of_authority(session, actor.authority)
