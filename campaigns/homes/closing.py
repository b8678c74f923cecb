"""What keeps a home from being written to, and closing and opening it by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from campaigns.records.lookup import permit
from campaigns.records.models import Message
from campaigns.replies.silence import Closed, silence
from engage.foundation import audit
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Right, accounts, line
from engage.foundation.office import Actor, Office
from segments.safeguards import objections, suppression
from segments.safeguards.addresses import Address
from segments.safeguards.objections import LIFTS, REASONS, Entry
from segments.safeguards.suppression import CHANNELS


@dataclass(frozen=True)
class Closures:
    """`home` and `contacts` are what stands; `every` is whether the home is closed to every channel."""

    home: tuple[Entry, ...]
    contacts: tuple[Entry, ...]
    every: bool

    @property
    def entries(self) -> tuple[Entry, ...]:
        return (*self.home, *self.contacts)


def closures(session: Session, office: Office, authority: str, uprn: int) -> Closures:
    """Of the home itself, and of each contact that a message to it used."""
    names = {each.label: each.name for each in accounts(session, authority)}
    found = suppression.standing(session, office, authority, [office.keys.uprn(uprn)])
    contacts = suppression.standing(session, office, authority, _contacts(session, authority, uprn))
    return Closures(
        tuple(objections.entry(each, names) for each in found),
        tuple(objections.entry(each, names) for each in contacts),
        any(each.channel == "" for each in found),
    )


def _contacts(session: Session, authority: str, uprn: int) -> list[str]:
    query = select(Message.contact).where(col(Message.authority).in_(line(session, authority)), Message.uprn == uprn)
    return [contact for contact in set(session.exec(query)) if contact]


def close(office: Office, actor: Actor, address: Address, channel: str, reason: str) -> int:
    """Gives how many queued messages were dropped."""
    if channel not in CHANNELS:
        raise InputRefused("Select what to stop")
    if reason not in REASONS:
        raise InputRefused("Select why")
    with office.database.session() as session:
        permit(session, actor, Right.suppress)
        closed = Closed(actor.authority, homes=(address.uprn,), to=channel)
        dropped = silence(session, office, closed, reason, actor.label)
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="add suppression",
            subject=address.subject, reason=reason, of=channel or "every channel", dropped=dropped,
        )  # fmt: skip
        return dropped


def open_again(office: Office, actor: Actor, address: Address, numbers: Sequence[str], reason: str) -> int:
    """Lifts entries of this home and of its contacts, and of no other; gives how many."""
    if reason not in LIFTS:
        raise InputRefused("Select why it is lifted")
    with office.database.session() as session:
        permit(session, actor, Right.lift)
        known = {str(each.number) for each in closures(session, office, actor.authority, address.uprn).entries}
        if not set(numbers) <= known:
            raise NotFound("There is no such entry that stands. Somebody may have lifted it meanwhile.")
        for number in sorted(set(numbers)):
            was = suppression.lift(session, office, actor.authority, int(number))
            audit.record(
                session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="lift suppression",
                subject=address.subject, entry=int(number), reason=reason, was=was.reason,
            )  # fmt: skip
        return len(set(numbers))
