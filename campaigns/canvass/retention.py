"""Which homes a list held is forgotten once it has had its time; how many, and what was found there, stays."""

from collections import Counter
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.records.visits import CanvassHome, CanvassList
from engage.foundation.calendar import in_force, law
from engage.foundation.clock import today
from engage.foundation.office import Office


def purge(office: Office, session: Session, authority: str, *, dry_run: bool = False) -> Counter[str]:
    """In the caller's transaction; gives how many homes."""
    due = [each for each in _kept(session, authority) if _until(office, each) <= today(office.clock)]
    theirs = col(CanvassHome.list_id).in_([each.id for each in due])
    found = int(session.execute(sa.select(sa.func.count()).select_from(CanvassHome).where(theirs)).scalar_one())
    if not dry_run:
        session.execute(sa.delete(CanvassHome).where(theirs))
        for each in due:
            each.forgotten_at, each.given_to = office.clock.now(), None
            session.add(each)
    return +Counter({"homes of canvassers' lists": found})


def next_due(office: Office, session: Session, authority: str) -> dict[str, date | None]:
    ahead = [_until(office, each) for each in _kept(session, authority)]
    return {"canvass": min((day for day in ahead if day > today(office.clock)), default=None)}


def _kept(session: Session, authority: str) -> list[CanvassList]:
    query = select(CanvassList).where(CanvassList.authority == authority, col(CanvassList.forgotten_at).is_(None))
    return list(session.exec(query))


def _until(office: Office, listed: CanvassList) -> date:
    """A list that was withdrawn had its last day then."""
    last = min(listed.expires_on, listed.withdrawn_at.date()) if listed.withdrawn_at else listed.expires_on
    return last + timedelta(in_force(law(office.settings.home).retention, today(office.clock)).canvass_days)
