"""What a format declares, and the one way in which a table of a format becomes a snapshot."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlmodel import Session

from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot
from engage.foundation.libraries import duckdb
from engage.foundation.office import Office
from segments.files.mending import HEADER_AGAIN
from segments.files.questions import DatesOf, american_dates
from segments.files.reading import Head, Reading, literal, mend, plain, quoted
from segments.sources import column_notes

HEADER_WITHIN = 8  # lines of title some exports have above their header


@dataclass(frozen=True)
class Check:
    """Rows for which `when` (SQL over the file's columns) holds are rejected. `show` is the SQL of the value an
    officer may see, and stays empty where it could be personal. Rows of an unlisted check are only counted. An
    expected check leaves out what every such file holds (other authorities, electors without a home here): it is no
    fault of the file."""

    column: str
    reason: str
    when: str
    show: str = ""
    listed: bool = True
    expected: bool = False


@dataclass(frozen=True)
class Warn:
    """`sentence` with {n} and perhaps {line}, said when `when` holds for n accepted rows, the first on that line. What
    is no `problem` is said all the same, and waits for nobody's yes."""

    sentence: str
    when: str
    problem: bool = True


@dataclass
class Harvest:
    """What a normaliser leaves beside the staged Parquet: `read = accepted + sum(rejected)`."""

    accepted: int
    rejected: Counter[str]
    figures: dict[str, Any]
    rows: int  # of the snapshot, which may differ from rows of the file
    name: str = ""
    after: Callable[[Session, Office, Snapshot], None] | None = None  # written in the snapshot's own transaction
    records: Path | None = None  # Parquet of what later changes apply to, kept beside the snapshot
    cross_references: Path | None = None  # Parquet of by which references other systems call a property, likewise


@dataclass(frozen=True)
class Format:
    """One input format. `locate` says in which row of the head the header lies (-1: none is needed), or None if the
    file is something else; `columns` is how the format is described to an officer. `snapshot_kind` is the kind of
    snapshot it makes where that is not the kind of file: an update makes a register. Of a row that lacks its last cells
    those are taken as empty, unless they are of a column in `rows_need` (of which a file may have some only).
    `certain` says of the header whether it is of this kind, whatever else it could be read as."""

    kind: str
    name: str
    columns: tuple[str, ...]
    normalise: Callable[[Reading, int], Harvest]
    locate: Callable[[Head], int | None] = field(default=lambda _: None)
    snapshot_kind: str = ""
    rows_need: tuple[str, ...] = ()
    certain: Callable[[Head, int], bool] = field(default=lambda _head, _at: False)

    @property
    def makes(self) -> str:
        return self.snapshot_kind or self.kind

    @property
    def needed(self) -> frozenset[str]:
        """The columns that no row may lack, else none; where neither is said, all of them."""
        told = self.locate.wanted if isinstance(self.locate, Headed) and not self.rows_need else frozenset()
        return told or frozenset(map(plain, self.rows_need))


@dataclass(frozen=True)
class Headed:
    """Finds the header that has the wanted columns and none of the unwanted."""

    wanted: frozenset[str]
    unwanted: frozenset[str]

    def __call__(self, head: Head) -> int | None:
        for at in range(min(HEADER_WITHIN, len(head.rows))):
            names = set(head.header(at))
            if self.wanted <= names and not self.unwanted & names:
                return at
        return None


def headed_by(*needed: str, without: tuple[str, ...] = ()) -> Headed:
    """Recognise a table by the columns its header must and must not have, whatever their order."""
    return Headed(frozenset(map(plain, needed)), frozenset(map(plain, without)))


UNLISTED, FILLED = -1, -2  # the verdicts on rows of which only the number is kept, and on lines that are no row


@dataclass(frozen=True)
class Table:
    """What a format makes of each row: see `tabulate`."""

    output: dict[str, str]
    checks: list[Check]
    warns: list[Warn]
    tallies: dict[str, str]
    unlisted_if: str

    def query(self, reading: Reading) -> str:
        """One row for each of the file, in its order. A row of which only the number is kept has no content."""
        dropped = "" if self.unlisted_if == "false" else f"when {self.unlisted_if} then {UNLISTED} "
        checked = " ".join(f"when {check.when} then {n}" for n, check in enumerate(self.checks))
        first = quoted(reading.columns[0])
        filled = f"when {first} = {literal(reading.filler)} then {FILLED} " if reading.filler else ""
        verdict = f"case {filled}{dropped}{checked} end" if filled or dropped or checked else "null"
        return (
            f"select {', '.join(self._columns(keep_all=not (filled or dropped)))} "
            f"from (select *, ({verdict})::smallint as _verdict from {reading.worked_out(reading.rows_sql)})"
        )

    def _columns(self, *, keep_all: bool) -> list[str]:
        def kept(sql: str) -> str:
            return sql if keep_all else f"case when _verdict >= 0 or _verdict is null then {sql} end"

        shown = " ".join(f"when {n} then {check.show}" for n, check in enumerate(self.checks) if check.show)
        return [
            *(f"{kept(sql)} as {quoted(name)}" for name, sql in self.output.items()),
            *(f"{warn.when} as w{n}" for n, warn in enumerate(self.warns)),
            *(f"{sql} as t{n}" for n, sql in enumerate(self.tallies.values())),
            f"{f'case _verdict {shown} end' if shown else 'null::varchar'} as shown",
            "_verdict as verdict",
        ]


def tabulate(
    reading: Reading, output: dict[str, str], checks: list[Check], *, warns: list[Warn] | None = None,
    unique: str = "", repeated: str = "", unlisted_if: str = "false", tallies: dict[str, str] | None = None,
    sealed: tuple[str, ...] = (),
) -> Counter[str]:  # fmt: skip
    """Make the table `good` (line and `output` columns) from the rows of the file, and list what is rejected.

    Rows for which `unlisted_if` holds never reach a table: they are the special entries, of which only the number is
    kept (`reading.tallies["unlisted"]`). `unique` names output columns of which each row must be the first, else it is
    rejected as `repeated`; a row in which one of them is empty repeats none. Rows that are alike in the first of them
    stand in the table `alike`. `tallies` are conditions counted over all rows, the unlisted too, into
    `reading.tallies`. `sealed` output columns are texts of which only the keyed hash (`Keys.hash_sql`) is seen in
    `judged` and `good`.
    """
    checks = [*_header_again(reading), *_column_notes(reading), *checks]
    dates = _date_columns(reading, [*output.values(), *(check.when for check in checks)])
    table = Table(output, checks, warns or [], (tallies or {}) | _date_tallies(dates), unlisted_if)
    _write_rows(reading, table)
    some_repeated = bool(unique) and _find_repeated(reading, unique)
    kept = f"verdict is null{' and line not in (from repeated)' if some_repeated else ''}"
    _count(reading, table, kept)
    _ask_about_dates(reading, dates)
    verdict = f"case when {kept} then null else coalesce(verdict, {len(checks)}) end" if some_repeated else "verdict"
    _judge(reading, table, kept, verdict, sealed)
    return _list_rejects(reading, [*checks, Check("", repeated, "")])


READ_AS_DAY = re.compile(r"\b(?:as_day|written_day)\((?:clean\()?(\"(?:[^\"]|\"\")+\"|[A-Za-z]\w*)\)")
DAY_FIRST, MONTH_FIRST = "(1[3-9]|2\\d|3[01])[/.-](0?[1-9]|1[0-2])", "(0?[1-9]|1[0-2])[/.-](1[3-9]|2\\d|3[01])"
EITHER = "(0?[1-9]|1[0-2])[/.-](0?[1-9]|1[0-2])"
ORDERS = {"american": MONTH_FIRST, "british": DAY_FIRST, "either": EITHER}


def _date_columns(reading: Reading, used: Iterable[str]) -> list[str]:
    """The columns of the file that the format reads as days."""
    worked_out = [sql for part in reading.parts for sql in part.values()]
    found = {name.strip('"').replace('""', '"') for sql in (*used, *worked_out) for name in READ_AS_DAY.findall(sql)}
    return [name for name in reading.columns if name in found]


def _date_tallies(columns: list[str]) -> dict[str, str]:
    return {
        f"{order} {name}": f"case when strlen({quoted(name)}) > 5 then "
        f"coalesce(regexp_matches({quoted(name)}, '^ *{day}[/.-]\\d{{2,4}}( |$)'), false) else false end"
        for name in columns for order, day in ORDERS.items()
    }  # fmt: skip


def _ask_about_dates(reading: Reading, columns: list[str]) -> None:
    found = [DatesOf(name, *(reading.tallies.pop(f"{order} {name}") for order in ORDERS)) for name in columns]
    if asked := american_dates(reading.file, found):
        reading.questions.append(asked)


def _write_rows(reading: Reading, table: Table) -> None:
    """To disk, as millions of rows are more than memory holds; its row numbers are the lines of the file."""
    try:
        written = _copy(reading, table)
    except duckdb.Error:
        if reading.filler:  # mended already, so it is not the lines
            raise
        written = -1
    if written != reading.text.lines - reading.first_line + 1 and not reading.filler:
        mend(reading)
        _copy(reading, table)


def _copy(reading: Reading, table: Table) -> int:
    target = literal(str(_rows(reading)))
    written = scalar(reading, f"copy ({table.query(reading)}) to {target} (format parquet, compression lz4_raw)")
    reading.con.execute(
        "create or replace view placed as select * exclude (file_row_number), "
        f"file_row_number + {reading.first_line} as line from read_parquet({target}, file_row_number = true)"
    )
    return int(written)


def _rows(reading: Reading) -> Path:
    return reading.scratch / "rows.parquet"


def _count(reading: Reading, table: Table, kept: str) -> None:
    """What is told of the rows together, in one look at the flags of all."""
    warned = [
        f"struct_pack(n := count(*) filter ({kept} and w{n}), line := min(line) filter ({kept} and w{n}))"
        for n in range(len(table.warns))
    ]
    tallied = [f"count(*) filter (t{n})" for n in range(len(table.tallies))]
    counted = ["count(*)", f"count(*) filter (verdict = {UNLISTED})", *tallied, *warned]
    row = reading.con.execute(f"select {', '.join(counted)} from placed").fetchone()
    _, unlisted, *found = row or ()
    names = list(table.tallies)
    reading.tallies = {"unlisted": unlisted} | dict(zip(names, found, strict=False))
    for warn, said in zip(table.warns, found[len(names) :], strict=True):
        if said["n"]:
            said_in = reading.warnings if warn.problem else reading.notes
            said_in.append(warn.sentence.format(n=f"{said['n']:,}", line=said["line"]))


def _judge(reading: Reading, table: Table, kept: str, verdict: str, sealed: tuple[str, ...]) -> None:
    """`judged`: every listed row with its verdict; `good`: those without one."""
    columns = ", ".join(
        f"{reading.keys.hash_sql(quoted(name))} as {quoted(name)}" if name in sealed else quoted(name)
        for name in table.output
    )
    reading.con.execute(
        f"create view judged as select line, {columns}, shown, {verdict} as verdict from placed "
        "where verdict is null or verdict >= 0"
    )
    reading.con.execute(f"create view good as select line, {columns} from placed where {kept}")


def _find_repeated(reading: Reading, unique: str) -> bool:
    """Make `alike`, and `repeated`, the lines of rows that are not the first of their key. A short hash finds the few
    that may be, as the keys of millions of rows are more than memory holds."""
    first, *_ = columns = unique.split(", ")
    suspect = f"select hash({first}) as h from placed where verdict is null group by h having count(*) > 1"
    reading.con.execute(
        f"create table alike as select line, {unique} from placed "
        f"where verdict is null and hash({first}) in ({suspect})"
    )
    filled = " and ".join(f"{name} is not null" for name in columns)
    reading.con.execute(
        f"create table repeated as select line from alike where {filled} "
        f"qualify row_number() over (partition by {unique} order by line) > 1"
    )
    return bool(scalar(reading, "select count(*) from repeated"))


def _header_again(reading: Reading) -> list[Check]:
    """Files put together by hand repeat their header in the middle."""
    first = reading.columns[:2]
    same = " and ".join(f"{quoted(name)} = {literal(name)}" for name in first)
    return [Check(first[0], HEADER_AGAIN, same, expected=True)] if reading.headed else []


def _column_notes(reading: Reading) -> list[Check]:
    return [Check("", column_notes.REASON, when, expected=True) for when in noted(reading)]


def noted(reading: Reading) -> list[str]:
    """The SQL of each line that speaks of the columns, told by all its cells, so that no row is mistaken for it."""
    if not reading.headed or reading.first_line == 1:
        return []
    lines = column_notes.lines_under(reading.head, reading.head.starts.index(reading.first_line - 1))
    cells = [zip(reading.columns, line, strict=False) for line in lines]
    return [
        " and ".join(f"trim(coalesce({quoted(name)}, '')) = {literal(cell.strip())}" for name, cell in row)
        for row in cells
    ]


def _list_rejects(reading: Reading, checks: list[Check]) -> Counter[str]:
    rejected, listed = Counter(reading.rejected), list[str]()
    found = reading.con.execute("select verdict, count(*) from judged where verdict is not null group by 1").fetchall()
    for verdict, count in found:
        check = checks[verdict]
        rejected[check.reason] += count
        if check.expected:
            reading.expected.add(check.reason)
        if check.listed:
            listed.append(f"({verdict}, {literal(check.column)}, {literal(check.reason)})")
    if listed:
        reading.con.execute(
            "insert into rejects select j.line, told.name, told.reason, j.shown from judged j "
            f"join (values {', '.join(listed)}) as told(verdict, name, reason) using (verdict)"
        )
    return rejected


def save(reading: Reading, query: str) -> int:
    """Write a query's rows as the snapshot; returns how many. `good` keeps the order of the file."""
    reading.progress("Writing the rows")
    target = literal(str(reading.output))
    rows = scalar(reading, f"copy ({query}) to {target} (format parquet, compression zstd, compression_level 1)")
    reading.refuse_if_changed()
    return int(rows)


def save_good(reading: Reading, columns: str, sealed: tuple[str, ...], named: tuple[str, ...]) -> int:
    """`save` of these columns of `good`, its `sealed` ones hashed as there, where repeated rows were looked for;
    `names` are made of the `named` ones."""
    reading.progress("Writing the rows")
    rows: int = _sealing().write_sealed(reading, _rows(reading), columns.split(", "), sealed, named)
    reading.refuse_if_changed()
    return rows


def hash_names(reading: Reading, named: tuple[str, ...]) -> None:
    """Make `named` (line, names) of the rows without a verdict. An update has few."""
    _sealing().hash_names(reading, named)


def _sealing() -> ModuleType:
    from segments.files import sealed_rows  # noqa: PLC0415  # brings Polars; a worker that sends does without

    return sealed_rows


def scalar(reading: Reading, query: str) -> Any:
    row = reading.con.execute(query).fetchone()
    return row[0] if row else None


def refuse_if_none(reading: Reading, accepted: int, rejected: Counter[str]) -> None:
    if accepted:
        return
    why = "; ".join(f"{reason}: {count:,}" for reason, count in rejected.most_common(3)) or "it holds no rows"
    raise InputRefused(f"{reading.file}: not one row can be used ({why}). Nothing was changed.")
