"""The officers' pages of segments, and the same as JSON."""

from itertools import pairwise
from typing import Any

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.errors import InputRefused
from engage.foundation.identity import Account, Right, accounts
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
    wants_fragment,
)
from segments.areas import wards
from segments.audiences import comparison, drafts, named_rules, segments, starters
from segments.audiences import summary as pictures
from segments.audiences.overlap import Campaigns
from segments.missing import usable
from segments.records.known import NOT_NAMED
from segments.rules import changes, local_indicators, schema, topics, tree
from segments.rules import form as rule_form
from segments.rules.columns import RECORDS

Number = FromPath[int]
ByCampaigns = NamedDependency[Campaigns]  # of a higher floor, so the application hands it in


@get("/segments", sync_to_thread=True)
def all_segments(office: InOffice, account: ByAccount) -> Template:
    found = named_rules.all_segments(office, account.authority, account.id)
    staff = _staff(office, account.authority)
    return render(
        "segments/audiences/segments.html", segments=found, staff=staff, **_offered(office, account.authority)
    )


def _staff(office: Office, authority: str) -> dict[int | None, str]:
    """Names by account."""
    with office.database.reading() as session:
        return {each.id: each.name for each in accounts(session, authority)}


@get("/segments/compare", sync_to_thread=True)
def segments_compared(office: InOffice, account: ByAccount, segment: FromQuery[list[int] | None] = None) -> Template:
    """Two or three of the segments that the account sees, by number."""
    offered = named_rules.all_segments(office, account.authority, account.id)
    form, parts = Form({"segment": [str(each) for each in segment or []]}), list[comparison.Part]()
    if segment is not None:
        chosen = [named_rules.find(office, account.authority, each, account.id) for each in dict.fromkeys(segment)]
        with form.blaming("segment"):
            rules = {each.name: tree.parse(each.rule) for each in chosen}
            parts = comparison.compare(office, account.authority, rules)
    return render(
        "segments/audiences/segments_compared.html", status_code=422 if form.errors else 200, form=form,
        offered=offered, parts=parts,
    )  # fmt: skip


@get("/segments/new", guards=[requires(Right.plan)], sync_to_thread=True)
def segment_new(
    request: Asked, office: InOffice, account: ByAccount, campaigns: ByCampaigns, start: FromQuery[str] = "",
    step: FromQuery[str] = "", copy: FromQuery[int] = 0,
) -> Template:  # fmt: skip
    """Empty, with a ready-made segment (`start`), with a copy of another, or as it was at a step of building it."""
    if typed := drafts.kept(request, step):
        return _editor(office, account, campaigns, typed, _read(office, account.authority, typed))
    form, shown = Form(), rule_form.RuleForm(every=True, rows=[])
    if copy:
        found = named_rules.find(office, account.authority, copy, account.id)
        form, shown = Form({"name": f"Copy of {found.name}"[:120], "note": found.note}), rule_form.shown(found.rule)
    elif start:
        starter = starters.find(start)
        form, shown = Form({"name": starter.name}), rule_form.shown(starter.rule)
    return _editor(office, account, campaigns, form, shown)


def _read(office: Office, authority: str, form: Form) -> rule_form.RuleForm:
    return rule_form.read(form, local_indicators.columns(office, authority), named_rules.held(office, authority))


@post("/segments/new", guards=[requires(Right.plan)], sync_to_thread=True)
def segment_send(
    request: Asked, office: InOffice, actor: ByActor, account: ByAccount, campaigns: ByCampaigns, form: WithForm
) -> Template | Redirect:
    """Adding or removing a part, counting, changing between form and text, and saving are buttons of one form. All but
    saving lead to a page of its own, so that Back returns to what was typed."""
    shown = _read(office, actor.authority, form)
    if wants_fragment(request):
        return render(
            "segments/audiences/segment_count.html", **_pictured(office, actor.authority, campaigns, form, shown)
        )
    if form.text("act") != "save":
        return redirect(f"/segments/new?step={drafts.keep(request, form)}")
    saved = _saved(office, actor, form, shown)
    if saved is None:
        return _editor(office, account, campaigns, form, shown)
    notify(request, f"Segment saved: {saved.name}, version {saved.version}.")
    return redirect(f"/segments/{saved.id}")


def _saved(office: Office, actor: Actor, form: Form, shown: rule_form.RuleForm) -> named_rules.Segment | None:
    if form.require("name", "Enter a name for the segment") and shown.rule:
        mine = form.text("seen_by") == "mine"
        with form.blaming("name"):
            return segments.save(
                office, actor, form.text("name"), shown.rule.as_json(), shared=not mine, note=form.text("note")
            )
    return None


@get("/segments/{number:int}", sync_to_thread=True)
def segment(office: InOffice, account: ByAccount, campaigns: ByCampaigns, number: Number) -> Template:
    found = named_rules.find(office, account.authority, number, account.id)
    shown = rule_form.RuleForm(every=True, rows=[], rule=tree.parse(found.rule))
    pictured = _pictured(office, account.authority, campaigns, Form(), shown)
    return render(
        "segments/audiences/segment.html", segment=found, staff=_staff(office, account.authority),
        members=tree.members(tree.parse(found.rule).where), **pictured, **_versions(office, found),
    )  # fmt: skip


@get("/segments/{number:int}/edit", guards=[requires(Right.plan)], sync_to_thread=True)
def segment_edit(office: InOffice, account: ByAccount, campaigns: ByCampaigns, number: Number) -> Template:
    found = named_rules.find(office, account.authority, number, account.id)
    shown = rule_form.shown(found.rule)
    form = Form({"name": found.name, "note": found.note, "seen_by": "all" if found.shared else "mine"})
    return _editor(office, account, campaigns, form, shown)


def _editor(
    office: Office, account: Account, campaigns: Campaigns, form: Form, shown: rule_form.RuleForm
) -> Template:  # fmt: skip
    authority = account.authority
    # First, as what it refuses is an error of the form, too.
    pictured = _pictured(office, authority, campaigns, form, shown)
    columns = _columns(office, account, shown)
    return render(
        "segments/audiences/segment_edit.html", status_code=422 if form.errors else 200, columns=columns,
        topics=topics.grouped(columns), operators=list(tree.COMPARISONS), wards=wards.named(office, authority),
        meeting=rule_form.MEETING, most=rule_form.MOST, levels=rule_form.LEVELS, **pictured,
        **_offered(office, authority),
    )  # fmt: skip


def _columns(office: Office, account: Account, shown: rule_form.RuleForm) -> dict[str, tree.Column]:
    """By name, with those that only the rule itself still knows; and the segments it may refer to, as columns."""
    own = local_indicators.columns(office, account.authority)
    others = named_rules.all_segments(office, account.authority, account.id)
    named = {each.id or 0: (each.name, each.version) for each in others}
    if shown.rule:
        named |= {each.id: (each.name, each.version) for each in tree.members(shown.rule.where)}
    held = {f"segment {number}": _as_column(*named[number]) for number in sorted(named, key=lambda each: named[each])}
    withheld = _not_offered(office, account, shown)
    offered = {name: column for name, column in tree.COLUMNS.items() if name not in withheld}
    return {**offered, **(tree.own_columns(shown.rule.where) if shown.rule else {}), **own, **held}


def _not_offered(office: Office, account: Account, shown: rule_form.RuleForm) -> frozenset[str]:
    """What is of the council's own records, while none of them may be used; but for what the rule asks for already."""
    with office.database.reading() as session:
        if usable.snapshots(office, session, account.authority):
            return frozenset()
    return RECORDS - (segments.columns(shown.rule.where) if shown.rule else set())


def _as_column(name: str, version: int) -> tree.Column:
    label = f"in the segment “{name}”, version {version}"
    return tree.Column(label, label, "choice")


def _pictured(
    office: Office, authority: str, campaigns: Campaigns, form: Form, shown: rule_form.RuleForm
) -> dict[str, Any]:  # fmt: skip
    """What the rule holds now, where it makes sense; what the data cannot answer is said at the list of conditions."""
    picture = None
    if shown.rule is not None:
        with form.blaming("new" if shown.text is None else "rule"):
            picture = pictures.picture(office, authority, shown.rule, campaigns)
    return {"form": form, "shown": shown, "picture": picture, "not_named": NOT_NAMED}


def _offered(office: Office, authority: str) -> dict[str, Any]:
    """Ready-made segments; before there is a table of homes, what to do first."""
    form, offers = Form(), list[starters.Offer]()
    with form.blaming("offers"):
        offers = starters.offers(office, authority)
    return {"offers": offers, "no_offers": form.errors.get("offers", "")}


def _versions(office: Office, found: named_rules.Segment) -> dict[str, Any]:
    """Each version, newest first, with what it changed of the one before."""
    every = named_rules.versions(office, found.authority, found.name)
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
    found = named_rules.all_segments(office, actor.authority, actor.account_id)
    return [{"id": s.id, "name": s.name, "version": s.version, "rule": s.rule, "sentence": s.sentence} for s in found]


@get("/api/segments/{number:int}", sync_to_thread=True)
def api_segment(office: InOffice, actor: ByActor, number: Number) -> dict[str, Any]:
    """One segment with what it holds now, by ward. What the council's own records tell goes back to no other system."""
    found = named_rules.find(office, actor.authority, number, actor.account_id)
    if actor.account_id is None and segments.columns(tree.parse(found.rule).where) & RECORDS:
        raise InputRefused("This segment asks for the council's own records: officers count it, and no other system.")
    count = segments.count(office, actor.authority, found.rule).as_dict()
    return {"id": found.id, "name": found.name, "version": found.version, "rule": found.rule, **count}


_SEES_DATA = [requires(Right.see_data)]
routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[all_segments, segments_compared, segment], guards=_SEES_DATA, include_in_schema=False),
    Router("/", route_handlers=[segment_new, segment_send, segment_edit], include_in_schema=False),
    Router(
        "/", route_handlers=[api_schema, api_segments, api_segment], guards=_SEES_DATA, tags=["what the council knows"]
    ),
]
