"""A launched campaign goes on only as long as what leaves is what was approved, and may still leave."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.approval import changes, control, decisions, drafts, submission
from campaigns.notify.client import GovukNotify
from campaigns.notify.errors import Unavailable
from campaigns.notify.messages import Template
from campaigns.notify.stand_in import Running
from campaigns.pages import actions
from campaigns.records import lookup
from campaigns.records.models import Campaign, CampaignState
from campaigns.sending import ledger
from campaigns.worker.work import Work
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import SendBlocked
from engage.foundation.identity import Account
from engage.foundation.office import Actor, Office
from tests.campaigns.council import TEMPLATES, Maker, People, audience_file, plan

EVERYONE = {"arms": {"everyone": 1.0}, "comparison": "", "templates": {"email": TEMPLATES["email"]}}


@pytest.fixture
def launched(office: Office, maker: Maker, people: People, notify: GovukNotify) -> Campaign:
    """Twenty emails, and letters in a fortnight, read from Notify when they were submitted."""
    said = plan(**EVERYONE | {"templates": {name: TEMPLATES[name] for name in ("email", "letter")}})
    draft = drafts.create(office, people.planner, said)
    frozen, known = audience_file(office, 60), notify.templates()
    submission.adopt(office, people.planner, draft, frozen, register_snapshot=None, known=known)
    maker.approve(draft.id or 0)
    return control.launch(office, people.planner, draft.id or 0, notify=notify)


def edit(post: Running, channel: str = "email") -> None:
    """An officer saves another text at Notify."""
    (service,) = post.state.seed.services.values()
    versions = service.templates[TEMPLATES[channel]]
    versions.append(replace(versions[-1], version=len(versions) + 1, content=f"{versions[-1].content}\n\nAnother text"))


def standing(office: Office, people: People, campaign: Campaign) -> ledger.Status:
    status = ledger.status(office, people.planner, campaign.id or 0)
    assert status.balanced
    return status


def offered(office: Office, actor: Actor, campaign: Campaign) -> set[str]:
    with office.database.reading() as session:
        account = session.get_one(Account, actor.account_id)
    return {act.name for act in actions.possible(office, account, lookup.campaign(office, actor, campaign.id or 0))}


def test_an_edited_template_pauses_before_anything_leaves(
    office: Office, people: People, post: Running, notify: GovukNotify, launched: Campaign
) -> None:
    edit(post)
    Work(office, notify).tick()
    status = standing(office, people, launched)
    assert (status.state, status.accepted, post.state.summary()["total"]) == (CampaignState.paused, 0, 0)
    assert "Changed at GOV.UK Notify since it was approved: email_reminder_en" in status.reason
    with pytest.raises(SendBlocked, match="has not been approved"):
        control.resume(office, people.planner, launched.id or 0)
    assert offered(office, people.planner, launched) == {"renew", "stop"}
    assert offered(office, people.approver, launched) == {"stop"}


class EditedMeanwhile(GovukNotify):
    """Just after the templates were read, the text is saved again."""

    post: Running

    def templates(self) -> list[Template]:
        found = super().templates()
        edit(self.post)
        return found


def test_the_answer_to_a_message_tells_of_another_version(
    office: Office, people: People, post: Running, notify: GovukNotify, launched: Campaign
) -> None:
    meanwhile = EditedMeanwhile(*notify._settings)
    meanwhile.post = post
    work = Work(office, meanwhile)
    work.tick()
    status = standing(office, people, launched)
    assert status.state == CampaignState.paused
    assert 1 <= status.accepted <= work.dispatcher.threads, "what was on its way when the first answer came"
    assert status.accepted == post.state.summary()["total"]
    assert status.waiting == 20 - status.accepted


def test_what_it_says_now_is_approved_before_it_goes_on(
    office: Office, people: People, post: Running, notify: GovukNotify, launched: Campaign
) -> None:
    number = launched.id or 0
    edit(post)
    Work(office, notify).tick()
    renewed = submission.renew(office, people.planner, number, notify=notify)
    assert (renewed.version, renewed.state) == (launched.version + 1, CampaignState.paused)
    with office.database.reading() as session:
        (change,) = changes.since_approved(session, renewed) or []
    assert "Another text" in change.now
    assert "Another text" not in change.before
    assert [campaign.id for campaign in decisions.awaiting(office, people.approver)] == [number]
    assert offered(office, people.approver, launched) == {"approve", "reject", "stop"}
    with pytest.raises(SendBlocked, match="has not been approved"):
        control.resume(office, people.planner, number)
    decisions.approve(office, people.approver, number, digest=renewed.digest)
    assert decisions.awaiting(office, people.approver) == []
    assert offered(office, people.planner, launched) == {"resume", "stop"}
    control.resume(office, people.planner, number)
    Work(office, notify).tick()
    assert standing(office, people, launched).accepted == 20
    edit(post, "letter")
    control.pause(office, people.planner, number)
    submission.renew(office, people.planner, number, notify=notify)
    with office.database.reading() as session:
        again = changes.since_approved(session, lookup.campaign(office, people.planner, number)) or []
    assert [change.what for change in again] == ["Letter in English"], "against the version approved last"


def test_what_is_sent_back_needs_another_version(
    office: Office, people: People, post: Running, notify: GovukNotify, launched: Campaign
) -> None:
    number = launched.id or 0
    edit(post)
    Work(office, notify).tick()
    submission.renew(office, people.planner, number, notify=notify)
    sent_back = decisions.reject(office, people.approver, number, note="Say who we are")
    assert (sent_back.state, sent_back.reason) == (CampaignState.paused, "Say who we are")
    assert offered(office, people.planner, launched) == {"renew", "stop"}
    with pytest.raises(SendBlocked, match="waits for nobody"):
        decisions.approve(office, people.approver, number)


def test_nothing_leaves_while_nobody_can_say_what_it_would_be(
    office: Office,
    people: People,
    post: Running,
    notify: GovukNotify,
    launched: Campaign,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(_self: GovukNotify) -> list[Template]:
        raise Unavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(GovukNotify, "templates", away)
        Work(office, notify).tick()
    status = standing(office, people, launched)
    assert (status.state, status.accepted, status.waiting) == (CampaignState.launched, 0, 20)
    Work(office, notify).tick()
    assert standing(office, people, launched).accepted == 20


def call_a_poll(office: Office, *rows: str) -> None:
    rows = rows or ("day = 2026-07-16\nname = 'by-election in Burton'",)
    text = "\n".join(f"[[poll]]\nsince = 2026-06-03\nsource = 'Returning Officer'\n{row}\n" for row in rows)
    (office.settings.home / "law.toml").write_text(text)


def test_a_poll_called_after_launch_stops_messages_that_do_not_know_of_it(
    office: Office, people: People, maker: Maker, post: Running, notify: GovukNotify, launched: Campaign,
    clock: SteppedClock,
) -> None:  # fmt: skip
    number = launched.id or 0
    work = Work(office, notify)
    work.tick()
    assert standing(office, people, launched).accepted == 20
    call_a_poll(office)  # register by 30 June; the letters of 17 June would say 15 July
    clock.advance(timedelta(minutes=10))
    work.tick()
    status = standing(office, people, launched)
    assert status.state == CampaignState.paused, "at once, not on the day of the letters"
    assert (
        "A poll is on 16 July 2026 (by-election in Burton), and the last day to register for it is 30 June"
        in status.reason
    )
    renewed = submission.renew(office, people.planner, number, notify=notify)
    assert renewed.plan["poll_date"] == "2026-07-16"
    decisions.approve(office, people.approver, number)
    with pytest.raises(SendBlocked, match="one more person"):
        control.resume(office, people.planner, number)  # 17 June is before the poll
    decisions.approve(office, maker.second_approver(), number)
    control.resume(office, people.planner, number)
    clock.move_to(datetime(2026, 6, 17, 9, tzinfo=UTC))
    work.tick()
    assert standing(office, people, launched).accepted == 80
    letter = next(row for row in post.state.store.by_id.values() if row.type == "letter")
    assert "30 June 2026" in letter.body


def test_before_a_poll_a_launched_campaign_needs_a_second_approval(
    office: Office, people: People, maker: Maker, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(60, **EVERYONE, poll_date="2026-07-16")
    call_a_poll(office, "day = 2026-07-16\nname = 'by-election'\nnotice_on = 2026-06-02")
    Work(office, notify).tick()
    status = standing(office, people, campaign)
    assert (status.state, status.accepted) == (CampaignState.paused, 0)
    assert "one more person has to approve it" in status.reason
    second = maker.second_approver()
    assert offered(office, second, campaign) == {"approve", "reject", "stop"}
    assert decisions.approve(office, second, campaign.id or 0).reason == "Approved as it is now. Resume it to go on."
    control.resume(office, people.planner, campaign.id or 0)
    Work(office, notify).tick()
    assert standing(office, people, campaign).accepted == 20


def test_polls_that_touch_nothing_hold_nothing(
    office: Office, people: People, maker: Maker, notify: GovukNotify
) -> None:
    campaign = maker.launched(60, **EVERYONE)
    call_a_poll(
        office, "day = 2026-07-16\nname = 'in Wales'\nnations = ['Wales']", "day = 2026-05-07\nname = 'over'",
        "day = 2026-10-01\nname = 'later'",
    )  # fmt: skip
    Work(office, notify).tick()
    assert standing(office, people, campaign).accepted == 20


def test_a_plan_that_does_not_know_of_a_poll_is_not_launched(office: Office, people: People, maker: Maker) -> None:
    number = maker.submitted(60, **EVERYONE).id or 0
    maker.approve(number)
    call_a_poll(office)
    with pytest.raises(SendBlocked, match="Give the day of the poll in the plan"):
        control.launch(office, people.planner, number)


def test_messages_that_nobody_read_are_not_launched(
    office: Office, people: People, maker: Maker, notify: GovukNotify
) -> None:
    number = maker.submitted(60, **EVERYONE).id or 0
    maker.approve(number)
    with pytest.raises(SendBlocked, match="nobody has approved what they say"):
        control.launch(office, people.planner, number, notify=notify)
