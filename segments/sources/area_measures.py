"""Wide tables of figures by area, made long: `area, level, measure, value`. Census and deprivation share this."""

import re
from collections import Counter

from engage.foundation.errors import InputRefused
from segments.reading import Reading, literal, plain, quoted
from segments.sources.format import Check, Harvest, refuse_if_none, save, scalar, tabulate
from segments.sources.indicators import of_table

LEVELS = {"oa": "^[EWS]00[0-9]{6}$", "lsoa": "^[EWS]01[0-9]{6}$"}
ELSEWHERE = "in another authority"
LONG = """
select area, level, measure, value
from (unpivot good on columns(* exclude (line, area, level)) into name measure value value)
"""


def label(header: str) -> str:
    """A measure as published, normalised: small letters, single spaces, one space after each colon, no Nomis suffix."""
    return re.sub(r"\s*:\s*", ": ", plain(header))


def level_sql(area: str) -> str:
    cases = (f"when regexp_matches({area}, {literal(form)}) then {literal(name)}" for name, form in LEVELS.items())
    return f"case {' '.join(cases)} end"


def elsewhere_sql(reading: Reading, area: str) -> str:
    """True for areas that the authority's geography does not have; without geography nothing is known."""
    known = [
        f"({level_sql(area)} = '{level}' and {area} not in ({own}))"
        for level in LEVELS
        if (own := reading.known.areas_sql(level))
    ]
    return " or ".join(known) or "false"


def harvest(
    reading: Reading, table: str, area_column: str, columns: list[str], *, elsewhere: str = "", shares: bool = True,
    blanks: bool = False,
) -> Harvest:  # fmt: skip
    """Make the snapshot `table` from `columns` of figures. `blanks` allows empty cells, which then give no value."""
    area = f"upper(clean({quoted(area_column)}))"
    numbers = {label(name): f"as_number({quoted(name)})" for name in columns}
    derived = _shares(reading, table, numbers) if shares else _named(table, numbers)
    output = {"area": area, "level": level_sql(area)} | numbers | derived
    checks = [
        Check(area_column, "no code of an output area or LSOA", f"{level_sql(area)} is null", f"left({area}, 20)"),
        # A national file holds every area of the country: counted, not listed.
        Check(area_column, ELSEWHERE, elsewhere or elsewhere_sql(reading, area), listed=False),
        *(_no_number(name, blanks) for name in columns),
    ]
    rejected = tabulate(reading, output, checks, unique="area", repeated="the same area twice")
    accepted = int(scalar(reading, "select count(*) from good"))
    _refuse_foreign(reading, accepted, rejected, area)
    refuse_if_none(reading, accepted, rejected)
    rows = save(reading, LONG)
    if not reading.known.geography:
        reading.warnings.append("the areas could not be checked, for no geography was imported before")
    figures = {"areas": accepted, "measures": len(numbers), "indicators": sorted(derived)}
    return Harvest(accepted, rejected, figures, rows, table)


def _no_number(name: str, blanks: bool) -> Check:
    wrong = f"as_number({quoted(name)}) is null" + (f" and clean({quoted(name)}) is not null" if blanks else "")
    return Check(name, "not a number", wrong, f"left({quoted(name)}, 20)")


def _refuse_foreign(reading: Reading, accepted: int, rejected: Counter[str], area: str) -> None:
    if accepted or not rejected[ELSEWHERE]:
        return
    example = scalar(reading, f"select min({area}) from raw where {level_sql(area)} is not null")  # noqa: S608 - quoted
    raise InputRefused(
        f"{reading.file} holds no area of {reading.authority}: its areas ({example} and so on) are another authority's."
    )


def _shares(reading: Reading, table: str, numbers: dict[str, str]) -> dict[str, str]:
    """SQL of each share of a Census table; one whose counts are not in the file is left out with a warning."""
    total = next((sql for name, sql in numbers.items() if re.search(r": total(:|$)", name)), None)
    found = {}
    for name, indicator in of_table(table).items():
        parts = [sql for part in indicator.of for label_, sql in numbers.items() if label_.endswith(f": {part}")
                 and label_.count(": ") == part.count(": ") + 1]  # fmt: skip
        if total is None or len(parts) != len(indicator.of):
            reading.warnings.append(f"{name} cannot be worked out: a column is missing")
            continue
        share = f"({' + '.join(parts)}) / nullif({total}, 0)"
        found[name] = f"1 - {share}" if indicator.rest else share
    return found


def _named(table: str, numbers: dict[str, str]) -> dict[str, str]:
    return {
        name: numbers[indicator.of[0]] for name, indicator in of_table(table).items() if indicator.of[0] in numbers
    }  # fmt: skip
