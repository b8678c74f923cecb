"""What every room's tests stand on: the folder beside the project, an office on a temporary home, somebody who acts."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
from sqlmodel import SQLModel

from dashboards.pages import publication
from engage.foundation.clock import SteppedClock
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings

os.environ.setdefault("ENGAGE_SECOND_FACTOR", "false")  # else each test that signs in would wait for codes

hypothesis.settings.register_profile("untimed", deadline=None)  # how long an example takes says how busy the machine is
hypothesis.settings.load_profile("untimed")

pytest_plugins = ["tests.postgres", "tests.story", "tests.website"]

publication.PATIENCE = 60.0  # so that a test sees what its own imports changed

os.environ.setdefault("ENGAGE_HOSTS", "testserver.local")  # which Litestar's test client asks for

EAST_STAFFORDSHIRE = "E07000193"
START = datetime(2026, 6, 1, 9, tzinfo=UTC)


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a room or a module makes once for all its tests is made by one test process, which gets them all."""
    for item in items:
        fixtures = [found[-1] for found in item._fixtureinfo.name2fixturedefs.values()]
        places = [fixture.baseid for fixture in fixtures if fixture.scope != "function" and "/" in fixture.baseid]
        if places and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(min(places, key=len)))


def pytest_collection_finish() -> None:
    """The modules of all tests stay until the end: Python need not look through them at each collection of garbage."""
    gc.freeze()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their place: packed ones hold the second at which each test process packed them, and
    processes that collect different names do not start."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of knowledge and data beside the project, or where ENGAGE_SHARED says."""
    folder = Path(os.environ.get("ENGAGE_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"needs the data folder beside the project ({folder}); set ENGAGE_SHARED to say where it is")
    return folder


@contextmanager
def founded(home: Path) -> Iterator[Office]:
    """An office on SQLite with East Staffordshire, its clock standing at START."""
    office = Office(Settings(home=home), SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=EAST_STAFFORDSHIRE, name="East Staffordshire"))
    yield office
    office.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with founded(tmp_path / "home") as office:
        yield office


@pytest.fixture
def actor() -> Actor:
    return Actor(EAST_STAFFORDSHIRE, "officer 1", 1)
