"""One pace over several workers: by the slots they are given, and by what Notify counts of their requests."""

import threading
import time
from datetime import datetime

import pytest
import sqlalchemy as sa

from campaigns.notify.client import GovukNotify
from campaigns.notify.pace import CREDIT, Pacer
from campaigns.notify.stand_in import running
from campaigns.notify.stand_in.limits import Bucket
from campaigns.records.models import Pace
from campaigns.sending.dispatch import THREADS, Dispatcher
from campaigns.sending.pace import SharedBook
from campaigns.worker.work import Work
from engage.foundation.clock import SteppedClock, SystemClock
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from tests.campaigns.council import KEY, SEED, START, TEMPLATES, Maker
from tests.campaigns.sending.test_sending import check

RATE, WORKERS, MESSAGES = 200.0, 3, 600
LETTERS = {"letter": TEMPLATES["letter"]}


def another(office: Office) -> Office:
    """The same deployment, from another process or machine."""
    return Office(Settings(**office.settings.model_dump()), SteppedClock(START))


def test_no_two_workers_are_given_one_slot(office: Office) -> None:
    """Slots by the database's clock: those of all workers together are as far apart as those of one."""
    gap, taken = 1 / RATE, []
    offices = [another(office) for _ in range(WORKERS)]

    def work(mine: Office) -> None:
        book = SharedBook(mine)
        for _ in range(10):
            book.take(5, gap)
            with mine.database.session() as session:
                taken.append(session.execute(sa.select(Pace.free_at)).scalar_one())  # type: ignore[call-overload]

    begun = SharedBook(office).take(0, gap)
    with office.database.session() as session:
        first = session.execute(sa.select(Pace.free_at)).scalar_one()  # type: ignore[call-overload]
    threads = [threading.Thread(target=work, args=(each,)) for each in offices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in offices:
        each.close()
    assert begun <= 0
    assert max(taken) - first >= WORKERS * 10 * 5 * gap - 1e-6, "150 slots lie one after another"


def test_a_restart_brings_no_burst_and_a_pause_outlives_it(office: Office) -> None:
    book = SharedBook(office)
    assert book.take(40, 0.025) == pytest.approx(0, abs=1)
    book.hold(30)
    again = another(office)
    assert SharedBook(again).take(1, 0.025) == pytest.approx(30, abs=10)
    again.close()


def test_workers_stay_below_what_notify_takes(office: Office, maker: Maker) -> None:
    """A bucket that refills a quarter faster than the pace and holds little more than the second that may be made
    good: three workers that each kept the whole pace would be refused within a second."""
    if office.database.embedded:
        pytest.skip("an embedded database has one worker")
    campaign = maker.launched(MESSAGES, arms={"everyone": 1.0}, comparison="", templates=LETTERS)
    Work(office, GovukNotify(KEY, "http://127.0.0.1:9")).plan(campaign.id or 0)
    moments: list[float] = []
    with running(SEED, clock=SystemClock()) as post:
        service, kind = next(iter(post.state.seed.services.values())), "normal"
        bucket = Counting(60 * 1.25 * RATE, post.state.now(), moments)
        post.state.limits.buckets[service.id, kind] = bucket
        threads = [
            threading.Thread(target=send_all, args=(another(office), post.base_url, campaign.id or 0))
            for _ in range(WORKERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert post.state.summary()["duplicates"] == {}
    assert check(office, maker.people, campaign).accepted == MESSAGES
    assert len(moments) == MESSAGES, "no request was refused, or it would have come again"
    for start in moments[::7]:
        for window in (0.5, 1.0, 2.0):
            inside = sum(start <= moment < start + window for moment in moments)
            assert inside <= (window + CREDIT) * RATE + THREADS * WORKERS


class Counting(Bucket):
    """Small, and keeps when it was asked."""

    def __init__(self, per_minute: float, now: datetime, moments: list[float]) -> None:
        super().__init__(int(per_minute), now)
        self._capacity = self.tokens = (CREDIT + 0.25) * RATE + THREADS * WORKERS
        self._moments = moments

    def take(self, now: datetime) -> bool:
        self._moments.append(time.monotonic())
        return super().take(now)


def send_all(mine: Office, base_url: str, campaign_id: int) -> None:
    sender = Dispatcher(mine, GovukNotify(KEY, base_url), batch=50, pacer=Pacer(RATE, SharedBook(mine)))
    while sum(sender.send_batch(campaign_id).values()):
        pass
    mine.close()
