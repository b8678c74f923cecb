"""A staged text as a DuckDB relation `raw`: one row per record, with its file line, every cell as text.

The quick way lets DuckDB read the file when each line is one whole row. Where a file is damaged or cells hold line
breaks, it is read line by line instead, and every line that is no row is set aside with its number and the reason.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path

from engage.foundation.calendar import Law, law
from engage.foundation.errors import InputRefused
from engage.foundation.libraries import duckdb, pa
from engage.foundation.privacy import Keys, normalised
from segments.files.lines import DELIMITERS
from segments.files.mending import HEADER_AGAIN, Mending
from segments.files.postal import titled
from segments.files.questions import Question
from segments.files.staging import Text

SAMPLE = 1 << 18
MEMORY = "1500MB"  # of DuckDB; beyond it, it spills to the scratch folder
THREADS = 8  # each holds buffers of its own

# What cells mean, in one place for every format. `clean` also takes the non-breaking spaces some systems export. Most
# cells are tidy, and over millions of rows a cheap look at them first is what makes an import quick.
MACROS = r"""
create macro has_odd_space(t) as contains(t, '  ') or contains(t, chr(160)) or contains(t, chr(9));
create macro is_tidy(t) as not (has_odd_space(t) or contains(t, ' ,') or starts_with(t, ' ') or ends_with(t, ' '));
create macro clean(t) as case when has_odd_space(t) then nullif(trim(regexp_replace(t, '[\s\x{A0}]+', ' ', 'g')), '')
    when starts_with(t, ' ') or ends_with(t, ' ') then nullif(trim(t), '') when t <> '' then t end;
create macro normalised(t) as case when strlen(t) = length(t)
    then trim(regexp_replace(lower(t), '[^a-z0-9]+', ' ', 'g')) else normalised_letters(t) end;
create macro whole(t) as try_cast(regexp_extract(clean(t), '^0*(\d{1,18})(\.0+)?$', 1) as bigint);
create macro without_thousands(t) as case when regexp_matches(t, '^\d{1,3}([, ]\d{3})+(\.0+)?$')
    then translate(t, ', ', '') else t end;
create macro without_text_marks(t) as regexp_extract(t, '^(''|=?")?(.*?)"?$', 2);
create macro as_uprn(t) as case when strlen(t) <= 12 and t >= '1' and try_cast(t as bigint)::varchar = t
    then try_cast(t as bigint)
    else try_cast(regexp_extract(without_thousands(without_text_marks(clean(t))), '^0*([1-9]\d{0,11})(\.0+)?$', 1)
        as bigint) end;
create macro lost_digits(t) as coalesce(regexp_matches(clean(t), '^\d(\.\d+)?[eE]\+?\d+$'), false);
create macro as_number(t) as try_cast(replace(clean(t), ',', '') as double);
create macro with_century(d) as case when d >= '1000-01-01' then d end;  -- 0026 and `3 June 26` are nobody's year
create macro as_day(t) as with_century(try_cast(coalesce(
    try_strptime(regexp_extract(clean(t), '^\d{4}-\d{2}-\d{2}'), '%Y-%m-%d'),
    case when regexp_matches(clean(t), '^\d{1,2}/\d{1,2}/\d{4}$') then try_strptime(clean(t), '%d/%m/%Y') end)
    as date));
create macro squeezed(t) as regexp_replace(upper(t), '[^A-Z0-9]', '', 'g');
create macro as_postcode(t) as case
    when regexp_matches(t, '^[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}$') then t
    when regexp_matches(squeezed(t), '^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}$')
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
    printed: list[list[str]] = field(default_factory=list)  # the rows before names that stuck together were parted

    @property
    def is_json(self) -> bool:
        return self.text.lstrip()[:1] in ("{", "[")

    @property
    def is_xml(self) -> bool:
        return self.text.lstrip()[:1] == "<"

    def header(self, at: int) -> list[str]:
        return [plain(name) for name in self.rows[at]]

    def printed_above(self, line: int) -> list[str]:
        """The header row, as printed, that ends with a line of the file."""
        return (self.printed or self.rows)[self.starts.index(line)]


def look(text: Text, names: frozenset[str] = frozenset()) -> Head:
    """`names` are the columns that formats know, as `plain` has them: a header in which two are stuck is parted."""
    with text.open() as file:
        sample = file.read(SAMPLE)
    first = list(islice(io.StringIO(sample, newline="\n"), 60))
    parted = next((line for line in first if any(mark in line for mark in DELIMITERS)), "")
    delimiter = max(DELIMITERS, key=parted.count)
    reader = csv.reader(first, delimiter=delimiter)
    rows, ends = [], []
    try:
        for row in islice(reader, 20):
            rows.append(row)
            ends.append(reader.line_num)
    except csv.Error:
        pass  # a first line that is no row is no header either
    return Head(delimiter, [_parted(row, rows, names) for row in rows], ends, sample, rows)


def _parted(row: list[str], rows: list[list[str]], names: frozenset[str]) -> list[str]:
    """A header one cell short of most rows, in which one cell is two known names glued together, is given both."""
    widths = Counter(len(other) for other in rows if other is not row and len(other) > 1)
    if not widths or len(row) != widths.most_common(1)[0][0] - 1:
        return row
    found = [
        (at, cell[:cut], cell[cut:])
        for at, cell in enumerate(row) if not cell.isdigit() for cut in range(1, len(cell))
        if plain(cell[:cut]) in names and plain(cell[cut:]) in names
    ]  # fmt: skip
    return row if len(found) != 1 else [*row[: found[0][0]], *found[0][1:], *row[found[0][0] + 1 :]]


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
    postcodes: Path | None = None
    former_codes: tuple[str, ...] = ()  # of the authority, and of councils that went into it
    estimates: Mapping[str, Path] = field(default_factory=dict)  # mid-year, by the level of their areas

    def areas_sql(self, level: str) -> str | None:
        """A query of the authority's own area codes at a level (`ward`, `oa`, `lsoa`), or None if unknown."""
        if self.geography:
            return f"select distinct {level} as area from read_parquet({literal(str(self.geography))})"
        if level == "ward" and self.boundaries:
            return f"select ward as area from read_parquet({literal(str(self.boundaries))})"
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
    needed: frozenset[str] = frozenset()  # columns that no row may lack, as `plain` has them; none named: all of them
    rows: int = 0
    rows_sql: str = ""  # the rows in the order of the file, without their lines
    first_line: int = 1  # of the file, on which the first of them stands
    tallies: dict[str, int] = field(default_factory=dict)  # rows counted by what holds of them
    parts: tuple[dict[str, str], ...] = ()  # columns worked out once, see `work_out`
    filler: str = ""  # the first cell of what stands for lines that are no rows
    rejected: Counter[str] = field(default_factory=Counter)
    expected: set[str] = field(default_factory=set)  # the reasons for rejecting that are no fault of the file
    warnings: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)  # what a person must say yes to
    notes: list[str] = field(default_factory=list)  # what is worth saying and no problem
    name_key: str = ""  # that the short hashes of names are made by
    rules: Law = field(default_factory=law)  # the ages that are in force, the council's own among them

    def has(self, name: str) -> bool:
        return plain(name) in map(plain, self.columns)

    def column(self, *names: str) -> str:
        """The SQL of the first of these columns that the file has (any case), else NULL."""
        found = {plain(name): name for name in self.columns}
        present = next((found[plain(name)] for name in names if plain(name) in found), None)
        return quoted(present) if present else "NULL::VARCHAR"

    def work_out(self, *parts: dict[str, str]) -> None:
        """Put columns beside those of the file, so that each is worked out once; later ones are made of earlier."""
        self.parts = parts
        _show_raw(self)

    def worked_out(self, rows_sql: str) -> str:
        for part in self.parts:
            named = ", ".join(f"{sql} as {quoted(name)}" for name, sql in part.items())
            rows_sql = f"(select *, {named} from {rows_sql})"
        return rows_sql

    def refuse_if_changed(self) -> None:
        self.text.refuse_if_changed(self.file)

    def reject(self, line: int, column: str, reason: str, value: str = "") -> None:
        self.rejected[reason] += 1
        self.con.execute("insert into rejects values (?, ?, ?, ?)", [line, column, reason, value])


def connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={
        "temp_directory": str(scratch), "autoinstall_known_extensions": False, "autoload_known_extensions": False,
        "memory_limit": MEMORY, "threads": min(THREADS, os.cpu_count() or 1),
    })  # fmt: skip
    # DuckDB makes a join of a long list after IN, and behind a join rows are no longer in the order of the file, which
    # tells their lines.
    con.execute("set disabled_optimizers = 'in_clause'")
    con.create_function("normalised_letters", normalised, ["VARCHAR"], "VARCHAR")
    con.create_function("titled", titled, ["VARCHAR"], "VARCHAR")
    con.execute(MACROS)
    con.execute('create table rejects (line bigint, "column" varchar, reason varchar, "value" varchar)')
    return con


def open_rows(reading: Reading, *, header_at: int | None, widest: int = 0, checked: bool = True) -> None:
    """Make `raw(line, …)` and `reading.rows`. Without a header (`header_at` None) columns are c1 to c`widest`.

    With `checked` False it is left to `tabulate` to see that each line is a row, as it reads them all anyway; nothing
    may be asked of `raw` before.
    """
    names = reading.head.rows[header_at] if header_at is not None else [f"c{n}" for n in range(1, widest + 1)]
    skip = reading.head.starts[header_at] if header_at is not None else 0
    reading.columns, reading.headed = _distinct(names), header_at is not None
    reading.rows, reading.first_line = reading.text.lines - skip, skip + 1
    _read_from(reading, reading.text.path, reading.head.delimiter, skip)
    if checked and not _each_line_is_a_row(reading):
        mend(reading)


def _read_from(reading: Reading, path: Path, delimiter: str, skip: int) -> None:
    reading.rows_sql = _csv(path, delimiter, reading.columns, skip, padded=not reading.headed)
    _show_raw(reading)


def _show_raw(reading: Reading) -> None:
    kept = f"where {quoted(reading.columns[0])} is distinct from {literal(reading.filler)}" if reading.filler else ""
    numbered = f"select row_number() over () + {reading.first_line - 1} as line, * from {reading.rows_sql}"
    placed = reading.worked_out(f"(select * from ({numbered}) {kept})")
    reading.con.execute(f"create or replace view raw as select * from {placed}")


def _distinct(names: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    result = []
    for name in names:
        seen[plain(name)] += 1
        count = seen[plain(name)]
        result.append(name.strip() if count == 1 and name.strip() else f"{name.strip() or 'column'} {count}")
    return result


def _csv(path: Path, delimiter: str, columns: list[str], skip: int, *, padded: bool) -> str:
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    return (
        f"read_csv({literal(str(path))}, auto_detect=false, header=false, skip={skip}, delim={literal(delimiter)}, "
        f"quote='\"', escape='\"', strict_mode=true, null_padding={str(padded).lower()}, compression='none', "
        f"columns={{{types}}})"
    )


def _each_line_is_a_row(reading: Reading) -> bool:
    try:
        counted = reading.con.execute(f"select count(*), count(columns(*)) from {reading.rows_sql}").fetchone()
    except duckdb.Error:
        return False  # mending tells what is wrong and where
    return counted is not None and counted[0] == reading.rows


def mend(reading: Reading) -> None:
    """Make the text one whose lines are rows, and reject what is none with its line and the reason."""
    reading.filler = reading.text.digest  # which no file can hold of itself
    skip, target = reading.first_line - 1, reading.scratch / "mended"
    header = reading.head.printed_above(skip) if reading.headed else []
    mending = Mending(
        reading.text.path, reading.head.delimiter, len(reading.columns), reading.filler, header, skip, _least(reading),
    )  # fmt: skip
    for faults in mending.write(target):
        _list_faults(reading, faults)
    if mending.cut_off:
        raise InputRefused(
            f"{reading.file}, {mending.cut_off} It was probably cut off while it was copied: export it again."
        )
    reading.rows = mending.rows
    _read_from(reading, target, reading.head.delimiter, 0)


def _least(reading: Reading) -> int:
    """How many cells a row has at least: those up to the last column that it needs. One without a name none needs."""
    if not reading.headed:
        return 0
    names = reading.head.header(reading.head.starts.index(reading.first_line - 1))
    needed = reading.needed or set(names) - {""}
    return max((n for n, name in enumerate(names, 1) if name in needed), default=0)


def _list_faults(reading: Reading, faults: list[tuple[int, str]]) -> None:
    reading.rejected.update(reason for _, reason in faults)
    reading.expected |= {HEADER_AGAIN} & {reason for _, reason in faults}
    table = pa.table({"line": [line for line, _ in faults], "reason": [reason for _, reason in faults]})
    reading.con.register("faults", table)
    reading.con.execute("insert into rejects select line, '', reason, null from faults")
    reading.con.unregister("faults")
