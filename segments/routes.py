"""The officers' pages of whom the council reminds: segments, suppressions."""

from typing import Any

from litestar import Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from engage.foundation.office import Office
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
from segments import local_indicators, objections, rule_form, rules, segments, wards

Number = FromPath[int]


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


_PAGES = [
    all_segments, segment_new, segment_send, segment, segment_edit, suppressions, suppressions_send,
]  # fmt: skip
_SEES_DATA = [requires(Right.see_data)]
routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=_PAGES, guards=_SEES_DATA, include_in_schema=False),
    Router("/", route_handlers=[api_segments, api_segment], guards=_SEES_DATA, tags=["what the council knows"]),
]
