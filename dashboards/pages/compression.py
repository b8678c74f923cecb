"""Dash's scripts, compressed once and kept: Plotly alone is megabytes, and its own server compresses each time anew.
Its layout is kept with the figures that it shows, and is of nobody."""

import gzip
from collections.abc import Callable, Coroutine
from typing import Any, cast

from anyio import to_thread
from litestar.types import Message, Receive, Scope, Send

from dashboards.published.figures import Figures

App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]
SCRIPTS = "/_dash-component-suites/"
WORTH_IT = 1024
MOST = 256
KEPT_WITH = "engage.figures"
"""In the scope, the figures of whoever asks, where the answer is made of them alone."""


class Compressed:
    """ASGI: answers go gzipped to those who take it; scripts, whose names tell their version, out of memory."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._kept: dict[str, list[Message]] = {}
        self._layouts: dict[str, tuple[Figures, list[Message]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"]):
            await self.app(scope, receive, send)
            return
        path, figures = scope["path"], cast("Figures | None", scope.get(KEPT_WITH))
        known = self._layouts.get(figures.authority) if figures else None
        messages = known[1] if known and known[0] is figures else self._kept.get(path)
        messages = messages or await self._answer(scope, receive)
        whole = messages[0].get("status") == 200 and scope.get("method") == "GET"
        if figures and whole:
            self._layouts[figures.authority] = figures, messages
        if SCRIPTS in path and whole and len(self._kept) < MOST:
            self._kept[path] = messages
        for message in messages:
            await send(message.copy())

    async def _answer(self, scope: Scope, receive: Receive) -> list[Message]:
        said: list[Any] = []

        async def hear(message: Message) -> None:
            said.append(message)

        await self.app(scope, receive, hear)
        body = b"".join(message.get("body", b"") for message in said[1:])
        start: Any = said[0]
        headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        if len(body) >= WORTH_IT:
            body = await to_thread.run_sync(gzip.compress, body, 6)
            headers.append((b"content-encoding", b"gzip"))
        headers += [(b"content-length", str(len(body)).encode()), (b"vary", b"Accept-Encoding")]
        answer: list[Any] = [{**start, "headers": headers}, {"type": "http.response.body", "body": body}]
        return answer
