"""Applications in progress: any list with a home (its UPRN or its address) and the day somebody applied.

Where the list has names, the same name at the same home is one applicant; the names themselves are let go. An
application whose status says that it was decided is left out, and so is an anonymous one, of which only the number is
kept.
"""

import re
from collections import Counter

from engage.foundation.errors import InputRefused
from segments.files.reading import Head, Reading, literal, open_rows, quoted
from segments.sources.format import HEADER_WITHIN, Check, Format, Harvest, save, tabulate

DAYS = (
    "applied_on", "applied on", "date applied", "date of application", "application date", "application_date",
    "applicationdate", "date_of_application", "date_applied", "application received", "application received on",
    "date application received", "applicationreceiveddate", "submission date", "date submitted", "submitted on",
    "submitted_on", "submitted",
)  # fmt: skip
STATUS = ("status", "application status", "application_status", "applicationstatus", "state", "outcome", "decision")
SORTS = ("application type", "type", "category", "special category", "franchise", "marker", "elector type")
ADDRESS = re.compile(r"((property|current|home|full|new) )?(address|addr)([ _]?line)?[ _]?\d?")
AT_END = "[A-Za-z]{1,2}[0-9][A-Za-z0-9]? *[0-9][A-Za-z]{2}$"
POSTCODES = ("postcode", "post code", "property postcode", "postal code")
NAMES = re.compile(
    r"(full |applicant |elector )?(name|surname|last ?name|family ?name|forenames?|first ?names?|given ?names?|"
    r"middle ?names?)"
)
# What a decided application is called; anything else is taken to be open.
DECIDED = (
    r"\b(accepted|added|approved|allowed|complete[d]?|determined|decided|registered|rejected|refused|declined|closed|"
    r"cancelled|withdrawn|deleted|duplicate|superseded|not allowed|disallowed|processed)\b"
)
ANONYMOUS = r"\banon"
NO_HOME, NO_DAY = "neither a UPRN nor an address", "no day of application (expected yyyy-mm-dd or dd/mm/yyyy)"
AFTER, OVER = "day of application is after the date of the file", "decided already"
TWICE = "the same name at the same home again"
COLUMNS = "uprn, address, postcode, null::date as attainment, applied_on, line"


def locate(head: Head) -> int | None:
    """A table of homes with a day of application, or at least of applications: then it is told what it lacks."""
    for at in range(min(HEADER_WITHIN, len(head.rows))):
        names = head.header(at)
        homes = "uprn" in names or any(ADDRESS.fullmatch(name) for name in names)
        if homes and (set(names) & set(DAYS) or any(name.startswith("application") for name in names)):
            return at
    return None


def normalise(reading: Reading, header_at: int) -> Harvest:
    """A list without any row is right too: then nothing is in progress."""
    open_rows(reading, header_at=header_at)
    if not _named(reading, DAYS):
        raise InputRefused(
            f"{reading.file} has no column with the day on which somebody applied. Call it applied_on. Nothing was "
            "changed."
        )
    output = _output(reading)
    named = ("person",) if "person" in output else ()
    rejected = tabulate(
        reading, output, _checks(reading), unique=", ".join(named), repeated=TWICE, sealed=named,
        unlisted_if=_anonymous(reading),
    )  # fmt: skip
    reading.expected |= {TWICE, OVER}
    if anonymous := reading.tallies["unlisted"]:
        rejected += Counter({"special entry, not imported": anonymous})
        reading.expected.add("special entry, not imported")
    person = "person" if named else "concat('application ', line) as person"  # without names each row is another
    rows = save(reading, f"select {person}, {COLUMNS} from good order by line")
    return Harvest(rows, rejected, {"applications": rows}, rows)


def _output(reading: Reading) -> dict[str, str]:
    lines = [f"clean({quoted(name)})" for name in _columns(reading, ADDRESS)]
    address = f"nullif(concat_ws(', ', {', '.join(lines)}), '')" if lines else "null::varchar"
    uprn = f"as_uprn({reading.column('uprn')})" if reading.has("uprn") else "null::bigint"
    posted = [name for name in POSTCODES if reading.has(name)]
    own = f"as_postcode({reading.column(*posted)})" if posted else "null::varchar"
    last = f"as_postcode(nullif(regexp_extract({address}, '{AT_END}'), ''))"
    return {
        "uprn": uprn, "address": address, "postcode": f"coalesce({own}, {last})",
        "applied_on": f"as_day({reading.column(*_named(reading, DAYS))})",
    } | _person(reading, f"coalesce({uprn}::varchar, normalised({address}))")  # fmt: skip


def _person(reading: Reading, home: str) -> dict[str, str]:
    """By the words of the name, in any order, at the home; a row without a name is nobody's again."""
    names = [quoted(name) for name in _columns(reading, NAMES)]
    if not names:
        return {}
    said = f"nullif(normalised(concat_ws(' ', {', '.join(names)})), '')"
    words = f"array_to_string(list_sort(string_split({said}, ' ')), ' ')"
    return {"person": f"concat('applicant', chr(31), {words}, chr(31), {home})"}


def _checks(reading: Reading) -> list[Check]:
    made = _output(reading)
    day, applied = reading.column(*_named(reading, DAYS)), made["applied_on"]
    checks = [
        Check("uprn", NO_HOME, f"{made['uprn']} is null and {made['address']} is null"),
        Check("applied_on", NO_DAY, f"{applied} is null", f"left({day}, 20)"),
        Check("applied_on", AFTER, f"{applied} > {literal(reading.as_at.isoformat())}::date", f"left({day}, 20)"),
    ]
    if status := _named(reading, STATUS):
        over = f"coalesce(regexp_matches(lower({reading.column(*status)}), '{DECIDED}'), false)"
        checks.insert(0, Check("status", OVER, over, expected=True))
    return checks


def _anonymous(reading: Reading) -> str:
    found = [f"regexp_matches(lower({reading.column(name)}), '{ANONYMOUS}')" for name in _named(reading, SORTS)]
    return f"coalesce({' or '.join(found)}, false)" if found else "false"


def _named(reading: Reading, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if reading.has(name))


def _columns(reading: Reading, pattern: re.Pattern[str]) -> list[str]:
    return [name for name in reading.columns if pattern.fullmatch(" ".join(name.strip().casefold().split()))]


FORMATS = (
    Format(
        kind="applications", name="Applications in progress", normalise=normalise, locate=locate,
        columns=("uprn", "address", "postcode", "applied_on", "status"), rows_need=("uprn", *DAYS),
    ),
)  # fmt: skip
