"""Mid-year population estimates by single year of age, made long: `area, level, sex, age, value`.

Columns of ages are `0` to `90+` with a column for sex, or `F0` … `M90`; the older ward tables have lines of title above
their header and commas in their numbers.
"""

import re

from segments.files.reading import Head, Reading, literal, open_rows, plain, quoted
from segments.sources.area_columns import ELSEWHERE
from segments.sources.area_measures import level_sql, number_sql
from segments.sources.authority_column import NO_HOMES, lies_here, says_ours, tell_other_codes
from segments.sources.format import (
    HEADER_WITHIN,
    Check,
    Format,
    Harvest,
    Warn,
    refuse_if_none,
    save,
    scalar,
    tabulate,
)

AGE = re.compile(r"([fm]?)(\d{1,2})\+?")
AREA = re.compile(r"area_code|(lsoa|oa|wd|ward) ?(\d\d|\d{4})? ?(cd|code)( 1)?( \(\d{4}\))?")
AUTHORITY = re.compile(r"(la|lad) ?(\d\d|\d{4})? ?(cd|code)( \(\d{4}( boundaries)?\))?")
SEXES = {"": "all", "f": "female", "m": "male"}
SEX_COLUMN = (
    "case lower(clean({})) when 'persons' then 'all' when 'all' then 'all' when 'females' then 'female' "
    "when 'female' then 'female' when 'males' then 'male' when 'male' then 'male' end"
)


def _ages(columns: list[str]) -> dict[str, tuple[str, int]]:
    """Column name to (sex, age)."""
    found = {name: AGE.fullmatch(plain(name)) for name in columns}
    return {name: (SEXES[match[1]], int(match[2])) for name, match in found.items() if match}


def locate(head: Head) -> int | None:
    for at in range(min(HEADER_WITHIN, len(head.rows))):
        if any(AREA.fullmatch(name) for name in head.header(at)) and len(_ages(head.rows[at])) >= 80:
            return at
    return None


def normalise(reading: Reading, header_at: int) -> Harvest:
    open_rows(reading, header_at=header_at)
    ages = _ages(reading.columns)
    name = next(name for name in reading.columns if AREA.fullmatch(plain(name)))
    area = f"upper(clean({quoted(name)}))"
    level = f"coalesce({level_sql(area)}, case when regexp_matches({area}, '^[EWSN]05[0-9]{{6}}$') then 'ward' end)"
    sex = SEX_COLUMN.format(reading.column("sex")) if reading.has("sex") else "'all'"
    output = {"area": area, "level": level, "row_sex": sex} | {n: number_sql(n) for n in ages}
    here, district = _here(reading, area), _district(reading)
    ours = _ours(here, district and says_ours(reading, f"clean({quoted(district)})"), level)
    checks = [
        Check(name, "no code of an output area, LSOA or ward", f"{level} is null", f"left({area}, 20)"),
        *_elsewhere(reading, name, area, ours, district),
        Check("sex", "sex is not persons, females or males", f"{sex} is null", f"left({reading.column('sex')}, 20)"),
        *(Check(n, "not a number", f"{number_sql(n)} is null", f"left({quoted(n)}, 20)") for n in ages),
    ]
    warns = [Warn("{n} rows are of areas that no home lies in today: boundaries have changed", f"not {here}")]
    rejected = tabulate(
        reading, output, checks, warns=warns, unique="area, row_sex", repeated="the same area and sex twice"
    )
    accepted = int(scalar(reading, "select count(*) from good"))
    refuse_if_none(reading, accepted, rejected)
    if district:
        tell_other_codes(reading, district, here)
    rows = save(reading, _long(ages))
    of_level = str(scalar(reading, "select mode(level) from good"))
    figures = {"areas": int(scalar(reading, "select count(distinct area) from good")), "people": _people(reading, ages)}
    _say_which_counts(reading, of_level)
    return Harvest(accepted, rejected, figures | _period(reading), rows, of_level)


def _district(reading: Reading) -> str | None:
    return next((name for name in reading.columns if AUTHORITY.fullmatch(plain(name))), None)


def _here(reading: Reading, area: str) -> str:
    """True for areas that the geography has, and for those of a level that it does not tell."""
    cases = [
        f"when substr({area}, 2, 2) in ({digits}) then {here}"
        for level, digits in (("oa", "'00'"), ("lsoa", "'01'"), ("ward", "'05'"))
        if (here := lies_here(reading, level, area))
    ]
    return f"(case {' '.join(cases)} else true end)" if cases else "true"


def _ours(here: str, said: str | None, level: str) -> str:
    """The geography decides; of wards, whose codes change with their boundaries, the file's districts tell too."""
    if said is None:
        return here
    return said if here == "true" else f"({here} or ({level} = 'ward' and {said}))"


def _elsewhere(reading: Reading, name: str, area: str, ours: str, district: str | None) -> list[Check]:
    checks = [Check(name, ELSEWHERE, f"not {ours}", listed=False, expected=True)]
    if district is None or ours == "true":
        return checks
    gone = f"not {ours} and {says_ours(reading, f'clean({quoted(district)})')}"
    return [Check(name, NO_HOMES, gone, f"left({area}, 20)"), *checks]


LEVELS = {"oa": "output area", "lsoa": "LSOA", "ward": "ward"}  # the finest first


def _say_which_counts(reading: Reading, level: str) -> None:
    """Which estimate is followed once this one is here: of those that are complete the finest."""
    own = {each: query for each in LEVELS if (query := reading.known.areas_sql(each))}
    if level not in own:
        return
    files = {each: f"read_parquet({literal(str(path))})" for each, path in reading.known.estimates.items()}
    lacking = {
        each: _lacking(reading, own[each], table) for each, table in {**files, level: "good"}.items() if each in own
    }
    followed = next((each for each in LEVELS if lacking.get(each) == 0), level)
    if lacking[level]:
        reading.notes.append(f"{lacking[level]:,} {LEVELS[level]}s of this authority are not in it")
    whose = "this file, " if followed == level else "the one imported before, "
    reading.notes.append(f"The mid-year estimate that counts from now on is {whose}by {LEVELS[followed]}")


def _lacking(reading: Reading, own: str, table: str) -> int:
    query = f"select count(*) from ({own}) where area is not null and area not in (select area from {table})"
    return int(scalar(reading, query))


def _long(ages: dict[str, tuple[str, int]]) -> str:
    listed = ", ".join(quoted(name) for name in ages)
    sex = " ".join(f"when {literal(name)} then '{sex}'" for name, (sex, _) in ages.items() if sex != "all")
    age = " ".join(f"when {literal(name)} then {age}" for name, (_, age) in ages.items())
    by_sex = f"case single {sex} else row_sex end" if sex else "row_sex"
    return (
        f"select area, level, {by_sex} as sex, (case single {age} end)::int as age, value "
        f"from (unpivot good on {listed} into name single value value)"
    )


def _period(reading: Reading) -> dict[str, str]:
    """The day the file says its figures are of, where it has a column for that; the day of the import may be later."""
    if not reading.has("period"):
        return {}
    day = scalar(reading, f"select max(try_cast(clean({reading.column('period')}) as date))::varchar from raw")
    return {"period": str(day)} if day else {}


def _people(reading: Reading, ages: dict[str, tuple[str, int]]) -> int:
    total = " + ".join(quoted(name) for name in ages)
    everyone = scalar(reading, f"select sum({total}) from good where row_sex = 'all'")
    return int(everyone or scalar(reading, f"select sum({total}) from good") or 0)


FORMATS = (
    Format(
        kind="population", name="Mid-year population estimates", normalise=normalise, locate=locate,
        columns=("area_code (or LSOA 2021 Code, Ward Code 1)", "sex", "0", "1", "…", "90+"),
    ),
)  # fmt: skip
