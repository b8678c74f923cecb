"""An audience: what a rule held on the day, frozen with each home's reach, so that a campaign can be repeated."""

from dataclasses import dataclass
from pathlib import Path

import ibis
import ibis.expr.types as ir

from engage.foundation import audit
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from segments import engine, households, reach, rules, segments
from segments.holdings import Holdings, reading

CHANNELS = ("email", "sms")
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
    with reading(office, [actor.authority]) as holdings:
        table_of_homes = households.newest(holdings.session, actor.authority)
        staged = office.lake.stage()
        homes = _frozen(holdings, parsed).drop("authority")
        rows = engine.write(holdings.backend, homes.order_by("uprn"), staged)
    return _keep(office, actor, engine.Part(actor.authority, staged, rows), table_of_homes, parsed, name)


def freeze_all(office: Office, label: str, rule: object, *, name: str) -> dict[str, Audience]:
    """`freeze` for every authority that has a table of homes, in one computation; each is committed by itself."""
    parsed = rules.parse(rule)
    authorities = households.built(office)
    if not authorities:
        return {}
    with reading(office, authorities) as holdings:
        tables = {code: households.newest(holdings.session, code) for code in authorities}
        homes = _frozen(holdings, parsed)
        columns = {held: held for held in homes.columns if held != "authority"}
        parts = engine.write_each(
            holdings.backend, homes, office.lake, dict.fromkeys(authorities, columns), order="uprn"
        )  # fmt: skip
        return {
            part.authority: _keep(
                office, Actor(part.authority, label), part, tables[part.authority], parsed, name
            )
            for part in parts
        }  # fmt: skip


def _keep(
    office: Office, actor: Actor, part: engine.Part, table_of_homes: Snapshot, rule: rules.Rule, name: str
) -> Audience:  # fmt: skip
    register = int(table_of_homes.report["register"])
    with office.database.session() as session:
        snapshot = office.lake.commit(
            session, part.path, authority=actor.authority, kind="audience", name=name, as_at=table_of_homes.as_at,
            made_at=office.clock.now(), made_by=actor.label, rows=part.rows,
            report={"rule": rule.as_json(), "register": register, "households": table_of_homes.id},
        )  # fmt: skip
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="freeze audience",
            subject=f"snapshot {snapshot.id}", homes=part.rows, rule=rule.sentence(),
        )  # fmt: skip
        return Audience(snapshot.id or 0, office.lake.file(snapshot), part.rows, register, table_of_homes.id or 0)


def _frozen(holdings: Holdings, rule: rules.Rule) -> ir.Table:
    homes = segments.select_homes(holdings, rule).select("authority", *KEPT)
    usable = reach.usable(holdings)
    if usable is None:
        nothing = {f"{channel}_{part}": ibis.null("string") for channel in CHANNELS for part in reach.PARTS}
        return homes.mutate(**nothing)
    for channel in CHANNELS:
        homes = engine.attach(homes, reach.best(usable, channel), "uprn")
    return homes
