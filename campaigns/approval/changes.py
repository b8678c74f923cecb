"""What an approver sees: how a version differs from the one approved before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from campaigns.records.models import Approval, Campaign
from engage.foundation.lake import Snapshot

NAMES = {
    "name": "Name", "purpose": "Purpose", "segment": "Segment", "rule": "Rule", "start": "First day",
    "outcome_window": "Compared", "arms": "Groups", "comparison": "Compared with",
    "holdout_reason": "Reason for holdout",
    "poll_date": "Poll", "language": "Language", "wording": "Texts of the plan", "expected_rate": "Expected without it",
    "second_approver": "Second approver", "catch_up": "Late waves catch up", "seed": "Seed of the draw",
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    what: str
    before: str
    now: str


def version_report(campaign: Campaign, estimate: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept with the audience of every submitted version, so that a later one can be held against it."""
    return {
        "version": campaign.version, "plan": campaign.plan, "rule": campaign.rule, "seed": campaign.seed,
        "households": estimate["households"], "arms": estimate["arms"], "messages": estimate["messages"],
    }  # fmt: skip


def renewed(report: Mapping[str, Any], campaign: Campaign) -> dict[str, Any]:
    """The same of a later version of the same homes and groups."""
    later = {"version": campaign.version, "plan": campaign.plan, "messages": campaign.estimate["messages"]}
    return {**report, "renewed": [*report.get("renewed", []), later]}


def approved_before(session: Session, campaign: Campaign) -> dict[str, Any] | None:
    """The newest version of it that was approved, other than the one it has now."""
    approved = select(Approval.version).where(
        Approval.campaign_id == campaign.id, Approval.decision == "approved", Approval.version < campaign.version
    )
    version = session.exec(approved.order_by(col(Approval.version).desc())).first()
    kept = select(Snapshot).where(
        Snapshot.authority == campaign.authority, Snapshot.kind == "audience", Snapshot.name == str(campaign.id)
    )
    reports = {
        version["version"]: {**snapshot.report, **version}
        for snapshot in session.exec(kept)
        for version in (snapshot.report, *snapshot.report.get("renewed", []))
    }
    return reports.get(version) if version is not None else None


def since_approved(session: Session, campaign: Campaign) -> list[Change] | None:
    """None where no version was approved before. Of a draft, the homes and messages are not known yet."""
    before = approved_before(session, campaign)
    if before is None:
        return None
    plan = {**before["plan"], "rule": before["rule"], "seed": before["seed"]}
    now = {**campaign.plan, "rule": campaign.rule, "seed": campaign.seed}
    found = [
        Change(words, _said(plan.get(field)), _said(now.get(field)))
        for field, words in NAMES.items()
        if (plan.get(field) or None) != (now.get(field) or None)
    ]
    return [*found, *_waves(plan, now), *_worked_out(before, campaign.estimate)]


def _waves(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    old, new = before["waves"], now["waves"]
    shared = {"templates": before["templates"]}, {"templates": now["templates"]}
    changes = []
    for number in range(max(len(old), len(new))):
        was = _wave({**shared[0], **_set(old[number])}) if number < len(old) else "none"
        is_ = _wave({**shared[1], **_set(new[number])}) if number < len(new) else "none"
        if was != is_:
            changes.append(Change(f"Wave {number + 1}", was, is_))
    return changes


def _set(wave: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wave.items() if value}


def _wave(wave: Mapping[str, Any]) -> str:
    templates = ", ".join(
        f"{channel} {language} {template}"
        for channel in wave["channels"]
        for language, template in wave["templates"].get(channel, {}).items()
    )
    until = f" until {wave['expires_on']}" if wave.get("expires_on") else ""
    return f"{wave['send_on']}{until}, {' or '.join(wave['channels'])}, to {', '.join(wave['arms'])}; {templates}"


def _worked_out(before: Mapping[str, Any], estimate: Mapping[str, Any]) -> list[Change]:
    if not estimate:
        return []
    pairs = [("Homes drawn into groups", f"{before['households']:,}", f"{estimate['households']:,}")]
    pairs.append(("Homes in each group", _said(before["arms"]), _said(estimate["arms"])))
    old, new = _by_title(before["messages"]), _by_title(estimate.get("messages", []))
    pairs += [(title, _message(old.get(title)), _message(new.get(title))) for title in sorted({*old, *new})]
    return [Change(*pair) for pair in pairs if pair[1] != pair[2]]


def _by_title(messages: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {message["title"]: message for message in messages}


def _message(message: Mapping[str, Any] | None) -> str:
    if message is None:
        return "none"
    subject = f"{message['subject']}\n" if message["subject"] else ""
    return f"{message['name']}, version {message['version']}\n{subject}{message['written']}"


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_said(each)}" for name, each in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    return "none" if value in (None, "") else str(value)
