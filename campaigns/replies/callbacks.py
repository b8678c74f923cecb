"""What GOV.UK Notify sends by callback: receipts, texts and returned letters. It has no session, so no CSRF token: a
bearer token protects what it says."""

import hmac
from dataclasses import dataclass
from typing import Any

from litestar import Router, post
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from campaigns.replies import receipts, received_texts, returned_letters
from engage.foundation.access.rights import Role
from engage.foundation.errors import NotifyUnavailable
from engage.foundation.web.bodies import CALLBACK, taking
from engage.foundation.web.handlers import Connection, Door, InOffice, office_of

Callback = dict[str, Any]


@dataclass(frozen=True)
class FromNotify(Door):
    who: str = "GOV.UK Notify, by its token"

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:  # noqa: ARG002  # as Litestar calls it
        """503 while no token is set: Notify tries again for a 5xx, and gives up on a 4xx."""
        expected = office_of(connection).settings.notify_callback_token.get_secret_value()
        if not expected:
            raise NotifyUnavailable("Receipts are not taken yet: ENGAGE_NOTIFY_CALLBACK_TOKEN is not set.")
        given = connection.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {expected}".encode()):
            raise NotAuthorizedException(detail="The bearer token is wrong.")

    def admits(self, role: Role, act: str = "") -> bool:  # noqa: ARG002  # none of ours
        return False


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
        route_handlers=[notify_receipt, notify_text, notify_returned_letter],
        guards=[FromNotify()],
        opt=taking(CALLBACK),
        tags=["GOV.UK Notify"],
    ),
]
