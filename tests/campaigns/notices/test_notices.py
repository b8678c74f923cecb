"""Emails to colleagues: written with the act, sent once, and no more to who said no; the course of what they tell of."""

from copy import deepcopy
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from campaigns.approval import control, decisions
from campaigns.notices import delivery, outbox
from campaigns.notify.client import GovukNotify
from campaigns.notify.errors import Ambiguous
from campaigns.notify.messages import Accepted, Outgoing, Status
from campaigns.notify.stand_in import running
from campaigns.records import course
from campaigns.records.models import Campaign
from campaigns.records.notice import About, Notice
from campaigns.setup import outlines
from engage.foundation.clock import SteppedClock
from engage.foundation.identity import Account, Role
from engage.foundation.office import Office
from tests.campaigns.council import COUNCIL, KEY, SEED, Maker, audience_file

TEMPLATE = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"


class Post:
    """GOV.UK Notify, whose answer to the first is lost."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    def send(self, message: Outgoing) -> Accepted:
        self.sent.append(message)
        if len(self.sent) == 1:
            raise Ambiguous("Timeout", "no answer")
        return Accepted("n", message.reference, 1)

    def find(self, reference: str) -> list[Status]:
        return [Status.__new__(Status)] if any(each.reference == reference for each in self.sent) else []


@pytest.fixture
def told(office: Office) -> Office:
    office.settings = office.settings.model_copy(update={"notice_template": TEMPLATE})
    return office


def waiting(office: Office) -> list[tuple[str, int]]:
    with office.database.reading() as session:
        return [(each.about, each.account_id) for each in session.exec(select(Notice).order_by(Notice.id))]  # type: ignore[arg-type]


def test_what_waits_and_what_was_decided_is_told_once_with_its_course(
    told: Office, maker: Maker, clock: SteppedClock
) -> None:
    planner, approver = maker.people.planner, maker.people.approver
    number = maker.submitted(12).id or 0
    assert waiting(told) == [("approval", approver.account_id)]
    decisions.reject(told, approver, number, note="Wrong ward")
    assert waiting(told)[1:] == [("decision", planner.account_id)]
    post = Post()
    assert delivery.send_due(told, post) == 1  # type: ignore[arg-type]
    assert delivery.send_due(told, post) == 0  # type: ignore[arg-type]
    clock.advance(timedelta(minutes=2))
    assert delivery.send_due(told, post) == 1, "found by its reference"  # type: ignore[arg-type]
    assert [each.recipient for each in post.sent] == ["approver@example.org", "officer@example.org"]
    assert post.sent[0].personalisation["link"] == f"http://127.0.0.1:8000/campaigns/{number}"
    control.discard(told, planner, number, reason="Not needed")
    with told.database.reading() as session:
        campaign = session.get_one(Campaign, number)
    events = course.course(told, planner, campaign)
    assert [(each.what, each.by, each.why) for each in events] == [
        ("Discarded", "Officer", "Not needed"), ("Sent back", "Approver", "Wrong ward"),
        ("Submitted for approval", "Officer", ""), ("Drafted", "Officer", ""),
    ]  # fmt: skip


def test_an_email_to_a_colleague_is_written_by_the_service_s_own_template(told: Office, maker: Maker) -> None:
    """Over the stand-in, as GOV.UK Notify fills it in; a template that is not there is a failure, once."""
    own = {"id": TEMPLATE, "type": "email", "subject": "((subject))", "content": "((words))\n\n((link))"}
    seed = deepcopy(SEED)
    seed["templates"]["demo"]["colleagues"] = own
    number = maker.submitted(12).id or 0
    with running(seed) as post:
        assert delivery.send_due(told, GovukNotify(KEY, post.base_url)) == 1
        [email] = post.state.store.by_id.values()
    assert email.subject == "Summer reminders: waits for approval"
    assert email.body.endswith(f"\n\nhttp://127.0.0.1:8000/campaigns/{number}")
    decisions.reject(told, maker.people.approver, number, note="Wrong ward")
    with running(SEED) as post:
        assert delivery.send_due(told, GovukNotify(KEY, post.base_url)) == 0
        assert delivery.send_due(told, GovukNotify(KEY, post.base_url)) == 0
        assert not post.state.store.by_id
    with told.database.reading() as session:
        assert [each.state for each in session.exec(select(Notice).order_by(col(Notice.id)))] == ["sent", "failed"]


def test_a_result_is_told_to_officers_and_to_members_who_asked(told: Office, maker: Maker, clock: SteppedClock) -> None:
    with told.database.session() as session:
        members = [
            Account(authority=COUNCIL, email=f"m{n}@example.org", name="Member", role=Role.member) for n in (1, 2)
        ]
        session.add_all(members)
        session.flush()
        outbox.choose(session, members[1], [About.result])
        outbox.choose(session, session.get_one(Account, maker.people.auditor.account_id), [])

    def register(day: date) -> int:
        with told.database.session() as session:
            made = told.lake.commit(
                session, audience_file(told, 1), authority=COUNCIL, kind="register", as_at=day,
                made_at=told.clock.now(), made_by="officer", rows=1,
            )  # fmt: skip
            return made.id or 0

    maker.launched(12, register=register(date(2026, 6, 1)))
    clock.advance(timedelta(days=50))
    assert outbox.tell_results(told) == 0
    register(date(2026, 7, 16))
    people = maker.people
    outbox.tell_results(told)
    results = {account for about, account in waiting(told) if about == "result"}
    assert results == {people.planner.account_id, people.approver.account_id, members[1].id}
    assert outbox.tell_results(told) == 0


def test_an_ended_campaign_is_copied_without_its_days_and_its_authors_stay_authors(
    office: Office, maker: Maker
) -> None:
    planner = maker.people.planner
    over = maker.launched(12)
    control.stop(office, planner, over.id or 0, reason="Enough")
    made = outlines.copy(office, planner, over.id or 0)
    assert (made.copied_from, made.answers["name"]) == (over.id, "Summer reminders, again")
    assert not [name for name in made.answers if name.startswith(("start", "end", "poll", "register_by"))]
    assert made.written_by == [planner.account_id]
    standings = outlines.progress(office, planner, made.answers).standings
    assert standings["dates"] == outlines.Standing.to_do
    assert standings["comparison"] == outlines.Standing.completed
    with pytest.raises(Exception, match="not stopped or completed"):
        outlines.copy(office, planner, maker.submitted(6).id or 0)
