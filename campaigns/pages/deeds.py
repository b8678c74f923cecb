"""What an act would do to a campaign, in figures, said before it is confirmed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from campaigns.plan.plan import Plan
from campaigns.records.models import Campaign, CampaignState, Channel
from campaigns.sending import ledger
from campaigns.sending.ledger import Status
from engage.foundation.office import Actor, Office
from engage.foundation.words import day, number, plural

NOUNS = {Channel.email: "email", Channel.sms: "text", Channel.letter: "letter"}
Told = Callable[[Campaign, Status], list[str]]


def told(office: Office, actor: Actor, campaign: Campaign, act: str) -> list[str]:
    """Sentences for the page that confirms the act; none for an act whose figures are not known before it."""
    if act not in DEEDS:
        return []
    return DEEDS[act](campaign, ledger.status(office, actor, campaign.id or 0))


def counted(counts: Mapping[str, int]) -> str:
    """`668 emails and 54 texts`."""
    parts = [plural(counts[channel], NOUNS[channel]) for channel in NOUNS if counts.get(channel)]
    return _and(parts) or "no message"


def _and(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def leaving(campaign: Campaign, waves: Sequence[Mapping[str, Any]] | None = None) -> str:
    """`668 emails and 54 texts from 3 June 2026 and 700 letters from 17 June 2026`: at most, as counted on
    submission."""
    chosen = campaign.estimate.get("waves", []) if waves is None else waves
    quick, slow = _sum(chosen, (Channel.email, Channel.sms)), _sum(chosen, (Channel.letter,))
    parts = [f"{counted(counts)} from {day(first)}" for counts, first in (quick, slow) if first]
    return _and(parts) or "no message"


def _sum(waves: Sequence[Mapping[str, Any]], channels: Sequence[str]) -> tuple[Counter[str], date | None]:
    counts: Counter[str] = Counter()
    days = []
    for wave in waves:
        found = {channel: homes for channel, homes in wave["channels"].items() if channel in channels and homes}
        counts.update(found)
        days += [date.fromisoformat(wave["send_on"])] if found else []
    return counts, min(days, default=None)


def _cost(campaign: Campaign) -> str:
    cost = campaign.estimate.get("cost", {})
    letters = " including letters" if cost.get("letter_count") else ""
    return f"up to £{cost.get('high', 0) / 100:,.0f}{letters}, before VAT"


def _groups(campaign: Campaign) -> str:
    groups = [f"{number(homes)} “{arm}”" for arm, homes in campaign.estimate.get("arms", {}).items()]
    return f"{plural(campaign.households, 'home')}: {_and(groups)}."


def _launched(campaign: Campaign, _: Status) -> list[str]:
    return [f"At most {leaving(campaign)} leave, {_cost(campaign)}.", _groups(campaign)]


def _approved(campaign: Campaign, status: Status) -> list[str]:
    messages = [
        f"{message['title']}: “{message['name']}”, version {message['version']}"
        for message in campaign.estimate.get("messages", []) if message["used"]
    ]  # fmt: skip
    read = [f"Messages: {'; '.join(messages)}."] if messages else []
    if campaign.launched_at:
        return [_left(status), _to_come(campaign, status), *read]
    return [f"You approve version {campaign.version}.", *_launched(campaign, status), *read]


def _sent_back(campaign: Campaign, status: Status) -> list[str]:
    if campaign.launched_at:
        return _paused(campaign, status)
    return [f"Version {campaign.version}: at most {leaving(campaign)} would leave, {_cost(campaign)}."]


def _stopped(campaign: Campaign, status: Status) -> list[str]:
    if campaign.state in (CampaignState.submitted, CampaignState.approved):
        return [f"Nothing of it has left. At most {leaving(campaign)} will not leave."]
    return [_left(status), _to_come(campaign, status, "will not leave")]


def _left(status: Status) -> str:
    by = {channel: standing.accepted for channel, standing in status.channels.items()}
    on_the_way = f" Of {number(status.unknown)} more nobody knows yet; each is looked up." if status.unknown else ""
    if not status.accepted:
        return f"Nothing has left.{on_the_way}"
    return f"{counted(by)} {'has' if status.accepted == 1 else 'have'} left, and cannot be called back.{on_the_way}"


def _to_come(campaign: Campaign, status: Status, will: str = "") -> str:
    """What waits in the ledger, and the waves that are not written into it yet."""
    plan = Plan.model_validate(campaign.plan)
    begun = {number for number, standing in status.waves.items() if standing.planned}
    later = [wave for wave in campaign.estimate.get("waves", []) if wave["number"] not in begun]
    waits = {channel: standing.waiting - standing.unknown for channel, standing in status.channels.items()}
    parts = [f"{counted(waits)} that wait"] if any(waits.values()) else []
    if later and len(begun) < len(plan.waves):
        parts.append(f"at most {leaving(campaign, later)}, of {plural(len(later), 'wave')} still to come,")
    if not parts:
        return "Nothing waits to leave."
    sentence = _and(parts).removesuffix(",")
    return f"{sentence[0].upper()}{sentence[1:]} {will or 'would still leave'}."


def _paused(campaign: Campaign, status: Status) -> list[str]:
    return [_left(status), _to_come(campaign, status, "wait until it is resumed")]


def _resumed(campaign: Campaign, status: Status) -> list[str]:
    return [_left(status), _to_come(campaign, status, "leave on their days")]


def _discarded(campaign: Campaign, _: Status) -> list[str]:
    return [f"“{campaign.name}” is a draft, version {campaign.version}. Nothing of it has been sent."]


DEEDS: dict[str, Told] = {
    "launch": _launched, "approve": _approved, "reject": _sent_back, "stop": _stopped, "pause": _paused,
    "resume": _resumed, "renew": _paused, "discard": _discarded,
}  # fmt: skip
