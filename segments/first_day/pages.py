"""The first day: one page with every file a council needs, that takes many at once and shows how far they are."""

from datetime import date

from litestar import Router, get, post
from litestar.params import FromQuery
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.clock import today
from engage.foundation.identity import Account, Right
from engage.foundation.office import Office
from engage.foundation.web.bodies import taking_files
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
from engage.foundation.words import plural
from segments.first_day import bringing, checklist
from segments.first_day.bringing import Brought, Named
from segments.importing import datasets, intake, steps, uploads

AT_ONCE = 1.0  # seconds: small files are in by then
WHICH_DAY = "Enter the day that these files speak of, as their names do not say it: "
SHOWN = 5  # names in a sentence


@get("/first-day", sync_to_thread=True)
def first_day(office: InOffice, account: ByAccount, still: FromQuery[bool] = False) -> Template:
    steps.take_up(office)
    return _page(office, account, Form(), still=still)


@post("/first-day", sync_to_thread=True, opt=taking_files(Right.import_gazetteer, uploads.room_left))
def bring(request: Asked, office: InOffice, account: ByAccount, actor: ByActor, form: WithForm) -> Template | Redirect:
    steps.clear_up(office)
    brought: list[Brought] = []
    with form.blaming("files"):
        brought = _brought(office, account, form)
    day = form.optional_day("as_at", "The day the files speak of")
    _judge(office, form, brought, day)
    if not form.valid:
        return _page(office, account, form, brought)
    begun = bringing.begin(office, actor, brought, day)
    steps.begin(office, account.authority)
    office.background.wait(AT_ONCE)
    notify(
        request, f"{plural(len(begun), 'file')} arrived. Each is told apart by what is in it, and comes in by itself."
    )
    return redirect("/first-day#on-their-way")


def _brought(office: Office, account: Account, form: Form) -> list[Brought]:
    earlier = bringing.kept(office, account.authority, form.all("token"))
    files = [Named(each.filename, each.file) for field in ("files", "folder") for each in form.files(field)]
    return [*earlier, *bringing.lay_down(office, account.authority, files)]


def _judge(office: Office, form: Form, brought: list[Brought], day: date | None) -> None:
    if not brought:
        form.fail("files", "Select the files that the council has")
    if day and day > today(office.clock):
        form.fail("as_at", "The day the files speak of must be today or in the past")
    undated = bringing.without_day(office, brought)
    if undated and day is None:
        more = f" and {len(undated) - SHOWN} more" if len(undated) > SHOWN else ""
        form.fail("as_at", f"{WHICH_DAY}{', '.join(undated[:SHOWN])}{more}")


def _page(
    office: Office, account: Account, form: Form, brought: list[Brought] | None = None, *, still: bool = False
) -> Template:
    own = [each for each in intake.recent(office, account.authority) if intake.visible(each, account)]
    return render(
        "segments/first_day/first_day.html", status_code=422 if form.errors else 200, form=form, brought=brought or [],
        list=checklist.checklist(office, account), intakes=own, still=still, title_of=datasets.title,
        at_work=any(each.at_work for each in own), imports_data=account.may(Right.import_data),
    )  # fmt: skip


routes: list[ControllerRouterHandler] = [
    Router(
        "/", route_handlers=[first_day, bring], guards=[requires(Right.import_gazetteer)], include_in_schema=False,
    )
]  # fmt: skip
