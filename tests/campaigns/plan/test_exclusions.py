"""Who is left out and why: counted by hand from an audience whose homes are known."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import pytest

from campaigns.approval import control, decisions, drafts, submission
from campaigns.plan import exclusions
from campaigns.plan.exclusions import CAPPED, COMPARED, HELD_OUT, NO_CONTACT, REGISTERED
from campaigns.plan.plan import read
from campaigns.records import lookup
from campaigns.records.models import Campaign, CampaignState, Message, MessageState
from campaigns.sending import ledger
from engage.foundation.errors import InputRefused, SendBlocked
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from tests.campaigns.council import COUNCIL, TEMPLATES, Maker, audience_file, plan

FIRST = 100000000000


def _waterfall(campaign: Campaign) -> dict[str, int]:
    lines = campaign.estimate["waterfall"]
    segment = next(line["homes"] for line in lines if line["what"] == "homes the segment holds")
    drawn = next(line["homes"] for line in lines if line["kind"] == "subtotal")
    left = sum(line["homes"] for line in lines if line["kind"] == "left out")
    assert segment == left + lines[-1]["homes"], "from the segment to the reminders, it adds up"
    assert drawn == campaign.households
    return {line["what"]: line["homes"] for line in lines}


def test_homes_without_a_contact_are_counted(maker: Maker) -> None:
    now_and_later = {"templates": {"email": TEMPLATES["email"]}}
    found = _waterfall(maker.submitted(60, **now_and_later))
    assert (found["homes the segment holds"], found[NO_CONTACT], found["homes that can be reminded"]) == (60, 40, 20)


def test_a_home_in_another_comparison_is_left_out_before_the_draw(office: Office, maker: Maker) -> None:
    maker.launched(20)
    draft = drafts.create(office, maker.people.planner, plan(name="Another"))
    left_out = exclusions.before_the_draw(office, COUNCIL, draft.id or 0, read(plan()), None)
    assert left_out[COMPARED].tolist() == list(range(FIRST, FIRST + 20))
    frozen = audience_file(office, 60)
    submitted = submission.adopt(
        office, maker.people.planner, draft, frozen, register_snapshot=None, left_out=left_out
    )  # fmt: skip
    found = _waterfall(submitted)
    assert (found["homes the segment holds"], found[COMPARED], found["homes drawn into groups"]) == (60, 20, 40)
    with office.database.session() as session:
        path = office.lake.file(session.get_one(Snapshot, submitted.audience_snapshot))
    assert duckdb.execute("SELECT min(uprn) FROM read_parquet(?)", [str(path)]).fetchone() == (FIRST + 20,)


def test_each_home_is_left_out_once(office: Office, maker: Maker) -> None:
    draft = drafts.create(office, maker.people.planner, plan())
    left_out = {COMPARED: np.arange(FIRST, FIRST + 10), REGISTERED: np.arange(FIRST + 5, FIRST + 100)}
    frozen = audience_file(office, 30)
    with pytest.raises(InputRefused, match=r"Every home of the segment is left out.*: 10; somebody new.*: 20"):
        submission.adopt(office, maker.people.planner, draft, frozen, register_snapshot=None, left_out=left_out)
    left_out[REGISTERED] = left_out[REGISTERED][:10]
    found = _waterfall(
        submission.adopt(office, maker.people.planner, draft, frozen, register_snapshot=None, left_out=left_out)
    )
    assert (found[COMPARED], found[REGISTERED], found["homes drawn into groups"]) == (10, 5, 15)


def test_a_stopped_campaign_holds_nobody(office: Office, maker: Maker) -> None:
    stopped = maker.launched(20)
    control.stop(office, maker.people.planner, stopped.id or 0)
    assert exclusions.before_the_draw(office, COUNCIL, 99, read(plan()), None)[COMPARED].size == 0


AFTER = {"start": "2026-07-20", "outcome_window": {"start": "2026-07-20", "end": "2026-09-01"}}
EVERYONE = {"arms": {"everyone": 1.0}, "comparison": ""}


def test_after_a_comparison_only_those_it_will_still_remind_are_held(office: Office, maker: Maker) -> None:
    earlier = maker.launched(60)  # those reminded later get their letter on 30 July
    held = exclusions.before_the_draw(office, COUNCIL, 99, read(plan(**AFTER)), None)[COMPARED]
    arms = ledger.arms(office, maker.people.planner, earlier.id or 0)
    assert held.tolist() == sorted(uprn for uprn, arm in arms.items() if arm == "reminded later")
    late = {"start": "2026-07-31", "outcome_window": {"start": "2026-07-31", "end": "2026-09-01"}}
    assert exclusions.before_the_draw(office, COUNCIL, 99, read(plan(**late)), None)[COMPARED].size == 0
    assert exclusions.before_the_draw(office, COUNCIL, 99, read(plan(**AFTER, **EVERYONE)), None)[COMPARED].size == 0


def test_a_campaign_without_groups_spoils_a_comparison_but_another_like_it_does_not(
    office: Office, maker: Maker
) -> None:
    maker.launched(10, **EVERYONE)
    assert exclusions.before_the_draw(office, COUNCIL, 99, read(plan()), None)[COMPARED].size == 10
    assert exclusions.before_the_draw(office, COUNCIL, 99, read(plan(**EVERYONE)), None)[COMPARED].size == 0


def test_two_campaigns_submitted_side_by_side_do_not_both_start(office: Office, maker: Maker) -> None:
    first, second = maker.submitted(20), maker.submitted(30)
    office.clock.advance(timedelta(minutes=5))  # type: ignore[attr-defined]
    for campaign in (first, second):
        decisions.approve(office, maker.people.approver, campaign.id or 0)
    control.launch(office, maker.people.planner, first.id or 0)
    with pytest.raises(SendBlocked, match="20 of its homes have come into the comparison of another campaign"):
        control.launch(office, maker.people.planner, second.id or 0)
    control.stop(office, maker.people.planner, first.id or 0)
    assert control.launch(office, maker.people.planner, second.id or 0).state == CampaignState.launched


def test_a_campaign_launched_while_another_is_submitted_is_not_overlooked(
    office: Office, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = exclusions.before_the_draw

    def meanwhile(*asked: Any) -> dict[str, exclusions.Uprns]:
        found = looked(*asked)
        office.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
        maker.launched(20)
        office.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
        return found

    draft = drafts.create(office, maker.people.planner, plan(name="Another"))
    frozen = SimpleNamespace(path=audience_file(office, 30), households=30, register_snapshot=None)
    monkeypatch.setattr(submission, "freeze", lambda *_, **__: frozen)
    monkeypatch.setattr(exclusions, "before_the_draw", meanwhile)
    submission.submit(office, maker.people.planner, draft.id or 0)
    decisions.approve(office, maker.people.approver, draft.id or 0)
    with pytest.raises(SendBlocked, match="20 of its homes have come into the comparison of another campaign"):
        control.launch(office, maker.people.planner, draft.id or 0)


def test_the_cap_is_told_by_home_and_by_contact(office: Office, maker: Maker) -> None:
    earlier = maker.launched(12, arms={"everyone": 1.0}, comparison="")
    shared = office.keys.contact("email", "household-3@example.org")
    with office.database.session() as session:
        wave = lookup.waves(session, earlier.id or 0)[0]
        for n in range(3):
            for home, contact in ((FIRST, f"contact {n}"), (FIRST + 900 + n, shared)):
                name = f"{n}-{home}-{contact[:9]}"
                session.add(
                    Message(
                        authority=COUNCIL, campaign_id=earlier.id or 0, wave_id=wave.id or 0, uprn=home, ward="",
                        channel=("email", "sms", "letter")[n], template="t", contact=contact, reference=name[:32],
                        token=name, state=MessageState.delivered, claimed_at=office.clock.now() - timedelta(days=5),
                    )
                )  # fmt: skip
    control.stop(office, maker.people.planner, earlier.id or 0)
    found = _waterfall(maker.submitted(12, arms={"everyone": 1.0}, comparison=""))
    assert (found[CAPPED], found[NO_CONTACT], found["homes that can be reminded"]) == (2, 0, 10)
    month_later = {"start": "2026-07-20", "outcome_window": {"start": "2026-07-20", "end": "2026-08-20"}}
    assert _waterfall(maker.submitted(12, arms={"everyone": 1.0}, comparison="", **month_later))[CAPPED] == 0


def test_a_holdout_is_told_apart(maker: Maker) -> None:
    letters = [{"channels": ["letter"], "send_on": "2026-06-03", "arms": ["reminded now"]}]
    found = _waterfall(maker.submitted(40, waves=letters, holdout_reason="The canvass reaches everybody"))
    assert (found[HELD_OUT], found["homes that can be reminded"]) == (20, 20)
