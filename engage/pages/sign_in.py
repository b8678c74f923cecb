"""Coming in and going out: local accounts and the one-time link that sets a password."""

from dataclasses import dataclass
from typing import Annotated, Any

from anyio import to_thread
from litestar import Request, Router, get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler
from sqlmodel import Session

from engage.accounts import second_factor
from engage.foundation import audit, identity
from engage.foundation.clock import by_machine
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Account, Right
from engage.foundation.languages.catalogue import marked
from engage.foundation.languages.spoken import onward
from engage.foundation.office import Office
from engage.foundation.web.askers import attempts, known_browsers, sign_ins, visitors
from engage.foundation.web.handlers import (
    ANYBODY,
    Door,
    Form,
    InOffice,
    WithForm,
    local_path,
    redirect,
    render,
    sign_out,
    signed_in,
)
from engage.pages import second_step

Anyone = Request[Any, Any, Any]
Next = Annotated[str, QueryParameter(name="next", max_length=300)]
WRONG = marked("Enter the email address and password of your account")
ADMINISTRATORS_ALONE = marked(
    "Your council lets administrators alone sign in with a password. Use your council’s account"
)
SHOWN = 12  # letters of a keyed hash, to tell one from another
LOCKED = marked(
    "Too many tries to sign in. Wait a quarter of an hour, use the browser in which you signed in before, or ask an "
    "administrator for a link: it lets you in at once"
)
LOCKED_BUT_FOR_CODE = marked(
    "Too many tries to sign in. Wait a quarter of an hour, use the browser in which you signed in before, or ask an "
    "administrator for a link: it lets you in at once. A code of your app beside your password does too"
)
WRONG_PAST_LOCK = marked("Enter the email address and password of your account and the code that your app shows now")


@get("/sign-in", include_in_schema=False)
async def sign_in_page(request: Anyone, wanted: Next = "/") -> Template | Redirect:
    if await signed_in(request):
        return redirect("/")
    return render("engage/pages/sign_in.html", form=Form(), next=local_path(wanted))


@post("/sign-in", include_in_schema=False, sync_to_thread=True)
def sign_in_send(request: Anyone, office: InOffice, form: WithForm) -> Template | Redirect:
    wanted = local_path(form.text("next"))
    entered = enter(request, office, form)
    if entered.account is None:
        status, beside = (429 if entered.locked else 422), entered.code_beside
        return render("engage/pages/sign_in.html", status_code=status, form=form, next=wanted, code_beside=beside)
    go_on = second_step.complete if entered.whole else second_step.arrive
    return go_on(request, office, entered.account, wanted)


@post("/sign-out", include_in_schema=False)
async def leave(request: Anyone) -> Redirect:
    by_provider = await to_thread.run_sync(sign_out, request)
    return redirect(onward("/signed-out" if by_provider else "/sign-in"))


@get("/welcome/{secret:str}", include_in_schema=False, sync_to_thread=True)
def welcome_page(office: InOffice, secret: FromPath[str]) -> Template:
    return render("engage/pages/welcome.html", form=Form(), invited=invited(office, secret))


@post("/welcome/{secret:str}", include_in_schema=False, sync_to_thread=True)
def welcome_send(request: Anyone, office: InOffice, secret: FromPath[str], form: WithForm) -> Template | Redirect:
    account = accept(office, secret, form)
    if not form.valid:
        return render("engage/pages/welcome.html", status_code=422, form=form, invited=account)
    return second_step.arrive(request, office, account, "/", marked("Your password is set."))


@dataclass(frozen=True)
class Entered:
    """Whose words these are, if anybody's."""

    account: Account | None = None
    whole: bool = False  # a code of the second factor was right too
    locked: bool = False
    code_beside: bool = False  # a code beside the password would pass the lock


def enter(request: Anyone, office: Office, form: Form) -> Entered:
    """Of nobody, where the form says why."""
    email = form.require("email", marked("Enter your email address"))
    password = form.secret("password") or form.fail("password", marked("Enter your password"))
    if not form.valid:
        return Entered()
    limits = _limits(request, office, email)
    with office.database.session() as session:
        free = attempts.taken(session, limits, office.clock.now())
    if not free:
        return _past_lock(request, office, form, email)
    with office.database.session() as session:
        account = identity.sign_in(session, email, password)
        if account is None:
            form.fail("email", WRONG)
            _failed(request, office, session, email)
            return Entered()
        attempts.succeeded(session, *limits)
    return Entered(account if _may_use_password(office, account, form) else None)


def _past_lock(request: Anyone, office: Office, form: Form, email: str) -> Entered:
    """Guesses of others keep nobody out who has a code beside the password. Codes are counted by account and address
    together, so that nobody elsewhere can use up these tries either."""
    code = form.text("code")
    here = visitors.address(request, office.settings.trusted_proxies)
    key = office.keys.hash("tries past a lock", email.strip().casefold(), here)
    with office.database.session() as session:
        free = bool(code) and attempts.taken(session, {key: attempts.PAST_LOCK}, office.clock.now())
    if not free:
        asks = office.settings.asks_second_factor
        form.fail("email", LOCKED_BUT_FOR_CODE if asks else LOCKED)
        return Entered(locked=True, code_beside=asks)
    with office.database.session() as session:
        account = identity.sign_in(session, email, form.secret("password"))
        if account is None or not second_factor.accepts(session, office.keys, account, code, by_machine(office.clock)):
            form.fail("email", WRONG_PAST_LOCK)
            _failed(request, office, session, email)
            return Entered(code_beside=True)
        attempts.forget(session, key)
    return Entered(account if _may_use_password(office, account, form) else None, whole=True)


def _may_use_password(office: Office, account: Account, form: Form, field: str = "email") -> bool:
    settings = office.settings
    may = not settings.oidc_issuer or settings.local_accounts == "everybody" or account.may(Right.administer)
    if not may:
        form.fail(field, ADMINISTRATORS_ALONE)
    return may


def _failed(request: Anyone, office: Office, session: Session, email: str) -> None:
    """At which account and from where, by keyed hashes where they are nobody's here. Every council's would cost more
    time for an account that is not known than for one that is."""
    account = identity.by_email(session, email)
    here = visitors.address(request, office.settings.trusted_proxies)
    nobodys = audit.of_nobody(session)  # asked for in any case, as the time it takes would tell
    audit.record(
        session, authority=account.authority if account else nobodys, at=office.clock.now(),
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
        if not _may_use_password(office, account, form, "password"):
            return account
        if form.secret("password") != form.secret("again"):
            form.fail("again", marked("Passwords must match"))
            return account
        try:
            identity.set_password(account, form.secret("password"))
        except InputRefused as refused:
            form.fail("password", str(refused))
            return account
        session.add(account)
        sign_ins.end(session, account.id or 0)
        attempts.forget(session, _of_account(office, account.email))
        audit.record(
            session, authority=account.authority, at=office.clock.now(), actor=account.label,
            act="set first password", subject=account.label,
        )  # fmt: skip
    return account


routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[sign_in_page, sign_in_send, leave], guards=[ANYBODY]),
    Router("/", route_handlers=[welcome_page, welcome_send], guards=[Door("whoever has the link")]),
]
