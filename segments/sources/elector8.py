"""Democracy Counts Elector8: the full register. Names, markers and roll numbers are read and let go."""

from engage.foundation.errors import InputRefused
from segments.reading import Reading, literal, open_rows
from segments.sources.format import Check, Format, Harvest, Warn, headed_by, refuse_if_none, save, scalar, tabulate

NEEDED = ("PDCode", "RollNo", "ElectorSurname", "ElectorForename", "FranchiseMarker", "RegisteredAddress1", "PostCode")
SPECIAL_ENTRY = "special entry, not imported"
OTHER_ELECTOR = "other elector, no residential address"
ADDRESS = [f"RegisteredAddress{n}" for n in range(1, 7)]


def output(reading: Reading) -> dict[str, str]:
    """The register's columns in the lake, from the columns an Elector8 file has."""
    uprn = f"as_uprn({reading.column('UPRN')})"
    address = f"nullif(concat_ws(', ', {', '.join(f'clean({reading.column(part)})' for part in ADDRESS)}), '')"
    return {
        "person": _person(reading, uprn, address),
        "uprn": uprn,
        # House number and street often lie in separate columns.
        "address": rf"regexp_replace({address}, '^(\d+[A-Za-z]?), ', '\1 ')",
        "postcode": f"as_postcode({reading.column('PostCode')})",
        "ward_name": f"clean({reading.column('Ward')})",
        "attainment": f"case when year({_attainment(reading)}) between 1910 and 2100 then {_attainment(reading)} end",
        "franchise": f"upper(clean({reading.column('FranchiseMarker')}))",
    }


def _attainment(reading: Reading) -> str:
    return f"as_day({reading.column('DateOfAttainment')})"


def _name(reading: Reading) -> str:
    parts = ("ElectorForename", "ElectorMiddleName", "ElectorSurname")
    return f"concat_ws(' ', {', '.join(f'clean({reading.column(part)})' for part in parts)})"


def _person(reading: Reading, uprn: str, address: str) -> str:
    """As `Keys.person`: by the elector id, else by name and property; without a UPRN the address tells namesakes apart."""
    elector_id = f"clean({reading.column('ElectorID')})"
    by_id = reading.keys.hash_sql(f"concat('elector', chr(31), {elector_id})")
    name = f"normalised(concat_ws(' ', {_name(reading)}, case when {uprn} is null then {address} end))"
    by_name = reading.keys.hash_sql(f"concat('name', chr(31), {name}, chr(31), coalesce({uprn}::varchar, ''))")
    return f"case when {elector_id} is not null then {by_id} else {by_name} end"


def special(reading: Reading) -> str:
    """Anonymous entries show a number and `N`, which may stand where the surname does; and no name is no ordinary entry.
    They are dropped here, while parsing."""
    return f"(upper(clean({reading.column('FranchiseMarker')})) = 'N' or upper({_name(reading)}) in ('', 'N'))"


def other(reading: Reading) -> str:
    """Overseas, service and other electors without a home in the area to count them at."""
    address = f"concat_ws('', {', '.join(f'clean({reading.column(part)})' for part in ADDRESS)})"
    return f"(upper(clean({reading.column('FranchiseMarker')})) = 'F' or {address} = '' or {address} ilike 'other elector%')"


def warnings(reading: Reading) -> list[Warn]:
    uprn, day = reading.column("UPRN"), reading.column("DateOfAttainment")
    valid = f"coalesce(year({_attainment(reading)}) between 1910 and 2100, false)"
    return [
        Warn("{n} UPRNs were turned into numbers like 1.00031E+11 by a spreadsheet and have lost digits: those rows are "
             "linked by address", f"lost_digits({uprn})"),
        Warn("{n} UPRNs are no whole number of up to 12 digits: those rows are linked by address",
             f"clean({uprn}) is not null and as_uprn({uprn}) is null and not lost_digits({uprn})"),
        Warn("{n} rows have no UPRN: they are linked by address", f"clean({uprn}) is null"),
        Warn("{n} dates of attainment are no date (expected dd/mm/yyyy or yyyy-mm-dd): the rows are kept without",
             f"clean({day}) is not null and not {valid}"),
        Warn("{n} postcodes are no postcode: the rows are kept without",
             f"clean({reading.column('PostCode')}) is not null and as_postcode({reading.column('PostCode')}) is null"),
    ]  # fmt: skip


def normalise(reading: Reading, header_at: int) -> Harvest:
    open_rows(reading, header_at=header_at)
    _refuse_secure_record(reading)
    dropped = scalar(reading, f"select count(*) from raw where {special(reading)}")  # noqa: S608 - our own expression
    checks = [Check("FranchiseMarker", OTHER_ELECTOR, other(reading), reading.column("FranchiseMarker"))]
    rejected = tabulate(
        reading, output(reading), checks, warns=warnings(reading), unlisted_if=special(reading),
        unique="person", repeated="the same elector is in the file twice",
    )  # fmt: skip
    if dropped:
        rejected[SPECIAL_ENTRY] += dropped
    rows = save(reading, "select * exclude line, line from good order by line")
    refuse_if_none(reading, rows, rejected)
    return Harvest(rows, rejected, figures(reading), rows)


def figures(reading: Reading) -> dict[str, int]:
    day = literal(reading.as_at.isoformat())
    row = reading.con.execute(
        f"select count(*) as electors, count(uprn) as with_uprn, count(distinct uprn) as properties, "  # noqa: S608 - a date
        f"count(*) filter (attainment > {day}::date) as attainers from good"
    ).fetchone()
    return dict(zip(("electors", "with_uprn", "properties", "attainers"), row or (), strict=True))


def _refuse_secure_record(reading: Reading) -> None:
    """A register shows an anonymous elector by number alone; rows marked N with names are the secure record."""
    named = scalar(
        reading,
        f"select count(*) from raw where upper(clean({reading.column('FranchiseMarker')})) = 'N' and {_name(reading)} <> ''",  # noqa: S608 - our own
    )
    if named > reading.rows / 2:
        raise InputRefused(
            f"{reading.file} looks like the secure record of anonymous electors: most rows are marked N and carry names. "
            "It must not be loaded here. Nothing was kept. Export the register without it."
        )


FORMATS = (
    Format(
        kind="register", name="Elector8 full register", columns=(*NEEDED, "ElectorID", "UPRN"), normalise=normalise,
        locate=headed_by(*NEEDED, without=("ChangeTypeID",)),
    ),
)  # fmt: skip
