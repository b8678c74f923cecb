"""Your account: where you are signed in, and the second factor."""

from litestar import Router, get, post
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from campaigns.notices import outbox
from campaigns.records.notice import WORDS, offered
from engage.accounts import second_factor
from engage.foundation import audit
from engage.foundation.identity import Account
from engage.foundation.office import Office
from engage.foundation.web.askers import sign_ins
from engage.foundation.web.askers.sign_ins import SignIn
from engage.foundation.web.handlers import (
    Asked,
    ByAccount,
    BySignIn,
    Form,
    InOffice,
    SignedIn,
    WithForm,
    notify,
    redirect,
    render,
)
from engage.pages import second_step


@get("/account", sync_to_thread=True)
def account_page(office: InOffice, account: ByAccount, current: BySignIn) -> Template:
    return _page(office, account, current, Form())


@post("/account/sign-ins", sync_to_thread=True)
def end_sign_ins(request: Asked, office: InOffice, account: ByAccount, current: BySignIn, form: WithForm) -> Redirect:
    """One, or with no number all but this one."""
    with office.database.session() as session:
        ended = sign_ins.end(session, current.account_id, only=form.text("key"), but=current.key)
        if ended:
            audit.record(
                session, authority=account.authority, at=office.clock.now(), actor=account.label,
                act="end own sign-ins", subject=account.label, ended=ended,
            )  # fmt: skip
    notify(request, "Signed out there." if ended else "You were not signed in there any more.")
    return redirect("/account")


@post("/account/emails", sync_to_thread=True)
def choose_emails(request: Asked, office: InOffice, account: ByAccount, form: WithForm) -> Redirect:
    with office.database.session() as session:
        outbox.choose(session, account, form.all("emails"))
        audit.record(
            session, authority=account.authority, at=office.clock.now(), actor=account.label,
            act="choose own emails", subject=account.label,
        )  # fmt: skip
    notify(request, "Saved. It counts from the next email on.")
    return redirect("/account")


@post("/account/code", sync_to_thread=True)
def set_up_again(
    request: Asked, office: InOffice, account: ByAccount, current: BySignIn, form: WithForm
) -> Template | Redirect:
    """With a code of the old app, or a recovery code where that is lost: another app, and new recovery codes."""
    if not second_step.given(office, account, form):
        return _page(office, account, current, form)
    with office.database.session() as session:
        second_factor.forget(session, account)
        audit.record(
            session, authority=account.authority, at=office.clock.now(), actor=account.label,
            act="set second factor up anew", subject=account.label,
        )  # fmt: skip
    return second_step.arrive(request, office, account, "/account")


def _page(office: Office, account: Account, current: SignIn, form: Form) -> Template:
    with office.database.reading() as session:
        found = sign_ins.of(session, current.account_id, office.clock.now())
        secured = second_factor.confirmed(session, account)
        left = second_factor.left(session, account)
        emails = {about.value: WORDS[about] for about in offered(account)}
        chosen = [about.value for about in outbox.chosen(session, account)]
    return render(
        "engage/pages/account.html", status_code=422 if form.errors else 200, form=form, owner=account, found=found,
        current=current, left=left, secured=secured and office.settings.asks_second_factor,
        emails=emails, chosen=chosen, mails=bool(office.settings.notice_template),
    )  # fmt: skip


routes: list[ControllerRouterHandler] = [
    Router(
        "/",
        route_handlers=[account_page, end_sign_ins, choose_emails, set_up_again],
        guards=[SignedIn()],
        include_in_schema=False,
    )
]
