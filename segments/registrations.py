"""Who is on a register, home by home: the linked electors of each snapshot, and who joined between two."""

from dataclasses import asdict

import ibis.expr.types as ir
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from engage.foundation.lake import Snapshot, current, history
from engage.foundation.office import Actor, Office
from segments import engine, linking


def linked(office: Office, actor: Actor, session: Session, register: Snapshot) -> Snapshot:
    """The electors of a register tied to homes of the newest gazetteer; made once per pair of them."""
    gazetteer = engine.needed(current(session, actor.authority, "gazetteer"), "gazetteer")
    source = f"register {register.id} gazetteer {gazetteer.id}"
    for known in history(session, actor.authority, "electors", str(register.id)):
        if known.source == source:
            return known
    staged = office.lake.stage()
    counts = linking.link(office.lake.file(register), office.lake.file(gazetteer), staged)
    return office.lake.commit(
        session,
        staged,
        authority=actor.authority,
        kind="electors",
        name=str(register.id),
        as_at=register.as_at,
        made_at=office.clock.now(),
        made_by=actor.label,
        rows=counts.by_uprn + counts.by_address,
        source=source,
        report=asdict(counts),
    )


def newest(office: Office, actor: Actor, session: Session) -> Snapshot:
    register = engine.needed(current(session, actor.authority, "register"), "register")
    return linked(office, actor, session, register)


def joined(before: ir.Table, after: ir.Table) -> ir.Table:
    """`uprn, gained`: persons on the later register of a home who were nowhere on the earlier one of that home.

    Persons are keyed hashes that survive the renumbering of each December; one who was struck off and one who
    joined at the same home are two persons, so a change of occupants is a gain too.
    """
    new = after.anti_join(before, ["person", "uprn"])
    return new.group_by("uprn").agg(gained=new.person.nunique())


def gained_since(office: Office, authority: str, register_snapshot: int) -> set[int]:
    """UPRNs of homes with somebody on the newest register who was not there on the given one."""
    with office.database.session() as session, engine.connect() as backend:
        return set(_gained(backend, office, Actor(authority, "engage"), session, register_snapshot))


def _gained(backend: Backend, office: Office, actor: Actor, session: Session, register_snapshot: int) -> list[int]:
    earlier = engine.needed(session.get(Snapshot, register_snapshot), "register")
    latest = engine.needed(current(session, actor.authority, "register"), "register")
    if latest.id == earlier.id:
        return []
    before = engine.table(backend, office.lake, linked(office, actor, session, earlier))
    after = engine.table(backend, office.lake, linked(office, actor, session, latest))
    return [int(uprn) for uprn in joined(before, after).uprn.execute()]
