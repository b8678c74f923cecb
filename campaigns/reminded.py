"""Whom the campaigns of an authority remind, for the pages of segments, which stand on a lower floor."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from sqlmodel import Session, col, or_, select

from campaigns.models import CONTACTED, Campaign, CampaignState, Message
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.overlap import RECENT, Reminded

RUNNING = (CampaignState.launched, CampaignState.paused)


def reminded(office: Office, authority: str) -> Reminded:
    with office.database.reading() as session:
        query = select(Campaign.id, Campaign.name, Snapshot.path).where(
            Campaign.authority == authority, col(Campaign.state).in_(RUNNING), Campaign.audience_snapshot == Snapshot.id
        )  # fmt: skip
        files = {f"{name} ({number})": office.lake.root / path for number, name, path in session.exec(query)}
        return Reminded({name: _homes(file) for name, file in files.items()}, _recent(session, office, authority))


def _recent(session: Session, office: Office, authority: str) -> npt.NDArray[np.int64]:
    """A message being sent has no day yet on which Notify took it, but the moment it was claimed."""
    since = office.clock.now() - RECENT
    query = select(Message.uprn).where(
        Message.authority == authority, col(Message.state).in_(CONTACTED),
        or_(col(Message.sent_at) >= since, col(Message.sent_at).is_(None) & (col(Message.claimed_at) >= since)),
    )  # fmt: skip
    return np.unique(np.fromiter(session.exec(query), dtype=np.int64))


@lru_cache(maxsize=16)
def _homes(audience: Path) -> npt.NDArray[np.int64]:
    """A frozen audience never changes."""
    return np.asarray(pq.read_table(audience, columns=["uprn"])["uprn"], dtype=np.int64)
