"""Letter addresses by the rules of GOV.UK Notify (its postal address check; nothing knows whether a house exists)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from campaigns.notify.countries import Zone, country
from campaigns.notify.text import without_obscure_whitespace

# Royal Mail's postcode areas, with the Crown dependencies and the forces' BF.
_AREAS = (
    "AB AL B BA BB BD BF BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX "
    "FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE "
    "NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ "
    "TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE"
)
_POSTCODE = re.compile(rf"({_AREAS.replace(' ', '|')})([0-9][0-9A-Z]?)([0-9][ABD-HJLNP-UW-Z]{{2}})")
_FIXED_ABODE = re.compile(r"(?im)^nfa$|no fixed (?:abode|address)")
_BFPO = re.compile(r"bfpo\s*(?:c/o)?\s*(\d+)?", re.IGNORECASE)
_BAD_START = tuple('@()=[]"\\/,<>~')
_FEWEST_LINES = 3
_MOST_LINES = 7


def postcode(written: str) -> str | None:
    """The postcode as it is printed, `SW1A 1AA`, if it has the shape of one in a real area."""
    match = _POSTCODE.fullmatch(re.sub(r"\s", "", written).upper())
    return f"{match[1]}{match[2]} {match[3]}" if match else None


@dataclass(frozen=True, slots=True)
class Address:
    """Lines as they would be printed; `fault` is why Notify would refuse them, in its words."""

    lines: tuple[str, ...]
    postcode: str | None
    postage: Zone
    bfpo: bool
    valid_last_line: bool
    fault: str | None


def read_address(written: Iterable[object], *, international: bool = False) -> Address:
    """Judge an address of up to seven lines, blank and None lines ignored."""
    bfpo, lines = _take_bfpo(_tidy(list(written)[:_MOST_LINES]))
    lines, abroad, zone = _take_country(lines)
    code = postcode(lines[-1]) if lines and not abroad else None
    lines = [*(lines[:-1] if code else lines), *filter(None, (code, bfpo, abroad))]
    known = code is not None or (bfpo is not None and zone == "united-kingdom")
    last_line = known or (international and zone != "united-kingdom" and bfpo is None)
    fault = _fault(lines, zone, bfpo is not None, last_line, international)
    return Address(tuple(lines), code, zone, bfpo is not None, last_line, fault)


def _tidy(written: list[object]) -> list[str]:
    whole = "\n".join(str(line) for line in written if line is not None)
    cleaned = (" ".join(without_obscure_whitespace(line).split()) for line in whole.splitlines())
    return [re.sub(r" +([,.])", r"\1", line) for line in (line.rstrip(" ,") for line in cleaned) if line]


def _take_bfpo(lines: list[str]) -> tuple[str | None, list[str]]:
    """The forces' post office number is printed last, wherever it was written."""
    found = {line: match for line in lines if (match := _BFPO.fullmatch(line))}
    number = next((match[1] for match in found.values() if match[1]), None)
    if number is None:
        return None, lines
    return f"BFPO {int(number)}", [line for line in lines if line not in found]


def _take_country(lines: list[str]) -> tuple[list[str], str | None, Zone]:
    """Those of the United Kingdom are not printed, however many are written."""
    while lines and (last := country(lines[-1])):
        name, zone = last
        lines = lines[:-1]
        if zone != "united-kingdom":
            return lines, name, zone
    return lines, None, "united-kingdom"


def _fault(lines: list[str], zone: Zone, bfpo: bool, last_line: bool, international: bool) -> str | None:
    rules = (
        (len(lines) < _FEWEST_LINES, f"Address must be at least {_FEWEST_LINES} lines"),
        (len(lines) > _MOST_LINES, f"Address must be no more than {_MOST_LINES} lines"),
        (bfpo and zone != "united-kingdom", "The last line of a BFPO address must not be a country."),
        (not last_line and international, "Last line of address must be a real UK postcode or another country"),
        (not last_line, "Must be a real UK postcode"),
        (
            any(line.startswith(_BAD_START) for line in lines),
            "Address lines must not start with any of the following characters: @ ( ) = [ ] ” \\ / , < >",
        ),
        (_FIXED_ABODE.search("\n".join(lines)) is not None, "Must be a real address"),
        (
            not all(any(c.isalnum() for c in line) for line in lines[:2]),
            "The first 2 lines of the address must both include at least one alphanumeric character",
        ),
    )
    return next((words for broken, words in rules if broken), None)


def from_personalisation(values: Mapping[str, object]) -> list[object]:
    """The seven lines of a letter; the old `postcode` key stands for a seventh line that is absent. Their names are
    spelt exactly so, unlike those of other placeholders."""
    last = "address_line_7" if "address_line_7" in values else "postcode"
    return [values.get(name) or "" for name in (*(f"address_line_{n}" for n in range(1, _MOST_LINES)), last)]
