"""An office on either database, a council's accounts, and campaigns at any point of their life."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.notify.client import GovukNotify
from campaigns.notify.stand_in import Running, running
from engage.foundation.clock import SteppedClock
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from tests.campaigns.council import KEY, SEED, START, Maker, People, found, staff
from tests.postgres import new_database


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """As everywhere, but PostgreSQL's has its tables already."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'engage.sqlite'}"
        return
    filled = request.getfixturevalue("filled_postgres")
    with new_database(request.getfixturevalue("postgres_url"), filled) as url:
        yield url


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    office = Office(Settings(home=tmp_path / "home", database_url=database_url, notify_pace=1000), SteppedClock(START))
    found(office)
    yield office
    office.close()


@pytest.fixture
def people(office: Office) -> People:
    return staff(office)


@pytest.fixture
def maker(office: Office, people: People) -> Maker:
    return Maker(office, people)


@pytest.fixture
def clock(office: Office) -> SteppedClock:
    assert isinstance(office.clock, SteppedClock)
    return office.clock


@pytest.fixture
def post(office: Office) -> Iterator[Running]:
    """GOV.UK Notify as it stands in for itself, on the office's clock."""
    with running(SEED, clock=office.clock) as post:
        yield post


@pytest.fixture
def notify(post: Running) -> GovukNotify:
    return GovukNotify(KEY, post.base_url)
