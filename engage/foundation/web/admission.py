"""Which requests are let in at all, before a route is looked for: to a name of this service, in letters that can be
read, and from its own pages where something may change. HEAD is answered as GET is, without the body."""

import re
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.exceptions import NotFoundException
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from engage.foundation.languages import spoken
from engage.foundation.languages.catalogue import marked
from engage.foundation.logs import log_fault
from engage.foundation.office import Office
from engage.foundation.web import faults
from engage.foundation.web.bodies import SAFE

HOST = re.compile(r"(?P<name>[a-z0-9_.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::(?P<port>\d{1,5}))?", re.IGNORECASE)
# Not called by a browser's session: a bearer token or the secret in the address counts. A mail program unsubscribes by
# a POST of its own (RFC 8058).
WITHOUT_SESSION = ("/notify/", "/r/", "/welcome/", "/sign-in/provider/sign-out")
OWN = ("same-origin", "none")  # `none`: by the browser's own address bar or a bookmark

LARGEST = 2**31 - 1

ILLEGIBLE = marked("Its address cannot be read.")
ELSEWHERE = marked("This service does not answer under this name. Its operator can add the name to ENGAGE_HOSTS.")
FOREIGN = marked("This was sent by another website. Open the page of this service and send it from there.")


class Admission:
    """Around the whole application."""

    def __init__(self, app: ASGIApp, office: Office) -> None:
        self._app, self._settings = app, office.settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope["method"], send = "GET", _headers_only(send)
        spoken.begin(scope["query_string"])
        status, words = self._refusal(scope)
        if status:
            await _refuse(scope, receive, send, status, words)
        else:
            await self._answer(scope, receive, _with_head(send))

    def _refusal(self, scope: HTTPScope) -> tuple[int, str]:
        headers = Headers.from_scope(scope)
        host = headers.getall("host", [])
        if not _legible(scope) or len(host) > 1 or (host and not _whole(host[0])):
            return 400, ILLEGIBLE
        if host and name_of(host[0]) not in self._settings.known_hosts:
            return 400, ELSEWHERE
        if scope["method"] not in SAFE and not scope["path"].startswith(WITHOUT_SESSION) and self._is_foreign(headers):
            return 403, FOREIGN
        return 0, ""

    def _is_foreign(self, headers: Headers) -> bool:
        """As the browser says. What says neither is no browser of these years, and holds nobody else's session."""
        if site := headers.get("sec-fetch-site"):
            return site not in OWN
        origin = headers.get("origin")
        return origin is not None and origin not in self._origins(headers.get("host", ""))

    def _origins(self, host: str) -> tuple[str, ...]:
        scheme = "https" if self._settings.secure_cookies else "http"
        return (f"{scheme}://{host}", "{0.scheme}://{0.netloc}".format(urlsplit(self._settings.base_url)))

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """What breaks beyond every handler has its line in the log, too."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if begun:
                log_fault(error)
                raise
            answer = faults.unforeseen_fault(Request[Any, Any, Any](scope), error)
            await answer.to_asgi_response(app=None, request=Request(scope))(scope, receive, send)


async def before_any(request: Request[Any, Any, Any]) -> None:
    """Before each handler."""
    await numbers_within(request)
    _keep_language(request)


def _keep_language(request: Request[Any, Any, Any]) -> None:
    """Who has a session, because they are signed in or on the way, keeps in it the language they chose."""
    session = request.scope.get("session")
    if not isinstance(session, dict) or not session:
        return
    chosen = spoken.asked()
    if chosen and session.get("lang", "en") != chosen:
        session["lang"] = chosen
    spoken.speak(chosen or session.get("lang"))


async def numbers_within(request: Request[Any, Any, Any]) -> None:
    """Before a handler asks the database: nothing here has a number beyond a whole number of either."""
    if any(isinstance(value, int) and not 0 <= value <= LARGEST for value in request.path_params.values()):
        raise NotFoundException


def _legible(scope: HTTPScope) -> bool:
    try:
        scope["query_string"].decode()
        scope["path"].encode()
    except UnicodeError:
        return False
    return "\0" not in scope["path"] and not re.search(rb"\0|%00", scope["query_string"])


def _whole(host: str) -> bool:
    found = HOST.fullmatch(host)
    return found is not None and int(found["port"] or 0) < 1 << 16


def name_of(host: str) -> str:
    """`Example.gov.uk:8000` without its port."""
    found = HOST.fullmatch(host)
    return found["name"].lower().strip("[]").rstrip(".") if found else ""


async def _refuse(scope: HTTPScope, receive: Receive, send: Send, status: int, words: str) -> None:
    """On a page made without anything that could not be read."""
    scope["query_string"], scope["headers"] = b"", []
    scope["path"] = scope["path"].encode(errors="replace").decode().replace("\0", "")
    request = Request[Any, Any, Any](scope)
    title = faults.WORDS[status][0]
    answer = faults.page(request, status, title, "Nothing was changed.", said=words)
    await answer.to_asgi_response(app=None, request=request)(scope, receive, send)


def _headers_only(send: Send) -> Send:
    """One empty body in the place of however many there were."""
    ended = False

    async def cut(message: Message) -> None:
        nonlocal ended
        if message["type"] != "http.response.body":
            await send(message)
        elif not ended:
            ended = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return cut


def _with_head(send: Send) -> Send:
    """Where a refusal says what a path can do."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableScopeHeaders.from_message(message)
            methods = [each.strip() for each in headers.get("allow", "").split(",")]
            if "GET" in methods and "HEAD" not in methods:
                headers["allow"] = ", ".join(sorted([*methods, "HEAD"]))
        await send(message)

    return told
