"""What every room's pages share: who is asking, what they may see, and how they are sent on."""

from dataclasses import dataclass
from datetime import timedelta
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
from engage.foundation.web import sign_ins, visitors
from engage.foundation.web.forms import Form, provide_form
from engage.foundation.web.sessions import ROTATE
from engage.foundation.web.sign_ins import SignIn
from engage.foundation.web.templating import render

__all__ = [
    "DEPENDENCIES",
    "Asked",
    "ByAccount",
    "ByActor",
    "BySignIn",
    "Form",
    "HasAccount",
    "HasRight",
    "InOffice",
    "WithForm",
    "notify",
    "redirect",
    "render",
    "requires",
    "sign_in",
    "sign_out",
    "stamp",
    "wants_fragment",
]

Asked = Request[Account, None, Any]
InOffice = NamedDependency[Office]
ByAccount = NamedDependency[Account]
ByActor = NamedDependency[Actor]
BySignIn = NamedDependency[SignIn]
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


class HasAccount:
    """A guard that lets in whoever is signed in, for what is their own."""

    async def __call__(self, connection: Connection, _handler: BaseRouteHandler) -> None:
        if await signed_in(connection) is None:
            raise NotAuthorizedException


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
    ticket, state = connection.scope.get("session"), connection.scope["state"]
    if not isinstance(ticket, dict) or "sign_in" not in ticket:
        return None
    office = office_of(connection)
    with office.database.reading() as session:
        found = sign_ins.standing(session, ticket["sign_in"], office.clock.now())
    if found is None or not found[1].active or stamp(found[1]) != ticket.get("stamp"):
        return None
    state["sign_in"], account, state["council"] = found
    sign_ins.saw(office, found[0])
    return account


def stamp(account: Account) -> str:
    """A new password ends every session that began with the old one."""
    return identity.fingerprint(account.password)[:16]


def sign_in(request: Request[Any, Any, Any], account: Account, *, by_provider: bool = False, named: str = "") -> None:
    """`named` is the provider's own name of this sign-in, by which it may end it."""
    office = office_of(request)
    now = office.clock.now()
    begun = SignIn(
        key=sign_ins.new_key(), account_id=account.id or 0, begun=now, seen=now,
        ends=now + timedelta(hours=office.settings.session_hours),
        address=visitors.address(request, office.settings.trusted_proxies),
        browser=sign_ins.named(request.headers.get("user-agent", "")),
        by_provider=by_provider, provider_session=identity.fingerprint(named) if named else "",
    )  # fmt: skip
    key = sign_ins.begin(office, begun, instead_of=request.session.get("sign_in", ""))
    request.set_session({"sign_in": key, "stamp": stamp(account), ROTATE: True})
    request.scope["state"].update(account=account, sign_in=begun)


def sign_out(request: Request[Any, Any, Any]) -> bool:
    """Whether the council's own sign-in had let them in, where they are signed in still."""
    key = request.session.get("sign_in", "")
    request.clear_session()
    return bool(key) and sign_ins.drop(office_of(request), key)


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
    wanted = request.url.path if request.method == "GET" else "/"
    return "/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted)}"


def provide_office(request: Asked) -> Office:
    return office_of(request)


def provide_account(request: Asked) -> Account:
    account = request.scope["state"].get("account")
    if not isinstance(account, Account):
        raise NotAuthorizedException
    return account


def provide_sign_in(request: Asked) -> SignIn:
    sign_in = request.scope["state"].get("sign_in")
    if not isinstance(sign_in, SignIn):
        raise NotAuthorizedException
    return sign_in


def provide_actor(request: Asked) -> Actor:
    account = provide_account(request)
    return Actor(account.authority, account.label, account.id)


DEPENDENCIES = {
    "office": Provide(provide_office, sync_to_thread=False),
    "account": Provide(provide_account, sync_to_thread=False),
    "actor": Provide(provide_actor, sync_to_thread=False),
    "current": Provide(provide_sign_in, sync_to_thread=False),
    "form": Provide(provide_form),
}
