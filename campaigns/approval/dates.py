"""The dates of a plan held against today, the polls and the registration deadline."""

from campaigns.approval import pre_election
from campaigns.plan.plan import Plan
from campaigns.records.lookup import deadline
from engage.foundation.clock import at_london, london, today
from engage.foundation.errors import SendBlocked
from engage.foundation.office import Office


def demand_possible(office: Office, plan: Plan, nation: str) -> None:
    """Reminders that can no longer help are refused before anybody spends time on them."""
    now = office.clock.now()
    first, last = min(wave.send_on for wave in plan.waves), max(wave.send_on for wave in plan.waves)
    if last < today(office.clock):
        raise SendBlocked(f"Every wave's day has passed (the last was {last}). Change the dates of the plan.")
    leaves = [max(day, today(office.clock)) for day in pre_election.days(plan)]
    if poll := pre_election.overlooked(office, nation, plan, leaves):
        raise SendBlocked(f"{pre_election.told_overlooked(office, nation, poll)} Give the day of the poll in the plan.")
    end = deadline(office, plan.poll_date, nation) if plan.poll_date else None
    if end and max(now, at_london(first, 0)) >= end:
        raise SendBlocked(
            f"The first wave is on {first}, but the registration deadline for the poll on {plan.poll_date} "
            f"is {london(end):%d %B %Y at %H:%M}. Change the dates of the plan."
        )
