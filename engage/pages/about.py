"""The pages every service has: accessibility, privacy, cookies."""

from typing import Any, Literal

from litestar import Request, Router, get
from litestar.params import FromQuery
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from engage.foundation.web.handlers import ANYBODY, render, signed_in

Anyone = Request[Any, Any, Any]
Language = FromQuery[Literal["en", "cy"]]


@get("/accessibility")
async def accessibility(request: Anyone, lang: Language = "en") -> Template:
    await signed_in(request)
    return render("engage/pages/accessibility.html", lang=lang)


@get("/privacy")
async def privacy(request: Anyone, lang: Language = "en") -> Template:
    await signed_in(request)
    return render("engage/pages/privacy.html", lang=lang)


@get("/cookies")
async def cookies(request: Anyone, lang: Language = "en") -> Template:
    await signed_in(request)
    return render("engage/pages/cookies.html", lang=lang)


routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[accessibility, privacy, cookies], guards=[ANYBODY], include_in_schema=False)
]
