"""Sail, which speaks Spark Connect and needs no Java, says what DuckDB says."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from engage.foundation.office import Actor
from segments.audiences import audience, segments
from segments.engine import spark
from segments.homes import households
from tests.segments.engine.test_spark import MOVED, Land, assert_same, end_session, land, rounded  # noqa: F401  # fixture

pytestmark = pytest.mark.xdist_group("spark")
MODE = "SPARK_CONNECT_MODE_ENABLED"  # PySpark keeps it for good, and no session of another kind begins after it


@pytest.fixture(scope="module")
def sail() -> Iterator[str]:
    """The address of a server within this process."""
    connect = pytest.importorskip("pysail.spark", reason="needs Sail: pip install 'engage[sail]'")
    end_session()
    server: Any = connect.SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    try:
        yield f"sc://127.0.0.1:{server.listening_address[1]}"
    finally:
        os.environ.pop(MODE, None)
        server.stop()


def test_it_builds_counts_and_freezes_what_duckdb_does(land: Land, sail: str) -> None:  # noqa: F811  # the fixture
    alone = {code: households.build(land.office, Actor(code, "officer 1")) for code in land.codes}
    on_sail = land.on(sail)
    everywhere = households.build_all(on_sail, "operator")
    assert sorted(everywhere.built) == land.codes
    for code, snapshot in everywhere.built.items():
        assert_same(land.office.lake.file(snapshot), land.office.lake.file(alone[code]))
    expected, found = segments.count_all(land.office, MOVED), segments.count_all(on_sail, MOVED)
    assert {code: rounded(count) for code, count in found.items()} == {
        code: rounded(count) for code, count in expected.items()
    }
    wanted = audience.freeze_all(land.office, "operator", MOVED, name="here")
    for code, frozen in audience.freeze_all(on_sail, "operator", MOVED, name="there").items():
        assert_same(frozen.path, wanted[code].path)
        assert frozen.households == wanted[code].households
    with pytest.raises(spark.SparkUnavailable, match="Nothing was changed but what was already complete"):
        spark.connect(sail).answer(spark.task.sent([], {}, "SELECT error('never')", []))
