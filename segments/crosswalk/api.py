"""Properties as JSON, for other systems: one, an address or a thousand, and what changed since a cursor.

What a system may read its token says (`engage token new --may "see properties"`); each reading is recorded.
"""

import hashlib
import re
from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from sqlmodel import Session

from engage.foundation import audit
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.bodies import taking
from engage.foundation.web.handlers import ByActor, InOffice, requires
from segments.crosswalk import changes, lookup, properties
from segments.crosswalk.lookup import NOTHING, Found

Body = dict[str, Any]
Answer = Response[dict[str, Any] | None]
AT_ONCE = 1_000  # changes, where the reader does not say
UPRN = re.compile(r"[0-9]{1,12}")
LARGEST = 1 << 20  # bytes of a thousand addresses


@get("/api/properties/changes", sync_to_thread=True)
def api_changes(
    office: InOffice, actor: ByActor, since: FromQuery[str] = "", limit: FromQuery[int] = AT_ONCE
) -> dict[str, Any]:
    """What was added, changed or removed after the cursor `since`, in order and without gaps; without it, from the
    beginning; `now` gives the cursor to begin at. Read on with `next` while `more`. 410 where a restored copy does not
    have the cursor: then read from the beginning again. At most 5,000 rows at once."""
    if not 1 <= limit <= changes.MOST:
        raise InputRefused(f"The limit is {limit}: expected 1 to {changes.MOST:,}.")
    with office.database.session() as session:
        page = changes.read(office, session, actor.authority, since, limit)
        if page.rows:
            _record(session, office, actor, "read changes of properties", rows=len(page.rows))
    return {"changes": page.rows, "next": page.following, "more": page.more}


@get("/api/properties/{uprn:str}", sync_to_thread=True)
def api_property(request: Request[Any, Any, Any], office: InOffice, actor: ByActor, uprn: FromPath[str]) -> Answer:
    """One property: its address, class, parent, what earlier gazetteers said of it, and which systems' lists have it
    under which reference. Never persons. An ETag tells whether it is as it was."""
    if not UPRN.fullmatch(uprn):
        raise NotFound(f"{uprn[:20]!r} is no UPRN: expected a whole number of up to 12 digits.")
    with office.database.session() as session:
        tag = _tag(properties.state(session, actor.authority), uprn)
        found = properties.look_up(office, session, actor.authority, int(uprn))
        if request.headers.get("if-none-match") == tag:
            return Response(None, status_code=304, headers={"ETag": tag})
        _record(session, office, actor, "read a property")
    return Response(found, headers={"ETag": tag})


@post("/api/addresses/match", status_code=200, sync_to_thread=True, opt=taking(LARGEST))
def api_match(office: InOffice, actor: ByActor, data: JSONBody[Body]) -> dict[str, Any]:
    """`{"address", "postcode"}`, or up to a thousand of those as `{"addresses": [...]}`. Each is `sure` with its UPRN,
    `to review` with those it may be, likeliest first, or `not found`. It changes nothing."""
    said = lookup.asked(data)
    with office.database.session() as session:
        of = properties.gazetteer(session, actor.authority)
        unseen = properties.hidden(office, session, of)
        found = lookup.lookup(office, session, of).match(said)
        _record(session, office, actor, "match addresses", addresses=len(said))
        matched = [_as_json(each, unseen) for each in found]
    return {"matches": matched, "as_at": of.as_at.isoformat()} if "addresses" in data else matched[0]


def _as_json(found: Found, unseen: frozenset[int]) -> dict[str, Any]:
    """What must not be seen is not told from what is not there."""
    if found.state == NOTHING or not unseen.isdisjoint(found.candidates):
        return {"state": "not found", "uprn": None, "candidates": []}
    return {"state": found.state, "uprn": found.uprn, "candidates": found.candidates}


def _tag(state: str, uprn: str) -> str:
    return f'"{hashlib.sha256(f"{state} {uprn}".encode()).hexdigest()[:32]}"'


def _record(session: Session, office: Office, actor: Actor, act: str, **detail: int) -> None:
    audit.record(
        session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act=act, subject="properties",
        **detail,
    )  # fmt: skip


routes: list[ControllerRouterHandler] = [
    Router(
        "/", route_handlers=[api_changes, api_property, api_match], guards=[requires(Right.see_properties)],
        tags=["what the council knows"],
    ),
]  # fmt: skip
