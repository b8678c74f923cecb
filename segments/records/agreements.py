"""The written agreement under which an ERO uses records that another part of the council holds (2001 Regs, reg 35A).

Records come in and go out without one, so that a source can be judged first; what is worked out of it for others, the
canvass's list among it, takes only sources whose agreement is in date.
"""

from datetime import date, datetime, timedelta
from typing import Literal

from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation import audit
from engage.foundation.clock import today
from engage.foundation.database import Moment
from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.records.layouts import named

LONGEST_REFERENCE = 80
Stands = Literal["in date", "to come", "ended"]


class RecordAgreement(SQLModel, table=True):
    """One agreement; the newest of a source counts."""

    __tablename__ = "record_agreement"

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(foreign_key="authority.code", max_length=9, index=True)
    source: str = Field(max_length=40)
    since: date
    until: date  # the last day on which it holds
    reference: str = Field(default="", max_length=LONGEST_REFERENCE)  # by which the council finds the paper
    told_at: datetime = Field(sa_type=Moment)
    told_by: str = Field(max_length=80)

    def stands(self, day: date) -> Stands:
        return "ended" if self.until < day else "to come" if day < self.since else "in date"


def agree(
    office: Office, actor: Actor, source: str, since: date, until: date, reference: str = ""
) -> RecordAgreement:  # fmt: skip
    named(source)
    if until < since:
        raise InputRefused(f"The agreement ends on {until}, before it begins on {since}. Nothing was changed.")
    if len(reference) > LONGEST_REFERENCE:
        raise InputRefused(f"The reference has {len(reference)} letters: expected {LONGEST_REFERENCE} at most.")
    with office.database.session() as session:
        return _told(office, actor, session, "agreement on council records", source, since, until, reference)


def end(office: Office, actor: Actor, source: str) -> RecordAgreement:
    """From today on the source may not be used. The row that it ends stays, as it was the ground of what was done."""
    named(source)
    day = today(office.clock)
    with office.database.session() as session:
        row = newest(session, actor.authority).get(source)
        if row is None or row.stands(day) == "ended":
            raise InputRefused(f"There is no agreement on {source} that has not ended. Nothing was changed.")
        return _told(
            office, actor, session, "end agreement on council records", source, row.since, day - timedelta(days=1),
            row.reference,
        )  # fmt: skip


def _told(
    office: Office, actor: Actor, session: Session, act: str, source: str, since: date, until: date, reference: str
) -> RecordAgreement:  # fmt: skip
    at = office.clock.now()
    made = RecordAgreement(
        authority=actor.authority, source=source, since=since, until=until, reference=reference, told_at=at,
        told_by=actor.label,
    )  # fmt: skip
    session.add(made)
    audit.record(
        session, authority=actor.authority, at=at, actor=actor.label, act=act, subject=source,
        since=since.isoformat(), until=until.isoformat(),
    )  # fmt: skip
    return made


def newest(session: Session, authority: str) -> dict[str, RecordAgreement]:
    rows = session.exec(
        select(RecordAgreement).where(RecordAgreement.authority == authority).order_by(col(RecordAgreement.id))
    )
    return {row.source: row for row in rows}


def in_date(office: Office, authority: str) -> frozenset[str]:
    """The sources that may be used today."""
    day = today(office.clock)
    with office.database.session() as session:
        found = newest(session, authority)
    return frozenset(source for source, row in found.items() if row.stands(day) == "in date")
