"""The story of the demo, played once for all tests that look at it, and what its summary said then."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from engage.demo.story import Story


@dataclass(frozen=True)
class Performance:
    story: "Story"
    told: dict[str, Any]


@pytest.fixture(scope="session")
def performance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Performance]:
    """The whole story on a small made-up borough, served while the tests run. It is summed up before any test adds to
    it, and imported for the tests that ask for it alone, as it brings the whole application."""
    from engage.demo.story import playing, summary

    lines: list[str] = []
    with playing(tmp_path_factory.mktemp("played"), homes=2_000, wards=3, say=lines.append) as story:
        yield Performance(story, summary(story) | {"lines": lines, "truth": story.borough.truth})


@pytest.fixture(scope="session")
def played(performance: Performance) -> "Story":
    return performance.story


@pytest.fixture(scope="session")
def told(performance: Performance) -> dict[str, Any]:
    return performance.told
