"""What goes wrong while a campaign is sent: each message arrives once or is accounted for. `make soak` does the same
on a larger scale, with real processes."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import sqlalchemy as sa

from campaigns.approval import control
from campaigns.notify.client import GovukNotify
from campaigns.notify.messages import Accepted, Notify, Outgoing
from campaigns.notify.stand_in import Running, running
from campaigns.notify.stand_in.auth import Authenticator
from campaigns.notify.stand_in.seed import Key, Service
from campaigns.records.models import Campaign
from campaigns.sending import ledger, settlement, waves
from campaigns.worker.work import Work
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import SendBlocked
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from tests.campaigns.council import KEY, SEED, START, Maker, found, staff
from tests.postgres import new_database
from tests.soak.arrivals import Arrivals
from tests.soak.stage import TEMPLATES, Stage, audience, stage

HOUSEHOLDS = 120
HALF_AN_HOUR = timedelta(minutes=31)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'engage.sqlite'}"
        return
    filled = request.getfixturevalue("filled_postgres")
    with new_database(request.getfixturevalue("postgres_url"), filled) as url:
        yield url


class Play:
    """A campaign to `HOUSEHOLDS` homes on a clock that stands, with whatever happens as a message is sent."""

    def __init__(self, folder: Path, database_url: str, post: Running, clock: SteppedClock) -> None:
        settings = Settings(home=folder / "home", database_url=database_url, notify_pace=1000)
        self.office, self.real, self.store, self.clock = (
            Office(settings, clock),
            GovukNotify(KEY, post.base_url),
            post.state.store,
            clock,
        )
        self.happens: dict[int, Callable[[], object]] = {}
        self._sent = 0
        found(self.office)
        self.maker = Maker(self.office, staff(self.office))

    def launch(self, **changes: Any) -> Campaign:
        from tests.campaigns import council

        everyone = {"channels": ["email", "sms", "letter"], "send_on": "2026-06-03", "arms": ["everyone"]}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(council, "audience_file", audience)
            self.campaign = self.maker.launched(
                HOUSEHOLDS, arms={"everyone": 1.0}, comparison="", templates=TEMPLATES, waves=[everyone], **changes
            )
        return self.campaign

    def send(self, message: Outgoing) -> Accepted:
        self._sent += 1
        if happens := self.happens.pop(self._sent, None):
            happens()
        return self.real.send(message)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def tick(self) -> Counter[str]:
        return Work(self.office, cast(Notify, self)).tick()

    def status(self) -> ledger.Status:
        status = ledger.status(self.office, self.maker.people.planner, self.campaign.id or 0)
        assert status.balanced
        return status

    def finish(self) -> ledger.Status:
        for _ in range(10):
            with suppress(SendBlocked):  # as an officer decides of letters that Notify never had
                settlement.decide(self.office, self.maker.people.planner, self.campaign.id or 0, again=True)
            self.tick()
            if not self.status().waiting:
                break
            self.clock.advance(HALF_AN_HOUR)
        assert self.store.duplicates() == {}
        status = self.status()
        assert (status.waiting, status.unknown, status.duplicates) == (0, 0, 0)
        assert status.accepted == len(self.store.by_reference)
        return status


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(START)


@pytest.fixture
def post(clock: SteppedClock) -> Iterator[Running]:
    with running(SEED, clock=clock) as post:
        yield post


@pytest.fixture
def play(tmp_path: Path, database_url: str, post: Running, clock: SteppedClock) -> Iterator[Play]:
    play = Play(tmp_path, database_url, post, clock)
    yield play
    play.office.close()


def test_nobody_knows_whether_it_was_sent(play: Play, post: Running) -> None:
    play.launch()
    post.state.faults.set({fault: {"count": 5} for fault in ("drop_after", "error_after", "unreadable")})
    play.tick()
    assert play.status().unknown == 15
    assert play.finish().accepted == HOUSEHOLDS


def test_the_clock_jumps_while_it_sends(play: Play, clock: SteppedClock) -> None:
    play.launch()
    play.happens = {
        20: lambda: clock.advance(timedelta(minutes=10)), 50: lambda: clock.advance(-timedelta(minutes=25)),
        90: lambda: clock.advance(timedelta(minutes=2)),
    }  # fmt: skip
    play.tick()
    assert not play.happens
    assert play.finish().accepted == HOUSEHOLDS


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_disk_is_full(play: Play) -> None:
    play.launch()
    waves.plan_due(play.office, play.campaign.id or 0)
    engine = play.office.database.engine
    engine.dispose()
    full = [True]

    @sa.event.listens_for(engine, "connect")
    def limited(connection: Any, _record: object) -> None:
        if full:
            connection.execute("PRAGMA max_page_count = 1").close()  # SQLite takes the pages there are

    with suppress(sa.exc.OperationalError):
        play.tick()
    recorded = play.status()
    full.clear()
    engine.dispose()
    assert recorded.accepted <= len(play.store.by_id)
    assert play.finish().accepted == HOUSEHOLDS


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_ends_every_connection(play: Play) -> None:
    def end() -> None:
        engine = sa.create_engine(play.office.database.url)
        with engine.connect() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            connection.execute(sa.text(others + "AND pid <> pg_backend_pid()"))
        engine.dispose()

    play.launch()
    play.happens = {5: end, 40: end, 80: end}
    for _ in range(4):
        with suppress(sa.exc.OperationalError):
            play.tick()
    assert not play.happens
    play.clock.advance(HALF_AN_HOUR)
    assert play.finish().accepted == HOUSEHOLDS


def test_what_arrives_between_planning_and_sending(play: Play, clock: SteppedClock) -> None:
    post = SimpleNamespace(arrived=lambda: play.store.by_reference)
    arrivals = Arrivals(cast(Stage, SimpleNamespace(office=play.office, post=post)))
    # Twelve working days before 19 June is the third: at midnight it is too late.
    play.launch(register=arrivals.first_register(), poll_date="2026-06-19")
    waves.plan_due(play.office, play.campaign.id or 0)
    closed = arrivals.stop(2) + arrivals.protect(1) + arrivals.stop_waiting(1)
    joined = arrivals.register([2, 3])
    play.happens = {40: lambda: clock.advance(timedelta(days=1))}
    play.tick()
    sent = len(play.store.by_id)
    status = play.finish()
    assert not arrivals.reached(closed + joined)
    assert status.dropped == HOUSEHOLDS - status.accepted
    assert set(status.dropped_for) == {"suppressed", "registered since", "expired"}
    assert len(play.store.by_id) == sent, "nothing leaves after the deadline"


def test_the_service_is_renamed_in_the_middle(play: Play, post: Running) -> None:
    service = next(iter(post.state.seed.services.values()))
    play.launch()
    play.happens = {40: lambda: setattr(service, "name", "Register to vote")}
    play.tick()
    if play.status().state == "paused":  # where the name before each text is not what the council gave
        control.resume(play.office, play.maker.people.planner, play.campaign.id or 0)
    assert play.finish().accepted == HOUSEHOLDS


def test_the_service_is_suspended_in_the_middle(play: Play, post: Running) -> None:
    service = next(iter(post.state.seed.services.values()))
    play.launch()
    play.happens = {40: lambda: setattr(service, "archived", True)}
    post.state.doorkeeper.admit = partial(_every_time, post.state.doorkeeper)  # type: ignore[method-assign]
    play.tick()
    status = play.status()
    assert (status.state, status.failed) == ("paused", 0)
    service.archived = False
    control.resume(play.office, play.maker.people.planner, play.campaign.id or 0)
    assert play.finish().accepted == HOUSEHOLDS


def _every_time(door: Authenticator, header: str | None) -> tuple[Service, Key]:
    door._known.clear()  # a token is else good for half a minute
    return Authenticator.admit(door, header)


@pytest.mark.slow
def test_one_of_three_workers_is_killed(postgres_url: str, tmp_path: Path) -> None:
    with new_database(postgres_url) as url, stage(tmp_path, url, pace=200) as play:
        play.launch(400)
        workers = [play.worker() for _ in range(3)]
        assert play.until(100, *workers)
        play.end(workers[0], signal.SIGKILL)
        assert play.until(250, *workers[1:])
        play.look()
        assert [play.end(worker) for worker in workers[1:]] == [0, 0]
        play.settle()
        play.verdict(400)
