"""Democracy Counts Elector8: the full register. Names, markers and roll numbers are read and let go."""

from collections import Counter

from engage.foundation.errors import InputRefused
from segments.reading import Reading, literal, open_rows
from segments.sources.format import Check, Format, Harvest, Warn, headed_by, refuse_if_none, save, scalar, tabulate

NEEDED = ("PDCode", "RollNo", "ElectorSurname", "ElectorForename", "FranchiseMarker", "RegisteredAddress1", "PostCode")
SPECIAL_ENTRY = "special entry, not imported"
CHANGE = "ChangeTypeID"
CHANGES = {"N": "new", "A": "amended", "D": "deleted"}
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
    """As `Keys.person`: by the elector id, else by name and UPRN, or by name and address where there is no UPRN."""
    elector_id = f"clean({reading.column('ElectorID')})"
    by_id = reading.keys.hash_sql(f"concat('elector', chr(31), {elector_id})")
    name = f"normalised(concat_ws(' ', {_name(reading)}, case when {uprn} is null then {address} end))"
    by_name = reading.keys.hash_sql(f"concat('name', chr(31), {name}, chr(31), coalesce({uprn}::varchar, ''))")
    return f"case when {elector_id} is not null then {by_id} else {by_name} end"


def special(reading: Reading) -> str:
    """Anonymous entries show a number and `N`, which may stand where the surname does; an ordinary one has a name.
    They are dropped here, while parsing."""
    return f"(upper(clean({reading.column('FranchiseMarker')})) = 'N' or upper({_name(reading)}) in ('', 'N'))"


def other(reading: Reading) -> str:
    """Overseas, service and other electors without a home in the area to count them at."""
    marker = f"upper(clean({reading.column('FranchiseMarker')}))"
    address = f"concat_ws('', {', '.join(f'clean({reading.column(part)})' for part in ADDRESS)})"
    return f"({marker} = 'F' or {address} = '' or {address} ilike 'other elector%')"


def warnings(reading: Reading) -> list[Warn]:
    uprn, day = reading.column("UPRN"), reading.column("DateOfAttainment")
    valid = f"coalesce(year({_attainment(reading)}) between 1910 and 2100, false)"
    return [
        Warn("{n} UPRNs were turned into numbers like 1.00031E+11 by a spreadsheet and have lost digits: those rows "
             "are linked by address", f"lost_digits({uprn})"),
        Warn("{n} UPRNs are no whole number of up to 12 digits: those rows are linked by address",
             f"clean({uprn}) is not null and as_uprn({uprn}) is null and not lost_digits({uprn})"),
        Warn("{n} rows have no UPRN: they are linked by address", f"clean({uprn}) is null"),
        Warn("{n} dates of attainment are no date (expected dd/mm/yyyy or yyyy-mm-dd): the rows are kept without",
             f"clean({day}) is not null and not {valid}"),
        Warn("{n} postcodes are no postcode: the rows are kept without",
             f"clean({reading.column('PostCode')}) is not null and as_postcode({reading.column('PostCode')}) is null"),
    ]  # fmt: skip


def normalise(reading: Reading, header_at: int) -> Harvest:
    rejected = _judge(reading, header_at, unique="person")
    rows = save(reading, "select * exclude (change, line), line from good order by line")
    refuse_if_none(reading, rows, rejected)
    return Harvest(rows, rejected, figures(reading, "good"), rows)


def _judge(reading: Reading, header_at: int, *changes: Check, unique: str = "") -> Counter[str]:
    """Make `good` of the ordinary entries with a home; count the special ones and let them go."""
    open_rows(reading, header_at=header_at)
    _refuse_secure_record(reading)
    dropped = scalar(reading, f"select count(*) from raw where {special(reading)}")  # noqa: S608 - our own expression
    checks = [*changes, Check("FranchiseMarker", OTHER_ELECTOR, other(reading), reading.column("FranchiseMarker"))]
    rejected = tabulate(
        reading, output(reading) | {"change": f"upper(clean({reading.column(CHANGE)}))"}, checks,
        warns=warnings(reading), unlisted_if=special(reading), unique=unique,
        repeated="the same elector is in the file twice",
    )  # fmt: skip
    if dropped:
        rejected[SPECIAL_ENTRY] += dropped
    return rejected


# The last change of an elector counts. An amended entry replaces the old one; one that lost its home here (moved
# overseas, say) only takes the old one away.
UPDATED = """
select o.* from read_parquet({register}) o
where o.person not in (select person from judged where change in ('N', 'A', 'D'))
union all by name
select * exclude (change, line), line from good qualify row_number() over (partition by person order by line desc) = 1
    and change in ('N', 'A')
"""
UNKNOWN = """
select count(*) from good where change <> 'N' and person not in (select person from read_parquet({register}))
"""


def update(reading: Reading, header_at: int) -> Harvest:
    """Apply the changes to the current register, which makes the next one."""
    register = _register(reading)
    wrong = f"coalesce(upper(clean({CHANGE})), '') not in ('N', 'A', 'D')"
    rejected = _judge(reading, header_at, Check(CHANGE, "ChangeTypeID is not N, A or D", wrong, CHANGE))
    accepted = int(scalar(reading, "select count(*) from good"))
    refuse_if_none(reading, accepted, rejected)
    if unknown := scalar(reading, UNKNOWN.format(register=register)):
        reading.warnings.append(f"{unknown:,} changes are of electors whom the register here does not have")
    rows = save(reading, UPDATED.format(register=register))
    found = reading.con.execute("select change, count(*) from good group by 1 order by 1").fetchall()
    counted = {CHANGES[change]: count for change, count in found}
    whole = f"read_parquet({literal(str(reading.output))})"
    return Harvest(accepted, rejected, figures(reading, whole) | counted, rows)


def _register(reading: Reading) -> str:
    known = reading.known
    if known.register is None or known.register_as_at is None:
        raise InputRefused(
            f"{reading.file} is an update, and there is no register yet. Import the full register first."
        )
    if reading.as_at < known.register_as_at:
        raise InputRefused(
            f"{reading.file}: the date {reading.as_at.isoformat()} is before that of the register here, "
            f"{known.register_as_at.isoformat()}, so its changes are in it already."
        )
    return literal(str(known.register))


def figures(reading: Reading, table: str) -> dict[str, int]:
    day = literal(reading.as_at.isoformat())
    row = reading.con.execute(
        f"select count(*) as electors, count(uprn) as with_uprn, count(distinct uprn) as properties, "  # noqa: S608 - a date
        f"count(*) filter (attainment > {day}::date) as attainers from {table}"
    ).fetchone()
    return dict(zip(("electors", "with_uprn", "properties", "attainers"), row or (), strict=True))


def _refuse_secure_record(reading: Reading) -> None:
    """A register shows an anonymous elector by number alone; rows marked N with names are the secure record."""
    marker = f"upper(clean({reading.column('FranchiseMarker')}))"
    named = scalar(reading, f"select count(*) from raw where {marker} = 'N' and {_name(reading)} <> ''")  # noqa: S608 - our own
    if named > reading.rows / 2:
        raise InputRefused(
            f"{reading.file} looks like the secure record of anonymous electors: most rows are marked N and carry "
            "names. It must not be loaded here. Nothing was kept. Export the register without it."
        )


FORMATS = (
    Format(
        kind="register", name="Elector8 full register", columns=(*NEEDED, "ElectorID", "UPRN"), normalise=normalise,
        locate=headed_by(*NEEDED, without=(CHANGE,)),
    ),
    Format(
        kind="register-update", name="Elector8 register update", columns=(*NEEDED, "ElectorID", "UPRN", CHANGE),
        normalise=update, locate=headed_by(*NEEDED, CHANGE),
    ),
)  # fmt: skip
