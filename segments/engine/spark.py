"""Spark as an engine: its session, and what of reading and writing Ibis leaves to it.

It needs the extra `engage[spark]`, a Java runtime, and the lake at the same path on every machine of the cluster.
"""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa

from engage.foundation.errors import EngageError

OWN = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "OFF",  # what it says of a failure may hold values of rows; that it failed is raised here anyway
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.mergeSchema": "true",  # an authority has columns of its own
}
SECONDS_TO_ANSWER = 5
LOOK = "Nothing was changed but what was already complete. The logs of the cluster say more."


class SparkUnavailable(EngageError):
    """Says what to install or start, or that Spark broke off."""

    status = 503


def connect(master: str) -> Any:
    """An Ibis backend on the session of this process. Its tables are its own; the session stays for the next."""
    return ibis.pyspark.connect(_session(master).newSession())


def read(backend: Any, files: list[Path], file_column: str) -> ir.Table:
    name = ibis.util.gen_name("read_lake")
    with _in_a_sentence():
        every = backend._session.read.parquet(*(file.as_uri() for file in files))  # noqa: SLF001  # Ibis has no other way to it
        every.selectExpr("*", f"_metadata.file_path as {file_column}").createOrReplaceTempView(name)
        return backend.table(name)


def arrow(backend: Any, expression: ir.Table) -> pa.Table:
    """Ibis would go by way of pandas, by a conversion of PySpark's that pandas 3 warns of."""
    with _in_a_sentence():
        return _compiled(backend, expression).toArrow()


def write(backend: Any, expression: ir.Table, folder: Path, by: str | None = None) -> None:
    """A folder of Parquet files, with one folder `BY=VALUE` for each value if `by` is given."""
    with _in_a_sentence():
        _compiled(backend, expression).write.parquet(folder.absolute().as_uri(), partitionBy=by)


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


def _compiled(backend: Any, expression: ir.Table) -> Any:
    for memory in expression.op().find(ops.InMemoryTable):
        # Ibis would go by way of pandas, whose texts of several chunks PySpark cannot take.
        held = memory.data.to_pyarrow(memory.schema)
        backend._session.createDataFrame(held).createOrReplaceTempView(memory.name)  # noqa: SLF001  # see read
    return backend.raw_sql(backend.compile(expression))


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
    _demand_java(master)
    _demand_answer(master)
    running = pyspark.sql.SparkSession.getActiveSession()
    if running and not running.sparkContext._jsc.sc().isStopped():  # noqa: SLF001  # PySpark itself does not ask Java
        return running
    if running:
        running.stop()
    builder = pyspark.sql.SparkSession.builder.master(master).appName("engage")
    for name, value in OWN.items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except (pyspark.errors.PySparkException, OSError) as error:
        msg = f"Spark does not start at {master}: {type(error).__name__}. Engage needs Java 17 or newer for it."
        raise SparkUnavailable(msg) from None


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
    hosts = [host.rsplit(":", 1) for host in master.removeprefix("spark://").split(",")]
    if master.startswith("spark://") and not any(_answers(host, int(port)) for host, port in hosts):
        msg = f"Nothing answers at ENGAGE_ENGINE {master}. Start the Spark master there, or set ENGAGE_ENGINE=duckdb."
        raise SparkUnavailable(msg)


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError):
        return False
    return True
