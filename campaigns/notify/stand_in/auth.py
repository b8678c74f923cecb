"""Who is asking: the JSON Web Token of a request, checked in the order and words of Notify."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import jwt

from campaigns.notify.stand_in.problem import Problem
from campaigns.notify.stand_in.seed import Key, Service

LEEWAY_SECONDS = 30
_GENERIC = (
    "Invalid token: make sure your API token matches the example at "
    "https://docs.notifications.service.gov.uk/rest-api.html#authorisation-header"
)
_CLOCK = "Error: Your system clock must be accurate to within 30 seconds"


def _denied(message: str, status: int = 403) -> Problem:
    return Problem(status, ("AuthError", message))


class Authenticator:
    """`epoch` gives the real time in seconds: tokens are made by the client's clock, whatever the stand-in pretends."""

    def __init__(self, services: dict[str, Service], epoch: Callable[[], float]) -> None:
        self._services = services
        self._epoch = epoch
        self._known: dict[str, tuple[Service, Key, int]] = {}

    def admit(self, header: str | None) -> tuple[Service, Key]:
        """The service and key of an Authorization header; a Problem otherwise."""
        token = _token(header)
        if token not in self._known:
            if len(self._known) > 1000:
                self._known.clear()
            self._known[token] = self._check(token)
        service, key, issued = self._known[token]
        if service.archived:  # perhaps since it was seen first
            raise _denied("Invalid token: service is archived")
        if abs(int(self._epoch()) - issued) > LEEWAY_SECONDS:
            raise _denied(_CLOCK)
        return service, key

    def _check(self, token: str) -> tuple[Service, Key, int]:
        service = self._service(_unverified(token))
        for key in service.keys:
            claims = _verified(token, key)
            if claims is not None and "iat" in claims:
                return service, _usable(key), _issued(claims["iat"])
        raise _denied("Invalid token: API key not found")

    def _service(self, claims: dict[str, Any]) -> Service:
        if "iss" not in claims:
            raise _denied("Invalid token: iss field not provided")
        try:
            service = self._services.get(str(UUID(claims["iss"])))
        except (ValueError, TypeError, AttributeError):
            raise _denied("Invalid token: service id is not the right data type") from None
        if service is None:
            raise _denied("Invalid token: service not found")
        if not service.keys:
            raise _denied("Invalid token: service has no API keys")
        if service.archived:
            raise _denied("Invalid token: service is archived")
        return service


def _issued(issued: Any) -> int:
    try:
        return int(issued)
    except (ValueError, TypeError):
        raise _denied(_CLOCK) from None


def _token(header: str | None) -> str:
    if not header:
        raise _denied("Unauthorized: authentication token must be provided", 401)
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _denied("Unauthorized: authentication bearer scheme must be used", 401)
    return token.strip()


def _unverified(token: str) -> dict[str, Any]:
    try:
        return jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise _denied(_GENERIC) from None


def _verified(token: str, key: Key) -> dict[str, Any] | None:
    """The claims if this key signed them, None if another may have; the issue time is judged by the caller."""
    try:
        return jwt.decode(token, key.secret, algorithms=["HS256"], options={"verify_iat": False})
    except jwt.InvalidAlgorithmError:
        raise _denied("Invalid token: algorithm used is not HS256") from None
    except jwt.DecodeError:
        return None
    except jwt.InvalidTokenError:
        raise _denied(_GENERIC) from None


def _usable(key: Key) -> Key:
    if key.revoked:
        raise _denied("Invalid token: API key revoked")
    return key
