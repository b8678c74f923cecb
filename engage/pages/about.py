"""The pages every service has: accessibility, privacy, how long what is kept, cookies, contact, and where an
administrator says how the office is reached."""

from typing import Any

from anyio import to_thread
from litestar import Request, Router, get, post
from litestar.params import FromQuery
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.deployment import authorities, papers
from engage.foundation.access.rights import Right
from engage.foundation.identity import Authority
from engage.foundation.languages import spoken
from engage.foundation.office import Office
from engage.foundation.web.handlers import (
    ANYBODY,
    Asked,
    ByActor,
    Form,
    InOffice,
    WithForm,
    notify,
    redirect,
    render,
    requires,
    signed_in,
)

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


@get("/contact")
async def contact(request: Anyone, office: InOffice, council: Council = "") -> Template:
    account = await signed_in(request)
    councils, asked = await to_thread.run_sync(_asked, office, council or (account.authority if account else ""))
    name = asked.called(spoken.language()) if asked else ""
    return render("engage/pages/contact.html", authority=asked, councils=councils, council=name)


@get("/contact/change", sync_to_thread=True)
def contact_form(office: InOffice, actor: ByActor) -> Template:
    said = authorities.said(office, actor.authority)
    return render("engage/pages/contact_form.html", form=Form(said), expected=authorities.EXPECTED)


@post("/contact/change", sync_to_thread=True)
def change_contact(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    given = {name: form.text(name) for name in authorities.WRITTEN}
    for name, words in authorities.misspelt(given).items():
        form.fail(name, words)
    if not form.valid:
        return render(
            "engage/pages/contact_form.html", status_code=422, form=form, expected=authorities.EXPECTED
        )  # fmt: skip
    authorities.introduce(office, actor, given)
    notify(request, "Saved. Residents read it from now on.")
    return redirect("/contact/change")


async def _of_council(request: Anyone, office: Office, page: str, code: str) -> Template:
    account = await signed_in(request)
    code = code or (account.authority if account else "")
    return render(page, **await to_thread.run_sync(_told, office, code))


def _asked(office: Office, code: str) -> tuple[list[Authority], Authority | None]:
    """All councils, and the only one, or the one that is asked for; none where several share the service."""
    councils = papers.councils(office)
    asked = [each for each in councils if each.code == code] or (councils if len(councils) == 1 else [])
    return councils, asked[0] if asked else None


def _told(office: Office, code: str) -> dict[str, Any]:
    councils, asked = _asked(office, code)
    told = papers.facts(office, asked.code) if asked else None
    name = told.council.name if told else ""
    return {"f": told, "council": name, "councils": councils, "several": len(councils) > 1}


routes: list[ControllerRouterHandler] = [
    Router(
        "/", route_handlers=[accessibility, privacy, retention, cookies, contact], guards=[ANYBODY],
        include_in_schema=False,
    ),
    Router(
        "/", route_handlers=[contact_form, change_contact], guards=[requires(Right.administer)],
        include_in_schema=False,
    ),
]  # fmt: skip
