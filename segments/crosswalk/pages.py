"""The pages of linked systems: how each stands, what a person is asked, and what changed since a delivery."""

import re
from datetime import UTC, datetime
from typing import Any

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation import audit
from engage.foundation.errors import NotFound
from engage.foundation.files import cells
from engage.foundation.identity import Right
from engage.foundation.lake import Snapshot
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
from segments.crosswalk import changes, review, systems
from segments.crosswalk.settling import PROMISED, SAMPLED
from segments.crosswalk.systems import CrosswalkSystem

Number = FromPath[int]
UPRN, SECONDS = re.compile(r"[0-9]{1,12}"), re.compile(r"[0-9]{1,12}")
NONE = "none"


@get("/data/systems", sync_to_thread=True)
def standing(office: InOffice, actor: ByActor) -> Template:
    return overview(office, actor, Form({}))


def overview(office: Office, actor: Actor, form: Form) -> Template:
    with office.database.session() as session:
        found = list(review.standings(office, session, actor.authority))
    return render(
        "segments/crosswalk/systems.html", status_code=422 if form.errors else 200, standings=found, form=form,
        promised=PROMISED, sampled=SAMPLED,
    )  # fmt: skip


@get("/data/systems/{number:int}", sync_to_thread=True)
def ask(office: InOffice, actor: ByActor, number: Number) -> Template:
    return _page(office, actor, number, Form({}))


def _page(office: Office, actor: Actor, number: int, form: Form) -> Template:
    system, question = review.ask(office, actor, number)
    return render(
        "segments/crosswalk/question.html", status_code=422 if form.errors else 200, system=system, question=question,
        form=form, now=int(office.clock.now().timestamp()), none_of_these=NONE,
    )  # fmt: skip


@post("/data/systems/{number:int}", sync_to_thread=True)
def answer(request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm) -> Template | Redirect:
    choice = form.require("choice", "Select the property, or that it is none of these")
    if form.valid:
        with form.blaming("choice"):
            chosen = int(choice) if UPRN.fullmatch(choice) else None
            before = form.text("now")
            shown_at = datetime.fromtimestamp(int(before), UTC) if SECONDS.fullmatch(before) else None
            system = review.decide(office, actor, number, form.text("key"), chosen, shown_at)
            if not system.settles and system.stopped_at:
                notify(request, "Settling without a person is stopped: see below why.", success=False)
                return redirect("/data/systems")
            return redirect(f"/data/systems/{number}#question")
    return _page(office, actor, number, form)


@post("/data/systems/{number:int}/settle", sync_to_thread=True)
def settle(request: Asked, office: InOffice, actor: ByActor, number: Number) -> Redirect:
    system = review.settle_again(office, actor, number)
    notify(request, f"From its next list on, what is sure settles without a person for {system.name}.")
    return redirect("/data/systems")


@get("/data/systems/{number:int}/changes.csv", sync_to_thread=True)
def changes_csv(office: InOffice, actor: ByActor, number: Number, since: FromQuery[int] = 0) -> Response[bytes]:
    _, _, rows = _changes(office, actor, number, since)
    table = cells.written(changes.CROSSWALK, map(list, rows), ends="\r\n")
    return _download(f"changes-{number}.csv", table.encode("utf-8-sig"))  # the mark makes Excel read UTF-8


@get("/data/systems/{number:int}/changes.dtf", sync_to_thread=True)
def changes_records(office: InOffice, actor: ByActor, number: Number, since: FromQuery[int] = 0) -> Response[bytes]:
    """Record 23 of DTF 7.3, for the gazetteer's own software."""
    system, newest, rows = _changes(office, actor, number, since)
    source = str(system.columns.get("source") or system.name)
    lines = changes.as_records(system, rows, newest.as_at, source)
    return _download(f"changes-{number}.dtf.csv", "".join(lines).encode())


def _changes(
    office: Office, actor: Actor, number: int, since: int
) -> tuple[CrosswalkSystem, Snapshot, list[tuple[Any, ...]]]:
    """The newest delivery, and what is otherwise than in that of import `since`; without it, all."""
    with office.database.session() as session:
        system = systems.own(session, actor.authority, number)
        found = systems.deliveries(session, system)
        before = next((each for each in found if each.id == since), None)
        if not found or (since and before is None):
            raise NotFound(f"There is no list {since} of this system here.")
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="read changes of a list",
            subject=f"system {number}", since=since,
        )  # fmt: skip
        return system, found[0], changes.of_system(office, session, system, found[0], before)


def _download(name: str, content: bytes) -> Response[bytes]:
    disposition = f'attachment; filename="{name}"'
    return Response(content, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition})


_PAGES = [standing, ask, answer, settle, changes_csv, changes_records]
routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=_PAGES, guards=[requires(Right.import_gazetteer)], include_in_schema=False)
]
