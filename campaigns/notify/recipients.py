"""Phone numbers and e-mail addresses by the rules GOV.UK Notify applies, so a bad one costs no request."""

import re
from contextlib import suppress
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
UNSERVED = "Not a valid country prefix"

_SENDABLE = frozenset(
    {
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.UAN,
    }
)
_LANDLINES = frozenset({PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.UAN})
# Country codes Notify has no price for: satellites, calls paid by the called, and some islands.
_UNSERVED = frozenset({247, 290, 688, 800, 808, 850, 870, 878, 881, 882, 883, 888, 979})
_CROWN_DEPENDENCIES = frozenset({"JE", "GG", "IM"})
# Ofcom keeps 07700 900xxx for drama. Notify means these, and takes all that begins with 07700 for them: of any length
# that a number here may have, and as if none were of a crown dependency.
_DRAMA_NUMBER = re.compile(r"7700\d.*")
_PHONE_SHAPE = re.compile(r"[0-9()+\-\s]*")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number Notify would accept. `digits` begins with the country code and has no plus sign."""

    digits: str
    country_code: int
    international: bool
    crown_dependency: bool
    landline: bool = False  # of the United Kingdom or a crown dependency
    served: bool = True  # whether Notify has a price for its country

    @property
    def uk_mobile(self) -> bool:
        """Whether a service without international or landline permission may text it."""
        return self.country_code == 44 and not self.landline

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
    try:
        return _phone(_valid(cleaned))
    except RecipientInvalid:  # perhaps for noughts or a plus sign too many
        return _phone(_valid(cleaned.replace("+", "").lstrip("0")))


def _valid(candidate: str) -> phonenumbers.PhoneNumber:
    """A number of the United Kingdom as it is written, or one from abroad that lost its plus sign."""
    if not candidate:
        raise RecipientInvalid(_TOO_SHORT)
    number = _parsed(candidate, "GB")
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != ValidationResult.IS_POSSIBLE:
        number = _with_plus_sign(candidate, reason)
    if not (_sendable(number) or _is_drama(number)):
        raise RecipientInvalid(_NOT_VALID)
    return number


def _parsed(candidate: str, region: str | None) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(candidate, region)
    except phonenumbers.NumberParseException:
        raise RecipientInvalid(_NOT_VALID) from None


def _with_plus_sign(candidate: str, wrong: int) -> phonenumbers.PhoneNumber:
    with suppress(RecipientInvalid):
        number = _parsed(f"+{candidate}", None)
        if phonenumbers.is_possible_number(number):
            return number
    raise RecipientInvalid(_LENGTHS.get(wrong, _NOT_VALID))


_LENGTHS = {
    ValidationResult.TOO_LONG: _TOO_LONG,
    ValidationResult.TOO_SHORT: _TOO_SHORT,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: _TOO_SHORT,
    ValidationResult.INVALID_COUNTRY_CODE: UNSERVED,
}


def _sendable(number: phonenumbers.PhoneNumber) -> bool:
    return phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in _SENDABLE


def _is_drama(number: phonenumbers.PhoneNumber) -> bool:
    return number.country_code == 44 and _DRAMA_NUMBER.fullmatch(str(number.national_number)) is not None


def _phone(number: phonenumbers.PhoneNumber) -> Phone:
    home = number.country_code == 44
    crown = phonenumbers.region_code_for_number(number) in _CROWN_DEPENDENCIES and not _is_drama(number)
    return Phone(
        digits=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+"),
        country_code=number.country_code or 0,
        international=not home or crown,
        crown_dependency=crown,
        landline=home and phonenumbers.number_type(number) in _LANDLINES,
        served=number.country_code not in _UNSERVED,
    )


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
