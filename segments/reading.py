"""A staged text as a DuckDB relation `raw`: one row per record, with its file line, every cell as text.

The quick way lets DuckDB read the file when each line is one whole row. Where a file is damaged or cells hold line
breaks, it is read line by line instead, and every line that is no row is set aside with its number and the reason.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path

import duckdb
from duckdb.sqltypes import VARCHAR

from engage.foundation.errors import InputRefused
from engage.foundation.privacy import Keys, normalised
from segments.postal import titled
from segments.staging import Text

SAMPLE = 1 << 18
DELIMITERS = (",", "\t", ";")
MOST_LINES = 20  # lines one row may span before its quotation mark counts as never closed

# What cells mean, in one place for every format. `clean` also takes the non-breaking spaces some systems export.
MACROS = r"""
create macro clean(t) as nullif(trim(case when contains(t, '  ') or contains(t, chr(160)) or contains(t, chr(9))
    then regexp_replace(t, '[\s\x{A0}]+', ' ', 'g') else t end), '');
create macro whole(t) as try_cast(regexp_extract(clean(t), '^0*(\d{1,18})(\.0+)?$', 1) as bigint);
create macro as_uprn(t) as case when whole(t) between 1 and 999999999999 then whole(t) end;
create macro lost_digits(t) as coalesce(regexp_matches(clean(t), '^\d(\.\d+)?[eE]\+?\d+$'), false);
create macro as_number(t) as try_cast(replace(clean(t), ',', '') as double);
create macro as_day(t) as try_cast(coalesce(
    try_strptime(regexp_extract(clean(t), '^\d{4}-\d{2}-\d{2}'), '%Y-%m-%d'),
    case when regexp_matches(clean(t), '^\d{1,2}/\d{1,2}/\d{4}$') then try_strptime(clean(t), '%d/%m/%Y') end) as date);
create macro squeezed(t) as regexp_replace(upper(t), '[^A-Z0-9]', '', 'g');
create macro as_postcode(t) as case when regexp_matches(squeezed(t), '^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}$')
    then regexp_replace(squeezed(t), '(...)$', ' \1') end;
create macro is_code(t) as regexp_matches(t, '^[EWSN][0-9]{8}$');
"""


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def plain(header: str) -> str:
    """A column's name for comparison: small letters, one space, without Nomis' `; measures: Value`."""
    return re.sub(r"\s+", " ", header).strip().casefold().removesuffix("; measures: value")


@dataclass(frozen=True)
class Head:
    """The first rows of a text: what formats are recognised by."""

    delimiter: str
    rows: list[list[str]]
    starts: list[int]  # the file line after each of them, so that line numbers stay the file's own
    text: str

    @property
    def is_json(self) -> bool:
        return self.text.lstrip()[:1] in ("{", "[")

    def header(self, at: int) -> list[str]:
        return [plain(name) for name in self.rows[at]]


def look(text: Text) -> Head:
    with text.path.open(encoding="utf-8", newline="") as file:
        sample = file.read(SAMPLE)
    first = next((line for line in sample.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(sample.splitlines(keepends=True)[:60], delimiter=delimiter)
    rows, ends = [], []
    try:
        for row in islice(reader, 20):
            rows.append(row)
            ends.append(reader.line_num)
    except csv.Error:
        pass  # a first line that is no row is no header either
    return Head(delimiter, rows, ends, sample)


@dataclass(frozen=True)
class Known:
    """Current snapshots of the authority, which tell its areas and what changes apply to; None where nothing is
    imported yet. `records` is what the gazetteer's own importer kept for later changes (Harvest.records)."""

    geography: Path | None = None
    boundaries: Path | None = None
    register: Path | None = None
    register_as_at: date | None = None
    gazetteer: Path | None = None
    gazetteer_as_at: date | None = None
    gazetteer_format: str = ""
    records: Path | None = None

    def areas_sql(self, level: str) -> str | None:
        """A query of the authority's own area codes at a level (`ward`, `oa`, `lsoa`), or None if unknown."""
        if self.geography:
            return f"select distinct {level} as area from read_parquet({literal(str(self.geography))})"  # noqa: S608 - our own path
        if level == "ward" and self.boundaries:
            return f"select ward as area from read_parquet({literal(str(self.boundaries))})"  # noqa: S608 - our own path
        return None


@dataclass
class Reading:
    """One file being read: the DuckDB connection with `raw`, and what a normaliser needs beside it."""

    con: duckdb.DuckDBPyConnection
    file: str
    text: Text
    head: Head
    authority: str
    as_at: date
    keys: Keys
    known: Known
    output: Path
    scratch: Path
    progress: Callable[[str], None]
    columns: list[str] = field(default_factory=list)
    headed: bool = True
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    expected: set[str] = field(default_factory=set)  # the reasons for rejecting that are no fault of the file
    warnings: list[str] = field(default_factory=list)

    def has(self, name: str) -> bool:
        return plain(name) in map(plain, self.columns)

    def column(self, *names: str) -> str:
        """The SQL of the first of these columns that the file has (any case), else NULL."""
        found = {plain(name): name for name in self.columns}
        present = next((found[plain(name)] for name in names if plain(name) in found), None)
        return quoted(present) if present else "NULL::VARCHAR"

    def reject(self, line: int, column: str, reason: str, value: str = "") -> None:
        self.rejected[reason] += 1
        self.con.execute("insert into rejects values (?, ?, ?, ?)", [line, column, reason, value])


def connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={
        "temp_directory": str(scratch), "autoinstall_known_extensions": False, "autoload_known_extensions": False,
    })  # fmt: skip
    con.execute(MACROS)
    con.execute('create table rejects (line bigint, "column" varchar, reason varchar, "value" varchar)')
    con.create_function("normalised", normalised, [VARCHAR], VARCHAR)
    con.create_function("titled", titled, [VARCHAR], VARCHAR)
    return con


def open_rows(reading: Reading, *, header_at: int | None, widest: int = 0) -> None:
    """Make `raw(line, …)` and `reading.rows`. Without a header (`header_at` None) columns are c1 to c`widest`."""
    names = reading.head.rows[header_at] if header_at is not None else [f"c{n}" for n in range(1, widest + 1)]
    skip = reading.head.starts[header_at] if header_at is not None else 0
    reading.columns = _distinct(names)
    padded = header_at is None
    reading.headed = not padded
    source = _csv(reading.text.path, reading.head.delimiter, reading.columns, skip, padded)
    if _each_line_is_a_row(reading, source, skip):
        first = skip + 1
        reading.con.execute(f"create view raw as select row_number() over () + {first - 1} as line, * from {source}")  # noqa: S608 - quoted above
        reading.rows = reading.text.lines - skip
    else:
        _read_line_by_line(reading, skip, padded)


def _distinct(names: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    result = []
    for name in names:
        seen[plain(name)] += 1
        count = seen[plain(name)]
        result.append(name.strip() if count == 1 and name.strip() else f"{name.strip() or 'column'} {count}")
    return result


def _csv(path: Path, delimiter: str, columns: list[str], skip: int, padded: bool) -> str:
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    return (
        f"read_csv({literal(str(path))}, auto_detect=false, header=false, skip={skip}, delim={literal(delimiter)}, "
        f"quote='\"', escape='\"', strict_mode=true, null_padding={str(padded).lower()}, columns={{{types}}})"
    )


def _each_line_is_a_row(reading: Reading, source: str, skip: int) -> bool:
    try:
        counted = reading.con.execute(f"select count(*), count(columns(*)) from {source}").fetchone()  # noqa: S608 - quoted by _csv
    except duckdb.Error:
        return False  # the line-by-line way tells what is wrong and where
    return counted is not None and counted[0] == reading.text.lines - skip


def _read_line_by_line(reading: Reading, skip: int, padded: bool) -> None:
    clean = reading.scratch / "rows.csv"
    width = len(reading.columns)
    fits = partial(_misfit, width=width, padded=padded)
    line, fault = 0, ""
    with clean.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for line, cells, fault in _records(reading.text.path, reading.head.delimiter, skip, fits):
            reading.rows += 1
            if fault:
                reading.reject(line, "", fault)
            else:
                writer.writerow([line, *map(_one_line, cells), *[""] * (width - len(cells))])
    if fault in CUT_OFF:
        raise InputRefused(
            f"{reading.file}, line {line}: the file ends in the middle of a row ({fault}). "
            "It was probably cut off while it was copied: export it again."
        )
    source = _csv(clean, ",", ["line", *[f"c{n}" for n in range(width)]], 0, padded=False)
    named = ", ".join(f"c{n} as {quoted(name)}" for n, name in enumerate(reading.columns))
    reading.con.execute(f"create view raw as select line::bigint as line, {named} from {source}")  # noqa: S608 - quoted above


TOO_FEW, UNCLOSED = "too few columns", "a quotation mark is not closed"
CUT_OFF = (TOO_FEW, UNCLOSED)


def _misfit(found: int, *, width: int, padded: bool) -> str:
    if found > width:
        return "too many columns"
    return TOO_FEW if found < width and not padded else ""


def _one_line(cell: str) -> str:
    return " ".join(cell.split()) if "\n" in cell or "\r" in cell else cell


def _records(path: Path, delimiter: str, skip: int, fits: Callable[[int], str]) -> Iterator[tuple[int, list[str], str]]:
    """(file line, cells, fault) of each record; blank lines are no records."""
    with path.open(encoding="utf-8", newline="\n") as file:
        number, waiting = skip, list[str]()
        for _ in range(skip):
            file.readline()
        while text := waiting.pop(0) if waiting else file.readline():
            number += 1
            cells, fault = _parse([text], delimiter)
            taken = 0
            if fault == UNCLOSED:
                waiting += islice(file, MOST_LINES - len(waiting))
                taken, cells, fault = _continued(text, waiting, delimiter, fits)
            if cells or fault:
                yield number, cells, fault or fits(len(cells))
            waiting, number = waiting[taken:], number + taken


def _continued(
    text: str, following: list[str], delimiter: str, fits: Callable[[int], str]
) -> tuple[int, list[str], str]:  # fmt: skip
    """How many of the following lines belong to a row whose quoted cell goes on, and its cells. Where they make no
    whole row the quotation mark is a slip, which must not swallow the lines after it."""
    for taken in range(1, len(following) + 1):
        cells, fault = _parse([text, *following[:taken]], delimiter)
        if not fault:
            return (taken, cells, "") if not fits(len(cells)) else (0, [], UNCLOSED)
    return 0, [], UNCLOSED


def _parse(lines: list[str], delimiter: str) -> tuple[list[str], str]:
    try:
        return next(csv.reader(["".join(lines).rstrip("\r\n")], delimiter=delimiter, strict=True), []), ""
    except csv.Error as error:
        return [], UNCLOSED if "unexpected end" in str(error) else "quotation marks in the wrong place"
