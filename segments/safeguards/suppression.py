"""Who must not be contacted: a live list that outlasts every import and the council itself, of keyed hashes only.

An objection was made to the council as it was, and stands when that council gets another code or goes into another
(UK GDPR, article 21: until the person withdraws it). So what was asked of earlier codes counts with what was asked of
the authority, also what is asked of them later, by the link in one of their messages.
"""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, or_, select

from engage.foundation.clock import today
from engage.foundation.database import Moment
from engage.foundation.errors import NotFound
from engage.foundation.identity import line
from engage.foundation.office import Office

CHANNELS = ("", "email", "sms", "letter")


class Suppression(SQLModel, table=True):
    """One reason of one source not to use a contact, or not to write to a household; channel '' means every channel."""

    __table_args__ = (UniqueConstraint("authority", "scope", "key", "channel", "source"),)

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    scope: str = Field(max_length=10)  # 'contact' or 'household'
    key: str = Field(max_length=64, index=True)
    channel: str = Field(default="", max_length=10)
    reason: str = Field(max_length=40)
    source: str = Field(max_length=40)  # id of the import, 'resident' or 'receipt'
    added_on: date
    until: date | None = None
    lifted_at: datetime | None = Field(default=None, sa_type=Moment)


def suppress_contact(
    session: Session, office: Office, authority: str, channel: str, contact_hash: str, reason: str, source: str
) -> Suppression:
    return _add(session, office, authority, "contact", contact_hash, channel, reason, source)


def suppress_household(
    session: Session, office: Office, authority: str, uprn: int, reason: str, source: str, channel: str = "",
    until: date | None = None,
) -> Suppression:  # fmt: skip
    """`until` is the last day on which it is not written to."""
    made = _add(session, office, authority, "household", office.keys.uprn(uprn), channel, reason, source)
    made.until = until
    return made


def _add(
    session: Session, office: Office, authority: str, scope: str, key: str, channel: str, reason: str, source: str
) -> Suppression:
    """Asking twice changes nothing; asking again after it was lifted takes it up again."""
    found = session.exec(
        select(Suppression).where(
            Suppression.authority == authority, Suppression.scope == scope, Suppression.key == key,
            Suppression.channel == channel, Suppression.source == source,
        )
    ).first()  # fmt: skip
    if found is None:
        found = Suppression(
            authority=authority, scope=scope, key=key, channel=channel, reason=reason, source=source,
            added_on=today(office.clock),
        )  # fmt: skip
    elif found.lifted_at:
        found.lifted_at, found.reason, found.added_on = None, reason, today(office.clock)
    session.add(found)
    session.flush()
    return found


def add_imported(session: Session, authority: str, source: str, entries: list[tuple[str, str, str, str, date]]) -> int:
    """Take up a whole list: (scope, key, channel, reason, added_on) of each; returns how many it has."""
    distinct = {(scope, key, channel): (reason, day) for scope, key, channel, reason, day in entries}
    session.add_all(
        Suppression(
            authority=authority, scope=scope, key=key, channel=channel, reason=reason, source=source, added_on=day
        )
        for (scope, key, channel), (reason, day) in distinct.items()
    )
    session.flush()
    return len(distinct)


def lift_source(session: Session, office: Office, authority: str, source: str) -> int:
    """End what one source asked for; what another source, or the resident, asked for stays."""
    found = session.exec(
        select(Suppression).where(
            Suppression.authority == authority, Suppression.source == source, col(Suppression.lifted_at).is_(None)
        )
    ).all()
    for entry in found:
        entry.lifted_at = office.clock.now()
        session.add(entry)
    return len(found)


def find_standing(session: Session, authority: str, number: int, *, lock: bool = False) -> Suppression:
    found = session.get(Suppression, number, with_for_update=lock)
    if found is None or found.authority not in line(session, authority) or found.lifted_at:
        raise NotFound("There is no such entry that stands. Somebody may have lifted it meanwhile.")
    return found


def lift(session: Session, office: Office, authority: str, number: int) -> Suppression:
    """End one entry, as somebody asked for reminders again or it was a mistake; others of the same home stay."""
    found = find_standing(session, authority, number, lock=True)
    found.lifted_at = office.clock.now()
    session.add(found)
    return found


def standing(session: Session, office: Office, authority: str, keys: list[str]) -> list[Suppression]:
    """What keeps these homes and contacts, by their keyed hashes, from being written to today."""
    query = _standing(session, authority, today(office.clock)).where(col(Suppression.key).in_(keys))
    return list(session.exec(query.order_by(col(Suppression.id))))


def is_suppressed(
    session: Session, office: Office, authority: str, channel: str, *, contact_hash: str = "", uprn: int | None = None
) -> bool:
    """Whether a message by this channel may not go to this contact or this household today."""
    keys = [("contact", contact_hash)] if contact_hash else []
    if uprn is not None:
        keys.append(("household", office.keys.uprn(uprn)))
    wanted = [(Suppression.scope == scope) & (Suppression.key == key) for scope, key in keys]
    if not wanted:
        return False
    query = _standing(session, authority, today(office.clock)).where(
        or_(*wanted), col(Suppression.channel).in_(("", channel))
    )  # fmt: skip
    return session.exec(query.limit(1)).first() is not None


def suppressed_contacts(session: Session, authority: str, on: date | None = None) -> set[str]:
    """Keyed hashes of contacts not to use (a hash is of one channel). `on` leaves out what ended before that day."""
    query = _standing(session, authority, on).where(Suppression.scope == "contact")
    return {entry.key for entry in session.exec(query)}


def suppressed_households(session: Session, authority: str, channel: str = "", on: date | None = None) -> set[str]:
    """Keyed hashes (`Keys.uprn`) of households not to write to by a channel; '' means those closed to every channel."""
    query = _standing(session, authority, on).where(
        Suppression.scope == "household", col(Suppression.channel).in_({"", channel})
    )
    return {entry.key for entry in session.exec(query)}


def _standing(session: Session, authority: str, on: date | None):  # type: ignore[no-untyped-def]  # noqa: ANN202  # SelectOfScalar is not public
    query = select(Suppression).where(
        col(Suppression.authority).in_(line(session, authority)), col(Suppression.lifted_at).is_(None)
    )
    return query.where(or_(col(Suppression.until).is_(None), col(Suppression.until) >= on)) if on else query
