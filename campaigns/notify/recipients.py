"""Phone numbers and e-mail addresses by the rules GOV.UK Notify applies, so a bad one costs no request."""

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType, ValidationResult

from campaigns.notify.errors import RecipientInvalid
from campaigns.notify.text import without_obscure_whitespace

_TOO_SHORT = "Not enough digits"
_TOO_LONG = "Too many digits"
_UNKNOWN_CHARACTER = "Must not contain letters or symbols"
_NOT_VALID = "Number is not valid – double check the phone number you entered"
NOT_A_UK_MOBILE = "Not a UK mobile number"

_FEWEST_DIGITS = 8
_MOST_DIGITS = 15
_SENDABLE = frozenset(
    {
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.PAGER,
        PhoneNumberType.UAN,
    }
)
_CROWN_DEPENDENCIES = frozenset({"JE", "GG", "IM"})
# Ofcom keeps 07700 900xxx for drama; Notify takes the range at any length from four further digits.
_DRAMA_NUMBER = re.compile(r"7700900\d{0,3}")
_PHONE_SHAPE = re.compile(r"[0-9()+\-\s]*")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number Notify would accept. `digits` begins with the country code and has no plus sign."""

    digits: str
    country_code: int
    international: bool
    crown_dependency: bool

    @property
    def uk_mobile(self) -> bool:
        """Whether a service without international or landline permission may text it."""
        return self.digits.startswith("447")

    @property
    def rate_multiplier(self) -> int | None:
        """What one fragment costs, in UK fragments; None abroad, where Notify's price list decides."""
        if self.crown_dependency:
            return 2
        return None if self.international else 1


@lru_cache(maxsize=4096)
def read_phone(written: str) -> Phone:
    """The number a person wrote, as Notify would read it; RecipientInvalid with Notify's words otherwise."""
    if not _PHONE_SHAPE.fullmatch(cleaned := without_obscure_whitespace(written)):
        raise RecipientInvalid(_UNKNOWN_CHARACTER)
    if written and not cleaned:
        raise RecipientInvalid(_NOT_VALID)
    digits = re.sub(r"\D", "", cleaned)
    if len(digits) < _FEWEST_DIGITS:
        raise RecipientInvalid(_TOO_SHORT)
    number = _first_valid(cleaned, digits.lstrip("0"))
    return _phone(number)


def _first_valid(cleaned: str, significant: str) -> phonenumbers.PhoneNumber:
    """Read as written, then as a UK number, then as if a plus sign had been left out."""
    for candidate in (cleaned, "0" + significant, "+" + significant):
        number = _parse(candidate)
        if number is not None and _sendable(number):
            return number
    number = _parse("+" + significant)
    too_long = len(significant) > _MOST_DIGITS or (number is None and len(significant) > _MOST_DIGITS - 3)
    if too_long or (number is not None and _too_long_abroad(number)):
        raise RecipientInvalid(_TOO_LONG)
    raise RecipientInvalid(_NOT_VALID)


def _too_long_abroad(number: phonenumbers.PhoneNumber) -> bool:
    reason = phonenumbers.is_possible_number_with_reason(number)
    return number.country_code not in {7, 44} and reason == ValidationResult.TOO_LONG


def _parse(candidate: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(candidate, "GB")
    except phonenumbers.NumberParseException:
        return None


def _sendable(number: phonenumbers.PhoneNumber) -> bool:
    if number.italian_leading_zero and number.country_code == 44:
        return False
    if number.country_code == 44 and _DRAMA_NUMBER.fullmatch(str(number.national_number)):
        return True
    return phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in _SENDABLE


def _phone(number: phonenumbers.PhoneNumber) -> Phone:
    region = phonenumbers.region_code_for_number(number)
    crown = region in _CROWN_DEPENDENCIES
    digits = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    country_code = number.country_code or 0
    return Phone(digits, country_code, international=country_code != 44 or crown, crown_dependency=crown)


_LOCAL_PART = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_TOP_LABEL = re.compile(r"[A-Za-z]{2,63}|xn--[A-Za-z0-9-]*[A-Za-z0-9]")
_BAD_EMAIL = "Not a valid email address"


@lru_cache(maxsize=4096)
def read_email(written: str) -> str:
    """The address as Notify would send to it, lower case; RecipientInvalid with Notify's words otherwise."""
    address = without_obscure_whitespace(written)
    local, _, host = address.partition("@")
    if len(address) > 320 or ".." in address or not _LOCAL_PART.fullmatch(local) or not _real_host(host):
        raise RecipientInvalid(_BAD_EMAIL)
    return address.lower()


def _real_host(host: str) -> bool:
    try:
        labels = host.encode("idna").decode("ascii").split(".")
    except UnicodeError:
        return False
    fits = len(labels) > 1 and len(host) <= 253 and all(len(label) <= 63 for label in labels)
    return fits and all(map(_LABEL.fullmatch, labels)) and _TOP_LABEL.fullmatch(labels[-1]) is not None
