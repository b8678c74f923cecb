"""What is done with a file on its way in, in the background: checked, imported, filed; taken up again after a crash.

Each step begins from what the database says and ends by saying there what became of it. A step that a killed process
left is done again: checking changes nothing, and an import that was finished is recognised by its hash.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError
from sqlmodel import col, or_, select

from engage.foundation.errors import InputRefused, LakeDamaged
from engage.foundation.identity import Account
from engage.foundation.logs import log_fault
from engage.foundation.office import Office
from segments.files.report import AnswerNeeded, ImportReport
from segments.importing import inbox, uploads
from segments.importing.imports import import_file, kind_of
from segments.importing.intake import (
    AT_WORK,
    HOMES,
    LONGEST_WAIT,
    OVER,
    REUSED_WITHIN,
    SILENT,
    UNSORTED,
    Intake,
    IntakeState,
    Source,
    request_homes,
    right_to_import,
    turn,
    upload,
)
from segments.importing.recognition import WrongKind
from segments.linking import review

MOST_TAKES = 3  # a file at which Engage died so often is left alone
GAVE_UP = "Engage stopped each time it read this file, so it was set aside. Tell whoever runs this service."
BROKEN = "Sorry, there is a problem with the service. Nothing was changed. Tell whoever runs it: {reference}."
FORGOTTEN = f"Nobody decided within {LONGEST_WAIT.days} days, so the file was not imported."
log = structlog.get_logger()


class Interrupted(Exception):
    """The process is to end: the step is left as it is, for the next one to take up."""


def begin(office: Office, authority: str) -> None:
    """Work through what an authority's files need, in the background; in the order they came, one at a time."""
    background = office.background
    background.run(f"intake {authority}", partial(work_through, office, authority, background.stopping.is_set))


def take_up(office: Office) -> bool:
    """Begin what nobody works on, here or in another process; whether there was any. Costs one query."""
    with office.database.reading() as session:
        silent = or_(col(Intake.heartbeat).is_(None), col(Intake.heartbeat) < office.clock.now() - SILENT)
        found = session.exec(select(Intake.authority).where(_has_work(), silent).distinct()).all()
    for authority in found:
        begin(office, authority)
    return bool(found)


def _has_work() -> Any:
    filing = col(Intake.state).in_(OVER) & (Intake.source == Source.inbox) & ~col(Intake.cleared)
    return or_(col(Intake.state).in_(AT_WORK), filing)


def tick(office: Office) -> None:
    """A worker's look: at the inbox, at what was left, and at what nobody decided on. A full disk or a folder that
    may not be read keeps it from nothing else it does."""
    try:
        inbox.look(office)
        clear_up(office)
    except OSError as error:
        log.warning("inbox", says="not looked at", why=type(error).__name__)
    take_up(office)


def finish(office: Office) -> bool:
    """For a worker that ends when nothing is due: wait for what is under way. Whether nothing more is to come."""
    office.background.wait()
    awaited = inbox.look(office)
    return not take_up(office) and not awaited


def clear_up(office: Office) -> None:
    """Files that hold names do not lie about for ever."""
    now = office.clock.now()
    with office.database.session() as session:
        kept = list(session.exec(select(Intake).where(~col(Intake.cleared))))
        for intake in kept:
            if intake.state == IntakeState.waiting and intake.changed_at < now - LONGEST_WAIT:
                intake.state, intake.refusal, intake.changed_at = IntakeState.discarded, FORGOTTEN, now
            if intake.source == Source.page and intake.state in OVER and _is_done_with(intake, now - REUSED_WITHIN):
                upload(office, intake).clear()
                intake.cleared = True
            session.add(intake)
    uploads.sweep(office, {intake.token for intake in kept})


def _is_done_with(intake: Intake, since: Any) -> bool:
    return intake.state != IntakeState.refused or intake.changed_at < since


def work_through(office: Office, authority: str, stopping: Callable[[], bool]) -> None:
    with uploads.alone(office, authority) as mine:
        brought: Intake | None = None
        while mine and not stopping():
            if (intake := _next(office, authority)) is None:
                if brought is None or not _asks_for_homes(office, brought):
                    return
                brought = None
                continue
            step = Step(office, intake, stopping)
            try:
                step.take()
            except Interrupted:
                return
            brought = step.intake if step.brought_data else brought


def _asks_for_homes(office: Office, brought: Intake) -> bool:
    """After the last of several imports, once for all of them: the table of homes is made by itself as soon as what it
    needs is here, and again whenever that is newer."""
    if not review.homes_are_behind(office, brought.authority):
        return False
    request_homes(office, brought.actor)
    return True


def _next(office: Office, authority: str) -> Intake | None:
    with office.database.session() as session:
        query = select(Intake).where(Intake.authority == authority, _has_work())
        return session.exec(query.order_by(*turn()).limit(1)).first()


class Step:
    """One step of one intake, taken by whoever holds the authority's lock."""

    def __init__(self, office: Office, intake: Intake, stopping: Callable[[], bool]) -> None:
        self.office, self.intake, self.stopping = office, intake, stopping
        self.upload = upload(office, intake)
        self._was_over = intake.state in OVER

    @property
    def brought_data(self) -> bool:
        """Whether it has just come in, and is new."""
        found = self.intake.found
        came = self.intake.state == IntakeState.imported and self.intake.kind != HOMES
        return came and not self._was_over and found is not None and not found.unchanged

    def take(self) -> None:
        if self.intake.state in OVER:
            self._file()
            return
        if self.intake.source == Source.inbox and not self.upload.holds_file:
            self._drop()
            return
        self._update(takes=self.intake.takes + 1)
        if self.intake.takes > MOST_TAKES:
            self._end(IntakeState.refused, refusal=GAVE_UP)
            return
        try:
            self._work()
        except InputRefused as refused:
            self._refuse(refused)
        except LakeDamaged as damaged:  # what is here, not what was brought: that can be checked again
            self._end(IntakeState.refused, refusal=str(damaged), keep=True)
        except (Interrupted, OperationalError):
            raise  # it is left for whoever takes it up
        except Exception as error:  # noqa: BLE001  # whatever it is, the officer is told and the next file has its turn
            self._break(error)

    def _work(self) -> None:
        if self.intake.kind == HOMES:
            self._build_homes()
        elif self.intake.kind == UNSORTED:
            self._tell_apart()
        elif self.intake.state == IntakeState.checking:
            self._check()
        else:
            self._import()

    def _tell_apart(self) -> None:
        """Then it has its turn among the others of its kind, if whoever brought it may import that."""
        kind = kind_of(self.office, self.upload.path)
        with self.office.database.reading() as session:
            account = session.get(Account, self.intake.account_id) if self.intake.account_id else None
        if account is None or not account.may(right_to_import(kind)):
            raise InputRefused(f"{self.intake.name} is of a kind that your role does not import. It was removed.")
        self._update(kind=kind, takes=0)

    def _check(self) -> None:
        report = self._read(dry_run=True)
        if report.unchanged:
            self._end(IntakeState.imported, report=report.as_dict(), snapshot_id=report.snapshot_id)
        elif report.outcome == "good" and not report.questions:
            self._update(state=IntakeState.importing, report=report.as_dict(), takes=0, fraction=0)
        else:
            self._ask(report)

    def _import(self) -> None:
        try:
            report = self._read(accept_problems=self.intake.agreed, checked=self.intake.report.get("blake3", ""))
        except AnswerNeeded as refused:  # what is here has grown since it was checked
            self._ask(refused.report)
            return
        self._end(IntakeState.imported, report=report.as_dict(), snapshot_id=report.snapshot_id)

    def _read(self, **how: Any) -> ImportReport:
        intake = self.intake
        return import_file(
            self.office, intake.actor, intake.kind, self.upload.path, intake.as_at, progress=self._tell, **how
        )

    def _ask(self, report: ImportReport) -> None:
        self.upload.keep_rows(report.preview)
        self._update(state=IntakeState.waiting, report=report.as_dict(), changed_at=self.office.clock.now())

    def _build_homes(self) -> None:
        from segments.homes import households  # noqa: PLC0415  # brings the query engine; a worker that sends does without

        built = households.build(self.office, self.intake.actor, progress=self._tell)
        self._end(IntakeState.imported, snapshot_id=built.id, report={})

    def _refuse(self, refused: InputRefused) -> None:
        """A file of another kind is kept for a while, to be checked again as that; any other is gone at once."""
        self._end(IntakeState.refused, refusal=str(refused), keep=isinstance(refused, WrongKind))

    def _break(self, error: Exception) -> None:
        self._end(IntakeState.refused, refusal=BROKEN.format(reference=log_fault(error)))

    def _end(self, state: IntakeState, *, keep: bool = False, **values: Any) -> None:
        self._update(state=state, changed_at=self.office.clock.now(), **values)
        if self.intake.source == Source.inbox:
            self._file()
        elif not keep:
            self.upload.clear()
            self._update(cleared=True)

    def _file(self) -> None:
        inbox.file_away(self.office, self.intake)
        self._update(cleared=True)

    def _drop(self) -> None:
        """Whoever was to move the file in was killed before: it lies in the inbox still."""
        with self.office.database.session() as session:
            session.delete(session.get_one(Intake, self.intake.token))

    def _tell(self, words: str) -> None:
        if self.stopping():
            self._update(heartbeat=None, takes=0)
            raise Interrupted
        self._update(stage=words[:200], fraction=float(getattr(words, "fraction", self.intake.fraction)))

    def _update(self, **values: Any) -> None:
        """Write to the row and to ours; the heartbeat goes with everything that is written."""
        values.setdefault("heartbeat", self.office.clock.now())
        with self.office.database.session() as session:
            row = session.get_one(Intake, self.intake.token)
            for name, value in values.items():
                setattr(row, name, value)
            session.add(row)
        self.intake = row
