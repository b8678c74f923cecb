"""A file of the council's own records in memory: a row for each name, beside the home its record is written at.

Names and dates of birth live in this table, for the run alone; it is never written to a file.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.files.reading import Known, Reading, connect, look, open_rows
from segments.files.refusals import refuse_forbidden, refuse_foreign
from segments.files.staging import receive
from segments.names import written
from segments.names.written import Name
from segments.records.layouts import Layout, header_of
from segments.sources.entry import MACROS, POSTCODE

NO_REFERENCE, REPEATED = "no reference", "the same reference twice"
NOBODY, NO_HOME = "no name of a person", "a record of no home"
PART = 20_000  # records whose names are taken apart at a time: as objects of Python they take ten times the memory
OPEN_ENDED = 9000  # a year by which systems say: has not ended

OF_THE_HOME = ("uprn", "cross_reference", "address", "postcode")
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "row": pl.Int64, "name_no": pl.Int64, "title": pl.String, "given": pl.List(pl.String),
    "family": pl.List(pl.String), "kind": pl.String,
}  # fmt: skip


@dataclass
class Records:
    """`rows`: one for each record (row, ref, uprn, address, postcode, began, ended, away). `names`: SCHEMA."""

    layout: Layout
    file: str
    digest: str
    read: int
    rows: pl.DataFrame
    names: pl.DataFrame
    rejected: Counter[str]


def read(office: Office, actor: Actor, layout: Layout, path: Path, as_at: date, scratch: Path) -> Records:
    """InputRefused says what is wrong; then nothing of the file is kept."""
    text = receive(path, scratch / f"{layout.source}.text")
    head = look(text)
    refuse_foreign(head, path.name)
    at = header_of(layout, head, path.name)
    refuse_forbidden([head.rows[at]], path.name)
    con = connect(scratch)
    try:
        con.execute(MACROS)
        reading = Reading(
            con, path.name, text, head, actor.authority, as_at, office.keys, Known(), scratch / "none", scratch,
            lambda _: None,
        )  # fmt: skip
        open_rows(reading, header_at=at)
        rows = con.execute(_query(layout, reading)).pl()
        reading.refuse_if_changed()
    finally:
        con.close()
        (scratch / f"{layout.source}.text").unlink(missing_ok=True)
    return _taken(layout, path.name, text.digest, reading.rows, rows, reading.rejected)


def _query(layout: Layout, reading: Reading) -> str:
    def cell(name: str) -> str:
        return f"clean({reading.column(name)})" if name else "null::varchar"

    lines = f"concat_ws(', ', {', '.join(cell(name) for name in layout.address)})"
    posted = f"as_postcode({cell(layout.postcode)})"
    within = f"as_postcode(nullif(regexp_extract({lines}, '{POSTCODE}', 2, 'i'), ''))"
    names = [*layout.whole, *(layout.parts or ())]
    told = ", ".join(f"{cell(name)} as name_{n}" for n, name in enumerate(names))
    return f"""
        select line as row, {cell(layout.reference)} as ref, {told}, as_uprn({cell(layout.uprn)}) as uprn,
            {cell(layout.cross_reference)} as cross_reference,
            trim(regexp_replace({lines}, '{POSTCODE}', '\\3', 'gi'), ', ') as address,
            coalesce({posted}, {within}) as postcode, written_day({cell(layout.birth)}) as birth,
            written_day({cell(layout.began)}) as began, written_day({cell(layout.ended)}) as until,
            {cell(layout.contact)} as contact, lower({cell(layout.role)}) as role,
            lower({cell(layout.absent[0])}) as absent, lower({cell(layout.left_out[0])}) as left_out
        from raw order by line
    """


def _taken(
    layout: Layout, file: str, digest: str, read_rows: int, rows: pl.DataFrame, rejected: Counter[str]
) -> Records:
    rejected = Counter(rejected)
    for reason, wrong in (
        (NO_REFERENCE, pl.col("ref").is_null()),
        (NO_HOME, pl.col("left_out").is_in(list(layout.left_out[1]))),
        (REPEATED, ~pl.col("ref").is_first_distinct()),
    ):
        bad = rows.filter(wrong.fill_null(value=False)).height
        rejected += Counter({reason: bad} if bad else {})
        rows = rows.filter(~wrong.fill_null(value=False))
    parts = [pl.DataFrame(list(_names(layout, part)), schema=SCHEMA, orient="row") for part in rows.iter_slices(PART)]
    names = pl.concat([pl.DataFrame(schema=SCHEMA), *parts])
    if names.is_empty():
        raise InputRefused(f"{file}: not one record has a reference and a name of a person. Nothing was kept.")
    nameless = rows.filter(~pl.col("row").is_in(names["row"].implode()))
    rejected += Counter({NOBODY: nameless.height} if nameless.height else {})
    kept = rows.filter(pl.col("row").is_in(names["row"].implode())).select(
        "row", "ref", "uprn", "cross_reference", "address", "postcode", "birth", "began", "role",
        ended=(pl.col("until").is_not_null() & (pl.col("until").dt.year() < OPEN_ENDED)),
        away=pl.col("contact").is_not_null() | pl.col("absent").is_in(list(layout.absent[1])).fill_null(value=False),
    )  # fmt: skip
    return Records(layout, file, digest, read_rows, kept, names, rejected)


def _names(layout: Layout, rows: pl.DataFrame) -> Iterator[tuple[object, ...]]:
    count = len(layout.whole) + len(layout.parts or ())
    for row, *cells in rows.select("row", *(f"name_{n}" for n in range(count))).iter_rows():
        found = _of(layout, [cell or "" for cell in cells])
        for number, (name, kind) in enumerate(found, 1):
            yield row, number, name.title, list(name.given), list(name.family), kind


def _of(layout: Layout, cells: Sequence[str]) -> list[tuple[Name, str]]:
    """Each name with what it is: person, dead or company."""
    if layout.parts:
        name = written.in_parts(*cells)
        return [(name, "person")] if name.family or name.given else []
    found: list[tuple[Name, str]] = []
    for cell in filter(None, cells):
        if written.is_company(cell):
            found.append((Name("", (), ()), "company"))
        elif layout.surname_first:
            found.append(_told(written.surname_first(cell)))
        elif layout.joint:
            found += map(_told, written.spoken(cell))
        else:
            found += map(_told, written.spoken(cell)[:1])
    return found


def _told(name: Name) -> tuple[Name, str]:
    return name, "dead" if name.dead else "person"
