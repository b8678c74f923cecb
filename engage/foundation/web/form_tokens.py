"""The token in each form, without which nothing is changed: only a page that was made for this very session has it.

Before somebody signs in it is tied to a cookie of its own. It is another one on every page, so that the length of a
compressed page says nothing of it.
"""

import hmac
import secrets
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.exceptions import PermissionDeniedException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from litestar.utils.scope.state import ScopeState

from engage.foundation.office import Office
from engage.foundation.web.bodies import SAFE

COOKIE, FIELD, HEADER = "engage_form", "_csrf_token", "x-csrftoken"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# A bearer token or the secret in the address counts here, and on the dashboard, where nothing is changed, the origin.
# A poster's page has neither session nor secret, and nothing to change but a count.
WITHOUT = (
    "/assets/", "/health", "/metrics", "/notify/", "/r/", "/here/", "/yma/", "/dashboard/",
    "/sign-in/provider/sign-out",
    "/api/addresses/match",
)  # fmt: skip
WORDS = "CSRF token verification failed"


class FormTokens(ASGIMiddleware):
    scopes = (ScopeType.HTTP,)

    def __init__(self, office: Office) -> None:
        self._office = office

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["path"].startswith(WITHOUT):
            await next_app(scope, receive, send)
            return
        request = Request[Any, Any, Any](scope, receive)
        tied, fresh = self._tied_to(request)
        if request.method not in SAFE and (fresh or not self._holds(await _given(request), tied)):
            raise PermissionDeniedException(WORDS)
        ScopeState.from_scope(scope).csrf_token = self._token(tied, secrets.token_hex(16))
        await next_app(scope, receive, self._setting(send, tied) if fresh else send)

    def _tied_to(self, request: Request[Any, Any, Any]) -> tuple[str, bool]:
        """The session, else the cookie before it, and whether that is yet to be set."""
        settings = self._office.settings
        given = request.cookies.get(settings.cookie("engage")) or request.cookies.get(settings.cookie(COOKIE))
        return (given, False) if given else (secrets.token_urlsafe(32), True)

    def _token(self, tied: str, salt: str) -> str:
        return f"{salt}.{self._office.keys.hash('form', salt, tied)}"

    def _holds(self, given: str, tied: str) -> bool:
        salt = given.partition(".")[0] if given.isascii() else ""
        return bool(salt) and hmac.compare_digest(given.encode(), self._token(tied, salt).encode())

    def _setting(self, send: Send, value: str) -> Send:
        settings = self._office.settings
        cookie = Cookie(
            key=settings.cookie(COOKIE), value=value, path="/", secure=settings.secure_cookies, httponly=True,
            samesite="lax",
        )  # fmt: skip

        async def setting(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableScopeHeaders.from_message(message).add("set-cookie", cookie.to_header(header=""))
            await send(message)

        return setting


async def _given(request: Request[Any, Any, Any]) -> str:
    given = request.headers.get(HEADER)
    if not given and request.content_type[0] in FORMS:
        given = (await request.form()).get(FIELD)
    return given if isinstance(given, str) else ""
