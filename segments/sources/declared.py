"""A council's own indicator: lines that declare what it is, then a table of `uprn,value` or `area,value`.

    name,Single person discount
    level,uprn
    source,Revenues and benefits
    date,2026-05-01
    uprn,value
    100031001324,1

The declaration stands in the file, so that page, command and inbox take it alike. `level` is uprn, oa, lsoa or ward;
`unit` is number (left out: number) or, of areas, share (0 to 1); `label_cy` is the name in Welsh. Rules ask for it by
its name.
"""

import re
import unicodedata
from dataclasses import asdict, dataclass
from datetime import date

from engage.foundation.clock import read_day
from engage.foundation.errors import InputRefused
from segments.files.reading import Head, Reading, literal, open_rows, plain
from segments.files.refusals import SECURE, SPECIAL
from segments.sources.area_columns import ELSEWHERE
from segments.sources.area_measures import number_sql
from segments.sources.format import Check, Format, Harvest, Warn, refuse_if_none, save, scalar, tabulate

NEEDED, OPTIONAL = ("name", "level", "source", "date"), ("label_cy", "unit")
HEADERS = (["uprn", "value"], ["area", "value"])
WITHIN = 16  # rows in which the header must come
LONGEST = 100
CODES = {"oa": "^[EWS]00[0-9]{6}$", "lsoa": "^[EWS]01[0-9]{6}$", "ward": "^[EWSN](05|08|13)[0-9]{6}$"}
NOUNS = {"oa": "an output area", "lsoa": "an LSOA", "ward": "a ward"}
UNITS = ("number", "share")
EXAMPLE = "name,Single person discount | level,uprn | source,Revenues | date,2026-05-01 | uprn,value"
# UK GDPR, article 9: what says of one home that somebody in it is ill, or believes. Welsh labels say the same.
OF_PERSONS = re.compile(
    rf"{SPECIAL.pattern}|blue badge|social care|attendance allowance|personal independence|\bpip\b|wheelchair|dementia"
    r"|ethnig|crefydd|\bffydd|iechyd|anabl|rhywiol|bathodyn glas"
)
# Whom to remind follows registration alone, never how people vote or are expected to (LGA 1986, section 2).
PARTISAN = re.compile(
    r"\bvot(e|es|ed|er|ers|ing)\b|\bturnout\b|\bcanvass|\bpledge|\belection results?\b|\bpolitical|\bmarginal"
    r"|\blabour\b(?! (market|force))|\bconservatives?\b|\blib(eral)? dem|\btor(y|ies)\b|\breform uk\b|\bgreen party\b"
    r"|\bukip\b|\bplaid\b|\bsnp\b|\bpleidleis|\bgwleidydd"
)


@dataclass(frozen=True)
class Declaration:
    """What an officer says a figure is. `column` is its name in rules and in the table of homes."""

    name: str
    level: str
    source: str
    date: date
    label_cy: str = ""
    unit: str = "number"

    @property
    def column(self) -> str:
        plain_letters = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore").decode().casefold()
        return f"local_{re.sub(r'[^a-z0-9]+', '_', plain_letters).strip('_')[:60].strip('_')}"


def locate(head: Head) -> int | None:
    if head.is_json:
        return None
    return next((at for at, row in enumerate(head.rows[:WITHIN]) if _header(row) in HEADERS), None)


def _header(row: list[str]) -> list[str]:
    """Column names without the empty cells a spreadsheet adds to short rows."""
    return plain(",".join(row)).rstrip(", ").replace(" ", "").split(",")


def normalise(reading: Reading, header_at: int) -> Harvest:
    declared = read(reading.head.rows[:header_at], reading.file, reading.as_at)
    key = _header(reading.head.rows[header_at])[0]
    if (key == "uprn") != (declared.level == "uprn"):
        raise InputRefused(
            f"{reading.file}, line {header_at + 1}: the level is {declared.level}, but the column is {key!r}. Expected "
            f"{'uprn' if declared.level == 'uprn' else 'area'},value."
        )
    open_rows(reading, header_at=header_at)
    return (_of_homes if key == "uprn" else _of_areas)(reading, declared)


def read(rows: list[list[str]], file: str, as_at: date) -> Declaration:
    """The declaration above a header; InputRefused names the line, what stands there and what was expected."""
    said: dict[str, str] = {}
    for line, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        field, value = plain(cells[0]) if cells else "", ", ".join(cell for cell in cells[1:] if cell)
        if not any(cells):
            continue
        if field not in NEEDED + OPTIONAL or field in said:
            again = "is there twice" if field in said else f"is {cells[0][:40]!r}"
            raise InputRefused(f"{file}, line {line}: the declaration {again}. Expected {_listed()}.")
        said[field] = value
    missing = [field for field in NEEDED if not said.get(field)]
    if missing:
        raise InputRefused(
            f"{file} does not say what its figures are: {', '.join(missing)} is missing above the header. "
            f"Begin the file like this, each on its own line: {EXAMPLE}."
        )
    return _checked(said, file, as_at)


def _listed() -> str:
    return f"{', '.join(NEEDED)}, and if you like {' or '.join(OPTIONAL)}"


def _checked(said: dict[str, str], file: str, as_at: date) -> Declaration:
    level, unit = said["level"].casefold(), said.get("unit", "").casefold() or "number"
    if level not in ("uprn", *CODES):
        raise InputRefused(f"{file}: the level is {said['level'][:40]!r}. Expected uprn, oa, lsoa or ward.")
    if unit not in UNITS:
        raise InputRefused(f"{file}: the unit is {said['unit'][:40]!r}. Expected number, or share (0 to 1).")
    if unit == "share" and level == "uprn":
        raise InputRefused(f"{file}: a share is of the people or homes of an area; of single homes expected a number.")
    texts = [" ".join(said.get(field, "").split()) for field in ("name", "source", "label_cy")]
    if any(len(text) > LONGEST for text in texts) or not re.match(r"[^\W\d_]", texts[0]):
        raise InputRefused(f"{file}: the name must begin with a letter, and no line be longer than {LONGEST} letters.")
    _refuse_sensitive(texts, level, file)
    declared = Declaration(texts[0], level, texts[1], _day(said["date"], file, as_at), texts[2], unit)
    if declared.column == "local_":
        raise InputRefused(f"{file}: the name {declared.name!r} has no letter from A to Z to call a column by.")
    return declared


def _day(text: str, file: str, as_at: date) -> date:
    try:
        day = read_day(text)
    except ValueError:
        raise InputRefused(f"{file}: the date is {text[:20]!r}. Expected year-month-day, as 2026-05-01.") from None
    if day > as_at:
        raise InputRefused(f"{file}: its date {day} is after {as_at}, the day the import speaks of.")
    return day


def _refuse_sensitive(texts: list[str], level: str, file: str) -> None:
    for text in texts:
        words = plain(re.sub(r"[_.-]+", " ", text))
        if PARTISAN.search(words):
            raise InputRefused(
                f"{file} is about {text!r}. Data on parties, votes or election results is never taken: who is reminded "
                "follows registration alone."
            )
        if level == "uprn" and (OF_PERSONS.search(words) or SECURE.search(words)):
            raise InputRefused(
                f"{file} is about {text!r} of single homes. Ethnicity, religion, health and the like are taken only "
                "for areas (output areas or larger), never for one home: import it with level oa, lsoa or ward."
            )


def _of_homes(reading: Reading, declared: Declaration) -> Harvest:
    uprn, known = f"as_uprn({reading.column('uprn')})", reading.known.gazetteer
    wrong = Check("uprn", "UPRN is not a whole number of up to 12 digits", f"{uprn} is null")
    homeless = f"{uprn} not in (select uprn from read_parquet({literal(str(known))}))" if known else "false"
    warns = [Warn("{n} UPRNs are not in the gazetteer: their figures reach no home", homeless)]
    return _saved(reading, declared, f"{uprn}::varchar", [wrong], warns, "the same UPRN twice")


def _of_areas(reading: Reading, declared: Declaration) -> Harvest:
    level, area = declared.level, f"upper(clean({reading.column('area')}))"
    own = reading.known.areas_sql(level)
    checks = [
        Check("area", f"no code of {NOUNS[level]}", f"not coalesce(regexp_matches({area}, '{CODES[level]}'), false)",
              f"left({area}, 20)"),
        Check("area", ELSEWHERE, f"{area} not in ({own})" if own else "false", listed=False, expected=True),
    ]  # fmt: skip
    if not own:
        reading.warnings.append("the areas could not be checked, for no geography was imported before")
    return _saved(reading, declared, area, checks, [], "the same area twice")


def _saved(
    reading: Reading, declared: Declaration, area: str, checks: list[Check], warns: list[Warn], repeated: str
) -> Harvest:  # fmt: skip
    value = number_sql("value")
    shown = f"left({reading.column('value')}, 20)" if declared.level != "uprn" else ""
    checks.append(Check("value", "not a number", f"{value} is null", shown))
    if declared.unit == "share":
        checks.append(Check("value", "not a share from 0 to 1", f"{value} not between 0 and 1", shown))
    rejected = tabulate(reading, {"area": area, "value": value}, checks, warns=warns, unique="area", repeated=repeated)
    if declared.level == "uprn":
        reading.columns = []  # the cells of a row of one home are not kept beside why it was rejected
    accepted = int(scalar(reading, "select count(*) from good"))
    refuse_if_none(reading, accepted, rejected)
    told = f"{literal(declared.level)} as level, {literal(declared.column)} as measure"
    rows = save(reading, f"select area, {told}, value from good order by area")
    indicator = asdict(declared) | {"date": declared.date.isoformat(), "column": declared.column}
    counted = "homes" if declared.level == "uprn" else "areas"
    return Harvest(accepted, rejected, {counted: rows, "indicator": indicator}, rows, declared.column)


FORMATS = (
    Format(
        kind="indicator", name="A council's own indicator", normalise=normalise, locate=locate,
        columns=("lines that declare name, level, source and date", "then uprn,value or area,value"),
    ),
)  # fmt: skip
