#!/usr/bin/env bash
# The numbers that Ofcom set aside for made-up people are no mobile numbers to the library that knows all numbers.
#
# Guessed: 07700 900000 to 900999, kept by Ofcom for drama and used in everybody's rehearsals, pass as mobile numbers
#   of the United Kingdom in phonenumbers, which GOV.UK Notify's own check is built on; those set aside for landlines
#   are treated alike.
# Happens: they are possible and not valid, of no type and of no region, so a file of contacts made up as it should be
#   loses every number, or is read as numbers from nowhere. The landlines kept for drama (020 7946 0xxx) are valid.
# Seen: 2026-12-01, phonenumbers 9.0.43.
# In Engage: numbers that begin with 07700 are taken as Notify takes them, before phonenumbers is asked.
set -euo pipefail
PYTHON=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$PYTHON" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet phonenumbers==9.0.43 \
    || { echo "The package could not be installed." >&2; exit 2; }

"$folder/venv/bin/python" - <<'SCRIPT'
import sys
from importlib.metadata import version

import phonenumbers

print(f"phonenumbers {version('phonenumbers')}")
TYPES = {value: name for name, value in vars(phonenumbers.PhoneNumberType).items() if isinstance(value, int)}


def told(written: str) -> tuple[bool, bool, str, str | None]:
    number = phonenumbers.parse(written, "GB")
    possible, valid = phonenumbers.is_possible_number(number), phonenumbers.is_valid_number(number)
    return possible, valid, TYPES[phonenumbers.number_type(number)], phonenumbers.region_code_for_number(number)


for written in ("07700 900123", "020 7946 0123"):
    possible, valid, kind, region = told(written)
    print(f"{written}: possible {possible}, valid {valid}, type {kind}, region {region}")
mobiles = [told(f"07700 900{n:03}") for n in range(1000)]
landlines = [told(f"020 7946 0{n:03}") for n in range(1000)]
print(f"valid of each thousand: {sum(m[1] for m in mobiles)} mobiles, {sum(l[1] for l in landlines)} landlines")
if any(m != (True, False, "UNKNOWN", None) for m in mobiles) or not all(l[1] for l in landlines):
    sys.exit("CHANGED: numbers kept for drama are judged otherwise now.")
print("As found: none of the thousand mobiles kept for drama is valid, all of the landlines are.")
SCRIPT
