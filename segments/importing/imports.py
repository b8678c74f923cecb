"""Bringing a file in: recognised, staged, checked, then swapped in whole in one transaction, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sqlmodel import Session, col, select

from engage.foundation import audit, data_keys, identity, lake
from engage.foundation.calendar import law
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.lake import Snapshot
from engage.foundation.libraries import duckdb
from engage.foundation.office import Actor, Office
from engage.foundation.words import plural
from segments.files import comparison, questions
from segments.files.preview import first_rows
from segments.files.questions import FEWER, Question
from segments.files.reading import Known, Reading, connect, look
from segments.files.report import AnswerNeeded, Count, ImportReport, Rows, Stage, count
from segments.files.staging import Fingerprint, fingerprint, receive
from segments.importing import doubts, misread, recognition, rejects
from segments.importing.recognition import recognise
from segments.importing.workspace import scratch
from segments.safeguards import suppression
from segments.sources import gazetteer_versions
from segments.sources.catalogue import FORMATS, KINDS, MAKES, NAMES
from segments.sources.format import Format, Harvest

READING, CHECKING, JOINING, COMPARING, SAVING = 0.0, 0.2, 0.6, 0.8, 0.95  # of the work lies behind each stage
BASES = ("geography", "boundaries", "register", "gazetteer", "postcodes")


def import_file(
    office: Office, actor: Actor, kind: str, path: Path, as_at: date, *,
    dry_run: bool = False, progress: Callable[[str], None] | None = None, accept_shrink: bool = False,
    accept_problems: bool = False, checked: str = "",
) -> ImportReport:  # fmt: skip
    """Import one file for the actor's authority; InputRefused says why not, and then nothing was changed.

    A file that is already the newest of its kind and date is recognised and reported as unchanged. One of which the
    report asks something is AnswerNeeded unless `accept_problems`, or `accept_shrink` where it only asks whether far
    fewer rows are right. `progress` is told each Stage. `checked` is the checksum of what somebody said yes to.
    """
    say = progress or (lambda _: None)
    _check_request(office, actor, kind, path, as_at)
    say(Stage("Reading the file", READING))
    known = fingerprint(path)
    if checked and known.digest != checked:
        raise InputRefused(f"{path.name} is not as it was checked: something changed it since. Bring it again.")
    if (before := _already_current(office, actor, kind, as_at, known.digest)) is not None:
        return before
    with scratch(office.lake) as folder:
        with _read(office, actor, kind, path, as_at, folder, say, known) as read:
            say(Stage("Comparing", COMPARING))
            report = _report(office, actor, read, preview=dry_run)
            rejected = _kept_rejects(read) if not dry_run else None
        if dry_run:
            return report
        if unanswered := [q for q in report.questions if not (accept_problems or (accept_shrink and q.kind == FEWER))]:
            raise AnswerNeeded(report, unanswered)
        say(Stage("Saving", SAVING))
        return _commit(office, actor, read, report, rejected)


def kind_of(office: Office, path: Path) -> str:
    """What a file is by its content; InputRefused says why it cannot be told."""
    with scratch(office.lake) as folder:
        return recognition.kind_of(look(receive(path, folder / "text"), NAMES), path.name)


def record_first_rows(office: Office, actor: Actor, report: ImportReport) -> None:
    """That somebody was shown what would come in."""
    with office.database.session() as session:
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="read first rows",
            subject=f"file of {report.kind}", blake3=report.blake3, rows=len(report.preview),
        )  # fmt: skip


def rejected_rows(office: Office, actor: Actor, kind: str, path: Path, as_at: date, to: Path) -> int:
    """Write the rejected rows of a file that waits for a decision to `to`, whole as they stood in it, with line and
    reason; returns how many. It holds what was in the file, people too: whoever calls removes it with the file."""
    _check_request(office, actor, kind, path, as_at)
    with scratch(office.lake) as folder, _read(office, actor, kind, path, as_at, folder, lambda _: None) as read:
        written = rejects.write(read.reading, read.form.makes, to, waiting=True)
    with office.database.session() as session:
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="read rejected rows",
            subject=f"uploaded {kind}", blake3=read.reading.text.digest, rejected=written,
        )  # fmt: skip
    return written


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
        for made in dict.fromkeys(form.makes for form in FORMATS if form.kind == kind):
            for snapshot in lake.history(session, actor.authority, made):
                if misread.is_of_earlier_version(snapshot):
                    continue
                if (snapshot.source, snapshot.as_at, snapshot.report.get("kind")) == (digest, as_at, kind):
                    newest = [
                        s for s in lake.history(session, actor.authority, made, snapshot.name) if s.as_at == as_at
                    ]
                    return _again(snapshot) if newest[0].id == snapshot.id else None
    return None


def _again(snapshot: Snapshot) -> ImportReport:
    """What was found when the file came in, with nothing to decide: it is here."""
    return replace(ImportReport.from_dict(snapshot.report), snapshot_id=snapshot.id, unchanged=True)


@dataclass(frozen=True)
class Read:
    """A file read whole and staged, before anything of it counts."""

    form: Format
    reading: Reading
    harvest: Harvest
    bases: dict[str, Snapshot]  # what is current here, by kind


@contextmanager
def _read(
    office: Office, actor: Actor, kind: str, path: Path, as_at: date, folder: Path, say: Callable[[str], None],
    known: Fingerprint | None = None,
) -> Iterator[Read]:  # fmt: skip
    text = receive(path, folder / "text", known)
    head = look(text, NAMES)
    form, header_at = recognise(head, kind, path.name)
    say(Stage(f"Checking {text.lines:,} lines of {form.name}", CHECKING))
    bases = _bases(office, actor.authority)
    con = connect(folder)
    reading = Reading(
        con, path.name, text, head, actor.authority, as_at, office.keys, _known(office, actor.authority, bases),
        folder / "snapshot.parquet", folder, lambda words: say(Stage(words, JOINING)),
        name_key=_name_key(office, actor) if form.makes == "register" else "",
        rules=law(office.settings.home), needed=form.needed,
    )  # fmt: skip
    try:
        yield Read(form, reading, form.normalise(reading, header_at), bases)
    except duckdb.Error as error:
        # DuckDB's own message may quote cells of the file, or our SQL with a key in it: neither may be shown.
        raise InputRefused(f"{path.name} could not be read as {form.name} ({type(error).__name__}).") from None
    finally:
        con.close()


def _name_key(office: Office, actor: Actor) -> str:
    """A key of its own for the names of an authority's electors, so that all of them can be forgotten at once."""
    with office.database.session() as session:
        at = office.clock.now()
        return data_keys.of(session, office.keys, at, purpose="names", authority=actor.authority, subject="").secret


def _bases(office: Office, authority: str) -> dict[str, Snapshot]:
    with office.database.session() as session:
        newest = {kind: lake.current(session, authority, kind) for kind in BASES}
    return {kind: snapshot for kind, snapshot in newest.items() if snapshot}


def _known(office: Office, authority: str, bases: dict[str, Snapshot]) -> Known:
    files = {kind: office.lake.file(snapshot) for kind, snapshot in bases.items()}
    register, gazetteer = bases.get("register"), bases.get("gazetteer")
    records = gazetteer.report.get("records") if gazetteer else None
    with office.database.session() as session:
        _, *former = identity.line(session, authority)
        estimates = lake.current_by_name(session, authority, "population")
    return Known(
        files.get("geography"), files.get("boundaries"), files.get("register"), register.as_at if register else None,
        gazetteer=files.get("gazetteer"), gazetteer_as_at=gazetteer.as_at if gazetteer else None,
        gazetteer_format=gazetteer.report.get("format", "") if gazetteer else "",
        records=office.lake.at(records) if records else None, postcodes=files.get("postcodes"),
        former_codes=tuple(former),
        estimates={level: office.lake.file(estimate) for level, estimate in estimates.items() if level},
    )  # fmt: skip


def _kept_rejects(read: Read) -> Path | None:
    target = read.reading.scratch / "rejects.csv"
    return target if rejects.write(read.reading, read.form.makes, target) else None


def _report(office: Office, actor: Actor, read: Read, *, preview: bool) -> ImportReport:
    form, reading, harvest = read.form, read.reading, read.harvest
    rejected = dict(sorted(harvest.rejected.items()))
    assert reading.rows == harvest.accepted + sum(rejected.values()), "rows read = accepted + rejected"
    compared = _compared(office, actor, read)
    asked = _questions(read, compared)
    by_column, by_row = rejects.problems(reading, harvest.rejected)
    base = read.bases.get(form.makes) if _is_of_changes(read) else None
    return ImportReport(
        kind=form.kind, format=form.name, file=reading.file, as_at=reading.as_at, blake3=reading.text.digest,
        rows_read=reading.rows, accepted=harvest.accepted, rejected=rejected, rejects_file="",
        warnings=reading.warnings, figures=harvest.figures, snapshot_id=None,
        outcome="usable" if rejected.keys() - reading.expected or reading.warnings or asked else "good",
        expected=sorted(reading.expected & rejected.keys()), applied_to=base.id if base else None,
        counts=_counts(office, read, compared), problems_by_column=by_column, problems_by_row=by_row,
        comparison=compared, questions=asked, notes=reading.notes,
        preview=first_rows(reading, form.makes, office.lake.file(base) if base else None) if preview else [],
    )  # fmt: skip


def _questions(read: Read, compared: comparison.Comparison | None) -> list[Question]:
    """What the format asks, and what is asked of every file."""
    reading, rejected = read.reading, read.harvest.rejected
    problems = {reason: count for reason, count in rejected.items() if reason not in reading.expected}
    asked = (
        questions.hidden_rows(reading.file, reading.text.hidden),
        comparison.shrinks(reading.file, compared)
        if compared
        else questions.many_rejected(reading.file, read.harvest.accepted + sum(problems.values()), problems),
    )
    return [*reading.questions, *doubts.questions(reading, read.form.makes), *filter(None, asked)]


def _is_of_changes(read: Read) -> bool:
    """What it makes is then the dataset here with the changes applied. Such formats count what they deleted."""
    return read.form.kind != read.form.makes == "register" or "deleted" in read.harvest.figures


def _compared(office: Office, actor: Actor, read: Read) -> comparison.Comparison | None:
    with office.database.session() as session:
        before = comparison.followed(
            session, actor.authority, read.form.makes, read.harvest.name, read.reading.as_at
        )  # fmt: skip
    if before is None:
        return None
    return comparison.compare(
        read.reading.con, before, office.lake.file(before), read.reading.output, read.harvest.rows, read.harvest.figures
    )  # fmt: skip


def _counts(office: Office, read: Read, compared: comparison.Comparison | None) -> list[Count]:
    """Rows first, then what the format found, how it links, and what is new or gone."""
    rejected, gazetteer = read.harvest.rejected, read.bases.get("gazetteer")
    left_out = sum(n for reason, n in rejected.items() if reason in read.reading.expected)
    found: dict[str, float] = {
        "rows_read": read.reading.rows, "rows_accepted": read.harvest.accepted, "rows_left_out": left_out,
        "rows_rejected": sum(rejected.values()) - left_out,
    }  # fmt: skip
    found |= {name: n for name, n in read.harvest.figures.items() if isinstance(n, int | float)}
    if gazetteer:
        found |= comparison.against_gazetteer(
            read.reading.con, read.form.makes, read.reading.output, office.lake.file(gazetteer)
        )  # fmt: skip
    found |= doubts.counts(read.reading, read.form.makes)
    found["repeated_rows"] = sum(n for reason, n in rejected.items() if reason.endswith(rejects.REPEATED))
    return [count(name, n) for name, n in (found | (compared.changes if compared else {})).items()]


def _commit(
    office: Office, actor: Actor, read: Read, report: ImportReport, rejected: Path | None
) -> ImportReport:  # fmt: skip
    adopted: list[str] = []
    try:
        if rejected:
            adopted.append(office.lake.adopt(rejected, actor.authority, "rejects"))
            report = replace(report, rejects_file=adopted[0])
        if read.harvest.records:
            adopted.append(office.lake.adopt(read.harvest.records, actor.authority, "records"))
            report = replace(report, records=adopted[-1])
        if read.harvest.cross_references:
            adopted.append(office.lake.adopt(read.harvest.cross_references, actor.authority, "cross-references"))
            report = replace(report, cross_references=adopted[-1])
        with office.database.session() as session:
            snapshot = office.lake.commit(
                session, read.reading.output, authority=actor.authority, kind=read.form.makes, name=read.harvest.name,
                as_at=report.as_at, made_at=office.clock.now(), made_by=actor.label, rows=read.harvest.rows,
                source=report.blake3, report=report.as_dict(),
            )  # fmt: skip
            adopted.append(snapshot.path)
            if read.harvest.after:
                read.harvest.after(session, office, snapshot)
            _record(session, snapshot, report)
            if snapshot.kind == "gazetteer":
                gazetteer_versions.note(session, snapshot.authority, snapshot.made_at)
    except BaseException:
        for relative in adopted:
            (office.lake.root / relative).unlink(missing_ok=True)
        raise
    return replace(report, snapshot_id=snapshot.id)


def _record(session: Session, snapshot: Snapshot, report: ImportReport) -> None:
    audit.record(
        session, authority=snapshot.authority, at=snapshot.made_at, actor=snapshot.made_by, act="import",
        subject=report.kind, snapshot=snapshot.id, name=snapshot.name, format=report.format,
        as_at=report.as_at.isoformat(), blake3=report.blake3, rows_read=report.rows_read, accepted=report.accepted,
        left_out=Rows.of(report).left_out, rejected=Rows.of(report).rejected, shrank=bool(report.shrinks),
        accepted_problems=", ".join(question.kind for question in report.questions),
    )  # fmt: skip


@dataclass(frozen=True)
class Undone:
    """An import taken back, what of its kind and name is current now, and how many suppressions it had added."""

    snapshot: Snapshot
    current: Snapshot | None
    lifted: int = 0

    @property
    def sentence(self) -> str:
        number = f"Import {self.snapshot.id} was undone."
        if self.snapshot.kind in comparison.ADD_UP:
            return f"{number} What only it asked for no longer holds; the other lists count as before."
        if self.lifted:
            asked = plural(self.lifted, "suppression")
            number = f"{number} It had added {asked}: what only it asked for no longer holds."
        if self.current is None:
            return f"{number} There is now no {self.snapshot.kind} here."
        return f"{number} Import {self.current.id}, as at {self.current.as_at.isoformat()}, counts now."


def undo(office: Office, actor: Actor, snapshot_id: int) -> Undone:
    """Take an imported snapshot back, so that the one before it is current again, with what it suppressed.

    One that later changes were applied to stays until those are undone, for they hold its rows. One undone by an
    earlier version, which let the suppressions of contacts stand, can be undone again.
    """
    with office.database.session() as session:
        snapshot = session.get(Snapshot, snapshot_id)
        if snapshot is None or snapshot.authority != actor.authority or snapshot.kind not in MAKES:
            raise NotFound(f"There is no import {snapshot_id} here.")
        lifted = suppression.lift_source(session, office, actor.authority, str(snapshot_id))
        if snapshot.undone_at and not lifted:
            raise InputRefused(f"Import {snapshot_id} has been undone already.")
        _refuse_if_built_upon(session, snapshot)
        snapshot.undone_at = office.clock.now()
        session.add(snapshot)
        audit.record(
            session, authority=actor.authority, at=snapshot.undone_at, actor=actor.label, act="undo import",
            subject=snapshot.kind, snapshot=snapshot.id, name=snapshot.name, lifted=lifted,
        )  # fmt: skip
        session.flush()
        if snapshot.kind == "gazetteer":
            gazetteer_versions.note(session, snapshot.authority, snapshot.undone_at)
        return Undone(snapshot, lake.current(session, actor.authority, snapshot.kind, snapshot.name), lifted)


def _refuse_if_built_upon(session: Session, snapshot: Snapshot) -> None:
    for later in lake.history(session, snapshot.authority, snapshot.kind, snapshot.name):
        if later.report.get("applied_to") == snapshot.id:
            raise InputRefused(
                f"Import {later.id} applied its changes to import {snapshot.id} and holds its rows. "
                f"Undo import {later.id} first."
            )


def current_without(office: Office, snapshot: Snapshot) -> Snapshot | None:
    """What would be current if this import were undone."""
    with office.database.session() as session:
        others = lake.history(session, snapshot.authority, snapshot.kind, snapshot.name)
    return next((other for other in others if other.id != snapshot.id), None)


def history(office: Office, authority: str) -> list[Snapshot]:
    """Every import of an authority, newest first, undone ones too; `report` is what its ImportReport was."""
    with office.database.session() as session:
        query = select(Snapshot).where(Snapshot.authority == authority, col(Snapshot.kind).in_(MAKES))
        return list(session.exec(query.order_by(col(Snapshot.id).desc())))
