"""The page a poster leads to: "Are we all registered here?". It asks for nothing, knows no home, and says the same to
everybody; what is pressed is counted by poster and day.

Nobody here has a session, and no cookie is set. A poster is printed in one language, so its address has two spellings;
the other language is one press away.
"""

from typing import Any

from anyio import to_thread
from litestar import Request, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from campaigns.sharing import counts, posters
from campaigns.sharing.posters import Found
from engage.foundation.errors import NotFound
from engage.foundation.languages import spoken
from engage.foundation.office import Office
from engage.foundation.web.bodies import CALLBACK, taking
from engage.foundation.web.handlers import ANYBODY, InOffice, redirect, render

Anyone = Request[Any, Any, Any]
Code = FromPath[str]
GOV_UK = {"en": "https://www.gov.uk/register-to-vote", "cy": "https://www.gov.uk/cofrestru-i-bleidleisio"}
WELSH = "/yma/"


@get(["/here/{poster:str}", "/yma/{poster:str}"])
async def here(request: Anyone, office: InOffice, poster: Code) -> Template:
    return await _page(request, office, poster, "here.html", counts.VISIT)


@get(["/here/{poster:str}/register", "/yma/{poster:str}/register"])
async def register(request: Anyone, office: InOffice, poster: Code) -> Template | Redirect:
    """On to GOV.UK. By a link and not a form, as browsers keep a form of ours from going on to another website."""
    language = _spoken(request)
    found = await to_thread.run_sync(_found, request, office, poster, counts.REGISTER)
    return redirect(GOV_UK[language]) if found else _unknown(language)


@get(["/here/{poster:str}/help", "/yma/{poster:str}/help"])
async def help_again(request: Anyone, office: InOffice, poster: Code) -> Template:
    """Also in the other language, and when it is loaded again: not counted."""
    return await _page(request, office, poster, "help.html")


@post(["/here/{poster:str}/help", "/yma/{poster:str}/help"], status_code=200)
async def needs_help(request: Anyone, office: InOffice, poster: Code) -> Template:
    return await _page(request, office, poster, "help.html", counts.HELP)


@get(["/here/{poster:str}/registered", "/yma/{poster:str}/registered"])
async def registered_again(request: Anyone, office: InOffice, poster: Code) -> Template:
    return await _page(request, office, poster, "registered.html")


@post(["/here/{poster:str}/registered", "/yma/{poster:str}/registered"], status_code=200)
async def registered(request: Anyone, office: InOffice, poster: Code) -> Template:
    return await _page(request, office, poster, "registered.html", counts.ALL)


async def _page(
    request: Anyone, office: Office, code: str, template: str, pressed: str = ""
) -> Template:  # fmt: skip
    language = _spoken(request)
    found = await to_thread.run_sync(_found, request, office, code, pressed)
    if found is None:
        return _unknown(language)
    council = found.authority
    return render(
        f"campaigns/sharing/{template}", lang=language, authority=council, code=found.code,
        council=council.called(language), here=f"{WELSH if language == 'cy' else '/here/'}{found.code}",
    )  # fmt: skip


def _found(request: Anyone, office: Office, code: str, pressed: str) -> Found | None:
    """Not by Litestar's own threads, which break where a handler has two paths."""
    try:
        found = posters.look_up(office, code)
    except NotFound:
        return None
    if pressed:
        counts.count(office, request, found.code, pressed)
    return found


def _spoken(request: Anyone) -> str:
    return spoken.asked() or ("cy" if request.url.path.startswith(WELSH) else "en")


def _unknown(lang: str) -> Template:
    return render("campaigns/sharing/unknown.html", status_code=404, lang=lang)


routes: list[ControllerRouterHandler] = [
    Router(
        "/",
        route_handlers=[here, register, help_again, needs_help, registered_again, registered],
        guards=[ANYBODY], include_in_schema=False, opt=taking(CALLBACK),
    )
]  # fmt: skip
