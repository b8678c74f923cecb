"""What happened to a campaign, by whom and why: of the audit log, with the notes and decisions beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from campaigns.records.lookup import approvals
from campaigns.records.models import Approval, Campaign, CampaignNote, CampaignState
from engage.foundation.audit import AuditEntry
from engage.foundation.identity import accounts
from engage.foundation.office import Actor, Office

DECISIONS = {"approved campaign": "Approved", "rejected campaign": "Sent back"}
ACTS = {
    "create campaign": "Drafted", "change campaign": "Plan changed", "submit campaign": "Submitted for approval",
    **DECISIONS, "launch campaign": "Launched", "pause campaign": "Paused", "resume campaign": "Resumed",
    "stop campaign": "Stopped", "discard campaign": "Discarded", "complete campaign": "Completed",
    "send test": "Test message sent to a colleague",
}  # fmt: skip
ENDS = {"pause campaign": CampaignState.paused, "stop campaign": CampaignState.stopped}
WORKER = "Engage, by itself"


@dataclass(frozen=True)
class Event:
    at: datetime
    what: str
    by: str
    version: int | None
    why: str


def course(office: Office, actor: Actor, campaign: Campaign) -> list[Event]:
    """Newest first."""
    decisions = list(reversed(approvals(office, actor, campaign.id or 0)))
    with office.database.reading() as session:
        return list(reversed([*_events(session, campaign, decisions)]))


def _events(session: Session, campaign: Campaign, decisions: Sequence[Approval]) -> Iterator[Event]:
    entries = session.exec(
        select(AuditEntry).where(
            AuditEntry.authority == campaign.authority, AuditEntry.subject == f"campaign {campaign.id}",
            col(AuditEntry.act).in_(ACTS),
        ).order_by(col(AuditEntry.number))
    ).all()  # fmt: skip
    names = {each.label: each.name for each in accounts(session, campaign.authority)} | {"worker": WORKER}
    why = _notes(session, campaign) | _decided(decisions, entries)
    last = next((each for each in reversed(entries) if each.act in ENDS), None)
    if last and campaign.state == ENDS[last.act]:
        why.setdefault(last.number, campaign.reason)  # of before notes were kept
    for entry in entries:
        by = names.get(entry.actor, entry.actor)
        yield Event(entry.at, ACTS[entry.act], by, entry.detail.get("version"), why.get(entry.number, ""))


def _notes(session: Session, campaign: Campaign) -> dict[int, str]:
    found = session.exec(select(CampaignNote).where(CampaignNote.campaign_id == campaign.id))
    return {each.entry: each.words for each in found}


def _decided(decisions: Sequence[Approval], entries: Sequence[AuditEntry]) -> dict[int, str]:
    """Each decision has its entry, in the same order."""
    decided = [each.number for each in entries if each.act in DECISIONS]
    return {number: made.note for number, made in zip(decided, decisions, strict=False) if made.note}
