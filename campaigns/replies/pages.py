"""What comes in from outside: residents by the link in their message, and GOV.UK Notify with receipts, texts and
returned letters.

Neither has a session, so neither sends a CSRF token: a resident's act is protected by the secret in its address, which
another website cannot know, and Notify's by a bearer token. Mail programs unsubscribe by an empty POST (RFC 8058).
"""

import hmac
from typing import Any, Literal

from litestar import Router, get, post
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from campaigns.replies import receipts, received_texts, residents, returned_letters
from engage.foundation.errors import NotifyUnavailable
from engage.foundation.office import Office
from engage.foundation.web.bodies import CALLBACK, taking
from engage.foundation.web.handlers import InOffice, office_of, render

Token = FromPath[str]
Language = FromQuery[Literal["en", "cy"]]
Callback = dict[str, Any]


@get("/r/{token:str}", sync_to_thread=True)
def resident(office: InOffice, token: Token, lang: Language = "en") -> Template:
    return _page(office, token, lang)


@post("/r/{token:str}", status_code=200, sync_to_thread=True)
def resident_stop(office: InOffice, token: Token, lang: Language = "en") -> Template:
    residents.stop_reminders(office, token)
    return _page(office, token, lang)


@post("/r/{token:str}/stop", status_code=200, sync_to_thread=True)
def one_click(office: InOffice, token: Token) -> Template:
    """RFC 8058: what a mail program sends when its own unsubscribe button is pressed."""
    residents.stop_reminders(office, token)
    return _page(office, token, "en")


@get("/r/{token:str}/stop", sync_to_thread=True)
def one_click_page(office: InOffice, token: Token, lang: Language = "en") -> Template:
    """Some mail programs open the unsubscribe address instead; looking at it changes nothing."""
    return _page(office, token, lang)


def _page(office: Office, token: str, lang: str) -> Template:
    link = residents.look_up(office, token)
    ahead = link.deadline if link.deadline and link.deadline > office.clock.now() else None
    return render(
        "campaigns/replies/link.html", link=link, lang=lang, council=link.council, token=token, deadline=ahead
    )


async def from_notify(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """503 while no token is set: Notify tries again for a 5xx, and gives up on a 4xx."""
    expected = office_of(connection).settings.notify_callback_token.get_secret_value()
    if not expected:
        raise NotifyUnavailable("Receipts are not taken yet: ENGAGE_NOTIFY_CALLBACK_TOKEN is not set.")
    given = connection.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {expected}".encode()):
        raise NotAuthorizedException(detail="The bearer token is wrong.")


@post("/notify/receipts", status_code=204, sync_to_thread=True)
def notify_receipt(office: InOffice, data: JSONBody[Callback]) -> None:
    receipts.receive(office, data)


@post("/notify/received-texts", status_code=204, sync_to_thread=True)
def notify_text(office: InOffice, data: JSONBody[Callback]) -> None:
    received_texts.receive(office, data)


@post("/notify/returned-letters", status_code=204, sync_to_thread=True)
def notify_returned_letter(office: InOffice, data: JSONBody[Callback]) -> None:
    returned_letters.receive(office, data)


routes: list[ControllerRouterHandler] = [
    Router(
        "/",
        route_handlers=[resident, resident_stop, one_click, one_click_page],
        include_in_schema=False,
        opt=taking(CALLBACK),
    ),
    Router(
        "/",
        route_handlers=[notify_receipt, notify_text, notify_returned_letter],
        guards=[from_notify],
        opt=taking(CALLBACK),
        tags=["GOV.UK Notify"],
    ),
]
