"""Claiming: rows of the ledger that are one worker's alone, and may leave, from the moment the claim is committed."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from campaigns.approval import validity
from campaigns.approval.validity import Approved
from campaigns.plan.audience import Directory
from campaigns.plan.plan import Plan
from campaigns.records import copies, lookup
from campaigns.records.lookup import audience_file
from campaigns.records.models import MESSAGES, Campaign, CampaignState, MessageState, Reason, Wave
from campaigns.records.reply import Hold
from campaigns.sending.guard import Guard
from engage.foundation.identity import Authority
from engage.foundation.office import Office

of = MESSAGES.c
CLAIMED = (
    of.id, of.campaign_id, of.wave_id, of.uprn, of.channel, of.template, of.contact, of.recipient, of.reference,
    of.attempts, of.claimed_by, of.claimed_at,
)  # fmt: skip
Row = Any  # a row of the message table with those columns


@dataclass(frozen=True)
class Brief:
    """What sending needs to know of one version of a campaign; dear to find out, as a new register takes long to
    compare, so kept from batch to batch."""

    digest: str
    plan: Plan
    council: str
    guard: Guard
    homes: Directory
    waves: dict[int, Wave]
    approved: dict[str, Approved]  # by template
    text_name: str | None = None  # what Notify puts before each text, if somebody has said


@dataclass(frozen=True)
class Claim:
    """Rows to be sent, and how many of those claimed were dropped as they may not leave any more."""

    brief: Brief
    rows: Sequence[Row]
    dropped: Counter[str] = field(default_factory=Counter)


class Claims:
    """For any campaign, one batch after another."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._briefs: dict[int, Brief] = {}

    def brief(self, session: Session, campaign_id: int) -> Brief:
        digest = session.execute(sa.select(col(Campaign.digest)).where(col(Campaign.id) == campaign_id)).scalar_one()
        known = self._briefs.get(campaign_id)
        if known is None or known.digest != digest:
            known = self._briefs[campaign_id] = _brief(self._office, session, session.get_one(Campaign, campaign_id))
        return known

    def free(self, session: Session, campaign_id: int) -> sa.Select[tuple[int]]:
        """Rows of a launched campaign that may leave at this moment."""
        return self._free(campaign_id, self.brief(session, campaign_id).guard)

    def _free(self, campaign_id: int, guard: Guard) -> sa.Select[tuple[int]]:
        now = self._office.clock.now()
        return (
            sa.select(of.id)
            .where(
                of.campaign_id == campaign_id, of.state == MessageState.planned.value,
                of.not_before.is_(None) | (of.not_before <= now), of.channel.in_(guard.open_channels(now)),
                *_not_held(guard.authority), ~copies.is_held(guard.authority),
            )
            .order_by(of.id)
        )  # fmt: skip

    def take(self, campaign_id: int, most: int) -> Claim | None:
        """Claim so many, and drop what the guard forbids; None where nothing may leave."""
        with self._office.database.reading() as session:
            brief = self.brief(session, campaign_id)
        brief.guard.refresh()
        rows = self._claim(campaign_id, brief.guard, most)
        if not rows:
            return None
        with self._office.database.reading() as session:
            verdicts = brief.guard.verdicts(session, rows, brief.waves)
        if not verdicts:
            return Claim(brief, rows)
        self._drop(verdicts)
        leaving = [row for row in rows if row.id not in verdicts]
        return Claim(brief, leaving, Counter({MessageState.dropped.value: len(verdicts)}))

    def _claim(self, campaign_id: int, guard: Guard, most: int) -> list[Row]:
        """PostgreSQL skips what another worker is claiming."""
        mine = self._free(campaign_id, guard).limit(most).with_for_update(skip_locked=True).cte("mine")
        launched = sa.select(col(Campaign.id)).where(
            col(Campaign.id) == campaign_id, col(Campaign.state) == CampaignState.launched
        )
        claim = (
            sa.update(MESSAGES)
            .where(
                of.id.in_(sa.select(mine.c.id)), of.state == MessageState.planned.value, launched.exists()
            )
            .values(
                state=MessageState.sending.value, claimed_by=uuid.uuid4().hex, claimed_at=self._office.clock.now(),
                attempts=of.attempts + 1,
            )
            .returning(*CLAIMED)
        )  # fmt: skip
        with self._office.database.session() as session:
            return sorted(session.connection().execute(claim), key=lambda row: int(row.id))

    def _drop(self, verdicts: dict[int, Reason]) -> None:
        now = self._office.clock.now()
        with self._office.database.session() as session:
            for reason in set(verdicts.values()):
                ids = [message for message, why in verdicts.items() if why == reason]
                session.execute(
                    sa.update(MESSAGES)
                    .where(of.id.in_(ids), of.state == MessageState.sending.value)
                    .values(state=MessageState.dropped.value, reason=reason.value, settled_at=now)
                )


def _not_held(authority: str) -> tuple[sa.ColumnElement[bool], ...]:
    """What a resident wrote may mean stop: nothing goes to them or their home before somebody has read it."""
    held = sa.select(col(Hold.uprn)).where(col(Hold.authority) == authority, col(Hold.uprn).is_not(None))
    contacts = sa.select(col(Hold.contact)).where(col(Hold.authority) == authority, col(Hold.contact) != "")
    return of.uprn.not_in(held), of.contact.not_in(contacts)


def _brief(office: Office, session: Session, campaign: Campaign) -> Brief:
    council = session.get_one(Authority, campaign.authority)
    return Brief(
        campaign.digest,
        Plan.model_validate(campaign.plan),
        council.name,
        Guard.of(office, session, campaign),
        Directory(audience_file(office, session, campaign)),
        {wave.id or 0: wave for wave in lookup.waves(session, campaign.id or 0)},
        validity.approved(campaign),
        council.text_name,
    )
