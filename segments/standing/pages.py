"""The custodian's page: where the gazetteer stands, what would lift it, the schedule and the services' answers."""

import io
import math
from collections.abc import Sequence

from litestar import Response, Router, get, post
from litestar.params import FromQuery
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.handlers import Asked, ByActor, Form, InOffice, WithForm, notify, redirect, render, requires
from segments.gazetteer.health import about
from segments.standing import integration, report, schedule
from segments.standing.measures import BY_KEY, HOME, LISTED, MEASURES

PATH = "/data/gazetteer/standing"
SCHEDULE, SERVICES, MEND = f"{PATH}/schedule", f"{PATH}/services", f"{PATH}/properties"
SHOWN = 50


@get(PATH, guards=[requires(Right.see_gazetteer)], sync_to_thread=True)
def gazetteer_standing(office: InOffice, actor: ByActor) -> Template:
    try:
        found = report.take(office, actor)
    except InputRefused as refused:
        return render("segments/standing/standing.html", standing=None, refused=str(refused))
    return render(
        "segments/standing/standing.html", standing=found, asked=integration.ASKED, about=about, home=HOME,
        listed={measure.key for measure in LISTED}, measures=MEASURES,
    )  # fmt: skip


@get(MEND, sync_to_thread=True)
def mend_list(office: InOffice, actor: ByActor, measure: FromQuery[str] = "", page: FromQuery[int] = 1) -> Template:
    key = _asked_for(measure)
    rows = report.to_mend(office, actor, key)
    last = max(1, -(-len(rows) // SHOWN))
    here = min(max(page, 1), last)
    return render(
        "segments/standing/properties.html", rows=rows[(here - 1) * SHOWN : here * SHOWN], count=len(rows), page=here,
        last=last, measure=BY_KEY[key] if key else None, listed=LISTED,
    )  # fmt: skip


@get(f"{PATH}.csv", sync_to_thread=True)
def mend_csv(office: InOffice, actor: ByActor, measure: FromQuery[str] = "") -> Response[bytes]:
    out = io.StringIO(newline="")
    report.export(office, actor, out, _asked_for(measure))
    disposition = f'attachment; filename="to-mend-{actor.authority}.csv"'
    # The mark makes Excel read UTF-8.
    return Response(
        out.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": disposition},
    )  # fmt: skip


def _asked_for(measure: str) -> str:
    """A measure with a list, else all of them."""
    return measure if measure in {each.key for each in LISTED} else ""


@get(SCHEDULE, sync_to_thread=True)
def schedule_form(office: InOffice, actor: ByActor) -> Template:
    return _schedule(office, actor, Form({}))


@post(SCHEDULE, sync_to_thread=True)
def schedule_send(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    since = form.require_day("since", "The day from which it holds")
    levels = {measure.key: found for measure in MEASURES if (found := _percentages(form, measure.key))}
    if form.valid and since:
        with form.blaming("since"):
            schedule.enter(office, actor, since, levels)
            notify(request, "The schedule is kept. Levels are told by it from its day on.")
            return redirect(PATH)
    return _schedule(office, actor, form)


def _percentages(form: Form, key: str) -> Sequence[float]:
    """Of one measure, where any was entered."""
    typed = [form.text(f"{key}-{place}") for place in range(len(schedule.LEVELS))]
    if not any(typed):
        return ()
    found = [_number(each) for each in typed]
    for place, each in enumerate(found):
        if each is None or each < max([0.0, *(low for low in found[:place] if low is not None)]):
            form.fail(f"{key}-{place}", "Enter a percentage from 0 to 100, at least that of the level before")
    return [each for each in found if each is not None]


def _number(typed: str) -> float | None:
    try:
        found = float(typed.removesuffix("%"))
    except ValueError:
        return None
    return found if math.isfinite(found) and 0 <= found <= 100 else None


def _schedule(office: Office, actor: Actor, form: Form) -> Template:
    with office.database.session() as session:
        standing = schedule.newest(session, actor.authority)
    return render(
        "segments/standing/schedule.html", status_code=422 if form.errors else 200, form=form, measures=MEASURES,
        levels=schedule.LEVELS, standing=standing,
    )  # fmt: skip


@get(SERVICES, sync_to_thread=True)
def services_form(office: InOffice, actor: ByActor) -> Template:
    return _services(office, actor, Form({}))


@post(SERVICES, sync_to_thread=True)
def services_send(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    answers = {area: _answers(form, place, area) for place, area in enumerate(integration.AREAS)}
    if not form.valid:
        return _services(office, actor, form)
    with office.database.session() as session:
        known = {area.name: area.said for area in integration.areas(session, actor.authority)}
    for area, given in answers.items():
        said = known[area]
        if given and (said is None or any(getattr(said, name) != word for name, word in given.items())):
            integration.say(office, actor, area, given)
    notify(request, "What was said of the services is kept.")
    return redirect(PATH)


def _answers(form: Form, place: int, area: str) -> dict[str, str]:
    """All three or none; each is named at its own field."""
    given = {name: form.text(f"{name}-{place}") for name in integration.ASKED}
    if not any(given.values()):
        return {}
    for name, words in integration.ASKED.items():
        if given[name] not in words:
            form.fail(f"{name}-{place}", f"Select an answer for {area}, or none of the three")
    return given


def _services(office: Office, actor: Actor, form: Form) -> Template:
    with office.database.session() as session:
        areas = integration.areas(session, actor.authority)
    return render(
        "segments/standing/services.html", status_code=422 if form.errors else 200, form=form, areas=areas,
        asked=integration.ASKED,
    )  # fmt: skip


@get("/api/gazetteer-standing", guards=[requires(Right.see_gazetteer)], sync_to_thread=True)
def api_standing(office: InOffice, actor: ByActor) -> dict[str, object]:
    """Each measure with its figure and level, what would lift it, earlier months, and the services' scores."""
    return report.take(office, actor).as_dict()


routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[gazetteer_standing], include_in_schema=False),
    Router(
        "/", route_handlers=[mend_list, mend_csv, schedule_form, schedule_send, services_form, services_send],
        guards=[requires(Right.import_gazetteer)], include_in_schema=False,
    ),
    Router("/", route_handlers=[api_standing], tags=["what the council knows"]),
]  # fmt: skip
