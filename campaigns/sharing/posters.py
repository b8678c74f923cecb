"""What is put up, handed out and posted, by a short code: who made it, for which campaign and which part of the area.

A code is printed and typed, so it has no letter that is taken for another and no vowel, of which words are made. It
opens a page that says the same to everybody.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation import audit
from engage.foundation.database import Moment
from engage.foundation.errors import NotFound
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office

LETTERS = "34679CDFHJKMNPRTWXY"
LENGTH = 7  # nineteen letters: one guess in 890 million finds a given one
TYPED = re.compile(r"[\s.-]")
WHOLE = ""
"""The ward of what is for all of the council's area."""

KINDS = {
    "poster": "Posters (A4 and A3)",
    "leaflet": "Leaflets (A5)",
    "post": "Posts on social media",
    "signature": "Email signatures",
}


class Poster(SQLModel, table=True):
    """One kind of thing for one place: all copies of it have one code."""

    code: str = Field(primary_key=True, max_length=LENGTH)
    authority: str = Field(foreign_key="authority.code", max_length=9, index=True)
    campaign_id: int | None = Field(default=None, foreign_key="campaign.id", index=True)
    ward: str = Field(default=WHOLE, max_length=9)
    ward_name: str = Field(default="", max_length=120)  # as it is printed
    kind: str = Field(max_length=12)
    made_at: datetime = Field(sa_type=Moment)
    made_by: str = Field(max_length=80)


@dataclass(frozen=True)
class Place:
    """What a pack is for: the council's area or a ward of it, and perhaps a campaign."""

    ward: str = WHOLE
    ward_name: str = ""
    campaign: int | None = None


@dataclass(frozen=True)
class Found:
    """What the page of a code may say: whose it is."""

    code: str
    authority: Authority


def look_up(office: Office, typed: str) -> Found:
    """Of a code as somebody typed it; NotFound where there is none."""
    with office.database.reading() as session:
        poster = session.get(Poster, TYPED.sub("", typed).upper()[: LENGTH + 1])
        if poster is None:
            raise NotFound("There is no such poster.")
        return Found(poster.code, session.get_one(Authority, poster.authority))


def of(session: Session, authority: str) -> list[Poster]:
    query = select(Poster).where(Poster.authority == authority)
    return list(session.exec(query.order_by(col(Poster.ward_name), col(Poster.kind), col(Poster.code))))


def codes(office: Office, actor: Actor, place: Place, **detail: str | bool) -> dict[str, str]:
    """The code of each kind for a place, made where there is none yet; that a pack was made is recorded."""
    with office.database.session() as session:
        known = {each.kind: each.code for each in of(session, actor.authority) if _is_of(each, place)}
        made = {kind: known.get(kind) or _make(session, office, actor, place, kind) for kind in KINDS}
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="make share pack",
            subject=f"campaign {place.campaign}" if place.campaign else "no campaign", ward=place.ward or "all",
            codes=sorted(made.values()), **detail,
        )  # fmt: skip
    return made


def _is_of(poster: Poster, place: Place) -> bool:
    return (poster.ward, poster.campaign_id) == (place.ward, place.campaign)


def _make(session: Session, office: Office, actor: Actor, place: Place, kind: str) -> str:
    code = _unused(session)
    session.add(
        Poster(
            code=code, authority=actor.authority, campaign_id=place.campaign, ward=place.ward,
            ward_name=place.ward_name, kind=kind, made_at=office.clock.now(), made_by=actor.label,
        )
    )  # fmt: skip
    session.flush()
    return code


def _unused(session: Session) -> str:
    while True:
        code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        if session.get(Poster, code) is None:
            return code
