"""Posters as everybody with figures may see them: rounded counts of presses, and draws of wards with their results."""

from litestar import Router, get
from litestar.params import FromPath
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from campaigns.sharing import counts, lots, posters
from campaigns.sharing.posters import KINDS
from dashboards.published.disclosure import NOTE, RULE
from dashboards.results.poster_lots import result
from engage.foundation.clock import today
from engage.foundation.identity import Right
from engage.foundation.web.handlers import ByActor, InOffice, render, requires


@get("/posters", sync_to_thread=True)
def all_posters(office: InOffice, actor: ByActor) -> Template:
    with office.database.reading() as session:
        known = posters.of(session, actor.authority)
        counted = counts.counted(session, known)
        drawn = lots.drawn(session, actor.authority)
    shown = {code: {what: RULE.count(n[what]) for what in counts.PRESSES} for code, n in counted.items()}
    return render(
        "dashboards/pages/posters.html", posters=known, shown=shown, lots=drawn, kinds=KINDS, presses=counts.PRESSES,
        note=NOTE,
    )  # fmt: skip


@get("/posters/lots/{number:int}", sync_to_thread=True)
def lot(office: InOffice, actor: ByActor, number: FromPath[int]) -> Template:
    with office.database.reading() as session:
        found = lots.find(session, actor.authority, number)
    return render(
        "dashboards/pages/poster_lot.html", lot=found, method=lots.METHOD, result=result(office, actor, found),
        ended=today(office.clock) > found.ends, note=NOTE,
    )  # fmt: skip


routes: list[ControllerRouterHandler] = [
    Router(
        "/", route_handlers=[all_posters, lot], guards=[requires(Right.see_figures)], include_in_schema=False
    )
]  # fmt: skip
