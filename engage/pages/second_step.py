"""The code that is asked for after a password, and setting up the app that makes it."""

from typing import Any

import segno
from litestar import Request, Router, get, post
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler
from sqlmodel import Session

from engage.accounts import second_factor
from engage.foundation import audit
from engage.foundation.clock import by_machine
from engage.foundation.identity import Account, Authority
from engage.foundation.languages import spoken
from engage.foundation.languages.catalogue import gettext, marked
from engage.foundation.office import Office
from engage.foundation.web.askers import attempts, known_browsers
from engage.foundation.web.handlers import (
    Door,
    Form,
    InOffice,
    WithForm,
    local_path,
    notify,
    redirect,
    render,
    sign_in,
    sign_out,
    stamp,
)
from engage.foundation.web.sessions import ROTATE

Anyone = Request[Any, Any, Any]
PENDING = "pending"  # in the session: whose password was right, while the code is not given yet
LASTS = 600  # seconds
WRONG = marked("Enter the code that your app shows now, or a recovery code that you have not used")
NOT_THE_APPS = marked("Enter the code of six digits that your app shows now. Check that your phone’s clock is right")
TOO_MANY = marked("Too many wrong codes. Wait a quarter of an hour, or ask an administrator to reset your code")


def arrive(request: Anyone, office: Office, account: Account, wanted: str, said: str = "") -> Redirect:
    """Signed in with the right password, or on to the code where one is asked for."""
    if not office.settings.asks_second_factor:
        return complete(request, office, account, wanted, said)
    sign_out(request)
    until = office.clock.now().timestamp() + LASTS
    pending = {"account": account.id, "stamp": stamp(account), "until": until, "next": wanted, "said": said}
    request.set_session({PENDING: pending, "lang": spoken.language(), ROTATE: True})
    return redirect("/sign-in/code")


def complete(request: Anyone, office: Office, account: Account, wanted: str, said: str = "") -> Redirect:
    _let_in(request, office, account)
    if said:
        notify(request, " ".join((gettext(said), gettext("You are signed in."))))
    return known_browsers.remember(office, account, redirect(wanted))


def _let_in(request: Anyone, office: Office, account: Account, **detail: bool) -> None:
    sign_in(request, account)
    with office.database.session() as session:
        audit.record(
            session, authority=account.authority, at=office.clock.now(), actor=account.label, act="signed in",
            subject=account.label, **detail,
        )  # fmt: skip


@get("/code", sync_to_thread=True)
def code_page(request: Anyone, office: InOffice) -> Template | Redirect:
    account = pending(request, office)
    if account is None:
        return redirect(spoken.onward("/sign-in"))
    with office.database.reading() as session:
        if not second_factor.confirmed(session, account):
            return redirect("/sign-in/set-up")
    return render("engage/pages/code.html", form=Form())


@post("/code", sync_to_thread=True)
def code_send(request: Anyone, office: InOffice, form: WithForm) -> Template | Redirect:
    account = pending(request, office)
    if account is None:
        return redirect(spoken.onward("/sign-in"))
    wanted, said = local_path(request.session[PENDING]["next"]), request.session[PENDING]["said"]
    if not given(office, account, form):
        status = 429 if gettext(TOO_MANY) in form.errors.values() else 422
        return render("engage/pages/code.html", status_code=status, form=form)
    return complete(request, office, account, wanted, said)


@get("/set-up", sync_to_thread=True)
def set_up_page(request: Anyone, office: InOffice) -> Template | Redirect:
    account = pending(request, office)
    return redirect(spoken.onward("/sign-in")) if account is None else _set_up(office, account, Form())


@post("/set-up", sync_to_thread=True)
def set_up_send(request: Anyone, office: InOffice, form: WithForm) -> Template | Redirect:
    account = pending(request, office)
    if account is None:
        return redirect(spoken.onward("/sign-in"))
    wanted = local_path(request.session[PENDING]["next"])
    codes = _confirmed(office, account, form)
    if not codes:
        return _set_up(office, account, form)
    _let_in(request, office, account)
    page = render("engage/pages/recovery_codes.html", codes=codes, next=wanted)
    page.cookies.append(known_browsers.cookie(office, account))
    return page


def pending(request: Anyone, office: Office) -> Account | None:
    """Whose password was right, within the last ten minutes and still."""
    held = request.session.get(PENDING)
    if not held or held["until"] < office.clock.now().timestamp():
        return None
    with office.database.reading() as session:
        account = session.get(Account, held["account"])
    return account if account and account.active and stamp(account) == held["stamp"] else None


def given(office: Office, account: Account, form: Form) -> bool:
    """Whether the form has a code of this account, which is used up by that; else it says what is wrong."""
    code = form.require("code", marked("Enter the code that your app shows"))
    tries = second_factor.tries(office.keys, account)
    if not form.valid or not _may_try(office, tries, form):
        return False
    with office.database.session() as session:
        before = second_factor.left(session, account)
        if not second_factor.accepts(session, office.keys, account, code, by_machine(office.clock)):
            form.fail("code", WRONG)
            _failed(office, session, account)
            return False
        attempts.forget(session, tries)
        if second_factor.left(session, account) < before:
            audit.record(
                session, authority=account.authority, at=office.clock.now(), actor=account.label,
                act="use a recovery code", subject=account.label, left=before - 1,
            )  # fmt: skip
    return True


def _failed(office: Office, session: Session, account: Account) -> None:
    """With the right password and a wrong code."""
    audit.record(
        session, authority=account.authority, at=office.clock.now(), actor="visitor", act="failed to sign in",
        subject=account.label, code=False,
    )  # fmt: skip


def _may_try(office: Office, tries: str, form: Form) -> bool:
    with office.database.session() as session:
        free = attempts.taken(session, {tries: attempts.OF_CODE}, office.clock.now())
    if not free:
        form.fail("code", TOO_MANY)
    return free


def _confirmed(office: Office, account: Account, form: Form) -> list[str]:
    """The recovery codes, if the form has a code of the app that is being set up."""
    code = form.require("code", marked("Enter the code that your app shows"))
    if not form.valid or not _may_try(office, second_factor.tries(office.keys, account), form):
        return []
    with office.database.session() as session:
        codes = second_factor.confirm(session, office.keys, account, code, by_machine(office.clock))
        if not codes:
            form.fail("code", NOT_THE_APPS)
            _failed(office, session, account)
            return []
        attempts.forget(session, second_factor.tries(office.keys, account))
        audit.record(
            session, authority=account.authority, at=office.clock.now(), actor=account.label,
            act="set up second factor", subject=account.label,
        )  # fmt: skip
    return codes


def _set_up(office: Office, account: Account, form: Form) -> Template | Redirect:
    with office.database.session() as session:
        if second_factor.confirmed(session, account):
            return redirect("/sign-in/code")
        secret = second_factor.begin(session, office.keys, account)
        council = session.get_one(Authority, account.authority).name
    picture = segno.make(second_factor.address(secret, account, council), error="m").svg_inline(scale=4)
    status = 422 if form.errors else 200
    in_fours = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return render("engage/pages/set_up_code.html", status_code=status, form=form, picture=picture, secret=in_fours)


routes: list[ControllerRouterHandler] = [
    Router(
        "/sign-in",
        route_handlers=[code_page, code_send, set_up_page, set_up_send],
        guards=[Door("whoever gave a password")],
        include_in_schema=False,
    )
]
