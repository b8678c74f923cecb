"""The officers' pages of what came back: a list of work, a page for each reply, and what is written down by hand."""

from litestar import Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from campaigns.notify import client
from campaigns.notify import messages as notify_messages
from campaigns.notify.errors import NotifyError
from campaigns.replies import complaints, effects, help_wording, returned_letters, work_list
from campaigns.replies.work_list import Wanted
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
from engage.foundation.web.shown.filters import Filters
from engage.foundation.words import plural

Number = FromPath[int]


@get("/replies", sync_to_thread=True)
def replies(
    request: Asked, office: InOffice, actor: ByActor, account: ByAccount, page: FromQuery[int] = 1
) -> Template:  # fmt: skip
    filters = Filters.read("/replies", request.query_params, *work_list.FILTERS)
    wanted = Wanted(filters["kind"], filters["meaning"], filters["show"], filters["owner"], page)
    return render(
        "campaigns/replies/replies.html", listing=work_list.listing(office, actor, wanted), filters=filters,
        acts=account.may(Right.import_data), kinds=work_list.KINDS, meanings=work_list.MEANINGS,
    )  # fmt: skip


@post("/replies/done", sync_to_thread=True)
def several_done(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Redirect:
    numbers = [int(each) for each in form.all("reply") if each.isascii() and each.isdigit() and len(each) < 10]
    done = work_list.settle_plain(office, actor, numbers)
    said = f"{plural(done, 'reply', 'replies')} done." if done else "Nothing was selected that can be done together."
    notify(request, said, success=bool(done))
    return redirect("/replies")


@get("/replies/{number:int}", sync_to_thread=True)
def reply(office: InOffice, actor: ByActor, number: Number) -> Template:
    return _reply(office, actor, number, Form())


@post("/replies/{number:int}/owner", sync_to_thread=True)
def reply_owner(
    request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm
) -> Redirect | Template:
    chosen = form.text("owner")
    with form.blaming("owner"):
        work_list.hand_to(office, actor, number, int(chosen) if chosen.isascii() and chosen.isdigit() else None)
    if not form.valid:
        return _reply(office, actor, number, form)
    notify(request, "Handed on." if chosen else "Nobody’s now.")
    return redirect(f"/replies/{number}")


@post("/replies/{number:int}/done", sync_to_thread=True)
def reply_done(request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm) -> Redirect | Template:
    outcome = form.require("outcome", "Select what to do")
    if form.valid:
        with form.blaming("outcome"):
            done = work_list.settle(office, actor, number, outcome)
            notify(request, f"Done: {effects.outcomes(done)[outcome].done}.")
    return redirect("/replies") if form.valid else _reply(office, actor, number, form)


@post("/replies/{number:int}/undo", sync_to_thread=True)
def reply_undo(request: Asked, office: InOffice, actor: ByActor, number: Number) -> Redirect | Template:
    form = Form()
    with form.blaming("outcome"):
        work_list.undo(office, actor, number)
    if not form.valid:
        return _reply(office, actor, number, form)
    notify(request, "Undone. What it had closed is open again, unless somebody else asked for that too.")
    return redirect(f"/replies/{number}")


def _reply(office: Office, actor: Actor, number: int, form: Form) -> Template:
    line = work_list.show(office, actor, number)
    return render(
        "campaigns/replies/reply.html", status_code=422 if form.errors else 200, line=line, form=form,
        outcomes=effects.outcomes(line.reply), staff=work_list.staff(office, actor.authority),
    )  # fmt: skip


@get("/replies/returned-letters", sync_to_thread=True)
def letters() -> Template:
    return _letters(Form())


@post("/replies/returned-letters", sync_to_thread=True)
def letters_send(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Redirect | Template:
    with form.blaming("letters"):
        new, known = returned_letters.record(office, actor, form.text("letters"))
    if not form.valid:
        return _letters(form)
    before = f" {known:,} had been noted before." if known else ""
    notify(request, f"{plural(new, 'returned letter')} noted. No more letters go to these homes.{before}")
    return redirect("/replies?kind=letter")


def _letters(form: Form) -> Template:
    status = 422 if form.errors else 200
    return render("campaigns/replies/returned_letters.html", status_code=status, form=form)


@get("/replies/complaints", sync_to_thread=True)
def complaint() -> Template:
    return _complaint(Form())


@post("/replies/complaints", sync_to_thread=True)
def complaint_send(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Redirect | Template:
    made = complaints.record(office, actor, form)
    if made is None:
        return _complaint(form)
    notify(request, "Noted. Nothing more is sent to them, not even what is already queued.")
    return redirect(f"/replies/{made.id}")


def _complaint(form: Form) -> Template:
    return render("campaigns/replies/complaint.html", status_code=422 if form.errors else 200, form=form)


@get("/replies/help", sync_to_thread=True)
def help_answer(office: InOffice, actor: ByActor) -> Template:
    return _help(office, actor, Form())


@post("/replies/help", guards=[requires(Right.plan)], sync_to_thread=True)
def help_answer_send(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Redirect | Template:
    template = form.require("template", "Select a text template")
    if form.valid:
        with form.blaming("template"):
            help_wording.choose(office, actor, template, _templates(office)[0])
    if not form.valid:
        return _help(office, actor, form)
    notify(request, "Chosen. It is used once a colleague who may approve campaigns has approved it.")
    return redirect("/replies/help")


@post("/replies/help/approve", guards=[requires(Right.approve)], sync_to_thread=True)
def help_answer_approve(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Redirect | Template:
    version = form.text("version")
    with form.blaming("template"):
        help_wording.approve(office, actor, form.text("shown"), int(version) if version.isdecimal() else 0)
    if not form.valid:
        return _help(office, actor, form)
    notify(request, "Approved. From now on it answers whoever texts HELP.")
    return redirect("/replies/help")


def _help(office: Office, actor: Actor, form: Form) -> Template:
    known, why = _templates(office)
    return render(
        "campaigns/replies/help.html", status_code=422 if form.errors else 200, form=form, why=why,
        wording=help_wording.chosen(office, actor.authority), templates=help_wording.usable(known), actor=actor,
    )  # fmt: skip


def _templates(office: Office) -> tuple[list[notify_messages.Template], str]:
    """Those of the service, or why they cannot be read."""
    service = client.service(office.settings)
    if service is None:
        return [], "No key for GOV.UK Notify is set (ENGAGE_NOTIFY_API_KEY), so its templates cannot be read."
    try:
        return service.templates(), ""
    except NotifyError as error:
        return [], f"The templates cannot be read now. {error}"


routes: list[ControllerRouterHandler] = [
    Router(
        "/",
        route_handlers=[several_done, letters, letters_send, complaint, complaint_send, reply, reply_owner, reply_done,
                        reply_undo],
        guards=[requires(Right.import_data)], include_in_schema=False,
    ),
    Router("/", route_handlers=[replies, help_answer], guards=[requires(Right.see_data)], include_in_schema=False),
    Router("/", route_handlers=[help_answer_send, help_answer_approve], include_in_schema=False),
]  # fmt: skip
