"""Our count of what was sent against GOV.UK Notify's own list: a campaign ends only when the two agree.

Notify forgets after seven days. What its list showed before is remembered; what it could no longer show is said.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from campaigns.notify.messages import RETENTION
from campaigns.records.models import MESSAGES, Campaign
from engage.foundation.office import Office

of = MESSAGES.c


@dataclass(frozen=True)
class Reckoning:
    """Of the messages GOV.UK Notify accepted: `listed` are in its own list, `missing` were not when it was read,
    `awaited` are still to be looked for, `forgotten` became too old before anybody looked. `twice` is how many it
    holds more than once. `cost` is in pounds before VAT, of the `priced`."""

    accepted: int
    listed: int
    missing: int
    awaited: int
    forgotten: int
    twice: int
    cost: float
    priced: int

    @property
    def agrees(self) -> bool:
        return not (self.missing or self.awaited or self.twice)

    @property
    def differs(self) -> str:
        """What an officer has to know; empty where nothing differs."""
        found = []
        if self.missing:
            found.append(
                f"Of {self.accepted:,} accepted messages GOV.UK Notify’s own list does not show {self.missing:,}"
            )
        if self.twice:
            found.append(f"GOV.UK Notify holds {self.twice:,} of our messages more than once")
        then = "The campaign stays open until this is settled, or until you stop it."
        return f"{'; '.join(found)}. {then}" if found else ""


def reckon(office: Office, session: Session, campaign: Campaign) -> Reckoning:
    """In one query, so that the figures are of one moment."""
    now = office.clock.now()
    unlisted = of.listed_at.is_(None)
    parts = (
        sa.true(), ~unlisted, missing(), awaited(now),
        unlisted & of.missed_at.is_(None) & (of.sent_at <= now - RETENTION), of.copies > 1,
    )  # fmt: skip
    query = sa.select(
        *(sa.func.count(sa.case((part, 1))) for part in parts), sa.func.coalesce(sa.func.sum(of.cost), 0.0),
        sa.func.count(of.cost),
    )  # fmt: skip
    mine = (of.campaign_id == campaign.id) & of.sent_at.is_not(None)
    return Reckoning(*session.execute(query.where(mine)).one())


def missing() -> sa.ColumnElement[bool]:
    return of.listed_at.is_(None) & of.missed_at.is_not(None)


def awaited(now: datetime) -> sa.ColumnElement[bool]:
    return of.listed_at.is_(None) & of.missed_at.is_(None) & (of.sent_at > now - RETENTION)
