"""Emails of the service to colleagues: what each wants to hear of, and what waits to leave."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from engage.foundation.database import Moment
from engage.foundation.identity import Account, Right


class About(StrEnum):
    approval = "approval"
    decision = "decision"
    result = "result"


WORDS = {
    About.approval: "A campaign waits for your approval",
    About.decision: "A campaign of yours was approved or sent back",
    About.result: "The result of a campaign is in",
}
FOR = {About.approval: Right.approve, About.decision: Right.plan, About.result: Right.see_figures}


class Posting(StrEnum):
    due = "due"
    sending = "sending"
    sent = "sent"
    failed = "failed"


class Notice(SQLModel, table=True):
    """One email to one colleague, written with the act that it tells of. It holds nothing of any resident."""

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(foreign_key="authority.code", max_length=9, index=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    about: str = Field(max_length=12)
    subject: str = Field(max_length=200)
    words: str = Field(max_length=600)
    path: str = Field(max_length=120)
    reference: str = Field(max_length=32, unique=True)
    state: str = Field(default=Posting.due, max_length=8, index=True)
    made_at: datetime = Field(sa_type=Moment)
    tried_at: datetime | None = Field(default=None, sa_type=Moment)


class NoticeChoice(SQLModel, table=True):
    """What somebody said of one kind; where they said nothing, `usual` holds."""

    __tablename__ = "notice_choice"

    account_id: int = Field(primary_key=True, foreign_key="account.id")
    about: str = Field(primary_key=True, max_length=12)
    wanted: bool


def offered(account: Account) -> list[About]:
    return [about for about in About if account.may(FOR[about])]


def usual(account: Account, about: About) -> bool:
    """Members hear of results where they ask; everybody else hears what their work waits for until they say no."""
    return about != About.result or account.may(Right.see_data)
