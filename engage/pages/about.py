"""The pages every service has: accessibility, privacy, how long what is kept, cookies."""

from typing import Any

from anyio import to_thread
from litestar import Request, Router, get
from litestar.params import FromQuery
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from engage.deployment import papers
from engage.foundation.office import Office
from engage.foundation.web.handlers import ANYBODY, InOffice, render, signed_in

Anyone = Request[Any, Any, Any]
Council = FromQuery[str]


@get("/accessibility")
async def accessibility(request: Anyone) -> Template:
    await signed_in(request)
    return render("engage/pages/accessibility.html")


@get("/privacy")
async def privacy(request: Anyone, office: InOffice, council: Council = "") -> Template:
    return await _of_council(request, office, "engage/pages/privacy.html", council)


@get("/retention")
async def retention(request: Anyone, office: InOffice, council: Council = "") -> Template:
    return await _of_council(request, office, "engage/pages/retention.html", council)


@get("/cookies")
async def cookies(request: Anyone) -> Template:
    await signed_in(request)
    return render("engage/pages/cookies.html")


async def _of_council(request: Anyone, office: Office, page: str, code: str) -> Template:
    account = await signed_in(request)
    code = code or (account.authority if account else "")
    return render(page, **await to_thread.run_sync(_told, office, code))


def _told(office: Office, code: str) -> dict[str, Any]:
    """Of the only council, or of the one that is asked for; of none where several share the service and none is."""
    councils = papers.councils(office)
    asked = [each for each in councils if each.code == code] or (councils if len(councils) == 1 else [])
    told = papers.facts(office, asked[0].code) if asked else None
    name = told.council.name if told else ""
    return {"f": told, "council": name, "councils": councils, "several": len(councils) > 1}


routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[accessibility, privacy, retention, cookies], guards=[ANYBODY], include_in_schema=False)
]
