import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from dbos import DBOS

from campaigns.approval import control
from campaigns.notify.client import GovukNotify
from campaigns.notify.messages import Accepted, Notify, Outgoing, ReceivedText
from campaigns.notify.stand_in import Running
from campaigns.records import lookup
from campaigns.records.models import CampaignState, MessageState, Worker
from campaigns.sending import ledger
from campaigns.worker import rounds, workers
from campaigns.worker.work import RESTS, Work, _rest, worker, working
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import SettingsInvalid
from engage.foundation.lake import current
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from segments.importing import inbox
from tests.campaigns.council import COUNCIL, KEY, START, Maker, People, found
from tests.segments.sources import papers


def test_durable_rounds_send_a_campaign(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify, clock: SteppedClock,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    campaign = maker.launched(60)
    with working(office, notify) as work:
        assert work.tick()[MessageState.accepted] == 20
        assert work.due() == []
        clock.advance(timedelta(days=14))
        work.tick()
        assert work.due() == []
        rounds = DBOS.list_workflows()
        assert {(flow.name, flow.status) for flow in rounds} == {("round", "SUCCESS")}
        steps = DBOS.list_workflow_steps(rounds[0].workflow_id)
        assert [step["function_name"] for step in steps] == ["plan", "send", "settle", "sweep", "close"]
    status = ledger.status(office, people.planner, campaign.id or 0)
    assert (status.planned, status.accepted) == (50, 50)
    assert post.state.summary()["duplicates"] == {}
    assert capfd.readouterr() == ("", ""), "DBOS is quiet"


class Killed(BaseException):
    """As sudden as SIGKILL: DBOS learns nothing of it."""


def left_pending(office: Office, notify: Notify) -> str:
    """The id of a round whose worker died in the middle of it."""
    with pytest.MonkeyPatch.context() as patch, working(office, notify) as work:
        patch.setattr(Work, "send", killed)
        with pytest.raises(Killed):
            work.tick()
        [left] = DBOS.list_workflows()
        assert left.status == "PENDING"
        return left.workflow_id


def killed(_self: Work, _campaign_id: int) -> dict[str, int]:
    raise Killed


def until(reached: Callable[[], bool]) -> None:
    """However busy the machine: only a thing that never happens fails."""
    for _ in range(6000):
        if reached():
            return
        time.sleep(0.1)
    raise AssertionError("it never happened")


class Accepting:
    """A Notify that is always there: what DBOS does must not depend on how soon a busy machine answers a request."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def send(self, message: Outgoing) -> Accepted:
        self.taken.append(message.reference)
        return Accepted(str(uuid4()), message.reference, 1)

    def received_texts(self) -> Iterator[ReceivedText]:
        """Nobody writes."""
        return iter(())


def test_a_round_left_pending_is_taken_up_again(office: Office, maker: Maker, people: People) -> None:
    campaign = maker.launched(60)
    notify = Accepting()
    pending = left_pending(office, notify)  # type: ignore[arg-type]
    with working(office, notify) as work:  # type: ignore[arg-type]
        assert work.tend is not None
        work.tend()  # as the first tick would; the round itself is DBOS's to run, in a thread of its own
        until(lambda: DBOS.list_workflows()[0].status not in ("PENDING", "ENQUEUED"))
        [taken_up] = DBOS.list_workflows()
        assert (taken_up.workflow_id, taken_up.status, taken_up.error) == (pending, "SUCCESS", None)
        assert taken_up.output["accepted"] == 20
    status = ledger.status(office, people.planner, campaign.id or 0)
    assert (status.planned, status.accepted) == (20, 20)
    assert len(notify.taken) == len(set(notify.taken)) == 20


def test_a_round_of_a_living_worker_is_left_to_it(office: Office, maker: Maker) -> None:
    if office.database.embedded:
        pytest.skip("an embedded database has one worker")
    maker.launched(60)
    notify = Accepting()
    pending = left_pending(office, notify)  # type: ignore[arg-type]
    with working(office, notify):  # type: ignore[arg-type]
        [left] = DBOS.list_workflows()
        with office.database.session() as session:
            session.add(Worker(id=left.executor_id, host="elsewhere", seen=time.time()))
        assert rounds.recover(office, "me") == []
        with office.database.session() as session:
            session.get_one(Worker, left.executor_id).seen -= workers.GONE + 1
        assert rounds.recover(office, "me") == [left.executor_id]
        assert rounds.recover(office, "me") == [], "whoever comes second finds it taken"
        until(lambda: DBOS.list_workflows()[0].status == "SUCCESS")
        assert DBOS.list_workflows()[0].workflow_id == pending


def test_a_worker_is_enrolled_while_it_works(office: Office, notify: GovukNotify) -> None:
    with working(office, notify):
        assert len(workers.alive(office.database)) == (0 if office.database.embedded else 1)
    assert workers.alive(office.database) == set()


def test_old_rounds_are_forgotten(office: Office, maker: Maker) -> None:
    maker.launched(60)
    notify = Accepting()
    left_pending(office, notify)  # type: ignore[arg-type]
    with working(office, notify) as work:  # type: ignore[arg-type]
        work.tick()
        until(lambda: {flow.status for flow in DBOS.list_workflows()} == {"SUCCESS"})
        now = datetime.fromtimestamp(time.time(), UTC)
        assert rounds.forget(now - timedelta(days=1)) == 0
        assert rounds.forget(now + timedelta(days=1)) == 2
        assert DBOS.list_workflows() == []


def test_the_worker_does_what_is_due_and_ends(
    office: Office, maker: Maker, people: People, notify: GovukNotify
) -> None:
    campaign = maker.launched(60)
    worker(office, once=True, notify=notify)
    assert ledger.status(office, people.planner, campaign.id or 0).accepted == 20


def test_a_resting_worker_stirs_as_soon_as_an_officer_resumes(
    office: Office, maker: Maker, people: People, notify: GovukNotify, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = maker.launched(60)
    control.pause(office, people.planner, campaign.id or 0)
    work = Work(office, notify)
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        if len(waits) == 2:
            control.resume(office, people.planner, campaign.id or 0)
        return False

    monkeypatch.setattr(work.stopping, "wait", wait)
    _rest(work, 1.0)
    assert waits == [1.0, 1.0], "it does not wait for its next look at everything"
    _rest(work, 1.0)
    assert waits == [1.0] * (2 + RESTS)


def test_one_bad_campaign_does_not_stop_the_others(
    office: Office, maker: Maker, people: People, notify: GovukNotify
) -> None:
    broken, fine = maker.launched(30), maker.launched(30)
    with office.database.session() as session:
        session.get_one(type(broken), broken.id).audience_snapshot = None
    Work(office, notify).tick()
    assert ledger.status(office, people.planner, fine.id or 0).accepted == 10
    assert lookup.campaign(office, people.planner, broken.id or 0).state == CampaignState.launched


def test_an_embedded_database_has_one_worker(tmp_path: Path) -> None:
    office = Office(Settings(home=tmp_path), SteppedClock(START))
    found(office)
    notify = GovukNotify(KEY, "http://127.0.0.1:9")
    with working(office, notify), pytest.raises(SettingsInvalid, match="already running"), working(office, notify):
        pass
    office.close()


def test_a_process_keeps_the_rounds_of_one_office(office: Office, notify: GovukNotify, tmp_path: Path) -> None:
    """A second would be handed those of the first."""
    other = Office(Settings(home=tmp_path / "other"), SteppedClock(START))
    found(other)
    with working(office, notify), pytest.raises(RuntimeError, match="rounds already"), working(other, notify):
        pass
    with working(other, notify):
        assert DBOS.list_workflows() == []


def test_a_worker_without_a_key_takes_files_in(office: Office, people: People) -> None:
    arrived = inbox.root(office) / COUNCIL / "register" / "register_2026-05-31.csv"
    arrived.parent.mkdir(parents=True)
    arrived.write_text(papers.register(papers.elector(1)), encoding="utf-8")
    worker(office, once=True, every=0.1)
    with office.database.session() as session:
        kept = current(session, COUNCIL, "register")
    assert kept is not None
    assert kept.rows == 1


def test_a_worker_without_a_key_says_so_once_there_is_something_to_send(office: Office, maker: Maker) -> None:
    maker.launched(30)
    with pytest.raises(SettingsInvalid, match="ENGAGE_NOTIFY_API_KEY is empty"):
        worker(office, once=True)


@pytest.mark.parametrize("failing", ["_due", "round"])
def test_a_fault_of_ours_in_one_campaign_does_not_stop_the_others(
    office: Office, maker: Maker, people: People, notify: GovukNotify, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    broken, fine = maker.launched(30), maker.launched(30)
    whole = getattr(Work, failing)

    def fails(work: Work, *given: Any) -> Any:
        if broken.id in (given[-1], getattr(given[-1], "id", None)):
            raise ValueError("a fault")
        return whole(work, *given)

    monkeypatch.setattr(Work, failing, fails)
    Work(office, notify).tick()
    assert ledger.status(office, people.planner, fine.id or 0).accepted == 10


def test_stopping_ends_after_the_batch(office: Office, maker: Maker, people: People, notify: GovukNotify) -> None:
    campaign = maker.launched(60)
    work = Work(office, notify, stopping=threading.Event())
    work.stopping.set()
    work.tick()
    assert ledger.status(office, people.planner, campaign.id or 0).accepted == 0
    work.stopping.clear()
    work.tick()
    assert ledger.status(office, people.planner, campaign.id or 0).accepted == 20


def test_work_tables_are_apart_from_ours(office: Office, maker: Maker, notify: GovukNotify) -> None:
    with working(office, notify):
        ours = set(sa.inspect(office.database.engine).get_table_names())
    assert not {name for name in ours if name.startswith(("dbos", "workflow"))}
