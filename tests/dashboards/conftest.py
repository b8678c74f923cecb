"""A made-up council that has run a campaign and imported the next register, and visitors who sign in to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlmodel import SQLModel, select

import segments.audiences.named_rules
import segments.safeguards.suppression  # noqa: F401  # with the line above: their tables
from campaigns.approval import control, decisions, drafts, submission
from campaigns.records.models import Message, MessageState, Wave
from campaigns.sending import ledger
from engage.app import create_app
from engage.demo.aftermath import next_register
from engage.demo.borough import Borough, write_borough
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.identity import Account, Authority, Role
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.homes import households
from segments.importing.imports import import_file
from tests.website import HASH, Visitor

TEMPLATE = "11111111-1111-4111-8111-111111111111"
NEIGHBOUR = "E07000999"
WINDOW_ENDS = date(2026, 7, 15)
PLAN = {
    "name": "Summer reminder",
    "purpose": "Remind homes that lack an elector",
    "rule": {"version": 1, "where": {"column": "gap", "is": "at least", "value": 0.3}},
    "start": "2026-06-03",
    "outcome_window": {"start": "2026-06-03", "end": WINDOW_ENDS.isoformat()},
    "templates": {"email": TEMPLATE, "letter": TEMPLATE},
    "seed": 11,
}


@dataclass(frozen=True)
class Council:
    office: Office
    borough: Borough
    officer: Actor
    campaign: int

    @property
    def code(self) -> str:
        return self.borough.authority_code


@pytest.fixture(scope="session")
def council(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Council]:
    """2,400 homes in 4 wards, of which those lacking an elector were in a trial; a neighbour without any data."""
    folder = tmp_path_factory.mktemp("council")
    borough = write_borough(folder / "files", homes=2400, wards=4)
    clock = SteppedClock(at_london(borough.as_at, 10))
    office = Office(Settings(home=folder / "home"), clock)
    SQLModel.metadata.create_all(office.database.engine)
    people = _people(office, borough)
    for kind, path in borough.files:
        import_file(office, people[Role.officer], kind, path, borough.as_at)
    households.build(office, people[Role.officer])
    made = _run_campaign(office, people)
    _next_register(office, borough, people[Role.officer], made, folder, clock)
    yield Council(office, borough, people[Role.officer], made)
    office.close()


def _people(office: Office, borough: Borough) -> dict[Role, Actor]:
    with office.database.session() as session:
        session.add(Authority(code=borough.authority_code, name=borough.authority_name))
        session.add(Authority(code=NEIGHBOUR, name="Neighbourham"))
        session.flush()
        for role in Role:
            email = f"{role.value}@example.com"
            session.add(Account(authority=borough.authority_code, email=email, name=role, role=role, password=HASH))
        session.add(Account(authority=NEIGHBOUR, email="next@example.com", name="n", role=Role.member, password=HASH))
        session.flush()
        accounts = session.exec(select(Account).where(Account.authority == borough.authority_code)).all()
        return {Role(account.role): Actor(account.authority, account.label, account.id) for account in accounts}


def _run_campaign(office: Office, people: dict[Role, Actor]) -> int:
    """Launched, and its first wave accepted by Notify for every home of the arm reminded now."""
    made = drafts.create(office, people[Role.officer], PLAN).id or 0
    submission.submit(office, people[Role.officer], made)
    decisions.approve(office, people[Role.approver], made)
    control.launch(office, people[Role.officer], made)
    arms = ledger.arms(office, people[Role.officer], made)
    with office.database.session() as session:
        wave = session.exec(select(Wave).where(Wave.campaign_id == made)).first()
        for n, uprn in enumerate(uprn for uprn, arm in arms.items() if arm == "reminded now"):
            session.add(message(people[Role.officer].authority, made, wave.id, uprn, n))
    return made


def message(authority: str, campaign: int, wave: int, uprn: int, n: int, **more: object) -> Message:
    return Message(
        **{
            "authority": authority, "campaign_id": campaign, "wave_id": wave, "uprn": uprn, "ward": "",
            "channel": "email", "template": TEMPLATE, "reference": f"r{campaign}-{wave}-{n}",
            "token": f"t{campaign}-{wave}-{n}", "state": MessageState.delivered,
            "sent_at": datetime(2026, 6, 4, 9, tzinfo=UTC), **more,
        }
    )  # fmt: skip


def _next_register(
    office: Office, borough: Borough, officer: Actor, campaign: int, folder: Path, clock: SteppedClock
) -> None:
    with (folder / "assignment.csv").open("w") as file:
        ledger.export_assignment(office, officer, campaign, file)
    effect = {"email": 0.6}
    later = next_register(borough.folder, folder / "assignment.csv", effect, 0.05, as_at=WINDOW_ENDS)
    clock.move_to(at_london(WINDOW_ENDS, 12))
    import_file(office, officer, "register", later.path, later.as_at)
    households.build(office, officer)


@pytest.fixture(scope="session")
def app(council: Council) -> Litestar:
    return create_app(council.office)


@pytest.fixture
def anybody(app: Litestar) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


@pytest.fixture
def member(app: Litestar) -> Iterator[TestClient]:
    with visiting(app, "member@example.com") as client:
        yield client


SIGNED_IN: dict[str, dict[str, str]] = {}


@contextmanager
def visiting(app: Litestar, email: str) -> Iterator[TestClient]:
    """Signed in once for each account, as ten attempts a minute are allowed."""
    with TestClient(app) as client:
        if email not in SIGNED_IN:
            assert Visitor(client).sign_in(email).status_code == 200
            SIGNED_IN[email] = dict(client.cookies)
        client.cookies.update(SIGNED_IN[email])
        yield client
