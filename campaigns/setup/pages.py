"""Setting up a campaign: a list of tasks, each with a page of its own, and the draft that they make."""

from litestar import Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from campaigns.records.models import Outline
from campaigns.setup import outlines, plan_form
from campaigns.setup.outlines import Task
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.handlers import Asked, ByActor, Form, InOffice, WithForm, notify, redirect, render, requires

Number = FromPath[int]


@get("/campaigns/new", sync_to_thread=True)
def new(office: InOffice, actor: ByActor, segment: FromQuery[str] = "") -> Template:
    return _tasks(office, actor, None, segment=segment)


@get("/campaigns/new/{key:str}", sync_to_thread=True)
def first_task(office: InOffice, actor: ByActor, key: FromPath[str], segment: FromQuery[str] = "") -> Template:
    return _page(office, actor, outlines.task(key), plan_form.blank(office, segment))


@post("/campaigns/new/{key:str}", sync_to_thread=True)
def first_task_send(office: InOffice, actor: ByActor, key: FromPath[str], form: WithForm) -> Template | Redirect:
    return _saved(office, actor, outlines.task(key), form)


@get("/campaigns/plans/{number:int}", sync_to_thread=True)
def tasks(office: InOffice, actor: ByActor, number: Number) -> Template:
    return _tasks(office, actor, outlines.find(office, actor, number))


@get("/campaigns/plans/{number:int}/{key:str}", sync_to_thread=True)
def next_task(office: InOffice, actor: ByActor, number: Number, key: FromPath[str]) -> Template:
    outline, task = outlines.find(office, actor, number), outlines.task(key)
    form = plan_form.blank(office)
    if task.saved(outline.answers):
        form = Form(dict(outline.answers))
        form.errors = outlines.faults(
            office, actor, task, form, outline.answers
        )  # what another task has made wrong since
    return _page(office, actor, task, form, outline)


@post("/campaigns/plans/{number:int}/{key:str}", sync_to_thread=True)
def next_task_send(
    office: InOffice, actor: ByActor, number: Number, key: FromPath[str], form: WithForm
) -> Template | Redirect:
    return _saved(office, actor, outlines.task(key), form, outlines.find(office, actor, number))


@post("/campaigns/{number:int}/copy", sync_to_thread=True)
def copy(request: Asked, office: InOffice, actor: ByActor, number: Number) -> Redirect:
    made = outlines.copy(office, actor, number)
    notify(request, "Copied, without its days. Choose dates, look through the rest, and save the draft.")
    return redirect(f"/campaigns/plans/{made.id}")


@post("/campaigns/plans/{number:int}/finish", sync_to_thread=True)
def finish(
    request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm
) -> Template | Redirect:  # fmt: skip
    with form.blaming("tasks"):
        made = outlines.finish(office, actor, number, form.text("seen"))
    if not form.valid:
        return _tasks(office, actor, outlines.find(office, actor, number), form)
    notify(request, "Draft saved. Nothing is sent before it is submitted, approved and launched.")
    return redirect(f"/campaigns/{made.id}")


@post("/campaigns/plans/{number:int}/discard", sync_to_thread=True)
def discard(
    request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm
) -> Template | Redirect:  # fmt: skip
    with form.blaming("tasks"):
        outlines.discard(office, actor, number, form.text("seen"))
    if not form.valid:
        return _tasks(office, actor, outlines.find(office, actor, number), form)
    notify(request, "Discarded. Nothing of it is kept.")
    return redirect("/campaigns")


def _tasks(
    office: Office, actor: Actor, outline: Outline | None, form: Form | None = None, segment: str = ""
) -> Template:
    form = form or Form()
    answers = outline.answers if outline else {}
    return render(
        "campaigns/setup/tasks.html", status_code=422 if form.errors else 200, form=form, outline=outline,
        tasks=outlines.TASKS, progress=outlines.progress(office, actor, answers), segment=segment,
        timeline=plan_form.calendar(office, actor.authority, Form(dict(answers))),
    )  # fmt: skip


def _saved(
    office: Office, actor: Actor, task: Task, form: Form, outline: Outline | None = None
) -> Template | Redirect:  # fmt: skip
    form.errors = outlines.faults(office, actor, task, form, outline.answers if outline else {})
    if not form.valid:
        return _page(office, actor, task, form, outline, status_code=422)
    number = outline.id if outline else None
    try:
        kept = outlines.save(office, actor, number, task, form, form.text("seen"))
    except InputRefused as refused:
        form.fail("tasks", str(refused))
        return _tasks(office, actor, outlines.find(office, actor, number or 0), form)
    return redirect(f"/campaigns/plans/{kept.id}")


def _page(
    office: Office, actor: Actor, task: Task, form: Form, outline: Outline | None = None, status_code: int = 200
) -> Template:  # fmt: skip
    return render(
        "campaigns/setup/task.html", status_code=status_code, form=form, task=task, outline=outline,
        timeline=plan_form.calendar(office, actor.authority, form) if task.key == "dates" else None,
        **plan_form.offered(office, actor.authority),
    )  # fmt: skip


_PAGES = [copy, new, first_task, first_task_send, tasks, next_task, finish, discard, next_task_send]
routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=_PAGES, guards=[requires(Right.plan)], include_in_schema=False)
]
