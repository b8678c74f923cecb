import csv
import io
from datetime import timedelta

import duckdb
import pytest
from sqlmodel import select

from campaigns.approval import control, dates, decisions, drafts
from campaigns.plan.plan import read
from campaigns.plan.reached import LEFT_OUT
from campaigns.records import lookup
from campaigns.records.models import Approval, Campaign, CampaignState, Wave
from campaigns.sending import ledger
from engage.foundation import audit
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused, NotAllowed, NotFound, SendBlocked
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from tests.campaigns.council import COUNCIL, Maker, People, plan


def test_a_draft_keeps_its_plan_and_seed(office: Office, people: People) -> None:
    made = drafts.create(office, people.planner, plan(seed=None))
    kept = lookup.campaign(office, people.planner, made.id or 0)
    assert kept.state == CampaignState.draft
    assert kept.plan["name"] == "Summer reminders"
    assert kept.created_by_id == people.planner.account_id
    assert 0 <= kept.seed < 2**63
    assert kept.seed != drafts.create(office, people.planner, plan(seed=None)).seed


def test_submitting_counts_what_adds_up(maker: Maker) -> None:
    campaign = maker.submitted(60)
    estimate = campaign.estimate
    assert estimate["households"] == campaign.households == 60 == sum(estimate["arms"].values())
    for wave in estimate["waves"]:
        assert wave["households"] == sum(wave["channels"].values()) + sum(wave[why] for why in LEFT_OUT)
        assert wave["households"] == sum(estimate["arms"][arm] for arm in wave["arms"])
    quick = [wave for wave in estimate["waves"] if "email" in wave["channels"]]
    # Of 60 homes, 20 have an email and 20 more a mobile only; a text goes where there is no email.
    assert sum(wave["channels"]["email"] for wave in quick) == 20
    assert sum(wave["channels"]["sms"] for wave in quick) == 20
    letters = sum(wave["channels"].get("letter", 0) for wave in estimate["waves"])
    assert letters == 60
    assert estimate["cost"]["low"] == round(letters * 63.8 / 2) * 2
    assert estimate["cost"]["high"] >= letters * 91


def test_the_audience_keeps_its_arms(office: Office, maker: Maker) -> None:
    campaign = maker.submitted(60)
    with office.database.session() as session:
        path = office.lake.file(session.get_one(Snapshot, campaign.audience_snapshot))
    rows = duckdb.execute("SELECT ward, arm, count(*) FROM read_parquet(?) GROUP BY ALL", [str(path)]).fetchall()
    assert sum(count for _, _, count in rows) == 60
    assert all(count == 10 for _, _, count in rows)


def test_nobody_approves_their_own(office: Office, maker: Maker, people: People) -> None:
    campaign = maker.submitted()
    with pytest.raises(NotAllowed, match="officer"):
        decisions.approve(office, people.planner, campaign.id or 0)
    with pytest.raises(NotAllowed, match="account of its own"):
        decisions.approve(office, Actor(COUNCIL, "command line"), campaign.id or 0)
    with office.database.session() as session:
        session.get_one(Campaign, campaign.id).created_by_id = people.approver.account_id
    with pytest.raises(NotAllowed, match="somebody else"):
        decisions.approve(office, people.approver, campaign.id or 0)


def test_rights_and_authority_are_asked_for(office: Office, maker: Maker, people: People) -> None:
    with pytest.raises(NotAllowed):
        drafts.create(office, people.auditor, plan())
    campaign = maker.submitted()
    with pytest.raises(NotFound):
        lookup.campaign(office, Actor("E07000192", "officer"), campaign.id or 0)
    with pytest.raises(NotAllowed, match="does not belong"):
        control.pause(office, Actor("E07000192", "officer", people.planner.account_id), campaign.id or 0)
    with pytest.raises(NotFound):
        lookup.campaign(office, people.planner, 999)


def test_a_change_voids_the_approval(office: Office, maker: Maker, people: People) -> None:
    campaign = maker.submitted()
    decisions.approve(office, people.approver, campaign.id or 0, digest=campaign.digest)
    changed = drafts.revise(office, people.planner, campaign.id or 0, plan(purpose="Another purpose"))
    assert (changed.state, changed.version) == (CampaignState.draft, 2)
    with pytest.raises(SendBlocked, match="it is draft, not approved"):
        control.launch(office, people.planner, campaign.id or 0)


def test_an_approval_is_of_the_exact_version(office: Office, maker: Maker, people: People) -> None:
    campaign = maker.submitted()
    with pytest.raises(SendBlocked, match="has changed since you looked"):
        decisions.approve(office, people.approver, campaign.id or 0, digest="0" * 64)
    decisions.approve(office, people.approver, campaign.id or 0)
    with office.database.session() as session:
        tampered = session.get_one(Campaign, campaign.id)
        tampered.plan = {**tampered.plan, "purpose": "Slipped in after approval"}
    with pytest.raises(SendBlocked, match="exact version has not been approved"):
        control.launch(office, people.planner, campaign.id or 0)


def test_a_rejection_needs_a_reason_and_goes_back(office: Office, maker: Maker, people: People) -> None:
    campaign = maker.submitted()
    with pytest.raises(InputRefused):
        decisions.reject(office, people.approver, campaign.id or 0, note=" ")
    rejected = decisions.reject(office, people.approver, campaign.id or 0, note="Too soon after the canvass")
    assert (rejected.state, rejected.reason) == (CampaignState.draft, "Too soon after the canvass")
    with office.database.session() as session:
        assert [a.decision for a in session.exec(select(Approval))] == ["rejected"]


def test_a_campaign_after_the_deadline_is_refused(office: Office, maker: Maker) -> None:
    with pytest.raises(SendBlocked, match=r"registration deadline.*19 June 2024"):
        dates.demand_possible(office, read(plan(start="2024-06-20", poll_date="2024-07-04",
            outcome_window={"start": "2024-06-20", "end": "2026-09-01"})), "England")  # fmt: skip
    campaign = maker.submitted()
    clock = office.clock
    assert isinstance(clock, SteppedClock)
    clock.advance(timedelta(days=100))
    decisions.approve(office, maker.people.approver, campaign.id or 0)
    with pytest.raises(SendBlocked, match="Every wave's day has passed"):
        control.launch(office, maker.people.planner, campaign.id or 0)


def test_launch_pause_resume_stop(office: Office, maker: Maker, people: People) -> None:
    campaign = maker.launched()
    number = campaign.id or 0
    with office.database.session() as session:
        assert [wave.number for wave in session.exec(select(Wave))] == [1, 2, 3, 4]
    assert control.pause(office, people.planner, number, reason="Phones are busy").state == CampaignState.paused
    with pytest.raises(SendBlocked, match="it is paused, not launched"):
        control.pause(office, people.planner, number)
    assert control.resume(office, people.planner, number).state == CampaignState.launched
    assert control.stop(office, people.planner, number, reason="By-election called").state == CampaignState.stopped
    with pytest.raises(SendBlocked):
        control.resume(office, people.planner, number)


def test_every_act_is_in_the_audit_log(office: Office, maker: Maker, people: People) -> None:
    campaign = maker.launched()
    ledger.export_assignment(office, people.planner, campaign.id or 0, io.StringIO())
    with office.database.session() as session:
        acts = [entry.act for entry in session.exec(select(audit.AuditEntry).order_by("number"))]
        assert acts == [
            "create campaign",
            "submit campaign",
            "approved campaign",
            "launch campaign",
            "export assignment",
        ]
        assert audit.verify(session, COUNCIL).intact


def test_the_assignment_has_every_household_once(office: Office, maker: Maker, people: People) -> None:
    campaign = maker.launched()
    out = io.StringIO()
    assert ledger.export_assignment(office, people.planner, campaign.id or 0, out) == 60
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert list(rows[0]) == ["uprn", "arm", "contacted_on", "channel"]
    assert len({row["uprn"] for row in rows}) == 60
    assert {row["contacted_on"] for row in rows} == {""}
    assert {int(row["uprn"]): row["arm"] for row in rows} == ledger.arms(office, people.planner, campaign.id or 0)
