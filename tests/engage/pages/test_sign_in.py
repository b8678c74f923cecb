"""Signing in and out, the one-time link, and what a session survives."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import SQLModel, select

from engage.foundation import audit, identity
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.database import Database
from engage.foundation.identity import Account, Authority, Role, WebSession, fingerprint
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from engage.foundation.web.askers import attempts
from engage.foundation.web.askers.attempts import Attempt
from engage.foundation.web.handlers import local_path
from tests.conftest import START
from tests.website import COUNCIL, PASSWORD, Visitor

Staff = dict[Role, Account]
Visit = Callable[[], Visitor]


def cookie(visitor: Visitor) -> str:
    return visitor.client.cookies.get("engage") or ""


def test_right_words_lead_to_the_page_that_was_wanted(visitor: Visitor, staff: Staff) -> None:
    asked = visitor.get("/audit")
    assert str(asked.url).endswith("/sign-in?next=/audit")
    arrived = visitor.sign_in(staff[Role.auditor].email, next="/audit")
    assert arrived.status_code == 200
    assert '<h1 class="govuk-heading-l">Audit log</h1>' in arrived.text


@pytest.mark.parametrize(
    ("email", "password", "said"),
    [
        ("officer@example.org", "wrong words here", "Enter the email address and password of your account"),
        ("nobody@example.org", PASSWORD, "Enter the email address and password of your account"),
        ("", PASSWORD, "Enter your email address"),
        ("officer@example.org", "", "Enter your password"),
    ],
)
def test_wrong_words_are_told_in_summary_field_and_title(
    visitor: Visitor, staff: Staff, email: str, password: str, said: str
) -> None:
    page = visitor.sign_in(email, password)
    assert page.status_code == 422
    assert "<title>Error: Sign in" in page.text
    assert "There is a problem" in page.text
    assert page.text.count(said) == 2
    assert not cookie(visitor)
    if password:
        assert password not in page.text


def test_signing_in_takes_a_new_session_and_leaves_a_planted_one(
    visitor: Visitor, staff: Staff, office: Office
) -> None:
    planted = "f" * 64
    visitor.client.cookies.set("engage", planted)
    visitor.sign_in(staff[Role.officer].email)
    held = [c.value for c in visitor.client.cookies.jar if c.name == "engage" and c.value != planted]
    assert held
    with office.database.session() as session:
        kept = session.exec(select(WebSession)).all()
    assert [row.key for row in kept] == [fingerprint(held[0] or "")], "only the hash of the new cookie"
    assert fingerprint(planted) not in [row.key for row in kept]


def test_a_second_sign_in_ends_the_first_session(visitor: Visitor, staff: Staff, office: Office) -> None:
    visitor.sign_in(staff[Role.officer].email)
    first = cookie(visitor)
    visitor.send("/sign-in", {"email": staff[Role.officer].email, "password": PASSWORD})
    assert cookie(visitor) != first
    with office.database.session() as session:
        assert session.get(WebSession, fingerprint(first)) is None


def test_signing_out_ends_it_on_the_server_too(visitor: Visitor, staff: Staff) -> None:
    visitor.sign_in(staff[Role.officer].email)
    held = cookie(visitor)
    assert visitor.get("/data").status_code == 200
    visitor.send("/sign-out")
    visitor.client.cookies.clear()
    visitor.client.cookies.set("engage", held)
    assert urlsplit(str(visitor.get("/data").url)).path == "/sign-in"


def test_a_session_ends_after_its_hours_whatever_is_done_in_it(visitor: Visitor, staff: Staff, office: Office) -> None:
    clock: Any = office.clock
    visitor.sign_in(staff[Role.officer].email)
    for _ in range(office.settings.session_hours):
        assert visitor.get("/data").url.path == "/data"
        clock.advance(timedelta(minutes=59))
    clock.advance(timedelta(minutes=30))
    assert visitor.get("/data").url.path == "/sign-in"


@pytest.mark.parametrize("change", ["switched off", "new password"])
def test_a_session_ends_when_its_account_changes(visitor: Visitor, staff: Staff, office: Office, change: str) -> None:
    visitor.sign_in(staff[Role.officer].email)
    with office.database.session() as session:
        account = session.get_one(Account, staff[Role.officer].id)
        if change == "switched off":
            account.active = False
        else:
            identity.set_password(account, "quite another password")
    assert visitor.get("/data").url.path == "/sign-in"


def test_signing_in_is_recorded_without_personal_data(visitor: Visitor, staff: Staff, office: Office) -> None:
    visitor.sign_in(staff[Role.officer].email)
    with office.database.session() as session:
        entry = session.exec(select(AuditEntry)).one()
    assert (entry.act, entry.actor) == ("signed in", staff[Role.officer].label)
    assert "@" not in entry.model_dump_json()


def test_failed_tries_are_recorded_by_account_or_by_hash(visitor: Visitor, staff: Staff, office: Office) -> None:
    typed = ("nobody@example.com", "Nobody@Example.com ", "other@example.com", staff[Role.officer].email)
    for email in typed:
        assert visitor.sign_in(email, "wrong words here").status_code == 422
    with office.database.session() as session:
        entries = session.exec(select(AuditEntry).order_by("number")).all()
        session.add(Authority(code="E07000194", name="Another"))
    assert {(entry.authority, entry.act, entry.actor) for entry in entries} == {
        (COUNCIL, "failed to sign in", "visitor")
    }
    first, again, other, known = (entry.subject for entry in entries)
    assert (first == again, first == other, known) == (True, False, staff[Role.officer].label)
    assert first.startswith("unknown account ")
    assert "@" not in str([entry.model_dump_json() for entry in entries])
    visitor.sign_in("nobody@example.com", "wrong words here")
    with office.database.session() as session:
        assert audit.chains(session) == [COUNCIL, "E07000194", audit.SERVICE], "where several councils are, no one’s"
        assert audit.verify(session, audit.SERVICE).intact


def test_guessing_is_slowed_down(visitor: Visitor, staff: Staff) -> None:
    email = staff[Role.officer].email
    answers = [visitor.sign_in(email, "wrong words here").status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]
    assert visitor.sign_in(email).status_code == 429


def test_guesses_of_others_lock_nobody_out_of_a_browser_they_know(visit: Visit, staff: Staff, office: Office) -> None:
    email, own = staff[Role.officer].email, visit()
    own.sign_in(email)
    own.send("/sign-out")
    for guesser in (visit(), visit()):
        assert [guesser.sign_in(email, "wrong words here").status_code for _ in range(6)][-1] in (422, 429)
    stranger = visit()
    refused = stranger.sign_in(email)
    assert (refused.status_code, "Too many tries to sign in" in refused.text) == (429, True)
    assert own.sign_in(email).status_code == 200
    assert stranger.sign_in(staff[Role.auditor].email).status_code == 200, "another account is not locked"
    with office.database.session() as session:
        secret = identity.new_link(session, session.get_one(Account, staff[Role.officer].id), office.clock.now())
    let_in = visit().send(f"/welcome/{secret}", {"password": "long enough words", "again": "long enough words"})
    assert "You are signed in." in let_in.text
    assert visit().sign_in(email, "long enough words").status_code == 200, "a link ends the lock"


def test_tries_are_counted_for_all_processes_and_forgotten(database_url: str, tmp_path: Path) -> None:
    office = Office(Settings(home=tmp_path / "home", database_url=database_url), SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    other = Database(database_url)

    def tried(database: Database, account: str, at: datetime = START) -> bool:
        with database.session() as session:
            return attempts.taken(session, {account: 2, "address": 3}, at)

    assert [tried(database, "a") for database in (office.database, other, office.database)] == [True, True, False]
    assert [tried(other, account) for account in ("b", "c")] == [True, False], "the address has failed three times"
    assert tried(office.database, "a", START + attempts.LASTS)
    with other.session() as session:
        attempts.succeeded(session, "a", "address")
        assert [(found.key, found.failed) for found in session.exec(select(Attempt))] == [("address", 0)]
    office.close()
    other.close()


def test_the_one_time_link_sets_the_first_password_once(visitor: Visitor, office: Office) -> None:
    with office.database.session() as session:
        _, secret = identity.invite(
            session, code=COUNCIL, email="new@example.org", name="New", role=Role.officer, at=office.clock.now()
        )
    page = visitor.get(f"/welcome/{secret}")
    assert "You have been invited to Engage. Your role is: officer." in page.text
    short = visitor.send(f"/welcome/{secret}", {"password": "short", "again": "short"})
    assert (short.status_code, "Password must be 12 characters or more" in short.text) == (422, True)
    apart = visitor.send(f"/welcome/{secret}", {"password": "long enough words", "again": "long enough word"})
    assert (apart.status_code, "Passwords must match" in apart.text) == (422, True)
    done = visitor.send(f"/welcome/{secret}", {"password": "long enough words", "again": "long enough words"})
    assert "Your password is set. You are signed in." in done.text
    assert "&lt;" not in done.text
    assert "Your password is set" not in visitor.get("/").text, "a notice is shown once"
    assert visitor.get(f"/welcome/{secret}").status_code == 404


def test_the_one_time_link_expires(visitor: Visitor, office: Office) -> None:
    clock: Any = office.clock
    with office.database.session() as session:
        _, secret = identity.invite(
            session, code=COUNCIL, email="new@example.org", name="New", role=Role.officer, at=office.clock.now()
        )
    clock.advance(identity.LINK_LIFE + timedelta(seconds=1))
    assert visitor.get(f"/welcome/{secret}").status_code == 404


@given(st.text() | st.from_regex(r"[/\\]{1,3}[a-z.]{1,9}[/\\@:a-z]{0,9}"))
def test_nobody_is_sent_to_another_site_after_signing_in(candidate: str) -> None:
    path = local_path(candidate)
    assert path.startswith("/")
    assert urlsplit(path).netloc == ""
    assert not path.startswith(("//", "/\\"))
