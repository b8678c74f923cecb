"""What a council that went into another leaves to it: who must not be contacted or seen."""

from collections.abc import Sequence

import duckdb
from sqlmodel import Session, col, select

from engage.foundation.lake import current
from engage.foundation.office import Office
from segments.files.reading import literal
from segments.safeguards.suppression import Suppression

KEPT = ("scope", "key", "channel", "reason", "source", "added_on", "until")


def inherit(session: Session, office: Office, authority: str, former: Sequence[str]) -> int:
    """Take up the objections and protected addresses of councils that are authorities here; returns how many
    objections. An objection was made to the council as it was, and stands. Safe to repeat."""
    taken = _suppressions(session, authority, former)
    _protected(session, office, authority, former)
    return taken


def _suppressions(session: Session, authority: str, former: Sequence[str]) -> int:
    standing = select(Suppression).where(
        col(Suppression.authority).in_([authority, *former]), col(Suppression.lifted_at).is_(None)
    )
    found = list(session.exec(standing.order_by(col(Suppression.id))))
    own = {_named(each) for each in session.exec(select(Suppression).where(Suppression.authority == authority))}
    new = {_named(each): each for each in found if _named(each) not in own}
    session.add_all(Suppression(authority=authority, **{n: getattr(each, n) for n in KEPT}) for each in new.values())
    session.flush()
    return len(new)


def _named(each: Suppression) -> tuple[str, ...]:
    return each.scope, each.key, each.channel, each.source


def _protected(session: Session, office: Office, authority: str, former: Sequence[str]) -> None:
    """One list of all of them; the newest list of each council is whole."""
    lists = [found for code in (authority, *former) if (found := current(session, code, "protected"))]
    if not any(found.authority != authority for found in lists):
        return
    staged = office.lake.stage()
    with duckdb.connect() as lake:
        files = [str(office.lake.file(found)) for found in lists]
        query = "select * from read_parquet(?) qualify row_number() over (partition by address order by added_on) = 1"
        rows = lake.execute(f"select count(*) from ({query})", [files]).fetchone() or (0,)
        lake.execute(f"copy ({query} order by address) to {literal(str(staged))} (format parquet)", [files])
    office.lake.commit(
        session, staged, authority=authority, kind="protected", as_at=max(found.as_at for found in lists),
        made_at=office.clock.now(), made_by="command", rows=rows[0],
    )  # fmt: skip
