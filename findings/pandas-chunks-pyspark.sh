#!/usr/bin/env bash
# Whether PySpark takes a pandas table of texts by Arrow depends on how the table came about, not on what it holds.
#
# Guessed: two pandas tables that are equal are handed to Spark alike.
# Happens: pandas 3 keeps texts as Arrow chunks, and two tables put under one another stay two chunks. PySpark 4.0 asks
#   pandas for one Arrow array of each column, gets a chunked one and refuses it: an error where falling back is
#   switched off, else a warning and the slow way by pickled rows. The same rows in one chunk pass, and so does an Arrow
#   table of two chunks handed over directly.
# Seen: 2026-11-30, pandas 3.1.1, pyarrow 26.0.1, pyspark 4.0.5, on Java 17.
# In Engage: lists that a question brings along (codes, UPRNs to leave out) go to a Spark cluster as Arrow tables, past
#   the conversion from pandas that Ibis would use.
set -euo pipefail
PYTHON=${PYTHON:-python3}
command -v java >/dev/null || { echo "This needs Java 17, as Spark does: install a Java runtime first." >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$PYTHON" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pandas==3.1.1 pyarrow==26.0.1 pyspark==4.0.5 py4j==0.10.9.9 ||
    { echo "The packages could not be installed." >&2; exit 2; }

cd "$folder"
SPARK_LOCAL_IP=127.0.0.1 "$folder/venv/bin/python" -W ignore - 2>spark.log <<'SCRIPT' || { cat spark.log >&2; exit 1; }
import sys
from importlib.metadata import version

import pandas as pd
import pyarrow as pa
from pyspark.sql import SparkSession

print(*(f"{name} {version(name)}" for name in ("pandas", "pyarrow", "pyspark")))
builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.log.level", "OFF")
spark = builder.config("spark.sql.execution.arrow.pyspark.enabled", "true").getOrCreate()
print("java", spark.sparkContext._jvm.System.getProperty("java.version"))


def hand_over(table: object, *, fall_back: bool) -> str:
    spark.conf.set("spark.sql.execution.arrow.pyspark.fallback.enabled", str(fall_back).lower())
    try:
        return f"{spark.createDataFrame(table).count()} rows"
    except TypeError as error:
        return str(error)


at_once = pd.DataFrame({"ward": ["North", "South"]})
joined = pd.concat([at_once[:1], at_once[1:]], ignore_index=True)
chunked = pa.table({"ward": pa.chunked_array([["North"], ["South"]])})
assert joined.equals(at_once)
print("equal, of type", joined["ward"].dtype)
told = {
    "made at once": hand_over(at_once, fall_back=False),
    "put together": hand_over(joined, fall_back=False),
    "put together, falling back": hand_over(joined, fall_back=True),
    "Arrow table of two chunks": hand_over(chunked, fall_back=False),
}
for name, answer in told.items():
    print(f"{name:<27}{answer}")
refused = "ChunkedArray" in told.pop("put together")
if not refused or set(told.values()) != {"2 rows"}:
    sys.exit("CHANGED: PySpark takes these tables otherwise now.")
print("As found: PySpark refuses the texts of a pandas table that was put together, and takes an equal one.")
spark.stop()
SCRIPT
