"""The lists of somebody who calls at homes: their own, and nothing else."""

from litestar import Router, get
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from engage.foundation.access.rights import Right
from engage.foundation.web.handlers import render, requires


@get("/lists", sync_to_thread=False)
def lists() -> Template:
    return render("engage/pages/lists.html")


routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[lists], guards=[requires(Right.canvass)], include_in_schema=False)
]
