"""Segments as they were saved: named rules of an authority, version by version. Apart from what counts their homes, so
that a list of them needs no query engine.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation.database import Moment
from engage.foundation.errors import NotFound
from engage.foundation.office import Office
from segments.rules import tree


class Segment(SQLModel, table=True):
    """One version of a named rule; saving the same name again makes the next version."""

    __table_args__ = (UniqueConstraint("authority", "name", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    name: str = Field(max_length=120)
    version: int = 1
    rule: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    owner_id: int | None = None  # the account that saved it; by command nobody
    shared: bool = True  # else a draft, which its owner alone sees
    note: str = Field(default="", max_length=500)  # what it is for, for colleagues
    made_by: str = Field(max_length=80)
    made_at: datetime = Field(sa_type=Moment)

    @property
    def sentence(self) -> str:
        return tree.parse(self.rule).sentence()


def versions_by(session: Session, authority: str, name: str) -> list[Segment]:
    query = select(Segment).where(Segment.authority == authority, Segment.name == name)
    return list(session.exec(query.order_by(col(Segment.version).desc())))


def all_segments(office: Office, authority: str, account: int | None = None) -> list[Segment]:
    """The newest version of each, by name: of those that are shared, and of the account's own drafts."""
    with office.database.reading() as session:
        query = select(Segment).where(Segment.authority == authority).order_by(Segment.name, col(Segment.version))
        newest = {segment.name: segment for segment in session.exec(query)}.values()
        return [segment for segment in newest if seen_by(segment, account)]


def find(office: Office, authority: str, which: int | str, account: int | None = None) -> Segment:
    """By number, or the newest version by name; another's draft is not there."""
    with office.database.session() as session:
        found = session.get(Segment, which) if isinstance(which, int) else _newest(session, authority, which)
        if found is None or found.authority != authority or not seen_by(found, account):
            by_command = "See them with: engage segment list"
            raise NotFound(f"There is no segment {which!r} in {authority}.", by_command=by_command)
        return found


def versions(office: Office, authority: str, name: str) -> list[Segment]:
    """Every version of a segment, newest first."""
    with office.database.reading() as session:
        return versions_by(session, authority, name)


def version_of(session: Session, authority: str, name: str, rule: dict[str, Any]) -> Segment | None:
    """The newest version of a segment that says just this rule."""
    return next((segment for segment in versions_by(session, authority, name) if segment.rule == rule), None)


def _newest(session: Session, authority: str, name: str) -> Segment | None:
    return next(iter(versions_by(session, authority, name)), None)


def seen_by(segment: Segment, account: int | None) -> bool:
    return segment.shared or (account is not None and segment.owner_id == account)


def as_member(segment: Segment) -> tree.Member:
    return tree.Member(segment.id or 0, segment.name, segment.version, tree.parse(segment.rule).where)


def held(office: Office, authority: str) -> Mapping[int, tree.Member]:
    """What a rule may refer to, by its number: any version of any segment of the authority."""
    return _Held(office, authority)


class _Held(Mapping[int, tree.Member]):
    """Looked up one by one, as few rules refer to any."""

    def __init__(self, office: Office, authority: str) -> None:
        self._office, self._authority = office, authority

    def __getitem__(self, number: int) -> tree.Member:
        with self._office.database.reading() as session:
            found = session.get(Segment, number)
            if found is None or found.authority != self._authority:
                raise KeyError(number)
            return as_member(found)

    def __iter__(self) -> Iterator[int]:
        return iter(each.id or 0 for each in all_segments(self._office, self._authority))

    def __len__(self) -> int:
        return sum(1 for _ in self)
