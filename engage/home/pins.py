"""Pages that somebody keeps at hand on their first page, in an order of their own."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from sqlmodel import Field, Session, SQLModel, UniqueConstraint, col, func, select

from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Account
from engage.foundation.office import Office

MOST = 40
LONGEST_TITLE, LONGEST_PATH = 160, 120
# What each kind of page is called, by the addresses it has: none of these holds anything of a person or a home.
KINDS = (
    ("Ward", re.compile(r"/wards/[A-Z0-9]{9}")),
    ("Campaign", re.compile(r"/campaigns/\d{1,9}")),
    ("Segment", re.compile(r"/segments/\d{1,9}")),
    ("Document", re.compile(r"/report|/papers|/gaps|/council(?:/\d{1,9})?|/data/gazetteer")),
)


class Pin(SQLModel, table=True):
    """`place` puts them in order; the title is that of the page when it was pinned."""

    __table_args__ = (UniqueConstraint("account_id", "path"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    path: str = Field(max_length=LONGEST_PATH)
    title: str = Field(max_length=LONGEST_TITLE)
    place: int

    @property
    def kind(self) -> str:
        return kind_of(self.path)


class Pinnable(NamedTuple):
    """What a page's button needs to know."""

    path: str
    number: int | None  # of the pin that is there already


def kind_of(path: str) -> str:
    """Empty where a page cannot be pinned."""
    return next((kind for kind, addresses in KINDS if addresses.fullmatch(path)), "")


def of(session: Session, account: Account) -> Sequence[Pin]:
    return session.exec(select(Pin).where(Pin.account_id == account.id).order_by(col(Pin.place), col(Pin.id))).all()


def here(session: Session, account: Account, path: str) -> Pinnable | None:
    """None on a page that cannot be pinned, which costs no query."""
    if not kind_of(path):
        return None
    found = session.exec(select(Pin.id).where(Pin.account_id == account.id, Pin.path == path)).first()
    return Pinnable(path, found)


def add(office: Office, account: Account, path: str, title: str) -> None:
    """As the last; a page that is pinned already stays where it is."""
    title = " ".join(title.split())[:LONGEST_TITLE]
    if not kind_of(path) or not title:
        raise InputRefused("This page cannot be pinned. Wards, campaigns, segments and documents can.")
    with office.database.session() as session:
        count, last = session.exec(
            select(func.count(col(Pin.id)), func.max(Pin.place)).where(Pin.account_id == account.id)
        ).one()
        if here(session, account, path) != Pinnable(path, None):
            return
        if count >= MOST:
            raise InputRefused(f"You have pinned {MOST} pages. Take one off your first page before you pin another.")
        session.add(Pin(account_id=account.id or 0, path=path, title=title, place=(last or 0) + 1))


def remove(office: Office, account: Account, number: int) -> None:
    with office.database.session() as session:
        session.delete(_own(session, account, number))


def move_up(office: Office, account: Account, number: int) -> None:
    """Before the one that it follows; the first stays."""
    with office.database.session() as session:
        order = list(of(session, account))
        at = order.index(_own(session, account, number))
        if at:
            order[at - 1 : at + 1] = order[at], order[at - 1]
        for place, pin in enumerate(order, 1):
            pin.place = place
            session.add(pin)


def _own(session: Session, account: Account, number: int) -> Pin:
    found = session.get(Pin, number)
    if found is None or found.account_id != account.id:
        raise NotFound("There is no such pin on your first page.")
    return found
