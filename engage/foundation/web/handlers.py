"""What every room's pages share: who is asking, what they may see, and how they are sent on."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from anyio import to_thread
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.response import Redirect
from litestar.types import Guard

from engage.foundation import identity
from engage.foundation.identity import Account, Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.forms import Form, provide_form
from engage.foundation.web.sessions import ROTATE
from engage.foundation.web.templating import render

__all__ = [
    "DEPENDENCIES",
    "Asked",
    "ByAccount",
    "ByActor",
    "Form",
    "HasRight",
    "InOffice",
    "WithForm",
    "notify",
    "redirect",
    "render",
    "requires",
    "sign_in",
    "wants_fragment",
]

Asked = Request[Account, None, Any]
InOffice = NamedDependency[Office]
ByAccount = NamedDependency[Account]
ByActor = NamedDependency[Actor]
WithForm = NamedDependency[Form]
Connection = ASGIConnection[Any, Any, Any, Any]


@dataclass(frozen=True)
class HasRight:
    """A guard that lets in who is signed in and has this right; docs/tables.py reads the right of each page off it."""

    right: Right

    async def __call__(self, connection: Connection, _handler: BaseRouteHandler) -> None:
        account = await signed_in(connection)
        if account is None:
            raise NotAuthorizedException
        identity.demand(account, self.right)


def requires(right: Right) -> Guard:
    """A guard for a page or a router: signed in, and with this right."""
    return HasRight(right)


async def signed_in(connection: Connection) -> Account | None:
    """The account of this session, looked up once for each request, as it may have been switched off since."""
    if "account" not in connection.scope["state"]:
        connection.scope["state"]["account"] = await to_thread.run_sync(_look_up, connection)
    account: Account | None = connection.scope["state"]["account"]
    return account


def _look_up(connection: Connection) -> Account | None:
    ticket = connection.scope.get("session")
    if not isinstance(ticket, dict) or "account" not in ticket:
        return None
    office = office_of(connection)
    with office.database.reading() as session:
        account, connection.scope["state"]["council"] = identity.with_council(session, ticket["account"])
    current = account is not None and account.active and _stamp(account) == ticket.get("stamp")
    return account if current and office.clock.now().timestamp() < ticket.get("until", 0) else None


def _stamp(account: Account) -> str:
    """A new password ends every session that began with the old one."""
    return identity.fingerprint(account.password)[:16]


def sign_in(request: Request[Any, Any, Any], account: Account) -> None:
    office = office_of(request)
    until = office.clock.now().timestamp() + office.settings.session_hours * 3600
    request.set_session({"account": account.id, "stamp": _stamp(account), "until": until, ROTATE: True})
    request.scope["state"]["account"] = account


def office_of(connection: Connection) -> Office:
    office: Office = connection.app.state.office
    return office


def wants_fragment(request: Request[Any, Any, Any]) -> bool:
    """htmx asks for a part of the page; everybody else gets the whole."""
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers


def redirect(path: str) -> Redirect:
    """On to the next page after a form, by GET."""
    return Redirect(path, status_code=303)


def notify(request: Request[Any, Any, Any], words: str, *, success: bool = True) -> None:
    """Say this at the top of the next page."""
    request.session.setdefault("notices", []).append({"text": words, "type": "success" if success else "information"})


def local_path(candidate: str) -> str:
    """Where to go after signing in: only to a page of ours."""
    own = candidate.startswith("/") and not candidate.startswith(("//", "/\\")) and "\\" not in candidate
    return candidate if own and candidate.isprintable() else "/"


def sign_in_path(request: Request[Any, Any, Any]) -> str:
    wanted = request.scope["path"] if request.method == "GET" else "/"
    return "/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted)}"


def provide_office(request: Asked) -> Office:
    return office_of(request)


def provide_account(request: Asked) -> Account:
    account = request.scope["state"].get("account")
    if not isinstance(account, Account):
        raise NotAuthorizedException
    return account


def provide_actor(request: Asked) -> Actor:
    account = provide_account(request)
    return Actor(account.authority, account.label, account.id)


DEPENDENCIES = {
    "office": Provide(provide_office, sync_to_thread=False),
    "account": Provide(provide_account, sync_to_thread=False),
    "actor": Provide(provide_actor, sync_to_thread=False),
    "form": Provide(provide_form),
}
