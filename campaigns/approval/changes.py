"""What an approver sees: how a version differs from the one decided on before it, and why that was sent back."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from campaigns.records.models import Approval, Campaign
from engage.foundation.calendar import POLLS
from engage.foundation.lake import Snapshot
from engage.foundation.words import day
from segments.rules import tree

BY = {"email": "email", "sms": "text", "letter": "letter"}

NAMES = {
    "name": "Name", "purpose": "Purpose", "segment": "Segment", "rule": "Rule", "start": "First day",
    "outcome_window": "Compared", "arms": "Groups", "comparison": "Compared with",
    "holdout_reason": "Reason for holdout",
    "poll_date": "Poll", "poll_kind": "Kind of poll", "register_by": "Last day to register",
    "language": "Language", "wording": "Texts of the plan",
    "wording_answer": "Why messages go as they are", "expected_rate": "Expected without it",
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


def decided_before(session: Session, campaign: Campaign) -> Approval | None:
    """The decision on the version that this one is held against: the newest that was approved or, where none was, the
    newest that was sent back."""
    query = select(Approval).where(Approval.campaign_id == campaign.id, Approval.version < campaign.version)
    made = list(session.exec(query.order_by(col(Approval.version).desc(), col(Approval.id).desc())))
    approved = (decision for decision in made if decision.decision == "approved")
    return next(approved, None) or next(iter(made), None)


def sent_back(session: Session, campaign: Campaign) -> Approval | None:
    """Who sent it back last, with their note, where that was the last decision."""
    query = select(Approval).where(Approval.campaign_id == campaign.id).order_by(col(Approval.id).desc())
    last = session.exec(query).first()
    return last if last and last.decision == "rejected" else None


def since_approved(
    session: Session, campaign: Campaign, known: Mapping[str, str] | None = None
) -> list[Change] | None:  # fmt: skip
    """None where no version was decided on before. Of a draft, the homes and messages are not known yet; `known` names
    templates that no submitted version has."""
    decision = decided_before(session, campaign)
    before = _report(session, campaign, decision.version) if decision else None
    if before is None:
        return None
    plan = {**before["plan"], "rule": before["rule"], "seed": before["seed"]}
    now = {**campaign.plan, "rule": campaign.rule, "seed": campaign.seed}
    messages = [*before["messages"], *campaign.estimate.get("messages", [])]
    names = {**(known or {}), **{message["template"]: message["name"] for message in messages}}
    found = [
        Change(words, _said(field, plan.get(field)), _said(field, now.get(field)))
        for field, words in NAMES.items()
        if (plan.get(field) or None) != (now.get(field) or None)
    ]
    return [*found, *_waves(plan, now, names), *_worked_out(before, campaign.estimate)]


def _report(session: Session, campaign: Campaign, version: int) -> dict[str, Any] | None:
    """What was kept of a version when it was submitted."""
    kept = select(Snapshot).where(
        Snapshot.authority == campaign.authority, Snapshot.kind == "audience", Snapshot.name == str(campaign.id)
    )
    reports = {
        each["version"]: {**snapshot.report, **each}
        for snapshot in session.exec(kept)
        for each in (snapshot.report, *snapshot.report.get("renewed", []))
    }
    return reports.get(version)


def _waves(before: Mapping[str, Any], now: Mapping[str, Any], names: Mapping[str, str]) -> list[Change]:
    old, new = before["waves"], now["waves"]
    shared = {"templates": before["templates"]}, {"templates": now["templates"]}
    changes = []
    for number in range(max(len(old), len(new))):
        was = _wave({**shared[0], **_set(old[number])}, names) if number < len(old) else "none"
        is_ = _wave({**shared[1], **_set(new[number])}, names) if number < len(new) else "none"
        if was != is_:
            changes.append(Change(f"Wave {number + 1}", was, is_))
    return changes


def _set(wave: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wave.items() if value}


def _wave(wave: Mapping[str, Any], names: Mapping[str, str]) -> str:
    templates = ", ".join(
        f"{BY[channel]} “{names.get(template, template)}”{' in Welsh' if language == 'cy' else ''}"
        for channel in wave["channels"]
        for language, template in wave["templates"].get(channel, {}).items()
    )
    until = f" until {day(wave['expires_on'])}" if wave.get("expires_on") else ""
    return f"{day(wave['send_on'])}{until}, to {_quoted(wave['arms'])}: {templates}"


def _quoted(arms: Iterable[str]) -> str:
    return ", ".join(f"“{arm}”" for arm in arms)


def _worked_out(before: Mapping[str, Any], estimate: Mapping[str, Any]) -> list[Change]:
    if not estimate:
        return []
    pairs = [("Homes drawn into groups", f"{before['households']:,}", f"{estimate['households']:,}")]
    pairs.append(("Homes in each group", _homes(before["arms"]), _homes(estimate["arms"])))
    old, new = _by_title(before["messages"]), _by_title(estimate.get("messages", []))
    pairs += [(title, _message(old.get(title)), _message(new.get(title))) for title in sorted({*old, *new})]
    return [Change(*pair) for pair in pairs if pair[1] != pair[2]]


def _homes(arms: Mapping[str, int]) -> str:
    return ", ".join(f"{homes:,} “{arm}”" for arm, homes in arms.items())


def _by_title(messages: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {message["title"]: message for message in messages}


def _message(message: Mapping[str, Any] | None) -> str:
    if message is None:
        return "none"
    subject = f"{message['subject']}\n" if message["subject"] else ""
    return f"{message['name']}, version {message['version']}\n{subject}{message['written']}"


def _said(field: str, value: Any) -> str:
    """In the words of the page: days as 3 June 2026, groups and rules by their sentence."""
    if value in (None, "", {}, []):
        return "none"
    return SAID.get(field, str)(value)


SAID: dict[str, Callable[[Any], str]] = {
    "start": day, "poll_date": day, "register_by": day, "poll_kind": POLLS.__getitem__,
    "outcome_window": lambda window: f"{day(window['start'])} to {day(window['end'])}",
    "rule": lambda rule: tree.parse(rule).sentence(),
    "arms": lambda arms: ", ".join(f"{100 * share:g}% “{arm}”" for arm, share in arms.items()),
    "language": {"en": "English", "cy": "Welsh"}.__getitem__,
    "expected_rate": lambda rate: f"{100 * rate:g} homes in 100",
    "wording": lambda texts: "\n".join(f"{name}: {text}" for name, text in texts.items()),
}  # fmt: skip
