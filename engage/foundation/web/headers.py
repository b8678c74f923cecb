"""Headers that every answer carries, so that a page can load only what is ours and nobody can frame or cache it."""

from collections.abc import Awaitable, Callable

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'none'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # To ourselves alone. With `no-referrer` a browser would keep its origin from our own forms, too.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Pages hold an authority's figures or a resident's token; files with hashed names set their own.
    "Cache-Control": "no-store",
}
SECRET_PATHS = ("/r/", "/welcome/")  # whose address is the key to them
TWO_YEARS = "max-age=63072000; includeSubDomains"


def secured(*, https: bool, policies: dict[str, str] | None = None) -> Callable[[Message, Scope], Awaitable[None]]:
    """A `before_send` hook; `policies` gives another content security policy to paths with a prefix (`/dashboard/`)."""
    always = ALWAYS | ({"Strict-Transport-Security": TWO_YEARS} if https else {})

    async def add(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = MutableScopeHeaders.from_message(message)
        if scope["path"].startswith(SECRET_PATHS):
            headers.setdefault("Referrer-Policy", "no-referrer")
        for name, value in always.items():
            headers.setdefault(name, value)
        headers.setdefault("Content-Security-Policy", _policy(scope["path"], policies or {}))

    return add


def _policy(path: str, policies: dict[str, str]) -> str:
    return next((policy for prefix, policy in policies.items() if path.startswith(prefix)), POLICY)
