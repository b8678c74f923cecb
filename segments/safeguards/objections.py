"""The list of who must not be contacted, as the officers' page shows it: by number and reason, never by name."""

from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlmodel import col, func

from engage.foundation import audit
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused
from engage.foundation.identity import line
from engage.foundation.office import Actor, Office
from engage.foundation.web.forms import Form
from segments.safeguards import contact_point
from segments.safeguards.suppression import Suppression, suppress_contact, suppress_household

REASONS = {
    "asked by phone": "They asked by phone",
    "asked in person": "They asked in person",
    "asked in writing": "They asked by letter or email",
    "deceased": "The person has died",
    "wrong contact": "The address or number belongs to somebody else",
}


@dataclass(frozen=True)
class Tally:
    reason: str
    source: str
    channel: str
    count: int
    latest: str


def tallies(office: Office, authority: str) -> list[Tally]:
    """What stands today, most first."""
    with office.database.reading() as session:
        codes = line(session, authority)
    grouping = (col(Suppression.reason), col(Suppression.source), col(Suppression.channel))
    query = (
        sa.select(*grouping, func.count(), func.max(Suppression.added_on))
        .where(col(Suppression.authority).in_(codes), col(Suppression.lifted_at).is_(None))
        .where(sa.or_(col(Suppression.until).is_(None), col(Suppression.until) >= today(office.clock)))
        .group_by(*grouping)
        .order_by(func.count().desc())
    )
    with office.database.session() as session:
        rows = session.execute(query).all()
    together: dict[tuple[str, str, str], Tally] = {}
    for reason, source, channel, n, day in rows:
        key, first = (reason, _source(source), channel), str(day)
        known = together.get(key, Tally(reason, _source(source), channel or "every channel", 0, first))
        together[key] = replace(known, count=known.count + n, latest=max(known.latest, first))
    return sorted(together.values(), key=lambda tally: -tally.count)


def _source(source: str) -> str:
    """Each reply is a source of its own, so that one can be undone; here they are one."""
    if source.startswith("reply "):
        return "replies"
    return f"import {source}" if source.isdigit() else source


def add(office: Office, actor: Actor, form: Form) -> None:
    """Put one contact or home on the list; the form says what is wrong. What was typed is kept only as a keyed hash."""
    scope = form.require("scope", "Select what to stop using")
    reason = form.require("reason", "Select why")
    value = form.require("value", "Enter the email address, phone number or UPRN")
    if reason and reason not in REASONS:
        form.fail("reason", "Select why")
    if not form.valid:
        return
    with form.blaming("value"), office.database.session() as session:
        if scope == "home":
            suppress_household(session, office, actor.authority, uprn(value), reason, actor.label)
        elif scope in contact_point.CHANNELS:
            contact = office.keys.contact(scope, normal(scope, value))
            suppress_contact(session, office, actor.authority, scope, contact, reason, actor.label)
        else:
            raise InputRefused("Select what to stop using")
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="add suppression",
            subject=scope, reason=reason,
        )  # fmt: skip


def normal(channel: str, value: str) -> str:
    """As `contact_point.normal`, with words for whoever typed it."""
    try:
        return contact_point.normal(channel, value)
    except InputRefused:
        wanted = (
            "an email address, like name@example.com" if channel == "email" else "a UK mobile number, like 07700 900123"
        )
        raise InputRefused(f"Enter {wanted}") from None


def uprn(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 1 <= len(value) <= 12):
        raise InputRefused("Enter a UPRN: up to 12 digits")
    return int(value)
