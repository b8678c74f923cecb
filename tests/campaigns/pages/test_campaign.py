"""The pages of a campaign: what is offered, refused and recorded."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlmodel import select

from campaigns.approval import control
from campaigns.notify.client import GovukNotify
from campaigns.records import lookup
from campaigns.records.models import Campaign, CampaignState
from campaigns.sending import waves
from campaigns.worker.work import tick
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import NotAllowed
from engage.foundation.identity import Account, Authority, FormerCode, Role
from engage.foundation.office import Actor, Office
from tests.campaigns.council import Maker, People, watched
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
