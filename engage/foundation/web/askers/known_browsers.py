"""Browsers in which somebody has signed in before: guesses of others do not lock their owner out of them."""

import hmac
import secrets
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie
from litestar.response import Redirect

from engage.foundation.identity import Account, fingerprint
from engage.foundation.office import Office

COOKIE = "engage_browser"
DAYS = 365
NOBODY = Account(authority="", email="", name="", role="")


def known(request: Request[Any, Any, Any], office: Office, account: Account | None) -> str:
    """What tells this browser from others of the account; empty where the account was never used in it. As much is
    worked out where there is no such account."""
    given = request.cookies.get(office.settings.cookie(COOKIE), "")
    mark = given.partition(".")[0]
    right = hmac.compare_digest(given.encode(), _value(office, account or NOBODY, mark).encode())
    return mark if account and right else ""


def remember(office: Office, account: Account, answer: Redirect) -> Redirect:
    answer.cookies.append(cookie(office, account))
    return answer


def cookie(office: Office, account: Account) -> Cookie:
    return Cookie(
        key=office.settings.cookie(COOKIE), value=_value(office, account, secrets.token_hex(8)),
        max_age=DAYS * 24 * 3600, path="/", httponly=True, secure=office.settings.secure_cookies, samesite="lax",
    )  # fmt: skip


def _value(office: Office, account: Account, mark: str) -> str:
    """It ends with the password."""
    return f"{mark}.{office.keys.hash('known browser', mark, str(account.id), fingerprint(account.password))}"
