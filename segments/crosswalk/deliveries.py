"""Lists of systems linked: read, matched together in one run, and kept as each system's crosswalk, all or none.

A crosswalk is a snapshot of the lake: a row for each reference of the newest delivery, with its UPRN, how it is known,
why and since when. What people decided of an address stands for the next delivery, too.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.sqltypes import VARCHAR
from sqlmodel import Session

from engage.foundation import audit
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Actor, Office
from segments.crosswalk import columns, lists, matches, settling, systems
from segments.crosswalk.columns import Columns
from segments.crosswalk.lists import Listed
from segments.crosswalk.matches import STATES, Decision
from segments.crosswalk.systems import KIND, CrosswalkDecision, CrosswalkSystem
from segments.files.reading import Reading
from segments.importing.workspace import scratch
from segments.safeguards import protected

MANY = 10  # references that two lists have in common before they can be one system's
SAME, FOREIGN, LEAST_KNOWN, SHRUNK = 0.5, 0.5, 0.2, 0.8  # shares of a list's rows


@dataclass(frozen=True)
class Wanted:
    """One file to link: whose it is, under which name it went before, and the columns, where somebody says them."""

    path: Path
    system: str
    columns: Columns | None = None
    confirmed: bool = False  # somebody said yes to the columns that are proposed
    accept_fewer: bool = False


class ColumnsUnsure(InputRefused):
    """The columns can only be guessed: a person says yes to them, once per system."""

    def __init__(self, file: str, proposed: Columns, doubts: Sequence[str]) -> None:
        super().__init__(
            f"{file}: please look at its columns once. Proposed: {proposed.said}. In doubt is {'; '.join(doubts)}. "
            "Nothing was changed.",
            by_command="If it is right so, link it with --yes, else with --columns.",
        )
        self.proposed, self.doubts = proposed, doubts


class FarFewer(InputRefused):
    """A list has far fewer rows than the one before it: a person says whether so many properties are gone."""


@dataclass(frozen=True)
class Proposal:
    """A list's headings, what they seem to be, and what a person should look at; no row of it."""

    headings: list[str]
    columns: Columns
    doubts: list[str]


@dataclass(frozen=True)
class Linked:
    """One system's crosswalk as it was made: rows by state, and what changed since the delivery before."""

    system: str
    system_id: int
    snapshot_id: int
    file: str
    as_at: date
    columns: Columns
    rows: int
    states: dict[str, int]
    why: dict[str, int]
    changed: dict[str, int]
    unusable_uprns: int
    settles: bool

    def as_dict(self) -> dict[str, Any]:
        linked = self.rows - self.states["to review"] - self.states["not found"]
        return {
            "system": self.system, "system_id": self.system_id, "snapshot_id": self.snapshot_id, "file": self.file,
            "as_at": self.as_at.isoformat(), "columns": self.columns.as_dict(), "rows": self.rows, "linked": linked,
            "share": linked / self.rows if self.rows else 0.0, "states": self.states, "why": self.why,
            "changed": self.changed, "unusable_uprns": self.unusable_uprns, "settles": self.settles,
        }  # fmt: skip


@dataclass
class _Run:
    """What one run stands on."""

    office: Office
    actor: Actor
    gazetteer: Snapshot
    as_at: date
    known: dict[str, CrosswalkSystem] = field(default_factory=dict)
    decided: dict[str, list[CrosswalkDecision]] = field(default_factory=dict)
    before: dict[str, Snapshot] = field(default_factory=dict)

    @property
    def references(self) -> Path | None:
        relative = self.gazetteer.report.get("cross_references")
        return self.office.lake.at(relative) if relative else None


def link(office: Office, actor: Actor, wanted: Sequence[Wanted], as_at: date | None = None) -> list[Linked]:
    """Link each file for its system; InputRefused says what is wrong with one, and then nothing of any was changed."""
    run = _begin(office, actor, wanted, as_at or today(office.clock))
    with ExitStack() as stack:
        listed = [_read(run, each, stack.enter_context(scratch(office.lake))) for each in wanted]
        for each, found in zip(wanted, listed, strict=True):
            _refuse_renamed(run, each, found)
        con = stack.enter_context(duckdb.connect(config={"temp_directory": str(office.lake.stage(suffix=""))}))
        _match(run, con, wanted, listed)
        _refuse_foreign(con, wanted, listed)
        return _keep(run, con, wanted, listed)


def propose(office: Office, actor: Actor, path: Path) -> Proposal:
    """What the columns of a list seem to be; nothing is kept. Where that cannot be told, a person can still say it."""
    run = _begin(office, actor, [], today(office.clock))
    with (
        scratch(office.lake) as folder,
        lists.opened(office, actor, path, run.as_at, folder, run.references) as reading,
    ):
        try:
            found, doubts = columns.propose(reading)
        except InputRefused as refused:
            found, doubts = Columns(""), [str(refused)]
        return Proposal(reading.columns, found, doubts)


def _begin(office: Office, actor: Actor, wanted: Sequence[Wanted], as_at: date) -> _Run:
    names = [systems.demand_name(each.system) for each in wanted]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputRefused(f"The system {twice!r} is given twice in one run. Give each list its own system.")
    with office.database.session() as session:
        gazetteer = current(session, actor.authority, "gazetteer")
        if gazetteer is None:
            raise InputRefused(
                "There is no gazetteer here to link to. Import it first.", by_command="engage import gazetteer FILE"
            )
        run = _Run(office, actor, gazetteer, as_at)
        for name in names:
            if system := systems.called(session, actor.authority, name):
                run.known[name] = system
                run.decided[name] = systems.decisions(session, system)
                if before := systems.crosswalk(session, system):
                    run.before[name] = before
    return run


def _read(run: _Run, wanted: Wanted, folder: Path) -> Listed:
    known = run.known.get(wanted.system)
    told = wanted.columns or (Columns.from_dict(known.columns) if known else None)
    with lists.opened(run.office, run.actor, wanted.path, run.as_at, folder, run.references, told) as reading:
        return lists.take(reading, told or _proposed(wanted, reading))


def _proposed(wanted: Wanted, reading: Reading) -> Columns:
    """Taken where nothing is in doubt, or somebody said yes to them."""
    proposed, doubts = columns.propose(reading)
    if doubts and not wanted.confirmed:
        raise ColumnsUnsure(reading.file, proposed, doubts)
    return proposed


IN_COMMON = """
select count(*) from read_parquet(?) where reference in (select reference from listed)
"""


def _refuse_renamed(run: _Run, wanted: Wanted, listed: Listed) -> None:
    """A list under a name of its own whose references are another system's, or that has far fewer rows than before."""
    before = run.before.get(wanted.system)
    if before and listed.table.num_rows < SHRUNK * before.rows and not wanted.accept_fewer:
        raise FarFewer(
            f"{listed.file} has {listed.table.num_rows:,} rows, and the list before it had {before.rows:,}. Say "
            "whether so many properties are gone. Nothing was changed.",
            by_command="If they are, link it with --accept-fewer.",
        )
    with run.office.database.session() as session, duckdb.connect() as con:
        con.register("listed", listed.table)
        for other in systems.of_authority(session, run.actor.authority):
            if other.system.name == wanted.system or other.crosswalk is None:
                continue
            path = str(run.office.lake.file(other.crosswalk))
            (common,) = con.execute(IN_COMMON, [path]).fetchall()[0]
            if common >= MANY and common >= SAME * listed.table.num_rows and not _is_own(run, con, before, common):
                raise InputRefused(
                    f"{listed.file}: {common:,} of its references are those of the system {other.system.name!r}. If "
                    f"{wanted.system!r} is that system under another name, give its list under the name "
                    f"{other.system.name!r}. Nothing was changed.",
                    by_command=f"Or rename it: engage link --rename {other.system.name!r} --system {wanted.system!r}",
                )


def _is_own(run: _Run, con: duckdb.DuckDBPyConnection, before: Snapshot | None, common: int) -> bool:
    """Whether it has as many references in common with its own list before."""
    if before is None:
        return False
    return bool(con.execute(IN_COMMON, [str(run.office.lake.file(before))]).fetchall()[0][0] >= common)


def _match(run: _Run, con: duckdb.DuckDBPyConnection, wanted: Sequence[Wanted], listed: Sequence[Listed]) -> None:
    keys = run.office.keys
    con.create_function(
        "key_of", lambda key, postcode: keys.hash("listed address", key, postcode), [VARCHAR] * 2, VARCHAR
    )
    tables = []
    for each, found in zip(wanted, listed, strict=True):
        rows = found.table.num_rows
        source = pa.array([found.columns.source or None] * rows, pa.string())
        tables.append(
            found.table.append_column("list", pa.array([each.system] * rows)).append_column("reference_source", source)
        )
    decisions = {
        name: [Decision(each.key, each.uprn) for each in decided if each.decides]
        for name, decided in run.decided.items()
    }  # fmt: skip
    matches.match(con, pa.concat_tables(tables), run.office.lake.file(run.gazetteer), run.references, decisions)
    matches.settle(con, {each.system: _sure(run, each.system) for each in wanted})


def _sure(run: _Run, name: str) -> list[str]:
    system = run.known.get(name)
    if system is None:
        return [kind for kind in settling.PRIOR if settling.expected(kind, []) >= settling.PROMISED]
    return settling.sure(system, run.decided[name])


def _refuse_foreign(con: duckdb.DuckDBPyConnection, wanted: Sequence[Wanted], listed: Sequence[Listed]) -> None:
    """Another council's list: hardly a row is a property here, and most have postcodes that none here has."""
    for each, found in zip(wanted, listed, strict=True):
        rows, known, far = con.execute("""
            select count(*), count(*) filter (uprn is not null or state = 'to review'),
                count(*) filter (spot in (select spot from elsewhere)) from settled where list = ?
        """, [each.system]).fetchall()[0]  # fmt: skip
        if rows >= MANY and known < LEAST_KNOWN * rows and (far >= FOREIGN * rows or known == 0):
            raise InputRefused(
                f"{found.file} looks like another council's list: of {rows:,} rows {known:,} are properties of this "
                f"gazetteer, and {far:,} have a postcode that no property here has. Nothing was changed."
            )


def _keep(
    run: _Run, con: duckdb.DuckDBPyConnection, wanted: Sequence[Wanted], listed: Sequence[Listed]
) -> list[Linked]:
    staged = {each.system: run.office.lake.stage() for each in wanted}
    with run.office.database.session() as session:
        hidden = protected.hidden(run.office, session, run.gazetteer)
        con.execute("create table hidden as select unnest(?::bigint[]) as uprn", [hidden])
        return [
            _commit(run, session, con, each, found, staged[each.system])
            for each, found in zip(wanted, listed, strict=True)
        ]


# What lies at an address that must not be seen is not in any crosswalk, nor among what a person is shown, so that
# nothing tells it from what was never there. `since` is the day of the delivery that first said so.
CROSSWALK = """
with shown as (
    select o.spot, list(o.uprn order by place) as offered, first(o.uprn order by place) as foremost,
        bool_or(o.uprn in (select uprn from hidden)) as hidden
    from offered o group by o.spot)
select a.reference, case when a.state <> 'to review' then a.uprn end as uprn, a.state, a.why, a.evidence, a.key,
    a.line, a.address, a.postcode, coalesce(a.uprn, s.foremost) as foremost,
    case when a.state = 'to review' then s.offered[1:60] else [] end as offered,
    case when b.uprn is not distinct from case when a.state <> 'to review' then a.uprn end and b.state = a.state
        then b.since else ?::date end as since
from settled a left join shown s using (spot) left join before b using (reference)
where a.list = ? and a.uprn not in (from hidden) is not false and not (a.uprn is null and coalesce(s.hidden, false))
order by a.reference
"""


def _write(run: _Run, con: duckdb.DuckDBPyConnection, name: str, to: Path) -> None:
    before = run.before.get(name)
    if before:
        con.execute("create or replace table before as select reference, uprn, state, since from read_parquet(?)",
                    [str(run.office.lake.file(before))])  # fmt: skip
    else:
        con.execute("create or replace table before (reference varchar, uprn bigint, state varchar, since date)")
    con.execute(f"create or replace table crosswalk as {CROSSWALK}", [run.as_at, name])
    con.sql("from crosswalk").write_parquet(str(to), compression="zstd")


CHANGED = """
select count(*) filter (b.reference is null), count(*) filter (a.reference is null),
    count(*) filter (a.reference is not null and b.reference is not null and a.uprn is distinct from b.uprn)
from read_parquet(?) a full join before b using (reference)
"""


def _commit(
    run: _Run, session: Session, con: duckdb.DuckDBPyConnection, wanted: Wanted, listed: Listed, staged: Path
) -> Linked:  # fmt: skip
    _write(run, con, wanted.system, staged)
    counts = dict.fromkeys(STATES, 0) | dict(
        con.execute("select state, count(*) from crosswalk group by state").fetchall()
    )
    why = dict(con.execute("select why, count(*) from crosswalk group by why order by 2 desc").fetchall())
    new, gone, moved = con.execute(CHANGED, [str(staged)]).fetchall()[0]
    system = _system(run, session, wanted, listed)
    made = Linked(
        wanted.system, system.id or 0, 0, listed.file, run.as_at, listed.columns, sum(counts.values()), counts, why,
        {"new": new, "gone": gone, "another UPRN": moved}, listed.unusable_uprns, system.settles,
    )  # fmt: skip
    snapshot = run.office.lake.commit(
        session, staged, authority=run.actor.authority, kind=KIND, name=str(system.id), as_at=run.as_at,
        made_at=run.office.clock.now(), made_by=run.actor.label, rows=made.rows, source=listed.digest,
        report=made.as_dict() | {"gazetteer": run.gazetteer.id},
    )  # fmt: skip
    audit.record(
        session, authority=run.actor.authority, at=run.office.clock.now(), actor=run.actor.label, act="link list",
        subject=f"system {system.id}", snapshot=snapshot.id, blake3=listed.digest, rows=made.rows, **{
            state.replace(" ", "_"): count for state, count in counts.items()
        },
    )  # fmt: skip
    return Linked(**{**made.__dict__, "snapshot_id": snapshot.id or 0})


def _system(run: _Run, session: Session, wanted: Wanted, listed: Listed) -> CrosswalkSystem:
    """Made with its first list; its columns are confirmed by whoever links it."""
    system = systems.called(session, run.actor.authority, wanted.system)
    said = listed.columns.as_dict()
    if system is None:
        system = CrosswalkSystem(
            authority=run.actor.authority, name=wanted.system, columns=said, confirmed_at=run.office.clock.now(),
            confirmed_by=run.actor.label,
        )  # fmt: skip
    elif system.columns != said:
        system.columns, system.confirmed_at, system.confirmed_by = said, run.office.clock.now(), run.actor.label
    session.add(system)
    session.flush()
    return system


def rename(office: Office, actor: Actor, was: str, name: str) -> CrosswalkSystem:
    """The system under another name, with its crosswalk and all decisions."""
    name = systems.demand_name(name)
    with office.database.session() as session:
        system = systems.called(session, actor.authority, was)
        if system is None:
            raise InputRefused(f"There is no system {was[:70]!r} here.", by_command="engage link --list shows them.")
        if systems.called(session, actor.authority, name):
            raise InputRefused(f"There is a system {name!r} here already. Choose another name.")
        system.name = name
        session.add(system)
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="rename linked system",
            subject=f"system {system.id}",
        )  # fmt: skip
    return system
