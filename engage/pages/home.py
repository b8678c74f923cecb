"""What needs doing, the audit log, and the pages every service has: accessibility, privacy, cookies."""

from typing import Annotated, Any, Literal

from litestar import Request, Router, get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.identity import Right
from engage.foundation.web.handlers import ByAccount, InOffice, redirect, render, requires, signed_in
from engage.pages.overview import overview, trail

Anyone = Request[Any, Any, Any]
Language = FromQuery[Literal["en", "cy"]]
Page = Annotated[int, QueryParameter(name="page", ge=1, le=100_000)]


@get("/", guards=[requires(Right.see_figures)], sync_to_thread=True)
def home(office: InOffice, account: ByAccount) -> Template | Redirect:
    if not account.may(Right.see_data):
        return redirect("/wards")
    return render("officers/home.html", overview=overview(office, account))


@get("/audit", guards=[requires(Right.audit)], sync_to_thread=True)
def audit_page(office: InOffice, account: ByAccount, page: Page = 1) -> Template:
    return render("officers/audit.html", trail=trail(office, account.authority, page))


@get("/accessibility")
async def accessibility(request: Anyone, lang: Language = "en") -> Template:
    await signed_in(request)
    return render("about/accessibility.html", lang=lang)


@get("/privacy")
async def privacy(request: Anyone, lang: Language = "en") -> Template:
    await signed_in(request)
    return render("about/privacy.html", lang=lang)


@get("/cookies")
async def cookies(request: Anyone) -> Template:
    await signed_in(request)
    return render("about/cookies.html")


routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[home, audit_page, accessibility, privacy, cookies], include_in_schema=False)
]
