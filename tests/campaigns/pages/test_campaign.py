"""The pages of a campaign: what is offered, refused and recorded."""

import pytest
from sqlmodel import select

from engage.foundation.audit import AuditEntry
from engage.foundation.identity import Account, Role
from engage.foundation.office import Actor, Office
from tests.campaigns.council import Maker, People
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
