"""Pins: a page kept at hand on one's first page, put in order, and taken off again."""

from litestar import Router, post
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from engage.foundation.identity import Right
from engage.foundation.web.handlers import (
    Asked,
    ByAccount,
    InOffice,
    WithForm,
    local_path,
    notify,
    redirect,
    requires,
)
from engage.home import pins

Number = FromPath[int]


@post("/", sync_to_thread=True)
def pin(request: Asked, office: InOffice, account: ByAccount, form: WithForm) -> Redirect:
    path = local_path(form.text("path"))
    pins.add(office, account, path, form.text("title"))
    notify(request, "Pinned to your first page.")
    return redirect(path)


@post("/{number:int}/remove", sync_to_thread=True)
def unpin(request: Asked, office: InOffice, account: ByAccount, number: Number, form: WithForm) -> Redirect:
    pins.remove(office, account, number)
    notify(request, "Taken off your first page.")
    return redirect(local_path(form.text("back")))


@post("/{number:int}/up", sync_to_thread=True)
def move_up(office: InOffice, account: ByAccount, number: Number) -> Redirect:
    pins.move_up(office, account, number)
    return redirect("/#pins")


routes: list[ControllerRouterHandler] = [
    Router(
        "/pins", route_handlers=[pin, unpin, move_up], guards=[requires(Right.see_data)], include_in_schema=False,
    )
]  # fmt: skip
