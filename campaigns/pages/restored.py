"""The page of a restored copy: what it is, what cannot be known here, and an officer's yes where only that can do."""

from litestar import Router, get, post
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from campaigns.closing import restored
from campaigns.records import copies
from campaigns.sending import outages
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.handlers import (
    Asked,
    ByAccount,
    ByActor,
    Form,
    InOffice,
    WithForm,
    notify,
    redirect,
    render,
    requires,
)


@get("/restored", guards=[requires(Right.see_data)], sync_to_thread=True)
def restored_copy(office: InOffice, actor: ByActor, account: ByAccount) -> Template:
    return _page(office, actor, Form(), may=account.may(Right.send))


@post("/restored", guards=[requires(Right.send)], sync_to_thread=True)
def restored_agree(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    words = form.require("words", "Say how you know that it may be sent")
    if not form.all("sure"):
        form.fail("sure", "Confirm that you have looked at GOV.UK Notify")
    if form.valid:
        try:
            restored.agree(office, actor, words)
        except InputRefused as refused:
            form.fail("words", str(refused))
    if not form.valid:
        return _page(office, actor, form, may=True)
    notify(request, "The worker goes on. What you said is kept with the copy.")
    return redirect("/restored")


def _page(office: Office, actor: Actor, form: Form, *, may: bool) -> Template:
    now = office.clock.now()
    with office.database.reading() as session:
        found, strangers = copies.newest(session, actor.authority), copies.unexplained(session)
    return render(
        "campaigns/pages/restored.html", status_code=422 if form.errors else 200, form=form, found=found,
        words=outages.told(found, now) if found else "", strangers=strangers,
        asks=may and found is not None and found.held_at is None and not found.may_be_held(now),
    )  # fmt: skip


routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[restored_copy, restored_agree], include_in_schema=False)
]
