"""The officers' pages of data: what is here, how a file comes in, and what was found in it."""

from dataclasses import asdict
from datetime import date
from typing import Any, TypeVar

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import File, Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.clock import today
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Account, Right, demand
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.web.bodies import taking_files
from engage.foundation.web.handlers import (
    Asked,
    Asker,
    ByAccount,
    ByActor,
    Form,
    InOffice,
    WithForm,
    actor_of,
    asker_of,
    notify,
    redirect,
    render,
    requires,
    wants_fragment,
)
from engage.foundation.web.shown.filters import Filter, Filters
from segments.files.report import Rows
from segments.homes import former_contacts, households
from segments.importing import datasets, imports, intake, preparation, steps, uploads
from segments.importing.intake import HOMES, Intake, IntakeState
from segments.importing.uploads import Upload
from segments.linking import review
from segments.sources.catalogue import KINDS

Number = FromPath[int]
Token = FromPath[str]
Kept = TypeVar("Kept", datasets.Dataset, Snapshot, Intake)
AT_ONCE = 1.0  # seconds: most files are small, and whoever sent one need not watch it wait
# The words after "Select a …", as the file's field asks for it.
NOUNS = {
    "register": "register file", "register-update": "register update", "gazetteer": "gazetteer file",
    "geography": "geography file", "population": "population file", "boundaries": "boundaries file",
    "contacts": "contacts file", "suppressions": "suppressions file", "protected": "protected addresses file",
    "indicator": "statistics file", "applications": "list of applications",
}  # fmt: skip


@get("/data", sync_to_thread=True)
def data(request: Asked, office: InOffice, account: ByAccount) -> Template:
    steps.take_up(office)
    every = _seen(account, datasets.log(office, account.authority))
    filters = Filters.read(
        "/data", request.query_params,
        Filter("kind", "Data", {each.kind: datasets.title(each.kind) for each in every}),
        Filter("state", "State", {"imported": "Imported", "undone": "Undone"}),
    )  # fmt: skip
    return render(
        "segments/importing/data.html",
        datasets=_seen(account, datasets.by_kind(office, account.authority)),
        history=[each for each in every if _listed(each, filters)],
        filters=filters,
        intakes=_seen(account, intake.to_show(office, account.authority)),
        title_of=datasets.title,
        rows_of=Rows.of,
        **(_of_electors(office, account.authority) if account.may(Right.see_data) else {}),
    )


def _listed(snapshot: Snapshot, filters: Filters) -> bool:
    state = "undone" if snapshot.undone_at else "imported"
    return filters["kind"] in ("", snapshot.kind) and filters["state"] in ("", state)


def _seen(asker: Asker, found: list[Kept]) -> list[Kept]:
    """Of the kinds that this account or system may see."""
    return [each for each in found if _may_see(asker, each)]


def _may_see(asker: Asker, each: datasets.Dataset | Snapshot | Intake) -> bool:
    return intake.visible(each, asker) if isinstance(each, Intake) else asker.may(intake.right_to_see(each.kind))


def _of_electors(office: Office, authority: str) -> dict[str, Any]:
    return {
        "homes": _summary(office, authority), "behind": review.homes_are_behind(office, authority),
        "former": former_contacts.left(office, authority), "waiting": review.waiting(office, authority),
    }  # fmt: skip


@get("/data/formats", sync_to_thread=False)
def data_formats() -> Template:
    return render("segments/importing/formats.html", kinds=preparation.kinds())


@get("/data/formats/{name:str}", sync_to_thread=False)
def data_template(name: FromPath[str]) -> Response[str]:
    kind = name.removesuffix(".csv")
    return _download(preparation.template(kind), f"{kind}-template.csv")


@get("/data/new", sync_to_thread=False)
def data_new(account: ByAccount, kind: FromQuery[str] = "") -> Template:
    return _upload(account, Form({"kind": kind}))


@post("/data", sync_to_thread=True, opt=taking_files(Right.import_gazetteer, uploads.room_left))
def data_send(office: InOffice, account: ByAccount, actor: ByActor, form: WithForm) -> Template | Redirect:
    """The file goes to the waiting room, whatever is wrong with the form, so that nobody uploads it twice."""
    steps.clear_up(office)
    kind, as_at = _kind_and_day(office, account, form)
    upload = _uploaded(office, actor, form, kind)
    if upload is None or as_at is None or not form.valid:
        return _upload(account, form, upload)
    return _watch(office, intake.receive(office, actor, upload.token, kind, as_at))


@get("/data/intake/{token:str}", sync_to_thread=True)
def data_intake(
    request: Asked,
    office: InOffice,
    account: ByAccount,
    token: Token,
    seen: FromQuery[str] = "",
    still: FromQuery[bool] = False,
) -> Template | Redirect | Response[str]:
    """How far it is; then what came of it."""
    found = _intake(office, account, token)
    if found.at_work:
        steps.take_up(office)
    if wants_fragment(request):
        return _changed(found, seen)
    if found.at_work:
        return render("segments/importing/intake_progress.html", intake=found, still=still, title_of=datasets.title)
    if found.state == IntakeState.imported:
        return _imported(request, office, found)
    return _outcome(office, account, found, Form(_as_typed(found)))


@post("/data/intake/{token:str}", sync_to_thread=True)
def data_decide(
    request: Asked, office: InOffice, account: ByAccount, actor: ByActor, token: Token, form: WithForm
) -> Template | Redirect:
    found = _intake(office, account, token)
    if form.text("act") == "import":
        if _lacks_answers(found, form):
            return _outcome(office, account, found, Form(_as_typed(found)), asked=form)
        return _watch(office, intake.accept(office, actor, token))
    intake.decline(office, actor, token)
    steps.take_up(office)
    notify(request, "Nothing was imported." if found.kind != HOMES else "Removed from the list.", success=False)
    return redirect("/data")


@post("/data/intake/{token:str}/again", sync_to_thread=True)
def data_again(
    office: InOffice, account: ByAccount, actor: ByActor, token: Token, form: WithForm
) -> Template | Redirect:  # fmt: skip
    """The same file, checked as something else or of another day."""
    found = _intake(office, account, token)
    kind, as_at = _kind_and_day(office, account, form)
    if as_at is None or not form.valid:
        return _outcome(office, account, found, form)
    return _watch(office, intake.correct(office, actor, token, kind, as_at))


@get("/data/intake/{token:str}/rejects.csv", sync_to_thread=True)
def data_intake_rejects(office: InOffice, account: ByAccount, actor: ByActor, token: Token) -> File:
    """The rejected rows of a file that waits, whole, so that they can be put right at their source."""
    found = _intake(office, account, token)
    upload = intake.upload(office, found)
    imports.rejected_rows(office, actor, found.kind, upload.path, found.as_at, upload.rejects)
    return File(upload.rejects, filename="rejected-rows.csv", media_type="text/csv")


@get("/data/{number:int}", sync_to_thread=True)
def data_report(office: InOffice, account: ByAccount, number: Number) -> Template:
    snapshot = _import(office, account, number)
    behind = account.may(Right.import_data) and review.homes_are_behind(office, account.authority)
    return render(
        "segments/importing/import.html",
        snapshot=snapshot,
        behind=behind,
        title_of=datasets.title,
        rows_of=Rows.of,
    )


@get("/data/{number:int}/rejects.csv", sync_to_thread=True)
def data_rejects(office: InOffice, account: ByAccount, actor: ByActor, number: Number) -> File:
    _import(office, account, number)
    return File(datasets.rejects(office, actor, number), filename=f"rejected-{number}.csv", media_type="text/csv")


@get("/data/{number:int}/undo", sync_to_thread=True)
def data_undo(office: InOffice, account: ByAccount, number: Number) -> Template:
    snapshot = _import(office, account, number)
    return render("segments/importing/undo.html", snapshot=snapshot, next=imports.current_without(office, snapshot))


@post("/data/{number:int}/undo", sync_to_thread=True)
def data_undo_send(request: Asked, office: InOffice, account: ByAccount, actor: ByActor, number: Number) -> Redirect:
    _import(office, account, number)
    notify(request, imports.undo(office, actor, number).sentence)
    if review.homes_are_behind(office, actor.authority):
        intake.request_homes(office, actor)
        steps.begin(office, actor.authority)
    return redirect("/data")


@post("/data/homes", sync_to_thread=True)
def data_homes(office: InOffice, actor: ByActor) -> Redirect:
    return _watch(office, intake.request_homes(office, actor))


@get("/api/data", sync_to_thread=True)
def api_data(request: Asked, office: InOffice) -> list[dict[str, Any]]:
    """Every import, newest first, with what it found."""
    asker = asker_of(request)
    return [_as_json(snapshot) for snapshot in _seen(asker, datasets.log(office, asker.authority))]


@get("/api/intakes", sync_to_thread=True)
def api_intakes(request: Asked, office: InOffice) -> list[dict[str, Any]]:
    """Files on their way in, and those decided in the last seven days; each newest first."""
    asker = asker_of(request)
    return [intake.as_json(found) for found in _seen(asker, intake.recent(office, asker.authority))]


def _intake(office: Office, account: Account, token: str) -> Intake:
    """Of a kind that this account may not see there is none here."""
    found = intake.find(office, account.authority, token)
    if not intake.visible(found, account):
        raise NotFound(intake.NO_SUCH)
    return found


def _import(office: Office, account: Account, number: int) -> Snapshot:
    found = datasets.find(office, account.authority, number)
    if not account.may(intake.right_to_see(found.kind)):
        raise NotFound(datasets.no_such(number))
    return found


def _kind_and_day(office: Office, account: Account, form: Form) -> tuple[str, date | None]:
    kind = form.require("kind", "Select what the file is")
    if kind and kind not in KINDS:
        form.fail("kind", "Select what the file is")
    demand(account, intake.right_to_import(kind) if form.valid else Right.import_gazetteer)
    as_at = form.require_day("as_at", "The day the file speaks of")
    if as_at and as_at > today(office.clock):
        form.fail("as_at", "The day the file speaks of must be today or in the past")
    return kind, as_at


def _uploaded(office: Office, actor: Actor, form: Form, kind: str) -> Upload | None:
    """The file of this form, or the one an earlier try of it left."""
    file = form.file("file")
    if file is None:
        kept = Upload(office, actor.authority, form.text("token") or "none")
        if kept.holds_file and not intake.knows(office, kept.token):
            return kept
        form.fail("file", f"Select a {NOUNS.get(kind, 'file')}")
        return None
    upload = Upload(office, actor.authority, uploads.new_token())
    if upload.receive(file.file, uploads.plain_name(file.filename)).stat().st_size:
        return upload
    upload.clear()
    form.fail("file", "The selected file is empty")
    return None


def _upload(account: Account, form: Form, upload: Upload | None = None) -> Template:
    status = 422 if form.errors else 200
    return render("segments/importing/upload.html", status_code=status, form=form, kinds=_kinds(account), upload=upload)


def _watch(office: Office, found: Intake) -> Redirect:
    steps.begin(office, found.authority)
    office.background.wait(AT_ONCE)
    return redirect(f"/data/intake/{found.token}")


def _changed(found: Intake, seen: str) -> Template | Response[str]:
    """What htmx asks for: nothing while nothing has changed, a new page once there is an outcome."""
    if not found.at_work:
        return Response("", headers={"HX-Refresh": "true"})
    if seen == found.shown:
        return Response("", status_code=204)
    return render("segments/importing/_intake_progress.html", intake=found)


def _lacks_answers(found: Intake, form: Form) -> bool:
    for question in found.found.questions if found.found else ():
        if not form.text(question.kind):
            form.fail(question.kind, question.confirm)
    return not form.valid


def _imported(request: Asked, office: Office, found: Intake) -> Redirect:
    if found.kind == HOMES:
        built = _summary(office, found.authority)
        notify(request, f"The table of homes was built: {built.households if built else 0:,} homes.")
        return redirect("/data")
    report = found.found
    if report and report.unchanged:
        notify(request, "This file is here already, as the newest of its day. Nothing was changed.", success=False)
    elif report:
        notify(request, f"Imported. {Rows.of(report).sentence}.")
    return redirect(f"/data/{found.snapshot_id}")


def _outcome(office: Office, account: Account, found: Intake, form: Form, asked: Form | None = None) -> Template:
    """A file that waits for a decision, or one that did not come in. `form` is about its kind and day, `asked` about
    the decision; the error summary tells of whichever has errors."""
    name = (
        "segments/importing/intake_decide.html"
        if found.state == IntakeState.waiting
        else "segments/importing/intake_refused.html"
    )
    shown = asked or form
    return render(
        name, status_code=422 if shown.errors else 200, intake=found, report=found.found, form=shown, typed=form,
        kinds=_kinds(account), here=intake.upload(office, found).holds_file, title_of=datasets.title,
        rows_of=Rows.of, rows=intake.first_rows(office, actor_of(account), found),
    )  # fmt: skip


def _as_typed(found: Intake) -> dict[str, str]:
    day = {f"as_at-{part}": str(getattr(found.as_at, part)) for part in ("day", "month", "year")}
    return {"kind": found.kind} | day


def _kinds(account: Account) -> list[tuple[str, str, str]]:
    """Those that this account may import."""
    importable = (kind for kind in datasets.WORDS if kind in KINDS and account.may(intake.right_to_import(kind)))
    return [(kind, *datasets.WORDS[kind]) for kind in importable]


def _summary(office: Office, authority: str) -> households.Summary | None:
    try:
        return households.summary(office, authority)
    except InputRefused:
        return None


def _download(content: str, name: str) -> Response[str]:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def _as_json(snapshot: Any) -> dict[str, Any]:
    kept = {"rows_read", "accepted", "rejected", "warnings", "figures", "format", "outcome"}
    found = {key: value for key, value in snapshot.report.items() if key in kept}
    if "rows_read" in found:
        found["rows"] = asdict(Rows.of(snapshot.report))
    return {
        "id": snapshot.id, "kind": snapshot.kind, "name": snapshot.name, "as_at": snapshot.as_at.isoformat(),
        "imported_at": snapshot.made_at.isoformat(), "undone": snapshot.undone_at is not None, **found,
    }  # fmt: skip


_TO_SEE = [data, data_formats, data_template, data_report]
_TO_IMPORT = [
    data_new, data_send, data_intake, data_decide, data_again, data_intake_rejects, data_rejects, data_undo,
    data_undo_send,
]  # fmt: skip
_SEES, _IMPORTS = [requires(Right.see_gazetteer)], [requires(Right.import_gazetteer)]
routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=_TO_SEE, guards=_SEES, include_in_schema=False),
    Router("/", route_handlers=_TO_IMPORT, guards=_IMPORTS, include_in_schema=False),
    Router("/", route_handlers=[data_homes], guards=[requires(Right.import_data)], include_in_schema=False),
    Router("/", route_handlers=[api_data, api_intakes], guards=_SEES, tags=["what the council knows"]),
]
