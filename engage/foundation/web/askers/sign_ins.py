"""Who is signed in, where and since when. A sign-in ends after its hours, or at once when its row goes."""

import secrets
from datetime import datetime, timedelta

from sqlmodel import Field, Session, SQLModel, col, delete, select, update

from engage.foundation.database import Moment
from engage.foundation.identity import Account, Authority, fingerprint
from engage.foundation.office import Office

ENDED_KEPT = timedelta(days=1)  # for which it is known whose a sign-in was, so that what they sent after it comes back
SEEN_EVERY = timedelta(minutes=5)  # a row written for each page would be one too many
BROWSERS = {  # by the first of these that is in what a browser says of itself, as most say they are several
    "Edg": "Edge", "OPR/": "Opera", "SamsungBrowser": "Samsung Internet", "Firefox": "Firefox", "FxiOS": "Firefox",
    "CriOS": "Chrome", "Chrome": "Chrome", "Safari": "Safari",
}  # fmt: skip
SYSTEMS = {
    "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "CrOS": "ChromeOS",
    "Macintosh": "macOS", "Linux": "Linux",
}  # fmt: skip


class SignIn(SQLModel, table=True):
    __tablename__ = "sign_in"

    key: str = Field(primary_key=True, max_length=32)  # drawn at random: a number might come back after its row is gone
    account_id: int = Field(foreign_key="account.id", index=True)
    begun: datetime = Field(sa_type=Moment)
    seen: datetime = Field(sa_type=Moment)
    ends: datetime = Field(sa_type=Moment, index=True)
    address: str = Field(default="", max_length=45)  # of the visitor or, for IPv6, of their line
    browser: str = Field(default="", max_length=40)
    by_provider: bool = False
    provider_session: str = Field(default="", max_length=64, index=True)  # hash of the provider's own name of it


def begin(office: Office, sign_in: SignIn, instead_of: str = "") -> str:
    """Keep it, and let the one that this browser had before go."""
    with office.database.session() as session:
        session.exec(delete(SignIn).where(col(SignIn.ends) <= office.clock.now() - ENDED_KEPT))
        session.exec(delete(SignIn).where(col(SignIn.key) == instead_of))
        session.add(sign_in)
    return sign_in.key


def drop(office: Office, key: str) -> bool:
    """Whether it was one of the council's own sign-in."""
    with office.database.session() as session:
        row = session.get(SignIn, key)
        if row:
            session.delete(row)
        return row is not None and row.by_provider


def new_key() -> str:
    return secrets.token_hex(16)


def standing(session: Session, key: str, now: datetime) -> tuple[SignIn, Account, str] | None:
    """A sign-in that has not ended, whose it is and the name of the council whose service they use."""
    query = select(SignIn, Account, Authority.name).where(
        SignIn.key == key, SignIn.account_id == Account.id, Account.authority == Authority.code, col(SignIn.ends) > now
    )
    return next(iter(session.exec(query)), None)


def ended(session: Session, key: str, now: datetime) -> Account | None:
    """Whose sign-in it was that has ended by itself, of late."""
    query = select(Account).join(SignIn, col(SignIn.account_id) == Account.id).where(
        SignIn.key == key, col(SignIn.ends) <= now, col(SignIn.ends) > now - ENDED_KEPT, col(Account.active)
    )  # fmt: skip
    return session.exec(query).first()


def stamp(account: Account) -> str:
    """A new password ends every session that began with the old one."""
    return fingerprint(account.password)[:16]


def saw(office: Office, sign_in: SignIn) -> None:
    """In the background, as a page must not wait for whoever writes to the database."""
    now = office.clock.now()
    if now - sign_in.seen >= SEEN_EVERY:
        office.background.run(f"seen {sign_in.key}", lambda: _saw(office, sign_in.key, now))


def _saw(office: Office, key: str, now: datetime) -> None:
    with office.database.session() as session:
        session.exec(update(SignIn).where(col(SignIn.key) == key).values(seen=now))


def of(session: Session, account_id: int, now: datetime) -> list[SignIn]:
    """The latest first."""
    query = select(SignIn).where(SignIn.account_id == account_id, col(SignIn.ends) > now)
    return list(session.exec(query.order_by(col(SignIn.begun).desc(), col(SignIn.key))))


def end(session: Session, account_id: int, *, only: str = "", but: str = "") -> int:
    """All of them, one only, or all but one; how many went."""
    query = delete(SignIn).where(col(SignIn.account_id) == account_id, col(SignIn.key) != but)
    return session.exec(query.where(col(SignIn.key) == only) if only else query).rowcount


def named(agent: str) -> str:
    """A browser in plain words, by what it says of itself."""
    browser = next((name for mark, name in BROWSERS.items() if mark in agent), "")
    system = next((name for mark, name in SYSTEMS.items() if mark in agent), "")
    return " on ".join(filter(None, [browser or "Another browser", system]))
