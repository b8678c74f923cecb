"""What comes back from residents: texts, letters that were returned, complaints; and what waits until they are read."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, Session, SQLModel

from engage.foundation import data_keys
from engage.foundation.data_keys import Sealer
from engage.foundation.database import Moment
from engage.foundation.office import Office

ENGAGE = "Engage"  # who has done what was settled by itself
UNSUBSCRIBED = ("stop reminders", "STOP by text")  # the responses that ask for no more


class ReplyKind(StrEnum):
    text = "text"
    letter = "letter"
    complaint = "complaint"
    page = "page"
    phone = "phone"
    visit = "visit"


SPOKEN = (ReplyKind.page, ReplyKind.phone)  # what can be said is the same, on the page of a message and by phone


class Said(StrEnum):
    """What a resident can say by the page that the link in a message leads to."""

    registered = "registered"
    cannot = "cannot"
    moved = "moved"
    help = "help"
    stop = "stop"


class Answer(StrEnum):
    """How far the answer to HELP is; empty where none is sent."""

    none = ""
    due = "due"
    sending = "sending"
    sent = "sent"
    failed = "failed"


class Reply(SQLModel, table=True):
    """One thing that came back, kept as it is until its time is over. Who sent it and what it says are encrypted."""

    __table_args__ = (
        UniqueConstraint("authority", "kind", "source"),
        Index("ix_reply_list", "authority", "open", "id"),
        Index("ix_reply_answer", "answer"),
    )

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(foreign_key="authority.code", max_length=9)
    kind: str = Field(max_length=12)
    # Notify's id of the text or the letter; of a complaint one of its own; of a page its message and what was said;
    # of a visit the codes of the list and of the home
    source: str = Field(max_length=64)
    message_id: int | None = Field(default=None, foreign_key="message.id")  # the last one it may be about
    contact: str = Field(default="", max_length=64)  # keyed hash of the number or email address it is about
    channel: str = Field(default="", max_length=8)  # of that contact
    uprn: int | None = Field(default=None, sa_type=BigInteger)  # the home it is about, where that is known
    sender: str = Field(default="", max_length=800)  # encrypted
    words: str = Field(default="", sa_column=Column(Text, nullable=False))  # encrypted
    meaning: str = Field(default="", max_length=20)  # of a text as read; of a page or a visit what was said
    received_at: datetime = Field(sa_type=Moment)
    open: bool = True  # until somebody has looked, or nothing is left to do
    outcome: str = Field(default="", max_length=20)
    owner: str = Field(default="", max_length=80)
    owner_id: int | None = Field(default=None, foreign_key="account.id")
    done_by: str = Field(default="", max_length=80)
    done_at: datetime | None = Field(default=None, sa_type=Moment)
    answer: str = Field(default=Answer.none, max_length=8)
    answer_reference: str = Field(default="", max_length=32)
    answered_at: datetime | None = Field(default=None, sa_type=Moment)


class Hold(SQLModel, table=True):
    """Nothing more is sent to this contact, or to this home, until the reply has been looked at. What waits there
    stays planned."""

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    reply_id: int = Field(foreign_key="reply.id", index=True)
    contact: str = Field(default="", max_length=64)
    uprn: int | None = Field(default=None, sa_type=BigInteger)


class HelpWording(SQLModel, table=True):
    """The template that answers HELP, chosen by one officer and approved by another, in the version they read."""

    __tablename__ = "help_wording"

    authority: str = Field(foreign_key="authority.code", primary_key=True, max_length=9)
    template: str = Field(max_length=36)
    name: str = Field(max_length=200)
    version: int
    body: str = Field(sa_column=Column(Text, nullable=False))
    chosen_by: str = Field(max_length=80)
    chosen_by_id: int | None = Field(default=None, foreign_key="account.id")
    chosen_at: datetime = Field(sa_type=Moment)
    approved_by: str = Field(default="", max_length=80)
    approved_at: datetime | None = Field(default=None, sa_type=Moment)


def sealer_of(session: Session, office: Office, authority: str, received: datetime) -> Sealer:
    """What came in one month has one key, which is destroyed once the last of it has had its time."""
    month = f"{received.astimezone(UTC):%Y-%m}"
    return data_keys.of(
        session, office.keys, office.clock.now(), purpose="replies", authority=authority, subject=month
    )  # fmt: skip
