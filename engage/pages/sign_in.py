"""Coming in and going out: local accounts and the one-time link that sets the first password."""

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation import audit, identity
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Account
from engage.foundation.office import Office
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

ATTEMPTS = RateLimitConfig(rate_limit=("minute", 10), store="rate_limit", set_rate_limit_headers=False)
Anyone = Request[Any, Any, Any]
Next = Annotated[str, QueryParameter(name="next", max_length=300)]
WRONG = "Enter the email address and password of your account"


@get("/sign-in", include_in_schema=False)
async def sign_in_page(request: Anyone, wanted: Next = "/") -> Template | Redirect:
    if await signed_in(request):
        return redirect("/")
    return render("engage/pages/sign_in.html", form=Form(), next=local_path(wanted))


@post("/sign-in", include_in_schema=False, sync_to_thread=True, middleware=[ATTEMPTS.middleware])
def sign_in_send(request: Anyone, office: InOffice, form: WithForm) -> Template | Redirect:
    wanted = local_path(form.text("next"))
    account = enter(office, form)
    if account is None:
        return render("engage/pages/sign_in.html", status_code=422, form=form, next=wanted)
    sign_in(request, account)
    return redirect(wanted)


@post("/sign-out", include_in_schema=False)
async def sign_out(request: Anyone) -> Redirect:
    request.clear_session()
    return redirect("/sign-in")


@get("/welcome/{secret:str}", include_in_schema=False, sync_to_thread=True)
def welcome_page(office: InOffice, secret: FromPath[str]) -> Template:
    return render("engage/pages/welcome.html", form=Form(), invited=invited(office, secret))


@post("/welcome/{secret:str}", include_in_schema=False, sync_to_thread=True, middleware=[ATTEMPTS.middleware])
def welcome_send(request: Anyone, office: InOffice, secret: FromPath[str], form: WithForm) -> Template | Redirect:
    account = accept(office, secret, form)
    if not form.valid:
        return render("engage/pages/welcome.html", status_code=422, form=form, invited=account)
    sign_in(request, account)
    notify(request, "Your password is set. You are signed in.")
    return redirect("/")


def enter(office: Office, form: Form) -> Account | None:
    """The account these words belong to; else None, with the form saying why."""
    email = form.require("email", "Enter your email address")
    password = form.secret("password") or form.fail("password", "Enter your password")
    if not form.valid:
        return None
    with office.database.session() as session:
        account = identity.sign_in(session, email, password)
        if account is None:
            form.fail("email", WRONG)
            return None
        audit.record(
            session, authority=account.authority, at=office.clock.now(), actor=account.label,
            act="signed in", subject=account.label,
        )  # fmt: skip
    return account


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
        audit.record(
            session, authority=account.authority, at=office.clock.now(), actor=account.label,
            act="set first password", subject=account.label,
        )  # fmt: skip
    return account


routes: list[ControllerRouterHandler] = [sign_in_page, sign_in_send, sign_out, welcome_page, welcome_send]
