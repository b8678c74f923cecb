"""One row per home: what the register, the gazetteer, the Census and the contact list say of it together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend
from sqlalchemy import func
from sqlmodel import Session, select

from engage.foundation import audit
from engage.foundation.errors import InputRefused
from engage.foundation.identity import authority as find_authority
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Actor, Office
from segments import area_names, areas, engine, protected, reach, registrations
from segments.import_report import Stage

# The adults an output area's homes hold are shared out by kind of home: a large house holds more than a flat.
# Weights are the mean number of adults by accommodation type in England, relative to all (Census 2021, RM001).
ADULTS_BY_CLASS = {"RD02": 1.12, "RD03": 1.08, "RD04": 1.02, "RD06": 0.74, "RD08": 0.60, "RD01": 0.85, "RH": 1.6}
KINDS = {"RD02": "house", "RD03": "house", "RD04": "house", "RD06": "flat", "RD08": "flat"}


LINKED, BUILT = 0.5, 0.95  # of the work lies behind these stages


@dataclass(frozen=True)
class Summary:
    """The first figures of a borough. `linked_share` is the part of electors tied to a home, 0 to 1."""

    households: int
    electors: int
    linked_share: float
    register_as_at: str
    built_at: str


def build(office: Office, actor: Actor, *, progress: Callable[[str], None] | None = None) -> Snapshot:
    """Link the newest register and write the table of homes, as one new snapshot. `progress` is told each Stage."""
    say = progress or (lambda _: None)
    say(Stage("Tying electors to homes", 0.0))
    with office.database.session() as session:
        find_authority(session, actor.authority)
        register = engine.needed(current(session, actor.authority, "register"), "register")
    electors = registrations.link(office, actor, register)
    say(Stage("Counting who lives in each home", LINKED))
    staged = office.lake.stage()
    # Reading takes seconds, in which pages go on being answered.
    with office.database.reading() as session, engine.connect() as backend:
        seen = session.exec(select(func.max(Snapshot.id)).where(Snapshot.authority == actor.authority)).one()
        rows = engine.write(backend, _homes(backend, office, session, actor.authority, electors), staged)
    say(Stage("Saving", BUILT))
    report = electors.report | {"register": register.id, "electors_snapshot": electors.id, "seen": seen}
    with office.database.session() as session:
        return _keep(session, office, actor, staged, rows, register.as_at, report)


def _keep(
    session: Session, office: Office, actor: Actor, staged: Path, rows: int, as_at: date, report: dict[str, Any]
) -> Snapshot:  # fmt: skip
    snapshot = office.lake.commit(
        session, staged, authority=actor.authority, kind="households", as_at=as_at, made_at=office.clock.now(),
        made_by=actor.label, rows=rows, report=report,
    )  # fmt: skip
    audit.record(
        session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="build households",
        subject=f"snapshot {snapshot.id}", homes=rows,
    )  # fmt: skip
    return snapshot


def newest(session: Session, authority: str) -> Snapshot:
    found = current(session, authority, "households")
    if found is None:
        msg = "The table of homes has not been built yet. Build it: engage households build --authority CODE"
        raise InputRefused(msg)
    return found


def summary(office: Office, authority: str) -> Summary:
    with office.database.session() as session:
        snapshot = newest(session, authority)
        report = snapshot.report
        linked = report["by_uprn"] + report["by_address"]
        return Summary(
            snapshot.rows,
            report["electors"],
            linked / report["electors"] if report["electors"] else 0.0,
            snapshot.as_at.isoformat(),
            snapshot.made_at.isoformat(),
        )


def export(office: Office, actor: Actor, to: Path) -> int:
    """Copy the table of homes to a Parquet or CSV file; returns its rows."""
    with office.database.session() as session, engine.connect() as backend:
        snapshot = newest(session, actor.authority)
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="export households",
            subject=f"snapshot {snapshot.id}", homes=snapshot.rows,
        )  # fmt: skip
        homes = engine.table(backend, office.lake, snapshot)
        plain = homes.drop("address_lines")
        (backend.to_csv if to.suffix == ".csv" else backend.to_parquet)(plain, to)
        return int(homes.count().execute())


def _homes(backend: Backend, office: Office, session: Session, authority: str, electors: Snapshot) -> ir.Table:
    gazetteer_snapshot = engine.needed(current(session, authority, "gazetteer"), "gazetteer")
    hidden = protected.hidden(office, session, gazetteer_snapshot)
    gazetteer = engine.table(backend, office.lake, gazetteer_snapshot)
    homes = gazetteer.filter(gazetteer.residential & ~gazetteer.uprn.isin(hidden or [-1]))
    placed = _place(backend, office, session, authority, homes)
    counted = _count_electors(placed, engine.table(backend, office.lake, electors), electors.as_at)
    reached = _reach(backend, office, session, authority, counted)
    expected = _expect(backend, office, session, authority, reached)
    return _with_indicators(backend, office, session, authority, expected).order_by("uprn")


def _place(backend: Backend, office: Office, session: Session, authority: str, homes: ir.Table) -> ir.Table:
    """Ward and output area by UPRN; a home the look-up lacks takes those of its postcode, by ONS's postcode look-up
    where that is imported, else by most of its neighbours there."""
    geography = engine.table(backend, office.lake, engine.needed(current(session, authority, "geography"), "geography"))
    own = engine.attach(homes, geography, "uprn")
    own = own.rename(ward_custodian="ward").rename(ward="ward_right")
    neighbours = (
        own.filter(own.oa.notnull() & own.postcode.notnull())
        .group_by("postcode")
        .agg(oa_near=ibis._.oa.mode(), lsoa_near=ibis._.lsoa.mode(), ward_near=ibis._.ward.mode())
    )
    looked_up = _of_postcodes(backend, office, session, authority, neighbours)
    near = engine.attach(engine.attach(own, neighbours, "postcode"), looked_up, "postcode")
    placed = near.select(
        "uprn",
        "postcode",
        "address_lines",
        **{"class": near["class"]},
        kind=_kind(near["class"]),
        communal=near["class"].startswith("RI"),
        oa=near.oa.coalesce(near.oa_there, near.oa_near),
        lsoa=near.lsoa.coalesce(near.lsoa_there, near.lsoa_near),
        ward=near.ward.coalesce(near.ward_there, near.ward_near, near.ward_custodian),
    )
    return _name_wards(backend, office, session, authority, placed)


def _of_postcodes(
    backend: Backend, office: Office, session: Session, authority: str, neighbours: ir.Table
) -> ir.Table:  # fmt: skip
    """`postcode, oa_there, lsoa_there, ward_there`: ONS's postcode look-up, empty before one is imported."""
    snapshot = current(session, authority, "postcodes")
    if snapshot is None:
        nothing = {f"{area}_there": ibis.null("string") for area in ("oa", "lsoa", "ward")}
        return neighbours.select("postcode", **nothing)
    found = engine.table(backend, office.lake, snapshot)
    return found.select("postcode", oa_there="oa", lsoa_there="lsoa", ward_there="ward")


def _name_wards(backend: Backend, office: Office, session: Session, authority: str, homes: ir.Table) -> ir.Table:
    names = area_names.of_wards(backend, office, session, authority)
    if names is None:
        return homes.mutate(ward_name=homes.ward)
    named = engine.attach(homes, names, "ward")
    return named.mutate(ward_name=named.ward_name.coalesce(named.ward))


def _kind(code: ir.StringValue) -> ir.StringValue:
    branches = [(code.startswith(prefix), ibis.literal(kind)) for prefix, kind in KINDS.items()]
    branches += [(code.startswith("RH"), ibis.literal("shared")), (code.startswith("RI"), ibis.literal("institution"))]
    return ibis.cases(*branches, else_="other")


def _count_electors(homes: ir.Table, electors: ir.Table, as_at: Any) -> ir.Table:
    counts = electors.group_by("uprn").agg(
        electors=ibis._.count(), attainers=ibis._.count(where=ibis._.attainment > ibis.literal(as_at))
    )
    joined = engine.attach(homes, counts, "uprn")
    return joined.mutate(electors=joined.electors.fill_null(0), attainers=joined.attainers.fill_null(0))


def _reach(backend: Backend, office: Office, session: Session, authority: str, homes: ir.Table) -> ir.Table:
    contacts = current(session, authority, "contacts")
    posted = homes.mutate(letter=homes.postcode.notnull() & (homes.address_lines.length() >= 3))
    if contacts is None:
        return posted.mutate(email=ibis.literal(value=False), sms=ibis.literal(value=False))
    usable = reach.usable(session, authority, engine.table(backend, office.lake, contacts))
    reached = usable.group_by("uprn").agg(email=(usable.channel == "email").any(), sms=(usable.channel == "sms").any())
    joined = engine.attach(posted, reached, "uprn")
    return joined.mutate(email=joined.email.fill_null(False), sms=joined.sms.fill_null(False))


def _expect(backend: Backend, office: Office, session: Session, authority: str, homes: ir.Table) -> ir.Table:
    known = areas.areas(backend, office, session, authority)
    if known is None:
        nothing = ibis.null("float64")
        return homes.mutate(expected_adults=nothing, gap=nothing)
    code = homes["class"]
    weights = [(code.startswith(prefix), ibis.literal(w)) for prefix, w in ADULTS_BY_CLASS.items()]
    weighed = homes.mutate(
        weight=homes.communal.ifelse(ibis.null("float64"), ibis.cases(*weights, else_=1.0)),
    )
    total = weighed.group_by("oa").agg(total=weighed.weight.sum())
    joined = engine.attach(engine.attach(weighed, total, "oa"), known, "oa")
    # A home shares the adults of its area; one that the Census does not know is left without a figure.
    shared = joined.mutate(expected_adults=joined.eligible * joined.weight / joined.total)
    return shared.mutate(gap=shared.expected_adults - shared.electors).drop(
        "weight", "total", "adults", "eligible", "stale", "not_entitled"
    )


def _with_indicators(backend: Backend, office: Office, session: Session, authority: str, homes: ir.Table) -> ir.Table:
    found = areas.measures(backend, office, areas.indicators(session, authority))
    if found is None:
        return homes
    for level, names in areas.indicator_names(found).items():
        columns = areas.wide(found, level, names).rename({level: "area"})
        columns = columns.cast({"uprn": "int64"}) if level == "uprn" else columns
        homes = engine.attach(homes, columns, level)
    return homes
