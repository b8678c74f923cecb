"""Addresses as words that compare: one spelling of each, and every way in which a home may be written exactly.

All of it is DuckDB SQL over the gazetteer and the register, because tens of millions of rows pass through it.
"""

from __future__ import annotations

from pathlib import Path

from engage.foundation.libraries import duckdb
from segments.files.postal import ABBREVIATIONS

# What stands after the post town in many registers, and in no gazetteer.
COUNTIES = (
    r"[A-Z]+SHIRE|(NORTH|SOUTH|EAST|WEST) YORKSHIRE|STAFFS|LANCS|LINCS|NOTTS|NORTHANTS|LEICS|WILTS|HANTS|BERKS|BUCKS"
    r"|BEDS|HERTS|CAMBS|OXON|GLOS|WORCS|SALOP|SURREY|KENT|ESSEX|(EAST |WEST )?SUSSEX|NORFOLK|SUFFOLK|DEVON|CORNWALL"
    r"|SOMERSET|DORSET|CUMBRIA|CLEVELAND|MERSEYSIDE|MIDDLESEX|GREATER MANCHESTER|WEST MIDLANDS|TYNE AND WEAR"
    r"|GWYNEDD|CLWYD|DYFED|GWENT|POWYS|(WEST|MID|SOUTH) GLAMORGAN|ENGLAND|WALES|UNITED KINGDOM|UK"
)
POSTCODE_AT_END = r"[ ,]+[A-Z]{1,2}[0-9][A-Z0-9]? *[0-9][A-Z]{2}[ .]*$"


def _spelt(text: str) -> str:
    """Capitals, digits and single spaces. A range keeps its dash (as `_`) and `3/14` its stroke (as `|`): neither is
    two numbers side by side."""
    steps = [
        ("['’`]", ""),
        ("&", " AND "),
        (POSTCODE_AT_END, ""),
        (r"\bST\.? *(,|$)", r"STREET\1"),
        (r"([0-9][A-Z]?) *[-–] *([0-9])", r"\1_\2"),
        (r"([0-9][A-Z]?) */ *([0-9])", r"\1|\2"),
        ("[^A-Z0-9_|]+", " "),
        (r"\b(NO|NUMBER) ([0-9])", r"\2"),
        *((rf"\b{short}\b", full) for short, full in ABBREVIATIONS.items()),
    ]
    spelt = f"upper(strip_accents({text}))"
    for pattern, by in steps:
        quoted = pattern.replace("'", "''")
        spelt = f"regexp_replace({spelt}, '{quoted}', '{by}', 'g')"
    return f"trim({spelt})"


MACROS = rf"""
create macro words(t) as {_spelt("t")};
create macro said(t) as regexp_replace(words(t), '^(.+? .+? .+?) ({COUNTIES})$', '\1');
create macro squeezed(t) as replace(t, ' ', '');
-- What tells one home from the next: its numbers, in their order, and single letters (Flat B, 12A).
create macro identity(t) as regexp_extract_all(t, '\b([0-9][0-9A-Z_|]*|[A-Z][0-9][0-9A-Z]*|[A-Z])\b');
-- Edits between a row and a home, over the length of the home's own part: towns left off do not count.
create macro apart(key, core) as
    damerau_levenshtein(left(squeezed(key), length(squeezed(core))), squeezed(core));
create macro opening(t) as regexp_extract(t, '^\S+ \S+');
-- A home without a number is told from the next by its name alone, in which nothing may differ.
create macro alike(key, core, edits) as identity(key) = identity(core) and apart(key, core) <= edits
    and (len(identity(core)) > 0 or opening(key) = opening(core));
"""

# What an address may be. An elector lives in a home; a system's list of properties has shops and garages, too. The
# building that holds homes is neither: whoever writes it has left off which.
HOMES = "coalesce(residential, false)"
LIVE = "coalesce(logical_status, 1) = 1 and uprn not in (from building)"
BUILDINGS = """
create table building as
select distinct parent_uprn as uprn from read_parquet(?) where residential and parent_uprn is not null
"""
# `core` is the address up to its street, `rest` the locality and towns after it, of which any may be left off.
PROPERTIES = """
create table property as
select uprn, {meant} as home, coalesce(logical_status, 1) = 1 as live, parent_uprn, postcode
from read_parquet(?);
"""
WORDINGS = """
create table wording as
with said as (
    select uprn, {meant} as home, coalesce(logical_status, 1) = 1 as live, postcode, street,
        unnest(list_prepend(address, coalesce(other_addresses, []))) as address,
        unnest(range(len(coalesce(other_addresses, [])) + 1)) as nth
    from read_parquet(?) where address is not null),
split as (
    select * exclude (address), address,
        list_filter(string_split(address, ', '), lambda part: part is distinct from postcode) as parts from said),
cut as (
    select *, coalesce(nullif(list_position(list_transform(parts, lambda part: ends_with(part, street)), true), 0),
        greatest(len(parts) - 1, 1)) as upto from split)
select uprn, home, live, postcode, address, nth, words(coalesce(street, '')) as street,
    words(array_to_string(parts[1:upto], ', ')) as core,
    list_transform(parts[upto + 1:len(parts)], lambda part: words(part)) as rest
from cut
"""
FORMS = """
create table form as
with choices as (select *, unnest(range(0, 1 << least(len(rest), 4))) as choice from wording)
select distinct uprn, home, live, postcode,
    array_to_string(list_prepend(core, list_filter(rest, lambda part, n: (choice >> (n - 1)) & 1 = 1)), ' ') as form
from choices
"""
ELECTORS = """
create table elector as
select person, uprn as claimed, postcode, attainment, line, coalesce(said(address), '') as key, address
from read_parquet(?)
"""
SPOTS = """
create table spot as
select row_number() over (order by key, postcode) as spot, key, postcode, min(address) as address, count(*) as electors
from elector group by key, postcode
"""


# `far`: not even the first half of the postcode is known here. A mistyped postcode of this area seldom looks so.
ELSEWHERE = """
create table elsewhere as
with here as ({known}), near as (select distinct split_part(postcode, ' ', 1) as outward from here)
select spot, split_part(postcode, ' ', 1) not in (from near) as far from spot
where postcode is not null and postcode not in (from here) and exists (from here)
"""


def place(con: duckdb.DuckDBPyConnection, gazetteer: Path, postcodes: Path | None) -> None:
    """Make `elsewhere`, the spots whose postcode lies in another area: no property of the gazetteer has it, of whatever
    kind and however long ago, and ONS's look-up, where there is one, does not have it in this authority."""
    files = [gazetteer, *([postcodes] if postcodes else [])]
    known = " union ".join(["select postcode from read_parquet(?) where postcode is not null"] * len(files))
    con.execute(ELSEWHERE.format(known=known), list(map(str, files)))


def read_gazetteer(con: duckdb.DuckDBPyConnection, gazetteer: Path, meant: str = HOMES) -> None:
    """Make `property`, `wording` and `form` of a snapshot; `home` is in each what an address may be."""
    read_wordings(con, gazetteer, meant)
    con.execute(FORMS)


def read_wordings(con: duckdb.DuckDBPyConnection, gazetteer: Path, meant: str) -> None:
    """Make `property` and `wording` alone."""
    con.execute(MACROS)
    for statement in (BUILDINGS, PROPERTIES, WORDINGS):
        con.execute(statement.format(meant=meant), [str(gazetteer)])


def read(con: duckdb.DuckDBPyConnection, register: Path, gazetteer: Path) -> None:
    """Make `property`, `wording` and `form` of a gazetteer snapshot, `elector` and `spot` of a register.

    A spot is one distinct address of the register with its postcode; nothing here sees a name.
    """
    read_gazetteer(con, gazetteer)
    con.execute(ELECTORS, [str(register)])
    con.execute(SPOTS)
    con.execute(
        "create table row_of as select e.*, s.spot from elector e join spot s "
        "on s.key = e.key and s.postcode is not distinct from e.postcode"
    )
    con.execute("drop table elector")


def spelt(texts: list[str]) -> list[str]:
    """Each address of a register or a gazetteer in the words that compare."""
    with duckdb.connect() as con:
        con.execute(MACROS)
        (row,) = con.execute("select list_transform(?::varchar[], lambda each: said(each))", [texts]).fetchall()
        return list(row[0])
