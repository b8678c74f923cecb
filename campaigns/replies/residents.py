"""What a resident can do with the link in a message: see what it is, and stop reminders to their home at once."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from campaigns.records.models import Campaign, Message
from campaigns.replies.silence import Closed, respond, silence
from campaigns.sending.guard import Guard
from engage.foundation import audit
from engage.foundation.errors import NotFound
from engage.foundation.identity import Authority, fingerprint
from engage.foundation.office import Office
from segments.safeguards.suppression import is_suppressed

STOP = "stop reminders"


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
        closed = Closed(message.authority, message.contact, message.channel, (message.uprn,))
        new = respond(session, office, message, STOP, token=fingerprint(token))
        dropped = silence(session, office, closed, "asked to stop", "resident")
        if new:
            audit.record(
                session, authority=message.authority, at=office.clock.now(), actor="resident", act=STOP,
                subject=f"message {message.id}", dropped=dropped,
            )  # fmt: skip
        return dropped


def _message(session: Session, token: str) -> Message:
    found = session.exec(select(Message).where(Message.token == fingerprint(token))).first()
    if found is None:
        raise NotFound("This link is not one of ours, or it is no longer kept. Check that you copied all of it.")
    return found
