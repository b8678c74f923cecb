"""What every room's pages share: who is asking, what they may see, and how they are sent on."""

from collections.abc import Mapping
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
from engage.foundation.access.tokens import SystemToken
from engage.foundation.errors import NotFound
from engage.foundation.identity import RIGHTS, Account, Right, Role
from engage.foundation.languages import spoken
from engage.foundation.office import Actor, Office
from engage.foundation.web import kept_forms
from engage.foundation.web.askers import bearers, sign_ins, visitors
from engage.foundation.web.askers.sign_ins import SignIn, stamp
from engage.foundation.web.forms import Form, provide_form
from engage.foundation.web.sessions import ROTATE
from engage.foundation.web.templating import render

__all__ = [
    "ANYBODY",
    "DEPENDENCIES",
    "Asked",
    "Asker",
    "ByAccount",
    "ByActor",
    "BySignIn",
    "Connection",
    "Door",
    "Form",
    "HasRight",
    "HasRightTo",
    "InOffice",
    "SignedIn",
    "WithForm",
    "actor_of",
    "asker_of",
    "notify",
    "redirect",
    "render",
    "requires",
    "requires_of_act",
    "sign_in",
    "sign_out",
    "stamp",
    "wants_fragment",
]

Asked = Request[Account, None, Any]
Asker = Account | SystemToken
InOffice = NamedDependency[Office]
ByAccount = NamedDependency[Account]
ByActor = NamedDependency[Actor]
BySignIn = NamedDependency[SignIn]
WithForm = NamedDependency[Form]
Connection = ASGIConnection[Any, Any, Any, Any]


@dataclass(frozen=True)
class Door:
    """Who a handler is for: each has exactly one, and docs/tables.py reads it. `who` says it in words."""

    who: str

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Open, or guarded otherwise, as by a secret in the address."""

    def admits(self, role: Role, act: str = "") -> bool:  # noqa: ARG002  # what a role is let in for
        return True


@dataclass(frozen=True)
class SignedIn(Door):
    who: str = "whoever is signed in"

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:  # noqa: ARG002  # as Litestar calls it
        await demanded(connection)


@dataclass(frozen=True)
class HasRight(Door):
    """For who is signed in, or a system whose token it is, with this right."""

    right: Right

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:  # noqa: ARG002  # as Litestar calls it
        identity.demand(await demanded(connection), self.right)

    def admits(self, role: Role, act: str = "") -> bool:  # noqa: ARG002  # one right for all
        return self.right in RIGHTS[role]


@dataclass(frozen=True)
class HasRightTo(Door):
    """For who may do what the last part of the path names; what is not among `acts` is no page."""

    acts: Mapping[str, Right]

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:  # noqa: ARG002  # as Litestar calls it
        asker, act = await demanded(connection), str(connection.path_params["act"])
        identity.demand(asker, self.acts.get(act, Right.see_data))
        if act not in self.acts:
            raise NotFound("There is no such page.")

    def admits(self, role: Role, act: str = "") -> bool:
        return self.acts[act] in RIGHTS[role]


ANYBODY = Door("anybody")


def requires(right: Right) -> Guard:
    """A guard for a page or a router: with this right."""
    return HasRight(right.value, right)


def requires_of_act(acts: Mapping[str, Right]) -> Guard:
    return HasRightTo("the right to the act", acts)


async def demanded(connection: Connection) -> Asker:
    """Who asks: a system where it sends its token, else who is signed in."""
    if secret := bearers.sent(connection):
        connection.scope["state"]["bearer"] = asker = await bearers.bearer(connection, secret)
        return asker
    account = await signed_in(connection)
    if account is None:
        await kept_forms.keep(connection, office_of(connection))
        raise NotAuthorizedException
    return account


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
    state["around"] = connection.app.state.around(account, connection.scope["path"])
    return account


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
    with office.database.session() as session:
        kept_forms.forget_old(session, now)
    request.set_session({"sign_in": key, "stamp": stamp(account), "lang": spoken.language(), ROTATE: True})
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
    """On the way back to the page that was asked for, or that of the form that was sent too late."""
    if kept := request.scope["state"].get("kept"):
        key, page = kept
        return f"/sign-in?next={quote(f'{page}?kept={key}')}"
    wanted = request.scope["path"] if request.method == "GET" else "/"
    return "/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted)}"


def provide_office(request: Asked) -> Office:
    return office_of(request)


def provide_account(request: Asked) -> Account:
    account = request.scope["state"].get("account")
    if not isinstance(account, Account):
        raise NotAuthorizedException
    return account


def asker_of(request: Asked) -> Asker:
    """For what a system may read, too; Litestar hands in no union of tables."""
    system = request.scope["state"].get("bearer")
    return system if isinstance(system, SystemToken) else provide_account(request)


def provide_sign_in(request: Asked) -> SignIn:
    sign_in = request.scope["state"].get("sign_in")
    if not isinstance(sign_in, SignIn):
        raise NotAuthorizedException
    return sign_in


def provide_actor(request: Asked) -> Actor:
    return actor_of(asker_of(request))


def actor_of(asker: Asker) -> Actor:
    """A system has no account: what it may read, its door has asked."""
    return Actor(asker.authority, asker.label, asker.id if isinstance(asker, Account) else None)


DEPENDENCIES = {
    "office": Provide(provide_office, sync_to_thread=False),
    "account": Provide(provide_account, sync_to_thread=False),
    "actor": Provide(provide_actor, sync_to_thread=False),
    "current": Provide(provide_sign_in, sync_to_thread=False),
    "form": Provide(provide_form),
}
