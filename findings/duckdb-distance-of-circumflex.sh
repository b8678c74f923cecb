#!/usr/bin/env bash
# To DuckDB a name without its circumflex is further away than another name.
#
# Guessed: levenshtein, damerau_levenshtein and jaro_winkler_similarity count letters, as length() of the same library
#   does: SIÂN written without her circumflex is one edit away, as near as any other slip of one letter.
# Happens: they count the bytes of UTF-8. SIAN is two edits from SIÂN and one from SEAN, so a rule that allows one edit
#   takes the other person and leaves the right one; TY GLAS is two from TŶ GLAS. length() tells four letters of both.
# Seen: 2026-12-01, DuckDB 1.5.6, RapidFuzz 3.14.6.
# In Engage: addresses and words are compared in DuckDB only after their accents are folded, and names of persons, where
#   letters such as Ł and Ø need a table of their own, in RapidFuzz.
set -euo pipefail
PYTHON=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$PYTHON" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet duckdb==1.5.6 rapidfuzz==3.14.6 \
    || { echo "The packages could not be installed." >&2; exit 2; }

"$folder/venv/bin/python" - <<'SCRIPT'
import sys
from importlib.metadata import version

import duckdb
from rapidfuzz.distance import JaroWinkler, Levenshtein

print(*(f"{name} {version(name)}" for name in ("duckdb", "rapidfuzz")))
ASKED = "select levenshtein($1, $2), damerau_levenshtein($1, $2), jaro_winkler_similarity($1, $2), length($1)"
seen = {}
for given, written in (("SIÂN", "SIAN"), ("SEAN", "SIAN"), ("TŶ GLAS", "TY GLAS"), ("TI GLAS", "TY GLAS")):
    edits, swaps, alike, letters = duckdb.execute(ASKED, [given, written]).fetchone()
    seen[given] = edits, swaps, alike, letters
    by_letters = Levenshtein.distance(given, written), JaroWinkler.similarity(given, written)
    print(f"{written} for {given}: {edits} edits, {swaps} with swaps, alike {alike:.2f}, {letters} letters;"
          f" counted in letters {by_letters[0]} and {by_letters[1]:.2f}")
right, other = seen["SIÂN"], seen["SEAN"]
if not (right[:2] == (2, 2) and other[:2] == (1, 1) and right[2] < other[2] and right[3] == other[3] == 4):
    sys.exit("CHANGED: an accent is one letter to DuckDB's distances now.")
print("As found: SIAN is nearer to SEAN than to SIÂN, though both have four letters.")
SCRIPT
