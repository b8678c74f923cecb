"""A full register as a snapshot, and the changes of an update applied to the current one, for every system alike.

Of anonymous entries only the number is kept: they are dropped while the file is parsed.

An export without elector ids cannot tell that an entry whose name or address was amended is one it had before. The
amended entry is then somebody new, the old one stays until the next full register, and the report counts how many.
Updates may have neither the ids nor the middle names of the full export, so `alias` keeps the hash of first forename,
surname and home, by which they find each other. Two of one first name whose middle names differ are two.

Without ids two people of one name in one home look like one. Father and son are far commoner than an entry made twice,
so each counts, and the figures say how many there are.
"""

from collections import Counter
from dataclasses import dataclass

from engage.foundation.errors import InputRefused
from segments.files.reading import Reading, literal, open_rows
from segments.sources.entry import MACROS, SEALED, Entry, Layout, voting_day
from segments.sources.format import Check, Harvest, noted, refuse_if_none, save, save_good, scalar, tabulate

SPECIAL_ENTRY = "special entry, not imported"
OPERATIONS = {"N": "new", "A": "amended", "D": "deleted"}
SNAPSHOT = "person, uprn, address, postcode, ward_name, attainment, franchise, line, alias"


# The second of one name in one home is a person of its own.
APART = f"""
with shared as (select person from good group by person having count(*) > 1),
place as (
    select line, row_number() over (partition by person order by line) as n from good semi join shared using (person))
select {SNAPSHOT.replace("person", "case when n > 1 then sha256(concat(person, chr(31), n)) else person end as person")}
from good left join place using (line) order by line
"""


@dataclass(frozen=True)
class Changes:
    """How an update says what to do with a row: `operation` is SQL that gives N, A or D, and `column` its main source.
    `checks` reject rows before that is asked."""

    column: str
    operation: str
    checks: tuple[Check, ...] = ()


def take(layout: Layout, reading: Reading, header_at: int) -> Harvest:
    """A full register as a snapshot."""
    entry = _open(layout, reading, header_at)
    known = reading.has(layout.elector_id)
    rejected = _sort_out(
        entry, {}, [], unique="person" if known else "", repeated="the same elector is in the file twice"
    )
    rows = save_good(reading, SNAPSHOT, SEALED) if known else save(reading, APART)
    refuse_if_none(reading, rows, rejected)
    return Harvest(rows, rejected, _figures(reading) | ({} if known else _namesakes(reading)), rows)


def apply(layout: Layout, changes: Changes, reading: Reading, header_at: int) -> Harvest:
    """The changes of an update applied to the current register, which makes the next one."""
    register = _current(reading)
    entry = _open(layout, reading, header_at)
    unsaid = f"coalesce({changes.operation}, '') not in ('N', 'A', 'D')"
    checks = [*changes.checks, Check(changes.column, f"{changes.column} does not say what to do", unsaid)]
    otherwise = " or ".join(f"coalesce({check.when}, false)" for check in (*checks, *entry.checks[:-1]))
    gone = f"{entry.elsewhere} and not ({otherwise})"
    more = {"operation": changes.operation, "gone": gone, "bare": entry.bare, "more": entry.more}
    rejected = _sort_out(entry, more, checks)
    accepted = int(scalar(reading, "select count(*) from good"))
    refuse_if_none(reading, accepted, rejected)
    reading.con.execute(CHANGED.format(register=register))
    _warn_of_unknown(entry)
    rows = save(reading, NEXT)
    found = reading.con.execute("select operation, count(*) from good group by 1 order by 1").fetchall()
    counted = {OPERATIONS[operation]: count for operation, count in found}
    return Harvest(accepted, rejected, _figures(reading) | counted, rows)


def _open(layout: Layout, reading: Reading, header_at: int) -> Entry:
    open_rows(reading, header_at=header_at, checked=False)
    reading.con.execute(MACROS)
    reading.con.execute(f"create macro voting_day(birth) as {voting_day('birth', reading.authority, reading.rules)}")
    entry = Entry(layout, reading)
    reading.work_out(*entry.parts)
    return entry


def _sort_out(
    entry: Entry, more: dict[str, str], checks: list[Check], *, unique: str = "", repeated: str = ""
) -> Counter[str]:  # fmt: skip
    """Make `good` of the ordinary entries with a home; count the special ones and let them go."""
    reading, named = entry.reading, f"case when {entry.anonymous} then not {entry.nameless} end"
    special = " and not ".join([entry.special, *(f"({line})" for line in noted(reading))])
    rejected = tabulate(
        reading, entry.columns | more, [*checks, *entry.checks], warns=entry.warnings, unlisted_if=special,
        unique=unique, repeated=repeated, sealed=SEALED, tallies={"named": named},
    )  # fmt: skip
    _refuse_secure_record(reading)
    if dropped := reading.tallies["unlisted"]:
        rejected[SPECIAL_ENTRY] = dropped
        reading.expected.add(SPECIAL_ENTRY)
    return rejected


def _refuse_secure_record(reading: Reading) -> None:
    """A register shows an anonymous elector by number alone; rows marked N with names are the secure record."""
    if reading.tallies["named"] > reading.rows / 2:
        raise InputRefused(
            f"{reading.file} looks like the secure record of anonymous electors: most rows are marked N and carry "
            "names. It must not be loaded here. Nothing was kept. Export the register without it."
        )


# The last change of an elector counts. An amended entry replaces the old one; one that lost its home here (moved
# overseas, say) only takes the old one away. An alias that several persons share tells nobody.
CHANGED = """
create table old as from read_parquet({register}) union all by name select null::varchar as alias where false;
create table known as
select alias, any_value(person) as person from old where alias is not null group by alias having count(*) = 1;
create table change as
select j.* exclude (person, alias), coalesce(k.person, f.person, s.person, m.person, j.person) as person,
    case when k.person is null then coalesce(f.alias, s.alias, m.alias, j.alias) else j.alias end as alias
from judged j left join (select distinct person from old) k on k.person = j.person
left join known f on f.alias = j.person left join known s on s.alias = j.bare
left join known m on m.alias = j.more and j.person = j.bare
where j.operation in ('N', 'A', 'D') and (j.verdict is null or j.gone)
"""
NEXT = f"""
select {SNAPSHOT} from old where person not in (select person from change)
union all
select {SNAPSHOT} from (from change qualify row_number() over (partition by person order by line desc) = 1)
where verdict is null and operation in ('N', 'A')
"""
UNKNOWN = """
select count(*), count(*) filter (operation = 'A') from change where verdict is null and operation <> 'N'
and person not in (select person from old) and person not in (select person from change where operation = 'N')
"""


def _current(reading: Reading) -> str:
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


def _warn_of_unknown(entry: Entry) -> None:
    reading = entry.reading
    [(unknown, amended)] = reading.con.execute(UNKNOWN).fetchall()
    if unknown:
        reading.warnings.append(f"{unknown:,} changes are of electors whom the register here does not have")
    if amended and not reading.has(entry.layout.elector_id):
        reading.warnings.append(
            f"{amended:,} of these are amended entries. This export has no elector ids: where it was the name or the "
            "address that was amended, the entry from before stays beside the new one until the next full register"
        )


def _namesakes(reading: Reading) -> dict[str, int]:
    shared = "select count(*) as n from good group by person having n > 1"
    return {"namesakes_in_one_home": int(scalar(reading, f"select coalesce(sum(n - 1), 0) from ({shared})"))}


def _figures(reading: Reading) -> dict[str, int]:
    """Of the register just saved."""
    day, saved = literal(reading.as_at.isoformat()), literal(str(reading.output))
    row = reading.con.execute(
        f"select count(*) as electors, count(uprn) as with_uprn, count(distinct uprn) as properties, "
        f"count(*) filter (attainment > {day}::date) as attainers from read_parquet({saved})"
    ).fetchone()
    return dict(zip(("electors", "with_uprn", "properties", "attainers"), row or (), strict=True))
