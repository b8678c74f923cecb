"""What was typed before a sign-in ended comes back to the same person, on the same page, and to nobody else."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import select

from engage.foundation.identity import Account, Role
from engage.foundation.office import Office
from engage.foundation.web.filling import filled
from engage.foundation.web.kept_forms import KeptForm
from tests.website import PASSWORD, Visitor

PAGE = "/campaigns/new/people"
TYPED = {
    "name": "Autumn <reminder>",
    "purpose": "Find who is missing,\nstreet by street",
    "password": "not for keeping",
}
Visit = Callable[[], Visitor]


def sent_too_late(visitor: Visitor, office: Office, email: str, page: str = PAGE) -> str:
    """Where the form of a page leads once the sign-in has ended."""
    clock: Any = office.clock
    visitor.sign_in(email)
    token = visitor.token()
    clock.advance(timedelta(hours=office.settings.session_hours, minutes=1))
    answer = visitor.client.post(
        page, data={"_csrf_token": token, **TYPED}, headers={"referer": f"http://testserver.local{page}"},
        follow_redirects=False,
    )  # fmt: skip
    assert answer.status_code == 303
    return str(answer.headers["location"])


def kept(office: Office) -> list[KeptForm]:
    with office.database.session() as session:
        return list(session.exec(select(KeptForm)))


def test_what_was_typed_is_back_after_signing_in_and_nothing_was_done(
    visit: Visit, staff: dict[Role, Account], office: Office
) -> None:
    visitor = visit()
    location = sent_too_late(visitor, office, staff[Role.officer].email)
    (row,) = kept(office)
    assert "Autumn" not in row.fields
    wanted = parse_qs(urlsplit(location).query)["next"][0]
    assert urlsplit(wanted).path == PAGE
    page = visitor.sign_in(staff[Role.officer].email, next=wanted)
    assert page.status_code == 200
    assert 'value="Autumn &lt;reminder&gt;"' in page.text
    assert re.search(r"<textarea[^>]*>Find who is missing,\nstreet by street</textarea>", page.text)
    assert "is back on this page. Nothing was sent or saved" in page.text
    assert TYPED["password"] not in page.text
    assert visitor.send(PAGE, {"name": "Autumn"}).status_code == 422, "the page still is one of ours, with its token"
    again = visitor.get(wanted)
    assert "Autumn" in again.text, "for whoever loads the page again"
    clock: Any = office.clock
    clock.advance(timedelta(minutes=16))
    assert "Autumn" not in visitor.get(wanted).text


def test_a_form_whose_token_comes_in_a_header(visit: Visit, staff: dict[Role, Account], office: Office) -> None:
    """Nobody has read such a form before."""
    visitor = visit()
    visitor.sign_in(staff[Role.officer].email)
    headers = {"x-csrftoken": visitor.token(), "referer": f"http://testserver.local{PAGE}"}
    clock: Any = office.clock
    clock.advance(timedelta(hours=office.settings.session_hours, minutes=1))
    answer = visitor.client.post(PAGE, data=TYPED, headers=headers, follow_redirects=False)
    assert answer.status_code == 303
    assert len(kept(office)) == 1


def test_nobody_else_gets_it_and_no_other_page(visit: Visit, staff: dict[Role, Account], office: Office) -> None:
    visitor = visit()
    location = sent_too_late(visitor, office, staff[Role.officer].email)
    wanted = parse_qs(urlsplit(location).query)["next"][0]
    other = visit()
    assert "Autumn" not in other.sign_in(staff[Role.administrator].email, next=wanted).text
    assert "Autumn" not in visitor.sign_in(staff[Role.administrator].email, next=wanted).text, "in the same browser"
    visitor.send("/sign-out")
    key = urlsplit(wanted).query
    assert "Autumn" not in visitor.sign_in(staff[Role.officer].email, next=f"/campaigns/new/dates?{key}").text


@pytest.mark.parametrize("how", ["signed out", "password changed", "too long ago", "no form of ours"])
def test_what_is_not_kept(visit: Visit, staff: dict[Role, Account], office: Office, how: str) -> None:
    visitor, clock = visit(), office.clock
    moving: Any = clock
    visitor.sign_in(staff[Role.officer].email)
    token = visitor.token()
    if how == "signed out":
        visitor.send("/sign-out")
    moving.advance(timedelta(hours=office.settings.session_hours + (25 if how == "too long ago" else 1)))
    if how == "password changed":
        with office.database.session() as session:
            session.get_one(Account, staff[Role.officer].id).password = "another"
    data = {"_csrf_token": "made up" if how == "no form of ours" else token, **TYPED}
    visitor.client.post(PAGE, data=data, follow_redirects=False)
    assert kept(office) == []


def test_signing_in_forgets_what_is_too_old(visit: Visit, staff: dict[Role, Account], office: Office) -> None:
    sent_too_late(visit(), office, staff[Role.officer].email)
    clock: Any = office.clock
    clock.advance(timedelta(hours=25))
    visit().sign_in(staff[Role.auditor].email, PASSWORD)
    assert kept(office) == []


def test_each_kind_of_field_is_filled_and_what_has_no_place_is_told() -> None:
    page = b"""<!DOCTYPE html><main id="main-content"><form method="post">
    <input type="hidden" name="seen" value="now"><input name="twice" value="old"><input name="twice">
    <input type="checkbox" name="box" value="a" checked><input type="checkbox" name="box" value="b">
    <input type="radio" name="one" value="x" checked><input type="radio" name="one" value="y">
    <select name="pick"><option value="1" selected>One</option><option>Two</option></select>
    <input type="password" name="word"><button name="act" value="add">Add</button></form>
    <form method="post" action="/elsewhere"><input name="twice" value="its own"></form></main>"""
    fields = [("seen", "then"), ("twice", ""), ("twice", "W\xfbrm"), ("box", "b"), ("one", "y"), ("pick", "Two"),
              ("row-3", "gone"), ("act", "add")]  # fmt: skip
    made = filled(page, "/here", "/here", fields).decode()
    for there in (
        'name="seen" value="now"', '<input name="twice" value=""><input name="twice" value="W\xfbrm">',
        '<input type="checkbox" name="box" value="a"><input type="checkbox" name="box" value="b" checked',
        '<input type="radio" name="one" value="x"><input type="radio" name="one" value="y" checked',
        '<option value="1">One</option><option selected', 'value="its own"', "<li>gone</li>",
    ):  # fmt: skip
        assert there in made
    assert "then" not in made.replace("then send it", "")
