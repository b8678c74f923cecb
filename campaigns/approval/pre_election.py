"""Before a poll: what leaves then needs a second, named approver and messages of plain facts.

Local Government Act 1986, sections 2 and 4, and the Code of Recommended Practice on Local Authority Publicity:
registration may be, and is, encouraged then, but with care that nothing seems to favour anybody.
"""

from collections.abc import Collection
from datetime import date

from sqlmodel import Session

from campaigns.approval import authorship
from campaigns.messages.wording import last_day
from campaigns.plan.plan import Plan
from campaigns.records.lookup import deadline
from campaigns.records.models import Campaign
from engage.foundation.calendar import Period, Poll, law, listed, pre_election_periods, registration_deadline
from engage.foundation.errors import InputRefused, SendBlocked
from engage.foundation.identity import Account, Right, accounts, by_email
from engage.foundation.office import Office
from engage.foundation.words import day


def days(plan: Plan) -> list[date]:
    return [wave.send_on for wave in plan.waves]


def period(office: Office, nation: str, plan: Plan, leaves: Collection[date] | None = None) -> Period | None:
    """The first period before a poll, of the council's list or the plan's own, in which something of it leaves: on the
    days of its waves, if not told otherwise."""
    found = pre_election_periods(nation, law(office.settings.home), plan.poll_date, plan.poll_kind or "other")
    on = days(plan) if leaves is None else leaves
    return next((each for each in found if any(each.holds(day) for day in on)), None)


def overlooked(office: Office, nation: str, plan: Plan, leaves: Collection[date]) -> Poll | None:
    """The first poll of the council's list of which the messages that leave on those days do not know: they would name
    a day by which to register that is too late for it."""
    rules = law(office.settings.home)
    ours = deadline(office, plan.as_json(), nation)
    for poll in listed(nation, rules):
        if poll.day == plan.poll_date:
            continue
        last = last_day(registration_deadline(poll.day, nation, rules), poll.day)
        if any(day <= poll.day and last_day(ours, day) > last for day in leaves):
            return poll
    return None


def told_overlooked(office: Office, nation: str, poll: Poll) -> str:
    last = last_day(registration_deadline(poll.day, nation, law(office.settings.home)), poll.day)
    return (
        f"A poll is on {day(poll.day)} ({poll.name}), and the last day to register for it is {day(last)}. "
        "The messages name a later one, as the plan does not know of this poll."
    )


def told(found: Period) -> str:
    return (
        f"Some of it leaves between {day(found.first)} and {day(found.poll)}, before the {found.name}. Then publicity "
        "needs special care: this campaign needs the approval of two people, one of them named in the plan, and its "
        "messages hold plain facts only."
    )


def approvers(session: Session, authority: str) -> list[Account]:
    """Who may be named as the second approver."""
    return [account for account in accounts(session, authority) if account.may(Right.approve)]


def second_approver(session: Session, authority: str, plan: Plan) -> Account:
    """InputRefused where the plan names nobody, or somebody who may not approve."""
    known = approvers(session, authority)
    named = by_email(session, plan.second_approver) if "@" in plan.second_approver else None
    label = named.label if named else plan.second_approver
    chosen = next((account for account in known if account.label == label), None)
    if chosen is None:
        others = ", ".join(account.label for account in known) or "none yet"
        raise InputRefused(
            "Before a poll, the plan has to name who approves second (second_approver), as the monitoring officer: "
            f"expected {others}, or the email address of one of them."
        )
    return chosen


def outstanding(
    session: Session, office: Office, nation: str, campaign: Campaign, leaves: Collection[date] | None = None
) -> str:
    """Who has still to approve exactly this version, in words; empty where nobody has. `leaves` as for `period`."""
    plan = Plan.model_validate(campaign.plan)
    approved = authorship.approvers(session, office, campaign)
    if not approved:
        return "somebody other than its author"
    if period(office, nation, plan, leaves) is None:
        return ""
    if plan.second_approver:  # asked for when it was submitted; a poll may have been called since
        named = second_approver(session, campaign.authority, plan)
        if named.id not in approved:
            return f"{named.label}, who is named in the plan"
    return "" if len(approved) > 1 else "one more person"


def demand_possible(
    session: Session, office: Office, nation: str, campaign: Campaign, plan: Plan, submits: int | None = None
) -> None:  # fmt: skip
    """Before it is submitted: there is somebody to approve second who is not its author."""
    if period(office, nation, plan) is None:
        return
    named = second_approver(session, campaign.authority, plan)
    if named.id in {submits} | authorship.authors(session, campaign):
        raise SendBlocked("The second approver wrote a part of this campaign. Name somebody else in the plan.")
