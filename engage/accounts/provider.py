"""The council's own sign-in, by OpenID Connect: Authlib speaks it and checks each token."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from authlib.integrations.base_client import BaseApp, OAuthError, OpenIDMixin
from authlib.integrations.base_client.sync_app import OAuth2Mixin
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.claims import JWTClaims
from joserfc.errors import InvalidClaimError, JoseError, MissingClaimError
from requests import RequestException
from sqlmodel import Field, Session, SQLModel, col, delete

from engage.foundation.database import Moment
from engage.foundation.errors import NotAllowed, ProviderUnavailable
from engage.foundation.identity import fingerprint
from engage.foundation.languages.catalogue import marked
from engage.foundation.logs import log
from engage.foundation.settings import Settings

PATIENCE = 10  # seconds for an answer of the provider
AWAY_FOR = 10  # seconds for which it is not asked again after it did not answer
KEYS_EVERY = 60  # seconds between two looks for new keys, however many tokens name one that nobody knows
SIGNED_BY = ("RS256", "PS256", "ES256", "RS384", "PS384", "ES384", "RS512", "PS512", "ES512", "EdDSA")
SIGNS_OUT = "http://schemas.openid.net/event/backchannel-logout"
TOKEN_LIFE = 600  # seconds after its making within which a token that signs out is taken
LEEWAY = 120  # seconds by which clocks may differ, as Authlib has it
AWAY = marked("Your council’s own sign-in did not answer. Try again in a few minutes")
NOT_VERIFIED = marked("What your council’s own sign-in said could not be verified. Begin again")


class SignOutToken(SQLModel, table=True):
    """One that has been used, for as long as it would be taken again."""

    __tablename__ = "sign_out_token"

    token: str = Field(primary_key=True, max_length=64)
    ends: datetime = Field(sa_type=Moment, index=True)


@dataclass(frozen=True)
class Person:
    """Who somebody is there, as an ID token says."""

    subject: str  # a hash of the provider and its name for them
    session: str  # the provider's name of this sign-in; may be empty
    email: str
    email_verified: bool
    name: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class SignedOut:
    """Whom a token signs out: one sign-in, or all of a person."""

    subject: str
    session: str


class _LogoutClaims(JWTClaims):  # type: ignore[misc]  # Authlib has no types
    """What OpenID Connect Back-Channel Logout 1.0 §2.6 asks of a token beside its signature."""

    def validate(self, now: int | None = None, leeway: int = 0) -> None:
        for name in ("iss", "aud", "iat", "jti", "events"):
            if name not in self:
                raise MissingClaimError(name)
        super().validate(now, leeway)
        if self["iat"] < (now or time.time()) - TOKEN_LIFE:
            raise InvalidClaimError("iat")
        if not isinstance(self["events"], Mapping) or SIGNS_OUT not in self["events"]:
            raise InvalidClaimError("events")
        if "nonce" in self:  # else an ID token would do
            raise InvalidClaimError("nonce")
        if not (self.get("sub") or self.get("sid")):
            raise MissingClaimError("sub")


class _Client(OAuth2Mixin, OpenIDMixin, BaseApp):  # type: ignore[misc]  # Authlib has no types
    client_cls = OAuth2Session

    def load_server_metadata(self) -> dict[str, Any]:
        if time.monotonic() - self.missed < AWAY_FOR:  # else each visitor would wait for as long as the one before
            raise RequestException
        try:
            found: dict[str, Any] = super().load_server_metadata()
        except RequestException:
            self.missed = time.monotonic()
            raise
        if found.get("issuer") != self.issuer:
            found.pop("_loaded_at", None)
            raise OAuthError("issuer", "the provider calls itself otherwise than ENGAGE_OIDC_ISSUER")
        offered = found.get("id_token_signing_alg_values_supported", ["RS256"])
        found["id_token_signing_alg_values_supported"] = [each for each in offered if each in SIGNED_BY]
        return found

    def fetch_jwk_set(self, force: bool = False) -> Any:
        looked = time.monotonic()
        if force and looked - self.looked < KEYS_EVERY:
            force = False
        if force or "jwks" not in self.server_metadata:
            self.looked = looked
        return super().fetch_jwk_set(force=force)

    issuer = ""
    looked = missed = float("-inf")


class Provider:
    def __init__(self, settings: Settings) -> None:
        self.issuer, self.client_id = settings.oidc_issuer, settings.oidc_client_id
        self.groups_claim = settings.oidc_groups_claim
        self.back = f"{settings.base_url}/sign-in/provider/back"
        self.out = f"{settings.base_url}/sign-in"
        self.client = _Client(
            None, "council", client_id=self.client_id,
            client_secret=settings.oidc_client_secret.get_secret_value() or None,
            server_metadata_url=f"{self.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email profile", "code_challenge_method": "S256", "default_timeout": PATIENCE,
            },
        )  # fmt: skip
        self.client.issuer = self.issuer

    def begin(self) -> tuple[str, dict[str, str]]:
        """Where to send the browser, and what its session keeps until it is back: state, nonce and PKCE's verifier."""
        with _speaking():
            begun = self.client.create_authorization_url(self.back)
        return begun.pop("url"), begun

    def identify(self, code: str, kept: Mapping[str, str]) -> Person:
        """Who has come back with this code: signature, issuer, audience, times, nonce and access token agree."""
        with _speaking():
            token = self.client.fetch_access_token(self.back, code=code, code_verifier=kept["code_verifier"])
            claims = self._claims(token, nonce=kept["nonce"])
        return self._person(claims)

    def sign_out_address(self) -> str:
        """Where somebody ends what they began there too; empty where the provider has no such page."""
        with _speaking():
            if not self.client.load_server_metadata().get("end_session_endpoint"):
                return ""
            url: str = self.client.create_logout_url(self.out, client_id=self.client_id)["url"]
        return url

    def signed_out(self, session: Session, token: str, now: datetime) -> SignedOut:
        """Whom the provider signs out; the same token is taken once."""
        with _speaking():
            claims = self._claims({"id_token": token}, nonce=None, claims_cls=_LogoutClaims)
        session.execute(delete(SignOutToken).where(col(SignOutToken.ends) <= now))
        mark = fingerprint(f"{self.issuer}\x1f{claims['jti']}")
        if session.get(SignOutToken, mark):
            raise NotAllowed(NOT_VERIFIED)
        session.add(SignOutToken(token=mark, ends=now + timedelta(seconds=TOKEN_LIFE + 2 * LEEWAY)))
        return SignedOut(self._subject(claims["sub"]) if claims.get("sub") else "", str(claims.get("sid") or ""))

    def _claims(self, token: dict[str, Any], nonce: str | None, **of: Any) -> dict[str, Any]:
        expected = {
            "iss": {"essential": True, "value": self.issuer}, "aud": {"essential": True, "value": self.client_id},
        }  # fmt: skip
        claims: dict[str, Any] | None = self.client.parse_id_token(token, nonce, expected, leeway=LEEWAY, **of)
        if claims is None:
            raise OAuthError("id_token", "there is none")
        return claims

    def _person(self, claims: Mapping[str, Any]) -> Person:
        groups = claims.get(self.groups_claim) or []
        return Person(
            subject=self._subject(str(claims["sub"])), session=str(claims.get("sid") or ""),
            email=_email(claims), email_verified=claims.get("email_verified") is True,
            name=str(claims.get("name") or claims.get("email") or ""),
            groups=(groups,) if isinstance(groups, str) else tuple(str(group) for group in groups),
        )  # fmt: skip

    def _subject(self, subject: str) -> str:
        return fingerprint(f"{self.issuer}\x1f{subject}")


def _email(claims: Mapping[str, Any]) -> str:
    """Some providers tell it only as the name that people sign in with."""
    told = (str(claims.get(name) or "").strip().casefold() for name in ("email", "preferred_username"))
    return next((each for each in told if "@" in each), "")


@contextmanager
def _speaking() -> Iterator[None]:
    """What the provider says wrong is told in our words: its own may hold personal data."""
    try:
        yield
    except RequestException as error:
        log().warning("provider away", error=type(error).__name__)
        raise ProviderUnavailable(AWAY) from None
    except (OAuthError, JoseError, ValueError, KeyError, TypeError, RuntimeError) as error:
        reason = getattr(error, "error", "") or type(error).__name__
        log().warning("provider not understood", error=type(error).__name__, reason=str(reason)[:40])
        raise NotAllowed(NOT_VERIFIED) from None
