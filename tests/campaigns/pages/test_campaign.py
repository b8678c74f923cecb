"""The pages of a campaign: what is offered, refused and recorded."""

import html
import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlmodel import select

from campaigns.approval import control, drafts, submission
from campaigns.notify.client import GovukNotify
from campaigns.records import lookup
from campaigns.records.models import Campaign, CampaignState, Message, MessageState
from campaigns.sending import waves
from campaigns.worker.work import tick
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import NotAllowed
from engage.foundation.identity import Account, Authority, FormerCode, Role
from engage.foundation.office import Actor, Office
from tests.campaigns.council import Maker, People, audience_file, plan, watched
from tests.website import COUNCIL, Enter, Visitor, hire


@pytest.fixture
def maker(office: Office, staff: dict[Role, Account]) -> Maker:
    def actor(role: Role) -> Actor:
        return Actor(COUNCIL, staff[role].label, staff[role].id)

    return Maker(office, People(actor(Role.officer), actor(Role.approver), actor(Role.auditor)))


def test_the_author_is_not_offered_the_decision(enter: Enter, maker: Maker) -> None:
    number = maker.submitted(20).id
    assert "/approve" not in enter(Role.officer).get(f"/campaigns/{number}").text
    assert f"/campaigns/{number}/approve" in enter(Role.approver).get(f"/campaigns/{number}").text
    assert enter(Role.officer).send(f"/campaigns/{number}/approve").status_code == 403


def test_a_version_that_changed_since_is_not_approved(enter: Enter, maker: Maker) -> None:
    number = maker.submitted(20).id
    answer = enter(Role.approver).send(f"/campaigns/{number}/approve", {"digest": "0" * 64})
    assert answer.status_code == 422
    assert "This campaign has changed since you looked at it" in answer.text


def test_sending_back_needs_a_reason(enter: Enter, maker: Maker) -> None:
    number = maker.submitted(20).id
    approver = enter(Role.approver)
    silent = approver.send(f"/campaigns/{number}/reject")
    assert (silent.status_code, "<title>Error: Send this campaign back" in silent.text) == (422, True)
    approver.send(f"/campaigns/{number}/reject", {"note": "Wrong ward"})
    assert "Wrong ward" in enter(Role.officer).get(f"/campaigns/{number}").text


def test_what_cannot_be_done_now_says_why(enter: Enter, maker: Maker) -> None:
    number = maker.submitted(20).id
    answer = enter(Role.officer).send(f"/campaigns/{number}/launch")
    assert answer.status_code == 422
    assert f"You cannot launch campaign {number}: it is submitted, not approved." in answer.text
    assert enter(Role.officer).get(f"/campaigns/{number}/explode").status_code == 404


def _page(visitor: Visitor, path: str) -> tuple[str, dict[str, str]]:
    """What it says, and what its form carries."""
    page = visitor.get(path).text
    names = ("state", "version", "digest", "why")
    found = {name: re.search(rf'name="{name}" value="([^"]*)"', page) for name in names}
    return page, {name: html.unescape(match[1]) for name, match in found.items() if match}


def _state(office: Office, number: int) -> str:
    with office.database.reading() as session:
        return session.get_one(Campaign, number).state


def test_the_launch_is_named_with_its_figures(enter: Enter, maker: Maker) -> None:
    number = maker.submitted(60).id or 0
    maker.approve(number)
    page, _ = _page(enter(Role.officer), f"/campaigns/{number}/launch")
    assert (
        "At most 20 emails and 20 texts from 3 June 2026 and 60 letters from 17 June 2026 leave, up to £55 including "
        "letters, before VAT." in page
    )
    assert "60 homes: 30 “reminded now” and 30 “reminded later”." in page


def test_the_approval_is_named_with_its_figures(enter: Enter, maker: Maker) -> None:
    number = maker.submitted(60).id
    page, carried = _page(enter(Role.approver), f"/campaigns/{number}/approve")
    assert "You approve version 1." in page
    assert "At most 20 emails and 20 texts from 3 June 2026 and 60 letters" in page
    assert carried["state"] == "submitted"
    back, _ = _page(enter(Role.approver), f"/campaigns/{number}/reject")
    assert "Version 1: at most 20 emails and 20 texts from 3 June 2026" in back
    assert "You approve" not in back


def test_stop_tells_what_has_left_and_what_will_not_and_asks_why(enter: Enter, maker: Maker, office: Office) -> None:
    number = maker.launched(60).id or 0
    officer = enter(Role.officer)
    assert "Nothing has left." in officer.get(f"/campaigns/{number}/stop").text
    waves.plan_due(office, number)
    with office.database.session() as session:
        (sent, *_) = session.exec(select(Message).where(Message.channel == "email")).all()
        sent.state = MessageState.accepted
    page, carried = _page(officer, f"/campaigns/{number}/stop")
    assert "1 email has left, and cannot be called back." in page
    assert "that wait and at most 10 emails" in page
    assert "of 3 waves still to come will not leave." in page
    silent = officer.send(f"/campaigns/{number}/stop", carried)
    assert (silent.status_code, "Enter why it is stopped" in silent.text) == (422, True)
    assert _state(office, number) == "launched"
    officer.send(f"/campaigns/{number}/stop", carried | {"note": "By-election called"})
    assert _state(office, number) == "stopped"


def test_discard_of_a_stale_tab_stops_nothing_that_was_launched_since(
    enter: Enter, maker: Maker, office: Office
) -> None:
    """Opened while it was a draft, pressed after its launch: it once stopped the whole campaign."""
    number = drafts.create(office, maker.people.planner, plan()).id or 0
    officer = enter(Role.officer)
    page, carried = _page(officer, f"/campaigns/{number}/discard")
    assert "is a draft, version 1. Nothing of it has been sent." in page
    draft = lookup.campaign(office, maker.people.planner, number)
    submission.adopt(office, maker.people.planner, draft, audience_file(office, 20), register_snapshot=None)
    maker.approve(number)
    control.launch(office, maker.people.planner, number)
    stale = officer.send(f"/campaigns/{number}/discard", carried)
    assert stale.status_code == 422
    assert "the page showed version 1, draft. Now it is version 1, launched, and nothing was done" in stale.text
    assert "<button" not in stale.text.partition("<main")[2], "nor is it offered"
    assert officer.send(f"/campaigns/{number}/discard").status_code == 422, "whatever the form carries"
    assert _state(office, number) == "launched"


@pytest.mark.parametrize("state", ["submitted", "approved"])
def test_what_was_submitted_is_stopped_with_a_reason_and_not_discarded(
    enter: Enter, maker: Maker, office: Office, state: str
) -> None:
    number = maker.submitted(20).id or 0
    if state == "approved":
        maker.approve(number)
    officer = enter(Role.officer)
    assert officer.send(f"/campaigns/{number}/discard").status_code == 422
    page, carried = _page(officer, f"/campaigns/{number}/stop")
    assert "Nothing of it has left. At most 7 emails" in page
    officer.send(f"/campaigns/{number}/stop", carried | {"note": "Another is planned"})
    assert _state(office, number) == "stopped"


def test_a_draft_is_discarded(enter: Enter, maker: Maker, office: Office) -> None:
    number = drafts.create(office, maker.people.planner, plan()).id or 0
    officer = enter(Role.officer)
    _, carried = _page(officer, f"/campaigns/{number}/discard")
    assert "Discarded. Nothing of it is sent." in officer.send(f"/campaigns/{number}/discard", carried).text
    assert _state(office, number) == "stopped"


def test_resume_on_a_page_that_showed_another_reason_does_nothing(enter: Enter, maker: Maker, office: Office) -> None:
    """Paused by an officer, resumed, and paused again by itself: what the first page showed is over."""
    number, planner = maker.launched(20).id or 0, maker.people.planner
    control.pause(office, planner, number, reason="Phones are busy")
    officer = enter(Role.officer)
    _, carried = _page(officer, f"/campaigns/{number}/resume")
    control.resume(office, planner, number)
    control.pause(office, planner, number, reason="Engage paused it by itself. Too many STOPs.")
    stale = officer.send(f"/campaigns/{number}/resume", carried)
    assert (stale.status_code, _state(office, number)) == (422, "paused")
    _, carried = _page(officer, f"/campaigns/{number}/resume")
    officer.send(f"/campaigns/{number}/resume", carried)
    assert _state(office, number) == "launched"


def test_a_launch_of_a_version_approved_since_does_nothing(enter: Enter, maker: Maker, office: Office) -> None:
    number, planner = maker.submitted(20).id or 0, maker.people.planner
    maker.approve(number)
    officer = enter(Role.officer)
    _, carried = _page(officer, f"/campaigns/{number}/launch")
    changed = drafts.revise(office, planner, number, plan(purpose="Another"))
    submission.adopt(office, planner, changed, audience_file(office, 30), register_snapshot=None)
    maker.approve(number)
    stale = officer.send(f"/campaigns/{number}/launch", carried)
    assert (stale.status_code, _state(office, number)) == (422, "approved")
    assert "Now it is version 2" in stale.text


def test_the_downloads_are_recorded(enter: Enter, maker: Maker, office: Office) -> None:
    number = maker.launched(20).id
    answer = enter(Role.officer).get(f"/campaigns/{number}/assignment.csv")
    assert answer.text.splitlines()[0] == "uprn,arm,contacted_on,channel"
    assert len(answer.text.splitlines()) == 21
    with office.database.session() as session:
        acts = [entry.act for entry in session.exec(select(AuditEntry))]
    assert acts.count("export assignment") == 1


MERGED = "E06000099"


@pytest.fixture
def successor(office: Office, visit: Callable[[], Visitor]) -> Visitor:
    """An officer of the council that this one went into."""
    with office.database.session() as session:
        session.add(Authority(code=MERGED, name="Exampleshire"))
        session.flush()
        session.add(FormerCode(authority=MERGED, code=COUNCIL, until=date(2026, 4, 1)))
    hire(office, Role.officer, authority=MERGED, email="merged@example.org")
    visitor = visit()
    visitor.sign_in("merged@example.org")
    return visitor


def test_campaigns_of_a_council_that_went_into_this_one_stay_readable(
    successor: Visitor, maker: Maker, office: Office, enter: Enter
) -> None:
    launched, draft = maker.launched(20), maker.submitted(20, name="Never launched")
    listed = successor.get("/campaigns").text
    assert "Of councils that went into this one" in listed
    assert f'href="/campaigns/{launched.id}"' in listed
    assert "Never launched" not in listed
    page = successor.get(f"/campaigns/{launched.id}")
    assert (page.status_code, "of East Staffordshire, which went into your council" in page.text) == (200, True)
    for path in (
        f"/campaigns/{launched.id}/progress",
        f"/campaigns/{launched.id}/ledger.csv",
        f"/api/campaigns/{launched.id}",
    ):
        assert successor.get(path).status_code == 200, path
    assert len(successor.get(f"/campaigns/{launched.id}/assignment.csv").text.splitlines()) == 21
    assert successor.get(f"/campaigns/{draft.id}").status_code == 404
    assert successor.get("/api/campaigns").json() == []
    assert "which went into" not in enter(Role.officer).get(f"/campaigns/{launched.id}").text
    assert "Of councils" not in enter(Role.officer).get("/campaigns").text


@pytest.mark.parametrize("act", ["pause", "stop"])
def test_they_are_changed_by_nobody_but_their_own(successor: Visitor, maker: Maker, office: Office, act: str) -> None:
    launched = maker.launched(20)
    assert f"/campaigns/{launched.id}/{act}" not in successor.get(f"/campaigns/{launched.id}").text
    assert successor.send(f"/campaigns/{launched.id}/{act}", {"note": "x"}).status_code == 404
    with office.database.session() as session:
        assert session.get_one(Campaign, launched.id).state == CampaignState.launched


def test_a_neighbour_reads_none_of_them(
    successor: Visitor, visit: Callable[[], Visitor], maker: Maker, office: Office
) -> None:
    launched = maker.launched(20)
    with office.database.session() as session:
        session.add(Authority(code="E07000999", name="Neighbourham"))
    hire(office, Role.officer, authority="E07000999", email="next@example.org")
    neighbour = visit()
    neighbour.sign_in("next@example.org")
    assert neighbour.get(f"/campaigns/{launched.id}").status_code == 404
    assert successor.get(f"/campaigns/{launched.id}").status_code == 200


def test_an_account_acts_for_a_former_council_only_to_see(successor: Visitor, maker: Maker, office: Office) -> None:
    launched = maker.launched(20)
    with office.database.session() as session:
        account = session.exec(select(Account).where(Account.authority == MERGED)).one()
    reader = lookup.reader(office, Actor(MERGED, account.label, account.id), launched.id or 0)
    assert reader.authority == COUNCIL
    assert lookup.campaign(office, reader, launched.id or 0).id == launched.id
    with pytest.raises(NotAllowed, match="does not belong"):
        control.pause(office, reader, launched.id or 0)


def test_an_outage_is_told_on_the_campaign_and_the_first_page(enter: Enter, maker: Maker, office: Office) -> None:
    campaign = maker.launched(60)
    waves.plan_due(office, campaign.id or 0)
    watched(office)
    officer = enter(Role.officer)
    pages = ("/", f"/campaigns/{campaign.id}", f"/campaigns/{campaign.id}/progress")
    assert not any("govuk-warning-text" in officer.get(page).text for page in pages)
    assert "about 1 minutes at 1000 a second, until" in officer.get(pages[1]).text
    watched(office, notify="it does not answer.", notify_since=office.clock.now())
    for page in pages:
        assert (
            "GOV.UK Notify cannot be used since 3 June 2026 at 10:00am: it does not answer." in officer.get(page).text
        )
    assert "When all of it has left cannot be said while this lasts." in officer.get(pages[2]).text
    assert "about 1 minutes" not in officer.get(pages[2]).text


def test_a_late_wave_is_a_thing_to_do(
    enter: Enter, maker: Maker, office: Office, clock: SteppedClock, notify: GovukNotify
) -> None:
    campaign = maker.launched(60)
    clock.advance(timedelta(days=1))
    tick(office, notify)
    page = enter(Role.officer).get("/").text
    assert f"Resume or stop: {campaign.name}" in page
    assert "Nothing left on its day of wave 1 (3 June 2026)" in page
