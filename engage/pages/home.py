"""What needs doing: the first page after signing in."""

from litestar import Router, get
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.identity import Right
from engage.foundation.web.handlers import ByAccount, InOffice, redirect, render, requires
from engage.pages.overview import overview


@get("/", guards=[requires(Right.see_figures)], sync_to_thread=True)
def home(office: InOffice, account: ByAccount) -> Template | Redirect:
    if not account.may(Right.see_data):
        return redirect("/wards")
    return render("engage/pages/home.html", overview=overview(office, account))


routes: list[ControllerRouterHandler] = [Router("/", route_handlers=[home], include_in_schema=False)]
