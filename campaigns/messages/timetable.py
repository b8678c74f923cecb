"""When the messages of a campaign leave: packed into the days that law, Notify's limits and other campaigns leave."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.messages.proofs import Setting
from campaigns.plan.plan import Plan
from campaigns.records.models import CONTACTED, MESSAGES, Campaign, CampaignState, Channel, MessageState, Wave
from engage.foundation.calendar import Law, in_force, law, waking_hours
from engage.foundation.clock import london, today
from engage.foundation.office import Office

FURTHEST = timedelta(days=366)
WAKING = (Channel.email, Channel.sms)
of = MESSAGES.c


@dataclass(frozen=True)
class Job:
    """So many messages of one wave and channel, which leave from a day on, and not after `last`."""

    wave: int
    channel: str
    from_day: date
    messages: int
    last: date | None = None


@dataclass
class Days:
    """What may still leave on each day. `pace` is messages a second; `used` what left on the first day already."""

    nation: str
    rules: Law
    pace: float
    first: date
    used: Mapping[str, int] = field(default_factory=dict)
    _taken: Counter[tuple[date, str]] = field(default_factory=Counter)

    def limit(self, day: date, channel: str) -> int:
        """Notify's, of the day and channel; of emails and texts 0 on a quiet day."""
        if channel in WAKING and not waking_hours(day, self.nation, self.rules):
            return 0
        return int(getattr(in_force(self.rules.daily_cap, day, self.nation), channel))

    def taken(self, day: date, channel: str) -> int:
        return self._taken[day, channel] + (self.used.get(channel, 0) if day == self.first else 0)

    def room(self, day: date, channel: str) -> int:
        room = self.limit(day, channel) - self.taken(day, channel)
        if channel in WAKING:
            seconds = 3600 * waking_hours(day, self.nation, self.rules)
            room = min(room, int(seconds * self.pace) - sum(self._taken[day, each] for each in WAKING))
        return max(0, room)

    def place(self, job: Job) -> tuple[dict[date, int], int]:
        """Messages by day, and how many find no day before the last."""
        placed: dict[date, int] = {}
        left, day = job.messages, max(job.from_day, self.first)
        last = job.last or day + FURTHEST
        while left and day <= last:
            if fits := min(left, self.room(day, job.channel)):
                placed[day] = fits
                self._taken[day, job.channel] += fits
                left -= fits
            day += timedelta(days=1)
        return placed, left


def of_campaign(
    session: Session, setting: Setting, plan: Plan, waves: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:  # fmt: skip
    """`days`: what leaves when, beside what other campaigns and today's sending take of the limit; `late`: what finds
    no day before it expires or the registration deadline; `today`: what may still leave today, by channel."""
    office, first = setting.office, today(setting.office.clock)
    days = Days(
        setting.nation, law(office.settings.home), office.settings.notify_pace, first, _left_today(office, session)
    )
    still = {channel.value: days.room(first, channel) for channel in Channel}
    for job in _of_others(session, setting.authority, first):
        days.place(job)
    rows, late = [], []
    for job in _ours(plan, waves, setting.end):
        placed, left = days.place(job)
        rows += [
            {
                "day": day.isoformat(), "wave": job.wave, "channel": job.channel, "messages": count,
                "others": days.taken(day, job.channel) - count, "limit": days.limit(day, job.channel),
            }
            for day, count in placed.items()
        ]  # fmt: skip
        if left:
            last = job.last.isoformat() if job.last else None
            late.append({"wave": job.wave, "channel": job.channel, "messages": left, "last": last})
    return {"days": sorted(rows, key=lambda row: (row["day"], row["wave"])), "late": late, "today": still}


def _ours(plan: Plan, waves: Sequence[Mapping[str, Any]], end: datetime | None) -> list[Job]:
    """In the order in which they leave; the best channel of a wave first."""
    closes = london(end - timedelta(seconds=1)).date() if end else None
    jobs = [
        Job(planned["number"], channel, wave.send_on, homes, min(filter(None, (wave.expires_on, closes)), default=None))
        for planned, wave in zip(waves, plan.waves, strict=True)
        for channel, homes in planned["channels"].items()
        if homes
    ]
    return sorted(jobs, key=lambda job: (job.from_day, job.wave))


def _of_others(session: Session, authority: str, first: date) -> list[Job]:
    """What other running campaigns have in the ledger and not sent, and their waves to come."""
    running = (CampaignState.launched, CampaignState.paused)
    query = sa.select(of.channel, sa.func.count()).where(of.state == MessageState.planned).group_by(of.channel)
    jobs = [Job(0, channel, first, count) for channel, count in session.execute(query)]
    coming = select(Wave, Campaign).where(
        Wave.campaign_id == Campaign.id, Campaign.authority == authority, col(Campaign.state).in_(running),
        col(Wave.planned_at).is_(None),
    )  # fmt: skip
    for wave, campaign in session.exec(coming):
        planned = [one for one in campaign.estimate.get("waves", []) if one["number"] == wave.number]
        jobs += [
            Job(0, channel, wave.send_on, homes, wave.expires_on)
            for one in planned for channel, homes in one["channels"].items()
        ]  # fmt: skip
    return sorted(jobs, key=lambda job: job.from_day)


def _left_today(office: Office, session: Session) -> dict[str, int]:
    """Notify counts from midnight UTC, over all that one key sends."""
    midnight = datetime.combine(office.clock.now().astimezone(UTC).date(), time(), UTC)
    query = sa.select(of.channel, sa.func.count()).where(
        of.state.in_([*CONTACTED, MessageState.failed]), of.sent_at >= midnight
    )
    return {channel: int(count) for channel, count in session.execute(query.group_by(of.channel))}
