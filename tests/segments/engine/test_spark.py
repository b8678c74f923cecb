"""Spark on a real cluster, one master and two workers each a process of its own, says what DuckDB says, row for row."""

import gc
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isclose
from pathlib import Path
from threading import Timer
from typing import Any

import ibis
import polars as pl
import psutil
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel, col, select

from engage.demo.borough import write_borough
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.identity import Authority
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Actor, Office
from engage.foundation.settings import DUCKDB, Settings
from segments.audiences import audience, segments
from segments.engine import execution, holdings, spark, task
from segments.engine.holdings import reading
from segments.homes import households
from segments.importing.imports import import_file
from segments.missing import usable
from segments.rules import tree as rules
from segments.safeguards.suppression import Suppression
from tests.segments.rules import brute

pytestmark = [
    pytest.mark.xdist_group("spark"),  # one cluster for all of it
    # PySpark leaves it to the end of an object to close the socket a result came by.
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"),
]

NEIGHBOUR, EMPTY = "E07000999", "E07000998"
RULE = {
    "version": 1,
    "where": {
        "any": [
            {"column": "electors", "is": "at most", "value": 1},
            {"not": {"column": "private_rented_share", "is": "less than", "value": 0.3}},
        ]
    },
}
MOVED = {
    "version": 1,
    "where": {
        "any": [
            {"column": "electors", "is": "at most", "value": 1},
            {"not": {"column": "moved_last_year_share", "is": "less than", "value": 0.15}},
        ]
    },
}
# Small, and made for short work: a compiler that thinks long pays off on data only.
CONF = """
spark.executor.memory 512m
spark.driver.memory 700m
spark.driver.bindAddress 127.0.0.1
spark.driver.host 127.0.0.1
spark.sql.shuffle.partitions 2
spark.default.parallelism 2
spark.scheduler.minRegisteredResourcesRatio 1.0
spark.scheduler.maxRegisteredResourcesWaitingTime 300s
spark.network.timeout 600s
spark.executor.heartbeatInterval 60s
spark.sql.codegen.wholeStage false
spark.sql.codegen.factoryMode NO_CODEGEN
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.executor.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
"""
DAEMON = "org.apache.spark.deploy"


@dataclass(frozen=True)
class Land:
    """Two boroughs, which have UPRNs in common, and an authority that has imported nothing."""

    office: Office
    code: str

    @property
    def codes(self) -> list[str]:
        return sorted([self.code, NEIGHBOUR])

    def on(self, name: str) -> Office:
        return Office(self.office.settings.model_copy(update={"engine": name}), self.office.clock)


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Land]:
    folder = tmp_path_factory.mktemp("land")
    neighbour = write_borough(folder / "neighbour", homes=200, wards=2, seed=7)
    own = write_borough(folder / "own", homes=300, wards=3)
    office = Office(Settings(home=folder / "home"), SteppedClock(at_london(own.as_at, 10)))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add_all(Authority(code=code, name=code) for code in (own.authority_code, NEIGHBOUR, EMPTY))
    for borough in (neighbour, own):
        for kind, path in borough.files:
            import_file(office, Actor(own.authority_code, "officer 1"), kind, path, borough.as_at)
        if borough is neighbour:
            hand_over(office, own.authority_code, NEIGHBOUR)
    add_indicator(office, own.authority_code, "ward", "local_fly_tips")
    add_indicator(office, NEIGHBOUR, "uprn", "local_fly_tips")
    leave_out(office, NEIGHBOUR, "contacts", "ts054")
    yield Land(office, own.authority_code)
    office.close()


def hand_over(office: Office, code: str, to: str) -> None:
    """Make what one authority has imported that of another."""
    with office.database.session() as session:
        for snapshot in session.exec(select(Snapshot).where(Snapshot.authority == code)):
            snapshot.path = office.lake.adopt(office.lake.file(snapshot), to, snapshot.kind)
            snapshot.authority = to
        for entry in session.exec(select(Suppression).where(Suppression.authority == code)):
            entry.authority = to


def add_indicator(office: Office, code: str, level: str, measure: str) -> None:
    """The same figure is one of wards in one borough and of homes in the other."""
    with office.database.session() as session:
        geography = current(session, code, "geography")
        assert geography
        areas = sorted({str(area) for area in pq.read_table(office.lake.file(geography))[level].to_pylist() if area})
        values = [float(place % 5) for place, _ in enumerate(areas)]
        columns = {"area": areas, "level": [level] * len(areas), "measure": [measure] * len(areas), "value": values}
        staged = office.lake.stage()
        ibis.memtable(columns).to_parquet(staged)
        office.lake.commit(
            session, staged, authority=code, kind="indicator", name=measure, as_at=geography.as_at,
            made_at=office.clock.now(), made_by="officer 1", rows=len(areas),
        )  # fmt: skip


def leave_out(office: Office, code: str, *names: str) -> None:
    with office.database.session() as session:
        of_code = select(Snapshot).where(Snapshot.authority == code)
        found = session.exec(of_code.where(col(Snapshot.kind).in_(names) | col(Snapshot.name).in_(names))).all()
        assert found
        for snapshot in found:
            snapshot.undone_at = office.clock.now()


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Spark master on 127.0.0.1 with two workers of one core; all end with the module."""
    java = found_java()
    if java is None:
        pytest.skip("needs Java 17 or newer; sh tests/services.sh says how to install it")
    pyspark = pytest.importorskip("pyspark", reason="needs PySpark: pip install 'engage[spark]'")
    folder = tmp_path_factory.mktemp("spark")
    (folder / "spark-defaults.conf").write_text(CONF)
    home = Path(pyspark.__file__).parent
    own = {
        "SPARK_HOME": str(home), "SPARK_CONF_DIR": str(folder), "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_SCALA_VERSION": "2.13",
    }  # fmt: skip
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    started: list[subprocess.Popen[bytes]] = []
    try:
        url = start(started, java, folder, "master.Master").wait_for("Starting Spark master at ")
        work = ("--cores", "1", "--memory", "512m", "--work-dir", str(folder / "work"), url)
        for worker in [start(started, java, folder, "worker.Worker", *work) for _ in range(2)]:
            worker.wait_for("Successfully registered with master ")
        yield url
    finally:
        end_session()
        for process in reversed(started):
            end(process)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def found_java() -> str | None:
    """A Java that runs and is new enough: macOS has a `java` that only says there is none."""
    homes = [str(Path(home) / "bin" / "java") for home in filter(None, [os.environ.get("JAVA_HOME")])]
    for java in [*homes, shutil.which("java")]:
        if java and Path(java).exists():
            said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
            version = re.search(r'version "(\d+)', said.stderr)
            if said.returncode == 0 and version and int(version[1]) >= 17:
                return java
    return None


@dataclass(frozen=True)
class Started:
    process: subprocess.Popen[bytes]
    log: Path

    def wait_for(self, words: str, seconds: int = 300) -> str:
        """The rest of the line of the log that says so."""
        for _ in range(seconds * 10):
            line = next((line for line in self.log.read_text().splitlines() if words in line), None)
            if line:
                return line.partition(words)[2].strip()
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        pytest.fail(f"{self.log.name} never said {words!r}: {self.log.read_text()[-2000:]}")


def start(started: list[subprocess.Popen[bytes]], java: str, folder: Path, daemon: str, *arguments: str) -> Started:
    log = folder / f"{daemon}{len(started)}.log"
    jars = Path(os.environ["SPARK_HOME"]) / "jars" / "*"
    ports = ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
    command = [
        java,
        "-Xmx160m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        f"{folder}:{jars}",
        f"{DAEMON}.{daemon}",
        *ports,
    ]
    with log.open("wb") as out:
        started.append(subprocess.Popen([*command, *arguments], stdout=out, stderr=subprocess.STDOUT))
    return Started(started[-1], log)


def end(process: subprocess.Popen[bytes]) -> None:
    """However long it takes to go by itself; one that does not go at all shall not outlive the tests."""
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_session() -> None:
    """Stop Spark's session and the Java process that PySpark began for it."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    if session := SparkSession.getActiveSession():
        session.stop()
    if gateway := SparkContext._gateway:
        gateway.shutdown()
        gateway.proc.stdin.close()
        end(gateway.proc)
        SparkContext._gateway = SparkContext._jvm = None


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    """What PySpark left open is closed here, and not in a test of another room."""
    yield
    gc.collect()


def rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return isclose(left, right, rel_tol=1e-9, abs_tol=1e-12)
    return type(left) is type(right) and bool(left == right)


def assert_same(found: Path, expected: Path) -> None:
    """The same columns of the same types, and the same rows in the same order; floats to one part in 10^9."""
    assert pq.read_schema(found).equals(pq.read_schema(expected))
    there, wanted = rows(found), rows(expected)
    assert len(there) == len(wanted) > 0
    different = [
        (place, name)
        for place, (own, other) in enumerate(zip(there, wanted, strict=True))
        for name in own
        if not same(own[name], other[name])
    ]
    assert different == []


@pytest.fixture(scope="module")
def built(land: Land) -> dict[str, Snapshot]:
    """What DuckDB builds of each authority by itself."""
    return {code: households.build(land.office, Actor(code, "officer 1")) for code in land.codes}


def test_all_authorities_at_once_are_what_each_is_by_itself(land: Land, built: dict[str, Snapshot]) -> None:
    everywhere = households.build_all(land.office, "operator")
    assert sorted(everywhere.built) == land.codes
    assert everywhere.left_out[EMPTY].startswith("There is no register yet")
    for code, snapshot in everywhere.built.items():
        assert_same(land.office.lake.file(snapshot), land.office.lake.file(built[code]))
        assert snapshot.report == built[code].report | {"seen": snapshot.report["seen"]}


def test_the_boroughs_differ_in_what_they_have(land: Land, built: dict[str, Snapshot]) -> None:
    """Else the tests of many authorities could not fail."""
    own, neighbour = (
        {row["uprn"]: row for row in rows(land.office.lake.file(built[code]))} for code in (land.code, NEIGHBOUR)
    )
    assert len(own.keys() & neighbour.keys()) > 9
    assert "private_rented_share" in next(iter(own.values())).keys() - next(iter(neighbour.values())).keys()
    assert any(row["email"] for row in own.values())
    assert not any(row["email"] for row in neighbour.values())
    assert {row["local_fly_tips"] for row in neighbour.values()} == {0.0, 1.0, 2.0, 3.0, 4.0}


def test_a_crash_leaves_whole_tables_only(
    land: Land, built: dict[str, Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    copying = execution.copying

    def failing(table: str, code: str, columns: Any, order: str, to: Path) -> str:
        if code == land.codes[1]:  # of several parts that are written at a time
            to.write_bytes(b"PAR1 half of a file")
            raise OSError("no space left on device")
        return copying(table, code, columns, order, to)

    monkeypatch.setattr(execution, "copying", failing)
    with pytest.raises(OSError, match="no space"):
        households.build_all(land.office, "operator")
    with land.office.database.reading() as session:
        first, second = (households.newest(session, code) for code in land.codes)
    assert_same(land.office.lake.file(first), land.office.lake.file(built[land.codes[0]]))
    assert first.made_by == "operator"
    assert_same(land.office.lake.file(second), land.office.lake.file(built[land.codes[1]]))
    assert not list((land.office.lake.root / "staging").glob("*.par*"))


def test_the_cluster_builds_what_duckdb_builds(land: Land, built: dict[str, Snapshot], master: str) -> None:
    on_spark = land.on(master)
    everywhere = households.build_all(on_spark, "operator")
    assert sorted(everywhere.built) == land.codes
    for code, snapshot in everywhere.built.items():
        assert_same(land.office.lake.file(snapshot), land.office.lake.file(built[code]))
    with land.office.database.reading() as session:
        acts = session.exec(select(AuditEntry).where(AuditEntry.act == "build households")).all()
    assert {entry.authority for entry in acts if entry.actor == "operator"} == set(land.codes)
    session = spark._session(master)
    assert session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() == 3, "the driver and two executors"


def test_a_worker_that_is_lost_in_the_middle_changes_nothing(
    land: Land, built: dict[str, Snapshot], master: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, lost = spark.Cluster.ask, list[int]()

    def losing(cluster: spark.Cluster, *asked: Any) -> Any:
        if not lost:
            lost.append(executors()[0])
            Timer(0.3, os.kill, (lost[0], signal.SIGKILL)).start()
        return ask(cluster, *asked)

    monkeypatch.setattr(spark.Cluster, "ask", losing)
    everywhere = households.build_all(land.on(master), "operator")
    assert sorted(everywhere.built) == land.codes
    for code, snapshot in everywhere.built.items():
        assert_same(land.office.lake.file(snapshot), land.office.lake.file(built[code]))
    assert lost[0] not in executors()
    assert not list((land.office.lake.root / "staging").glob("*.par*"))


def executors() -> list[int]:
    """The processes that work for the two workers of this module."""
    living = (one for one in psutil.Process().children(recursive=True) if one.status() != psutil.STATUS_ZOMBIE)
    return [one.pid for one in living if any("CoarseGrainedExecutorBackend" in word for word in one.cmdline())]


def test_a_question_that_fails_is_asked_again_and_then_given_up(master: str, tmp_path: Path) -> None:
    """Each time it is asked leaves a file; with three of them it has an answer."""
    cluster, times = spark.connect(master), tmp_path / "times"
    noted = f"COPY (SELECT 1 AS n) TO '{times}' (FORMAT csv, PER_THREAD_OUTPUT, OVERWRITE_OR_IGNORE, FILENAME_PATTERN 'x_{{uuid}}')"
    enough = f"SELECT CASE WHEN count(*) < 3 THEN error('not yet') ELSE count(*) END AS n FROM glob('{times}/*')"
    assert cluster.answer(task.sent([noted], {}, enough, [])).to_pylist() == [{"n": 3}]
    with pytest.raises(spark.SparkUnavailable, match="Nothing was changed but what was already complete"):
        cluster.answer(task.sent([], {}, "SELECT error('never')", []))


def test_authorities_are_shared_out_the_largest_first(land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is ten times the others is a question by itself; those after it fill up what each may hold."""
    monkeypatch.setattr(spark, "connect", lambda _: spark.Cluster(None, 2))
    sizes = {"a": 10, "b": 100, "c": 10, "d": 10, "e": 10}
    asked = holdings.of_all(land.on("local[2]"), sizes, lambda some: some.authorities)
    assert list(asked) == [("b",), ("a", "c", "d"), ("e",)]


def test_the_cluster_counts_what_duckdb_counts(
    land: Land, built: dict[str, Snapshot], master: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures of the council's own records lie beside the table of homes: they are asked for, too."""
    figures = {code: known_of(land.office.lake.file(built[code])) for code in land.codes}
    monkeypatch.setattr(usable, "in_use", lambda _, __, code: usable.InUse((), figures[code]))
    monkeypatch.setattr(usable, "marks", lambda *_: (-1,))
    known = {"column": "known_not_registered", "is": "at least", "value": 1}
    asked = {"version": 1, "where": {"all": [MOVED["where"], {"not": known}]}}
    expected = {code: segments.count(land.office, code, asked) for code in land.codes}
    assert all(
        0 < own.households < segments.count(land.office, code, MOVED).households for code, own in expected.items()
    )
    found, at_once = segments.count_all(land.on(master), asked), segments.count_all(land.office, asked)
    assert found.keys() == expected.keys() == at_once.keys()
    for code, count in found.items():
        assert rounded(count) == rounded(expected[code]) == rounded(at_once[code])


def known_of(homes: Path) -> pl.DataFrame:
    """Somebody known in every third home; of every second nothing is told."""
    told = pl.read_parquet(homes, columns=["uprn"]).gather_every(2)
    return told.select(
        home_uprn="uprn",
        known_not_registered=pl.int_range(pl.len()) % 3 / 2.0,
        score=pl.lit(0.5),
        moved_in=pl.lit(0.0),
        nobody_knows=pl.lit(1),
    )


def rounded(count: segments.Count) -> segments.Count:
    wards = [replace(ward, missing=round(ward.missing, 6)) for ward in count.wards]
    return replace(count, missing=round(count.missing, 6), wards=wards)


def test_a_rule_that_one_authority_cannot_answer_names_it(land: Land, built: dict[str, Snapshot]) -> None:
    with pytest.raises(rules.RuleInvalid, match=f"private_rented_share, which is not imported in {NEIGHBOUR}"):
        segments.count_all(land.office, RULE)


def test_the_cluster_freezes_what_duckdb_freezes(land: Land, built: dict[str, Snapshot], master: str) -> None:
    expected = {
        code: audience.freeze(land.office, Actor(code, "officer 1"), MOVED, name="alone") for code in land.codes
    }
    on_spark = land.on(master)
    for office, engine_name in ((land.office, DUCKDB), (on_spark, "spark")):
        frozen = audience.freeze_all(office, "operator", MOVED, name=engine_name)
        assert sorted(frozen) == land.codes
        for code, found in frozen.items():
            assert_same(found.path, expected[code].path)
            assert found.households == expected[code].households
    alone = audience.freeze(on_spark, Actor(land.code, "officer 1"), RULE, name="alone")
    assert_same(alone.path, audience.freeze(land.office, Actor(land.code, "officer 1"), RULE, name="alone").path)
    assert any(row["email_value"] for row in rows(alone.path))


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("homes") / "homes.parquet"
    with execution.connect() as backend:
        execution.write(backend, ibis.memtable(brute.frame()), path)
    return path


@given(found=st.lists(brute.trees, min_size=30, max_size=30))
@settings(max_examples=3, phases=[Phase.generate], suppress_health_check=list(HealthCheck), derandomize=True)
def test_rules_mean_on_the_cluster_what_they_mean_in_plain_python(
    found: list[dict[str, Any]], homes: Path, land: Land, master: str
) -> None:
    """Many rules as columns of one query, since a query takes a cluster a second. DuckDB answers the same query."""
    parsed = [rules.parse({"version": 1, "where": tree}, brute.OWN) for tree in found]
    meant = [brute.meeting(tree) for tree in found]
    for name, cluster in ((DUCKDB, None), (master, spark.connect(master))):
        with reading(land.office, land.codes, cluster) as held:
            table = held.backend.read_parquet(homes)
            meets = {f"rule{number}": rule.ibis(table) for number, rule in enumerate(parsed)}
            answered = held.rows(table.select("uprn", **meets))
        for number, tree in enumerate(found):
            assert {row["uprn"] for row in answered if row[f"rule{number}"]} == meant[number], (name, tree)


def test_a_failure_of_the_cluster_tells_no_value_of_a_row(land: Land, master: str) -> None:
    with (
        reading(land.office, land.codes, spark.connect(master)) as held,
        pytest.raises(spark.SparkUnavailable) as refused,
    ):
        held.rows(ibis.memtable({"name": ["Made Up"]}).name.cast("int64").as_table())
    assert str(refused.value).startswith("Spark broke off: PythonException.")
    assert "Made Up" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_what_is_missing_for_spark_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(spark.SparkUnavailable, match=r"there is no Java here\. Install Java 17"):
        spark.connect("local[1]")
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/java")
    with pytest.raises(spark.SparkUnavailable, match=r"Nothing answers at ENGAGE_ENGINE spark://127\.0\.0\.1:1\."):
        spark.connect("spark://127.0.0.1:1")


def test_a_missing_extra_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with pytest.raises(spark.SparkUnavailable, match=r"pip install 'engage\[spark\]'"):
        spark.connect("local[3]")
