"""/health and `engage check` say what the workers saw."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pydantic import SecretStr

from campaigns.notify.stand_in import running
from campaigns.records.copies import Backup
from campaigns.sending import waves
from engage.deployment import health
from engage.deployment.health import examine
from engage.foundation.clock import SteppedClock
from engage.foundation.identity import Authority
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from engage.migrations.upgrading import upgrade
from tests.campaigns.council import COUNCIL, KEY, SEED, START, Maker, staff, watched


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
    assert ill(office) == {
        "worker": "No worker is running, so nothing leaves. Ask whoever runs the service to start one."
    }
    watched(office)
    assert ill(office) == {}
    watched(office, notify="it does not answer.", notify_since=START)
    told = "GOV.UK Notify cannot be used since 3 June 2026 at 10:00am: it does not answer."
    assert ill(office) == {"notify": told}
    watched(office, notify="", silent_since=START, waiting=True, rate=3.0)
    assert set(ill(office)) == {"pace", "callbacks"}
    assert ill(office)["pace"].endswith("3.0 a second in the last half minute, not 40.")
    watched(office, silent_since=None, waiting=False, rate=40.0, clock_off=-25.0)
    told = "25 seconds ahead of GOV.UK Notify’s, which refuses all from 30 on: set this machine’s clock"
    assert ill(office) == {"clock": told}
    watched(office, clock_off=0.4, queued_since=START - timedelta(days=2))
    assert ill(office) == {"queue": "what may leave has waited since 1 June 2026 at 10:00am"}
    watched(office, seen=time.time() - 61)
    assert set(ill(office)) == {"worker"}


def test_a_lost_file_a_full_disk_and_no_copy_are_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    watched(office)
    staged = office.lake.stage()
    staged.write_bytes(b"rows")
    with office.database.session() as session:
        kept = office.lake.commit(
            session, staged, authority=COUNCIL, kind="gazetteer", as_at=START.date(), made_at=START, made_by="x", rows=1
        )
    assert ill(office) == {}
    cast(SteppedClock, office.clock).advance(timedelta(days=8))
    assert ill(office) == {"backup": "none has been made (engage backup create), and one is due every 7 days"}
    with office.database.session() as session:
        session.add(Backup(copied_at=office.clock.now(), files=1, bytes=1))
    assert ill(office) == {}
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    assert set(ill(office)) == {"disk"}
    monkeypatch.undo()
    office.lake.file(kept).unlink()
    assert ill(office)["lake"].startswith("1 of 1 file not there, the first lake/E07000193/gazetteer/")


def test_deep_asks_afresh(office: Office, request: pytest.FixtureRequest) -> None:
    with running(SEED) as post:
        key = {"notify_api_key": SecretStr(KEY), "notify_base_url": post.base_url}
        asking = Office(office.settings.model_copy(update=key), office.clock)
        request.addfinalizer(asking.close)
        found = {check.name: check for check in examine(asking, deep=True).checks}
        assert all(check.well for check in found.values())
        assert found["clock"].detail == "within 1 s of GOV.UK Notify’s"
        assert found["notify"].detail == "answers; whether its key is a live one shows once a text or letter was billed"
        post.state.seed.services[next(iter(post.state.seed.services))].archived = True
        assert "notify" in {check.name for check in examine(asking, deep=True).checks if not check.well}
    assert "notify" in {check.name for check in examine(asking, deep=True).checks if not check.well}, "it is gone"
