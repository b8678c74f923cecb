"""Bringing a file in: recognised, staged, checked, then swapped in whole in one transaction, or not at all."""

import csv
import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from sqlmodel import col, select

from engage.foundation import audit, identity, lake
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from segments import suppression
from segments.reading import Head, Known, Reading, connect, look
from segments.refusals import refuse_forbidden
from segments.sources import FORMATS, KINDS, SHELVES
from segments.sources.format import Format, Harvest
from segments.staging import fingerprint, receive

LABELS = {
    "register": "an electoral register", "register-update": "an update of the register", "gazetteer": "a gazetteer",
    "geography": "a table of the areas each UPRN lies in", "indicator": "a table of indicators by area",
    "population": "population estimates", "boundaries": "ward boundaries", "contacts": "contact details",
    "suppressions": "a list of people not to contact", "protected": "a list of protected addresses",
}  # fmt: skip
SPREADSHEET_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class ImportReport:
    """What an import found, for the page, the command and JSON alike: `rows_read = accepted + sum(rejected)`."""

    kind: str
    format: str
    file: str
    as_at: date
    sha256: str
    rows_read: int
    accepted: int
    rejected: dict[str, int]
    rejects_file: str
    warnings: list[str]
    figures: dict[str, Any]
    snapshot_id: int | None
    outcome: str  # 'good', 'usable' with problems to look at, or 'refused'
    unchanged: bool = False
    expected: list[str] = field(default_factory=list)  # reasons for rejecting that are no fault of the file
    records: str = ""  # what later changes of a gazetteer apply to, in the lake

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"as_at": self.as_at.isoformat()}


def import_file(
    office: Office, actor: Actor, kind: str, path: Path, as_at: date, *,
    dry_run: bool = False, progress: Callable[[str], None] | None = None,
) -> ImportReport:  # fmt: skip
    """Import one file for the actor's authority; InputRefused says why not, and then nothing was changed.

    A file that is already the newest of its kind and date is recognised and reported as unchanged.
    """
    say = progress or (lambda _: None)
    _check_request(office, actor, kind, path, as_at)
    say("Reading the file")
    digest = fingerprint(path)
    if (before := _already_current(office, actor, kind, as_at, digest)) is not None:
        return before
    with _scratch(office) as scratch:
        return _take_in(office, actor, kind, path, as_at, scratch, dry_run, say)


@contextmanager
def _scratch(office: Office) -> Iterator[Path]:
    """A folder of our own, gone at the end. It holds names while a register is read, so what a killed import left
    behind is removed by the next one: its lock is then free."""
    folder = office.lake.stage(suffix="")
    for lock in folder.parent.glob("*/lock"):
        _remove_if_abandoned(lock)
    folder.mkdir(mode=0o700)
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_if_abandoned(lock: Path) -> None:
    try:
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)
    except (BlockingIOError, FileNotFoundError):
        return  # at work, or just done


def _check_request(office: Office, actor: Actor, kind: str, path: Path, as_at: date) -> None:
    if kind not in KINDS:
        raise InputRefused(f"There is no kind {kind!r}. Use one of: {', '.join(KINDS)}.")
    with office.database.session() as session:
        identity.authority(session, actor.authority)
    if as_at > today(office.clock):
        raise InputRefused(
            f"{path.name}: the date {as_at.isoformat()} is in the future. Give the day the data speaks of, "
            f"{today(office.clock).isoformat()} at the latest."
        )


def _already_current(office: Office, actor: Actor, kind: str, as_at: date, digest: str) -> ImportReport | None:
    with office.database.session() as session:
        for shelf in dict.fromkeys(form.makes for form in FORMATS if form.kind == kind):
            for snapshot in lake.history(session, actor.authority, shelf):
                if snapshot.source == digest and snapshot.as_at == as_at:
                    newest = [
                        s for s in lake.history(session, actor.authority, shelf, snapshot.name) if s.as_at == as_at
                    ]
                    return _reported(snapshot) if newest[0].id == snapshot.id else None
    return None


def _reported(snapshot: Snapshot) -> ImportReport:
    stored = {**snapshot.report, "as_at": snapshot.as_at, "snapshot_id": snapshot.id}
    return replace(ImportReport(**stored), unchanged=True)


def _take_in(
    office: Office, actor: Actor, kind: str, path: Path, as_at: date, scratch: Path, dry_run: bool,
    say: Callable[[str], None],
) -> ImportReport:  # fmt: skip
    text = receive(path, scratch / "text")
    head = look(text)
    form, header_at = _recognise(head, kind, path.name)
    say(f"Checking {text.lines:,} lines of {form.name}")
    con = connect(scratch)
    reading = Reading(
        con, path.name, text, head, actor.authority, as_at, office.keys, _known(office, actor.authority),
        scratch / "snapshot.parquet", scratch, say,
    )  # fmt: skip
    try:
        harvest = form.normalise(reading, header_at)
        rejects = _write_rejects(reading)
    except duckdb.Error as error:
        # DuckDB's own message may quote cells of the file, or our SQL with a key in it: neither may be shown.
        raise InputRefused(f"{path.name} could not be read as {form.name} ({type(error).__name__}).") from None
    finally:
        con.close()
    report = _report(form, reading, harvest)
    if dry_run:
        return report
    return _commit(office, actor, form, report, harvest, reading, rejects)


def _recognise(head: Head, kind: str, file: str) -> tuple[Format, int]:
    found = [(form, at) for form in FORMATS if (at := form.locate(head)) is not None]
    # Without a known format any of the first rows may be the header; a format without header (-1) has none to look at.
    refuse_forbidden([head.rows[at] for _, at in found if at >= 0] if found else head.rows[:4], file)
    for form, at in found:
        if form.kind == kind:
            return form, at
    if found:
        form = found[0][0]
        raise InputRefused(
            f"{file} is {LABELS[form.kind]} ({form.name}), not {LABELS[kind]}. "
            f"Import it as kind {form.kind!r}. Nothing was changed."
        )
    expected = "; ".join(f"{form.name} with {', '.join(form.columns)}" for form in FORMATS if form.kind == kind)
    raise InputRefused(f"{file} is no format of {LABELS[kind]} that is known here. {_seen(head)} Expected: {expected}.")


def _seen(head: Head) -> str:
    """The header found; a first row that holds digits or an @ is somebody's data and is not repeated."""
    if head.is_json:
        return "It is JSON of another shape."
    row = next((row for row in head.rows if any(cell.strip() for cell in row)), [])
    if not row or any("@" in cell or sum(c.isdigit() for c in cell) > 4 for cell in row):
        return "It has no header row."
    shown = ", ".join(cell.strip()[:60] for cell in row[:30])
    return f"Its header is: {shown}{', …' if len(row) > 30 else ''}."


def _known(office: Office, authority: str) -> Known:
    with office.database.session() as session:
        newest = {kind: lake.current(session, authority, kind) for kind in ("geography", "boundaries", "register")}
        gazetteer = lake.current(session, authority, "gazetteer")
    geography, boundaries, register = (office.lake.file(found) if found else None for found in newest.values())
    records = gazetteer.report.get("records") if gazetteer else None
    return Known(
        geography, boundaries, register, newest["register"].as_at if newest["register"] else None,
        gazetteer=office.lake.file(gazetteer) if gazetteer else None,
        gazetteer_as_at=gazetteer.as_at if gazetteer else None,
        gazetteer_format=gazetteer.report.get("format", "") if gazetteer else "",
        records=office.lake.root / records if records else None,
    )  # fmt: skip


def _write_rejects(reading: Reading) -> Path | None:
    rows = reading.con.execute('select line, "column", reason, "value" from rejects order by line').fetchall()
    if not rows:
        return None
    target = reading.scratch / "rejects.csv"
    with target.open("w", encoding="utf-8-sig", newline="") as file:  # the mark makes Excel read UTF-8
        writer = csv.writer(file)
        writer.writerow(["line", "column", "reason", "value"])
        writer.writerows([line, *map(_harmless, cells)] for line, *cells in rows)
    return target


def _harmless(cell: str | None) -> str:
    """A cell that a spreadsheet will not run as a formula."""
    text = cell or ""
    return f"'{text}" if text.startswith(SPREADSHEET_FORMULA) else text


def _report(form: Format, reading: Reading, harvest: Harvest) -> ImportReport:
    rejected = dict(sorted(harvest.rejected.items()))
    assert reading.rows == harvest.accepted + sum(rejected.values()), "rows read = accepted + rejected"
    return ImportReport(
        kind=form.kind, format=form.name, file=reading.file, as_at=reading.as_at, sha256=reading.text.sha256,
        rows_read=reading.rows, accepted=harvest.accepted, rejected=rejected, rejects_file="",
        warnings=reading.warnings, figures=harvest.figures, snapshot_id=None,
        outcome="usable" if rejected.keys() - reading.expected or reading.warnings else "good",
        expected=sorted(reading.expected & rejected.keys()),
    )  # fmt: skip


def _commit(
    office: Office, actor: Actor, form: Format, report: ImportReport, harvest: Harvest, reading: Reading,
    rejects: Path | None,
) -> ImportReport:  # fmt: skip
    adopted: list[str] = []
    try:
        if rejects:
            adopted.append(office.lake.adopt(rejects, actor.authority, "rejects"))
            report = replace(report, rejects_file=adopted[0])
        if harvest.records:
            adopted.append(office.lake.adopt(harvest.records, actor.authority, "records"))
            report = replace(report, records=adopted[-1])
        with office.database.session() as session:
            now = office.clock.now()
            snapshot = office.lake.commit(
                session, reading.output, authority=actor.authority, kind=form.makes, name=harvest.name,
                as_at=report.as_at, made_at=now, made_by=actor.label, rows=harvest.rows, source=report.sha256,
                report=report.as_dict(),
            )  # fmt: skip
            adopted.append(snapshot.path)
            if harvest.after:
                harvest.after(session, office, snapshot)
            audit.record(
                session, authority=actor.authority, at=now, actor=actor.label, act="import", subject=report.kind,
                snapshot=snapshot.id, name=harvest.name, format=report.format, as_at=report.as_at.isoformat(),
                sha256=report.sha256, rows_read=report.rows_read, accepted=report.accepted,
                rejected=sum(report.rejected.values()),
            )  # fmt: skip
    except BaseException:
        for relative in adopted:
            (office.lake.root / relative).unlink(missing_ok=True)
        raise
    return replace(report, snapshot_id=snapshot.id)


def undo(office: Office, actor: Actor, snapshot_id: int) -> Snapshot:
    """Take an imported snapshot back, so that the one before it is current again."""
    with office.database.session() as session:
        snapshot = session.get(Snapshot, snapshot_id)
        if snapshot is None or snapshot.authority != actor.authority or snapshot.kind not in SHELVES:
            raise NotFound(f"There is no import {snapshot_id} here.")
        if snapshot.undone_at:
            raise InputRefused(f"Import {snapshot_id} has been undone already.")
        snapshot.undone_at = office.clock.now()
        if snapshot.kind == "suppressions":
            suppression.lift_source(session, office, actor.authority, str(snapshot_id))
        session.add(snapshot)
        audit.record(
            session, authority=actor.authority, at=snapshot.undone_at, actor=actor.label, act="undo import",
            subject=snapshot.kind, snapshot=snapshot.id, name=snapshot.name,
        )  # fmt: skip
        return snapshot


def history(office: Office, authority: str) -> list[Snapshot]:
    """Every import of an authority, newest first, undone ones too; `report` is what its ImportReport was."""
    with office.database.session() as session:
        query = select(Snapshot).where(Snapshot.authority == authority, col(Snapshot.kind).in_(SHELVES))
        return list(session.exec(query.order_by(col(Snapshot.id).desc())))
