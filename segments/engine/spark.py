"""Spark as what shares out authorities: each task asks DuckDB one question about some of them, on a machine of the
cluster, and writes what comes of it into the lake's staging folder.

It needs the lake at the same path on every machine of the cluster, and `engage[spark]` with a Java runtime, or, where
ENGAGE_ENGINE is the address of a Spark Connect server (`sc://`), `engage[sail]` without one.
"""

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from engage.foundation.errors import EngageError
from segments.engine import task

OWN = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "OFF",  # what it says of a failure may hold values of rows; that it failed is raised here anyway
}
CONNECT = "sc://"  # Spark Connect, which Sail speaks too
SECONDS_TO_ANSWER = 5
LOOK = "Nothing was changed but what was already complete. The logs of the cluster say more."


class SparkUnavailable(EngageError):
    """Says what to install or start, or that Spark broke off."""

    status = 503


@dataclass(frozen=True)
class Cluster:
    """The session of this process, which stays for the next question, and how many tasks it works on at once."""

    session: Any
    cores: int

    def ask(self, backend: Backend, expression: ir.Table, copies: list[task.Copy] | None = None) -> pa.Table:
        """The answer of an expression over tables of `backend`, or `of, rows` of each copy made of it."""
        views, held = _views(backend, expression), _held(expression)
        return self.answer(task.sent(views, held, backend.compile(expression), copies or []))

    def answer(self, question: bytes) -> pa.Table:
        """Of a question as `task.sent` puts it. One that fails is asked again, three times at most."""
        with _in_a_sentence():
            one = self.session.createDataFrame([(bytearray(question),)], "question binary").coalesce(1)
            ((answer,),) = one.mapInArrow(task.answers, "answer binary").collect()
        return task.unpacked(bytes(answer))


def connect(master: str) -> Cluster:
    """SparkUnavailable, saying what to install or to start, where there is none."""
    if not master.startswith(CONNECT):
        _demand_java(master)
    session = _session(master)
    if master.startswith(CONNECT):  # which does not tell how many cores there are
        return Cluster(session, int(session.conf.get("spark.default.parallelism", str(os.cpu_count() or 1))))
    return Cluster(session, session.sparkContext.defaultParallelism)


def _views(backend: Backend, expression: ir.Table) -> list[str]:
    """The statements that made the files of the expression tables of this connection."""
    named = {table.name for table in expression.op().find(ops.DatabaseTable)}
    made = backend.con.execute("SELECT view_name, sql FROM duckdb_views() WHERE NOT internal").fetchall()
    return [statement for name, statement in made if name in named]


def _held(expression: ir.Table) -> dict[str, pa.Table]:
    return {held.name: held.data.to_pyarrow(held.schema) for held in expression.op().find(ops.InMemoryTable)}


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    """What Spark says of a failure may hold values of rows, and is pages long."""
    from py4j.protocol import Py4JError  # noqa: PLC0415  # an extra that few install

    try:
        yield
    except _pyspark().errors.PySparkException as error:
        raise SparkUnavailable(f"Spark broke off: {error.getCondition() or type(error).__name__}. {LOOK}") from None
    except Py4JError as error:
        raise SparkUnavailable(f"Spark broke off: {type(error).__name__}. {LOOK}") from None


def _pyspark() -> Any:
    import pyspark.sql  # noqa: PLC0415  # an extra that few install; brings pyspark.errors

    return pyspark


def _session(master: str) -> Any:
    """The session of this process, begun when first asked for, and again when the cluster has ended it."""
    try:
        pyspark = _pyspark()
    except ImportError:
        msg = f"ENGAGE_ENGINE is {master!r}, and Spark is not installed here. Install it: pip install 'engage[spark]'"
        raise SparkUnavailable(msg) from None
    _demand_answer(master)
    pyspark.cloudpickle.register_pickle_by_value(task)
    builder = pyspark.sql.SparkSession.builder.appName("engage")
    try:
        if master.startswith(CONNECT):
            return builder.remote(master).getOrCreate()
        return _standing(pyspark) or _begun(builder.master(master))
    except ImportError:
        msg = f"ENGAGE_ENGINE is {master!r}, and Spark Connect is not installed here: pip install 'engage[sail]'"
        raise SparkUnavailable(msg) from None
    except (pyspark.errors.PySparkException, OSError) as error:
        msg = f"Spark does not start at {master}: {type(error).__name__}. Engage needs Java 17 or newer for it."
        raise SparkUnavailable(msg) from None


def _standing(pyspark: Any) -> Any:
    running = pyspark.sql.SparkSession.getActiveSession()
    if running and running.sparkContext._jsc.sc().isStopped():  # noqa: SLF001  # PySpark itself does not ask Java
        running.stop()
        return None
    return running


def _begun(builder: Any) -> Any:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else whichever Python each machine calls python3
    for name, value in OWN.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _demand_java(master: str) -> None:
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (home and (Path(home) / "bin" / "java").exists())):
        msg = (
            f"ENGAGE_ENGINE is {master!r}, and there is no Java here. "
            "Install Java 17 or newer: apt-get install openjdk-17-jre-headless"
        )
        raise SparkUnavailable(msg)


def _demand_answer(master: str) -> None:
    """Spark itself would try for a minute, and then end in many lines."""
    protocol, _, rest = master.partition("://")
    hosts = [host.partition("/")[0].rsplit(":", 1) for host in rest.split(",")]
    if protocol in ("spark", "sc") and not any(_answers(host, int(port)) for host, port in hosts):
        msg = f"Nothing answers at ENGAGE_ENGINE {master}. Start Spark there, or set ENGAGE_ENGINE=duckdb."
        raise SparkUnavailable(msg)


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError):
        return False
    return True
