#!/usr/bin/env bash
# In a chain of Ibis joins the key is the first table's, so rows that only a later table has lose their place.
#
# Guessed: an outer join by the name of a key gives that key once, filled from whichever side has it, as SQL's USING
#   does; the next join of the chain by the same name then finds every row.
# Happens: the column keeps the values of the first table, empty where only the second has the row; the second's are in
#   a column beside it. The next join by the key looks only at the first, so a home known by a contact alone gets no
#   ward, without a word. A chain of inner joins has the key once, while two left joins by one key cannot be computed at
#   all ("Name collisions") until each is given names of its own.
# Seen: 2026-11-30, ibis-framework 12.0.0 on DuckDB 1.5.6.
# In Engage: homes gain their columns by one join after another on the same few keys (UPRN, postcode, output area,
#   ward), all by one function that drops the second key and ends the chain after each. An outer join must fill the key
#   before it goes on.
set -euo pipefail
PYTHON=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$PYTHON" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'ibis-framework[duckdb]==12.0.0' duckdb==1.5.6 sqlglot==30.30.0 \
    pandas==3.1.1 pyarrow==26.0.1 || { echo "The packages could not be installed." >&2; exit 2; }

"$folder/venv/bin/python" -W ignore - <<'SCRIPT'
import sys
from importlib.metadata import version

import ibis
from ibis.common.exceptions import IntegrityError

print("ibis-framework", version("ibis-framework"), "duckdb", version("duckdb"))
con = ibis.duckdb.connect()
tables = {
    "electors": {"uprn": [1, 2], "electors": [2, 1]},
    "contacts": {"uprn": [2, 3], "email": [True, True]},
    "homes": {"uprn": [1, 2, 3], "ward": ["North", "North", "South"]},
}
electors, contacts, homes = (con.create_table(name, ibis.memtable(rows)) for name, rows in tables.items())

sql = "select uprn, ward from electors full join contacts using (uprn) left join homes using (uprn) order by uprn"
by_sql = con.raw_sql(sql).fetchall()
print("SQL, using (uprn):   ", by_sql)

known = electors.outer_join(contacts, "uprn", rname="{name}_contact")
placed = known.left_join(homes, "uprn", rname="{name}_home")
found = con.to_pyarrow(placed.select("uprn", "uprn_contact", "ward").order_by("uprn")).to_pylist()
by_ibis = [tuple(row.values()) for row in found]
print("Ibis, uprn, contact's uprn, ward:", by_ibis)

inner = electors.inner_join(contacts, "uprn").inner_join(homes, "uprn")
print("columns of two inner joins:", inner.columns)
try:
    con.to_pyarrow(homes.left_join(electors, "uprn").left_join(contacts, "uprn"))
    collides = ""
except IntegrityError as error:
    collides = str(error)
print("two left joins:", collides or "computed")

lost = by_sql[2] == (3, "South") and by_ibis == [(1, None, "North"), (2, 2, "North"), (None, 3, None)]
if not (lost and inner.columns.count("uprn") == 1 and "uprn_right" not in inner.columns and "uprn_right" in collides):
    sys.exit("CHANGED: the key of a chain of joins is made otherwise now.")
print("As found: home 3 has a ward by SQL and none by Ibis, whose key is the first table's.")
SCRIPT
