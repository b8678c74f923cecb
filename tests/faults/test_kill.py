"""`kill -9` of a real worker in the middle of a wave, more than once: every message is at Notify exactly once."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from campaigns.notify.stand_in import Running, running
from campaigns.sending import ledger, settlement
from engage.foundation.clock import ShiftedClock
from engage.foundation.errors import SendBlocked
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from tests.campaigns.council import KEY, SEED, START, TEMPLATES, Maker, found, staff

HOUSEHOLDS = 600
PATIENT = 60  # seconds until the test gives up
# The waits of real life are minutes; a killed process on this machine has nothing on its way after milliseconds.
WORKER = """
from datetime import timedelta
from campaigns.sending.dispatch import Patience
from campaigns.worker.work import worker
from engage.foundation.office import Office
second = timedelta(seconds=1)
worker(Office(), every=0.3, patience=Patience(
    claim=3 * second, orphan=4 * second, settle=second, second_look=second, second_look_letter=second))
"""


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    office = Office(Settings(home=tmp_path / "home", database_url=database_url), ShiftedClock(START))
    found(office)
    yield office
    office.close()


@pytest.fixture
def post() -> Iterator[Running]:
    with running(SEED, clock=ShiftedClock(START)) as post:
        yield post


def start(office: Office, post: Running) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "ENGAGE_HOME": str(office.settings.home),
        "ENGAGE_DATABASE_URL": office.settings.database_url,
        "ENGAGE_NOTIFY_API_KEY": KEY,
        "ENGAGE_NOTIFY_BASE_URL": post.base_url,
        "ENGAGE_NOTIFY_PACE": "250",
        "ENGAGE_REHEARSAL_TIME": office.clock.now().isoformat(),
    }
    return subprocess.Popen([sys.executable, "-c", WORKER], env=environment)


def wait_until(worker: subprocess.Popen[bytes], reached: object) -> None:
    give_up = time.monotonic() + PATIENT
    while not reached():  # type: ignore[operator]
        assert worker.poll() is None, "the worker ended by itself"
        assert time.monotonic() < give_up, "the worker made no progress"
        time.sleep(0.1)


@pytest.mark.slow
def test_every_message_is_sent_exactly_once(office: Office, post: Running) -> None:
    maker = Maker(office, staff(office))
    everyone = {"channels": ["email", "sms", "letter"], "send_on": "2026-06-03", "arms": ["everyone"]}
    campaign = maker.launched(HOUSEHOLDS, arms={"everyone": 1.0}, comparison="", waves=[everyone], templates=TEMPLATES)
    store, draw = post.state.store, random.Random(office.database.embedded)
    for share in (draw.uniform(0.05, 0.45), draw.uniform(0.5, 0.9)):
        enough = int(HOUSEHOLDS * share)
        worker = start(office, post)
        wait_until(worker, lambda enough=enough: len(store.by_id) >= enough)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert 0 < len(store.by_id) < HOUSEHOLDS, "it was killed in the middle"

    def standing() -> ledger.Status:
        with suppress(SendBlocked):  # as an officer decides of letters that Notify never had
            settlement.decide(office, maker.people.planner, campaign.id or 0, again=True)
        return ledger.status(office, maker.people.planner, campaign.id or 0)

    assert standing().waiting > 0
    worker = start(office, post)
    wait_until(worker, lambda: standing().waiting == 0)
    worker.terminate()
    assert worker.wait(timeout=15) == 0, "SIGTERM ends it cleanly"
    status = standing()
    assert (status.planned, status.dropped, status.failed, status.unknown) == (HOUSEHOLDS, 0, 0, 0)
    assert status.accepted == HOUSEHOLDS == len(store.by_reference) == len(store.by_id)
    assert store.duplicates() == {}
    assert timedelta(0) < office.clock.now() - START
