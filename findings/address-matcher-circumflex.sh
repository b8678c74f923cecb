#!/usr/bin/env bash
# To the Ministry of Justice's address matcher a Welsh letter with a circumflex is as good as another letter.
#
# Guessed: a matcher for UK addresses, which forgives case, punctuation and abbreviations, takes Ŷ for Y and Ŵ for W:
#   a council's gazetteer spells Welsh addresses with circumflexes, and hardly any keyboard or register does.
# Happens: an address that is the same but for its circumflexes loses more than half of its evidence. TY GLAS finds
#   TŶ GLAS no better than BRYN GLAS next door, while both spelt alike it is certain.
# Seen: 2026-11-30, uk-address-matcher 1.5.3, splink 4.0.17, DuckDB 1.5.6.
# In Engage: addresses of electors without a UPRN are compared with the gazetteer's. What is exactly alike is found
#   without accents and never meets the matcher; what differs in more than that goes to it without them too.
set -euo pipefail
PYTHON=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$PYTHON" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet uk-address-matcher==1.5.3 splink==4.0.17 duckdb==1.5.6 sqlglot==30.30.0 \
    pandas==3.1.1 || { echo "The packages could not be installed." >&2; exit 2; }

"$folder/venv/bin/python" -W ignore - <<'SCRIPT'
import logging
import sys
from importlib.metadata import version

import duckdb
from uk_address_matcher import AddressMatcher, SplinkStage

for name in ("uk_address_matcher", "splink"):
    logging.getLogger(name).setLevel(logging.ERROR)
print(*(f"{name} {version(name)}" for name in ("uk-address-matcher", "splink", "duckdb")))
PLAIN = str.maketrans("ŴŶÔÂÊÎÛ", "WYOAEIU")
HOUSES = ("TŶ GLAS", "TŶ GWYN", "BRYN GLAS", "PLAS NEWYDD", "GLAN YR AFON", "MAES Y DŴR", "HAFAN", "CARTREF")
WITH = [f"{house}, LÔN Y DŴR, EXAMPLETON" for house in HOUSES]
WITHOUT = [address.translate(PLAIN) for address in WITH]


def match(gazetteer: list[str], register: list[str]) -> dict[tuple[int, int], float]:
    """The weight of each pair, by their places in the two lists."""
    con = duckdb.connect()
    for name, addresses in (("home", gazetteer), ("written", register)):
        con.execute(f"create table {name} (unique_id bigint, address_concat varchar, postcode varchar)")
        rows = [(place, address, "NR51 1AA") for place, address in enumerate(addresses)]
        con.executemany(f"insert into {name} values (?, ?, ?)", rows)
    stage = SplinkStage(improve_top_n_matches=5)
    matcher = AddressMatcher(
        canonical_addresses=con.sql("from home"), addresses_to_match=con.sql("from written"), con=con,
        stages=[stage], cleaning_num_chunks=1, show_progress="off",
    )
    with matcher.match():
        found = con.execute(f"select unique_id_r, unique_id_l, match_weight from {stage.best_matches_table}").fetchall()
    return {(written, home): weight for written, home, weight in found if home is not None}


alike, apart = match(WITH, WITH), match(WITH, WITHOUT)
for place in (0, 1):
    print(f"{WITHOUT[place]}: weight {apart[place, place]:.1f}, spelt alike {alike[place, place]:.1f}")
neighbour = apart.get((0, 2), float("-inf"))
print(f"{WITHOUT[0]} as {WITH[2]}: weight {neighbour:.1f}")
if not (apart[1, 1] < alike[1, 1] / 2 and apart[0, 0] <= neighbour + 0.01 and alike[0, 0] > 20):
    sys.exit("CHANGED: circumflexes weigh otherwise now.")
print("As found: TY GLAS is no more TŶ GLAS than BRYN GLAS.")
SCRIPT
