"""The officers' pages of what the council knows: data, segments, suppressions."""

from dataclasses import asdict
from datetime import date
from typing import Any

from litestar import Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import File, Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web import (
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
    wants_fragment,
)
from segments import households, imports, local_indicators, objections, rule_form, rules, segments, uploads, wards
from segments.imports import ImportReport
from segments.sources import KINDS
from segments.uploads import Waiting

Number = FromPath[int]


# Data


@get("/data", sync_to_thread=True)
def data(office: InOffice, account: ByAccount) -> Template:
    return render(
        "officers/data.html",
        shelves=uploads.shelves(office, account.authority),
        history=uploads.log(office, account.authority),
        homes=_summary(office, account.authority),
        behind=uploads.homes_are_behind(office, account.authority),
    )


@get("/data/new", guards=[requires(Right.import_data)], sync_to_thread=False)
def data_new(kind: FromQuery[str] = "") -> Template:
    return render("officers/upload.html", form=Form({"kind": kind}), kinds=_kinds())


@post("/data", guards=[requires(Right.import_data)], sync_to_thread=True)
def data_send(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    """The file is read whole first. A good one comes in at once; one with problems waits for a decision."""
    waiting = _received(office, form)
    if waiting is None:
        return render("officers/upload.html", status_code=422, form=form, kinds=_kinds())
    report = _checked(office, actor, form, waiting)
    if report is None:
        return render("officers/upload.html", status_code=422, form=form, kinds=_kinds())
    if report.outcome == "good" and not report.unchanged:
        return _imported(request, uploads.bring_in(office, actor, waiting))
    request.session["upload"] = asdict(waiting) | {"as_at": waiting.as_at.isoformat()}
    return render("officers/upload_check.html", report=report, waiting=waiting)


@post("/data/decide", guards=[requires(Right.import_data)], sync_to_thread=True)
def data_decide(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Redirect:
    kept: dict[str, str] = request.session.pop("upload", {"token": "", "name": "", "kind": "", "as_at": "2000-01-01"})
    waiting = Waiting(kept["token"], kept["name"], kept["kind"], date.fromisoformat(kept["as_at"]))
    if form.text("act") == "import":
        return _imported(request, uploads.bring_in(office, actor, waiting))
    uploads.discard(office, waiting)
    notify(request, "Nothing was imported.", success=False)
    return redirect("/data")


@get("/data/{number:int}", sync_to_thread=True)
def data_report(office: InOffice, account: ByAccount, number: Number) -> Template:
    return render("officers/import.html", snapshot=uploads.find(office, account.authority, number))


@get("/data/{number:int}/rejects.csv", guards=[requires(Right.import_data)], sync_to_thread=True)
def data_rejects(office: InOffice, actor: ByActor, number: Number) -> File:
    return File(uploads.rejects(office, actor, number), filename=f"rejected-{number}.csv", media_type="text/csv")


@get("/data/{number:int}/undo", guards=[requires(Right.import_data)], sync_to_thread=True)
def data_undo(office: InOffice, account: ByAccount, number: Number) -> Template:
    return render("officers/undo.html", snapshot=uploads.find(office, account.authority, number))


@post("/data/{number:int}/undo", guards=[requires(Right.import_data)], sync_to_thread=True)
def data_undo_send(request: Asked, office: InOffice, actor: ByActor, number: Number) -> Redirect:
    imports.undo(office, actor, number)
    notify(request, f"Import {number} was undone. The one before it counts again.")
    return redirect("/data")


@post("/data/homes", guards=[requires(Right.import_data)], sync_to_thread=True)
def data_homes(request: Asked, office: InOffice, actor: ByActor) -> Redirect:
    snapshot = households.build(office, actor)
    notify(request, f"The table of homes was built: {snapshot.rows:,} homes.")
    return redirect("/data")


def _received(office: Office, form: Form) -> Waiting | None:
    kind = form.require("kind", "Select what the file is")
    as_at = form.require_day("as_at", "The day the file speaks of")
    file = form.file("file")
    if file is None:
        form.fail("file", "Select a file")
    if file is None or as_at is None or not form.valid:
        return None
    return uploads.take(office, file.file, file.filename, kind, as_at)


def _checked(office: Office, actor: Actor, form: Form, waiting: Waiting) -> ImportReport | None:
    """None where the file cannot be used; the form says why, and the file is gone."""
    try:
        return uploads.check(office, actor, waiting)
    except InputRefused as refused:
        form.fail("file", str(refused))
        uploads.discard(office, waiting)
        return None


def _imported(request: Asked, report: ImportReport) -> Redirect:
    notify(request, f"Imported {report.accepted:,} of {report.rows_read:,} rows.")
    return redirect(f"/data/{report.snapshot_id}")


def _kinds() -> list[tuple[str, str, str]]:
    return [(kind, *uploads.WORDS.get(kind, (kind, ""))) for kind in KINDS]


def _summary(office: Office, authority: str) -> households.Summary | None:
    try:
        return households.summary(office, authority)
    except InputRefused:
        return None


# Segments


@get("/segments", sync_to_thread=True)
def all_segments(office: InOffice, account: ByAccount) -> Template:
    return render("officers/segments.html", segments=segments.all_segments(office, account.authority))


@get("/segments/new", guards=[requires(Right.plan)], sync_to_thread=True)
def segment_new(office: InOffice, account: ByAccount) -> Template:
    return _editor(office, account.authority, Form(), rule_form.RuleForm(every=True, rows=[]))


@post("/segments/new", guards=[requires(Right.plan)], sync_to_thread=True)
def segment_send(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    """Adding or removing a condition, counting and saving are buttons of one form."""
    shown = rule_form.read(form, local_indicators.columns(office, actor.authority))
    if form.text("act") == "save" and form.require("name", "Enter a name for the segment") and shown.rule:
        saved = segments.save(office, actor, form.text("name"), shown.rule.as_json())
        notify(request, f"Segment saved: {saved.name}, version {saved.version}.")
        return redirect(f"/segments/{saved.id}")
    if wants_fragment(request):
        return render("officers/segment_count.html", **_counted(office, actor.authority, form, shown))
    return _editor(office, actor.authority, form, shown)


@get("/segments/{number:int}", sync_to_thread=True)
def segment(office: InOffice, account: ByAccount, number: Number) -> Template:
    found = segments.find(office, account.authority, number)
    rule = rules.parse(found.rule)
    count = segments.count(office, account.authority, rule)
    return render("officers/segment.html", segment=found, rule=rule, count=count)


@get("/segments/{number:int}/edit", guards=[requires(Right.plan)], sync_to_thread=True)
def segment_edit(office: InOffice, account: ByAccount, number: Number) -> Template:
    found = segments.find(office, account.authority, number)
    shown = rule_form.shown(found.rule)
    if shown is None:
        raise InputRefused("This rule is deeper than the form can show. Change it as a file: engage segment save")
    return _editor(office, account.authority, Form({"name": found.name}), shown)


def _editor(office: Office, authority: str, form: Form, shown: rule_form.RuleForm) -> Template:
    own = local_indicators.columns(office, authority)
    saved = rules.own_columns(shown.rule.where) if shown.rule else {}
    return render(
        "officers/segment_edit.html", status_code=422 if form.errors else 200, columns=rules.COLUMNS | saved | own,
        operators=list(rules.COMPARISONS), wards=wards.named(office, authority),
        most=rule_form.MOST, **_counted(office, authority, form, shown),
    )  # fmt: skip


def _counted(office: Office, authority: str, form: Form, shown: rule_form.RuleForm) -> dict[str, Any]:
    """What the rule holds now, where it makes sense; what the data cannot answer is said at the list of conditions."""
    count = None
    if shown.rule is not None:
        with form.blaming("new"):
            count = segments.count(office, authority, shown.rule)
    return {"form": form, "shown": shown, "count": count}


# Suppressions


@get("/suppressions", sync_to_thread=True)
def suppressions(office: InOffice, account: ByAccount) -> Template:
    return _suppressions(office, account.authority, Form())


@post("/suppressions", guards=[requires(Right.import_data)], sync_to_thread=True)
def suppressions_send(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    objections.add(office, actor, form)
    if not form.valid:
        return _suppressions(office, actor.authority, form)
    notify(request, "Added. Nothing more will be sent there, not even what is already queued.")
    return redirect("/suppressions")


def _suppressions(office: Office, authority: str, form: Form) -> Template:
    return render(
        "officers/suppressions.html", status_code=422 if form.errors else 200, form=form,
        tallies=objections.tallies(office, authority), reasons=list(objections.REASONS.items()),
    )  # fmt: skip


# The same as JSON


@get("/api/data", sync_to_thread=True)
def api_data(office: InOffice, account: ByAccount) -> list[dict[str, Any]]:
    """Every import, newest first, with what it found."""
    return [_as_json(snapshot) for snapshot in uploads.log(office, account.authority)]


@get("/api/segments", sync_to_thread=True)
def api_segments(office: InOffice, account: ByAccount) -> list[dict[str, Any]]:
    """The newest version of each segment."""
    found = segments.all_segments(office, account.authority)
    return [{"id": s.id, "name": s.name, "version": s.version, "rule": s.rule, "sentence": s.sentence} for s in found]


@get("/api/segments/{number:int}", sync_to_thread=True)
def api_segment(office: InOffice, account: ByAccount, number: Number) -> dict[str, Any]:
    """One segment with what it holds now, by ward."""
    found = segments.find(office, account.authority, number)
    count = segments.count(office, account.authority, found.rule).as_dict()
    return {"id": found.id, "name": found.name, "version": found.version, "rule": found.rule, **count}


def _as_json(snapshot: Any) -> dict[str, Any]:
    kept = {"rows_read", "accepted", "rejected", "warnings", "figures", "format", "outcome"}
    found = {key: value for key, value in snapshot.report.items() if key in kept}
    return {
        "id": snapshot.id, "kind": snapshot.kind, "name": snapshot.name, "as_at": snapshot.as_at.isoformat(),
        "imported_at": snapshot.made_at.isoformat(), "undone": snapshot.undone_at is not None, **found,
    }  # fmt: skip


_PAGES = [
    data, data_new, data_send, data_decide, data_report, data_rejects, data_undo, data_undo_send, data_homes,
    all_segments, segment_new, segment_send, segment, segment_edit, suppressions, suppressions_send,
]  # fmt: skip
_SEES_DATA = [requires(Right.see_data)]
routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=_PAGES, guards=_SEES_DATA, include_in_schema=False),
    Router(
        "/", route_handlers=[api_data, api_segments, api_segment], guards=_SEES_DATA, tags=["what the council knows"]
    ),
]
