"""A fault that is everybody's pauses after the first answers; its messages wait, and leave once when it is mended."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import col, select

from campaigns.approval import control
from campaigns.notify.client import GovukNotify
from campaigns.notify.errors import RecipientRefused, Refused
from campaigns.notify.messages import Outgoing
from campaigns.notify.stand_in import Running
from campaigns.notify.stand_in.seed import Service
from campaigns.records import lookup
from campaigns.records.models import CampaignState, Message
from campaigns.sending import kept, ledger, outcome, waves
from campaigns.sending.dispatch import Dispatcher
from campaigns.sending.outcome import Outcome, Patience
from campaigns.worker.work import tick
from engage.foundation.clock import SteppedClock
from engage.foundation.office import Office
from tests.campaigns.council import TEMPLATES, Maker, People
from tests.campaigns.sending.test_sending import Faulty, check

Undo = Callable[[], None]


def service(post: Running) -> Service:
    return next(iter(post.state.seed.services.values()))


def changed(of: Service, **changes: object) -> Undo:
    before = {name: getattr(of, name) for name in changes}
    for name, value in changes.items():
        setattr(of, name, value)

    return lambda: changed(of, **before) and None


def trial(post: Running) -> Undo:
    return changed(service(post), restricted=True)


def team_only(post: Running) -> Undo:
    own = service(post)
    post.state.doorkeeper._known.clear()  # a token is good for half a minute
    return changed(own, keys=[replace(key, kind="team") if key.kind == "normal" else key for key in own.keys])


def archived(post: Running) -> Undo:
    return changed(service(post), archived=True)


def no_texts(post: Running) -> Undo:
    return changed(service(post), permissions=frozenset({"email", "letter"}))


def no_emails(post: Running) -> Undo:
    return changed(service(post), permissions=frozenset({"sms", "letter"}))


def deleted(post: Running) -> Undo:
    own = service(post)
    gone = {key: [replace(each, archived=True) for each in versions] for key, versions in own.templates.items()}
    return changed(own, templates=gone)


def lost(post: Running) -> Undo:
    return changed(service(post), templates={})


def asks_more(post: Running) -> Undo:
    own = service(post)
    more = {
        key: [replace(each, placeholders=(*each.placeholders, "polling place")) for each in versions]
        for key, versions in own.templates.items()
    }
    return changed(own, templates=more)


def clock_wrong(post: Running) -> Undo:
    door = post.state.doorkeeper
    door._epoch = lambda: time.time() + 3600

    def mend() -> None:
        door._epoch = time.time

    return mend


@pytest.mark.parametrize(
    ("broken", "says", "never"),
    [
        (trial, "Request to go live", "right key"),
        (team_only, "make a ‘Live’ key", "right key"),
        (archived, "archived or suspended", "right key"),
        (no_texts, "switch it on", "key"),
        (no_emails, "switch it on", "key"),
        (deleted, "Template has been deleted", "key"),
        (lost, "Template not found", "key"),
        (asks_more, "polling place", "key"),
        (clock_wrong, "Set it", "right key in"),
    ],
)
def test_nothing_fails_for_what_is_everybodys_and_all_leaves_once_it_is_mended(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify, broken: Callable[[Running], Undo],
    says: str, never: str,
) -> None:  # fmt: skip
    campaign = maker.launched(180)
    mend = broken(post)
    asked = len(post.state.store.by_id)
    tick(office, notify)
    status = check(office, people, campaign)
    assert (status.state, status.failed, status.planned) == (CampaignState.paused, 0, 60)
    assert status.waiting + status.accepted == 60
    assert says in status.reason
    assert never not in status.reason
    assert "then resume the campaign." in status.reason
    assert len(status.reason) <= 400
    control.resume(office, people.planner, campaign.id or 0)
    tick(office, notify)
    assert check(office, people, campaign).state == CampaignState.paused, "not mended yet"
    mend()
    post.state.doorkeeper._known.clear()
    control.resume(office, people.planner, campaign.id or 0)
    tick(office, notify)
    status = check(office, people, campaign)
    assert (status.accepted, status.waiting, status.failed) == (60, 0, 0)
    assert post.state.summary()["duplicates"] == {}
    assert post.state.summary()["total"] == asked + 60
    with office.database.session() as session:
        assert set(session.exec(select(Message.attempts))) == {1}, "what was kept was never tried"


def test_what_is_the_keys_stops_every_campaign_and_what_is_a_templates_its_own(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify
) -> None:
    first, second = maker.launched(60), maker.launched(60)

    def states() -> list[str]:
        return [lookup.campaign(office, people.planner, each.id or 0).state for each in (first, second)]

    mend = no_texts(post)
    kept_back = first.id or 0
    waves.plan_due(office, kept_back)
    Dispatcher(office, notify).send_batch(kept_back)
    assert states() == ["paused", "launched"]
    mend()
    control.resume(office, people.planner, kept_back)
    trial(post)
    Dispatcher(office, notify).send_batch(kept_back)
    assert states() == ["paused", "paused"]


ODD = Refused("BadRequestError", "details withheld, as they may repeat personal data", 400)


def test_a_refusal_in_words_nobody_knows_is_everybodys_when_nothing_else_comes(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify
) -> None:
    campaign = maker.launched(360)
    tick(office, Faulty(notify, *[ODD] * 10_000))
    status = check(office, people, campaign)
    assert (status.state, status.failed, status.waiting, status.planned) == (CampaignState.paused, 0, 120, 120)
    assert "details withheld" in status.reason
    control.resume(office, people.planner, campaign.id or 0)
    tick(office, notify)
    status = check(office, people, campaign)
    assert (status.accepted, status.failed) == (120, 0)
    assert post.state.summary()["duplicates"] == {}


def test_one_here_and_there_is_refused_by_itself(
    office: Office, maker: Maker, people: People, notify: GovukNotify
) -> None:
    campaign = maker.launched(360)
    refused = [ODD, *[None] * 5] * (kept.ALIKE + 4)
    tick(office, Faulty(notify, *refused))
    status = check(office, people, campaign)
    assert (status.state, status.failed, status.waiting) == (CampaignState.launched, kept.ALIKE + 4, 0)


@pytest.mark.parametrize("last_first", [False, True])
def test_what_is_written_down_at_once_came_in_no_order(
    office: Office, maker: Maker, people: People, notify: GovukNotify, last_first: bool
) -> None:
    campaign = maker.launched(360)
    waves.plan_due(office, campaign.id or 0)
    claim = Dispatcher(office, notify).claims.take(campaign.id or 0, 120)
    assert claim is not None
    mails = [row for row in claim.rows if row.channel == "email"][: kept.ALIKE + 2]
    answers = [Outcome(row, fault=ODD) for row in mails[1:]]
    answers.insert(0 if last_first else len(answers), Outcome(mails[0], "5d1f0c2e-0000-4000-8000-000000000000"))
    counted = outcome.record(office, Patience(), answers)
    assert counted == {"accepted": 1, "failed": kept.ALIKE + 1}
    assert check(office, people, campaign).state == CampaignState.launched


def test_what_was_accepted_last_is_told_by_moments(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    """One that is tried again leaves after others with a higher number."""
    campaign = maker.launched(360)
    waves.plan_due(office, campaign.id or 0)
    claim = Dispatcher(office, notify).claims.take(campaign.id or 0, 120)
    assert claim is not None
    first, *mails, last = [row for row in claim.rows if row.channel == "email"][: kept.ALIKE + 2]
    for answers in (
        [Outcome(last, "5d1f0c2e-0000-4000-8000-000000000001")], [Outcome(row, fault=ODD) for row in mails[1:]],
        [Outcome(first, "5d1f0c2e-0000-4000-8000-000000000002")], [Outcome(mails[0], fault=ODD)],
    ):  # fmt: skip
        outcome.record(office, Patience(), answers)
        clock.advance(timedelta(seconds=1))
    status = check(office, people, campaign)
    assert (status.state, status.failed) == (CampaignState.launched, kept.ALIKE)


def test_a_letter_without_its_lines_is_its_own_fault(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify
) -> None:
    """Notify words it as it words a template that asks for more."""
    campaign = maker.launched(30)
    number = campaign.id or 0
    tick(office, notify)
    before = ledger.status(office, people.planner, number).accepted
    with office.database.session() as session:
        one = session.exec(select(Message).order_by(col(Message.id))).first()
        assert one is not None
        template, reference = one.template, one.reference
    assert before == 10
    assert template in TEMPLATES.values()
    letter = Outgoing("letter", TEMPLATES["letter"], reference, dict.fromkeys(("link", "privacy link", "council",
                      "contact source", "deadline", "poll date"), "x"))  # fmt: skip
    with pytest.raises(RecipientRefused):
        notify.send(letter)
