"""The local rules against tables made by GOV.UK Notify's own validators and renderers."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from campaigns.notify.address import read_address
from campaigns.notify.errors import RecipientInvalid
from campaigns.notify.recipients import Phone, read_email, read_phone
from campaigns.notify.text import additional, check_sms, missing, placeholders, render

SHARED = Path(os.environ.get("ENGAGE_SHARED", Path(__file__).parents[4] / "shared"))


def vectors(name: str) -> list[Any]:
    path = SHARED / "notify" / "recorded" / f"vectors-{name}.json"
    if not path.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"needs {path}; set ENGAGE_SHARED"))]
    table = json.loads(path.read_text(encoding="utf-8"))
    return [
        pytest.param(each, id=f"{number}") for number, each in enumerate(table["cases"] if name == "sms" else table)
    ]


def _agrees(got: dict[str, Any], want: dict[str, Any]) -> None:
    assert got == {name: want[name] for name in got}


def _verdict(phone: Phone) -> dict[str, Any]:
    verdict = "ok" if phone.uk_mobile else "not_a_uk_mobile"
    return {
        "ok": True,
        "normalised": phone.digits,
        "international": phone.international,
        "crown_dependency": phone.crown_dependency,
        "prefix": str(phone.country_code),
        "uk_mobile_only": verdict,
        "international_allowed": "ok" if phone.international else verdict,
    } | ({} if phone.rate_multiplier is None else {"rate_multiplier": phone.rate_multiplier})


@pytest.mark.parametrize("vector", vectors("phone"))
def test_phone_numbers(vector: dict[str, Any]) -> None:
    try:
        got = _verdict(read_phone(vector["input"]))
    except RecipientInvalid as error:
        got = {"ok": False, "v2_message": str(error)}
    _agrees(got, vector)


@pytest.mark.parametrize("vector", vectors("email"))
def test_email_addresses(vector: dict[str, Any]) -> None:
    try:
        got = {"ok": True, "normalised": read_email(vector["input"])}
    except RecipientInvalid:
        got = {"ok": False}
    _agrees(got, vector)


@pytest.mark.parametrize("vector", vectors("sms"))
def test_texts(vector: dict[str, Any]) -> None:
    written = vector["input"]["text"] if isinstance(vector["input"], dict) else vector["input"]
    check = check_sms(written, vector["prefix"] or "", any_character=False)
    got = {
        "sent": check.sent,
        "characters": check.characters,
        "fragments": check.fragments,
        "too_long": check.too_long,
        "empty": check.empty,
        "forces_unicode": sorted(check.forces_unicode),
        "lost_as_question_mark": sorted(check.lost),
    }
    _agrees(got, vector)


@pytest.mark.parametrize("vector", vectors("template"))
def test_templates(vector: dict[str, Any]) -> None:
    names = placeholders(vector["content"])
    absent = missing(names, vector["values"])
    got = {
        "placeholders": list(names),
        "missing": absent,
        "additional": additional(names, vector["values"]),
        "rendered": None
        if absent
        else render(vector["content"], vector["values"], vector["kind"], any_character=False),
    }
    _agrees(got, vector)


@pytest.mark.parametrize("international", [False, True])
@pytest.mark.parametrize("vector", vectors("address"))
def test_addresses(vector: dict[str, Any], international: bool) -> None:
    address = read_address(vector["lines"], international=international)
    got = {
        "valid": address.fault is None,
        "postage": address.postage,
        "postcode": address.postcode,
        "normalised": "\n".join(address.lines),
        "line_count": len(address.lines),
        "has_valid_last_line": address.valid_last_line,
        "bfpo": address.bfpo,
    }
    _agrees(got, vector["intl" if international else "uk_only"])
