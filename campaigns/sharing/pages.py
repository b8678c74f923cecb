"""Officers' pages of what is shared: a pack for the whole area or a ward, of a campaign or of none, and the draw of the
wards that get posters."""

from typing import Any

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from campaigns.records import lookup
from campaigns.records.models import Campaign
from campaigns.sharing import counts, lots, pack, posters, wording
from campaigns.sharing.lots import Wanted
from campaigns.sharing.posters import KINDS, Place
from campaigns.sharing.wording import Occasion
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused
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
from segments.areas import wards

Number = FromPath[int]
ALL = "all"
Answer = Template | Response[bytes]


@get("/share", sync_to_thread=True)
def share(office: InOffice, actor: ByActor) -> Template:
    return _page(office, actor, None, Form())


@post("/share", status_code=200, sync_to_thread=True)
def share_pack(office: InOffice, actor: ByActor, form: WithForm) -> Answer:
    return _packed(office, actor, None, form)


@get("/campaigns/{number:int}/share", sync_to_thread=True)
def share_of_campaign(office: InOffice, actor: ByActor, number: Number) -> Template:
    return _page(office, actor, lookup.campaign(office, actor, number), Form())


@post("/campaigns/{number:int}/share", status_code=200, sync_to_thread=True)
def share_pack_of_campaign(office: InOffice, actor: ByActor, number: Number, form: WithForm) -> Answer:
    return _packed(office, actor, lookup.campaign(office, actor, number), form)


def _packed(office: Office, actor: Actor, campaign: Campaign | None, form: Form) -> Answer:
    """The file itself, so that it needs no script."""
    names = wards.named(office, actor.authority)
    ward = form.require("ward", "Select what the pack is for")
    if form.valid and ward != ALL and ward not in names:
        form.fail("ward", "Select all of the area or one of the wards")
    with form.blaming("ward"):
        if form.valid:
            place = Place() if ward == ALL else Place(ward, names[ward])
            return _download(office, actor, campaign, place)
    return _page(office, actor, campaign, form)


def _download(office: Office, actor: Actor, campaign: Campaign | None, place: Place) -> Response[bytes]:
    place = Place(place.ward, place.ward_name, campaign.id if campaign else None)
    with office.database.reading() as session:
        held = lots.holding(lots.drawn(session, actor.authority), place.ward, today(office.clock))
    if held:
        raise InputRefused(lots.told(held, place.ward))
    made = pack.made(office, actor, place, _occasion(office, actor, campaign))
    name = "-".join(["share-pack", *([f"campaign-{campaign.id}"] if campaign else []), place.ward or ALL])
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return Response(made, media_type="application/zip", headers=headers)


def _occasion(office: Office, actor: Actor, campaign: Campaign | None) -> Occasion:
    with office.database.reading() as session:
        nation = lookup.nation_of(session, actor.authority)
    return wording.occasion(office, nation, campaign.plan if campaign else None)


def _page(office: Office, actor: Actor, campaign: Campaign | None, form: Form) -> Template:
    number = campaign.id if campaign else None
    with office.database.reading() as session:
        known = [each for each in posters.of(session, actor.authority) if each.campaign_id == number]
        counted = counts.counted(session, known)
        drawn = lots.drawn(session, actor.authority)
    names = wards.named(office, actor.authority)
    held = [lot for lot in drawn if today(office.clock) <= lot.ends]
    return render(
        "campaigns/sharing/share.html", status_code=422 if form.errors else 200, campaign=campaign, form=form,
        wards=names, posters=known, counted=counted, kinds=KINDS, presses=counts.PRESSES, lots=held,
        occasion=_occasion(office, actor, campaign), path=f"/campaigns/{number}/share" if campaign else "/share",
    )  # fmt: skip


@get("/share/lots/new", sync_to_thread=True)
def lot_form(office: InOffice, actor: ByActor) -> Template:
    return _lot_page(office, actor, Form())


@post("/share/lots/new", sync_to_thread=True)
def draw_lot(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    wanted = _wanted(office, actor, form)
    with form.blaming("wards"):
        if wanted is not None:
            lot = lots.draw(office, actor, wanted)
            notify(request, "Drawn. Put posters up in these wards, from the first day on, and in no others.")
            return redirect(f"/posters/lots/{lot.id}")
    return _lot_page(office, actor, form)


def _wanted(office: Office, actor: Actor, form: Form) -> Wanted | None:
    names = wards.named(office, actor.authority)
    name = form.require("name", "Enter a name")[:120]
    starts = form.require_day("starts", "The first day")
    ends = form.require_day("ends", "The last day")
    if not form.all("sure"):
        form.fail("sure", "Confirm that no posters hang there, and that you keep to the draw")
    chosen = {code: names[code] for code in form.all("wards") if code in names}
    return Wanted(name, chosen, starts, ends) if form.valid and starts and ends else None


def _lot_page(office: Office, actor: Actor, form: Form) -> Template:
    given: dict[str, Any] = {"wards": wards.named(office, actor.authority), "fewest": lots.FEWEST}
    return render(
        "campaigns/sharing/lot_form.html", status_code=422 if form.errors else 200, form=form, method=lots.METHOD,
        **given,
    )  # fmt: skip


routes: list[ControllerRouterHandler] = [
    Router(
        "/", route_handlers=[share, share_of_campaign], guards=[requires(Right.see_data)], include_in_schema=False
    ),
    Router(
        "/", route_handlers=[share_pack, share_pack_of_campaign, lot_form, draw_lot], guards=[requires(Right.plan)],
        include_in_schema=False,
    ),
]  # fmt: skip
