"""A file on its way in, from its arrival to the decision: a row that survives a closed page and a killed process.

checking ─▶ importing ─▶ imported          good: nobody is asked
         ─▶ waiting ─▶ importing ─▶ …      usable with problems: somebody says yes
                     ─▶ discarded          … or no
         ─▶ refused ─▶ checking            cannot be used; a wrong kind or date may be corrected

One of several that were brought at once is UNSORTED until its content has told its kind. The building of the table of
homes goes the same way, as the kind HOMES, which starts at importing and has no file.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Text, case
from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation import audit
from engage.foundation.access.tokens import SystemToken
from engage.foundation.clock import today
from engage.foundation.database import Moment
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Account, Right
from engage.foundation.office import Actor, Office
from segments.files.report import ImportReport
from segments.importing.uploads import Upload, new_token

HOMES = "households"
UNSORTED = "unsorted"  # what it is, is told from its content
# In this order, as one stands on another: homes and areas, whom to leave alone, who is registered, how to reach them.
ORDER = (
    UNSORTED, "gazetteer", "geography", "boundaries", "indicator", "population", "protected", "suppressions",
    "register", "register-update", "applications", "contacts", HOMES,
)  # fmt: skip
# Kinds that hold nothing of electors or of who is contacted: the gazetteer's custodian sees and imports these alone.
OF_PLACES = (
    "gazetteer", "geography", "population", "boundaries", "indicator", "lookup", "postcodes", "coordinates",
)  # fmt: skip
NO_SUCH = "There is no such upload here. It may have been removed: look at the list of imports."
SILENT = timedelta(seconds=30)  # after which whoever worked on it may have died; the lock tells whether it has
SHOWN = timedelta(days=7)  # how long officers are told of what came and what was set aside
LONGEST_WAIT = timedelta(days=7)  # for a decision; the file holds names and must not lie about
REUSED_WITHIN = timedelta(days=1)  # a refused file, for its kind or date to be corrected


class Source(StrEnum):
    page = "page"
    inbox = "inbox"


class IntakeState(StrEnum):
    checking = "checking"
    waiting = "waiting"
    importing = "importing"
    imported = "imported"
    refused = "refused"
    discarded = "discarded"


AT_WORK = (IntakeState.checking, IntakeState.importing)
OVER = (IntakeState.imported, IntakeState.refused, IntakeState.discarded)


class Intake(SQLModel, table=True):
    """`report` is an ImportReport without its preview; `refusal` the sentence that says why not. `cleared`: the file
    has left the waiting room. `heartbeat` is when somebody last worked on it, none if nobody has begun."""

    token: str = Field(primary_key=True, max_length=32)
    authority: str = Field(max_length=9, index=True)
    source: str = Field(default=Source.page, max_length=5)
    origin: str = Field(default="", max_length=500)  # the folder beneath the inbox it arrived in
    name: str = Field(max_length=120)
    kind: str = Field(max_length=80)
    as_at: date
    state: str = Field(default=IntakeState.checking, max_length=10, index=True)
    stage: str = Field(default="Waiting for its turn", max_length=200)
    fraction: float = 0
    report: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    refusal: str = Field(default="", sa_type=Text)
    snapshot_id: int | None = None
    agreed: bool = False  # to the problems and to all that the report asks
    arrived_at: datetime = Field(sa_type=Moment)
    arrived_by: str = Field(max_length=80)
    account_id: int | None = None
    decided_by: str = Field(default="", max_length=80)
    changed_at: datetime = Field(sa_type=Moment)
    heartbeat: datetime | None = Field(default=None, sa_type=Moment)
    takes: int = 0  # how often somebody began to work on it
    cleared: bool = False

    @property
    def at_work(self) -> bool:
        return self.state in AT_WORK

    @property
    def until(self) -> datetime:
        """When a file that waits for a decision is removed."""
        return self.changed_at + LONGEST_WAIT

    @property
    def shown(self) -> str:
        """What a page that watches it has seen of its progress."""
        return f"{self.state} {self.percent} {self.stage}"

    @property
    def percent(self) -> int:
        return int(100 * self.fraction)

    @property
    def found(self) -> ImportReport | None:
        return ImportReport.from_dict(self.report) if self.report else None

    @property
    def actor(self) -> Actor:
        """Who imports it: whoever said yes, else whoever brought it."""
        return Actor(self.authority, self.decided_by or self.arrived_by, self.account_id)


def upload(office: Office, intake: Intake) -> Upload:
    return Upload(office, intake.authority, intake.token)


def receive(office: Office, actor: Actor, token: str, kind: str, as_at: date) -> Intake:
    """Begin the intake of a file that lies in the waiting room."""
    now = office.clock.now()
    intake = Intake(
        token=token, authority=actor.authority, name=Upload(office, actor.authority, token).path.name, kind=kind,
        as_at=as_at, arrived_at=now, arrived_by=actor.label, account_id=actor.account_id, changed_at=now,
    )  # fmt: skip
    return _begun(office, intake)


def request_homes(office: Office, actor: Actor) -> Intake:
    """Have the table of homes built; one that is under way already serves."""
    going = [intake for intake in open_intakes(office, actor.authority) if intake.kind == HOMES]
    if going:
        return going[0]
    now = office.clock.now()
    intake = Intake(
        token=new_token(), authority=actor.authority, name="", kind=HOMES, as_at=today(office.clock), arrived_at=now,
        state=IntakeState.importing, arrived_by=actor.label, account_id=actor.account_id, changed_at=now,
    )  # fmt: skip
    return _begun(office, intake)


def turn() -> tuple[Any, ...]:
    """By which the next to be worked on is chosen."""
    ranks = {kind: rank for rank, kind in enumerate(ORDER)}
    return case(ranks, value=col(Intake.kind), else_=len(ORDER)), col(Intake.arrived_at), col(Intake.token)


def _begun(office: Office, intake: Intake) -> Intake:
    with office.database.session() as session:
        session.add(intake)
    return intake


def right_to_see(kind: str) -> Right:
    return Right.see_gazetteer if kind in OF_PLACES else Right.see_data


def right_to_import(kind: str) -> Right:
    return Right.import_gazetteer if kind in OF_PLACES else Right.import_data


def find(office: Office, authority: str, token: str) -> Intake:
    with office.database.reading() as session:
        return _own(session, authority, token)


def _own(session: Session, authority: str, token: str, *, lock: bool = False) -> Intake:
    found = session.get(Intake, token, with_for_update=lock)
    if found is None or found.authority != authority:
        raise NotFound(NO_SUCH)
    return found


def knows(office: Office, token: str) -> bool:
    with office.database.reading() as session:
        return session.get(Intake, token) is not None


def open_intakes(office: Office, authority: str) -> list[Intake]:
    """What is under way or waits for a decision, oldest first."""
    return _listed(office, authority, (*AT_WORK, IntakeState.waiting))


def recent(office: Office, authority: str) -> list[Intake]:
    """What is open, then what was decided lately, each newest first."""
    since = office.clock.now() - SHOWN
    over = [intake for intake in _listed(office, authority, OVER) if intake.changed_at > since]
    return [*reversed(open_intakes(office, authority)), *reversed(over)]


def to_show(office: Office, authority: str) -> list[Intake]:
    """What officers should know of: what is open, what the inbox brought, and what could not be used."""
    return [
        intake for intake in recent(office, authority)
        if intake.state not in OVER or intake.source == Source.inbox or intake.state == IntakeState.refused
    ]  # fmt: skip


def _listed(office: Office, authority: str, states: Iterable[str]) -> list[Intake]:
    with office.database.reading() as session:
        query = select(Intake).where(Intake.authority == authority, col(Intake.state).in_(list(states)))
        return list(session.exec(query.order_by(col(Intake.arrived_at), col(Intake.token))))


def visible(intake: Intake, asker: Account | SystemToken) -> bool:
    """What is not told apart yet may hold electors: only who brought it, or sees all data, sees that it is there."""
    own = isinstance(asker, Account) and intake.account_id == asker.id
    return asker.may(right_to_see(intake.kind)) or (intake.kind == UNSORTED and own)


def accept(office: Office, actor: Actor, token: str) -> Intake:
    """Say yes to what the report says, its problems and all it asks included."""
    with office.database.session() as session:
        intake = _decided(session, office, actor, token, "import it")
        intake.state, intake.agreed = IntakeState.importing, True
        restart(intake)
        return intake


def decline(office: Office, actor: Actor, token: str) -> Intake:
    """Say no, or be done with a refusal."""
    with office.database.session() as session:
        intake = _decided(session, office, actor, token, "do not import it")
        intake.refusal = intake.refusal or "An officer decided not to import it."
        intake.state = IntakeState.discarded
        intake.cleared = intake.source == Source.page
    if intake.cleared:
        upload(office, intake).clear()
    return intake


def correct(office: Office, actor: Actor, token: str, kind: str, as_at: date) -> Intake:
    """Check the same file again as something else or of another day."""
    with office.database.session() as session:
        intake = _decided(session, office, actor, token, "check it again")
        _ = upload(office, intake).path
        intake.kind, intake.as_at, intake.report, intake.refusal = kind, as_at, {}, ""
        intake.state = IntakeState.checking
        restart(intake)
        return intake


def _decided(session: Session, office: Office, actor: Actor, token: str, decision: str) -> Intake:
    intake = _own(session, actor.authority, token, lock=True)
    open_to = (IntakeState.waiting,) if decision == "import it" else (IntakeState.waiting, IntakeState.refused)
    if intake.state not in open_to:
        raise InputRefused("This has been decided already.")
    intake.decided_by, intake.account_id, intake.changed_at = actor.label, actor.account_id, office.clock.now()
    intake.heartbeat = None  # nobody works on what comes next
    audit.record(
        session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="decide on a file",
        subject=f"upload of {intake.kind}"[:120], decision=decision, blake3=intake.report.get("blake3", ""),
    )  # fmt: skip
    session.add(intake)
    return intake


def restart(intake: Intake) -> None:
    """Put it before whoever works next."""
    intake.stage, intake.fraction, intake.heartbeat, intake.takes = "Waiting for its turn", 0, None, 0


def first_rows(office: Office, actor: Actor, intake: Intake) -> list[dict[str, Any]]:
    """The first rows of a file that waits, for the one who decides. Looking at them is recorded."""
    rows = upload(office, intake).rows() if intake.state == IntakeState.waiting else []
    if rows:
        with office.database.session() as session:
            audit.record(
                session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="read first rows",
                subject=f"upload of {intake.kind}", blake3=intake.report.get("blake3", ""), rows=len(rows),
            )  # fmt: skip
    return rows


def as_json(intake: Intake) -> dict[str, Any]:
    return {
        "token": intake.token, "file": intake.name, "kind": intake.kind, "as_at": intake.as_at.isoformat(),
        "source": intake.source, "state": intake.state, "stage": intake.stage if intake.at_work else "",
        "fraction": round(intake.fraction, 3), "arrived_at": intake.arrived_at.isoformat(),
        "changed_at": intake.changed_at.isoformat(), "reason": intake.refusal, "import": intake.snapshot_id,
        "report": intake.report,
    }  # fmt: skip
