"""What somebody typed into a form and sent when their sign-in had just ended: kept for a day, encrypted, and put back
into the page once the same person has signed in again. Nothing is done with it meanwhile; passwords, codes and files
are never kept, and nobody else gets to see it.
"""

import json
import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from anyio import to_thread
from cryptography.exceptions import InvalidTag
from cryptography.fernet import InvalidToken
from litestar import Request
from litestar.connection import ASGIConnection
from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel, col, delete

from engage.foundation.database import Moment
from engage.foundation.errors import EngageError
from engage.foundation.identity import Account
from engage.foundation.office import Office
from engage.foundation.web.askers import sign_ins

KEPT = sign_ins.ENDED_KEPT  # as long as it is known whose sign-in ended
ONCE_SHOWN = timedelta(minutes=15)  # for whoever loads the page again
LONGEST = 100_000  # letters of a form
LONGEST_PATH = 200
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
NEVER = ("/sign-in", "/sign-out", "/welcome/", "/account", "/pins")  # passwords and codes are typed there, or nothing
SECRET = ("password", "code", "secret", "token")
Fields = list[tuple[str, str]]
log = structlog.get_logger()


class KeptForm(SQLModel, table=True):
    """`path` is where it was to be sent, `page` where it stands; `fields` are encrypted."""

    __tablename__ = "kept_form"

    key: str = Field(primary_key=True, max_length=32)
    account_id: int = Field(foreign_key="account.id", index=True)
    path: str = Field(max_length=300)
    page: str = Field(max_length=300)
    fields: str = Field(sa_type=Text)
    until: datetime = Field(sa_type=Moment, index=True)


async def keep(connection: ASGIConnection[Any, Any, Any, Any], office: Office) -> None:
    """Where this is a form of somebody whose sign-in has ended. Its token says that a page of ours made it."""
    ticket = connection.scope.get("session")
    if not isinstance(ticket, dict) or "sign_in" not in ticket or not isinstance(connection, Request):
        return
    if not _is_form(connection):
        return
    fields = _typed(await connection.form())
    if not fields or sum(len(name) + len(value) for name, value in fields) > LONGEST:
        return
    connection.scope["state"]["kept"] = await to_thread.run_sync(
        _keep, office, ticket, connection.scope["path"], _page_of(connection), fields
    )


def _is_form(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    path, kind = connection.scope["path"], connection.headers.get("content-type", "").partition(";")[0]
    sent = connection.scope.get("method") == "POST" and kind in FORMS and "hx-request" not in connection.headers
    return sent and len(path) <= LONGEST_PATH and not path.startswith(NEVER)


def _typed(form: Any) -> Fields:
    """Neither files nor what opens something."""
    return [
        (name, value) for name, value in form.multi_items()
        if isinstance(value, str) and not name.startswith("_") and not any(word in name.lower() for word in SECRET)
    ]  # fmt: skip


def _page_of(request: Request[Any, Any, Any]) -> str:
    """As the browser says from which page of ours it was sent, else where it was to go."""
    came = urlsplit(request.headers.get("referer", ""))
    ours = came.netloc == request.headers.get("host", "") and 0 < len(came.path) <= LONGEST_PATH
    return came.path if ours else request.scope["path"]


def _keep(office: Office, ticket: dict[str, Any], path: str, page: str, fields: Fields) -> tuple[str, str] | None:
    now = office.clock.now()
    with office.database.session() as session:
        account = sign_ins.ended(session, ticket["sign_in"], now)
        if account is None or sign_ins.stamp(account) != ticket.get("stamp"):
            return None
        forget_old(session, now)
        earlier = delete(KeptForm).where(col(KeptForm.account_id) == account.id, col(KeptForm.path) == path)
        session.exec(earlier.where(col(KeptForm.page) == page))
        kept = KeptForm(
            key=secrets.token_hex(16), account_id=account.id or 0, path=path, page=page,
            fields=office.keys.encrypt(json.dumps(fields)), until=now + KEPT,
        )  # fmt: skip
        session.add(kept)
        return kept.key, page


def forget_old(session: Session, now: datetime) -> None:
    session.exec(delete(KeptForm).where(col(KeptForm.until) <= now))


def take(office: Office, account: Account, key: str, page: str) -> tuple[str, Fields] | None:
    """Where it was to be sent, and what was typed: for the same person, on the same page, within its time."""
    now = office.clock.now()
    with office.database.session() as session:
        kept = session.get(KeptForm, key)
        if kept is None or (kept.account_id, kept.page) != (account.id, page) or kept.until <= now:
            return None
        kept.until = min(kept.until, now + ONCE_SHOWN)
        session.add(kept)
    try:
        return kept.path, [(name, value) for name, value in json.loads(office.keys.decrypt(kept.fields))]
    except (InvalidToken, InvalidTag, EngageError):  # keys were changed meanwhile
        log.warning("kept form", says="cannot be read")
        return None
