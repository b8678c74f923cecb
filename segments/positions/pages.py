"""The custodian's page on which points are moved to the new map: told first, then moved, and undone again."""

from pathlib import Path
from typing import Any

from litestar import Router, get, post
from litestar.datastructures import UploadFile
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.errors import InputRefused
from engage.foundation.folders import writing
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
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
from segments.importing.uploads import plain_name, room_left
from segments.importing.workspace import scratch
from segments.positions import gazetteer
from segments.positions.gazetteer import Captured
from segments.positions.points import MOVED

PATH = "/data/positions"
DRAWN = 6  # tiles on the page; all are in the table
LONGER = 40  # times its length on the ground is an arrow drawn


@get(PATH, sync_to_thread=True)
def position_moves(office: InOffice, account: ByAccount) -> Template:
    return _page(office, account.authority, Form({}))


@post(PATH, sync_to_thread=True, opt=taking_files(Right.import_gazetteer, room_left))
def positions_send(office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    sent = form.files("links")
    if not sent:
        form.fail("links", "Select the link files")
    until = form.optional_day("until", "The day before which points were captured on the old map")
    if form.valid:
        try:
            _stage(office, actor, sent, form.file("captured"), Captured(until=until))
            return redirect(PATH)
        except InputRefused as refused:
            form.fail("links", str(refused))
    return _page(office, actor.authority, form)


def _stage(
    office: Office, actor: Actor, sent: list[UploadFile], captured: UploadFile | None, by: Captured
) -> None:  # fmt: skip
    with scratch(office.lake) as folder:
        links = [_put(folder / str(place), file) for place, file in enumerate(sent)]
        said = Captured(file=_put(folder / "captured", captured)) if captured else by
        gazetteer.stage(office, actor, links, said)


def _put(folder: Path, file: UploadFile) -> Path:
    """In a folder of its own, as two may have one name."""
    folder.mkdir()
    path = folder / plain_name(file.filename)
    with writing(path) as made:
        made.buffer.write(file.file.read())
    return path


@post(f"{PATH}/move", sync_to_thread=True)
def positions_move(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Redirect:
    moved = gazetteer.swap(office, actor, _number(form))
    notify(request, f"{moved.report['points'][MOVED]:,} points were moved to the new map.")
    return redirect(PATH)


@post(f"{PATH}/undo", sync_to_thread=True)
def positions_undo(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Redirect:
    undone = gazetteer.undo(office, actor, _number(form))
    notify(request, f"{undone.report['points'][MOVED]:,} points lie where they lay before.")
    return redirect(PATH)


def _number(form: Form) -> int:
    given = form.text("id")
    return int(given) if given.isdecimal() and len(given) < 10 else 0


def _page(office: Office, authority: str, form: Form) -> Template:
    return render(
        "segments/positions/positions.html", status_code=422 if form.errors else 200, form=form,
        waiting=gazetteer.waiting(office, authority), standing=gazetteer.standing(office, authority), arrows=_arrows,
        drawn=DRAWN, longer=LONGER,
    )  # fmt: skip


def _arrows(tile: dict[str, Any]) -> list[tuple[float, float, float, float]]:
    """From and to of each arrow within the tile, in metres from its north-west corner."""
    if not tile["arrows"]:
        return []
    west, north = (min(arrow[axis] for arrow in tile["arrows"]) // 1000 * 1000 for axis in (0, 1))
    return [
        (east - west, 1000 - (up - north), east - west + LONGER * over, 1000 - (up - north) - LONGER * rise)
        for east, up, over, rise in tile["arrows"]
    ]


routes: list[ControllerRouterHandler] = [
    Router(
        "/", route_handlers=[position_moves, positions_send, positions_move, positions_undo], include_in_schema=False,
        guards=[requires(Right.import_gazetteer)],
    )
]  # fmt: skip
