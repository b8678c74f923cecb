"""E-mail addresses and mobile numbers in the one form that is hashed, compared and sent to."""

import re
from unicodedata import category

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberType

from engage.foundation.errors import InputRefused

CHANNELS = ("email", "sms")
# GOV.UK Notify answers these without sending anything, so no resident can be behind one.
SIMULATED_EMAIL = re.compile(r"@(simulator\.notify|notifications\.service\.gov\.uk)$")
SIMULATED_MOBILES = frozenset(f"447700900{end}" for end in ("000", "111", "222", "002", "003"))
DRAMA = re.compile(r"447700900\d{3}")  # Ofcom keeps these for stories and tests; the library calls them invalid
MOBILE_TYPES = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
ENDING = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]*[a-z0-9]")  # of a host, as GOV.UK Notify takes it: no gmail.c0m
NO_MOBILE, NO_EMAIL = "not a UK mobile number", "not an email address"
# What people and spreadsheets put between the digits or around them: blanks, dashes, marks that nobody sees (Unicode's
# own classes), brackets, the minus sign, and the apostrophe or formula that keeps a number as text.
BETWEEN = {"Zs", "Pd", "Cf", "Cc"}
AROUND = frozenset("()\u2212'’\"=")
CODE = re.compile(r"^[+0]*44\+?0?(?=7\d{9}$)")  # +44, 0044, 044, 0+44, +44 (0)
SCIENTIFIC = re.compile(r"(\d)(?:\.(\d+))?e\+?(\d+)", re.IGNORECASE)
DIGITS_LOST = "a number in scientific notation (such as 4.477E+11): a spreadsheet lost its last digits"
GROUPED = re.compile(r"\d{1,3}(,\d{3})+")


def normal(channel: str, value: str) -> str:
    """The form to keep: an e-mail address in small letters, a mobile as 447700900123; InputRefused names no value."""
    return normal_email(value) if channel == "email" else normal_mobile(value)


def normal_email(value: str) -> str:
    seen = "".join(letter for letter in value if category(letter) != "Cf")
    address = seen.strip().casefold()
    try:
        host = validate_email(address, check_deliverability=False, allow_smtputf8=False).ascii_domain
    except EmailNotValidError:
        raise InputRefused(NO_EMAIL) from None
    if not ENDING.fullmatch(host.rpartition(".")[2]):
        raise InputRefused(NO_EMAIL)
    return address


def normal_mobile(value: str) -> str:
    """Digits with the country code, as GOV.UK Notify prints it in receipts; only numbers a text can reach in the UK."""
    number = _parsed(value)
    digits = f"{number.country_code}{number.national_number}"
    if not (_is_mobile(number) or DRAMA.fullmatch(digits)):
        raise InputRefused(NO_MOBILE)
    return digits


def is_other_number(value: str) -> bool:
    """Whether it is somebody's telephone number that no text of ours can reach: a landline's, or one abroad."""
    try:
        number = _parsed(value)
    except InputRefused:
        return False
    return phonenumbers.is_valid_number(number) and not _is_mobile(number)


def _is_mobile(number: phonenumbers.PhoneNumber) -> bool:
    return number.country_code == 44 and phonenumbers.number_type(number) in MOBILE_TYPES


def _parsed(value: str) -> phonenumbers.PhoneNumber:
    bare = _digits(value)
    if not re.fullmatch(r"\+?[0-9]{10,15}", bare):
        raise InputRefused(NO_MOBILE)
    try:
        return phonenumbers.parse(bare, "GB")
    except NumberParseException:
        raise InputRefused(NO_MOBILE) from None


def _digits(value: str) -> str:
    """The number without what is no part of it, its country code written one way."""
    bare = "".join(mark for mark in value if category(mark) not in BETWEEN and mark not in AROUND)
    bare = bare.removeprefix("tel:")
    if written := SCIENTIFIC.fullmatch(bare):
        bare = _written_out(*written.groups(default=""))
    if GROUPED.fullmatch(bare):
        bare = bare.replace(",", "")
    return CODE.sub("+44", re.sub(r"\.0+$", "", bare)).replace("+0", "0", 1)


def _written_out(first: str, others: str, exponent: str) -> str:
    """`4.4770090012E+11` may have lost a digit, so only as many decimals as the power of ten tell the number."""
    if len(others) != int(exponent):
        raise InputRefused(DIGITS_LOST)
    return first + others


def is_simulated(channel: str, value: str) -> bool:
    """Whether GOV.UK Notify keeps this (normalised) contact for tests."""
    return value in SIMULATED_MOBILES if channel == "sms" else bool(SIMULATED_EMAIL.search(value))
