"""What all gazetteers share: how addresses are composed, what counts as a home, whose it is, and how changes apply.

A format tabulates its rows into `good(line, record, key, change, turn, …)`; `settle` makes of them the `records` that
stand after the file. From these the format makes two tables, and `harvest` makes the snapshot of them:

    properties  line, uprn, class, logical_status, state, parent_uprn, easting, northing, started, ended,
                organisation, ward, successor
    parts       line, key, uprn, language, status, usrn, sao, sao_number, pao, pao_number, street, place1 to place4,
                postcode

One row of `parts` is one way to say an address, in the words of BS 7666: SAO is the part of a building (Flat 2), PAO
the building. A status of 0 is Royal Mail's delivery point; the rest are those of the local gazetteer.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from engage.foundation.errors import InputRefused
from segments.files.reading import Reading, literal, quoted
from segments.sources.format import Check, Harvest, refuse_if_none, save, scalar

FAULT_UPRN = "UPRN is not a whole number of up to 12 digits"
REPEATED = "the same UPRN twice"
ELSEWHERE = "in another authority"
CLASS = "'^[A-Z]{1,2}[0-9]{0,2}[A-Z]{0,2}$'"
EARLIER = 10**12  # what is taken off the lines of earlier files, so that they keep their order before this file's

# Homes an elector may live in: dwellings but for holiday caravans, rooms of shared houses, institutions, dual use.
HOMES = "(class like 'RD%' and class <> 'RD10' or class in ('RH02', 'RH03') or class like 'RI%' or class like 'X%')"
OCCUPIABLE = "logical_status = 1 and not ended and (state is null or state in (2, 3))"
RESIDENTIAL = f"coalesce({HOMES} and {OCCUPIABLE}, false)"

MACROS = r"""
create macro numbered(a, b, c, d) as nullif(concat(clean(a), upper(clean(b)),
    case when coalesce(clean(c), clean(d)) is not null then '-' end, clean(c), upper(clean(d))), '');
create macro is_number(t) as coalesce(regexp_matches(upper(clean(t)), '^\d+[A-Z]?(-\d+[A-Z]?)?$'), false);
create macro a_line(t) as
    nullif(trim(regexp_replace(regexp_replace(t, '[\[\](){}<>]', '', 'g'), '^[^\pL\pN]+', '')), '');
create macro unless_in(t, others) as case when not coalesce(list_contains(others, t), false) then t end;
create macro seven(lines) as case when len(lines) > 7
    then list_concat([lines[1] || ', ' || lines[2]], lines[3:]) else lines end;
"""

TEXTS = ("sao", "pao", "street", "place1", "place2", "place3", "place4")
# A place is said once, where it stands last.
PLACES = [
    f"unless_in(w_place{n}.shown, [{', '.join(f'w_place{m}.shown' for m in range(n + 1, 5))}]::varchar[])"
    for n in range(1, 5)
]

# The order of the lines is that of the postal address guidance (BS 7666): parts of a building, the building, number and
# street, locality, town, postcode. GOV.UK Notify takes at most seven lines and none that begins with a bracket or the
# like.
COMPOSE = f"""
create table wordings as select given, titled(given) as shown
from (select distinct unnest([{", ".join(TEXTS)}]) as given from parts) where given is not null;
create table addresses as
select * replace (seven(lines) as lines) from (
    select p.line, p.key, p.uprn, p.language, p.status, p.usrn, w_street.shown as street, p.postcode, list_filter([
        a_line(w_sao.shown), a_line(case when w_pao.shown is not null then concat_ws(' ', sao_number, w_pao.shown) end),
        a_line(concat_ws(' ', case when w_pao.shown is null then sao_number || ',' end, pao_number, w_street.shown)),
        {", ".join(f"a_line({place})" for place in PLACES)}, postcode], lambda x: x is not null) as lines
    from parts p {" ".join(f"left join wordings w_{text} on w_{text}.given = p.{text}" for text in TEXTS)}
    where p.uprn in (select uprn from properties));
"""

# The approved English wording speaks for a property; where there is none (provisional, historic) the next best does.
GAZETTEER = f"""
with ranked as (
    select *, array_to_string(lines, ', ') as said, row_number() over (partition by uprn order by
        coalesce(list_position([1, 0, 6, 5, 3, 8], status), 9), coalesce(language, 'ENG') <> 'ENG', key, line) as place
    from addresses),
others as (
    select uprn, list(distinct said order by said) as said from ranked
    where place > 1 and status in (0, 1, 3, 8) group by uprn)
select p.uprn, p.class, p.logical_status, p.state, p.parent_uprn, p.easting, p.northing, p.ward, p.organisation,
    a.said as address, a.lines as address_lines, a.postcode, a.street, a.usrn, {RESIDENTIAL} as residential,
    coalesce(list_filter(o.said, lambda x: x <> a.said), []) as other_addresses, p.successor, p.started
from properties p left join ranked a on a.uprn = p.uprn and a.place = 1 left join others o on o.uprn = p.uprn
order by p.uprn
"""


def prepare(reading: Reading) -> None:
    """The SQL words of gazetteers. A day of ending that is still ahead has not ended anything."""
    reading.con.execute(MACROS)
    day = literal(reading.as_at.isoformat())
    reading.con.execute(
        f"create macro has_ended(t) as clean(t) is not null and not coalesce(as_day(t) > {day}::date, false)"
    )


def delivery_point(
    sub: str, name: str, number: str, dependent: str, thoroughfare: str, *places: str, postcode: str
) -> str:  # fmt: skip
    """The SQL of `sao` to `postcode` in `parts` for an address in Royal Mail's terms: part of a building, building
    name and number, dependent and main thoroughfare, and three places, or four where there is no dependent
    thoroughfare (null). A name like 12A is a number to the reader."""
    beyond = [] if dependent == "null" else [f"case when clean({dependent}) is not null then clean({thoroughfare}) end"]
    far = [*beyond, *(f"clean({place})" for place in places)]
    shown = ", ".join(f"{sql} as place{n}" for n, sql in enumerate(far, 1))
    return (
        f"case when not is_number({sub}) then clean({sub}) end as sao, "
        f"case when is_number({sub}) then upper(clean({sub})) end as sao_number, "
        f"case when not is_number({name}) then clean({name}) end as pao, "
        f"nullif(concat_ws(', ', case when is_number({name}) then upper(clean({name})) end, clean({number})), '') "
        "as pao_number, "
        f"coalesce(clean({dependent}), clean({thoroughfare})) as street, {shown}, as_postcode({postcode}) as postcode"
    )


def class_check(column: str, code: str, only: str) -> Check:
    when = f"case when {only} then not coalesce(regexp_matches(clean({code}), {CLASS}), false) end"
    return Check(column, "class is missing or no class code", when, f"left({code}, 10)")


def state_check(column: str, code: str, only: str) -> Check:
    when = f"case when {only} then coalesce(clean({code}), '2') not in ('1', '2', '3', '4', '6') end"
    return Check(column, "state is not one of 1, 2, 3, 4, 6 or blank", when, f"left({code}, 10)")


def change_check(column: str, code: str, only: str, *, changes: bool) -> Check:
    """What a full file deletes itself it does not hold; a change-only file deletes what is known from before."""
    if changes:
        return Check(column, "change type is not I, U or D", f"{only} and upper({code}) not in ('I', 'U', 'D')",
                     f"left({code}, 10)")  # fmt: skip
    return Check(column, "deleted by the file itself", f"{only} and upper({code}) = 'D'", f"left({code}, 10)")


def take_up(reading: Reading, family: str) -> None:
    """Make `held`, the records that a change-only file applies to; InputRefused if there are none, with what to do."""
    known = reading.known
    if known.gazetteer is None or known.gazetteer_as_at is None:
        raise InputRefused(
            f"{reading.file} holds changes only, and there is no gazetteer here that they could change. Import the "
            f"full {family} first, then its changes in the order of their dates."
        )
    if known.records is None or not known.gazetteer_format.startswith(family):
        raise InputRefused(
            f"{reading.file} holds changes of {family} only, but the gazetteer here came from "
            f"{known.gazetteer_format or 'another format'}. Import the full {family} first, then its changes."
        )
    if reading.as_at < known.gazetteer_as_at:
        raise InputRefused(
            f"{reading.file} holds changes up to {reading.as_at.isoformat()}, but the gazetteer here is of "
            f"{known.gazetteer_as_at.isoformat()} already. Changes are imported in the order of their dates. "
            "Nothing was changed."
        )
    records = f"read_parquet({literal(str(known.records))})"
    reading.con.execute(f"create table held as select * replace (line - {EARLIER} as line) from {records}")


def keep_own(reading: Reading, claims: str, *, here: str, changes: bool) -> str:
    """The SQL, over `{}` for a UPRN, of what is another authority's; empty where nothing tells.

    `claims` is a query of the file's `uprn` and `custodian`, `here` one of the UPRNs whose rows say themselves that
    they lie in the authority (empty where none can). A home that nothing knows yet is ours if its custodian's others
    mostly are.
    """
    known = [here] if here else []
    if reading.known.geography:
        known.append(f"select uprn from read_parquet({literal(str(reading.known.geography))})")
    if not known:
        reading.warnings.append(
            f"Nothing here tells which properties lie in {reading.authority}, so every row was kept. If the file holds "
            "other authorities' too, undo this import, import the geography (ONSUD), then this file again"
        )
        return ""
    if changes:
        known.append("select as_uprn(key) from held where record in ('', '21')")
    found = " union all ".join(known)
    reading.con.execute(
        f"create table ours as select distinct uprn::bigint as uprn from ({found}) where uprn is not null; "
        f"create table claims as select *, uprn in (select uprn from ours) as known from ({claims}) "
        "where uprn is not null; "
        "create table own as select uprn from ours union select uprn from claims where custodian in (select custodian "
        "from claims where custodian is not null group by 1 having 2 * count(*) filter (known) >= count(*))"
    )
    return "{} not in (select uprn from own)"


def leave_out(reading: Reading, condition: str) -> str:
    """Count the rows for which `condition` holds as another authority's; returns it for `tabulate` to leave out."""
    if not condition:
        return "false"
    if count := scalar(reading, f"select count(*) from raw where {condition}"):
        reading.rejected[ELSEWHERE] += count
        reading.expected.add(ELSEWHERE)
    return condition


# Each change in its turn: `there` is whether its record was known just before it, `last` whether it has the last word.
TURNS = """
create table turns as
select g.*, coalesce(lag(g.change) over turn <> 'D', h.key is not null) as there,
    row_number() over (partition by g.record, g.key order by g.turn desc, g.line desc) = 1 as last
from good g left join (select distinct record, key from held) h on h.record = g.record and h.key = g.key
window turn as (partition by g.record, g.key order by g.turn, g.line)
"""
AMISS = {
    ("I", True): "{n:,} insertions are of records that were here already: they replace what was known",
    ("U", False): "{n:,} updates are of records that were not known here: they are taken in as new",
    ("D", False): "{n:,} deletions are of records that were not known here: there was nothing to delete",
}
CHANGES = {"I": "inserted", "U": "updated", "D": "deleted"}


def settle(reading: Reading, columns: Iterable[str], *, changes: bool) -> dict[str, int]:
    """Make `records(line, record, key, columns)`: what stands after this file; returns how much it changed."""
    cells = f"line, record, key, {', '.join(map(quoted, columns))}"
    if not changes:
        reading.con.execute(f"create view records as select {cells} from good")
        return {}
    reading.con.execute(TURNS)
    reading.con.execute(
        f"create table records as select {cells} from held anti join turns using (record, key) "
        f"union all select {cells} from turns where last and change <> 'D'"
    )
    turns = "select change, there, count(*) from turns where record <> '10' group by all"
    found = {(change, there): n for change, there, n in reading.con.execute(turns).fetchall()}
    reading.warnings.extend(said.format(n=found[amiss]) for amiss, said in AMISS.items() if amiss in found)
    return {word: sum(n for (made, _), n in found.items() if made == letter) for letter, word in CHANGES.items()}


def harvest(
    reading: Reading, rejected: Counter[str], changed: dict[str, int], streets: str, references: str = ""
) -> Harvest:  # fmt: skip
    """The snapshot of `properties` and `parts`, and beside it the records that later changes apply to and the cross
    references. `streets` is a query of how many there are, `references` one of `uprn, reference, source, started,
    ended`."""
    rows = save(reading, GAZETTEER)
    refuse_if_none(reading, rows, rejected)
    found = reading.con.execute(
        f"select count(*), count(*) filter ({RESIDENTIAL}), (select count(*) from addresses), ({streets}) "
        "from properties"
    ).fetchone()
    figures = dict(zip(("properties", "residential", "addresses", "streets"), found or (), strict=True))
    return Harvest(
        reading.rows - sum(rejected.values()), rejected, figures | changed, rows, records=_keep_records(reading),
        cross_references=_keep_references(reading, references) if references else None,
    )  # fmt: skip


def _keep_records(reading: Reading) -> Path:
    target = reading.scratch / "records.parquet"
    reading.con.execute(f"copy (from records) to {literal(str(target))} (format parquet, compression zstd)")
    return target


def _keep_references(reading: Reading, references: str) -> Path:
    target = reading.scratch / "cross_references.parquet"
    known = (
        f"select distinct * from ({references}) where reference is not null and uprn in (select uprn from properties)"
    )
    reading.con.execute(
        f"copy (from ({known}) order by source, reference, uprn) to {literal(str(target))} "
        "(format parquet, compression zstd)"
    )
    return target
