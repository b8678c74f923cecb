"""/health and `engage check` say what the workers saw."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.sending import waves
from engage.deployment.health import examine
from engage.foundation.clock import SteppedClock
from engage.foundation.identity import Authority
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from engage.migrations import upgrade
from tests.campaigns.council import COUNCIL, START, Maker, staff, watched


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    office = Office(Settings(home=tmp_path / "home", database_url=database_url), SteppedClock(START))
    office.settings.home.mkdir(mode=0o700)
    upgrade(office.database)
    with office.database.session() as session:
        session.add(Authority(code=COUNCIL, name="East Staffordshire"))
    yield office
    office.close()


def ill(office: Office) -> dict[str, str]:
    return {check.name: check.detail for check in examine(office).checks if not check.well}


def test_what_workers_saw_is_told(office: Office) -> None:
    assert ill(office) == {}, "nothing is to be sent, so nobody need be there"
    campaign = Maker(office, staff(office)).launched(60)
    waves.plan_due(office, campaign.id or 0)
    assert ill(office) == {"worker": "No worker is running, so nothing leaves. Start one: engage worker."}
    watched(office)
    assert ill(office) == {}
    watched(office, notify="it does not answer.", notify_since=START)
    told = "GOV.UK Notify cannot be used since 3 June 2026 at 10:00am: it does not answer."
    assert ill(office) == {"notify": told}
    watched(office, notify="", silent_since=START, waiting=True, rate=3.0)
    assert set(ill(office)) == {"pace", "callbacks"}
    assert ill(office)["pace"].endswith("3.0 a second in the last half minute, not 40.")
    watched(office, seen=time.time() - 61)
    assert set(ill(office)) == {"worker"}
