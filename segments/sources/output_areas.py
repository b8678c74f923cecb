"""The Output Area Classification of 2021 (OAC): supergroup, group and subgroup of each output area.

Layouts published: `oa21cd,supergroup,group,subgroup` (England and Wales), `Geography_Code,Supergroup,Group,Subgroup`
(United Kingdom), both with names beside the codes in some copies. Codes come with stray blanks.
"""

import re

from segments.files.reading import Head, Reading, open_rows, plain, quoted
from segments.sources.area_columns import ELSEWHERE
from segments.sources.area_measures import elsewhere_sql, level_sql
from segments.sources.format import HEADER_WITHIN, Check, Format, Harvest, refuse_if_none, save, scalar, tabulate
from segments.sources.indicators import SUPERGROUPS

AREA = r"oa(21)?( ?cd| ?code|_code)?|geography_code|geography code"
PARTS = {
    "supergroup": (r"supergroup([ _]?(code|cd))?|oac21sup", "^[1-8]$"),
    "group": (r"group([ _]?(code|cd))?|oac21grp", "^[1-8][a-z]$"),
    "subgroup": (r"subgroup([ _]?(code|cd))?|oac21sub", "^[1-8][a-z][1-9]$"),
}
NAME = r"[ _]?(name|nm)$"


def locate(head: Head) -> int | None:
    for at in range(min(HEADER_WITHIN, len(head.rows))):
        names = head.header(at)
        if _column(names, AREA) and all(_column(names, form) for form, _ in PARTS.values()):
            return at
    return None


def _column(names: list[str], form: str) -> str | None:
    return next((name for name in names if re.fullmatch(form, plain(name))), None)


def normalise(reading: Reading, header_at: int) -> Harvest:
    open_rows(reading, header_at=header_at)
    name = _column(reading.columns, AREA) or ""
    area = f"upper(clean({quoted(name)}))"
    output, checks = _codes(reading)
    checks = [
        Check(name, "no code of an output area", f"coalesce({level_sql(area)}, '') <> 'oa'", f"left({area}, 20)"),
        Check(name, ELSEWHERE, elsewhere_sql(reading, area), listed=False, expected=True),
        *checks,
    ]
    rejected = tabulate(reading, {"area": area} | output, checks, unique="area", repeated="the same area twice")
    accepted = int(scalar(reading, "select count(*) from good"))
    refuse_if_none(reading, accepted, rejected)
    rows = save(reading, " union all ".join([SUPERGROUP, *(_member(part) for part in PARTS)]))
    return Harvest(accepted, rejected, {"areas": accepted, "supergroups": _supergroups(reading)}, rows, "oac2021")


def _codes(reading: Reading) -> tuple[dict[str, str], list[Check]]:
    """The code and name of each part as output columns, and what a code must look like."""
    output, checks = dict[str, str](), list[Check]()
    for part, (form, pattern) in PARTS.items():
        column = _column(reading.columns, form) or ""
        called = next((c for c in reading.columns if re.fullmatch(part + NAME, plain(c))), None)
        code = f"lower(clean({quoted(column)}))"
        wrong = f"not coalesce(regexp_matches({code}, '{pattern}'), false)"
        checks.append(Check(column, f"no code of a {part}", wrong, f"left({quoted(column)}, 12)"))
        output[f"{part}_code"] = code
        output[f"{part}_name"] = f"coalesce(lower(clean({quoted(called)})), '')" if called else "''"
    large, middle, small = (output[f"{part}_code"] for part in PARTS)
    mixed = f"not starts_with({middle}, {large}) or not starts_with({small}, {middle})"
    return output, [*checks, Check("", "supergroup, group and subgroup do not belong together", mixed)]


# The indicator of the rules; a nominal code, so rules ask for one of several, never for more or less.
SUPERGROUP = "select area, 'oa' as level, 'oac_supergroup' as measure, supergroup_code::double as value from good"


def _member(part: str) -> str:
    """Group and subgroup are no numbers: each is kept as the measure that an area is of it, by its published name."""
    named = f"trim(concat('output area classification: {part}: ', {part}_code, ' ', {part}_name))"
    return f"select area, 'oa', {named}, 1.0 from good"


def _supergroups(reading: Reading) -> dict[str, int]:
    found = reading.con.execute("select supergroup_code, count(*) from good group by 1 order by 1").fetchall()
    return {SUPERGROUPS[code][0]: count for code, count in found}


FORMATS = (
    Format(
        kind="indicator", name="Output Area Classification 2021", normalise=normalise, locate=locate,
        columns=("oa21cd (or Geography_Code)", "supergroup", "group", "subgroup"),
    ),
)  # fmt: skip
