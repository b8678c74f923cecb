#!/usr/bin/env bash
# DuckDB reads a gazetteer transfer file of a village in full and cuts the postcodes off that of a town.
#
# Guessed: null_padding=true fills up short lines, so that a file of records of several widths (DTF 7.3) can be read;
#   sample_size=-1 looks at the whole file first. What works for a small file works for a large one.
# Happens: the width is that of the widest record among about the first 2,048 lines, whatever sample_size says. A
#   transfer file has all its properties (23 columns) before its first address (29), so a village's has 29 columns and
#   a town's has 23. The town's is an error; with ignore_errors=true every address is left out; and with
#   strict_mode=false all rows are there, the addresses cut off after 23 columns, without their postcodes and a word.
# Seen: 2026-11-30, DuckDB 1.5.6.
# In Engage: gazetteers arrive as DTF 7.3 and AddressBase Premium, both made of mixed records. Engage tells DuckDB how
#   many columns the widest record has, and leaves nothing of such a file to be found out.
set -euo pipefail
PYTHON=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$PYTHON" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet duckdb==1.5.6 || { echo "The package could not be installed." >&2; exit 2; }

cd "$folder"
"$folder/venv/bin/python" - <<'SCRIPT'
import sys
from pathlib import Path

import duckdb

print("duckdb", duckdb.__version__)
WIDTHS = {"10": 9, "11": 20, "15": 9, "21": 23, "24": 29, "99": 5}


def record(kind: str, uprn: int = 0) -> str:
    """A line of a made-up transfer file: properties (21) and addresses (24) with a UPRN, an address with a postcode."""
    cells = [kind, '"I"', "1", *[""] * (WIDTHS[kind] - 3)]
    cells[3] = str(uprn or 10000001)
    if kind == "24":
        cells[-1] = '"NR51 1AA"'
    return ",".join(cells) + "\n"


def read(homes: int, more: str = "") -> tuple[int, int, int] | str:
    """How many columns, addresses and postcodes DuckDB finds, or what it says."""
    properties, addresses = ([record(kind, uprn) for uprn in range(1, homes + 1)] for kind in ("21", "24"))
    lines = [record("10"), record("11"), record("15"), *properties, *addresses, record("99")]
    Path("transfer.csv").write_text("".join(lines))
    options = "header=false, delim=',', quote='\"', all_varchar=true, null_padding=true, sample_size=-1" + more
    try:
        table = duckdb.sql(f"select * from read_csv('transfer.csv', {options})")
        kinds = table.filter("column00 = '24'").fetchall()
    except duckdb.InvalidInputException as error:
        return next(line for line in str(error).splitlines() if "Expected Number" in line)
    return len(table.columns), len(kinds), sum("NR51 1AA" in row for row in kinds)


told = {
    "village of 500 homes": read(500),
    "town of 5,000 homes": read(5000),
    "town, ignore_errors=true": read(5000, ", ignore_errors=true"),
    "town, strict_mode=false": read(5000, ", strict_mode=false"),
}
for name, answer in told.items():
    found = answer if isinstance(answer, str) else "{} columns, {} addresses, {} postcodes".format(*answer)
    print(f"{name:<25}{found}")
village, refused, without_addresses, without_postcodes = told.values()
as_found = (village, without_addresses, without_postcodes) == ((29, 500, 500), (23, 0, 0), (23, 5000, 0))
if not as_found or "Columns: 23" not in refused:
    sys.exit("CHANGED: DuckDB tells the width of such a file otherwise now.")
print("As found: the town's file is refused, loses its addresses or loses its postcodes, by what is asked for.")
SCRIPT
