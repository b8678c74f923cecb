"""What a format declares, and the one way in which a table of a format becomes a snapshot."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import Session

from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.reading import Head, Reading, literal, plain, quoted

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
    """`sentence` with {n}, said when `when` holds for n accepted rows."""

    sentence: str
    when: str


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


@dataclass(frozen=True)
class Format:
    """One input format. `locate` says in which row of the head the header lies (-1: none is needed), or None if the
    file is something else; `columns` is how the format is described to an officer. `shelf` is the kind of snapshot it
    makes where that is not the kind of file: an update makes a register."""

    kind: str
    name: str
    columns: tuple[str, ...]
    normalise: Callable[[Reading, int], Harvest]
    locate: Callable[[Head], int | None] = field(default=lambda _: None)
    shelf: str = ""

    @property
    def makes(self) -> str:
        return self.shelf or self.kind


def headed_by(*needed: str, without: tuple[str, ...] = ()) -> Callable[[Head], int | None]:
    """Recognise a table by the columns its header must and must not have, whatever their order."""
    wanted, unwanted = {plain(name) for name in needed}, {plain(name) for name in without}

    def locate(head: Head) -> int | None:
        for at in range(min(HEADER_WITHIN, len(head.rows))):
            names = set(head.header(at))
            if wanted <= names and not unwanted & names:
                return at
        return None

    return locate


def tabulate(
    reading: Reading, output: dict[str, str], checks: list[Check], *, warns: list[Warn] | None = None,
    unique: str = "", repeated: str = "", unlisted_if: str = "false",
) -> Counter[str]:  # fmt: skip
    """Make the table `good` (line and `output` columns) from `raw`, and list what is rejected.

    Rows for which `unlisted_if` holds never reach a table: they are the special entries, of which only the number is
    kept. `unique` names output columns of which each row must be the first, else it is rejected as `repeated`.
    """
    con, warns = reading.con, warns or []
    checks = [*_header_again(reading), *checks]
    columns = ", ".join(f"{sql} as {quoted(name)}" for name, sql in output.items())
    flags = "".join(f", coalesce({warn.when}, false) as w{n}" for n, warn in enumerate(warns))
    verdict = " ".join(f"when coalesce({check.when}, false) then {n}" for n, check in enumerate(checks))
    shown = " ".join(f"when {n} then {check.show}" for n, check in enumerate(checks) if check.show)
    con.execute(
        f"create table judged as select line, {columns}{flags}, _verdict as verdict, "  # noqa: S608 - expressions of our own formats
        f"{f'case _verdict {shown} end' if shown else 'null::varchar'} as shown "
        f"from (select *, {f'case {verdict} end' if verdict else 'null::int'} as _verdict "
        f"from raw where not coalesce({unlisted_if}, false))"
    )
    if unique:
        checks = [*checks, Check("", repeated, "")]
        con.execute(
            f"update judged set verdict = {len(checks) - 1} where verdict is null and line in (select line from judged "  # noqa: S608 - our own names
            f"where verdict is null qualify row_number() over (partition by {unique} order by line) > 1)"
        )
    rejected = _list_rejects(reading, checks)
    for n, warn in enumerate(warns):
        if count := scalar(reading, f"select count(*) from judged where verdict is null and w{n}"):  # noqa: S608 - a number
            reading.warnings.append(warn.sentence.format(n=f"{count:,}"))
    kept = ", ".join(quoted(name) for name in output)
    con.execute(f"create view good as select line, {kept} from judged where verdict is null")  # noqa: S608 - our own names
    return rejected


def _header_again(reading: Reading) -> list[Check]:
    """Files put together by hand repeat their header in the middle."""
    first = reading.columns[:2]
    same = " and ".join(f"{quoted(name)} = {literal(name)}" for name in first)
    return [Check(first[0], "the header again", same)] if reading.headed else []


def _list_rejects(reading: Reading, checks: list[Check]) -> Counter[str]:
    rejected = Counter(reading.rejected)
    found = reading.con.execute("select verdict, count(*) from judged where verdict is not null group by 1").fetchall()
    for verdict, count in found:
        check = checks[verdict]
        rejected[check.reason] += count
        if check.expected:
            reading.expected.add(check.reason)
        if check.listed:
            reading.con.execute(
                "insert into rejects select line, ?, ?, shown from judged where verdict = ?",
                [check.column, check.reason, verdict],
            )
    return rejected


def save(reading: Reading, query: str) -> int:
    """Write a query's rows as the snapshot; returns how many."""
    reading.progress("Saving")
    reading.con.execute(f"copy ({query}) to {literal(str(reading.output))} (format parquet, compression zstd)")
    return int(scalar(reading, f"select count(*) from read_parquet({literal(str(reading.output))})"))  # noqa: S608 - our own path


def scalar(reading: Reading, query: str) -> Any:
    row = reading.con.execute(query).fetchone()
    return row[0] if row else None


def refuse_if_none(reading: Reading, accepted: int, rejected: Counter[str]) -> None:
    if accepted:
        return
    why = "; ".join(f"{reason}: {count:,}" for reason, count in rejected.most_common(3)) or "it holds no rows"
    raise InputRefused(f"{reading.file}: not one row can be used ({why}). Nothing was changed.")
