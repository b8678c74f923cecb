"""Gazetteers with one row per property, each with what was done to it: AddressBase Plus and Core. Ordnance Survey
ships their headers apart from the data, so a file may come with or without one."""

import re
from collections import Counter
from dataclasses import dataclass, replace

from segments.files.reading import Head, Reading, open_rows
from segments.sources import gazetteer
from segments.sources.format import Check, Harvest, Warn, headed_by, scalar, tabulate

BARE = -1  # where the header of a file without one lies


@dataclass(frozen=True)
class Layout:
    """How a flat gazetteer calls its columns. Those `used` are kept, under their names in small letters; `needed` tell
    it from other tables; `statements` make `properties` and `parts` of the `records`."""

    name: str
    columns: tuple[str, ...]
    needed: tuple[str, ...]
    used: tuple[str, ...]
    change: str
    kind: str  # the column of the class
    easting: str
    postcodes: tuple[str, ...]
    custodian: str
    statements: tuple[str, ...]

    def locate(self, head: Head) -> int | None:
        first = head.rows[0] if head.rows else []
        if len(first) == len(self.columns) and re.fullmatch(r"\d{1,12}", first[0]):
            return BARE if first[self.columns.index(self.change)] in {"I", "U", "D"} else None
        return headed_by(*self.needed)(head)


def normalise(reading: Reading, header_at: int, layout: Layout, here: str, checks: list[Check]) -> Harvest:
    """`here` is the SQL of whether a row says itself that it lies in the authority; empty where none can."""
    changes = _begin(reading, header_at, layout)
    uprn = f"as_uprn({reading.column('UPRN')})"
    claims = f"select {uprn} as uprn, clean({reading.column(layout.custodian)}) as custodian from raw"
    told = f"select {uprn} as uprn from raw where {here}" if here else ""
    stranger = gazetteer.keep_own(reading, claims, here=told, changes=changes).format(uprn)
    elsewhere = gazetteer.leave_out(reading, stranger)
    rejected = _tabulate(reading, layout, checks, elsewhere, changes=changes)
    changed = gazetteer.settle(reading, map(str.lower, layout.used), changes=changes)
    reading.progress("Composing addresses")
    for statement in (*layout.statements, gazetteer.COMPOSE):
        reading.con.execute(statement)
    return gazetteer.harvest(reading, rejected, changed, "select count(distinct usrn) from records")


def _begin(reading: Reading, header_at: int, layout: Layout) -> bool:
    """Open the file, whichever way its header came; returns whether it holds changes only."""
    if header_at == BARE:
        rows, starts = [list(layout.columns), *reading.head.rows], [0, *reading.head.starts]
        reading.head = replace(reading.head, rows=rows, starts=starts)
    open_rows(reading, header_at=max(header_at, 0))
    gazetteer.prepare(reading)
    # A full supply inserts every row.
    if not scalar(reading, f"select count(*) from raw where {_change(reading, layout)} in ('U', 'D')"):
        return False
    gazetteer.take_up(reading, layout.name)
    for name in layout.used:  # records kept by an earlier version may lack a column that is used now
        reading.con.execute(f"alter table held add column if not exists {name.lower()} varchar")
    return True


def _change(reading: Reading, layout: Layout) -> str:
    return f"coalesce(upper(clean({reading.column(layout.change)})), 'I')"


def _tabulate(
    reading: Reading, layout: Layout, checks: list[Check], elsewhere: str, *, changes: bool
) -> Counter[str]:  # fmt: skip
    uprn, change = f"as_uprn({reading.column('UPRN')})", _change(reading, layout)
    stays = f"{change} <> 'D'"
    output = {"record": "''", "key": f"{uprn}::varchar", "change": change, "turn": "0"}
    output |= {name.lower(): f"clean({reading.column(name)})" for name in layout.used}
    common = [
        Check("UPRN", gazetteer.FAULT_UPRN, f"{uprn} is null"),
        gazetteer.change_check(layout.change, change, "true", changes=changes),
        gazetteer.class_check(layout.kind, reading.column(layout.kind), stays),
    ]
    no_postcode = " and ".join(f"as_postcode({reading.column(name)}) is null" for name in layout.postcodes)
    warns = [
        Warn("{n} properties have coordinates of zero: they are kept without",
             f"{stays} and as_number({reading.column(layout.easting)}) = 0"),
        Warn("{n} addresses have no usable postcode", f"{stays} and {no_postcode}"),
    ]  # fmt: skip
    return tabulate(
        reading, output, [*common, *checks], warns=warns, unlisted_if=elsewhere,
        unique="" if changes else "key", repeated=gazetteer.REPEATED,
    )  # fmt: skip
