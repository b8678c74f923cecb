"""The local rules by cases of our own, so that something is tested without the recorded tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.notify.address import from_personalisation, postcode, read_address
from campaigns.notify.errors import RecipientInvalid
from campaigns.notify.recipients import read_email, read_phone
from campaigns.notify.text import check_sms, fill, fragments, missing, placeholders, render, sanitise_sms


@pytest.mark.parametrize("written", ["07700 900123", "+44 7700 900123", "0044 (0)7700-900123", "7700900123"])
def test_one_number_however_it_is_written(written: str) -> None:
    assert read_phone(written).digits == "447700900123"


@pytest.mark.parametrize(
    ("written", "words"),
    [("07700 9OO123", "letters or symbols"), ("0771", "Not enough digits"), ("06123456789", "not valid")],
)
def test_a_wrong_number_is_refused_without_repeating_it(written: str, words: str) -> None:
    with pytest.raises(RecipientInvalid, match=words) as refused:
        read_phone(written)
    assert written not in str(refused.value)


def test_a_landline_is_a_number_but_not_a_mobile() -> None:
    assert not read_phone("020 7946 0123").uk_mobile


def test_an_email_address_is_lowered_and_trimmed() -> None:
    assert read_email("  Resident@Example.ORG\u200b") == "resident@example.org"


@pytest.mark.parametrize("written", ["resident@example", "a..b@example.org", "résident@example.org", "@example.org"])
def test_a_wrong_email_address_is_refused(written: str) -> None:
    with pytest.raises(RecipientInvalid, match="Not a valid email address"):
        read_email(written)


def test_one_welsh_letter_more_than_doubles_the_cost() -> None:
    plain, welsh = "w" * 150, "ŵ" + "w" * 149
    assert (check_sms(plain).fragments, check_sms(welsh).fragments) == (1, 3)


def test_a_name_in_another_script_was_lost_until_september_2026() -> None:
    assert check_sms("Dear Олена", any_character=False).lost == frozenset("Олена")


@given(st.text(max_size=200))
def test_nothing_that_is_replaced_or_too_wide_is_left(text: str) -> None:
    sent = sanitise_sms(text)
    assert not set(sent) & set("‘’‚“”„‑–—−…\u200b\u200c\u2060\ufeff\u2028\u00a0\u202f\t\r")
    assert ("  " in sent, "\n\n\n" in sent, sent == sent.strip()) == (False, False, True)


@given(st.text(alphabet="aé€[ŵ", max_size=400))
def test_a_longer_text_never_costs_less(text: str) -> None:
    assert fragments(text + "a") >= fragments(text)


@given(st.dictionaries(st.sampled_from(["first name", "council"]), st.text(max_size=20), min_size=2))
def test_filling_leaves_no_placeholder_unless_a_value_holds_one(values: dict[str, str]) -> None:
    filled = fill("((first_name)) of ((Council))", values, "letter")
    assert filled == f"{values['first name']} of {values['council']}"


def test_a_value_is_not_filled_again() -> None:
    assert render("((a))", {"a": "((b))", "b": "secret"}, "sms") == "((b))"


def test_lists_and_conditions() -> None:
    values = {"polls": ["local", "", None, "mayoral"], "welsh": "yes"}
    assert render("((polls))((welsh?? Cymraeg))", values, "sms") == "local and mayoral Cymraeg"
    assert render("Polls:((polls))", values, "email") == "Polls:\n\n* local\n* mayoral"


def test_an_empty_value_is_something_and_none_is_nothing() -> None:
    assert missing(placeholders("((a)) ((b)) ((c))"), {"A": "", "b": None}) == ["b", "c"]


def test_the_crossing_of_lines_and_postcode() -> None:
    assert postcode(" de141aa ") == "DE14 1AA"
    assert postcode("ZZ1 1AA") is None
    lines = from_personalisation(
        {"address_line_1": "The residents", "address_line_2": "1 Example St", "postcode": "DE14 1AA"}
    )
    assert read_address(lines).lines == ("The residents", "1 Example St", "DE14 1AA")


HOUSE = ("The residents", "1 Example Street")


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ((*HOUSE, "BFPO 57"), (*HOUSE, "BFPO 57")),
        ((*HOUSE, "bfpo 10234"), (*HOUSE, "BFPO 10234")),
        ((*HOUSE, "BFPO c/o 00057"), (*HOUSE, "BFPO 57")),
        ((*HOUSE, "BFPO", "BF1 2AA", "BFPO 57"), (*HOUSE, "BF1 2AA", "BFPO 57")),
        ((*HOUSE, "UK", "BFPO 57"), (*HOUSE, "BFPO 57")),
        ((*HOUSE, "DE14 1AA", "England", "United Kingdom"), (*HOUSE, "DE14 1AA")),
        ((*HOUSE, "CF10 1AA", "Cymru"), (*HOUSE, "CF10 1AA")),
        ((*HOUSE, "CF10 1AA", "Y Deyrnas Unedig"), (*HOUSE, "CF10 1AA")),
        ((*HOUSE, "BT1 1AA", "N. Ireland"), (*HOUSE, "BT1 1AA")),
        ((*HOUSE, "JE2 3AA", "Bailiwick of Jersey"), (*HOUSE, "JE2 3AA")),
        (("The residents", "1 Example Street\nBurton", "DE14 1AA"), (*HOUSE, "Burton", "DE14 1AA")),
    ],
)
def test_addresses_as_they_are_printed(written: tuple[str, ...], printed: tuple[str, ...]) -> None:
    address = read_address(written)
    assert (address.lines, address.fault) == (printed, None)


@pytest.mark.parametrize(
    "line",
    ["NFA", "nfa,", "No fixed abode", "c/o The Shelter, no  fixed address at present", "(formerly of) NO FIXED ABODE"],
)
def test_nobody_without_a_fixed_abode_is_posted_to(line: str) -> None:
    written = ["The residents", f"Care of {line}" if line.startswith("(") else line, "1 Example Street", "DE14 1AA"]
    assert read_address(written).fault == "Must be a real address"


def test_a_word_that_only_holds_nfa_is_a_real_address() -> None:
    assert read_address(["The residents", "Anfa House", "DE14 1AA"]).fault is None


@pytest.mark.parametrize(
    ("line", "country", "zone"),
    [
        ("Deutschland", "Germany", "europe"), ("Éire", "Ireland", "europe"), ("ESPAÑA", "Spain", "europe"),
        ("Holland", "Netherlands", "europe"), ("Bosnia & Herzegovina", "Bosnia and Herzegovina", "europe"),
        ("Tenerife", "Canary Islands", "europe"), ("Yr Almaen", "Germany", "europe"), ("France.", "France", "europe"),
        ("U.S.A.", "United States", "rest-of-world"), ("Côte d’Ivoire", "Ivory Coast", "rest-of-world"),
        ("Burma", "Myanmar", "rest-of-world"), ("Bahamas", "The Bahamas", "rest-of-world"),
        ("Seland Newydd", "New Zealand", "rest-of-world"), ("Swaziland", "Eswatini", "rest-of-world"),
    ],
)  # fmt: skip
def test_countries_by_their_other_names(line: str, country: str, zone: str) -> None:
    abroad = read_address([*HOUSE, "Some Town", line], international=True)
    assert (abroad.lines[-1], abroad.postage, abroad.fault) == (country, zone, None)
    assert read_address([*HOUSE, "Some Town", line]).fault == "Must be a real UK postcode"
    with_number = read_address([*HOUSE, "BFPO 57", line])
    assert with_number.fault == "The last line of a BFPO address must not be a country."


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["The residents", "DE14 1AA"], "at least 3 lines"),
        (["The residents", "No fixed abode", "DE14 1AA"], "real address"),
        (["The residents", "(Flat 1", "DE14 1AA"], "must not start with"),
        (["The residents", "1 Example Street", "Paris", "France"], "real UK postcode"),
    ],
)
def test_addresses_that_cannot_be_posted_to(lines: list[str], fault: str) -> None:
    assert fault in (read_address(lines).fault or "")
