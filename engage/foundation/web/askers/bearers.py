"""Other systems, by the token each sends: they read the API and the metrics, and never a page or with a session."""

from typing import Any

from anyio import to_thread
from litestar.connection import ASGIConnection
from litestar.exceptions import TooManyRequestsException
from litestar.types import Method

from engage.foundation.access import tokens
from engage.foundation.access.tokens import SystemToken
from engage.foundation.errors import NotAllowed, TokenUnknown
from engage.foundation.office import Office
from engage.foundation.web.askers import attempts, visitors

Connection = ASGIConnection[Any, Any, Any, Any]
PLACES = ("/api/", "/metrics")
READS: tuple[Method, ...] = ("GET", "HEAD")
READ_BY_POST = ("/api/addresses/match",)  # what is asked is too long for an address, and nothing is changed
SCHEME = "Bearer "
OF_TOKEN, OF_ADDRESS = 900, 100  # requests and wrong tokens within a quarter of an hour
UNKNOWN = "This token is not known, has ended or is past its last day. Ask who looks after Engage for a new one."
ONLY_READS = "A system's token reads, and changes nothing: that takes somebody who signs in."


def hashed(office: Office, secret: str) -> str:
    return office.keys.hash("token of system", secret)


def sent(connection: Connection) -> str:
    """The token that came with a request, where one opens anything."""
    given = connection.headers.get("authorization", "")
    here = connection.url.path.startswith(PLACES)
    return given.removeprefix(SCHEME) if here and given.startswith(SCHEME) else ""


async def bearer(connection: Connection, secret: str) -> SystemToken:
    """Whose token this is; it may read on."""
    if connection.scope.get("method") not in READS and connection.url.path not in READ_BY_POST:
        raise NotAllowed(ONLY_READS)
    office: Office = connection.app.state.office
    here = visitors.address(connection, office.settings.trusted_proxies)
    return await to_thread.run_sync(_demanded, office, secret, here)


def _demanded(office: Office, secret: str, here: str) -> SystemToken:
    now, key = office.clock.now(), hashed(office, secret)
    with office.database.session() as session:
        found = tokens.standing(session, key, now)
        limits = {office.keys.hash("requests of token", key): OF_TOKEN} if found else _tries(office, here)
        within = attempts.taken(session, limits, now)
    if not within:
        raise TooManyRequestsException(headers={"Retry-After": str(int(attempts.LASTS.total_seconds()))})
    if found is None:
        raise TokenUnknown(UNKNOWN)
    return found


def _tries(office: Office, here: str) -> dict[str, int]:
    """Of unknown tokens alone, so that nobody's guesses keep a system out. Where the address tells nothing, none are
    counted: a secret of 32 random bytes is not guessed."""
    return {office.keys.hash("tokens from", here): OF_ADDRESS} if here else {}
