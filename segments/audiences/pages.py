"""The officers' pages of segments, and the same as JSON."""

from itertools import pairwise
from typing import Any

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.identity import Right
from engage.foundation.office import Office
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
    wants_fragment,
)
from segments.areas import wards
from segments.audiences import segments, starters
from segments.audiences import summary as pictures
from segments.audiences.overlap import Campaigns
from segments.rules import changes, local_indicators, schema, tree
from segments.rules import form as rule_form

Number = FromPath[int]
ByCampaigns = NamedDependency[Campaigns]  # of a higher floor, so the application hands it in


@get("/segments", sync_to_thread=True)
def all_segments(office: InOffice, account: ByAccount) -> Template:
    found = segments.all_segments(office, account.authority)
    return render("segments/audiences/segments.html", segments=found, **_offered(office, account.authority))


@get("/segments/new", guards=[requires(Right.plan)], sync_to_thread=True)
def segment_new(office: InOffice, account: ByAccount, campaigns: ByCampaigns, start: FromQuery[str] = "") -> Template:
    """Empty, or with a ready-made segment (`start`)."""
    if not start:
        return _editor(office, account.authority, campaigns, Form(), rule_form.RuleForm(every=True, rows=[]))
    starter = starters.find(start)
    form, shown = Form({"name": starter.name}), rule_form.shown(starter.rule)
    return _editor(office, account.authority, campaigns, form, shown)


@post("/segments/new", guards=[requires(Right.plan)], sync_to_thread=True)
def segment_send(
    request: Asked, office: InOffice, actor: ByActor, campaigns: ByCampaigns, form: WithForm
) -> Template | Redirect:
    """Adding or removing a part, counting, changing between form and text, and saving are buttons of one form."""
    shown = rule_form.read(form, local_indicators.columns(office, actor.authority))
    if form.text("act") == "save" and form.require("name", "Enter a name for the segment") and shown.rule:
        saved = segments.save(office, actor, form.text("name"), shown.rule.as_json())
        notify(request, f"Segment saved: {saved.name}, version {saved.version}.")
        return redirect(f"/segments/{saved.id}")
    if wants_fragment(request):
        return render(
            "segments/audiences/segment_count.html", **_pictured(office, actor.authority, campaigns, form, shown)
        )
    return _editor(office, actor.authority, campaigns, form, shown)


@get("/segments/{number:int}", sync_to_thread=True)
def segment(office: InOffice, account: ByAccount, campaigns: ByCampaigns, number: Number) -> Template:
    found = segments.find(office, account.authority, number)
    shown = rule_form.RuleForm(every=True, rows=[], rule=tree.parse(found.rule))
    pictured = _pictured(office, account.authority, campaigns, Form(), shown)
    return render("segments/audiences/segment.html", segment=found, **pictured, **_versions(office, found))


@get("/segments/{number:int}/edit", guards=[requires(Right.plan)], sync_to_thread=True)
def segment_edit(office: InOffice, account: ByAccount, campaigns: ByCampaigns, number: Number) -> Template:
    found = segments.find(office, account.authority, number)
    shown = rule_form.shown(found.rule)
    return _editor(office, account.authority, campaigns, Form({"name": found.name}), shown)


def _editor(
    office: Office, authority: str, campaigns: Campaigns, form: Form, shown: rule_form.RuleForm
) -> Template:  # fmt: skip
    # First, as what it refuses is an error of the form, too.
    pictured = _pictured(office, authority, campaigns, form, shown)
    columns = _columns(office, authority, shown)
    return render(
        "segments/audiences/segment_edit.html", status_code=422 if form.errors else 200, columns=columns,
        operators=list(tree.COMPARISONS), wards=wards.named(office, authority), meeting=rule_form.MEETING,
        most=rule_form.MOST, levels=rule_form.LEVELS, **pictured, **_offered(office, authority),
    )  # fmt: skip


def _columns(office: Office, authority: str, shown: rule_form.RuleForm) -> dict[str, tree.Column]:
    """By name, with those that only the rule itself still knows."""
    own = local_indicators.columns(office, authority)
    return {**tree.COLUMNS, **(tree.own_columns(shown.rule.where) if shown.rule else {}), **own}


def _pictured(
    office: Office, authority: str, campaigns: Campaigns, form: Form, shown: rule_form.RuleForm
) -> dict[str, Any]:  # fmt: skip
    """What the rule holds now, where it makes sense; what the data cannot answer is said at the list of conditions."""
    picture = None
    if shown.rule is not None:
        with form.blaming("new" if shown.text is None else "rule"):
            picture = pictures.picture(office, authority, shown.rule, campaigns)
    return {"form": form, "shown": shown, "picture": picture}


def _offered(office: Office, authority: str) -> dict[str, Any]:
    """Ready-made segments; before there is a table of homes, what to do first."""
    form, offers = Form(), list[starters.Offer]()
    with form.blaming("offers"):
        offers = starters.offers(office, authority)
    return {"offers": offers, "no_offers": form.errors.get("offers", "")}


def _versions(office: Office, found: segments.Segment) -> dict[str, Any]:
    """Each version, newest first, with what it changed of the one before."""
    every = segments.versions(office, found.authority, found.name)
    parsed = [tree.parse(version.rule) for version in every]
    changed = [changes.changes(before, after) for after, before in pairwise(parsed)]
    return {"versions": list(zip(every, [*changed, None], strict=True)), "newest": every[0]}


# The same as JSON


@get("/api/segments/schema", sync_to_thread=True)
def api_schema(office: InOffice, actor: ByActor) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of rules, with the indicators of this authority."""
    return schema.schema(local_indicators.columns(office, actor.authority))


@get("/api/segments", sync_to_thread=True)
def api_segments(office: InOffice, actor: ByActor) -> list[dict[str, Any]]:
    """The newest version of each segment."""
    found = segments.all_segments(office, actor.authority)
    return [{"id": s.id, "name": s.name, "version": s.version, "rule": s.rule, "sentence": s.sentence} for s in found]


@get("/api/segments/{number:int}", sync_to_thread=True)
def api_segment(office: InOffice, actor: ByActor, number: Number) -> dict[str, Any]:
    """One segment with what it holds now, by ward."""
    found = segments.find(office, actor.authority, number)
    count = segments.count(office, actor.authority, found.rule).as_dict()
    return {"id": found.id, "name": found.name, "version": found.version, "rule": found.rule, **count}


_SEES_DATA = [requires(Right.see_data)]
routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[all_segments, segment], guards=_SEES_DATA, include_in_schema=False),
    Router("/", route_handlers=[segment_new, segment_send, segment_edit], include_in_schema=False),
    Router(
        "/", route_handlers=[api_schema, api_segments, api_segment], guards=_SEES_DATA, tags=["what the council knows"]
    ),
]
