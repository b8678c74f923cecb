"""The pages of a campaign: what is offered, refused and recorded."""

from datetime import timedelta

import pytest
from sqlmodel import select

from campaigns.notify.client import GovukNotify
from campaigns.sending import waves
from campaigns.worker.work import tick
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.identity import Account, Role
from engage.foundation.office import Actor, Office
from tests.campaigns.council import Maker, People, watched
from tests.website import COUNCIL, Enter


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


def test_the_downloads_are_recorded(enter: Enter, maker: Maker, office: Office) -> None:
    number = maker.launched(20).id
    answer = enter(Role.officer).get(f"/campaigns/{number}/assignment.csv")
    assert answer.text.splitlines()[0] == "uprn,arm,contacted_on,channel"
    assert len(answer.text.splitlines()) == 21
    with office.database.session() as session:
        acts = [entry.act for entry in session.exec(select(AuditEntry))]
    assert acts.count("export assignment") == 1


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
