"""How well the gazetteer is kept and how well the council's files are tied to it, for its custodian to put right.

Worked out once for each set of snapshots it is read from, and kept as one: `issue, uprn, record, expected`. Protected
addresses are looked at like all others and their list is not read, so that no figure tells whether there are any.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, TextIO

import duckdb
from sqlmodel import Session

from engage.foundation import audit
from engage.foundation.files import cells
from engage.foundation.lake import Snapshot, current, current_by_name, history
from engage.foundation.office import Actor, Office
from segments.areas import positions, ward_points, wards
from segments.engine import imported
from segments.files.reading import literal
from segments.gazetteer.issues import APART, BY_KEY, ENDED, ISSUES, WORDS, Issue

KIND = "gazetteer-health"
READ = ("gazetteer", "register", "geography", "boundaries", "coordinates", positions.KIND)
FILES = ("register", "contacts", "suppressions", "indicator")
COLUMNS = ("uprn", "issue", "what the record says", "what was expected")

# The columns the checks read. A table is there, empty, before its snapshot is; so is a column that older ones lack.
TABLES = {
    "gazetteer": {
        "uprn": "bigint", "class": "varchar", "logical_status": "int", "state": "int", "parent_uprn": "bigint",
        "easting": "double", "northing": "double", "ward": "varchar", "address": "varchar", "postcode": "varchar",
        "residential": "bool", "successor": "bigint",
    },
    "register": {"uprn": "bigint"},
    "geography": {"uprn": "bigint", "ward": "varchar"},
    "boundaries": {"ward": "varchar", "name": "varchar", "geometry": "varchar"},
    "coordinates": {"uprn": "bigint", "easting": "double", "northing": "double"},
    positions.KIND: {
        "uprn": "bigint", "from_easting": "double", "from_northing": "double", "easting": "double", "northing": "double"
    },
}  # fmt: skip
PREPARE = f"""
create view property as select *, {ENDED} as ended from ({positions.NOW.format(points="gazetteer", moves="positions")});
create table home as select *, coalesce(easting, 0) <> 0 and coalesce(northing, 0) <> 0 as plotted,
    trim(regexp_replace(lower(strip_accents(address)), '[^a-z0-9]+', ' ', 'g')) as key
from property where residential;
create table claim as select distinct uprn from register where uprn is not null;
create view place as from geography;
create view survey as from coordinates;
create view ward as select ward as code, name from boundaries;
"""


@dataclass(frozen=True)
class Finding:
    """One check: how many of how many. Where a file that it needs is not imported, `missing` is that kind."""

    key: str
    count: int = 0
    of: int = 0
    missing: str = ""

    @property
    def issue(self) -> Issue:
        return BY_KEY[self.key]

    @property
    def share(self) -> float | None:
        """To a tenth of a percentage point: see `about`."""
        return round(self.count / self.of, 3) if self.of else None


def about(count: int) -> int:
    """How many homes there are, not exactly: what is missing from the table of homes would show how many addresses are
    protected."""
    return round(count, -2 if count >= 1000 else -1)


@dataclass(frozen=True)
class FileShare:
    """How far one file is tied to the gazetteer by UPRN: rows kept, rows with one, rows whose UPRN it knows."""

    kind: str
    name: str
    rows: int
    with_uprn: int
    found: int

    @property
    def share(self) -> float | None:
        return round(self.found / self.rows, 3) if self.rows else None


@dataclass(frozen=True)
class Health:
    """`read` is the date each source speaks of; `near_edge` the points outside their ward but within the tolerance."""

    homes: int
    properties: int
    near_edge: int
    read: dict[str, date]
    findings: list[Finding]
    files: list[FileShare]
    versions: list[wards.Version]
    changes: list[wards.Change]

    @property
    def listed(self) -> int:
        return sum(finding.count for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """For the command and the API. Shares are 0 to 1; a check not made has none and says what is missing."""
        return {
            "homes": about(self.homes), "properties": self.properties,
            "read": {kind: day.isoformat() for kind, day in self.read.items()},
            "tolerance_metres": ward_points.TOLERANCE, "points_within_tolerance": self.near_edge,
            "points_apart_metres": APART,
            "issues": [
                {"issue": f.key, "title": f.issue.title, "count": None if f.missing else f.count, "of": about(f.of),
                 "share": f.share, "advice": f.issue.advice, "needs": f.missing}
                for f in self.findings
            ],
            "files": [asdict(file) | {"share": file.share} for file in self.files],
            "wards": {
                "versions": [
                    {"since": v.since.isoformat(), "until": v.until and v.until.isoformat(), "wards": list(v.codes)}
                    for v in self.versions
                ],
                "changes": [change.as_dict() for change in self.changes],
            },
        }  # fmt: skip


def examine(office: Office, actor: Actor) -> Health:
    """The health of the newest gazetteer; InputRefused says that there is none yet."""
    with office.database.session() as session:
        snapshot = _kept(office, actor, session)
        read = _sources(session, actor.authority)
    found = snapshot.report
    return Health(
        homes=found["homes"], properties=found["properties"], near_edge=found["near_edge"],
        read={kind: source.as_at for kind, source in read.items()},
        findings=[Finding(**each) for each in found["findings"]], files=[FileShare(**each) for each in found["files"]],
        versions=wards.versions(office, actor.authority), changes=wards.changes(office, actor.authority),
    )  # fmt: skip


def listed(office: Office, actor: Actor) -> Path:
    """The file of `issue, uprn, record, expected`, for figures made of it."""
    with office.database.session() as session:
        return office.lake.file(_kept(office, actor, session))


def rows(office: Office, actor: Actor) -> Iterator[tuple[int, str, str, str]]:
    """`uprn`, issue, what the record says, what was expected, issue by issue. Reading it is recorded."""
    with office.database.session() as session:
        snapshot = _kept(office, actor, session)
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="read gazetteer health",
            subject=f"snapshot {snapshot.id}", rows=snapshot.rows,
        )  # fmt: skip
    with duckdb.connect() as con:
        found = con.execute(
            "select uprn, issue, record, expected from read_parquet(?) order by list_position(?, issue), uprn",
            [str(office.lake.file(snapshot)), list(BY_KEY)],
        ).fetchall()
    return ((uprn, BY_KEY[key].title, record, expected) for uprn, key, record, expected in found)


def export(office: Office, actor: Actor, to: TextIO) -> int:
    """Write the CSV for the custodian, safe to open in a spreadsheet; gives the number of rows."""
    return cells.write(to, COLUMNS, rows(office, actor), ends="\r\n")


def _sources(session: Session, authority: str) -> dict[str, Snapshot]:
    found = {kind: current(session, authority, kind) for kind in READ}
    imported.needed(found["gazetteer"], "gazetteer")
    return {kind: snapshot for kind, snapshot in found.items() if snapshot}


def _files(session: Session, authority: str) -> list[Snapshot]:
    """The council's own files. The list of protected addresses is none of them: nothing may come of it here."""
    return [snapshot for kind in FILES for _, snapshot in sorted(current_by_name(session, authority, kind).items())]


def _kept(office: Office, actor: Actor, session: Session) -> Snapshot:
    sources, files = _sources(session, actor.authority), _files(session, actor.authority)
    ids = [snapshot.id for snapshot in (*sources.values(), *files)]
    rules = (ISSUES, WORDS, TABLES, PREPARE, ward_points.POINTS, ward_points.TOLERANCE)
    source = hashlib.sha256(repr((ids, rules)).encode()).hexdigest()
    known = next((s for s in history(session, actor.authority, KIND) if s.source == source), None)
    if known:
        return known
    staged = office.lake.stage()
    with duckdb.connect() as con:
        _prepare(con, office, sources)
        near_edge = ward_points.register(con, _geometries(con))
        findings = _check(con, sources)
        con.execute(f"copy issue to {literal(str(staged))} (format parquet)")
        counted = con.execute("select (select count(*) from home), (select count(*) from property)").fetchone()
        homes, properties = counted or (0, 0)
        shares = [_share(con, office, file) for file in files]
    return office.lake.commit(
        session, staged, authority=actor.authority, kind=KIND, as_at=sources["gazetteer"].as_at,
        made_at=office.clock.now(), made_by=actor.label, rows=sum(finding.count for finding in findings), source=source,
        report={
            "homes": homes, "properties": properties, "near_edge": near_edge,
            "findings": [asdict(finding) for finding in findings],
            "files": [asdict(share) for share in shares if share],
        },
    )  # fmt: skip


def _prepare(con: duckdb.DuckDBPyConnection, office: Office, sources: dict[str, Snapshot]) -> None:
    con.execute(WORDS)
    for name, columns in TABLES.items():
        con.execute(f"create table empty_{name} ({', '.join(f'{c} {kind}' for c, kind in columns.items())})")
        if name in sources:
            path = literal(str(office.lake.file(sources[name])))
            con.execute(
                f"create view {name} as select {', '.join(columns)} from "
                f"(from empty_{name} union all by name select * from read_parquet({path}))"
            )
        else:
            con.execute(f"create view {name} as from empty_{name}")
    con.execute(PREPARE)


def _geometries(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(con.execute("select ward, geometry from boundaries order by ward").fetchall())


def _check(con: duckdb.DuckDBPyConnection, sources: dict[str, Snapshot]) -> list[Finding]:
    """Make the table `issue` and count it, check by check."""
    con.execute("create table issue (issue varchar, uprn bigint, record varchar, expected varchar)")
    totals = dict(
        con.execute("select 'home', count(*) from home union all select 'claim', count(*) from claim").fetchall()
    )
    findings = []
    for issue in ISSUES:
        if missing := next((kind for kind in issue.needs if kind not in sources), ""):
            findings.append(Finding(issue.key, missing=missing))
            continue
        found = f"select ?, uprn, record, expected from ({issue.found}) order by uprn"
        counted = con.execute(f"insert into issue {found}", [issue.key]).fetchone()
        findings.append(Finding(issue.key, (counted or (0,))[0], totals[issue.of]))
    return findings


def _share(con: duckdb.DuckDBPyConnection, office: Office, file: Snapshot) -> FileShare | None:
    """None for a file that is not about properties: an indicator by area."""
    path = literal(str(office.lake.file(file)))
    if (
        file.kind == "indicator"
        and not con.execute(f"select count(*) from read_parquet({path}) where level = 'uprn'").fetchall()[0][0]
    ):
        return None
    uprn, known = _uprn_of(office, file.kind)
    counted = con.execute(
        f"select count(*), count({uprn}), count(*) filter ({uprn} in (select {known} from property)) "
        f"from read_parquet({path})"
    ).fetchone()
    return FileShare(file.kind, file.name, *(counted or (0, 0, 0)))


def _uprn_of(office: Office, kind: str) -> tuple[str, str]:
    """SQL of what ties a row of a file, and of the property it must be among; homes not to contact go by their hash."""
    if kind == "suppressions":
        return (
            "case channel when 'household' then contact end",
            office.keys.hash_sql("concat('uprn', chr(31), uprn::varchar)"),
        )
    return ("try_cast(area as bigint)", "uprn") if kind == "indicator" else ("uprn", "uprn")
