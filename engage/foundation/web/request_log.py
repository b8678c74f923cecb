"""What the web application answered: which route, how long; never a path, as one may hold a resident's token."""

import time

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from engage.foundation.logs import log

QUIET = ("/assets", "/health", "/metrics")


class RequestLog(ASGIMiddleware):
    """One line for each answer, and one more in the counts, by the route's pattern."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        started, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await next_app(scope, receive, watched)
        finally:
            self._write(scope, status, time.perf_counter() - started)

    @staticmethod
    def _write(scope: Scope, status: int, seconds: float) -> None:
        route = str(scope.get("path_template", ""))
        scope["litestar_app"].state.tally.count(str(scope.get("method")), route, status, seconds)
        if not route.startswith(QUIET):
            log().info("answered", method=scope.get("method"), route=route, status=status, ms=round(seconds * 1000, 1))
