"""What waits for approval, and tests of a campaign's messages to colleagues: pages, and the same as JSON."""

from typing import Any

from litestar import Router, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from campaigns.approval import decisions, trial_message
from campaigns.notify.errors import NotifyError
from campaigns.records import lookup
from engage.foundation.errors import InputRefused, SendBlocked
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.handlers import (
    Asked,
    ByActor,
    Form,
    InOffice,
    WithForm,
    notify,
    redirect,
    render,
    requires,
)

Number = FromPath[int]
Body = dict[str, Any]


@get("/approvals", guards=[requires(Right.approve)], sync_to_thread=True)
def approvals(office: InOffice, actor: ByActor) -> Template:
    return render("campaigns/approval/approvals.html", campaigns=decisions.awaiting(office, actor))


@get("/campaigns/{number:int}/test", guards=[requires(Right.plan)], sync_to_thread=True)
def campaign_test(office: InOffice, actor: ByActor, number: Number) -> Template:
    return _tester(office, actor, number, Form())


@post("/campaigns/{number:int}/test", guards=[requires(Right.plan)], sync_to_thread=True)
def campaign_test_send(
    request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm
) -> Template | Redirect:
    channel, _, language = form.require("message", "Select a message").partition("-")
    to = form.require("to", "Select a colleague")
    if channel == "sms":
        form.require("number", "Enter your colleague’s work mobile number")
    if form.valid:
        try:
            trial_message.send(
                office, actor, number, channel=channel, language=language, to=to, number=form.text("number")
            )
        except (InputRefused, SendBlocked, NotifyError) as refused:
            form.fail("number" if channel == "sms" else "to", str(refused))
    if not form.valid:
        return _tester(office, actor, number, form)
    notify(request, "Test sent. It is in the audit log.")
    return redirect(f"/campaigns/{number}")


def _tester(office: Office, actor: Actor, number: int, form: Form) -> Template:
    return render(
        "campaigns/approval/trial_message.html", status_code=422 if form.errors else 200, form=form,
        campaign=lookup.campaign(office, actor, number), messages=trial_message.messages(office, actor, number),
        colleagues=trial_message.colleagues(office, actor),
    )  # fmt: skip


@post("/api/campaigns/{number:int}/test", guards=[requires(Right.plan)], sync_to_thread=True)
def api_test(office: InOffice, actor: ByActor, number: Number, data: JSONBody[Body]) -> dict[str, Any]:
    """A test to a colleague: `{"channel": "email" or "sms", "language", "to": an account, "number": for a text}`."""
    channel, language, to, phone = (str(data.get(name, "")) for name in ("channel", "language", "to", "number"))
    sent = trial_message.send(office, actor, number, channel=channel, language=language or "en", to=to, number=phone)
    return {"notify_id": sent}


routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[approvals, campaign_test, campaign_test_send], include_in_schema=False),
    Router("/", route_handlers=[api_test], tags=["what the council does"]),
]
