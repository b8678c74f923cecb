"""Between the notice of a poll and the poll: two approvers, one of them named, and plain facts."""

from datetime import date
from pathlib import Path

import pytest

from campaigns.approval import control, decisions, drafts, pre_election, submission
from campaigns.plan.plan import read
from campaigns.records.models import CampaignState
from engage.foundation.calendar import law, pre_election_periods
from engage.foundation.errors import InputRefused, NotAllowed, SendBlocked
from engage.foundation.office import Office
from tests.campaigns.council import Maker, plan

# The last day for the notice of election, as the Electoral Commission's timetables had it.
NOTICES = [(date(2021, 5, 6), date(2021, 3, 29)), (date(2023, 5, 4), date(2023, 3, 27)), (date(2024, 5, 2), date(2024, 3, 26))]  # fmt: skip


@pytest.mark.parametrize(("poll", "notice"), NOTICES)
def test_the_period_begins_with_the_last_day_for_its_notice(poll: date, notice: date) -> None:
    (found,) = pre_election_periods("England", law(), poll)
    assert (found.first, found.poll) == (notice, poll)
    assert found.holds(poll)
    assert not found.holds(date.fromordinal(poll.toordinal() + 1))


def test_the_councils_own_polls_count_though_a_plan_names_none(office: Office) -> None:
    assert pre_election.period(office, "England", read(plan())) is None
    _call_a_poll(office.settings.home)
    found = pre_election.period(office, "England", read(plan()))
    assert found is not None
    assert (found.first, found.name) == (date(2026, 6, 1), "by-election in Burton")
    assert pre_election.period(office, "Wales", read(plan())) is None
    assert "between 1 June 2026 and 2 July 2026, before the by-election in Burton" in pre_election.told(found)


def _call_a_poll(home: Path) -> None:
    (home / "law.toml").write_text(
        "[[poll]]\nsince = 2026-05-20\nday = 2026-07-02\nnotice_on = 2026-06-01\nname = 'by-election in Burton'\n"
        "nations = ['England']\nsource = 'Returning Officer'\n"
    )


def test_before_a_poll_a_plan_names_who_approves_second(office: Office, maker: Maker) -> None:
    planner = maker.people.planner
    for named in ("", "officer 1", "nobody@example.org"):
        draft = drafts.create(office, planner, plan(poll_date="2026-07-02", second_approver=named))
        with pytest.raises(InputRefused, match=r"name who approves second .* expected approver 2, or"):
            submission.submit(office, planner, draft.id or 0)


def test_before_a_poll_two_people_approve_one_of_them_named(office: Office, maker: Maker) -> None:
    people = maker.people
    second = maker.second_approver()
    number = maker.submitted(20, poll_date="2026-07-02", second_approver="second@example.org").id or 0
    once = decisions.approve(office, people.approver, number)
    assert (once.state, once.reason) == (
        CampaignState.submitted, f"Still to approve it: {second.label}, who is named in the plan."
    )  # fmt: skip
    with pytest.raises(NotAllowed, match="approved this version already"):
        decisions.approve(office, people.approver, number)
    with pytest.raises(SendBlocked):
        control.launch(office, people.planner, number)
    twice = decisions.approve(office, second, number)
    assert (twice.state, twice.reason) == (CampaignState.approved, "")
    assert control.launch(office, people.planner, number).state == CampaignState.launched


def test_the_named_person_alone_is_not_enough(office: Office, maker: Maker) -> None:
    second = maker.second_approver()
    number = maker.submitted(20, poll_date="2026-07-02", second_approver=second.label).id or 0
    assert decisions.approve(office, second, number).reason == "Still to approve it: one more person."
    assert decisions.approve(office, maker.people.approver, number).state == CampaignState.approved


def test_a_poll_called_after_approval_holds_the_launch(office: Office, maker: Maker) -> None:
    number = maker.submitted(20).id or 0
    assert decisions.approve(office, maker.people.approver, number).state == CampaignState.approved
    _call_a_poll(office.settings.home)
    with pytest.raises(SendBlocked, match="let somebody else approve it: one more person"):
        control.launch(office, maker.people.planner, number)
