"""Many unknown messages are settled soon, by Notify's list where it shows them, in turn between campaigns."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from campaigns.messages.wording import FIELDS
from campaigns.notify.client import GovukNotify
from campaigns.notify.errors import Unavailable
from campaigns.notify.messages import Outgoing, Status
from campaigns.notify.stand_in import Running
from campaigns.records.models import MESSAGES, Message
from campaigns.sending import settlement, waves
from campaigns.sending.dispatch import Dispatcher
from campaigns.sending.outcome import Patience
from campaigns.worker.work import Work, tick
from engage.foundation.clock import SteppedClock
from engage.foundation.office import Office
from tests.campaigns.council import Maker, People
from tests.campaigns.sending.test_sending import Faulty, check

MINUTE = timedelta(minutes=1)
of = MESSAGES.c


class Counting(Faulty):
    """The real client, counting what it is asked."""

    def __init__(self, real: GovukNotify, most: int = 100_000) -> None:
        super().__init__(real)
        self.asked: Counter[str] = Counter()
        self.find, self.sweep = self._find, self._sweep
        self.most = most

    def _find(self, reference: str) -> list[Status]:
        self.asked["find"] += 1
        if self.asked["find"] > self.most:
            raise Unavailable("away")
        return self.real.find(reference)

    def _sweep(self, *given: Any) -> Any:
        self.asked["list"] += 1
        return self.real.sweep(*given)


def unknown(office: Office, notify: GovukNotify, campaign_id: int, every: int) -> tuple[int, int]:
    """All messages of the campaign were on their way when their sender died; Notify has every so manieth of them.
    Gives how many there are, and how many Notify has."""
    waves.plan_due(office, campaign_id)
    mine = of.campaign_id == campaign_id
    with office.database.session() as session:
        session.execute(
            sa.update(MESSAGES).where(mine).values(state="unknown", claimed_at=office.clock.now(), attempts=1)
        )
        rows = session.execute(sa.select(MESSAGES).where(mine).order_by(of.id)).all()
    stored = rows[::every]
    for row in stored:
        values = dict.fromkeys(FIELDS, "x")
        notify.send(Outgoing(row.channel, row.template, row.reference, values, office.keys.decrypt(row.recipient)))
    return len(rows), len(stored)


def looks(office: Office, campaign_id: int | None) -> int:
    with office.database.session() as session:
        query = sa.select(sa.func.sum(of.looks)).where(of.campaign_id == campaign_id)
        return int(session.execute(query).scalar_one())


def test_what_notify_has_is_adopted_from_its_list_and_the_rest_sent_after_the_second_look(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(450)
    total, stored = unknown(office, notify, campaign.id or 0, every=2)
    assert (total, stored) == (150, 75)
    counting = Counting(notify)
    clock.advance(59 * timedelta(seconds=1))
    tick(office, counting)
    assert check(office, people, campaign).unknown == 150, "nobody asks before a minute has passed"
    clock.advance(timedelta(seconds=1))
    tick(office, counting)
    status = check(office, people, campaign)
    assert (status.accepted, status.unknown) == (75, 75)
    assert counting.asked == {"list": 1, "find": 75}, "each is asked for only where the list does not show it"
    clock.advance(179 * timedelta(seconds=1))
    tick(office, counting)
    assert check(office, people, campaign).unknown == 75, "one look proves nothing"
    clock.advance(timedelta(seconds=1))
    tick(office, counting)
    status = check(office, people, campaign)
    assert (status.accepted, status.unknown) == (150, 0)
    summary = post.state.summary()
    assert (summary["total"], summary["duplicates"]) == (150, {})


def test_a_list_read_by_another_clock_never_counts_as_a_look(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify, clock: SteppedClock
) -> None:
    """Notify's clock an hour behind ours: its list ends before what we look for, but it has every message."""
    campaign = maker.launched(450)
    ours = clock.now()
    clock.move_to(ours - timedelta(hours=1))
    waves.plan_due(office, campaign.id or 0)
    clock.move_to(ours)
    waves.plan_due(office, campaign.id or 0)
    clock.advance(-timedelta(hours=1))
    total, _ = unknown(office, notify, campaign.id or 0, every=1)
    with office.database.session() as session:
        session.execute(sa.update(MESSAGES).values(claimed_at=ours))
    clock.move_to(ours + MINUTE)
    for _ in range(3):
        tick(office, notify)
        clock.advance(4 * MINUTE)
    assert check(office, people, campaign).accepted == total == 150
    assert post.state.summary()["duplicates"] == {}


def test_two_of_one_reference_in_the_list_are_an_incident(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(90)
    unknown(office, notify, campaign.id or 0, every=1)
    with office.database.session() as session:
        one = session.exec(select(Message).order_by(col(Message.id))).first()
    assert one is not None
    values = dict.fromkeys(FIELDS, "x")
    notify.send(Outgoing(one.channel, one.template, one.reference, values, office.keys.decrypt(one.recipient)))  # type: ignore[arg-type]
    clock.advance(MINUTE)
    tick(office, notify)
    status = check(office, people, campaign)
    assert (status.accepted, status.duplicates) == (30, 1)


def test_campaigns_take_turns(office: Office, maker: Maker, notify: GovukNotify, clock: SteppedClock) -> None:
    first, second = maker.launched(450), maker.launched(450)
    for campaign in (first, second):
        unknown(office, notify, campaign.id or 0, every=1000)
    clock.advance(MINUTE)
    settlement.settle(office, Counting(notify, most=80), Patience(), first.id or 0, second.id or 0)
    assert looks(office, first.id) == looks(office, second.id) == 40


def test_a_look_is_counted_once_though_two_workers_look(
    office: Office, maker: Maker, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(90)
    unknown(office, notify, campaign.id or 0, every=1000)
    clock.advance(MINUTE)
    with office.database.reading() as session:
        waiting = settlement.due(office, session, Patience(), campaign.id or 0)
    for _ in range(2):
        settlement._one_by_one(office, notify, waiting)
    assert looks(office, campaign.id) == len(waiting) - 1 == 29, "Notify has the first"


def test_what_was_answered_counts_though_notify_goes_away(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(450)
    unknown(office, notify, campaign.id or 0, every=1)
    clock.advance(MINUTE)
    away = Counting(notify, most=50)
    away.sweep = lambda *_: iter(())  # type: ignore[method-assign]
    settlement.settle(office, away, Patience(), campaign.id or 0)
    assert check(office, people, campaign).accepted == 50


class Killed(BaseException):
    pass


def test_a_worker_that_does_not_live_long_settles_before_it_sends(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    doubtful = maker.launched(450)
    unknown(office, notify, doubtful.id or 0, every=1)
    maker.launched(60)
    clock.advance(MINUTE)

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(Dispatcher, "send", killed)
    with pytest.raises(Killed):
        Work(office, notify).tick()
    status = check(office, people, doubtful)
    assert (status.accepted, status.unknown) == (150, 0)


def test_many_campaigns_shorten_each_others_turn(office: Office, maker: Maker, notify: GovukNotify) -> None:
    work = Work(office, notify)
    for _ in range(4):
        maker.launched(9)
    asked: list[int] = []

    def send(_campaign: int, batches: int, _stopping: object) -> Counter[str]:
        asked.append(batches)
        return Counter()

    work.dispatcher.send = send  # type: ignore[method-assign,assignment]
    work.tick()
    assert asked == [7, 7, 7, 7]
