"""Coming in by the council's own sign-in, and going out of it."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler
from sqlmodel import Session, col, delete, select

from engage.accounts import arrivals
from engage.accounts.provider import NOT_VERIFIED, Person, Provider
from engage.foundation import audit, identity
from engage.foundation.access.rights import Role
from engage.foundation.errors import EngageError, NotAllowed
from engage.foundation.identity import Account, fingerprint
from engage.foundation.languages.catalogue import gettext, marked
from engage.foundation.office import Office
from engage.foundation.web.askers import attempts, visitors
from engage.foundation.web.askers.sign_ins import SignIn
from engage.foundation.web.handlers import ANYBODY, Door, InOffice, WithForm, local_path, redirect, render, sign_in

Anyone = Request[Any, Any, Any]
Next = Annotated[str, QueryParameter(name="next", max_length=300)]
Told = Annotated[str, QueryParameter(max_length=4000)]
GivenState = Annotated[str, QueryParameter(name="state", max_length=4000)]
BEGUN = "provider"  # in the session: what this browser set out with
LASTS = 600  # seconds
TOO_MANY = marked("Too many tries to sign in from where you are. Wait a quarter of an hour")
DECLINED = marked("Your council’s own sign-in did not let you in. Begin again")


def opened(office: Office) -> Provider | None:
    """The provider of the settings; SettingsInvalid where they do not fit together."""
    arrivals.places(office.settings)
    return Provider(office.settings) if office.settings.oidc_issuer else None


def standing(state: State) -> Provider:
    provider = state.provider
    if not isinstance(provider, Provider):
        raise NotFoundException
    return provider


@get("/sign-in/provider", include_in_schema=False, sync_to_thread=True)
def set_out(request: Anyone, state: State, office: InOffice, wanted: Next = "/") -> Template | Redirect:
    return _set_out(request, standing(state), office, local_path(wanted))


@get("/welcome/{secret:str}/provider", include_in_schema=False, sync_to_thread=True)
def set_out_with_link(
    request: Anyone, state: State, office: InOffice, secret: FromPath[str]
) -> Template | Redirect:  # fmt: skip
    """Whoever holds a one-time link makes the council's account the way into it, instead of a password."""
    with office.database.reading() as session:
        identity.by_link(session, secret, office.clock.now())
    return _set_out(request, standing(state), office, "/", link=fingerprint(secret))


@get("/sign-in/provider/back", include_in_schema=False, sync_to_thread=True)
def come_back(
    request: Anyone, state: State, office: InOffice, code: Told = "", given: GivenState = "", iss: Told = "",
) -> Template | Redirect:  # fmt: skip
    provider, begun = standing(state), request.session.pop(BEGUN, None)
    try:
        person = _identified(office, provider, begun, code, given, iss)
        account = arrivals.account_of(office, person, begun["link"])
    except EngageError as refused:
        return _not_in(refused)
    _let_in(request, office, account, person)
    return redirect(local_path(begun["next"]))


@post("/sign-in/provider/sign-out", include_in_schema=False, sync_to_thread=True)
def signed_out_there(state: State, office: InOffice, form: WithForm) -> Response[dict[str, str]]:
    """Back-channel: the provider says that somebody has signed out there, or was made to."""
    provider = standing(state)
    try:
        with office.database.session() as session:
            said = provider.signed_out(session, form.text("logout_token"), office.clock.now())
            _end(session, office, said.subject, said.session)
    except NotAllowed:
        return Response({"error": "invalid_request"}, status_code=400)
    return Response({}, status_code=200)


@get("/signed-out", include_in_schema=False, sync_to_thread=True)
def signed_out(state: State) -> Template:
    """They go on to the provider by a link, as no form of ours may lead to another site."""
    try:
        address = standing(state).sign_out_address()
    except EngageError:
        address = ""
    return render("engage/pages/signed_out.html", address=address)


def _set_out(request: Anyone, provider: Provider, office: Office, wanted: str, link: str = "") -> Template | Redirect:
    if not _free(request, office):
        return render("engage/pages/not_signed_in.html", status_code=429, said=gettext(TOO_MANY))
    try:
        address, kept = provider.begin()
    except EngageError as refused:
        return _not_in(refused)
    until = office.clock.now().timestamp() + LASTS
    request.session[BEGUN] = {**kept, "next": wanted, "link": link, "until": until}
    return Redirect(address, status_code=302)


def _free(request: Anyone, office: Office) -> bool:
    """Whoever sets out leaves a session here, so one address does so no more often than it may guess passwords."""
    here = visitors.address(request, office.settings.trusted_proxies)
    limits = {office.keys.hash("set out from", here): attempts.OF_ADDRESS} if here else {}
    with office.database.session() as session:
        return attempts.taken(session, limits, office.clock.now())


def _identified(office: Office, provider: Provider, begun: Any, code: str, given: str, iss: str) -> Person:
    """The answer belongs to what this browser set out with, which is good once and for ten minutes."""
    if not begun or begun["until"] < office.clock.now().timestamp() or given != begun["state"]:
        raise NotAllowed(NOT_VERIFIED)
    if iss and iss != provider.issuer:
        raise NotAllowed(NOT_VERIFIED)
    if not code:
        raise NotAllowed(DECLINED)
    return provider.identify(code, begun)


def _let_in(request: Anyone, office: Office, account: Account, person: Person) -> None:
    sign_in(request, account, by_provider=True, named=person.session)
    with office.database.session() as session:
        audit.record(
            session, authority=account.authority, at=office.clock.now(), actor=account.label, act="signed in",
            subject=account.label, by="council's own sign-in",
        )  # fmt: skip


def _end(session: Session, office: Office, subject: str, name: str) -> None:
    """That one sign-in, or all that this person began there; nothing where nobody is signed in any more."""
    query = select(SignIn, Account).where(SignIn.account_id == Account.id, col(SignIn.by_provider))
    if subject:
        query = query.where(Account.provider_subject == subject)
    if name:
        query = query.where(SignIn.provider_session == fingerprint(name))
    for found, account in session.exec(query).all():
        session.execute(delete(SignIn).where(col(SignIn.key) == found.key))
        audit.record(
            session, authority=account.authority, at=office.clock.now(), actor="council's own sign-in",
            act="signed out", subject=account.label,
        )  # fmt: skip


def _not_in(refused: EngageError) -> Template:
    return render("engage/pages/not_signed_in.html", status_code=refused.status, said=gettext(str(refused)))


@dataclass(frozen=True)
class FromProvider(Door):
    who: str = "the council’s own sign-in, by its signature"

    def admits(self, role: Role, act: str = "") -> bool:  # noqa: ARG002  # no person's way
        return False


routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[set_out, come_back, signed_out], guards=[ANYBODY]),
    Router("/", route_handlers=[set_out_with_link], guards=[Door("whoever has the link")]),
    Router("/", route_handlers=[signed_out_there], guards=[FromProvider()]),
]
