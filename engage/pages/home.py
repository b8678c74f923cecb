"""What needs doing: the first page after signing in."""

from litestar import Router, get
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.identity import Right
from engage.foundation.web.handlers import ByAccount, InOffice, SignedIn, redirect, render
from engage.pages.overview import overview

# Where an account begins that may not see what needs doing: at the first of these that it may see.
FIRST = (
    (Right.see_figures, "/wards"), (Right.see_gazetteer, "/data/gazetteer"), (Right.answer_requests, "/person"),
    (Right.canvass, "/lists"),
)  # fmt: skip


@get("/", guards=[SignedIn()], sync_to_thread=True)
def home(office: InOffice, account: ByAccount) -> Template | Redirect:
    if account.may(Right.see_data):
        return render("engage/pages/home.html", overview=overview(office, account))
    return redirect(next(path for right, path in FIRST if account.may(right)))


routes: list[ControllerRouterHandler] = [Router("/", route_handlers=[home], include_in_schema=False)]
