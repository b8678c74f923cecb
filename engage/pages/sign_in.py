"""Coming in and going out: local accounts and the one-time link that sets the first password."""

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler
from sqlmodel import Session

from engage.foundation import audit, identity
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Account
from engage.foundation.office import Office
from engage.foundation.web import attempts, known_browsers, visitors
from engage.foundation.web.handlers import (
    Form,
    InOffice,
    WithForm,
    local_path,
    notify,
    redirect,
    render,
    sign_in,
    signed_in,
)

Anyone = Request[Any, Any, Any]
Next = Annotated[str, QueryParameter(name="next", max_length=300)]
WRONG = "Enter the email address and password of your account"
SHOWN = 12  # letters of a keyed hash, to tell one from another
LOCKED = (
    "Too many tries to sign in. Wait a quarter of an hour, use the browser in which you signed in before, or ask an "
    "administrator for a link: it lets you in at once"
)


@get("/sign-in", include_in_schema=False)
async def sign_in_page(request: Anyone, wanted: Next = "/") -> Template | Redirect:
    if await signed_in(request):
        return redirect("/")
    return render("engage/pages/sign_in.html", form=Form(), next=local_path(wanted))


@post("/sign-in", include_in_schema=False, sync_to_thread=True)
def sign_in_send(request: Anyone, office: InOffice, form: WithForm) -> Template | Redirect:
    wanted = local_path(form.text("next"))
    account = enter(request, office, form)
    if account is None:
        status = 429 if LOCKED in form.errors.values() else 422
        return render("engage/pages/sign_in.html", status_code=status, form=form, next=wanted)
    sign_in(request, account)
    return known_browsers.remember(office, account, redirect(wanted))


@post("/sign-out", include_in_schema=False)
async def sign_out(request: Anyone) -> Redirect:
    request.clear_session()
    return redirect("/sign-in")


@get("/welcome/{secret:str}", include_in_schema=False, sync_to_thread=True)
def welcome_page(office: InOffice, secret: FromPath[str]) -> Template:
    return render("engage/pages/welcome.html", form=Form(), invited=invited(office, secret))


@post("/welcome/{secret:str}", include_in_schema=False, sync_to_thread=True)
def welcome_send(request: Anyone, office: InOffice, secret: FromPath[str], form: WithForm) -> Template | Redirect:
    account = accept(office, secret, form)
    if not form.valid:
        return render("engage/pages/welcome.html", status_code=422, form=form, invited=account)
    sign_in(request, account)
    notify(request, "Your password is set. You are signed in.")
    return known_browsers.remember(office, account, redirect("/"))


def enter(request: Anyone, office: Office, form: Form) -> Account | None:
    """The account these words belong to; else None, with the form saying why."""
    email = form.require("email", "Enter your email address")
    password = form.secret("password") or form.fail("password", "Enter your password")
    if not form.valid:
        return None
    limits = _limits(request, office, email)
    with office.database.session() as session:
        if not attempts.taken(session, limits, office.clock.now()):
            form.fail("email", LOCKED)
            return None
    with office.database.session() as session:
        account = identity.sign_in(session, email, password)
        if account is None:
            form.fail("email", WRONG)
            _failed(request, office, session, email)
            return None
        attempts.succeeded(session, *limits)
        audit.record(
            session, authority=account.authority, at=office.clock.now(), actor=account.label,
            act="signed in", subject=account.label,
        )  # fmt: skip
    return account


def _failed(request: Anyone, office: Office, session: Session, email: str) -> None:
    """At which account and from where, by keyed hashes where they are nobody's here. Every council's would cost more
    time for an account that is not known than for one that is."""
    account = identity.by_email(session, email)
    here = visitors.address(request, office.settings.trusted_proxies)
    audit.record(
        session, authority=account.authority if account else audit.of_nobody(session), at=office.clock.now(),
        actor="visitor", act="failed to sign in",
        subject=account.label if account else f"unknown account {_of_account(office, email)[:SHOWN]}",
        address=office.keys.hash("tries from", here)[:SHOWN] if here else "",
    )  # fmt: skip


def _limits(request: Anyone, office: Office, email: str) -> dict[str, int]:
    """Whose tries are counted, by keyed hashes: of a browser that the account's owner uses, by itself alone."""
    with office.database.reading() as session:
        browser = known_browsers.known(request, office, identity.by_email(session, email))
    if browser:
        return {office.keys.hash("tries of browser", browser): attempts.OF_BROWSER}
    limits = {_of_account(office, email): attempts.OF_ACCOUNT}
    if here := visitors.address(request, office.settings.trusted_proxies):
        limits[office.keys.hash("tries from", here)] = attempts.OF_ADDRESS
    return limits


def _of_account(office: Office, email: str) -> str:
    return office.keys.hash("tries of account", email.strip().casefold())


def invited(office: Office, secret: str) -> Account:
    with office.database.session() as session:
        return identity.by_link(session, secret, office.clock.now())


def accept(office: Office, secret: str, form: Form) -> Account:
    """Set the first password of the account behind a one-time link; the form says what is wrong with it."""
    with office.database.session() as session:
        account = identity.by_link(session, secret, office.clock.now())
        if form.secret("password") != form.secret("again"):
            form.fail("again", "Passwords must match")
            return account
        try:
            identity.set_password(account, form.secret("password"))
        except InputRefused as refused:
            form.fail("password", str(refused))
            return account
        session.add(account)
        attempts.forget(session, _of_account(office, account.email))
        audit.record(
            session, authority=account.authority, at=office.clock.now(), actor=account.label,
            act="set first password", subject=account.label,
        )  # fmt: skip
    return account


routes: list[ControllerRouterHandler] = [sign_in_page, sign_in_send, sign_out, welcome_page, welcome_send]
