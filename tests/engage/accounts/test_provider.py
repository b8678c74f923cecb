"""What the council's own sign-in says is believed only when it is signed, for us, now, and for this browser."""

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from joserfc.jws import JWSRegistry
from sqlmodel import Session

from engage.accounts.provider import SIGNS_OUT, Provider
from engage.foundation.errors import EngageError, NotAllowed, ProviderUnavailable, SettingsInvalid
from engage.foundation.office import Office
from engage.foundation.settings import Settings, load

ISSUER = "https://login.example.org/tenant"
KEPT = {"code_verifier": "v" * 43, "nonce": "n-1", "state": "s"}
KEY, OTHER = RSAKey.generate_key(2048, {"kid": "one"}), RSAKey.generate_key(2048, {"kid": "one"})
NEWER = RSAKey.generate_key(2048, {"kid": "two"})


@pytest.fixture
def provider(office: Office, tmp_path: Path) -> Provider:
    """It knows its provider's metadata and keys as if it had asked for them."""
    settings = Settings(home=tmp_path, oidc_issuer=ISSUER, oidc_client_id="engage", oidc_groups="A=officer")
    made = Provider(settings)
    made.client.server_metadata |= {
        "issuer": ISSUER, "_loaded_at": time.time(), "jwks": {"keys": [KEY.as_dict(private=False)]},
        "authorization_endpoint": f"{ISSUER}/authorize", "token_endpoint": f"{ISSUER}/token", "jwks_uri": f"{ISSUER}/keys",
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
    }  # fmt: skip
    return made


def signed(claims: dict[str, Any], *, key: Any = KEY, alg: str = "RS256", kid: str = "one") -> str:
    return jwt.encode({"alg": alg, "kid": kid}, claims, key, registry=JWSRegistry(algorithms=["RS256", "HS256"]))


def id_token(**other: Any) -> dict[str, Any]:
    now = int(time.time())
    told = {
        "iss": ISSUER,
        "aud": "engage",
        "sub": "u-1",
        "iat": now,
        "exp": now + 300,
        "nonce": "n-1",
        "email": "O@Example.org",
    }
    return {name: value for name, value in (told | other).items() if value is not None}


def identified(provider: Provider, monkeypatch: pytest.MonkeyPatch, token: str) -> Any:
    answer = {"id_token": token, "access_token": "at", "token_type": "Bearer"}

    def fetched(back: str, *, code: str, code_verifier: str) -> dict[str, str]:
        assert (back, code, code_verifier) == (provider.back, "code", KEPT["code_verifier"])
        return answer

    monkeypatch.setattr(provider.client, "fetch_access_token", fetched)
    return provider.identify("code", KEPT)


UNSIGNED = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1LTEifQ."
HOSTILE: dict[str, Callable[[], str]] = {
    "another issuer": lambda: signed(id_token(iss="https://evil.example.org")),
    "no issuer": lambda: signed(id_token(iss=None)),
    "for another client": lambda: signed(id_token(aud="another")),
    "for nobody": lambda: signed(id_token(aud=None)),
    "expired": lambda: signed(id_token(exp=int(time.time()) - 600)),
    "from the future": lambda: signed(id_token(iat=int(time.time()) + 600)),
    "of another browser": lambda: signed(id_token(nonce="n-2")),
    "without nonce": lambda: signed(id_token(nonce=None)),
    "of another access token": lambda: signed(id_token(at_hash="AAAAAAAAAAAAAAAAAAAAAA")),
    "signed by another key": lambda: signed(id_token(), key=OTHER),
    "signed by our client secret": lambda: signed(id_token(), key=OctKey.import_key("x" * 40), alg="HS256"),
    "not signed": lambda: UNSIGNED,
    "no token": lambda: "nonsense",
}


def test_only_a_right_id_token_is_believed(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    person = identified(provider, monkeypatch, signed(id_token(groups="A", email_verified="true")))
    assert (person.email, person.groups, person.email_verified) == ("o@example.org", ("A",), False)
    believed, told = [], []
    for name, make in HOSTILE.items():
        try:
            identified(provider, monkeypatch, make())
            believed.append(name)
        except NotAllowed as refused:
            told.append(str(refused))
    assert believed == []
    assert {"example" in words or "u-1" in words for words in told} == {False}


def test_what_is_asked_is_bound_to_what_the_browser_keeps(provider: Provider) -> None:
    address, kept = provider.begin()
    asked = dict(parse_qsl(urlsplit(address).query))
    challenge = urlsafe_b64encode(sha256(kept["code_verifier"].encode()).digest()).decode().rstrip("=")
    assert (asked["code_challenge"], asked["code_challenge_method"]) == (challenge, "S256")
    assert (asked["state"], asked["nonce"], asked["response_type"]) == (kept["state"], kept["nonce"], "code")
    assert set(kept.values()).isdisjoint(provider.begin()[1].values()), "drawn anew each time"


def test_new_keys_are_looked_for_once_a_minute(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Answer:
        status_code = 200

        def raise_for_status(self) -> None:
            asked.append("keys")

        def json(self) -> dict[str, Any]:
            return {"keys": [NEWER.as_dict(private=False)]}

    monkeypatch.setattr(requests.Session, "request", lambda *_, **__: Answer())
    assert identified(provider, monkeypatch, signed(id_token(), key=NEWER, kid="two")).subject
    for kid in ("three", "four", "five"):
        with pytest.raises(NotAllowed):
            identified(provider, monkeypatch, signed(id_token(), key=OTHER, kid=kid))
    assert asked == ["keys"]


def sign_out_token(**other: Any) -> dict[str, Any]:
    told = {
        "iss": ISSUER,
        "aud": "engage",
        "iat": int(time.time()),
        "jti": "j-1",
        "sub": "u-1",
        "events": {SIGNS_OUT: {}},
    }
    return {name: value for name, value in (told | other).items() if value is not None}


def test_only_a_right_token_signs_out_and_once(provider: Provider, office: Office) -> None:
    def taken(session: Session, claims: dict[str, Any], **how: Any) -> bool:
        try:
            return bool(provider.signed_out(session, signed(claims, **how), office.clock.now()))
        except NotAllowed:
            return False

    with office.database.session() as session:
        assert (
            provider.signed_out(session, signed(sign_out_token(jti="j-0", sid="s")), office.clock.now()).session == "s"
        )
        hostile = [
            {"iss": "https://evil.example.org"}, {"aud": "another"}, {"aud": None}, {"events": None}, {"events": {}},
            {"events": [SIGNS_OUT]}, {"nonce": "n-1"}, {"sub": None}, {"jti": None}, {"iat": None},
            {"iat": int(time.time()) - 3600}, {"exp": int(time.time()) - 600},
        ]  # fmt: skip
        assert [other for other in hostile if taken(session, sign_out_token(**other))] == []
        assert not taken(session, sign_out_token(), key=OTHER)
        assert not taken(session, id_token(jti="j-1")), "an ID token signs nobody out"
        assert [taken(session, sign_out_token()) for _ in range(2)] == [True, False]


def test_a_provider_that_is_away_or_another_is_told_kindly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path, oidc_issuer=ISSUER, oidc_client_id="engage", oidc_groups="A=officer")

    def refuse(*_: Any, **__: Any) -> None:
        raise requests.ConnectionError("https://login.example.org/secret-path")

    monkeypatch.setattr(requests.Session, "request", refuse)
    with pytest.raises(ProviderUnavailable, match="did not answer"):
        Provider(settings).begin()
    other = Provider(settings)
    other.client.server_metadata |= {"issuer": "https://evil.example.org", "_loaded_at": 1}
    with pytest.raises(EngageError, match="could not be verified"):
        other.begin()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ENGAGE_OIDC_ISSUER": "http://login.example.org"}, "must begin with https://"),
        ({"ENGAGE_OIDC_GROUPS": "A officer"}, "GROUP=ROLE"),
        ({"ENGAGE_OIDC_GROUPS": ""}, "ENGAGE_OIDC_GROUPS is empty"),
        ({"ENGAGE_OIDC_CLIENT_ID": ""}, "ENGAGE_OIDC_CLIENT_ID is empty"),
    ],
)
def test_a_provider_half_set_up_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], said: str
) -> None:
    whole = {
        "ENGAGE_OIDC_ISSUER": ISSUER,
        "ENGAGE_OIDC_CLIENT_ID": "engage",
        "ENGAGE_OIDC_GROUPS": "CN=A,OU=B=officer; C=approver@E07000193",
    }
    for name, value in whole.items():
        monkeypatch.setenv(name, value)
    assert load().oidc_groups == ["CN=A,OU=B=officer", "C=approver@E07000193"]
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid, match=said):
        load()
