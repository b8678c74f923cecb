"""Addresses that only a person can tie to a home: what is asked, and the answers, which outlast every import.

An answer is kept by a keyed hash of the address, so the table of answers cannot be read as a list of addresses.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from engage.foundation.database import Moment


class Verdict(StrEnum):
    accept = "accept"  # it is this home
    reject = "reject"  # it is none of those shown
    unsure = "unsure"  # cannot tell


class LinkAnswer(SQLModel, table=True):
    """What an officer said of one address of a register; `uprn` is the home they chose."""

    __tablename__ = "link_answer"
    __table_args__ = (UniqueConstraint("authority", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    key: str = Field(max_length=64)  # keyed hash of the normalised address and its postcode
    verdict: str = Field(max_length=10)
    uprn: int | None = Field(default=None, sa_type=BigInteger)
    answered_at: datetime = Field(sa_type=Moment)
    answered_by: str = Field(max_length=80)
