"""E-mail addresses and mobile numbers in the one form that is hashed, compared and sent to."""

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberType

from engage.foundation.errors import InputRefused

CHANNELS = ("email", "sms")
# GOV.UK Notify answers these without sending anything, so no resident can be behind one.
SIMULATED_EMAIL = re.compile(r"@(simulator\.notify|notifications\.service\.gov\.uk)$")
SIMULATED_MOBILES = frozenset(f"447700900{end}" for end in ("000", "111", "222", "002", "003"))
DRAMA = re.compile(r"447700900\d{3}")  # Ofcom keeps these for stories and tests; the library calls them invalid
# What people put between digits: blanks (also those without width), brackets, dots, strokes and dashes of any kind.
BETWEEN = re.compile(r"[\s()./\u00ad\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060\u2066-\u2069\u2212\ufeff-]")
NO_WIDTH = "\u200b\u200e\u200f\u202a\u202c\u2060\ufeff"
# What a spreadsheet puts around: the mark of a text before, the decimals of a number behind.
WRITTEN = re.compile(r"^['‘’]|\.0+$")
# The country code, however it was put before a number that had its 0 already, or got one: 0447…, 0+44, +44 (0)7….
PREFIX = re.compile(r"^(?:0{0,2}\+?44|\+0{1,2}44)0?(?=7\d{9}$)")
MOBILE_TYPES = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


def normal(channel: str, value: str) -> str:
    """The form to keep: an e-mail address in small letters, a mobile as 447700900123; InputRefused names no value."""
    return normal_email(value) if channel == "email" else normal_mobile(value)


def normal_email(value: str) -> str:
    address = value.strip().strip(NO_WIDTH).strip().casefold()
    try:
        validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise InputRefused("not an email address") from None
    if len(address.rpartition(".")[2]) < 2:
        raise InputRefused("not an email address")
    return address


def normal_mobile(value: str) -> str:
    """Digits with the country code, as GOV.UK Notify prints it in receipts; only numbers a text can reach in the UK."""
    bare = PREFIX.sub("+44", BETWEEN.sub("", WRITTEN.sub("", value.strip())))
    if not re.fullmatch(r"\+?[0-9]{10,15}", bare):
        raise InputRefused("not a UK mobile number")
    try:
        number = phonenumbers.parse(bare, "GB")
    except NumberParseException:
        raise InputRefused("not a UK mobile number") from None
    digits = f"{number.country_code}{number.national_number}"
    mobile = number.country_code == 44 and phonenumbers.number_type(number) in MOBILE_TYPES
    if not (mobile or DRAMA.fullmatch(digits)):
        raise InputRefused("not a UK mobile number")
    return digits


def is_simulated(channel: str, value: str) -> bool:
    """Whether GOV.UK Notify keeps this (normalised) contact for tests."""
    return value in SIMULATED_MOBILES if channel == "sms" else bool(SIMULATED_EMAIL.search(value))
