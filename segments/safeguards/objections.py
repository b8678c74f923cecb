"""The list of who must not be contacted, as the officers' page shows it: by number and reason, never by name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, func, select

from engage.foundation import audit
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused
from engage.foundation.identity import accounts, line
from engage.foundation.office import Actor, Office
from engage.foundation.web.forms import Form
from engage.foundation.web.shown.filters import Filter, Filters
from engage.foundation.words import sentence
from segments.safeguards import addresses, contact_point, suppression
from segments.safeguards.addresses import Found
from segments.safeguards.suppression import Suppression, suppress_contact, suppress_household

REASONS = {
    "asked by phone": "They asked by phone",
    "asked in person": "They asked in person",
    "asked in writing": "They asked by letter or email",
    "deceased": "The person has died",
    "wrong contact": "The address or number belongs to somebody else",
}

LIFTS = {
    "asked again": "They want reminders again",
    "by mistake": "It was put on the list by mistake",
    "new residents": "Whoever asked no longer lives there",
}
PAGE = 50
CONTACTS = {"email": "An email address", "sms": "A mobile number"}
WHAT = {"home": "A home", **CONTACTS}
STOPS = {"": "email, texts and letters", "email": "emails", "sms": "texts", "letter": "letters"}


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


def add(office: Office, actor: Actor, form: Form) -> Found | None:
    """Put one contact or home on the list; the form says what is wrong. What was typed is kept only as a keyed hash.
    Of a home that is looked for by its address, gives the homes to choose from, and nothing is changed yet."""
    scope = form.require("scope", "Select what to stop using")
    reason = form.require("reason", "Select why")
    value = form.require("value", "Enter the email address, phone number, or address of the home")
    if reason and reason not in REASONS:
        form.fail("reason", "Select why")
    if not form.valid:
        return None
    with form.blaming("value"):
        if scope == "home" and not form.text("home"):
            return addresses.search(office, actor.authority, value)
        _add(office, actor, scope, value, form.text("home"), reason)
    return None


def _add(office: Office, actor: Actor, scope: str, value: str, home: str, reason: str) -> None:
    chosen = addresses.by_key(office, actor.authority, home) if scope == "home" else None
    with office.database.session() as session:
        if chosen:
            suppress_household(session, office, actor.authority, chosen.uprn, reason, actor.label)
        elif scope in contact_point.CHANNELS:
            contact = office.keys.contact(scope, normal(scope, value))
            suppress_contact(session, office, actor.authority, scope, contact, reason, actor.label)
        else:
            raise InputRefused("Select what to stop using")
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="add suppression",
            subject=scope, reason=reason,
        )  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One entry in words; which home or contact it is, nobody can read from it."""

    number: int
    channel: str  # '' is every one
    what: str
    stops: str
    reason: str
    source: str
    since: date
    until: date | None
    lifted: datetime | None


@dataclass(frozen=True)
class Listing:
    entries: list[Entry]
    total: int
    page: int
    filters: Filters

    @property
    def last(self) -> int:
        return max(1, -(-self.total // PAGE))


def filters(office: Office, authority: str, sent: Mapping[str, str]) -> Filters:
    with office.database.reading() as session:
        mine = col(Suppression.authority).in_(line(session, authority))
        reasons = session.exec(select(Suppression.reason).where(mine).distinct().order_by(Suppression.reason)).all()
    return Filters.read(
        "/suppressions", sent,
        Filter("of", "What", WHAT),
        Filter("why", "Reason", {reason: sentence(reason) for reason in reasons}),
        Filter("state", "State", {"stands": "Stands", "lifted": "Lifted or ended"}),
    )  # fmt: skip


def listing(office: Office, authority: str, chosen: Filters, page: int = 1) -> Listing:
    """Newest first."""
    with office.database.reading() as session:
        where = [col(Suppression.authority).in_(line(session, authority)), *_narrowed(chosen, today(office.clock))]
        total = session.exec(select(func.count()).select_from(Suppression).where(*where)).one()
        page = min(max(page, 1), max(1, -(-total // PAGE)))
        query = select(Suppression).where(*where).order_by(col(Suppression.id).desc())
        found = session.exec(query.offset((page - 1) * PAGE).limit(PAGE)).all()
        names = {each.label: each.name for each in accounts(session, authority)}
        return Listing([entry(each, names) for each in found], total, page, chosen)


def entry(one: Suppression, names: Mapping[str, str]) -> Entry:
    home = one.scope == "household"
    what = "A home" if home else CONTACTS.get(one.channel, "A contact")
    stops = STOPS.get(one.channel, one.channel) if home else "messages to it"
    return Entry(
        one.id or 0, one.channel, what, stops, one.reason, names.get(one.source) or _source(one.source),
        one.added_on, one.until, one.lifted_at,
    )  # fmt: skip


def standing_entry(office: Office, authority: str, number: int) -> Entry:
    """NotFound where there is none, or it has been lifted."""
    with office.database.reading() as session:
        found = suppression.find_standing(session, authority, number)
        return entry(found, {each.label: each.name for each in accounts(session, authority)})


def lift(office: Office, actor: Actor, number: int, reason: str) -> None:
    """`reason` is one of LIFTS: an objection stands until the person withdraws it (UK GDPR, article 21)."""
    with office.database.session() as session:
        was = suppression.lift(session, office, actor.authority, number)
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="lift suppression",
            subject=f"suppression {number}", reason=reason, was=was.reason, of=was.scope,
        )  # fmt: skip


def _narrowed(chosen: Filters, day: date) -> list[Any]:
    ended = col(Suppression.lifted_at).is_not(None) | (col(Suppression.until) < day)
    contact = col(Suppression.scope) == "contact"
    narrowed: dict[str, Any] = {
        "home": ~contact, **{channel: contact & (col(Suppression.channel) == channel) for channel in CONTACTS},
        "stands": sa.not_(sa.func.coalesce(ended, sa.false())), "lifted": ended,
    }  # fmt: skip
    found = [narrowed[chosen[name]] for name in ("of", "state") if chosen[name]]
    return [*found, *([col(Suppression.reason) == chosen["why"]] if chosen["why"] else [])]


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
