"""Letter addresses by the rules of GOV.UK Notify (its postal address check; nothing knows whether a house exists)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from campaigns.notify.countries import EUROPE, REST_OF_WORLD
from campaigns.notify.errors import RecipientInvalid
from campaigns.notify.text import by_key, without_obscure_whitespace

Postage = Literal["united-kingdom", "europe", "rest-of-world"]

# Royal Mail's postcode areas, with the Crown dependencies and the forces' BF.
_AREAS = (
    "AB AL B BA BB BD BF BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX "
    "FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE "
    "NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ "
    "TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE"
)
_POSTCODE = re.compile(rf"({_AREAS.replace(' ', '|')})([0-9][0-9A-Z]?)([0-9][ABD-HJLNP-UW-Z]{{2}})")
_FIXED_ABODE = re.compile(r"nfa|no\s+fixed\s+(?:abode|address)", re.IGNORECASE)
_BFPO = re.compile(r"bfpo\s*(?:c\s*/\s*o)?\s*(\d{1,4})", re.IGNORECASE)
_BAD_START = tuple('@()=[]"\\/,<>~')
_UNITED_KINGDOM = re.compile(
    "united kingdom|uk|u\\.k\\.|great britain|gb|britain|england|scotland|wales|cymru|northern ireland|jersey|guernsey|"
    "alderney|sark|isle of man|channel islands"
)
_FEWEST_LINES = 3
_MOST_LINES = 7


def _zone(last_line: str) -> Postage:
    """The zone of the country a line names; anything else stays in the United Kingdom."""
    if last_line.lower() in EUROPE:
        return "europe"
    return "rest-of-world" if last_line.lower() in REST_OF_WORLD else "united-kingdom"


def postcode(written: str) -> str | None:
    """The postcode as it is printed, `SW1A 1AA`, if it has the shape of one in a real area."""
    match = _POSTCODE.fullmatch(re.sub(r"\s", "", written).upper())
    return f"{match[1]}{match[2]} {match[3]}" if match else None


@dataclass(frozen=True, slots=True)
class Address:
    """Lines as they would be printed; `fault` is why Notify would refuse them, in its words."""

    lines: tuple[str, ...]
    postcode: str | None
    postage: Postage
    bfpo: bool
    valid_last_line: bool
    fault: str | None


def read_address(written: Iterable[object], *, international: bool = False) -> Address:
    """Judge an address of up to seven lines, blank and None lines ignored."""
    lines = _tidy(list(written)[:_MOST_LINES])
    bfpo, lines = _take_bfpo(lines)
    code = postcode(lines[-1]) if lines else None
    zone = _zone(lines[-1]) if lines else "united-kingdom"
    if code:
        lines = [*lines[:-1], code]
    if bfpo and zone == "united-kingdom":
        lines = [*lines, bfpo]
    elif bfpo:
        lines = [*lines[:-1], bfpo, lines[-1]]
    known = code is not None or (bfpo is not None and zone == "united-kingdom")
    last_line = known or (international and zone != "united-kingdom" and bfpo is None)
    fault = _fault(lines, zone, bfpo is not None, last_line, international)
    return Address(tuple(lines), code, zone, bfpo is not None, last_line, fault)


def _tidy(written: list[object]) -> list[str]:
    cleaned = (re.sub(r"\s+", " ", without_obscure_whitespace(str(line))) for line in written if line is not None)
    lines = [line for line in (line.rstrip(" ,") for line in cleaned) if line]
    while lines and _UNITED_KINGDOM.fullmatch(lines[-1].lower()):
        lines.pop()
    return lines


def _take_bfpo(lines: list[str]) -> tuple[str | None, list[str]]:
    """The forces' post office number is printed last, wherever it was written."""
    for index, line in enumerate(lines):
        if match := _BFPO.fullmatch(line):
            return f"BFPO {match[1]}", lines[:index] + lines[index + 1 :]
    return None, lines


def _fault(lines: list[str], zone: Postage, bfpo: bool, last_line: bool, international: bool) -> str | None:
    rules = (
        (len(lines) < _FEWEST_LINES, f"Address must be at least {_FEWEST_LINES} lines"),
        (len(lines) > _MOST_LINES, f"Address must be no more than {_MOST_LINES} lines"),
        (any(map(_FIXED_ABODE.fullmatch, lines)), "Must be a real address"),
        (bfpo and zone != "united-kingdom", "The last line of a BFPO address must not be a country."),
        (not last_line and international, "Last line of address must be a real UK postcode or another country"),
        (not last_line, "Must be a real UK postcode"),
        (
            any(line.startswith(_BAD_START) for line in lines),
            "Address lines must not start with any of the following characters: @ ( ) = [ ] ” \\ / , < >",
        ),
        (
            not all(any(c.isalnum() for c in line) for line in lines[:2]),
            "The first 2 lines of the address must both include at least one alphanumeric character",
        ),
    )
    return next((words for broken, words in rules if broken), None)


def from_personalisation(values: Mapping[str, object]) -> list[object]:
    """The seven lines of a letter; the old `postcode` key stands for a seventh line that is absent."""
    given = by_key(values)
    lines = [given.get(f"addressline{number}") for number in range(1, _MOST_LINES)]
    return [*lines, given.get("addressline7", given.get("postcode"))]


def require_address(written: Iterable[object], *, international: bool = False) -> Address:
    """The address, or RecipientInvalid with Notify's words."""
    address = read_address(written, international=international)
    if address.fault:
        raise RecipientInvalid(address.fault)
    return address
