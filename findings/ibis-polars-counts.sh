#!/usr/bin/env bash
# One Ibis expression over one table counts otherwise on Polars than on DuckDB.
#
# Guessed: Ibis means the same by an expression on every engine, or says that an engine cannot compute it.
# Happens: the number of distinct wards counts "no ward" as one of them on Polars and not on DuckDB; the length of a
#   text is in bytes on Polars and in letters on DuckDB, which differ for any Welsh name with a circumflex; and half a
#   unit is rounded to the even neighbour on Polars and away from 0 on DuckDB. Neither engine complains.
# Seen: 2026-11-30, ibis-framework 12.0.0, Polars 2.1.0, DuckDB 1.5.6.
# In Engage: homes are built by DuckDB, and asked by Polars while somebody makes a rule, from expressions of Ibis. Rules
#   keep to comparing columns with values, and tests hold what Polars finds to plain Python.
set -euo pipefail
PYTHON=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$PYTHON" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'ibis-framework[duckdb,polars]==12.0.0' duckdb==1.5.6 polars==2.1.0 \
    sqlglot==30.30.0 pandas==3.1.1 pyarrow==26.0.1 || { echo "The packages could not be installed." >&2; exit 2; }

"$folder/venv/bin/python" -W ignore - <<'SCRIPT'
import sys
from importlib.metadata import version

import ibis

print(*(f"{name} {version(name)}" for name in ("ibis-framework", "polars", "duckdb")))
HOMES = {"uprn": [1, 2, 3, 4], "ward": ["Tŷ-du", "Brynmawr", "Tŷ-du", None], "share": [0.5, 1.5, 2.5, 3.5]}
QUESTIONS = {
    "distinct wards": lambda homes: homes.ward.nunique(),
    "letters of Tŷ-du": lambda homes: homes.filter(homes.uprn == 1).ward.length().max(),
    "2.5 rounded": lambda homes: homes.filter(homes.uprn == 3).share.round().max(),
}
told = {}
for engine in (ibis.duckdb.connect(), ibis.polars.connect()):
    homes = engine.create_table("homes", ibis.memtable(HOMES))
    told[engine.name] = [engine.to_pyarrow(question(homes)).as_py() for question in QUESTIONS.values()]
for name, duckdb, polars in zip(QUESTIONS, told["duckdb"], told["polars"], strict=True):
    print(f"{name}: {duckdb} on DuckDB, {polars} on Polars")
if told != {"duckdb": [2, 5, 3], "polars": [3, 6, 2]}:
    sys.exit("CHANGED: the engines count otherwise now.")
print("As found: three questions, each with two answers.")
SCRIPT
