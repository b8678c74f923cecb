"""The second factor of a password: codes of an app (TOTP), and recovery codes for the day the phone is lost."""

import hmac
import re
import secrets
from datetime import datetime

from pyotp import TOTP, random_base32
from sqlmodel import Field, Session, SQLModel, col, delete, func, select

from engage.foundation.database import Moment
from engage.foundation.identity import Account
from engage.foundation.privacy import Keys

STEP = 30  # seconds for which a code holds
EARLY_OR_LATE = (0, -1, 1)  # steps by which the clock of a phone may be wrong
RECOVERY_CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
GROUPS, TOGETHER = 3, 4


class SecondFactor(SQLModel, table=True):
    """What an account's app makes its codes of, encrypted; in force once its owner has given a code of it."""

    __tablename__ = "second_factor"

    account_id: int = Field(foreign_key="account.id", primary_key=True)
    secret: str = Field(max_length=400)
    confirmed: datetime | None = Field(default=None, sa_type=Moment)
    step: int = 0  # whose code was the last to be used: it and those before it are used up


class RecoveryCode(SQLModel, table=True):
    """One that has not been used, as a keyed hash."""

    __tablename__ = "recovery_code"

    digest: str = Field(primary_key=True, max_length=64)
    account_id: int = Field(foreign_key="account.id", index=True)


def confirmed(session: Session, account: Account) -> bool:
    row = session.get(SecondFactor, account.id)
    return row is not None and row.confirmed is not None


def begin(session: Session, keys: Keys, account: Account) -> str:
    """The secret for the app: the same until a code of it is given, however often the page is opened."""
    row = session.get(SecondFactor, account.id, with_for_update=True)
    if row is None:
        row = SecondFactor(account_id=account.id or 0, secret=keys.encrypt(random_base32()))
        session.add(row)
    return keys.decrypt(row.secret)


def address(secret: str, account: Account, council: str) -> str:
    """What the QR code says to the app."""
    return TOTP(secret, interval=STEP).provisioning_uri(name=account.email, issuer_name=f"Engage {council}".strip())


def confirm(session: Session, keys: Keys, account: Account, code: str, now: datetime) -> list[str]:
    """The recovery codes, once, if this code is one of the app; else none."""
    row = session.get(SecondFactor, account.id, with_for_update=True, populate_existing=True)
    if row is None or row.confirmed or not _by_app(row, keys, code, now):
        return []
    row.confirmed = now
    _forget_recovery_codes(session, account)
    made = [_new_code() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(digest=_digest(keys, account, code), account_id=row.account_id) for code in made)
    return made


def accepts(session: Session, keys: Keys, account: Account, code: str, now: datetime) -> bool:
    """Whether this is a code of the app or a recovery code of the account; it is used up by that."""
    row = session.get(SecondFactor, account.id, with_for_update=True, populate_existing=True)
    if row is None or row.confirmed is None:
        return False
    return _by_app(row, keys, code, now) or _by_recovery_code(session, keys, account, code)


def forget(session: Session, account: Account) -> None:
    """Its owner sets up another at the next sign-in."""
    _forget_recovery_codes(session, account)
    session.exec(delete(SecondFactor).where(col(SecondFactor.account_id) == account.id))


def left(session: Session, account: Account) -> int:
    """How many recovery codes have not been used."""
    query = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.account_id == account.id)
    return int(session.exec(query).one())


def tries(keys: Keys, account: Account) -> str:
    """Under which tries of its codes are counted."""
    return keys.hash("tries of code", str(account.id))


def _by_app(row: SecondFactor, keys: Keys, code: str, now: datetime) -> bool:
    given = re.sub(r"\s", "", code).encode()
    app, at = TOTP(keys.decrypt(row.secret), interval=STEP), int(now.timestamp()) // STEP
    for step in (at + off for off in EARLY_OR_LATE):
        if step > row.step and hmac.compare_digest(app.generate_otp(step).encode(), given):
            row.step = step
            return True
    return False


def _by_recovery_code(session: Session, keys: Keys, account: Account, code: str) -> bool:
    used = delete(RecoveryCode).where(
        col(RecoveryCode.digest) == _digest(keys, account, code), col(RecoveryCode.account_id) == account.id
    )
    return session.exec(used).rowcount == 1


def _forget_recovery_codes(session: Session, account: Account) -> None:
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.account_id) == account.id))


def _new_code() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(TOGETHER)) for _ in range(GROUPS))


def _digest(keys: Keys, account: Account, code: str) -> str:
    return keys.hash("recovery code", str(account.id), re.sub(r"[^a-z0-9]", "", code.casefold()))
