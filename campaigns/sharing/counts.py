"""How often the page of a poster was opened, and what was pressed on it: by poster and day, and nothing else.

A count is of presses. Nobody is known again, so one person may count twice, and a program once. No cookie is set and no
address kept; a keyed hash of poster and address, forgotten after a quarter of an hour, bounds what one line can add.
"""

import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from typing import Any

from litestar import Request
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Field, Session, SQLModel, col, select

from campaigns.sharing.posters import Poster
from engage.foundation.clock import today
from engage.foundation.office import Office
from engage.foundation.web.askers import attempts, visitors

VISIT, REGISTER, HELP, ALL = "visit", "register", "help", "registered"
PRESSES = {
    VISIT: "Page opened",
    REGISTER: "On to GOV.UK",
    HELP: "Someone needs help",
    ALL: "We are all registered",
}
OF_POSTER, OF_ADDRESS = 600, 30  # in a quarter of an hour
LOOKS_AHEAD = re.compile(r"bot|crawl|spider|preview|externalhit|slurp|whatsapp|telegram|curl|python", re.IGNORECASE)


class PosterDay(SQLModel, table=True):
    __tablename__ = "poster_day"

    poster: str = Field(primary_key=True, foreign_key="poster.code", max_length=7)
    day: date = Field(primary_key=True)
    what: str = Field(primary_key=True, max_length=12)
    presses: int = 0


PRESSED = SQLModel.metadata.tables["poster_day"]


def count(office: Office, request: Request[Any, Any, Any], code: str, what: str) -> None:
    """One more, unless a program looks ahead or too many come at once. Whoever stands before a poster is answered
    whether or not it can be counted."""
    if _looks_ahead(request):
        return
    address = visitors.address(request, office.settings.trusted_proxies)
    with suppress(SQLAlchemyError), office.database.session() as session:
        if attempts.taken(session, _limits(office, code, address), office.clock.now()):
            _add(session, code, today(office.clock), what)


def _limits(office: Office, code: str, address: str) -> dict[str, int]:
    """Behind a proxy that nobody has named everybody has one address, which then bounds nobody."""
    limits = {office.keys.hash("poster", code): OF_POSTER}
    return limits | ({office.keys.hash("poster", code, address): OF_ADDRESS} if address else {})


def _looks_ahead(request: Request[Any, Any, Any]) -> bool:
    """Of a post the networks fetch its link to show a preview; browsers may fetch a page before somebody goes to it."""
    headers = request.headers
    fetched_early = "prefetch" in (headers.get("sec-purpose") or headers.get("purpose") or "")
    return fetched_early or bool(LOOKS_AHEAD.search(headers.get("user-agent", "")))


def _add(session: Session, code: str, day: date, what: str) -> None:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    row = dialect.insert(PosterDay).values(poster=code, day=day, what=what, presses=1)
    more = {"presses": PRESSED.c.presses + 1}
    session.execute(row.on_conflict_do_update(index_elements=["poster", "day", "what"], set_=more))


def counted(session: Session, posters: Iterable[Poster]) -> dict[str, Counter[str]]:
    """By code: how often each was pressed."""
    found = {each.code: Counter[str]() for each in posters}
    for row in session.exec(select(PosterDay).where(col(PosterDay.poster).in_(found))):
        found[row.poster][row.what] += row.presses
    return found
