"""An audience: what a rule held on the day, frozen with each home's reach, so that a campaign can be repeated.

Its snapshot's report says all that it follows from: the rule, with the segment and version it is of; the snapshots of
homes and contacts; which of both were closed on the day, as keyed hashes in a file beside; the counts; and the seed by
which the campaign draws its arms. `reproduce` makes the same rows again.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engage.foundation import audit
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from segments.audiences import council_records, named_rules, segments
from segments.engine import execution
from segments.engine.holdings import Holdings, of_all, reading
from segments.homes import households, reach
from segments.rules import tree
from segments.safeguards import protected
from segments.safeguards.suppression import suppressed_contacts

CHANNELS = ("email", "sms")
KEEPERS = 4  # audiences kept at a time, as most of it is waiting for the disk
KEPT = ["uprn", "ward", "ward_name", "oa", "kind", "electors", "address_lines", "postcode", "letter"]


@dataclass(frozen=True)
class Audience:
    snapshot_id: int
    path: Path
    households: int
    register_snapshot: int
    households_snapshot: int


@dataclass(frozen=True)
class Ground:
    """What an audience of one authority follows from, besides the rule: the homes and contacts, without the closed."""

    homes: Snapshot
    contacts: Snapshot | None
    closed_homes: list[int]
    closed_contacts: set[str]


def freeze(
    office: Office, actor: Actor, rule: object, *, name: str, segment: str = "", seed: int | None = None
) -> Audience:
    """Write the homes a rule holds now, with their newest usable contact points, as an immutable snapshot. `segment`
    is the name of the one the rule is of, `seed` what arms will be drawn by: both are kept with it."""
    parsed = tree.parse(rule)
    with reading(office, [actor.authority]) as holdings:
        ground = _grounds(holdings)[actor.authority]
        staged = office.lake.stage()
        homes = _frozen(holdings, parsed, {actor.authority: ground}).drop("authority")
        rows = execution.write(holdings.backend, homes.order_by("uprn"), staged)
    part = execution.Part(actor.authority, staged, rows)
    return _keep(office, actor, part, ground, parsed, name, {"segment": segment, "seed": seed})


def freeze_all(office: Office, label: str, rule: object, *, name: str) -> dict[str, Audience]:
    """`freeze` for every authority that has a table of homes, in one run; each is committed by itself."""
    freeze_some = partial(_freeze_some, label, tree.parse(rule), name)
    return dict(chain.from_iterable(of_all(office, households.built(office), freeze_some)))


def _freeze_some(label: str, rule: tree.Rule, name: str, holdings: Holdings) -> list[tuple[str, Audience]]:
    grounds = _grounds(holdings)
    homes = _frozen(holdings, rule, grounds)
    columns = {held: held for held in homes.columns if held != "authority"}
    parts = holdings.write_each(homes, dict.fromkeys(holdings.authorities, columns), "uprn")
    with ThreadPoolExecutor(KEEPERS) as keepers:
        return list(keepers.map(partial(_keep_part, holdings.office, label, grounds, rule, name), parts))


def _keep_part(
    office: Office, label: str, grounds: Mapping[str, Ground], rule: tree.Rule, name: str, part: execution.Part
) -> tuple[str, Audience]:
    code = part.authority
    return code, _keep(office, Actor(code, label), part, grounds[code], rule, name, {})


def reproduce(office: Office, authority: str, snapshot_id: int) -> pa.Table:
    """The rows of a frozen audience, worked out again from what its report says, in order of UPRN. InputRefused where
    a file it follows from is no longer kept."""
    with reading(office, [authority]) as holdings:
        frozen = _held(holdings, snapshot_id)
        if frozen.kind != "audience" or "closed_file" not in frozen.report:
            raise NotFound(f"Snapshot {snapshot_id} is no audience that was frozen from a rule.")
        ground = _ground_again(holdings, frozen.report)
        rule = tree.parse(frozen.report["rule"])
        _demand_records(holdings, authority, rule, frozen.report.get("records"))
        homes = _frozen(holdings, rule, {authority: ground}).drop("authority")
        staged = office.lake.stage()
        try:
            execution.write(holdings.backend, homes.order_by("uprn"), staged)
            return pq.read_table(staged)
        finally:
            staged.unlink(missing_ok=True)


def _demand_records(holdings: Holdings, authority: str, rule: tree.Rule, before: str | None) -> None:
    """The council's own records go whole when their time is over, and no copy of what they told is kept for this."""
    asked = segments.columns(rule.where)
    if council_records.digest(holdings.office, holdings.session, authority, asked) != before:
        raise InputRefused(
            "The council's own records that its rule asks for have changed or may no longer be used, so this "
            "cannot be made again."
        )


def _grounds(holdings: Holdings) -> dict[str, Ground]:
    """As things stand."""
    homes, contacts = households.newest_of(holdings), holdings.newest("contacts")
    hidden = protected.hidden_since(holdings.office, holdings.session, homes)
    return {
        code: Ground(table, contacts.get(code), hidden[code], suppressed_contacts(holdings.session, code))
        for code, table in homes.items()
    }


def _ground_again(holdings: Holdings, report: Mapping[str, Any]) -> Ground:
    office = holdings.office
    homes = _held(holdings, report["households"])
    contacts = _held(holdings, report["contacts"]) if report["contacts"] else None
    closed = pq.read_table(office.lake.at(report["closed_file"])).to_pylist()
    keys = {row["key"] for row in closed if row["of"] == "home"}
    hidden = protected.keyed(office, {homes.authority: homes}, {homes.authority: keys})[homes.authority]
    return Ground(homes, contacts, hidden, {row["key"] for row in closed if row["of"] == "contact"})


def _held(holdings: Holdings, snapshot_id: int) -> Snapshot:
    found = holdings.session.get(Snapshot, snapshot_id)
    if found is None or found.authority not in holdings.authorities:
        raise NotFound(f"There is no snapshot {snapshot_id} in {', '.join(holdings.authorities)}.")
    if not holdings.office.lake.file(found).exists():
        raise InputRefused(f"Snapshot {snapshot_id} ({found.kind}) is no longer kept, so this cannot be made again.")
    return found


def _keep(
    office: Office, actor: Actor, part: execution.Part, ground: Ground, rule: tree.Rule, name: str,
    besides: Mapping[str, Any],
) -> Audience:  # fmt: skip
    homes, said = ground.homes, rule.as_json()
    register = int(homes.report["register"])
    report = {
        "rule": said, "register": register, "households": homes.id,
        "contacts": ground.contacts.id if ground.contacts else None, "counts": _counts(part),
        "closed_file": office.lake.adopt(_write_closed(office, ground), actor.authority, "audience"),
        "seed": besides.get("seed"), "records": _records(office, actor.authority, rule),
    }  # fmt: skip
    with office.database.session() as session:
        named = besides.get("segment")
        version = named_rules.version_of(session, actor.authority, named, said) if named else None
        snapshot = office.lake.commit(
            session, part.path, authority=actor.authority, kind="audience", name=name, as_at=homes.as_at,
            made_at=office.clock.now(), made_by=actor.label, rows=part.rows,
            report=report | {"segment": version and version.name, "version": version and version.version},
        )  # fmt: skip
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="freeze audience",
            subject=f"snapshot {snapshot.id}", homes=part.rows, rule=rule.sentence(),
        )  # fmt: skip
        return Audience(snapshot.id or 0, office.lake.file(snapshot), part.rows, register, homes.id or 0)


def _records(office: Office, authority: str, rule: tree.Rule) -> str | None:
    with office.database.reading() as session:
        return council_records.digest(office, session, authority, segments.columns(rule.where))


def _counts(part: execution.Part) -> dict[str, int]:
    columns = [*(f"{channel}_contact" for channel in CHANNELS), "letter"]
    held = pq.ParquetFile(part.path).read(columns, use_threads=False)
    reached = {channel: part.rows - held[f"{channel}_contact"].null_count for channel in CHANNELS}
    return {"households": part.rows} | reached | {"letter": pc.sum(held["letter"]).as_py() or 0}


def _write_closed(office: Office, ground: Ground) -> Path:
    """Keyed hashes, and only of homes and contacts that the audience's snapshots hold."""
    found = [("home", office.keys.uprn(uprn)) for uprn in ground.closed_homes]
    if ground.contacts and ground.closed_contacts:
        query = "SELECT DISTINCT contact FROM read_parquet(?) WHERE contact IN (SELECT unnest(?)) ORDER BY contact"
        asked = [str(office.lake.file(ground.contacts)), sorted(ground.closed_contacts)]
        with duckdb.connect() as lake:
            found += [("contact", contact) for (contact,) in lake.execute(query, asked).fetchall()]
    staged = office.lake.stage()
    kinds, keys = zip(*found, strict=True) if found else ((), ())
    pq.write_table(pa.table({"of": pa.array(kinds, pa.string()), "key": pa.array(keys, pa.string())}), staged)
    return staged


def _frozen(holdings: Holdings, rule: tree.Rule, grounds: Mapping[str, Ground]) -> ir.Table:
    tables = {code: ground.homes for code, ground in grounds.items()}
    hidden = {code: ground.closed_homes for code, ground in grounds.items()}
    homes = segments.homes_of(holdings, rule, tables, hidden).select("authority", *KEPT)
    contacts = [ground.contacts for ground in grounds.values() if ground.contacts]
    if not contacts:
        nothing = {f"{channel}_{part}": ibis.null("string") for channel in CHANNELS for part in reach.PARTS}
        return homes.mutate(**nothing)
    listed = execution.tables(holdings.backend, holdings.office.lake, contacts)
    usable = reach.allowed(listed, {code: ground.closed_contacts for code, ground in grounds.items()})
    for channel in CHANNELS:
        homes = execution.attach(homes, reach.best(usable, channel), "uprn")
    return homes
