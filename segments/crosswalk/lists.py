"""A system's list of properties read: CSV, TSV or workbook, packed or not, and held to what a list must be."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.crosswalk import columns as roles
from segments.crosswalk.columns import Columns
from segments.files.reading import Known, Reading, connect, literal, look, open_rows, plain, quoted
from segments.files.refusals import refuse_forbidden, refuse_foreign
from segments.files.staging import receive
from segments.sources.catalogue import FORMATS

OF_PERSONS = ("register", "register-update", "contacts", "applications")
HEADER_WITHIN = 8  # lines of title that some exports have above their header
HEADED = (roles.ADDRESS, roles.UPRN, roles.POSTCODE)
VALUE = re.compile(r"[\d\s./:-]*\d[\d\s./:-]*|.*,.*|[A-Z]{1,2}\d[A-Z\d]? *\d[A-Z]{2}", re.IGNORECASE)
SHOWN = 40  # characters of a value that an error names


@dataclass(frozen=True)
class Listed:
    """One list as it is matched: `table` has line, reference, address, postcode, uprn, cross_reference."""

    file: str
    digest: str
    columns: Columns
    table: pa.Table
    unusable_uprns: int


@contextmanager
def opened(
    office: Office, actor: Actor, path: Path, as_at: date, folder: Path, references: Path | None,
    columns: Columns | None = None,
) -> Iterator[Reading]:  # fmt: skip
    """The list's rows as `raw`, and beside it the gazetteer's cross references; InputRefused where it is no list."""
    text = receive(path, folder / "text")
    head = look(text)
    refuse_forbidden(head.rows[:HEADER_WITHIN], path.name)
    refuse_foreign(head, path.name)
    kinds = {form.kind for form in FORMATS if form.locate(head) is not None}
    if persons := kinds.intersection(OF_PERSONS):
        raise InputRefused(
            f"{path.name} is a list of persons ({', '.join(sorted(persons))}), and a list of properties is expected. "
            "Nothing was kept."
        )
    con = connect(folder)
    try:
        reading = Reading(
            con, path.name, text, head, actor.authority, as_at, office.keys, Known(), folder / "list.parquet", folder,
            lambda _: None,
        )  # fmt: skip
        open_rows(reading, header_at=_header(reading, columns.named if columns else ()))
        roles.refuse_persons(path.name, reading.columns)
        source = f"select uprn, reference, source from read_parquet({literal(str(references))})" if references else (
            "select null::bigint as uprn, null::varchar as reference, null::varchar as source where false"
        )  # fmt: skip
        con.execute(f"create table cross_reference as {source}")
        yield reading
    finally:
        con.close()


def _header(reading: Reading, named: tuple[str, ...]) -> int:
    """The first row with the names that are known, else with one of an address, a postcode or a UPRN. A street's name
    says Street as a heading does: a row with a number, a postcode or a whole address in it is never the header."""
    rows = reading.head.rows[:HEADER_WITHIN]
    wanted = set(map(plain, named))
    found = [at for at, row in enumerate(rows) if wanted and wanted <= set(map(plain, row))]
    found += [
        at for at, row in enumerate(rows)
        if len(row) > 1 and any(map(_is_of_property, row)) and not any(VALUE.fullmatch(cell.strip()) for cell in row)
    ]  # fmt: skip
    return found[0] if found else 0


def _is_of_property(name: str) -> bool:
    return any(pattern.search(roles.words(name)) for pattern in HEADED)


def take(reading: Reading, columns: Columns) -> Listed:
    """The rows by the confirmed columns; InputRefused names the first line that is wrong, with what was expected."""
    roles.demand_there(reading, columns)
    _refuse_rows_lost(reading)
    reading.con.execute(f"create table listed as {_query(reading, columns)}")
    _refuse_references(reading, columns)
    reading.text.refuse_if_changed(reading.file)
    table = reading.con.execute(
        "select line, reference, address, postcode, uprn, cross_reference from listed order by line"
    ).to_arrow_table()
    (unusable,) = reading.con.execute(
        "select count(*) from listed where said_uprn is not null and uprn is null"
    ).fetchall()[0]  # fmt: skip
    return Listed(reading.file, reading.text.digest, columns, table, unusable)


def _query(reading: Reading, columns: Columns) -> str:
    """A postcode that stands at the end of the address counts where there is no column of its own."""
    parts = ", ".join(f"clean({_cell(reading, name)})" for name in columns.address)
    address = f"nullif(array_to_string(list_filter([{parts}], lambda x: x is not null), ', '), '')" if parts else "null"
    uprn = f"clean({_cell(reading, columns.uprn)})"
    return (
        f"select line, clean({_cell(reading, columns.reference)}) as reference, address, "
        r"coalesce(as_postcode(postcode_said), as_postcode(nullif(regexp_extract(upper(address), "
        r"'([A-Z]{1,2}[0-9][A-Z0-9]? *[0-9][A-Z]{2})[ .,]*$', 1), ''))) as postcode, "
        f"said_uprn, as_uprn(said_uprn) as uprn, cross_reference from (select *, {address} as address, "
        f"{_cell(reading, columns.postcode)} as postcode_said, {uprn} as said_uprn, "
        f"clean({_cell(reading, columns.cross_reference)}) as cross_reference from raw)"
    )


def _cell(reading: Reading, name: str) -> str:
    own = {plain(each): each for each in reading.columns}
    return quoted(own[plain(name)]) if name else "null::varchar"


def _refuse_rows_lost(reading: Reading) -> None:
    lost = reading.con.execute("select line, reason from rejects order by line limit 1").fetchone()
    if lost:
        raise InputRefused(f"{reading.file}, line {lost[0]}: {lost[1]}. Export it again. Nothing was changed.")
    if not reading.rows:
        raise InputRefused(f"{reading.file} has a header and no rows. Nothing was changed.")


def _refuse_references(reading: Reading, columns: Columns) -> None:
    blank = reading.con.execute("select line from listed where reference is null order by line limit 1").fetchone()
    where = f"{reading.file}, line {{}}, column {columns.reference}"
    if blank:
        raise InputRefused(f"{where.format(blank[0])}: there is no reference. Every property needs its own. "
                           "Nothing was changed.")  # fmt: skip
    repeated = reading.con.execute("""
        select reference, min(line), max(line), count(distinct uprn) from listed group by reference
        having count(*) > 1 order by count(distinct uprn) > 1 desc, 2 limit 1
    """).fetchone()
    if repeated and repeated[3] > 1:
        raise InputRefused(
            f"{where.format(repeated[2])}: the reference {repeated[0][:SHOWN]!r} has another UPRN than on line "
            f"{repeated[1]}. One reference is one property. Nothing was changed."
        )
    if repeated:
        raise InputRefused(
            f"{where.format(repeated[2])}: the reference {repeated[0][:SHOWN]!r} stands on line {repeated[1]} already. "
            "Choose the column that tells each row from all others. Nothing was changed.",
            by_command="--columns reference=…",
        )
