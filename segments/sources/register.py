"""A full register as a snapshot, and the changes of an update applied to the current one, for every system alike.

Of anonymous entries only the number is kept: they are dropped while the file is parsed.

Within one register year an entry without an id is known by its district and number, whatever becomes of its name and
address; in December the numbers are given anew. Only where a number is missing, or is of another year, does the name
tell: an amended name or address is then somebody new, the old entry stays until the next full register, and the report
counts how many. Updates may have neither the ids nor the middle names of the full export, so `alias` keeps the hash of
first forename, surname and home, by which they find each other. Two of one first name whose middle names differ are
two.

Two people of one name in one home, or of one elector id, are two where their numbers differ, and one where they are the
same. Without numbers each counts: father and son are far commoner than an entry made twice.
"""

from collections import Counter
from dataclasses import dataclass

from engage.foundation.errors import InputRefused
from segments.files.reading import Reading, literal, open_rows
from segments.sources.entry import MACROS, SEALED, Entry, Layout, register_year, voting_day
from segments.sources.format import (
    Check,
    Harvest,
    hash_names,
    noted,
    refuse_if_none,
    save,
    save_good,
    scalar,
    tabulate,
)

SPECIAL_ENTRY = "special entry, not imported"
OPERATIONS = {"N": "new", "A": "amended", "D": "deleted"}
SNAPSHOT = "person, uprn, address, postcode, ward_name, attainment, franchise, line, alias, entry, names"

NAMED = ("given", "family", "uprn", "address", "postcode")  # what the short hashes of a name are made of

# The second of one name in one home, or of one elector id, is a person of its own: the lines of these, each with which
# of the person's it is.
APART = """
create table apart as
select line, row_number() over (partition by person order by line) as nth
from alike where line not in (from repeated) qualify nth > 1
"""
ODD_MARKERS = """
select odd_marker, count(*) as n from good where odd_marker is not null group by 1 order by n desc, 1 limit 6
"""
REPEATED_IDS = (
    "{n} elector ids are on an earlier row too, with another elector number: each counts as an elector of its own"
)
NTH = "create macro nth_person(person, n) as case when n > 1 then sha256(concat(person, chr(31), n)) else person end"
MOST_ALIKE = 99  # of one name in one home


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
    rejected = _sort_out(entry, {}, [], unique="person, entry", repeated="the same elector is in the file twice")
    reading.con.execute(APART)
    alike = int(scalar(reading, "select count(*) from apart"))
    rows = save_good(reading, SNAPSHOT, SEALED, NAMED)
    refuse_if_none(reading, rows, rejected)
    if alike and known:
        reading.warnings.append(REPEATED_IDS.format(n=f"{alike:,}"))
    return Harvest(rows, rejected, _figures(reading) | ({} if known else {"namesakes_in_one_home": alike}), rows)


def apply(layout: Layout, changes: Changes, reading: Reading, header_at: int) -> Harvest:
    """The changes of an update applied to the current register, which makes the next one."""
    register = _current(reading)
    entry = _open(layout, reading, header_at)
    unsaid = f"coalesce({changes.operation}, '') not in ('N', 'A', 'D')"
    checks = [*changes.checks, Check(changes.column, f"{changes.column} does not say what to do", unsaid)]
    otherwise = " or ".join(f"coalesce({check.when}, false)" for check in (*checks, *entry.checks[:-1]))
    gone = f"{entry.elsewhere} and not ({otherwise})"
    more = {
        "operation": changes.operation, "gone": gone, "bare": entry.bare, "more": entry.more,
        "by_id": "_id is not null",
    }  # fmt: skip
    rejected = _sort_out(entry, more, checks)
    accepted = int(scalar(reading, "select count(*) from good"))
    refuse_if_none(reading, accepted, rejected)
    same_year = register_year(reading.known.register_as_at or reading.as_at) == register_year(reading.as_at)
    hash_names(reading, NAMED)
    reading.con.execute(
        CHANGED.format(register=register, entry="entry" if same_year else "null::varchar", most=MOST_ALIKE)
    )
    _warn_of_unknown(reading)
    rows = save(reading, NEXT.format(as_at=literal(reading.as_at.isoformat())))
    found = reading.con.execute("select operation, count(*) from good group by 1 order by 1").fetchall()
    counted = {OPERATIONS[operation]: count for operation, count in found}
    return Harvest(accepted, rejected, _figures(reading) | counted, rows)


def _open(layout: Layout, reading: Reading, header_at: int) -> Entry:
    open_rows(reading, header_at=header_at, checked=False)
    reading.con.execute(MACROS)
    reading.con.execute(NTH)
    reading.con.execute(f"create macro voting_day(birth) as {voting_day('birth', reading.authority, reading.rules)}")
    entry = Entry(layout, reading)
    reading.work_out(*entry.parts)
    return entry


def _sort_out(
    entry: Entry, more: dict[str, str], checks: list[Check], *, unique: str = "", repeated: str = ""
) -> Counter[str]:  # fmt: skip
    """Make `good` of the ordinary entries with a home; count the special ones and let them go."""
    reading, named = entry.reading, f"case when {entry.marker.anonymous} then not {entry.nameless} end"
    special = " and not ".join([entry.special, *(f"({line})" for line in noted(reading))])
    rejected = tabulate(
        reading, entry.columns | more, [*checks, *entry.checks], warns=entry.warnings, unlisted_if=special,
        unique=unique, repeated=repeated, sealed=SEALED, tallies={"named": named},
    )  # fmt: skip
    _refuse_secure_record(reading)
    _tell_markers(reading)
    if dropped := reading.tallies["unlisted"]:
        rejected[SPECIAL_ENTRY] = dropped
        reading.expected.add(SPECIAL_ENTRY)
    return rejected


def _tell_markers(reading: Reading) -> None:
    """Short ones alone are shown: a longer word may be a name that slipped into the column."""
    at = next((n for n, warning in enumerate(reading.warnings) if "not known to use" in warning), None)
    if at is not None and (found := reading.con.execute(ODD_MARKERS).fetchall()):
        reading.warnings[at] += f": {', '.join(f'{marker} ({n:,})' for marker, n in found)}"


def _refuse_secure_record(reading: Reading) -> None:
    """A register shows an anonymous elector by number alone; rows marked N with names are the secure record."""
    if reading.tallies["named"] > reading.rows / 2:
        raise InputRefused(
            f"{reading.file} looks like the secure record of anonymous electors: most rows are marked N and carry "
            "names. It must not be loaded here. Nothing was kept. Export the register without it."
        )


# Which row of the register here a change is of: `nth` is how surely, 1 the surest. A number of this year speaks before
# a name; where both rows have one, the name does not speak at all. That two exports write their numbers differently is
# seen by that not one amended or deleted entry is found by its number: then numbers do not speak. New entries of one
# name in one home that nothing tells apart each count, as in a full register.
CHANGED = """
create table old as
select row_number() over () as was, * replace ({entry} as entry) from (
    from read_parquet({register}) union all by name
    select null::varchar as alias, null::varchar as entry, null::bigint[] as names where false);
create table numbered as
select entry, any_value(was) as was, any_value(person) as person from old where entry is not null
group by entry having count(*) = 1;
create table known as
select alias, any_value(was) as was, any_value(entry) as entry from old where alias is not null
group by alias having count(*) = 1;
create table raw_change as
with followed as (
    select judged.*, named.names from judged left join named using (line)
    where operation in ('N', 'A', 'D') and (verdict is null or gone)),
heard as (
    select count(*) filter (operation <> 'N') = 0 or bool_or(entry in (select entry from numbered)) as speaks
    from followed)
select followed.* exclude (entry), case when speaks then entry end as entry from followed, heard;
create table old_person as select person, any_value(was) as was, any_value(entry) as entry from old group by person;
create table several as select person from old where person in (
    select nth_person(person, 2) from raw_change where by_id);
create table found as
select line, arg_min(was, nth) as was, min(nth) as nth from (
    select j.line, o.was, 1 as nth from raw_change j join numbered o using (entry) join range(1, {most}) r(n)
        on o.person = nth_person(j.person, r.n)
    union all
    select j.line, o.was, 2 from raw_change j join old_person o using (person)
    where j.by_id and nth_person(j.person, 2) not in (from several)
    union all
    select j.line, o.was, 3 from raw_change j join numbered o using (entry)
    where not j.by_id or j.operation <> 'N' and not (
        select coalesce(bool_or(by_id and person in (select person from old)), false) from raw_change)
    union all
    select j.line, o.was, 4 from raw_change j join old_person o using (person)
    where not j.by_id and (j.entry is null or o.entry is null)
    union all
    select j.line, o.was, 5 + said.n from raw_change j, lateral (values (0, j.alias), (1, j.bare), (2, case
        when j.person = j.bare then j.more end)) said(n, alias) join known o on o.alias = said.alias
    where j.entry is null or o.entry is null)
group by line;
create table change as
select j.* replace (coalesce(o.person, j.person) as person,
    case when f.nth >= 5 then coalesce(o.alias, j.alias) else j.alias end as alias), f.was,
    coalesce('row ' || f.was, case when j.by_id then concat(j.person, j.entry) end, j.entry, nth_person(j.person, case
        when j.operation = 'N' then row_number() over (partition by j.person,
            f.was is null and not j.by_id and j.entry is null and j.operation = 'N' order by j.line) end)) as whose
from raw_change j left join found f using (line) left join old o using (was);
create table final as from change qualify row_number() over (partition by whose order by line desc) = 1;
create table fresh as
select *, row_number() over (partition by person order by line) as place
from final where was is null and verdict is null and operation in ('N', 'A');
create table free as
select base.person, nth_person(base.person, n) as own, row_number() over (partition by base.person order by n) as place
from (select distinct person from fresh) base, range(1, {most}) r(n)
where nth_person(base.person, n) not in (select person from old where was not in (
    select was from final where was is not null and operation = 'D'))
"""
NEXT = f"""
select {SNAPSHOT.replace("attainment", "case when attainment > {as_at}::date then attainment end as attainment")}
from old where was not in (select was from change where was is not null)
union all
select {SNAPSHOT} from final where was is not null and verdict is null and operation in ('N', 'A')
union all
select {SNAPSHOT.replace("person", "coalesce(own, person) as person")} from fresh left join free using (person, place)
"""
UNKNOWN = """
select count(*), count(*) filter (
    operation = 'A' and not by_id and (entry is null or (select count(entry) = 0 from old)))
from change where verdict is null and operation <> 'N' and was is null
and whose not in (select whose from change where operation = 'N')
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


def _warn_of_unknown(reading: Reading) -> None:
    [(unknown, nameless)] = reading.con.execute(UNKNOWN).fetchall()
    if unknown:
        reading.warnings.append(f"{unknown:,} changes are of electors whom the register here does not have")
    if nameless:
        reading.warnings.append(
            f"{nameless:,} of these are amended entries with no elector id, and no number of the year of the register "
            "here, so that nothing but name and address tells whose they are. Where it was one of these that was "
            "amended, the entry from before stays beside the new one, and the elector is counted twice, until the next "
            "full register. Each further update that amends them counts them once more"
        )


def _figures(reading: Reading) -> dict[str, int]:
    """Of the register just saved."""
    day, saved = literal(reading.as_at.isoformat()), literal(str(reading.output))
    row = reading.con.execute(
        f"select count(*) as electors, count(uprn) as with_uprn, count(distinct uprn) as properties, "
        f"count(*) filter (attainment > {day}::date) as attainers from read_parquet({saved})"
    ).fetchone()
    return dict(zip(("electors", "with_uprn", "properties", "attainers"), row or (), strict=True))
