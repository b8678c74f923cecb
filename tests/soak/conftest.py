"""Sizes of the soak: `make soak`, or a tenth of it with `make soak SOAK=--quick`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.postgres import new_database
from tests.soak.cluster import Cluster, cluster


@dataclass(frozen=True)
class Size:
    messages: int
    points: int  # at which a worker is killed
    ambiguous: int
    strays: int
    seed: int


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("soak")
    group.addoption("--quick", action="store_true", help="a tenth of each size")
    group.addoption("--messages", type=int, default=20_000)
    group.addoption("--points", type=int, default=100)
    group.addoption("--ambiguous", type=int, default=2_000)
    group.addoption("--strays", type=int, default=100_000)
    group.addoption("--seed", type=int, default=20260603)


@pytest.fixture(scope="session")
def size(request: pytest.FixtureRequest) -> Size:
    part = 10 if request.config.getoption("--quick") else 1
    asked = (
        int(request.config.getoption(f"--{name}")) // part for name in ("messages", "points", "ambiguous", "strays")
    )
    return Size(*asked, int(request.config.getoption("--seed")))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'engage.sqlite'}"
        return
    with new_database(request.getfixturevalue("postgres").url) as url:
        yield url
