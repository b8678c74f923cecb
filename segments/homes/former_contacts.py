"""Contacts that councils which went into this one left here, taken over once somebody says that they may be.

An order that makes a new council moves the old ones' functions and records to it, but contacts that came under an
agreement with a third party move only where that agreement says so: nobody but the council can tell (UK GDPR Art 5).
Each contact keeps its own source, lawful basis, agreement and day, and every objection its effect.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb
from sqlmodel import Session

from engage.foundation import audit, data_keys, identity
from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Actor, Office
from segments.files.reading import literal
from segments.files.report import ImportReport, count
from segments.safeguards import sealed_columns

FORMAT = "Contacts of earlier councils, taken over"
NOTHING = "No earlier council of this one has contacts here that were not taken over."
UNSAID = (
    "Nobody said that these contacts may be taken over. Say so with --may, if the order that made the council, or the "
    "agreements they came under, let it use them. Nothing was changed."
)
# As of one list: an objection stands, then the newest counts.
TOGETHER = """
select distinct on (uprn, channel, contact) uprn, channel, contact, case when objected then '' else value end as value,
    source, lawful_basis, agreement_reference, collected_on, objected
from read_parquet(?, union_by_name = true)
order by uprn, channel, contact, objected desc, collected_on desc, source, agreement_reference
"""
FIGURES = ("emails", "mobiles", "properties", "objected")
COUNTED = """
select count(*), count(*) filter (channel = 'email'), count(*) filter (channel = 'sms'), count(distinct uprn),
    count(*) filter (objected)
from joined
"""
TWICE = "the same contact in several lists"


@dataclass(frozen=True)
class Left:
    """The contacts of one earlier council."""

    council: str
    snapshot: Snapshot


def left(office: Office, authority: str) -> list[Left]:
    """What earlier councils have here; nothing once the contacts of this one hold it."""
    with office.database.reading() as session:
        return _left(session, authority)


def _left(session: Session, authority: str) -> list[Left]:
    own, earlier = current(session, authority, "contacts"), identity.line(session, authority)[1:]
    found = {code: snapshot for code in earlier if (snapshot := current(session, code, "contacts"))}
    held = set(own.report.get("taken_over", [])) if own else set()
    if held >= {snapshot.id for snapshot in found.values()}:
        return []
    return [Left(identity.authority(session, code).name, snapshot) for code, snapshot in found.items()]


def take_over(office: Office, actor: Actor, *, may: bool) -> Snapshot:
    """Make one list of this council's own contacts and those of the councils before it. It is undone as an import is,
    and the next list that is imported takes its place."""
    with office.database.session() as session:
        theirs, own = _left(session, actor.authority), _own(session, actor.authority)
        if not theirs:
            raise InputRefused(NOTHING)
        if not may:
            raise InputRefused(UNSAID)
        parts = [*([own] if own else []), *(each.snapshot for each in theirs)]
        joined, staged, sealer = office.lake.stage(), office.lake.stage(), office.keys.new_sealer()
        try:
            rows, figures = _together(office, parts, joined)
            # By a key of its own: those of the lists it comes from are destroyed in their time.
            sealed_columns.seal(joined, staged, "contacts", office.keys, sealer)
            made = _commit(session, office, actor, staged, _report(theirs, parts, rows, figures), own)
        finally:
            joined.unlink(missing_ok=True)
            staged.unlink(missing_ok=True)
        data_keys.keep(
            session, office.keys, sealer, made.made_at, purpose="contacts", authority=made.authority,
            subject=str(made.id),
        )  # fmt: skip
        return made


def _own(session: Session, authority: str) -> Snapshot | None:
    """The list that is its own alone: what was taken over before is read anew, as it is now."""
    found = current(session, authority, "contacts")
    if found is None or "taken_over" not in found.report:
        return found
    before = session.get(Snapshot, found.report["own"]) if found.report["own"] else None
    return before if before and before.undone_at is None else None


def _together(office: Office, parts: list[Snapshot], to: Path) -> tuple[int, dict[str, int]]:
    files = [str(office.lake.file(part)) for part in parts]
    with duckdb.connect() as lake:
        lake.execute("create table joined as " + TOGETHER, [files])
        lake.execute(f"copy joined to {literal(str(to))} (format parquet, compression zstd)")
        [(rows, *counts)] = lake.execute(COUNTED).fetchall()
    return int(rows), dict(zip(FIGURES, counts, strict=True))


def _report(theirs: list[Left], parts: list[Snapshot], rows: int, figures: dict[str, int]) -> ImportReport:
    """As of an import: contacts that several lists hold count once."""
    read = sum(part.rows for part in parts)
    names = " and ".join(each.council for each in theirs)
    return ImportReport(
        kind="contacts", format=FORMAT, file=f"contacts of {names}", as_at=max(part.as_at for part in parts),
        rows_read=read, accepted=rows, rejected={TWICE: read - rows} if read > rows else {}, rejects_file="",
        warnings=[], figures=figures, snapshot_id=None, outcome="good", expected=[TWICE] if read > rows else [],
        counts=[count("rows_read", read), count("rows_accepted", rows)],
    )  # fmt: skip


def _commit(
    session: Session, office: Office, actor: Actor, staged: Path, report: ImportReport, own: Snapshot | None
) -> Snapshot:  # fmt: skip
    taken = [each.snapshot.id for each in _left(session, actor.authority)]
    made = office.lake.commit(
        session, staged, authority=actor.authority, kind="contacts", as_at=report.as_at, made_at=office.clock.now(),
        made_by=actor.label, rows=report.accepted,
        report=report.as_dict() | {"taken_over": taken, "own": own.id if own else None},
    )  # fmt: skip
    audit.record(
        session, authority=actor.authority, at=made.made_at, actor=actor.label, act="take over contacts",
        subject="contacts", snapshot=made.id, of=", ".join(map(str, taken)), rows=made.rows,
    )  # fmt: skip
    return made
