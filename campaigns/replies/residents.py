"""What a resident can do with the link in a message: see what it is, and stop reminders to their home at once."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, select

from campaigns.records.models import MESSAGES, Campaign, Message, MessageState, Reason, Response
from campaigns.sending.guard import Guard
from engage.foundation import audit
from engage.foundation.errors import NotFound
from engage.foundation.identity import Authority, fingerprint
from engage.foundation.office import Office
from segments.safeguards.suppression import is_suppressed, suppress_contact, suppress_household

STOP = "stop reminders"
of = MESSAGES.c


@dataclass(frozen=True)
class Link:
    """What a resident's page may show: nothing of the household itself, as links are forwarded and scanned."""

    authority: str
    council: str
    campaign: str
    channel: str
    deadline: datetime | None  # when registering for the named poll ends, in UTC
    stopped: bool


def look_up(office: Office, token: str) -> Link:
    """NotFound for a token we never made, in words that do not tell it from one that was removed."""
    with office.database.session() as session:
        message = _message(session, token)
        campaign = session.get_one(Campaign, message.campaign_id)
        council = session.get_one(Authority, message.authority).name
        deadline = Guard.of(office, session, campaign).poll_deadline
        stopped = is_suppressed(session, office, message.authority, "", uprn=message.uprn)
        return Link(message.authority, council, campaign.name, message.channel, deadline, stopped)


def stop_reminders(office: Office, token: str) -> int:
    """Close the household, and the contact the message went to, to every channel. What is queued for it is dropped
    before this returns; gives how many messages that were. Asking again changes nothing."""
    with office.database.session() as session:
        message = _message(session, token)
        if message.contact:
            suppress_contact(
                session, office, message.authority, message.channel, message.contact, "asked to stop", "resident"
            )
        return silence(session, office, message, STOP, token)


def silence(session: Session, office: Office, message: Message, what: str, token: str = "") -> int:
    now = office.clock.now()
    asked = session.exec(select(Response).where(Response.message_id == message.id, Response.what == what)).first()
    if asked is None:
        session.add(
            Response(
                authority=message.authority, message_id=message.id, token=fingerprint(token) if token else "",
                what=what, at=now,
            )
        )  # fmt: skip
    suppress_household(session, office, message.authority, message.uprn, "asked to stop", "resident")
    queued = (
        (of.uprn == message.uprn)
        if not message.contact
        else (of.uprn == message.uprn) | (of.contact == message.contact)
    )
    dropped = session.execute(
        sa.update(MESSAGES)
        .where(of.authority == message.authority, of.state == MessageState.planned.value, queued)
        .values(state=MessageState.dropped.value, reason=Reason.suppressed.value, settled_at=now)
    )
    count = int(getattr(dropped, "rowcount", 0))
    if asked is None:
        audit.record(
            session, authority=message.authority, at=now, actor="resident", act=what,
            subject=f"message {message.id}", dropped=count,
        )  # fmt: skip
    return count


def _message(session: Session, token: str) -> Message:
    found = session.exec(select(Message).where(Message.token == fingerprint(token))).first()
    if found is None:
        raise NotFound("This link is not one of ours, or it is no longer kept. Check that you copied all of it.")
    return found
