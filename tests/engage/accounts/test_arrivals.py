"""Whose account somebody opens who comes by the council's own sign-in, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from sqlmodel import SQLModel, select

from engage.accounts import arrivals, colleagues
from engage.accounts.provider import Person
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import EngageError
from engage.foundation.identity import Account, Authority, Role
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from tests.conftest import EAST_STAFFORDSHIRE, START

OLIVE = Person("subject of olive", "s-1", "olive@example.com", email_verified=False, name="Olive", groups=("B", "A"))


def test_one_person_is_one_account_whatever_comes_at_once(database_url: str, tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path / "home", database_url=database_url, oidc_issuer="https://login.example.org",
        oidc_client_id="engage", oidc_groups="A=officer; B=approver; C=administrator",
    )  # fmt: skip
    office = Office(settings, SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=EAST_STAFFORDSHIRE, name="East Staffordshire"))

    def come(person: Person) -> str:
        try:
            return arrivals.account_of(office, person).role
        except EngageError as refused:
            return str(refused)[:16]

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(come, [OLIVE] * 4)) == {"officer"}
    with office.database.session() as session:
        [olive] = session.exec(select(Account)).all()
    assert (olive.email, olive.password, olive.finished) == ("olive@example.com", "", True)
    assert come(replace(OLIVE, groups=("B",))) == "approver"
    assert come(replace(OLIVE, groups=("b", "A "))) == "Your council’s a", "names of groups as they stand"
    assert come(replace(OLIVE, groups=("C",))) == "administrator"
    assert come(OLIVE) == "administrator", "the last one"
    assert come(replace(OLIVE, subject="another")) == "There is an acco", "an address that nobody verified"
    assert come(replace(OLIVE, subject="another", email_verified=True)) == "There is an acco", "taken already"
    assert come(replace(OLIVE, subject="another", email="")) == "Your council’s o"
    boss = Actor(EAST_STAFFORDSHIRE, "administrator 1", olive.id)
    colleagues.invite(office, boss, "vera@example.com", "Vera", Role.administrator)
    vera = Person("subject of vera", "", "vera@example.com", email_verified=True, name="Vera", groups=("C",))
    assert come(vera) == "administrator"
    assert come(OLIVE) == "officer"
    colleagues.leave(office, boss, olive.id or 0)
    assert come(OLIVE) == "Your account her"
    office.close()
