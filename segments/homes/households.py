"""One row per home: what the register, the gazetteer, the Census and the contact list say of it together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import ibis
import ibis.expr.types as ir
from sqlalchemy import func
from sqlmodel import Session, col, select

from engage.foundation import audit
from engage.foundation.errors import InputRefused, LakeDamaged
from engage.foundation.files import cells
from engage.foundation.folders import claim
from engage.foundation.identity import Authority
from engage.foundation.identity import authority as find_authority
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Actor, Office
from segments.areas import area_names, output_areas
from segments.engine import execution, imported
from segments.engine.holdings import Holdings, of_all, reading
from segments.files.report import Stage
from segments.homes import reach, registrations, vacancy
from segments.safeguards import protected

# The adults an output area's homes hold are shared out by kind of home: a large house holds more than a flat.
# Weights are adults relative to all homes, rounded; a whole shared house holds several, a room in one about half.
ADULTS_BY_CLASS = {
    "RD02": 1.07, "RD03": 1.03, "RD04": 0.98, "RD06": 0.84, "RD08": 0.70, "RD01": 0.90, "RH02": 0.5, "RH": 2.1,
}  # fmt: skip
KINDS = {"RD02": "house", "RD03": "house", "RD04": "house", "RD06": "flat", "RD08": "flat"}


LINKED, BUILT = 0.5, 0.95  # of the work lies behind these stages
NEEDED = ("register", "gazetteer", "geography")
NOT_BUILT = "The table of homes has not been built yet. It is built once the files that it needs are here."
BUILD = "Build it: engage households build --authority CODE"
Columns = dict[str, dict[str, str]]
Seen = dict[str, object]  # what a report says of the moment its table was computed


@dataclass(frozen=True)
class Summary:
    """The first figures of a borough. `linked_share` is the part of the electors that belong here who are
    tied to a home, 0 to 1."""

    households: int
    electors: int
    linked_share: float
    register_as_at: str
    built_at: str


@dataclass(frozen=True)
class Everywhere:
    """What building for every authority came to, by code: its new snapshot, or the sentence why it was left out."""

    built: dict[str, Snapshot]
    left_out: dict[str, str]


def build(office: Office, actor: Actor, *, progress: Callable[[str], None] | None = None) -> Snapshot:
    """Link the newest register and write the table of homes, as one new snapshot. `progress` is told each Stage."""
    say = progress or (lambda _: None)
    say(Stage("Tying electors to homes", 0.0))
    with office.database.session() as session:
        find_authority(session, actor.authority)
    electors = _link(office, actor)
    say(Stage("Counting who lives in each home", LINKED))
    staged = office.lake.stage()
    with reading(office, [actor.authority]) as holdings:
        seen = _seen(holdings)
        homes, columns = _homes(holdings, {actor.authority: electors})
        own = homes.select(**{name: homes[held] for name, held in columns[actor.authority].items()})
        rows = execution.write(holdings.backend, own.order_by("uprn"), staged)
    say(Stage("Saving", BUILT))
    return _keep(office, actor, execution.Part(actor.authority, staged, rows), electors, seen[actor.authority])


def build_all(office: Office, label: str) -> Everywhere:
    """Build the table of homes of every authority in one run; each is committed by itself, so a crash leaves whole
    tables only. `label` is who does it, for the audit log."""
    electors, left_out = _link_all(office, label)
    sizes = {code: snapshot.rows for code, snapshot in electors.items()}
    built = of_all(office, sizes, partial(_build_some, label, electors))
    return Everywhere(dict(chain.from_iterable(built)), left_out)


def _build_some(label: str, electors: Mapping[str, Snapshot], holdings: Holdings) -> list[tuple[str, Snapshot]]:
    seen = _seen(holdings)
    homes, columns = _homes(holdings, {code: electors[code] for code in holdings.authorities})
    return [
        (
            part.authority,
            _keep(holdings.office, Actor(part.authority, label), part, electors[part.authority], seen[part.authority]),
        )
        for part in holdings.write_each(homes, columns, "uprn")
    ]


def _link(office: Office, actor: Actor) -> Snapshot:
    """The electors of the newest register; InputRefused before all is imported that a table of homes needs."""
    with office.database.session() as session:
        register, *_ = (imported.needed(current(session, actor.authority, kind), kind) for kind in NEEDED)
    return registrations.link(office, actor, register)


def _link_all(office: Office, label: str) -> tuple[dict[str, Snapshot], dict[str, str]]:
    with office.database.session() as session:
        codes = list(session.exec(select(Authority.code).order_by(Authority.code)))
    electors, left_out = {}, {}
    for code in codes:
        try:
            electors[code] = _link(office, Actor(code, label))
        except (InputRefused, LakeDamaged) as refused:
            left_out[code] = str(refused)
    return electors, left_out


def _seen(holdings: Holdings) -> dict[str, Seen]:
    """As things stand in each authority: its newest snapshot, of whatever kind, and which homes must not be seen."""
    newest = select(Snapshot.authority, func.max(Snapshot.id)).group_by(Snapshot.authority)
    hiding = protected.states(holdings.session, holdings.authorities)
    numbers = dict(holdings.session.exec(newest).all())
    return {code: {"seen": numbers.get(code) or 0, "hiding": state} for code, state in hiding.items()}


def _keep(office: Office, actor: Actor, part: execution.Part, electors: Snapshot, seen: Seen) -> Snapshot:
    report = electors.report | {"register": int(electors.name), "electors_snapshot": electors.id} | seen
    with office.database.session() as session:
        snapshot = office.lake.commit(
            session, part.path, authority=actor.authority, kind="households", as_at=electors.as_at,
            made_at=office.clock.now(), made_by=actor.label, rows=part.rows, report=report,
        )  # fmt: skip
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="build households",
            subject=f"snapshot {snapshot.id}", homes=part.rows,
        )  # fmt: skip
        return snapshot


def newest(session: Session, authority: str) -> Snapshot:
    found = current(session, authority, "households")
    if found is None:
        raise InputRefused(NOT_BUILT, by_command=BUILD)
    return found


def newest_of(holdings: Holdings) -> dict[str, Snapshot]:
    """`newest` of each authority."""
    found = holdings.newest("households")
    if len(found) < len(holdings.authorities):
        raise InputRefused(NOT_BUILT, by_command=BUILD)
    return found


def built(office: Office) -> dict[str, int]:
    """The authorities that have a table of homes, and how many homes the newest holds."""
    of_homes = select(Snapshot.authority, Snapshot.rows).where(
        Snapshot.kind == "households", col(Snapshot.undone_at).is_(None)
    )  # fmt: skip
    with office.database.reading() as session:
        found = session.exec(of_homes.order_by(Snapshot.authority, col(Snapshot.as_at), col(Snapshot.id)))
        return dict(found.all())


def summary(office: Office, authority: str) -> Summary:
    with office.database.session() as session:
        snapshot = newest(session, authority)
        report = snapshot.report
        linked, own = report["by_uprn"] + report["by_address"], report["electors"] - registrations.strangers(snapshot)
        return Summary(
            snapshot.rows,
            report["electors"],
            linked / own if own else 0.0,
            snapshot.as_at.isoformat(),
            snapshot.made_at.isoformat(),
        )


def export(office: Office, actor: Actor, to: Path, *, reason: str = "") -> int:
    """Copy the table of homes to a Parquet or CSV file; returns its rows."""
    why = audit.because(reason)
    with office.database.session() as session, execution.connect() as backend:
        snapshot = newest(session, actor.authority)
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="export households",
            subject=f"snapshot {snapshot.id}", homes=snapshot.rows, **why,
        )  # fmt: skip
        homes = execution.table(backend, office.lake, snapshot)
        plain = homes.drop("address_lines")
        if to.suffix == ".csv":
            backend.to_csv(plain.mutate(**{name: _harmless(plain[name]) for name in _texts(plain)}), to)
        else:
            backend.to_parquet(plain, to)
        claim(to)
        return int(homes.count().execute())


def _texts(table: ir.Table) -> list[str]:
    return [name for name, kind in table.schema().items() if kind.is_string()]


def _harmless(text: ir.Value) -> ir.Value:
    """As `cells.harmless`, by the engine: of a million homes."""
    runs = text.re_search(cells.FORMULA) & ~text.re_search(cells.NUMBER)
    return ibis.ifelse(runs, ibis.literal("'") + text, text)


def _homes(holdings: Holdings, electors: Mapping[str, Snapshot]) -> tuple[ir.Table, Columns]:
    """The homes of every authority, and which of the columns each has, as `write_each` takes them."""
    gazetteer = holdings.needed("gazetteer")
    hidden = protected.hidden_of(holdings.office, holdings.session, holdings.newest("gazetteer"))
    homes = execution.without(gazetteer.filter(gazetteer.residential), "uprn", hidden)
    placed = vacancy.listed(holdings, _place(holdings, homes))
    counted = _count_electors(placed, holdings, electors)
    return _with_indicators(holdings, _expect(holdings, _reach(holdings, counted)))


def _place(holdings: Holdings, homes: ir.Table) -> ir.Table:
    """Ward and output area by UPRN; a home the look-up lacks takes those of its postcode, by ONS's postcode look-up
    where that is imported, else those of most of its neighbours there."""
    geography = holdings.needed("geography")
    own = execution.attach(homes, geography, "uprn")
    own = own.rename(ward_custodian="ward").rename(ward="ward_right")
    near = _of_postcodes(holdings, execution.attach(own, _of_neighbours(own), "postcode"))
    placed = near.select(
        "authority",
        "uprn",
        "postcode",
        "address_lines",
        **{"class": near["class"]},
        kind=_kind(near["class"]),
        communal=near["class"].startswith("RI"),
        unoccupied=vacancy.by_gazetteer(near),
        oa=near.oa.coalesce(near.oa_there, near.oa_near),
        lsoa=near.lsoa.coalesce(near.lsoa_there, near.lsoa_near),
        ward=near.ward.coalesce(near.ward_there, near.ward_near, near.ward_custodian),
    )
    return _name_wards(holdings, placed)


def _of_neighbours(homes: ir.Table) -> ir.Table:
    """`authority, postcode, oa_near, lsoa_near, ward_near`: where most homes of a postcode lie; of two with as many,
    the lower code, so that every engine and every run says the same."""
    known = homes.filter(homes.oa.notnull() & homes.postcode.notnull())
    places = known.group_by("authority", "postcode", "oa", "lsoa", "ward").agg(homes=ibis._.count())
    most = ibis.window(
        group_by=[places.authority, places.postcode],
        order_by=[places.homes.desc(), places.oa, places.lsoa, places.ward],
    )
    ranked = places.mutate(rank=ibis.row_number().over(most))
    first = ranked.filter(ranked["rank"] == 0)
    return first.select("authority", "postcode", oa_near="oa", lsoa_near="lsoa", ward_near="ward")


def _of_postcodes(holdings: Holdings, homes: ir.Table) -> ir.Table:
    """`homes` with `oa_there, lsoa_there, ward_there` of ONS's postcode look-up, empty before one is imported."""
    found = holdings.table("postcodes")
    if found is None:
        return homes.mutate(**{f"{area}_there": ibis.null("string") for area in ("oa", "lsoa", "ward")})
    there = found.select("authority", "postcode", oa_there="oa", lsoa_there="lsoa", ward_there="ward")
    return execution.attach(homes, there, "postcode")


def _name_wards(holdings: Holdings, homes: ir.Table) -> ir.Table:
    names = holdings.gathered(area_names.of_wards)
    if names is None:
        return homes.mutate(ward_name=homes.ward)
    named = execution.attach(homes, names, "ward")
    return named.mutate(ward_name=named.ward_name.coalesce(named.ward))


def _kind(code: ir.StringValue) -> ir.StringValue:
    branches = [(code.startswith(prefix), ibis.literal(kind)) for prefix, kind in KINDS.items()]
    branches += [(code.startswith("RH"), ibis.literal("shared")), (code.startswith("RI"), ibis.literal("institution"))]
    return ibis.cases(*branches, else_="other")


def _count_electors(homes: ir.Table, holdings: Holdings, electors: Mapping[str, Snapshot]) -> ir.Table:
    linked = execution.tables(holdings.backend, holdings.office.lake, electors.values())
    days = {
        day: [code for code, own in electors.items() if own.as_at == day]
        for day in sorted({own.as_at for own in electors.values()})
    }
    # Which rows are of an authority with that day: cheaper than a join, for most registers are of one day.
    as_at = ibis.cases(*((linked.authority.isin(codes), ibis.literal(day)) for day, codes in days.items()))
    counts = linked.group_by("authority", "uprn").agg(
        electors=linked.count(), attainers=linked.count(where=linked.attainment > as_at)
    )  # fmt: skip
    joined = execution.attach(homes, counts, "uprn")
    return joined.mutate(electors=joined.electors.fill_null(0), attainers=joined.attainers.fill_null(0))


def _reach(holdings: Holdings, homes: ir.Table) -> ir.Table:
    posted = homes.mutate(letter=homes.postcode.notnull() & (homes.address_lines.length() >= 3))
    usable = reach.usable(holdings)
    if usable is None:
        return posted.mutate(email=ibis.literal(value=False), sms=ibis.literal(value=False))
    by_home = usable.group_by("authority", "uprn")
    reached = by_home.agg(email=(usable.channel == "email").any(), sms=(usable.channel == "sms").any())
    joined = execution.attach(posted, reached, "uprn")
    return joined.mutate(email=joined.email.fill_null(False), sms=joined.sms.fill_null(False))


def _expect(holdings: Holdings, homes: ir.Table) -> ir.Table:
    known = holdings.gathered(output_areas.areas)
    if known is None:
        nothing = ibis.null("float64")
        return homes.mutate(expected_adults=nothing, gap=nothing)
    code = homes["class"]
    weights = [(homes.unoccupied.notnull(), ibis.literal(0.0))]
    weights += [(code.startswith(prefix), ibis.literal(w)) for prefix, w in ADULTS_BY_CLASS.items()]
    weighed = homes.mutate(
        weight=homes.communal.ifelse(ibis.null("float64"), ibis.cases(*weights, else_=1.0)),
    )
    total = weighed.group_by("authority", "oa").agg(total=weighed.weight.sum())
    counted = known.select("authority", "oa", "eligible", "eligible_communal")
    joined = execution.attach(execution.attach(weighed, total, "oa"), counted, "oa")
    # A home shares the adults of its area who live in households; one that is known to be without anybody has none,
    # and one that the Census does not know has no figure.
    in_homes = joined.eligible - joined.eligible_communal
    shared = joined.mutate(expected_adults=in_homes * joined.weight / joined.total.nullif(0))
    return shared.mutate(gap=shared.expected_adults - shared.electors).drop(
        "weight", "total", "eligible", "eligible_communal"
    )


def _with_indicators(holdings: Holdings, homes: ir.Table) -> tuple[ir.Table, Columns]:
    """An authority gets the indicators it imported itself, each at the finest level there is of it."""
    own = {name: name for name in homes.columns if name != "authority"}
    columns = {code: dict(own) for code in holdings.authorities}
    found = holdings.every("indicator")
    if found is None:
        return homes, columns
    for level, names in output_areas.indicator_names(holdings.backend, found).items():
        held = {name: f"{level}__{name}" for name in sorted(set().union(*names.values()))}
        wide = output_areas.wide(found, level, list(held)).rename(
            {level: "area"} | {to: name for name, to in held.items()}
        )
        homes = execution.attach(homes, wide.cast({"uprn": "int64"}) if level == "uprn" else wide, level)
        for code, measures in names.items():
            for name in measures:
                columns[code].setdefault(name, held[name])
    return homes, columns
