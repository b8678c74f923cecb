"""Datasets that an earlier version read wrongly: which to import again, or to undo, and why; told until that is done.

Before reports had questions, a contact list lost the objection of each row that was rejected, took any word but a few
for an objection, and left its suppressions standing when it was undone; and a list of suppressions or of protected
addresses came in without the rows that could not be read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from engage.foundation.lake import Snapshot, current, history
from engage.foundation.office import Office
from engage.foundation.words import day, plural
from segments.files.comparison import ADD_UP
from segments.files.report import ImportReport
from segments.safeguards.suppression import Suppression

LISTS = ("contacts", "suppressions", "protected")
OBJECTIONS = (
    "An earlier version lost the objections of rows that were rejected, and took words such as Subscribed or n/a for "
    "objections. Import the file again"
)
UNREAD = (
    "An earlier version left out the rows that could not be read, so whoever they stand for may be contacted or seen. "
    "Import the file again"
)
STANDS = (
    "An earlier version may have taken a word such as Subscribed for an objection, and what this import suppressed "
    "still stands. Import its file again, then undo this import"
)
UNDONE = (
    "It was undone by an earlier version, which let {count} of it stand. Undo it again to lift what only it asked for"
)


@dataclass(frozen=True)
class Misread:
    """An import to be put right; `again` where its file is to be imported again, else it is to be undone."""

    kind: str
    snapshot_id: int
    as_at: str
    why: str
    again: bool

    @property
    def href(self) -> str:
        return f"/data/new?kind={self.kind}" if self.again else f"/data/{self.snapshot_id}/undo"


def is_of_earlier_version(snapshot: Snapshot) -> bool:
    """Whether it was read before these mends, so that the same file is not the same again."""
    return snapshot.kind in LISTS and "questions" not in snapshot.report


def found(office: Office, authority: str) -> list[Misread]:
    with office.database.session() as session:
        return [*_to_import(session, authority), *_to_undo(session, authority)]


def _to_import(session: Session, authority: str) -> Iterator[Misread]:
    for kind in LISTS:
        listed = history(session, authority, kind)
        since = any(not is_of_earlier_version(snapshot) for snapshot in listed)
        counting = listed if kind in ADD_UP else listed[:1]
        if not since:
            yield from (
                _misread(snapshot, OBJECTIONS if kind == "contacts" else UNREAD, again=True)
                for snapshot in counting if _is_doubtful(snapshot)
            )  # fmt: skip


def _is_doubtful(snapshot: Snapshot) -> bool:
    report = ImportReport.from_dict(snapshot.report)
    return bool(report.problems) or bool(report.figures.get("objected"))


def _to_undo(session: Session, authority: str) -> Iterator[Misread]:
    """Contact lists whose suppressions stand though another list took their place, or though they were undone."""
    newest = current(session, authority, "contacts")
    query = select(Snapshot).where(Snapshot.authority == authority, Snapshot.kind == "contacts")
    for snapshot in session.exec(query.order_by(col(Snapshot.id))):
        count = _standing(session, snapshot)
        if not count or not is_of_earlier_version(snapshot) or (newest and newest.id == snapshot.id):
            continue
        why = UNDONE.format(count=plural(count, "suppression")) if snapshot.undone_at else STANDS
        yield _misread(snapshot, why, again=False)


def _standing(session: Session, snapshot: Snapshot) -> int:
    query = select(func.count()).where(
        Suppression.authority == snapshot.authority, Suppression.source == str(snapshot.id),
        col(Suppression.lifted_at).is_(None),
    )  # fmt: skip
    return session.exec(query).one()


def _misread(snapshot: Snapshot, why: str, *, again: bool) -> Misread:
    return Misread(snapshot.kind, snapshot.id or 0, day(snapshot.as_at), why, again)
