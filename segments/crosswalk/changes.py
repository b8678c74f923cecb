"""What changed: in the gazetteer, read in order and without gaps from a cursor, and in one system's crosswalk.

A cursor says after which row of which version a reader stands. Two snapshots never change, so their differences are
worked out when they are read; what is imported meanwhile is a version of its own, behind them.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import duckdb
import pyarrow as pa
from sqlmodel import Session

from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.crosswalk import properties, systems
from segments.crosswalk.systems import CrosswalkSystem
from segments.sources import gazetteer_versions
from segments.sources.gazetteer_versions import GazetteerVersion

MOST = 5_000  # rows of an answer
CURSOR = re.compile(r"(\d{1,9})\.([0-9a-f]{16})\.(\d{1,10})")
NOW = "now"
COMPARED = (
    "address", "postcode", "usrn", "class", "logical_status", "state", "residential", "parent_uprn", "successor",
    "easting", "northing", "ward", "organisation",
)  # fmt: skip


class CursorGone(InputRefused):
    """The reader stands where this database never came, or no longer knows the way."""

    status = 410


@dataclass(frozen=True)
class Page:
    rows: list[dict[str, Any]]
    following: str  # the cursor to read on from
    more: bool


def read(office: Office, session: Session, authority: str, since: str, limit: int) -> Page:
    """The changes after a cursor, oldest first; '' is from the beginning, 'now' from here on."""
    gazetteer_versions.note(session, authority, office.clock.now())
    session.flush()
    newest = gazetteer_versions.newest(session, authority)
    if newest is None:
        return Page([], "", more=False)
    version, offset = _place(session, authority, since, newest)
    rows: list[dict[str, Any]] = []
    while True:
        table = _differences(office, session, version)
        offset = min(offset, table.num_rows)
        part = table.slice(offset, limit - len(rows))
        rows += [row | {"version": version.number, "at": version.at.isoformat()} for row in part.to_pylist()]
        offset += part.num_rows
        if len(rows) >= limit or version.number == newest.number:
            break
        version, offset = _following(session, version), 0
    more = offset < table.num_rows or version.number < newest.number
    hidden = properties.hidden(office, session, current) if (current := _current(session, authority)) else frozenset()
    shown = [row for row in rows if row["uprn"] not in hidden]
    return Page(shown, f"{version.number}.{version.stamp}.{offset}", more)


def _current(session: Session, authority: str) -> Snapshot | None:
    newest = gazetteer_versions.newest(session, authority)
    return gazetteer_versions.snapshots(session, newest)[1] if newest else None


def _place(
    session: Session, authority: str, since: str, newest: GazetteerVersion
) -> tuple[GazetteerVersion, int]:  # fmt: skip
    if since == NOW:
        return newest, 1 << 40
    if not since:
        first = gazetteer_versions.numbered(session, authority, 1)
        return first or newest, 0
    said = CURSOR.fullmatch(since)
    if said is None:
        raise InputRefused(f"The cursor is {since[:40]!r}: expected one that an earlier answer gave as `next`.")
    version = gazetteer_versions.numbered(session, authority, int(said[1]))
    if version is None or version.stamp != said[2]:
        raise CursorGone(
            "This cursor is of a time that a restored copy does not have. Read all properties again, from the "
            "beginning (without `since`), and go on from there."
        )
    return version, int(said[3])


def _following(session: Session, version: GazetteerVersion) -> GazetteerVersion:
    found = gazetteer_versions.numbered(session, version.authority, version.number + 1)
    assert found is not None, "versions are numbered without gaps"
    return found


def _differences(office: Office, session: Session, version: GazetteerVersion) -> pa.Table:
    before, after = gazetteer_versions.snapshots(session, version)
    wanted = [(each, office.lake.root / each.path) for each in (before, after) if each]
    if any(not path.exists() for _, path in wanted):
        raise CursorGone(
            "The gazetteer of that time is no longer kept. Read all properties again, from the beginning, and go on "
            "from there."
        )
    return _compared(str(office.lake.file(before)) if before else "", str(office.lake.file(after)) if after else "")


@lru_cache(maxsize=4)
def _compared(before: str, after: str) -> pa.Table:
    """By UPRN: `added`, `changed` or `removed`, with the property as it is after."""
    named = ", ".join(f'"{name}"' for name in COMPARED)
    sides = [f"(select uprn, {named} from {_table(path)})" for path in (before, after)]
    differ = " or ".join(f'a."{name}" is distinct from b."{name}"' for name in COMPARED)
    shown = ", ".join(f'a."{name}"' for name in COMPARED)
    with duckdb.connect() as con:
        return con.execute(
            "select coalesce(a.uprn, b.uprn) as uprn, case when b.uprn is null then 'added' when a.uprn is null "
            f"then 'removed' else 'changed' end as change, {shown} from {sides[1]} a full join {sides[0]} b "
            f"on a.uprn = b.uprn where a.uprn is null or b.uprn is null or {differ} order by 1",
            [path for path in (after, before) if path],
        ).to_arrow_table()


def _table(path: str) -> str:
    columns = ", ".join(f'null as "{name}"' for name in COMPARED)
    return properties.WHOLE if path else f"(select null::bigint as uprn, {columns} where false)"


# One system's crosswalk

CROSSWALK = ("reference", "change", "uprn", "uprn_before", "state", "why", "since")
SINCE = """
select coalesce(a.reference, b.reference) as reference, case when b.reference is null then 'new'
    when a.reference is null then 'gone' when a.uprn is distinct from b.uprn then 'another UPRN' else 'another state'
    end as change, a.uprn, b.uprn as uprn_before, a.state, a.why, a.since
from counting a full join {before} b using (reference)
where a.reference is null or b.reference is null or a.uprn is distinct from b.uprn or a.state <> b.state
order by 1
"""


def of_system(
    office: Office, session: Session, system: CrosswalkSystem, newest: Snapshot, before: Snapshot | None
) -> list[tuple[Any, ...]]:
    """What is otherwise now, by the newest crosswalk and the answers since, than in an earlier delivery's; all of it
    where there is none. What came to be one that must not be seen is left out, not told as gone."""
    unseen = properties.hidden(office, session, properties.gazetteer(session, system.authority))
    empty = "(select null::varchar as reference, null::bigint as uprn, null::varchar as state where false)"
    with duckdb.connect() as con:
        systems.counting(con, office, session, system, newest)
        query = SINCE.format(before="read_parquet(?)" if before else empty)
        rows = con.execute(query, [str(office.lake.file(before))] if before else []).fetchall()
    return [row for row in rows if unseen.isdisjoint({row[2], row[3]})]


def as_records(system: CrosswalkSystem, rows: list[tuple[Any, ...]], day: date, source: str) -> Iterator[str]:
    """As record 23 of DTF 7.3: what came is inserted, what went deleted, and what moved is both. A line each."""
    order = 0
    for reference, _, uprn, uprn_before, *_ in rows:
        for letter, of in (("D", uprn_before), ("I", uprn)):
            if of is not None and uprn != uprn_before:
                order += 1
                key = f"{system.id}X{reference}"
                cells = [23, letter, order, of, day, day, day, day if letter == "D" else "", reference, source, key]
                out = io.StringIO()
                csv.writer(out, lineterminator="\r\n").writerow(cells)
                yield out.getvalue()
