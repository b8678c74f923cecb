"""How the service stands, in one strip on every officer's page: GOV.UK Notify, the worker, the register's age and the
last message. Read once for each council and process every few seconds, from what is written down already; nothing here
asks GOV.UK Notify."""

import time
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from campaigns.records.models import MESSAGES, Campaign, MessageState, Watch
from campaigns.sending import outages
from engage.foundation import lake
from engage.foundation.clock import today
from engage.foundation.identity import Account, Authority, Right
from engage.foundation.office import Office
from engage.foundation.words import moment, plural
from engage.home import pins
from engage.home.pins import Pinnable
from segments.homes import register_age

HELD = 5.0  # seconds
NEWEST = 3  # campaigns looked at for the last message
LEFT = (MessageState.accepted, MessageState.delivered, MessageState.failed)
of = MESSAGES.c


@dataclass(frozen=True)
class Sign:
    """One thing of the strip; `well` is false where somebody has to look."""

    name: str
    words: str
    well: bool = True
    href: str = ""


@dataclass(frozen=True)
class Standing:
    signs: tuple[Sign, ...] = ()
    councils: int = 1  # served here


@dataclass(frozen=True)
class Around:
    """What the layout of a page shows to whoever is signed in."""

    standing: Standing
    pinnable: Pinnable | None = None


class Surroundings:
    """Of one process. Members, canvassers and whoever else sees no data get none."""

    def __init__(self, office: Office) -> None:
        self._office, self._lock = office, Lock()
        self._held: dict[str, tuple[float, Standing]] = {}

    def __call__(self, account: Account, path: str) -> Around | None:
        """None, too, while the database is away: the page itself says so."""
        if path.startswith("/api/"):
            return None
        try:
            standing = self._held_of(account.authority) or self._read(account.authority)
            if not account.may(Right.see_data):
                return Around(Standing(councils=standing.councils))
            return Around(standing, self._pinnable(account, path))
        except SQLAlchemyError:
            return None

    def _held_of(self, authority: str) -> Standing | None:
        at, found = self._held.get(authority, (0.0, None))
        return found if time.monotonic() - at < HELD else None

    def _read(self, authority: str) -> Standing:
        with self._office.database.reading() as session:
            found = read(self._office, session, authority)
        with self._lock:
            self._held[authority] = time.monotonic(), found
        return found

    def _pinnable(self, account: Account, path: str) -> Pinnable | None:
        if not pins.kind_of(path):
            return None
        with self._office.database.reading() as session:
            return pins.here(session, account, path)


def read(office: Office, session: Session, authority: str) -> Standing:
    watches = outages.awake(office, session)
    signs = (
        _notify(office, [*watches]), _worker(office, session, bool(watches)), _register(office, session, authority),
        Sign("Last message", _last(_last_sent(session, authority)), href="/campaigns"),
    )  # fmt: skip
    return Standing(signs, session.exec(select(func.count(col(Authority.code)))).one())


def _notify(office: Office, watches: list[Watch]) -> Sign:
    name = "GOV.UK Notify"
    if not office.settings.notify_api_key.get_secret_value():
        return Sign(name, "not connected: nothing can be sent", well=False)
    if not watches:
        return Sign(name, "not asked lately", well=False)
    ill = next((watch for watch in watches if watch.notify), None)
    if ill is None:
        return Sign(name, "answers")
    if "trial" in ill.notify:
        return Sign(name, "in trial mode: it reaches no resident", well=False)
    since = f" since {moment(ill.notify_since)}" if ill.notify_since else ""
    return Sign(name, f"cannot be used{since}", well=False, href="/")


def _worker(office: Office, session: Session, alive: bool) -> Sign:  # it has one meaning
    if alive:
        return Sign("Sending", "at work")
    if outages.needed(office, session):
        return Sign("Sending", "stopped, and messages wait", well=False, href="/")
    return Sign("Sending", "not running, and nothing waits")


def _register(office: Office, session: Session, authority: str) -> Sign:
    newest = lake.current(session, authority, "register")
    if newest is None:
        return Sign("Register", "not imported yet", well=False, href="/first-day")
    age = age_of(newest.as_at, today(office.clock))
    return Sign("Register", _aged(age), well=age <= register_age.STALE_DAYS, href=f"/data/{newest.id}")


def age_of(as_at: date, now: date) -> int:
    return (now - as_at).days


def _aged(days: int) -> str:
    return "of today" if days == 0 else f"{plural(days, 'day')} old"


def _last(at: datetime | None) -> str:
    return moment(at) if at else "none yet"


def _last_sent(session: Session, authority: str) -> datetime | None:
    """Of the newest campaigns, by the message of each state that was written last, which an index has at hand."""
    launched = select(Campaign.id).where(Campaign.authority == authority, col(Campaign.launched_at).is_not(None))
    found: list[datetime] = []
    for number in session.exec(launched.order_by(col(Campaign.launched_at).desc()).limit(NEWEST)):
        for state in LEFT:
            newest = sa.select(of.sent_at).where(of.campaign_id == number, of.state == state.value)
            found += filter(None, session.execute(newest.order_by(of.id.desc()).limit(1)).scalars())
    return max(found, default=None)
