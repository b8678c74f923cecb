"""What was published, kept as a dated file for each authority: pages read it, and nothing that comes later restates it.

A figure that was worked out anew from a second import of the same day would tell, beside the first, what the two
imports differ by, which may be one elector. So the first import of a day that was published stands. Only an import that
an officer has undone is taken back with what was published from it.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlmodel import Session

from engage.foundation.clock import london
from engage.foundation.lake import Snapshot, history
from engage.foundation.office import Office

KIND, BY = "published", "engage"
COMPLETENESS = "completeness"
T = TypeVar("T")


def keep(
    office: Office, value: Any, *, authority: str, name: str, as_at: date, source: str, basis: Iterable[int],
    **more: Any,
) -> Snapshot:  # fmt: skip
    """`value` is a dataclass of published figures; `basis` are the snapshots it was made from, `more` of how."""
    with office.database.session() as session:
        return commit(
            office, session, value, authority=authority, name=name, as_at=as_at, source=source, basis=basis, **more
        )


def commit(
    office: Office, session: Session, value: Any, *, authority: str, name: str, as_at: date | None, source: str,
    basis: Iterable[int], kind: str = KIND, **more: Any,
) -> Snapshot:  # fmt: skip
    """The same in a transaction of the caller's."""
    staged, now = office.lake.stage(".json"), office.clock.now()
    staged.write_text(json.dumps(asdict(value), default=str))
    return office.lake.commit(
        session, staged, authority=authority, kind=kind, name=name, as_at=as_at or london(now).date(), made_at=now,
        made_by=BY, rows=1, source=source, report={"basis": sorted(set(basis)), **more},
    )  # fmt: skip


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    """What reads a file of that dataclass, which takes longer to make than to use."""
    return TypeAdapter[Any](kind)


def read(office: Office, snapshot: Snapshot, kind: type[T]) -> T:
    found: T = _reader(kind).validate_python(json.loads(office.lake.file(snapshot).read_text()))  # type: ignore[arg-type]
    return found


def standing(office: Office, session: Session, authority: str, name: str) -> list[Snapshot]:
    """What was published under this name and has not been taken back, in the order in which it was."""
    kept = sorted(history(session, authority, KIND, name), key=lambda snapshot: snapshot.id or 0)
    undone: dict[int, bool] = {}

    def stands(number: int) -> bool:
        if number not in undone:
            undone[number] = taken_back(session, session.get(Snapshot, number))
        return not undone[number]

    return [
        snapshot
        for snapshot in kept
        if all(map(stands, snapshot.report["basis"])) and office.lake.file(snapshot).exists()
    ]


def taken_back(session: Session, snapshot: Snapshot | None) -> bool:
    """Whether the snapshot, or the register that a table of homes was built from, was undone."""
    if snapshot is None or snapshot.undone_at:
        return True
    register = session.get(Snapshot, snapshot.report["register"]) if "register" in snapshot.report else None
    return bool(register and register.undone_at)
