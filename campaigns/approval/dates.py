"""The dates of a plan judged as a whole: against the clock, the polls and the law, and against what it is to measure.

One judgement, read by the form, the calendar, the submission and the launch, so that none of them finds what another
did not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from campaigns.approval import pre_election
from campaigns.plan.plan import Plan, PlannedWave
from campaigns.records.lookup import CHANGEABLE, deadline, nation_of
from campaigns.records.models import Campaign, Channel
from engage.foundation.calendar import in_force, law, quiet_day, set_deadline, working_day, working_days_after
from engage.foundation.clock import at_london, london, today
from engage.foundation.errors import InputRefused, SendBlocked
from engage.foundation.office import Office
from engage.foundation.words import day, last_day, moment, plural

WAKING = {Channel.email, Channel.sms}
SUNDAY = 6
FURTHEST = timedelta(days=5 * 365)
Field = Literal["start", "end", "poll", "register_by"]
WRITTEN = {"end": "outcome_window.end", "poll": "poll_date"}  # as a plan's file calls them


@dataclass(frozen=True)
class Clash:
    """Something wrong with a plan's dates, in words. `field` is that of the form which sets the date; `on` is where it
    shows in the calendar. One that is only `told` spoils nothing and keeps nothing back."""

    field: Field
    on: date
    words: str
    told: bool = False


def judge(office: Office, plan: Plan, nation: str) -> list[Clash]:
    """All that is wrong with the dates at this moment, in order of the calendar."""
    if far := far_off(office, plan):
        return far
    found = [
        *_passed(office, plan), *_comparison(office, plan, nation), *_poll(office, plan, nation),
        *_leaving(office, plan, nation),
    ]  # fmt: skip
    return sorted(found, key=lambda clash: (clash.on, clash.told))


def of_campaign(office: Office, campaign: Campaign) -> list[Clash]:
    """Until it is launched; then its days pass as they should."""
    if campaign.state not in CHANGEABLE:
        return []
    with office.database.reading() as session:
        nation = nation_of(session, campaign.authority)
    return judge(office, Plan.model_validate(campaign.plan), nation)


def demand_possible(office: Office, plan: Plan, nation: str) -> None:
    """Reminders that can no longer help, and comparisons that cannot be measured, are refused before anybody spends
    time on them."""
    if wrong := [clash.words for clash in judge(office, plan, nation) if not clash.told]:
        raise SendBlocked("\n".join([*wrong, "Change the dates of the plan."]))


def demand_enterable(office: Office, plan: Plan, nation: str, where: str) -> None:
    """The same when a plan is entered, each clash beside the field of the plan that it is mended in."""
    wrong = [clash for clash in judge(office, plan, nation) if not clash.told]
    if wrong:
        raise InputRefused("\n".join(f"{where}: {WRITTEN.get(each.field, each.field)}: {each.words}" for each in wrong))


def far_off(office: Office, plan: Plan) -> list[Clash]:
    """Days that nobody can have meant; no law and no calendar is asked about them."""
    now, window = today(office.clock), plan.outcome_window
    days: list[tuple[Field, date | None, str]] = [
        ("start", plan.start, "first day"), ("start", window.start, "first day of the comparison"),
        ("end", window.end, "last day of the comparison"), ("poll", plan.poll_date, "day of the poll"),
        ("register_by", plan.register_by, "last day to register"),
        *(("start", wave.send_on, f"day of wave {number}") for number, wave in waves_of(plan)),
    ]  # fmt: skip
    return [
        Clash(field, on, f"The {what} is {day(on)}, more than five years from now. Check its year.")
        for field, on, what in days
        if on and abs(on - now) > FURTHEST
    ]


def waves_of(plan: Plan) -> list[tuple[int, PlannedWave]]:
    return list(enumerate(plan.waves, 1))


def _passed(office: Office, plan: Plan) -> Iterator[Clash]:
    now = today(office.clock)
    late = [(number, wave) for number, wave in waves_of(plan) if wave.send_on < now]
    if len(late) == len(plan.waves):
        last = max(wave.send_on for wave in plan.waves)
        yield Clash("start", last, f"Every wave's day has passed (the last was {day(last)}).")
    else:
        for number, wave in late:
            yield Clash(
                "end" if _waits(plan, wave) else "start", wave.send_on,
                f"Wave {number} was to leave on {day(wave.send_on)}, which has passed.",
            )  # fmt: skip
    window = plan.outcome_window
    if _compared(plan) and window.end < now:
        yield Clash("end", window.end, f"The comparison was to end on {day(window.end)}, which has passed.")
    elif _compared(plan) and window.start < now and not late:
        yield Clash("start", window.start, f"The comparison was to begin on {day(window.start)}, which has passed.")
    if plan.poll_date and plan.poll_date < now:
        yield Clash("poll", plan.poll_date, f"The day of the poll, {day(plan.poll_date)}, has passed.")


def _compared(plan: Plan) -> bool:
    return len(plan.arms) > 1


def _waits(plan: Plan, wave: PlannedWave) -> bool:
    """Whether a wave is for those alone who are reminded once the comparison has ended."""
    return _compared(plan) and set(wave.arms) == {plan.comparison}


def _comparison(office: Office, plan: Plan, nation: str) -> Iterator[Clash]:
    first = min((wave.send_on for wave in plan.waves if set(wave.arms) - {plan.comparison}), default=None)
    if not _compared(plan) or first is None:
        return
    window = plan.outcome_window
    if window.start > first:
        yield Clash(
            "start", window.start,
            f"The comparison begins on {day(window.start)}, after the first reminder on {day(first)}.",
        )  # fmt: skip
    yield from _long_enough(office, nation, first, window.end)
    yield from _register_taken(plan, nation)
    for number, wave in waves_of(plan):
        if wave.send_on > window.end and plan.comparison not in wave.arms:
            yield Clash(
                "end", wave.send_on, f"Wave {number} leaves on {day(wave.send_on)}, after the comparison has ended on "
                f"{day(window.end)}: what it changes is not measured.", told=True,
            )  # fmt: skip


def _long_enough(office: Office, nation: str, first: date, end: date) -> Iterator[Clash]:
    """RPR 2001, reg 29(4): an application lies open to objections, and is put on the register after that."""
    open_for = in_force(law(office.settings.home).determination, first, nation).working_days
    shows = working_days_after(first, open_for + 1, nation)
    if end < shows:
        yield Clash(
            "end", end,
            f"The comparison ends on {day(end)}, but whoever applies on the day of the first reminder, {day(first)}, "
            f"is on the register on {day(shows)} at the earliest, as an application lies open for "
            f"{plural(open_for, 'working day')}. Nothing could be measured. Expected an end on or after {day(shows)}.",
        )  # fmt: skip


def _register_taken(plan: Plan, nation: str) -> Iterator[Clash]:
    """The register that measures is taken after the comparison ends and before the others are written to."""
    end = plan.outcome_window.end
    others = min((wave.send_on for wave in plan.waves if plan.comparison in wave.arms), default=None)
    if others is None or others <= end:
        return
    between = [end + timedelta(days=n) for n in range((others - end).days)]
    if not any(working_day(each, nation) for each in between):
        yield Clash(
            "end", end,
            f"The comparison ends on {end:%A} {day(end)}, and the others are reminded from {others:%A} {day(others)}: "
            "no working day lies between on which the register that measures could be taken. Expected an end on a "
            "working day.",
        )  # fmt: skip


def _poll(office: Office, plan: Plan, nation: str) -> Iterator[Clash]:
    now = today(office.clock)
    leaves = [max(each, now) for each in pre_election.days(plan)]
    if poll := pre_election.overlooked(office, nation, plan, leaves):
        words = f"{pre_election.told_overlooked(office, nation, poll)} Give the day of the poll in the plan."
        yield Clash("poll", poll.day, words)
    own = plan.poll_date and set_deadline(plan.poll_date, nation, law(office.settings.home))
    if own and plan.register_by and own != plan.register_by:
        yield Clash(
            "register_by", plan.register_by,
            f"The plan says that people may register until {day(plan.register_by)}, but the council's list of polls "
            f"says until {day(own)}.",
        )  # fmt: skip
    yield from _too_late(office, plan, nation)


def _too_late(office: Office, plan: Plan, nation: str) -> Iterator[Clash]:
    end = deadline(office, plan.as_json(), nation)
    if end is None or plan.poll_date is None:
        return
    first = min(wave.send_on for wave in plan.waves)
    closed = {arm for arm in plan.arms if _all_after(plan, arm, london(end).date())}
    if max(office.clock.now(), at_london(first, 0)) >= end:
        yield Clash(
            "poll", first,
            f"The first reminder is on {day(first)}, but the registration deadline for the poll on "
            f"{day(plan.poll_date)} is {moment(end)}: the last day to register is {last_day(end)}.",
        )  # fmt: skip
        return
    for number, wave in waves_of(plan):
        if at_london(wave.send_on, 0) >= end:
            nobody = f" So nobody in {_listed(closed & {*wave.arms})} is reminded." if closed & {*wave.arms} else ""
            yield Clash(
                "poll", wave.send_on, f"Wave {number} is on {day(wave.send_on)}, after the last day to register for "
                f"the poll, {last_day(end)}, so it will not leave.{nobody}", told=True,
            )  # fmt: skip


def _all_after(plan: Plan, arm: str, end: date) -> bool:
    days = [wave.send_on for wave in plan.waves if arm in wave.arms]
    return bool(days) and min(days) >= end


def _listed(arms: set[str]) -> str:
    return ", ".join(f"“{arm}”" for arm in sorted(arms))


def _leaving(office: Office, plan: Plan, nation: str) -> Iterator[Clash]:
    """Waves that cannot leave on their day."""
    rules = law(office.settings.home)
    for number, wave in waves_of(plan):
        awake = wave.send_on
        while WAKING & {*wave.channels} and quiet_day(awake, nation, rules):
            awake += timedelta(days=1)
        first = wave.send_on if Channel.letter in wave.channels else awake
        if wave.expires_on and wave.expires_on < first:
            yield Clash(
                "start", wave.send_on,
                f"Wave {number} may leave until {day(wave.expires_on)} only, but can leave from {day(first)} at the "
                "earliest.",
            )  # fmt: skip
        elif awake != wave.send_on:
            yield Clash(
                "end" if _waits(plan, wave) else "start", wave.send_on,
                f"Wave {number} is on {wave.send_on:%A} {day(wave.send_on)}, a quiet day. Its emails and texts leave "
                f"on {awake:%A} {day(awake)}.", told=True,
            )  # fmt: skip
