"""Whom the campaigns of an authority remind, for the pages of segments, which stand on a lower floor."""

from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow.parquet as pq
from sqlmodel import Session, col, or_, select

from campaigns.records.models import CONTACTED, Campaign, CampaignState, Message
from engage.foundation.identity import line
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.audiences.overlap import RECENT, Listed, Reminded

RUNNING = (CampaignState.launched, CampaignState.paused)
FRESH = timedelta(minutes=1)
_RECENT: WeakKeyDictionary[Office, dict[str, tuple[datetime, Listed]]] = WeakKeyDictionary()


def reminded(office: Office, session: Session, authority: str) -> Reminded:
    query = select(Campaign.id, Campaign.name, Snapshot.path).where(
        Campaign.authority == authority, col(Campaign.state).in_(RUNNING), Campaign.audience_snapshot == Snapshot.id
    )  # fmt: skip
    files = {f"{name} ({number})": office.lake.at(path) for number, name, path in session.exec(query)}
    return Reminded({name: _homes(file) for name, file in files.items()}, _recent(office, session, authority))


def _recent(office: Office, session: Session, authority: str) -> Listed:
    """At most FRESH old: a hundred thousand messages take a tenth of a second to read, which a live count has not."""
    kept, now = _RECENT.setdefault(office, {}), office.clock.now()
    if authority not in kept or not timedelta(0) <= now - kept[authority][0] < FRESH:
        kept[authority] = now, _written_to(session, authority, now - RECENT)
    return kept[authority][1]


def _written_to(session: Session, authority: str, since: datetime) -> Listed:
    """A message being sent has no day yet on which Notify took it, but the moment it was claimed."""
    query = select(Message.uprn).where(
        col(Message.authority).in_(line(session, authority)), col(Message.state).in_(CONTACTED),
        or_(col(Message.sent_at) >= since, col(Message.sent_at).is_(None) & (col(Message.claimed_at) >= since)),
    )  # fmt: skip
    return Listed(np.unique(np.fromiter(session.exec(query), dtype=np.int64)))


@lru_cache(maxsize=16)
def _homes(audience: Path) -> Listed:
    """A frozen audience never changes, and lies in order of UPRN."""
    return Listed(np.asarray(pq.read_table(audience, columns=["uprn"])["uprn"], dtype=np.int64))
