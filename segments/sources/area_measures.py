"""Wide tables of figures by area, made long: `area, level, measure, value`. Census and deprivation share this."""

import re
from collections import Counter

from engage.foundation.errors import InputRefused
from segments.files.reading import Reading, literal, plain, quoted
from segments.sources import census_categories
from segments.sources.area_columns import ELSEWHERE
from segments.sources.format import Check, Harvest, Warn, refuse_if_none, save, scalar, tabulate
from segments.sources.indicators import of_table

LEVELS = {"oa": "^[EWS]00[0-9]{6}$", "lsoa": "^[EWS]01[0-9]{6}$"}
LARGER = {
    "02": "MSOAs", "05": "wards", "06": "local authorities", "07": "local authorities", "08": "local authorities",
    "09": "local authorities", "10": "counties", "12": "regions", "14": "constituencies", "92": "countries",
}  # fmt: skip
LONG = """
select area, level, measure, value
from (unpivot good on columns(* exclude (line, area, level)) into name measure value value)
"""
MOST_SHARES = 40  # of a table without curated indicators; of a longer one only the broadest categories
SUFFIX = re.compile(r"; measures: Value$", re.IGNORECASE)
TOTAL = re.compile(r": total(:|$)")
# How statistics say that a figure is not told: a mark, or one of the letters of the Government Analysis Function.
HIDDEN = r"^(!|#|~|:|\*+|[-–—]+|\.{1,3}|c|n/?a|suppressed|\[[a-z]+\]|[<≤] ?[0-9]+)$"
HIDES = (
    "{n} areas have a figure that is blank or suppressed: it is worked out from the others of its row where it follows "
    "from them, else left out"
)


def label(header: str) -> str:
    """A measure as published, normalised: small letters, single spaces, one space after each colon, no Nomis suffix."""
    return re.sub(r"\s*:\s*", ": ", plain(header))


def level_sql(area: str) -> str:
    cases = (f"when regexp_matches({area}, {literal(form)}) then {literal(name)}" for name, form in LEVELS.items())
    return f"case {' '.join(cases)} end"


def number_sql(column: str) -> str:
    """A figure, else NULL: DuckDB would also take `nan` and `inf` for numbers."""
    return f"case when isfinite(as_number({quoted(column)})) then as_number({quoted(column)}) end"


def elsewhere_sql(reading: Reading, area: str) -> str:
    """True for areas that the authority's geography does not have; without geography nothing is known."""
    known = [
        f"({level_sql(area)} = '{level}' and {area} not in ({own}))"
        for level in LEVELS
        if (own := reading.known.areas_sql(level))
    ]
    return " or ".join(known) or "false"


def harvest(
    reading: Reading, table: str, area_column: str, columns: list[str], *, checks: list[Check] | None = None,
    shares: bool = True, blanks: bool = False,
) -> Harvest:  # fmt: skip
    """Make the snapshot `table` from `columns` of figures. `checks` tell other authorities' rows where the geography
    is not to; `blanks` allows empty cells, which then give no value."""
    area = f"upper(clean({quoted(area_column)}))"
    figures = {name: f"_figure_{n}" for n, name in enumerate(columns)}
    numbers = _worked_out(reading, table, figures, shares=shares)
    derived = _shares(reading, table, numbers) if shares else _named(table, numbers)
    output = {"area": area, "level": level_sql(area)} | numbers | derived
    checks = [
        Check(area_column, "no code of an output area or LSOA", f"{level_sql(area)} is null", f"left({area}, 20)"),
        *(checks or [Check(area_column, ELSEWHERE, elsewhere_sql(reading, area), listed=False, expected=True)]),
        *(_no_number(name, figure) for name, figure in figures.items()),
        *(_below_nothing(name, figure) for name, figure in figures.items() if shares),
    ]
    warns = [] if blanks else [Warn(HIDES, " or ".join(f"{figure} is null" for figure in figures.values()))]
    rejected = tabulate(reading, output, checks, warns=warns, unique="area", repeated="the same area twice")
    accepted = int(scalar(reading, "select count(*) from good"))
    if not accepted:
        _refuse_larger(reading, area)
        _refuse_foreign(reading, rejected, area)
    refuse_if_none(reading, accepted, rejected)
    rows = save(reading, LONG)
    if not reading.known.geography:
        reading.warnings.append("the areas could not be checked, for no geography was imported before")
    counted = {"areas": accepted, "measures": len(columns), "indicators": sorted(derived)}
    return Harvest(accepted, rejected, counted | _published(columns, derived), rows, table)


def _worked_out(reading: Reading, table: str, figures: dict[str, str], *, shares: bool) -> dict[str, str]:
    """The column of each measure, by its label. Each is worked out once: what follows from the others of its row, and
    shares of it, written out in full would be megabytes of SQL, and DuckDB seconds at reading them."""
    own = {label(name): figure for name, figure in figures.items()}
    first = {figure: number_sql(name) for name, figure in figures.items()}
    if not shares:
        reading.work_out(first)
        return own
    _refuse_other_categories(reading, table, own)
    whole = census_categories.completed(table, own)
    numbers = {name: f"_whole_{n}" for n, name in enumerate(whole)}
    reading.work_out(first, {numbers[name]: sql for name, sql in whole.items()})
    return numbers


def _no_number(name: str, figure: str) -> Check:
    cell = f"lower(clean({quoted(name)}))"
    told = f"{cell} is not null and not regexp_matches({cell}, {literal(HIDDEN)})"
    return Check(name, "not a number", f"{figure} is null and {told}", f"left({quoted(name)}, 20)")


def _below_nothing(name: str, figure: str) -> Check:
    return Check(name, "a count below nothing", f"coalesce({figure} < 0, false)", f"left({quoted(name)}, 20)")


def _refuse_other_categories(reading: Reading, table: str, numbers: dict[str, str]) -> None:
    """A category that is needed and not there is worked out from the others, but not where others have taken its place
    (renamed, or several made one): nobody can tell then what is in which."""
    lacking, strange = _lacking(table, numbers), census_categories.unknown(table, numbers)
    if not lacking or not (strange or table in census_categories.WHOLE):
        return
    instead = f" Instead it has: {'; '.join(strange[:8])}{'; …' if len(strange) > 8 else ''}." if strange else ""
    raise InputRefused(
        f"{reading.file} does not have the categories with which {table.upper()} is published. Expected and not "
        f"there: {'; '.join(lacking)}.{instead} Take the table as Nomis' bulk download has it, with every category. "
        "Nothing was changed."
    )


def _lacking(table: str, numbers: dict[str, str]) -> list[str]:
    """What is needed of a table and its columns do not have: as columns where others stand beside them that nobody
    knows, else after all is worked out."""
    strange = census_categories.unknown(table, numbers)
    held = numbers if strange else census_categories.completed(table, numbers)
    names = {name.partition(": ")[2] for name in held}
    lacking = [part for part in census_categories.needed(table) if part not in names]
    completed = census_categories.completed(table, numbers)
    no_total = census_categories.needed(table) and census_categories.total_of(completed) is None
    return [*(["Total"] if no_total else []), *lacking]


def _refuse_larger(reading: Reading, area: str) -> None:
    """A table of MSOAs or larger areas says too little of a home, and is told so."""
    found = scalar(reading, f"select mode(substr({area}, 2, 2)) from raw where is_code({area})")
    if found not in LARGER:
        return
    raise InputRefused(
        f"{reading.file} is by {LARGER[found]}, which are too large to tell one part of a ward from another. Import "
        "the table by output area or LSOA: in Nomis' bulk download, the file whose name ends in -oa.csv. "
        "Nothing was changed."
    )


def _refuse_foreign(reading: Reading, rejected: Counter[str], area: str) -> None:
    if rejected.keys() != {ELSEWHERE}:
        return
    example = scalar(reading, f"select min({area}) from raw where {level_sql(area)} is not null")
    raise InputRefused(
        f"{reading.file} holds no area of {reading.authority}: its areas ({example} and so on) are another authority's."
    )


def _shares(reading: Reading, table: str, numbers: dict[str, str]) -> dict[str, str]:
    """SQL of each share of a Census table; one whose counts are not in the file is left out with a warning."""
    total, curated = _total(numbers), of_table(table)
    if not curated:
        return _every_share(numbers, total)
    found = {}
    for name, indicator in curated.items():
        parts = [sql for part in indicator.of for label_, sql in numbers.items() if label_.endswith(f": {part}")
                 and label_.count(": ") == part.count(": ") + 1]  # fmt: skip
        if total is None or len(parts) != len(indicator.of):
            reading.warnings.append(f"{name} cannot be worked out: a column is missing")
            continue
        share = f"({' + '.join(parts)}) / nullif({total}, 0)"
        found[name] = f"1 - {share}" if indicator.rest else share
    return found


def _total(numbers: dict[str, str]) -> str | None:
    found = census_categories.total_of(numbers)
    return numbers[found] if found else None


def share_name(measure: str) -> str:
    """The name of a share in rules: `census_number_of_cars_or_vans_no_cars_or_vans_in_household_share`."""
    return f"census_{re.sub(r'[^a-z0-9]+', '_', measure).strip('_')}_share"


def _every_share(numbers: dict[str, str], total: str | None) -> dict[str, str]:
    """A table without curated indicators gives the share of each of its categories."""
    parts = [name for name in numbers if not TOTAL.search(name)]
    if len(parts) > MOST_SHARES:
        parts = [name for name in parts if name.count(": ") == 1][:MOST_SHARES]
    return {share_name(name): f"{numbers[name]} / nullif({total}, 0)" for name in parts} if total else {}


def _published(columns: list[str], derived: dict[str, str]) -> dict[str, dict[str, str]]:
    """What the shares of such a table are called, by their names in rules."""
    labels = {share_name(label(column)): SUFFIX.sub("", " ".join(column.split())) for column in columns}
    found = {name: labels[name] for name in derived if name in labels}
    return {"shares": found} if found else {}


def _named(table: str, numbers: dict[str, str]) -> dict[str, str]:
    return {
        name: numbers[indicator.of[0]] for name, indicator in of_table(table).items() if indicator.of[0] in numbers
    }  # fmt: skip
