"""What a person sees when something is refused or breaks: what happened, that nothing was changed, what to do next."""

from collections.abc import Callable
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engage.foundation.errors import EngageError, LakeDamaged
from engage.foundation.languages import spoken
from engage.foundation.languages.catalogue import gettext, marked
from engage.foundation.logs import log_fault
from engage.foundation.web.bodies import BodyRefused
from engage.foundation.web.handlers import sign_in_path
from engage.foundation.web.templating import render

Fault = Callable[[Request[Any, Any, Any], Exception], Response[Any]]

# Title, then what to do.
WORDS: dict[int, tuple[str, str]] = {
    400: (marked("There is a problem with what was sent"), marked("Go back, check what you entered and try again.")),
    401: (marked("The token is not known"), marked("Send the token of your system as Authorization: Bearer.")),
    403: (
        marked("You cannot see this page"),
        marked("Your account does not have the right it needs. Ask an administrator."),
    ),
    404: (
        marked("Page not found"),
        marked("If you typed the web address, check it is correct. If you pasted it, check you copied all of it."),
    ),
    405: (marked("This page cannot do that"), marked("Go back and use the buttons of the page.")),
    409: (marked("This cannot be done now"), marked("Nothing was changed.")),
    408: (
        marked("It took too long to arrive"),
        marked("Nothing was changed. Check your connection and send it again."),
    ),
    413: (marked("Too much was sent at once"), marked("Nothing was changed.")),
    422: (
        marked("There is a problem with what was sent"),
        marked("Nothing was changed. Go back, correct it and try again."),
    ),
    429: (marked("Too many attempts"), marked("Wait a quarter of an hour, then try again.")),
    500: (
        marked("Sorry, there is a problem with the service"),
        marked("Nothing was half done: whatever was being saved was left as it was."),
    ),
    503: (
        marked("Sorry, the service is not ready"),
        marked("Try again in a minute. Nothing was half done: look first whether what you were saving is there."),
    ),
}
DAMAGED = (
    marked("What this page is made of is damaged"),
    marked("Tell whoever runs the service. The other pages can be used."),
)
DATABASE_AWAY = marked("The service cannot reach its database at the moment.")
RETRY_AFTER = "30"  # seconds
FORM_EXPIRED = (
    marked("This form is too old"),
    marked("Go back, reload the page and send it again. This keeps others from sending forms in your name."),
)


def engage_fault(request: Request[Any, Any, Any], error: EngageError) -> Response[Any]:
    """A refusal of ours already says what is wrong in a sentence made for officers."""
    title, advice = DAMAGED if isinstance(error, LakeDamaged) else WORDS.get(error.status, WORDS[500])
    return page(request, error.status, title, advice, said=str(error))


def http_fault(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    if error.status_code == 401 and not _wants_json(request):
        return Redirect(sign_in_path(request), status_code=303)
    status = error.status_code if error.status_code in WORDS else 400 if error.status_code < 500 else 500
    title, advice = FORM_EXPIRED if "CSRF" in error.detail else WORDS[status]
    said = error.detail if isinstance(error, BodyRefused) else ""
    reference = log_fault(error) if error.status_code >= 500 else ""
    return page(
        request, error.status_code, title, advice, said=said, reference=reference, headers=error.headers
    )  # fmt: skip


def unforeseen_fault(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    title, advice = WORDS[500]
    return page(request, 500, title, advice, reference=log_fault(error))


def database_fault(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Away, locked for too long, or without a connection to spare: it is back by itself when the database is."""
    title, advice = WORDS[503]
    return page(request, 503, title, advice, said=DATABASE_AWAY, reference=log_fault(error))


def page(
    request: Request[Any, Any, Any], status: int, title: str, advice: str, *, said: str = "", reference: str = "",
    headers: dict[str, str] | None = None,
) -> Response[Any]:  # fmt: skip
    headers = (headers or {}) | ({"Retry-After": RETRY_AFTER} if status == 503 else {})
    if _wants_json(request):
        body = {"status": status, "title": title, "detail": said or advice}
        return Response(body, status_code=status, media_type="application/problem+json", headers=headers)
    ours = gettext(said)
    page = render(
        "error.html", status_code=status, title=gettext(title), advice=gettext(advice), said=ours, reference=reference,
        said_in="en" if said == ours else spoken.language(),
    )  # fmt: skip
    page.headers.update(headers)
    return page


def _wants_json(request: Request[Any, Any, Any]) -> bool:
    return request.scope["path"].startswith(("/api/", "/notify/", "/metrics"))


HANDLERS: ExceptionHandlersMap = {
    EngageError: engage_fault,
    HTTPException: http_fault,
    **dict.fromkeys((OperationalError, InterfaceError, PoolTimeout), database_fault),
    500: unforeseen_fault,
}
