"""The one way in which what comes back closes a contact or a home: suppressed, and what waits there dropped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.records.models import MESSAGES, Message, MessageState, Reason, Response
from engage.foundation.office import Office
from segments.safeguards.suppression import suppress_contact, suppress_household

of = MESSAGES.c


@dataclass(frozen=True)
class Closed:
    """A contact of a channel, and homes with the channel they are closed to, '' being every one."""

    authority: str
    contact: str = ""
    channel: str = ""
    homes: tuple[int, ...] = ()
    to: str = ""
    until: date | None = None  # the last day on which the homes are closed


def silence(session: Session, office: Office, closed: Closed, reason: str, source: str) -> int:
    """Gives how many queued messages were dropped. Asking again changes nothing."""
    if closed.contact:
        suppress_contact(session, office, closed.authority, closed.channel, closed.contact, reason, source)
    for uprn in closed.homes:
        suppress_household(session, office, closed.authority, uprn, reason, source, closed.to, closed.until)
    return _drop(session, office, closed)


def _drop(session: Session, office: Office, closed: Closed) -> int:
    there: sa.ColumnElement[bool] = of.uprn.in_(closed.homes)
    if closed.to:
        there &= of.channel == closed.to
    if closed.contact:
        there |= of.contact == closed.contact
    dropped = session.execute(
        sa.update(MESSAGES)
        .where(of.authority == closed.authority, of.state == MessageState.planned.value, there)
        .values(state=MessageState.dropped.value, reason=Reason.suppressed.value, settled_at=office.clock.now())
    )
    return int(getattr(dropped, "rowcount", 0))


def respond(
    session: Session, office: Office, message: Message, what: str, *, token: str = "", reply_id: int | None = None
) -> bool:
    """Keep what a resident said of a message, once; gives whether it is new."""
    same = select(Response.id).where(Response.message_id == message.id, Response.what == what)
    if session.exec(same).first() is not None:
        return False
    session.add(
        Response(
            authority=message.authority, message_id=message.id, token=token, what=what, at=office.clock.now(),
            reply_id=reply_id,
        )
    )  # fmt: skip
    return True


def to_contact(session: Session, authority: str, contact: str) -> Sequence[Message]:
    """The newest message of ours to each home that this contact was used for: of those that have left, if any has."""
    if not contact:
        return []
    query = select(Message).where(Message.authority == authority, Message.contact == contact)
    left = col(Message.sent_at).is_not(None)
    return list({message.uprn: message for message in session.exec(query.order_by(left, col(Message.id)))}.values())
