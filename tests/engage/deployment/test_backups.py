"""A copy is made while messages leave, read back, and put back: what has left since never leaves again."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlmodel import select

from campaigns.approval import control
from campaigns.closing import restored
from campaigns.notify.client import GovukNotify
from campaigns.notify.messages import Accepted, Notify, Outgoing
from campaigns.notify.stand_in import Running, running
from campaigns.records import copies
from campaigns.records.models import Campaign, Message
from campaigns.sending import ledger, outages, waves
from campaigns.sending.dispatch import Dispatcher
from campaigns.worker.work import Work
from engage.deployment import backups, database_copies, restoring
from engage.deployment.health import examine
from engage.deployment.purging import purge
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused, SendBlocked
from engage.foundation.identity import Authority
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from engage.migrations import upgrade
from segments.importing.imports import import_file
from tests.campaigns.council import COUNCIL, KEY, SEED, START, Maker, staff
from tests.postgres import new_database

HOMES = 60
DAY = timedelta(days=1)
EVERYONE = {"channels": ["email", "sms", "letter"], "arms": ["everyone"]}
WAVES = [EVERYONE | {"send_on": "2026-06-03"}, EVERYONE | {"send_on": "2026-06-05"}]


@dataclass
class House:
    """A deployment that sends to the stand-in, and at any message does something besides."""

    office: Office
    real: GovukNotify
    happens: dict[int, Callable[[], object]] = field(default_factory=dict)
    sent: int = 0

    def send(self, message: Outgoing) -> Accepted:
        self.sent += 1
        if happens := self.happens.pop(self.sent, None):
            happens()
        return self.real.send(message)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def some(self, number: int) -> None:
        waves.plan_due(self.office, number)
        Dispatcher(self.office, cast(Notify, self), batch=HOMES // 3).send(number, 1)

    def tick(self) -> Counter[str]:
        return Work(self.office, cast(Notify, self)).tick()


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(START)


@pytest.fixture
def post(clock: SteppedClock) -> Iterator[Running]:
    with running(SEED, clock=clock) as post:
        yield post


def house(home: Path, url: str, post: Running, clock: SteppedClock) -> House:
    office = Office(Settings(home=home, database_url=url, notify_pace=1000), clock)
    return House(office, GovukNotify(KEY, post.base_url))


@pytest.fixture
def first(database_url: str, tmp_path: Path, post: Running, clock: SteppedClock) -> Iterator[House]:
    (tmp_path / "home").mkdir(mode=0o700)
    made = house(tmp_path / "home", database_url, post, clock)
    upgrade(made.office.database)
    with made.office.database.session() as session:
        session.add(Authority(code=COUNCIL, name="East Staffordshire"))
    yield made
    made.office.close()


@pytest.fixture
def second(
    request: pytest.FixtureRequest, first: House, tmp_path: Path, post: Running, clock: SteppedClock
) -> Iterator[House]:
    """With nothing in it."""
    if first.office.database.embedded:
        found = house(tmp_path / "second", f"sqlite:///{tmp_path / 'second' / 'engage.sqlite'}", post, clock)
        yield found
        found.office.close()
        return
    with new_database(request.getfixturevalue("postgres_url")) as url:
        found = house(tmp_path / "second", url, post, clock)
        yield found
        found.office.close()


def launched(first: House, maker: Maker, **changes: Any) -> Campaign:
    return maker.launched(HOMES, arms={"everyone": 1.0}, comparison="", waves=WAVES, **changes)


def standing(of: House, planner: Actor, number: int) -> ledger.Status:
    status = ledger.status(of.office, planner, number)
    assert status.balanced
    return status


def test_what_left_since_the_copy_never_leaves_again(
    first: House, second: House, post: Running, clock: SteppedClock, tmp_path: Path
) -> None:
    maker = Maker(first.office, people := staff(first.office))
    campaign = launched(first, maker)
    later = maker.submitted(HOMES, name="Another", arms={"everyone": 1.0}, comparison="", waves=WAVES[1:])
    maker.approve(later.id or 0)
    copy, keys = tmp_path / "copy", tmp_path / "keys"
    first.happens = {HOMES // 2: lambda: backups.create(first.office, copy, keys_to=keys)}
    first.tick()  # half of the first wave before the copy, half after
    control.launch(first.office, people.planner, later.id or 0)
    first.tick()
    clock.advance(2 * DAY)
    for number in (campaign.id or 0, later.id or 0):  # and some of waves that the copy has not planned
        first.some(number)
    left = set(post.state.store.by_reference)
    assert HOMES < len(left) < HOMES * 3
    assert backups.verify(copy, backups.read_keys(keys)) == []

    told = restoring.restore(second.office, copy, backups.read_keys(keys))
    assert told.provable
    assert "restored" in {check.name for check in examine(second.office).checks if not check.well}
    with second.office.database.reading() as session:
        assert copies.held(session, COUNCIL)
        assert "Nothing leaves before a worker" in outages.outages(second.office, session)[0].words
    clock.advance(timedelta(minutes=5))
    second.tick()
    clock.advance(timedelta(minutes=5))
    control.launch(second.office, people.planner, later.id or 0)  # as an officer does who knows of it
    for number in (campaign.id or 0, later.id or 0):
        if standing(second, people.planner, number).state == "paused":  # its day is over
            control.resume(second.office, people.planner, number)
    for _ in range(4):
        second.tick()
        clock.advance(timedelta(minutes=35))
        if standing(second, people.planner, later.id or 0).state == "paused":
            control.resume(second.office, people.planner, later.id or 0)
    assert post.state.store.duplicates() == {}
    assert len(post.state.store.by_reference) == len(post.state.store.by_id) == HOMES * 3
    assert left < set(post.state.store.by_reference)
    for number, planned in ((campaign.id or 0, HOMES * 2), (later.id or 0, HOMES)):
        status = standing(second, people.planner, number)
        assert (status.planned, status.accepted, status.duplicates) == (planned, planned, 0)
    with second.office.database.reading() as session:
        assert copies.unexplained(session) == 0
        known = set(session.exec(select(Message.reference)))
    assert known == set(post.state.store.by_reference), "a link in a message that left leads to it here too"
