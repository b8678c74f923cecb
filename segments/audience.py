"""An audience: what a rule held on the day, frozen with each home's reach, so that a campaign can be repeated."""

from dataclasses import dataclass
from pathlib import Path

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from engage.foundation import audit
from engage.foundation.lake import current
from engage.foundation.office import Actor, Office
from segments import engine, households, reach, rules, segments

KEPT = ["uprn", "ward", "ward_name", "oa", "kind", "electors", "address_lines", "postcode", "letter"]


@dataclass(frozen=True)
class Audience:
    snapshot_id: int
    path: Path
    households: int
    register_snapshot: int
    households_snapshot: int


def freeze(office: Office, actor: Actor, rule: object, *, name: str) -> Audience:
    """Write the homes a rule holds now, with their newest usable contact points, as an immutable snapshot."""
    parsed = rules.parse(rule)
    with office.database.session() as session:
        table_of_homes = households.newest(session, actor.authority)
        staged = office.lake.stage()
        with engine.connect() as backend:
            homes = engine.table(backend, office.lake, table_of_homes)
            chosen = segments.select_homes(homes, parsed).select(*KEPT)
            with_contacts = _with_contacts(backend, office, session, actor.authority, chosen)
            rows = engine.write(backend, with_contacts.order_by("uprn"), staged)
        register = int(table_of_homes.report["register"])
        snapshot = office.lake.commit(
            session, staged, authority=actor.authority, kind="audience", name=name, as_at=table_of_homes.as_at,
            made_at=office.clock.now(), made_by=actor.label, rows=rows,
            report={"rule": parsed.as_json(), "register": register, "households": table_of_homes.id},
        )  # fmt: skip
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="freeze audience",
            subject=f"snapshot {snapshot.id}", homes=rows, rule=parsed.sentence(),
        )  # fmt: skip
        return Audience(snapshot.id or 0, office.lake.file(snapshot), rows, register, table_of_homes.id or 0)


def _with_contacts(backend: Backend, office: Office, session: Session, authority: str, homes: ir.Table) -> ir.Table:
    snapshot = current(session, authority, "contacts")
    if snapshot is None:
        return homes.mutate(
            **{
                f"{channel}_{part}": ibis.null("string")
                for channel in ("email", "sms")
                for part in ("contact", "value")
            }
        )
    usable = reach.usable(session, authority, engine.table(backend, office.lake, snapshot))
    for channel in ("email", "sms"):
        homes = engine.attach(homes, reach.best(usable, channel), "uprn")
    return homes
