"""Who is here and what they may do: authorities, local accounts, roles, sign-in sessions."""

import hashlib
import secrets
from datetime import date, datetime, timedelta
from threading import BoundedSemaphore

import sqlalchemy as sa
from pwdlib import PasswordHash
from sqlalchemy import BindParameter, Select, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation.access.rights import RIGHTS, Right, Role
from engage.foundation.access.tokens import SystemToken
from engage.foundation.database import Moment
from engage.foundation.errors import InputRefused, NotAllowed, NotFound
from engage.foundation.languages.catalogue import gettext, marked

__all__ = ["RIGHTS", "Right", "Role"]  # beside all that is defined here

PASSWORDS = PasswordHash.recommended()  # Argon2id
AT_ONCE = BoundedSemaphore(4)  # each look at a password takes 64 MB
SHORTEST_PASSWORD = 12
LINK_LIFE = timedelta(days=3)
LINK_OVER = marked("This link has been used or has expired. Ask an administrator for a new one.")


class Authority(SQLModel, table=True):
    """A council with an Electoral Registration Officer, by GSS code."""

    code: str = Field(primary_key=True, max_length=9)
    name: str = Field(max_length=120)
    nation: str = Field(default="England", max_length=20)
    # What GOV.UK Notify puts before each text: its service's name, or nothing; None until somebody has said.
    text_name: str | None = Field(default=None, max_length=255)
    # Who the officer is, and how residents reach the office; empty until somebody has said.
    officer: str = Field(default="", max_length=120)
    phone: str = Field(default="", max_length=40)
    email: str = Field(default="", max_length=320)
    name_cy: str = Field(default="", max_length=120)  # in Welsh, where it has a name there

    def called(self, language: str) -> str:
        return (self.name_cy if language == "cy" else "") or self.name


class FormerCode(SQLModel, table=True):
    """A code that an authority, or a council that went into it, had before: tables carry it for years after."""

    __tablename__ = "former_code"
    __table_args__ = (UniqueConstraint("authority", "code"),)

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(foreign_key="authority.code", max_length=9, index=True)
    code: str = Field(max_length=9)
    until: date  # the day from which it is no longer the code of this area


class Account(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(foreign_key="authority.code", max_length=9, index=True)
    email: str = Field(unique=True, max_length=320)
    name: str = Field(max_length=120)
    role: str = Field(max_length=16)  # a Role
    password: str = Field(default="", max_length=200)  # Argon2 hash; empty until the one-time link is used
    link: str = Field(default="", max_length=64, index=True)  # SHA-256 of the one-time link
    link_expires: datetime | None = Field(default=None, sa_type=Moment)
    active: bool = True
    # Who this is at the council's own sign-in: a hash of that provider and its name for them.
    provider_subject: str | None = Field(default=None, max_length=64, unique=True, index=True)
    ward: str = Field(default="", max_length=9)  # the one shown first to it, by code; empty until chosen

    def may(self, right: Right) -> bool:
        return self.active and right in RIGHTS[Role(self.role)]

    @property
    def finished(self) -> bool:
        """Whether its owner has ever been able to sign in."""
        return bool(self.password or self.provider_subject)

    @property
    def label(self) -> str:
        """How the audit log names this account: no personal data, yet the same person always."""
        return f"{Role(self.role).value} {self.id}"


class WebSession(SQLModel, table=True):
    """What Litestar's server-side session keeps, by the hash of its cookie."""

    __tablename__ = "web_session"

    key: str = Field(primary_key=True, max_length=64)
    value: bytes
    expires: datetime | None = Field(default=None, sa_type=Moment, index=True)


def demand(account: Account | SystemToken, right: Right) -> None:
    if account.may(right):
        return
    if isinstance(account, SystemToken):
        raise NotAllowed(f"This token cannot {right.value}. Ask an administrator for one that can.")
    msg = f"Your account ({Role(account.role).value}) cannot {right.value}. Ask an administrator for the right role."
    raise NotAllowed(msg)


def authority(session: Session, code: str) -> Authority:
    found = session.get(Authority, code)
    if found is None:
        known = ", ".join(session.exec(select(Authority.code).order_by(Authority.code))) or "none yet"
        by_command = "Create one with: engage init --authority CODE --name NAME"
        raise NotFound(f"There is no authority {code!r} here. Known: {known}.", by_command=by_command)
    return found


def former_codes(session: Session, code: str) -> list[FormerCode]:
    """The codes an authority had before, the latest first."""
    query = select(FormerCode).where(FormerCode.authority == code)
    return list(session.exec(query.order_by(col(FormerCode.until).desc(), col(FormerCode.code))))


def earlier_codes(code: str | BindParameter[str]) -> Select[tuple[str]]:
    """Asks for every code before this one: what the councils that went into it were before, too."""
    before = select(FormerCode.code).where(FormerCode.authority == code).cte("before", recursive=True)
    further = select(FormerCode.code).where(FormerCode.authority == before.c.code)
    return sa.select(before.union(further).c.code)


def line(session: Session, code: str) -> tuple[str, ...]:
    """An authority and the codes before it, whose objections and reminders count for it as its own."""
    return (code, *sorted({*session.execute(earlier_codes(code)).scalars()} - {code}))


def accounts(session: Session, code: str) -> list[Account]:
    return list(session.exec(select(Account).where(Account.authority == code).order_by(col(Account.id))))


def administrators(session: Session, code: str) -> list[Account]:
    """Those that have not left, the first made first."""
    return [each for each in accounts(session, code) if each.active and each.role == Role.administrator]


def by_email(session: Session, email: str) -> Account | None:
    return session.exec(select(Account).where(Account.email == email.strip().casefold())).first()


def invite(session: Session, *, code: str, email: str, name: str, role: Role, at: datetime) -> tuple[Account, str]:
    """Make an account and the secret of its one-time link, which sets the first password."""
    if by_email(session, email):
        msg = "There is already an account with this email address. Give another one."
        raise InputRefused(msg)
    secret = secrets.token_urlsafe(32)
    account = Account(
        authority=code, email=email.strip().casefold(), name=name, role=role,
        link=fingerprint(secret), link_expires=at + LINK_LIFE,
    )  # fmt: skip
    session.add(account)
    session.flush()
    return account, secret


def new_link(session: Session, account: Account, at: datetime) -> str:
    """The secret of another one-time link, by which its owner sets a new password; until then the old one holds."""
    secret = secrets.token_urlsafe(32)
    account.link, account.link_expires = fingerprint(secret), at + LINK_LIFE
    session.add(account)
    return secret


def by_link(session: Session, secret: str, at: datetime) -> Account:
    account = session.exec(select(Account).where(Account.link == fingerprint(secret), col(Account.active))).first()
    if account is None or account.link_expires is None or account.link_expires < at:
        raise NotFound(LINK_OVER)
    return account


def set_password(account: Account, password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise InputRefused(gettext("Password must be {n} characters or more").format(n=SHORTEST_PASSWORD))
    account.password, account.link, account.link_expires = PASSWORDS.hash(password), "", None


def sign_in(session: Session, email: str, password: str) -> Account | None:
    """The account, or None; an unknown address costs the same time as a wrong password."""
    account, decoy = by_email(session, email), _decoy()  # made at the first try, whoever it is
    usable = account is not None and account.active and bool(account.password)
    stored = account.password if account is not None and usable else decoy
    with AT_ONCE:
        return account if PASSWORDS.verify(password, stored) and usable else None


_DECOY: list[str] = []


def _decoy() -> str:
    if not _DECOY:
        _DECOY.append(PASSWORDS.hash(secrets.token_urlsafe(16)))
    return _DECOY[0]


def fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
