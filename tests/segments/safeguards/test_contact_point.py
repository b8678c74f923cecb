import json
from pathlib import Path

import pytest

from engage.foundation.errors import InputRefused
from segments.safeguards.contact_point import SIMULATED_MOBILES, is_other_number, is_simulated, normal


@pytest.mark.parametrize(
    "written",
    ["07700900123", "7700900123", "+447700900123", "447700900123", "00447700900123", "+44 (0)7700 900 123", "(07700) 900 123", "07700-900-123",
     "0447700900123", "0+447700900123", "0+44 (0)7700 900123", "+4407700900123", "4407700900123", "0044 07700 900123",
     "+0447700900123", "07700–900–123", "'07700900123", "447700900123.0", "\u202a07700 900123\u202c",
     "07700\u00a0900\u2009123\u200b"],
)  # fmt: skip
def test_one_mobile_however_it_is_written(written: str) -> None:
    assert normal("sms", written) == "447700900123"


@pytest.mark.parametrize(
    "written",
    [
        "0447700900123", "0+447700900123", "+0447700900123", "044 7700 900123", "7700900123", "7700900123.0", "447700900123.00",
        "4.47700900123E+11", "7.700900123e9", "07700–900–123", "07700\u2011900\u2011123", "07700\u2212900123",
        "'07700900123", '="07700900123"', "447,700,900,123", "7,700,900,123", "07700\u00a0900\u00a0123", "\ufeff07700900123\u200b",
        "\u202a+447700900123\u202c", "tel:+447700900123", "+07700900123", "44 07700900123",
    ],
)  # fmt: skip
def test_one_mobile_as_spreadsheets_leave_it(written: str) -> None:
    assert normal("sms", written) == "447700900123"


@pytest.mark.parametrize("written", ["4.47701E+11", "7.7009E+09", "4.4770090012e11", "8E+09", "1e999999999999"])
def test_a_number_whose_last_digits_are_lost_is_nobodys(written: str) -> None:
    with pytest.raises(InputRefused, match=r"^a number in scientific notation .*: a spreadsheet lost its last digits$"):
        normal("sms", written)


@pytest.mark.parametrize(
    ("written", "other"),
    [("01283 500000", True), ("020 7946 0123", True), ("+33612345678", True), ("07700900123", False),
     ("077009001234", False), ("01283", False), ("7.7009E+09", False), ("nobody", False)],
)  # fmt: skip
def test_numbers_of_somebody_whom_no_text_reaches(written: str, other: bool) -> None:
    assert is_other_number(written) is other


@pytest.mark.parametrize(
    "written",
    ["", "none", "07700 90O123", "07700 90012", "077009001234", "447700900", "01632 960123", "02079460123", "08001111111", "112",
     "+33612345678", "0447", "04477009001234", "0+33612345678", "00447700900", "7700900123.5", "+12025550100", "٠٧٧٠٠٩٠٠١٢٣", "070 2456 7890"],
)  # fmt: skip
def test_what_no_text_reaches(written: str) -> None:
    with pytest.raises(InputRefused, match=r"^not a UK mobile number$"):
        normal("sms", written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "n/a",
        "name@@example.com",
        "two words@example.org",
        "x.example.com",
        "jane.smith@example",
        "a@example.com; b@example.com",
        "o’brien@example.org",
        "name@example.c0m",
    ],
)
def test_what_is_no_email_address(written: str) -> None:
    with pytest.raises(InputRefused, match=r"^not an email address$"):
        normal("email", written)


def test_email_addresses_are_kept_in_small_letters() -> None:
    assert normal("email", " O'Brien+Vote@Example.ORG ") == "o'brien+vote@example.org"
    assert normal("email", "\ufeffname@example.com\u200b") == "name@example.com"


@pytest.mark.parametrize(
    ("channel", "value"),
    [
        ("email", "perm-fail@simulator.notify"),
        ("email", "simulate-delivered@notifications.service.gov.uk"),
        *(("sms", number) for number in sorted(SIMULATED_MOBILES)),
    ],
)
def test_contacts_of_notifys_own(channel: str, value: str) -> None:
    assert is_simulated(channel, normal(channel, value))


def test_nobody_else_is_simulated() -> None:
    assert not is_simulated("sms", "447700900123")
    assert not is_simulated("email", "perm-fail@simulator.notify.example.org")


def test_whatever_we_accept_notify_accepts_in_the_same_form(shared: Path) -> None:
    """Held against what the service answered. We are stricter: only numbers and addresses that can be somebody's."""
    phones = json.loads((shared / "notify/recorded/vectors-phone.json").read_text())
    emails = json.loads((shared / "notify/recorded/vectors-email.json").read_text())
    answers = [
        ("sms", case["input"], case.get("normalised") if case.get("uk_mobile_only") == "ok" else None)
        for case in phones
    ]
    answers += [("email", case["input"], case.get("normalised") if case["ok"] else None) for case in emails]
    accepted = 0
    for channel, written, theirs in answers:
        try:
            ours = normal(channel, written)
        except InputRefused:
            continue
        accepted += 1
        assert ours == theirs, written
    assert accepted > 20
