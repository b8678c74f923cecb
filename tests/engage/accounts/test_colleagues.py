"""Colleagues on both databases: invited, promoted, gone and back, and never without an administrator."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlmodel import SQLModel, select

from engage.accounts import colleagues
from engage.foundation import audit, identity
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Account, Authority, Role
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from tests.conftest import EAST_STAFFORDSHIRE, START

BOSS = Actor(EAST_STAFFORDSHIRE, "administrator 1", 1)


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    office = Office(Settings(home=tmp_path / "home", database_url=database_url), SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=EAST_STAFFORDSHIRE, name="East Staffordshire"))
        session.add(Authority(code="E07000999", name="Elsewhere"))
        session.flush()
        for email in ("ada@example.com", "bea@example.com"):
            session.add(
                Account(authority=EAST_STAFFORDSHIRE, email=email, name=email, role=Role.administrator, password="set")
            )
            session.flush()
    yield office
    office.close()


def acts(office: Office) -> list[str]:
    with office.database.session() as session:
        found = list(session.exec(select(AuditEntry.act).order_by(AuditEntry.number)))
        assert not found or audit.verify(session, EAST_STAFFORDSHIRE).intact  # a council's log begins with its opening
        return found


def test_somebody_comes_goes_and_comes_back_as_the_same(office: Office) -> None:
    colleagues.invite(office, BOSS, "Olive@Example.com", "Olive  Officer", Role.officer)
    number = colleagues.numbered(office, EAST_STAFFORDSHIRE, "olive@example.com")
    assert colleagues.colleague(office, EAST_STAFFORDSHIRE, number).state == "invited"
    colleagues.change_role(office, BOSS, number, Role.approver)
    colleagues.leave(office, BOSS, number)
    assert colleagues.colleague(office, EAST_STAFFORDSHIRE, number).state == "left"
    for act in (colleagues.new_link, colleagues.leave, colleagues.reset_second_factor):
        with pytest.raises(InputRefused, match="They have left"):
            act(office, BOSS, number)
    link = colleagues.invite(office, BOSS, "olive@example.com", "Olive Officer", Role.auditor)
    with office.database.session() as session:
        back = identity.by_link(session, link.rpartition("/")[2], office.clock.now())
    assert (back.id, back.name, back.role) == (number, "Olive Officer", Role.auditor)
    assert acts(office) == ["invite account", "change role", "end account", "bring back account"]


def test_nobody_reaches_a_colleague_of_another_authority(office: Office) -> None:
    stranger = Actor("E07000999", "administrator 9", 9)
    deeds: list[Callable[[], object]] = [
        lambda: colleagues.colleague(office, "E07000999", 1),
        lambda: colleagues.new_link(office, stranger, 1),
        lambda: colleagues.change_role(office, stranger, 1, Role.member),
        lambda: colleagues.leave(office, stranger, 1),
        lambda: colleagues.reset_second_factor(office, stranger, 1),
    ]
    for deed in deeds:
        with pytest.raises(NotFound):
            deed()
    with pytest.raises(InputRefused, match="already an account"):
        colleagues.invite(office, stranger, "ada@example.com", "Ada", Role.officer)
    assert acts(office) == []


def test_the_last_administrator_stays_even_if_two_demote_each_other_at_once(office: Office) -> None:
    colleagues.invite(office, BOSS, "late@example.com", "Late", Role.administrator)  # who never set a password

    def demote(number: int) -> bool:
        try:
            colleagues.change_role(office, BOSS, number, Role.officer)
        except InputRefused:
            return False
        return True

    def invited(email: str) -> bool:
        try:
            colleagues.invite(office, BOSS, email, "New", Role.officer)
        except InputRefused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, (1, 2))) == [False, True]
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(invited, ("new@example.com",) * 2)) == [False, True], "who is invited twice at once"
    [kept] = [
        each
        for each in colleagues.everybody(office, EAST_STAFFORDSHIRE)
        if each.account.role == "administrator" and each.account.finished
    ]
    with pytest.raises(InputRefused, match="last administrator"):
        colleagues.leave(office, BOSS, kept.account.id or 0)


def test_an_invitation_that_is_not_written_right_is_refused(office: Office) -> None:
    for email, name in (
        ("no address", "O"),
        ("o@example.com", ""),
        ("o@example.com", "O\x00"),
        (f"o@{'x' * 320}.uk", "O"),
    ):
        with pytest.raises(InputRefused, match="Enter"):
            colleagues.invite(office, BOSS, email, name, Role.officer)
