"""What the campaigns room keeps: campaigns and their approvals, waves, the ledger of messages, receipts, replies."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

import campaigns.records.notice
import campaigns.records.reply  # noqa: F401  # a response may come of one
from engage.foundation.database import Moment


class CampaignState(StrEnum):
    draft = "draft"
    submitted = "submitted"
    approved = "approved"
    launched = "launched"
    paused = "paused"
    stopped = "stopped"
    completed = "completed"


class MessageState(StrEnum):
    planned = "planned"
    sending = "sending"
    accepted = "accepted"
    delivered = "delivered"
    failed = "failed"
    dropped = "dropped"
    unknown = "unknown"


MEANING: dict[MessageState, str] = {
    MessageState.planned: "waits for its day, or for its turn to leave",
    MessageState.sending: "a worker has it and calls GOV.UK Notify; counted as waiting",
    MessageState.accepted: "GOV.UK Notify has it; the last a letter reaches, as nobody hears whether it arrived",
    MessageState.delivered: "the phone network or the mail server took it; counted as accepted",
    MessageState.failed: "GOV.UK Notify refused it or could not deliver it, or an officer gave the letter up",
    MessageState.dropped: "did not leave and will not; its reason says why",
    MessageState.unknown: "nobody knows whether GOV.UK Notify took it: its reference is looked up; counted as waiting",
}
WAITING = (MessageState.planned, MessageState.sending, MessageState.unknown)
# A message in one of these reached Notify, or may have: it counts against the frequency cap.
CONTACTED = (MessageState.sending, MessageState.unknown, MessageState.accepted, MessageState.delivered)


class Reason(StrEnum):
    """Why a message was dropped: the words the officer reads."""

    registered = "registered since"
    suppressed = "suppressed"
    applied = "application in progress"
    capped = "frequency cap"
    expired = "expired"
    stopped = "campaign stopped"
    no_address = "no postal address"
    shared = "written to for another home"


class Channel(StrEnum):
    email = "email"
    sms = "sms"
    letter = "letter"


class Outline(SQLModel, table=True):
    """A plan being set up. `answers` are what was typed for the tasks that were saved, by field of the form."""

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    answers: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    begun_by: str = Field(max_length=80)
    written_by: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))  # accounts
    changed_at: datetime = Field(sa_type=Moment)
    copied_from: int | None = Field(default=None, foreign_key="campaign.id")

    @property
    def name(self) -> str:
        return self.answers.get("name") or "A campaign without a name yet"

    @property
    def seen(self) -> str:
        """What a page carries, so that what it shows is what is acted on."""
        return self.changed_at.astimezone(UTC).isoformat()


class Campaign(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(foreign_key="authority.code", max_length=9, index=True)
    name: str = Field(max_length=120)
    purpose: str = Field(max_length=2000)
    segment: str = Field(default="", max_length=120)
    rule: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    plan: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    version: int = 1
    digest: str = Field(default="", max_length=64)  # SHA-256 of the submitted version: plan, audience, seed
    state: str = Field(default=CampaignState.draft, max_length=16, index=True)
    reason: str = Field(default="", max_length=400)  # why it was paused or stopped, for the officer
    seed: int = Field(sa_type=BigInteger)
    audience_snapshot: int | None = Field(default=None, foreign_key="snapshot.id")
    register_snapshot: int | None = Field(default=None, foreign_key="snapshot.id")
    households: int = 0
    estimate: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    window_start: date
    window_end: date
    created_by: str = Field(max_length=80)
    created_by_id: int | None = Field(default=None, foreign_key="account.id")
    created_at: datetime = Field(sa_type=Moment)
    submitted_by: str = Field(default="", max_length=80)
    submitted_by_id: int | None = Field(default=None, foreign_key="account.id")
    submitted_at: datetime | None = Field(default=None, sa_type=Moment)
    launched_at: datetime | None = Field(default=None, sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    swept_at: datetime | None = Field(default=None, sa_type=Moment)  # when Notify's list was last read for it
    tripped_at: datetime | None = Field(default=None, sa_type=Moment)  # when replies last made it pause by itself
    copied_from: int | None = None  # a campaign
    result_told_at: datetime | None = Field(default=None, sa_type=Moment)  # when colleagues were told of its result


class Approval(SQLModel, table=True):
    """One officer's decision on one exact version."""

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id", index=True)
    version: int
    digest: str = Field(max_length=64)
    decision: str = Field(max_length=16)  # approved, rejected
    note: str = Field(default="", max_length=2000)
    by: str = Field(max_length=80)
    by_id: int | None = Field(default=None, foreign_key="account.id")
    by_command: bool = False  # which is of a rehearsal, and counts in no other
    at: datetime = Field(sa_type=Moment)


class CampaignNote(SQLModel, table=True):
    """Why something was done, beside its entry in the audit log, which holds no words of anybody's."""

    __tablename__ = "campaign_note"

    campaign_id: int = Field(primary_key=True, foreign_key="campaign.id")
    entry: int = Field(primary_key=True)
    words: str = Field(max_length=400)


class Author(SQLModel, table=True):
    """Somebody who wrote a part of a campaign: drafted it, changed its plan, submitted it. They do not approve it."""

    __tablename__ = "campaign_author"

    campaign_id: int = Field(primary_key=True, foreign_key="campaign.id")
    account_id: int = Field(primary_key=True, foreign_key="account.id")


class Wave(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("campaign_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id", index=True)
    number: int
    channels: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))  # best first
    templates: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    arms: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    send_on: date
    expires_on: date | None = None  # the last day on which it may still leave
    planned_at: datetime | None = Field(default=None, sa_type=Moment)  # when all its messages were in the ledger
    released_at: datetime | None = Field(default=None, sa_type=Moment)  # when an officer let it leave after its day


class Message(SQLModel, table=True):
    """The ledger. One contact with one household in one wave."""

    __table_args__ = (
        UniqueConstraint("wave_id", "uprn", "channel"),
        Index("ix_message_queue", "campaign_id", "state", "id", "not_before"),  # in the order in which they leave
        Index("ix_message_household", "authority", "uprn"),
        Index("ix_message_contact", "authority", "contact"),
    )

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9)
    campaign_id: int = Field(foreign_key="campaign.id")
    wave_id: int = Field(foreign_key="wave.id")
    uprn: int = Field(sa_type=BigInteger)
    ward: str = Field(max_length=9)
    channel: str = Field(max_length=8)
    template: str = Field(max_length=36)
    contact: str = Field(default="", max_length=64)  # keyed hash of the email address or number; a letter has none
    recipient: str = Field(default="", max_length=800)  # encrypted; a letter's address stays in the audience file
    reference: str = Field(max_length=32, unique=True)
    token: str = Field(max_length=64, unique=True)  # SHA-256 of the resident's link
    state: str = Field(default=MessageState.planned, max_length=16)
    reason: str = Field(default="", max_length=200)
    status: str = Field(default="", max_length=40)  # the last word Notify used for it
    notify_id: str | None = Field(default=None, max_length=36, index=True)
    copies: int = 0  # how many Notify holds under the reference, as far as we have seen; 2 is an incident
    attempts: int = 0
    looks: int = 0  # how often Notify was asked for the reference of an unknown message and had none
    looked_at: datetime | None = Field(default=None, sa_type=Moment)
    not_before: datetime | None = Field(default=None, sa_type=Moment)
    claimed_by: str = Field(default="", max_length=64)
    claimed_at: datetime | None = Field(default=None, sa_type=Moment)
    sent_at: datetime | None = Field(default=None, sa_type=Moment)  # when Notify accepted it
    settled_at: datetime | None = Field(default=None, sa_type=Moment)  # when its last state was known
    completed_at: datetime | None = Field(default=None, sa_type=Moment)  # when Notify says it ended
    listed_at: datetime | None = Field(default=None, sa_type=Moment)  # when Notify's own list first showed it
    missed_at: datetime | None = Field(default=None, sa_type=Moment)  # when that list, read past it, did not
    parts: int | None = None  # of a text, as counted when it was sent; None of any other
    cost: float | None = None  # pounds before VAT, by Notify's word and without the free texts; None until it knows


MESSAGES = SQLModel.metadata.tables["message"]  # for statements over many rows at once


class Receipt(SQLModel, table=True):
    """What Notify said, raw but without the recipient; kept also when it matches no message of ours."""

    __table_args__ = (
        UniqueConstraint("notify_id", "status"),
        Index("ix_receipt_heard", "source", "received_at"),  # when Notify last called back, and what is dropped
    )

    id: int | None = Field(default=None, primary_key=True)
    notify_id: str = Field(max_length=36)
    reference: str = Field(default="", max_length=1000, index=True)
    status: str = Field(max_length=40)
    completed_at: datetime | None = Field(default=None, sa_type=Moment)
    received_at: datetime = Field(sa_type=Moment)
    source: str = Field(default="callback", max_length=16)  # callback, sweep; stray is of no message of ours
    unmatched: bool = Field(default=False, index=True)  # whether a message is still to be looked for


class Pace(SQLModel, table=True):
    """When the next message may leave, for every worker that sends with one key."""

    key: str = Field(primary_key=True, max_length=64)  # SHA-256 of Notify's address and the key
    free_at: float = 0.0  # seconds since 1970 by the database's clock


class Worker(SQLModel, table=True):
    """A worker process that lives. On an embedded database there is one, which no row needs to say."""

    id: str = Field(primary_key=True, max_length=32)
    host: str = Field(default="", max_length=120)
    seen: float = 0.0  # seconds since 1970 by the database's clock


class Watch(SQLModel, table=True):
    """What a worker saw when it last looked up, each half minute: pages, /health and `engage check` read it."""

    worker: str = Field(primary_key=True, max_length=32)
    seen: float = 0.0  # seconds since 1970 by the database's clock
    notify: str = Field(default="", max_length=200)  # what GOV.UK Notify, or its absence, said; empty where it answers
    notify_since: datetime | None = Field(default=None, sa_type=Moment)
    silent_since: datetime | None = Field(default=None, sa_type=Moment)  # since when no callback came that was due
    waiting: bool = False  # whether messages that may leave have waited since the look before
    rate: float = 0.0  # messages a second that were dealt with since then
    clock_off: float | None = None  # seconds by which Notify's clock is ahead of ours; None where it has not said
    queued_since: datetime | None = Field(default=None, sa_type=Moment)  # when the first that may leave was planned


class Response(SQLModel, table=True):
    """What a resident told us through their link or by text."""

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    message_id: int | None = Field(default=None, foreign_key="message.id", index=True)
    token: str = Field(default="", max_length=64)  # SHA-256 of the link it came by
    # stop reminders, STOP by text, says they moved away, says they are registered, says somebody cannot register,
    # asks for help
    what: str = Field(max_length=40)
    at: datetime = Field(sa_type=Moment)
    reply_id: int | None = Field(default=None, foreign_key="reply.id", index=True)  # the text or page it came by
