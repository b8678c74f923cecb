"""What GOV.UK Notify says of one message, taken into the ledger."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from campaigns.records.models import Message, MessageState
from engage.foundation.office import Office
from segments.safeguards.suppression import suppress_contact

DELIVERED = frozenset({"delivered"})
FAILED = frozenset(
    {
        "permanent-failure", "temporary-failure", "technical-failure", "validation-failed", "virus-scan-failed",
        "cancelled",
    }
)  # fmt: skip
# Printed and on its way: Notify never learns whether a letter was delivered.
ENDED = frozenset({"received", "sent"})


@dataclass(frozen=True)
class Word:
    """One thing Notify said of one message."""

    notify_id: str
    reference: str
    status: str
    completed_at: datetime | None
    cost: float | None = None
    parts: int | None = None


def apply(session: Session, office: Office, message: Message, word: Word) -> None:
    """The first final status stands. What Notify knows was sent, whatever our ledger believed."""
    if message.notify_id not in (None, word.notify_id):
        message.copies = max(message.copies, 2)
        return
    if message.notify_id == word.notify_id and message.settled_at is not None:
        return
    now = office.clock.now()
    message.notify_id, message.copies = word.notify_id, max(message.copies, 1)
    message.sent_at = message.sent_at or now
    message.status, message.completed_at = word.status, word.completed_at
    message.state, message.reason = MessageState.accepted, ""
    message.settled_at = now if word.status in DELIVERED | FAILED | ENDED else None
    if word.status in DELIVERED:
        message.state = MessageState.delivered
    elif word.status in FAILED:
        message.state, message.reason = MessageState.failed, word.status.replace("-", " ")
    if word.status == "permanent-failure" and message.contact:
        suppress_contact(
            session, office, message.authority, message.channel, message.contact, "undeliverable", "receipt"
        )
