"""The code after the password: set up, asked for, used once, lost, and the way past a lock."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyotp import TOTP
from sqlmodel import SQLModel, select

from engage.accounts import colleagues
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.identity import Account, Authority, Role
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from tests.conftest import START
from tests.website import COUNCIL, Visitor, browsers

Staff = dict[Role, Account]
Visit = Callable[[], Visitor]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """One that asks for the second factor."""
    office = Office(Settings(home=tmp_path / "home", second_factor=True), SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=COUNCIL, name="East Staffordshire"))
    yield office
    office.close()


@pytest.fixture
def visit(office: Office, serve: Callable[[Office], Any]) -> Visit:
    return browsers(serve(office))


def later(office: Office, **by: float) -> None:
    clock: Any = office.clock
    clock.advance(timedelta(**(by or {"seconds": 30})))


def secret_on(page: httpx.Response) -> str:
    found = re.search(r'Key: <span class="engage-code">([A-Z2-7 ]+)<', page.text)
    assert found
    return found[1].replace(" ", "")


def code(office: Office, secret: str) -> str:
    return TOTP(secret).at(office.clock.now())


def set_up(visitor: Visitor, office: Office, email: str) -> tuple[str, list[str]]:
    """The app's secret and the recovery codes of somebody who signs in for the first time since the upgrade."""
    secret = secret_on(visitor.sign_in(email))
    done = visitor.send("/sign-in/set-up", {"code": code(office, secret)})
    codes = re.findall(r'<li class="engage-code">([a-z0-9-]+)</li>', done.text)
    assert (done.status_code, len(set(codes))) == (200, 10)
    return secret, codes


def test_an_app_is_set_up_and_asked_for_and_no_code_works_twice(visit: Visit, staff: Staff, office: Office) -> None:
    email, visitor = staff[Role.officer].email, visit()
    assert visitor.sign_in(email).url.path == "/sign-in/set-up"
    assert visitor.get("/data").url.path == "/sign-in", "a password alone opens nothing"
    wrong = visitor.send("/sign-in/set-up", {"code": "000000"})
    assert (wrong.status_code, "Check that your phone’s clock is right" in wrong.text) == (422, True)
    secret, codes = set_up(visitor, office, email)
    assert visitor.get("/data").url.path == "/data"
    assert codes[0] not in visitor.get("/account").text
    again = visit()
    assert again.sign_in(email, next="/segments").url.path == "/sign-in/code"
    assert again.send("/sign-in/code", {"code": code(office, secret)}).status_code == 422, "used to set up"
    later(office)
    assert again.send("/sign-in/code", {"code": code(office, secret)}).url.path == "/segments"
    third = visit()
    third.sign_in(email)
    assert third.send("/sign-in/code", {"code": code(office, secret)}).status_code == 422, "used by another browser"
    lost = third.send("/sign-in/code", {"code": codes[3].upper().replace("-", " ")})
    assert lost.url.path == "/"
    assert "9 of your recovery codes have not been used" in third.get("/account").text
    fourth = visit()
    fourth.sign_in(email)
    assert fourth.send("/sign-in/code", {"code": codes[3]}).status_code == 422
    with office.database.session() as session:
        acts = [entry.act for entry in session.exec(select(AuditEntry).order_by(AuditEntry.number))]
    assert [act for act in acts if act != "failed to sign in"] == [
        "set up second factor",
        "signed in",
        "signed in",
        "use a recovery code",
        "signed in",
    ]


def test_codes_cannot_be_guessed_and_a_right_password_waits_ten_minutes(
    visitor: Visitor, staff: Staff, office: Office
) -> None:
    email = staff[Role.officer].email
    secret, _ = set_up(visitor, office, email)
    visitor.send("/sign-out")
    visitor.sign_in(email)
    later(office)
    tries = [visitor.send("/sign-in/code", {"code": "000000"}).status_code for _ in range(11)]
    assert tries == [422] * 10 + [429]
    with office.database.session() as session:
        wrong = session.exec(select(AuditEntry).where(AuditEntry.act == "failed to sign in")).all()
    assert [entry.subject for entry in wrong] == [staff[Role.officer].label] * 10
    assert visitor.send("/sign-in/code", {"code": code(office, secret)}).status_code == 429, "a right one too"
    later(office, minutes=11)
    assert visitor.send("/sign-in/code", {"code": code(office, secret)}).url.path == "/sign-in"
    later(office, minutes=5)
    visitor.sign_in(email)
    assert visitor.send("/sign-in/code", {"code": code(office, secret)}).url.path == "/"


def test_who_has_the_second_factor_passes_the_lock_that_others_set(visit: Visit, staff: Staff, office: Office) -> None:
    email, guesser = staff[Role.officer].email, visit()
    secret, _ = set_up(visit(), office, email)
    later(office)
    for _ in range(10):
        guesser.sign_in(email, "wrong words here")
    stranger = visit()
    locked = stranger.sign_in(email)
    assert (locked.status_code, 'name="code"' in locked.text) == (429, True)
    assert stranger.sign_in(email, "wrong words here", code=code(office, secret)).status_code == 422
    assert stranger.sign_in(email, code="000000").status_code == 422
    assert stranger.sign_in(email, code=code(office, secret)).url.path == "/"
    assert stranger.get("/data").url.path == "/data"
    assert visit().sign_in(staff[Role.auditor].email, code="000000").url.path == "/sign-in/set-up", (
        "a code beside the password counts past a lock alone"
    )
    unlocked = visit()
    assert [unlocked.sign_in(email, code="000000").status_code for _ in range(6)] == [422] * 5 + [429]


def test_a_link_changes_the_password_and_not_the_code_which_an_administrator_resets(
    visit: Visit, staff: Staff, office: Office
) -> None:
    officer, here = staff[Role.officer], visit()
    secret, _ = set_up(here, office, officer.email)
    later(office)
    boss = Actor(COUNCIL, "administrator 1", staff[Role.administrator].id)
    link = colleagues.new_link(office, boss, officer.id or 0)
    there = visit()
    words = {"password": "long enough words", "again": "long enough words"}
    assert there.send(f"/welcome/{link.rpartition('/')[2]}", words).url.path == "/sign-in/code"
    let_in = there.send("/sign-in/code", {"code": code(office, secret)})
    assert "Your password is set. You are signed in." in let_in.text
    assert here.get("/data").url.path == "/sign-in", "the old password's sign-ins have ended"
    colleagues.reset_second_factor(office, boss, officer.id or 0)
    assert there.get("/data").url.path == "/sign-in"
    fresh = visit()
    assert secret_on(fresh.sign_in(officer.email, "long enough words")) != secret


def test_an_app_is_set_up_anew_with_a_code_of_the_old(visitor: Visitor, staff: Staff, office: Office) -> None:
    secret, codes = set_up(visitor, office, staff[Role.officer].email)
    assert visitor.send("/account/code", {"code": "000000"}).status_code == 422
    page = visitor.send("/account/code", {"code": codes[0]})
    assert page.url.path == "/sign-in/set-up"
    assert secret_on(page) != secret
    assert visitor.get("/data").url.path == "/sign-in", "until the new app has shown a code"
    visitor.sign_in(staff[Role.officer].email)
    done = visitor.send("/sign-in/set-up", {"code": code(office, secret_on(page))})
    assert done.status_code == 200
    assert codes[1] not in done.text


def test_the_demo_asks_for_no_code(tmp_path: Path) -> None:
    assert not Settings(home=tmp_path, second_factor=True, demo=True).asks_second_factor
    assert Settings(home=tmp_path, second_factor=True).asks_second_factor
