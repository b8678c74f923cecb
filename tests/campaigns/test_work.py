import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from dbos import DBOS

from campaigns import ledger, lifecycle
from campaigns.models import CampaignState, MessageState
from campaigns.notify.client import GovukNotify
from campaigns.notify.stand_in import Running
from campaigns.work import Work, worker, working
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import SettingsInvalid
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from tests.campaigns.council import KEY, START, Maker, People, found


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
        assert [step["function_name"] for step in steps] == ["plan", "send", "send", "settle", "sweep", "close"]
    status = ledger.status(office, people.planner, campaign.id or 0)
    assert (status.planned, status.accepted) == (50, 50)
    assert post.desk.summary()["duplicates"] == {}
    assert capfd.readouterr() == ("", ""), "DBOS is quiet"


def test_a_round_left_pending_is_taken_up_again(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify
) -> None:
    campaign = maker.launched(60)

    class Killed(BaseException):
        pass

    def killed(self: Work, campaign_id: int) -> dict[str, int]:
        raise Killed

    with pytest.MonkeyPatch.context() as patch, working(office, notify) as work:
        patch.setattr(Work, "send", killed)
        with pytest.raises(Killed):
            work.tick()
    with working(office, notify):
        # DBOS takes the round up in a thread of its own, on a busy machine some seconds after its launch.
        for _ in range(900):
            rounds = DBOS.list_workflows()
            if {flow.status for flow in rounds} == {"SUCCESS"}:
                break
            time.sleep(0.1)
        assert [(flow.status, flow.error) for flow in rounds] == [("SUCCESS", None)]
    status = ledger.status(office, people.planner, campaign.id or 0)
    assert (status.planned, status.accepted) == (20, 20)
    assert post.desk.summary()["duplicates"] == {}


def test_the_worker_does_what_is_due_and_ends(
    office: Office, maker: Maker, people: People, notify: GovukNotify
) -> None:
    campaign = maker.launched(60)
    worker(office, once=True, notify=notify)
    assert ledger.status(office, people.planner, campaign.id or 0).accepted == 20


def test_one_bad_campaign_does_not_stop_the_others(
    office: Office, maker: Maker, people: People, notify: GovukNotify
) -> None:
    broken, fine = maker.launched(30), maker.launched(30)
    with office.database.session() as session:
        session.get_one(type(broken), broken.id).audience_snapshot = None
    Work(office, notify).tick()
    assert ledger.status(office, people.planner, fine.id or 0).accepted == 10
    assert lifecycle.campaign(office, people.planner, broken.id or 0).state == CampaignState.launched


def test_an_embedded_database_has_one_worker(tmp_path: Path) -> None:
    office = Office(Settings(home=tmp_path), SteppedClock(START))
    found(office)
    notify = GovukNotify(KEY, "http://127.0.0.1:9")
    with working(office, notify), pytest.raises(SettingsInvalid, match="already running"), working(office, notify):
        pass
    office.close()


def test_a_worker_without_a_key_says_so(office: Office) -> None:
    with pytest.raises(SettingsInvalid, match="ENGAGE_NOTIFY_API_KEY is empty"):
        worker(office, once=True)


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
