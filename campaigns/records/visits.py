"""Lists of homes to call at: whom each is for and until when, and what came of each home.

A list holds UPRNs and no addresses: these are looked up whenever it is read, so that a home that must not be seen any
more is gone from it at once.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from engage.foundation.database import Moment


class Visit(StrEnum):
    """What somebody who called at a home found there."""

    form = "form"
    online = "online"
    nobody = "nobody"
    refused = "refused"
    moved = "moved"
    empty = "empty"
    not_a_home = "not a home"


class CanvassList(SQLModel, table=True):
    __tablename__ = "canvass_list"

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(foreign_key="authority.code", max_length=9, index=True)
    code: str = Field(max_length=8, unique=True)
    name: str = Field(max_length=120)
    source: str = Field(max_length=300)  # whose homes they are, in words
    campaign_id: int | None = Field(default=None, foreign_key="campaign.id")
    reason: str = Field(max_length=200)
    language: str = Field(default="en", max_length=2)
    homes: int = 0
    rounds: int = 1
    given_to: int | None = Field(default=None, foreign_key="account.id")
    made_by: str = Field(max_length=80)
    made_at: datetime = Field(sa_type=Moment)
    expires_on: date  # the last day on which it can be called from
    withdrawn_at: datetime | None = Field(default=None, sa_type=Moment)
    forgotten_at: datetime | None = Field(default=None, sa_type=Moment)  # when its homes were removed


class CanvassHome(SQLModel, table=True):
    """One home of a list, in the order in which it is walked."""

    __tablename__ = "canvass_home"
    __table_args__ = (UniqueConstraint("list_id", "line"), UniqueConstraint("list_id", "uprn"))

    id: int | None = Field(default=None, primary_key=True)
    list_id: int = Field(foreign_key="canvass_list.id", index=True)
    place: int
    round: int
    line: str = Field(max_length=6)
    uprn: int = Field(sa_type=BigInteger)
    street: str = Field(default="", max_length=200)
    outcome: str = Field(default="", max_length=12)  # one of Visit, or none yet
    noted_at: datetime | None = Field(default=None, sa_type=Moment)
    noted_by: str = Field(default="", max_length=80)
