"""What keeps messages from leaving is seen on the campaign, the home page, /health and `engage check`."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from campaigns.closing.progress import progress
from campaigns.notify.client import GovukNotify
from campaigns.records.models import Watch
from campaigns.replies import receipts
from campaigns.sending import outages, waves
from campaigns.sending.outages import Outage
from campaigns.worker.lookout import Lookout
from campaigns.worker.work import tick, working
from engage.foundation.clock import SteppedClock
from engage.foundation.office import Office
from tests.campaigns.council import KEY, TEMPLATES, Maker, People, watched

MINUTE = timedelta(minutes=1)


class Done:
    handled = lost = 0


def seen(office: Office) -> list[Outage]:
    with office.database.reading() as session:
        return outages.outages(office, session)


def kinds(office: Office) -> list[str]:
    return [outage.kind for outage in seen(office)]


def test_no_worker_is_missed_until_a_waves_day(office: Office, maker: Maker, clock: SteppedClock) -> None:
    assert kinds(office) == [], "nothing is launched"
    start = clock.now()
    clock.advance(-timedelta(days=1))
    maker.launched(60)
    assert kinds(office) == [], "its day is tomorrow"
    clock.move_to(start)
    assert kinds(office) == ["worker"]
    watched(office)
    assert kinds(office) == []
    watched(office, seen=time.time() - outages.STALE)
    assert kinds(office) == ["worker"]


def test_a_worker_writes_down_that_it_is_there_and_that_it_leaves(
    office: Office, maker: Maker, notify: GovukNotify
) -> None:
    campaign = maker.launched(60)
    waves.plan_due(office, campaign.id or 0)
    assert kinds(office) == ["worker"]
    with working(office, notify):
        for _ in range(300):
            if not kinds(office):
                break
            time.sleep(0.1)
        assert kinds(office) == []
    assert kinds(office) == ["worker"]


@pytest.mark.parametrize(
    ("what", "says"), [("away", "could not be asked"), ("key", "refused our API key"), ("silent", "does not answer")]
)
def test_notify_that_cannot_be_used_is_seen_and_when_it_can_again(
    office: Office, maker: Maker, people: People, notify: GovukNotify, monkeypatch: pytest.MonkeyPatch, what: str,
    says: str,
) -> None:  # fmt: skip
    campaign = maker.launched(60)
    waves.plan_due(office, campaign.id or 0)
    done = Done()
    lookout = Lookout(office, notify, done)
    lookout.look()
    assert kinds(office) == []
    assert progress(office, people.planner, campaign.id or 0).ready_by is not None
    monkeypatch.setattr("campaigns.worker.lookout.ANSWERS_WITHIN", 0.2)
    find = notify.find
    with monkeypatch.context() as patch:
        others = {
            "away": GovukNotify(KEY, "http://127.0.0.1:9").find,
            "key": GovukNotify(KEY[:-36] + "00000000-0000-4000-8000-000000000000", notify._settings[1]).find,
            "silent": lambda _reference: time.sleep(1),
        }
        patch.setattr(notify, "find", others[what])
        lookout.look()
    assert kinds(office) == ["notify"]
    assert says in seen(office)[0].words
    assert "since 3 June 2026 at 10:00am" in seen(office)[0].words
    shown = progress(office, people.planner, campaign.id or 0)
    assert (shown.ready, shown.ready_by) == (20, None), "when all has left cannot be said"
    notify.find = find  # type: ignore[method-assign]
    time.sleep(1 if what == "silent" else 0)
    monkeypatch.setattr("campaigns.worker.lookout.ANSWERS_WITHIN", 10)
    done.handled = 10_000  # it has gone on sending
    lookout.look()
    assert kinds(office) == []
    lookout.leave()


def test_messages_that_get_no_answer_are_seen_though_questions_do(
    office: Office, maker: Maker, notify: GovukNotify
) -> None:
    maker.launched(60)
    done = Done()
    lookout = Lookout(office, notify, done)
    done.lost = 16
    lookout.look()
    assert "of the last 16 messages none got an answer" in seen(office)[0].words
    done.lost, done.handled = 17, 3
    lookout.look()
    assert kinds(office) == []
    lookout.leave()


def test_a_pace_that_falls_behind_withdraws_the_end(
    office: Office, maker: Maker, people: People, notify: GovukNotify
) -> None:
    office.settings.notify_pace = 40
    campaign = maker.launched(60)
    waves.plan_due(office, campaign.id or 0)
    done = Done()
    lookout = Lookout(office, notify, done)
    lookout.look()
    assert kinds(office) == [], "they may just have been planned"
    lookout.look()
    assert kinds(office) == ["pace"]
    assert progress(office, people.planner, campaign.id or 0).ready_by is None
    done.handled = 1200
    lookout.look()
    assert kinds(office) == []
    tick(office, notify)
    lookout.look()
    assert kinds(office) == [], "nothing waits"
    lookout.leave()


def test_two_workers_share_the_pace(office: Office, maker: Maker) -> None:
    office.settings.notify_pace = 40
    maker.launched(60)
    watched(office, worker="one", waiting=True, rate=15.0)
    assert kinds(office) == ["pace"]
    watched(office, worker="two", waiting=True, rate=15.0)
    assert kinds(office) == []


def test_callbacks_that_never_come_are_missed_once_they_are_due(
    office: Office, maker: Maker, notify: GovukNotify, clock: SteppedClock
) -> None:
    maker.launched(60)
    lookout = Lookout(office, notify, Done())

    def looked() -> list[str]:
        lookout.look()
        return kinds(office)

    tick(office, notify)
    assert looked() == []
    clock.advance(9 * MINUTE)
    tick(office, notify)  # reads the list, by which most are delivered
    assert looked() == [], "they are not overdue yet"
    clock.advance(2 * MINUTE)
    assert looked() == ["callbacks"]
    assert not seen(office)[0].holds, "what waits goes on leaving"
    other = {"id": "f" * 36, "reference": "of another sender", "status": "delivered", "completed_at": None}
    receipts.receive(office, other)
    assert looked() == [], "a receipt of another sender shows that callbacks come"
    clock.advance(timedelta(days=2))
    assert looked() == [], "what left before the last receipt is not overdue"
    lookout.leave()


def test_letters_have_no_receipts_to_miss(
    office: Office, maker: Maker, notify: GovukNotify, clock: SteppedClock
) -> None:
    maker.launched(60, templates={"letter": TEMPLATES["letter"]})
    tick(office, notify)
    clock.advance(20 * MINUTE)
    lookout = Lookout(office, notify, Done())
    lookout.look()
    assert kinds(office) == []
    lookout.leave()


def test_what_workers_saw_that_are_gone_is_removed(office: Office, notify: GovukNotify) -> None:
    watched(office, worker="gone", seen=time.time() - 1000)
    lookout = Lookout(office, notify, Done())
    lookout.look()
    with office.database.session() as session:
        assert list(session.exec(select(Watch.worker))) == [lookout.worker]
    lookout.leave()
    with office.database.session() as session:
        assert list(session.exec(select(Watch.worker))) == []


def test_a_sunday_is_no_outage(office: Office, maker: Maker, notify: GovukNotify, clock: SteppedClock) -> None:
    campaign = maker.launched(60)
    waves.plan_due(office, campaign.id or 0)
    clock.move_to(datetime(2026, 6, 7, 11, tzinfo=UTC))
    lookout = Lookout(office, notify, Done())
    lookout.look()
    lookout.look()
    assert kinds(office) == []
    lookout.leave()
