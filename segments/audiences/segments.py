"""Segments: named rules of an authority, each saving a new version, with counts."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow.parquet as pq
from sqlmodel import Session

from engage.foundation import audit
from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from segments.audiences import council_records, open_homes
from segments.audiences.named_rules import Segment, as_member, held, seen_by, versions_by
from segments.engine import execution
from segments.engine.holdings import Holdings, of_all
from segments.homes import households
from segments.missing import adults
from segments.rules import local_indicators, tree
from segments.rules.columns import RECORDS
from segments.safeguards import protected
from segments.sources.indicators import INDICATORS

LONGEST_NOTE = 500


@dataclass(frozen=True)
class WardCount:
    ward: str
    name: str
    households: int
    missing: float
    electors: int = 0


@dataclass(frozen=True)
class Count:
    """What a rule holds now: homes, adults missing from them by our best estimate, and homes each channel reaches.

    Of those homes, `text_first` have a text but no email, `letter_only` nothing but a letter, `text_without_letter` a
    text but no letter, and `unreached` none. `unoccupied` are known to be without anybody. `electors` are registered.
    """

    households: int
    missing: float
    email: int
    sms: int
    letter: int
    wards: list[WardCount]
    text_first: int = 0
    letter_only: int = 0
    text_without_letter: int = 0
    unreached: int = 0
    unoccupied: int = 0
    electors: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def save(office: Office, actor: Actor, name: str, rule: object, *, shared: bool = True, note: str = "") -> Segment:
    """The next version. Every officer may change what is shared; a draft is its owner's alone."""
    parsed = tree.parse(rule, local_indicators.columns(office, actor.authority), held(office, actor.authority))
    name = name.strip()
    if not name or len(name) > tree.LONGEST_NAME or len(note) > LONGEST_NOTE:
        wanted = "Enter a name for the segment" if not name else "The name must be 120 characters or less"
        raise InputRefused(
            f"The note must be {LONGEST_NOTE} characters or less" if len(note) > LONGEST_NOTE else wanted
        )
    with office.database.session() as session:
        latest = versions_by(session, actor.authority, name)
        _demand_theirs(actor, latest, shared=shared)
        _demand_held(session, actor.authority, name, parsed)
        segment = Segment(
            authority=actor.authority, name=name, version=latest[0].version + 1 if latest else 1, rule=parsed.as_json(),
            made_by=actor.label, made_at=office.clock.now(), owner_id=actor.account_id, note=note,
            shared=shared or actor.account_id is None,
        )  # fmt: skip
        session.add(segment)
        session.flush()
        audit.record(
            session, authority=actor.authority, at=segment.made_at, actor=actor.label, act="save segment",
            subject=f"segment {segment.id}", version=segment.version, rule=parsed.sentence(),
        )  # fmt: skip
        return segment


def _demand_theirs(actor: Actor, latest: list[Segment], *, shared: bool) -> None:
    if latest and not seen_by(latest[0], actor.account_id):
        raise InputRefused("A colleague has a draft by this name. Choose another name")
    if latest and latest[0].shared and not shared:
        raise InputRefused("This segment is shared, and colleagues may use it. Give your draft another name")


def _demand_held(session: Session, authority: str, name: str, rule: tree.Rule) -> None:
    """That the segments it refers to are those that stand here, and not itself."""
    for member in tree.members(rule.where):
        if member.name == name:
            raise tree.RuleInvalid(f"“{name}” cannot refer to itself, not by another segment either: take it out.")
        found = session.get(Segment, member.id)
        if found is None or found.authority != authority or as_member(found) != member:
            raise tree.RuleInvalid(
                f"“{member.name}”, version {member.version}, is not segment {member.id} here: expected its id alone."
            )


def count(office: Office, authority: str, rule: object) -> Count:
    """What a rule holds in one authority, from its homes kept open."""
    parsed = rule
    if not isinstance(parsed, tree.Rule):
        parsed = tree.parse(rule, local_indicators.columns(office, authority), held(office, authority))
    with office.database.reading() as session:
        homes = chosen(office, session, authority, parsed)
    return counted(homes)


def chosen(office: Office, session: Session, authority: str, rule: tree.Rule) -> open_homes.Chosen:
    """The open homes that a rule holds; RuleInvalid names what it asks for and is not imported."""
    homes = open_homes.opened(office, session, authority)
    demand(rule, homes.columns)
    return homes.chosen(rule)


def counted(homes: open_homes.Chosen) -> Count:
    by_reach, missing, electors = homes.tallies()
    ways = _ways(*(np.arange(open_homes.WAYS) & bit > 0 for bit in open_homes.REACH.values()))
    email, sms, letter, *rest = (by_reach.sum(axis=0) @ np.stack(list(ways.values()), axis=1)).tolist()
    rest += [homes.unoccupied(), int(electors.sum())]
    found = zip(homes.of.wards, by_reach.sum(axis=1).tolist(), missing.tolist(), electors.tolist(), strict=True)
    wards = [
        WardCount(ward or "", name or "", count, lacking, int(registered))
        for (ward, name), count, lacking, registered in found
        if count
    ]
    wards.sort(key=lambda ward: (-ward.households, not ward.ward, ward.ward, ward.name))
    return Count(len(homes.places), float(missing.sum()), email, sms, letter, wards, *rest)


def count_all(office: Office, rule: object) -> dict[str, Count]:
    """What a rule holds in every authority that has a table of homes, in one computation."""
    parsed = rule if isinstance(rule, tree.Rule) else tree.parse(rule)
    return _counts(office, households.built(office), parsed)


def _counts(office: Office, built: Mapping[str, int], rule: tree.Rule) -> dict[str, Count]:
    if not built:
        return {}
    of_authority: dict[str, list[dict[str, Any]]] = {code: [] for code in built}
    by_ward = of_all(office, built, lambda holdings: holdings.rows(_by_ward(_with_missing(holdings, rule))))
    for row in chain.from_iterable(by_ward):
        of_authority[row["authority"]].append(row)
    return {code: _count(own) for code, own in of_authority.items()}


def _count(rows: list[dict[str, Any]]) -> Count:
    wards = [WardCount(r["ward"] or "", r["name"] or "", r["homes"], r["missing"], int(r["electors"])) for r in rows]
    homes, missing, *reached = (sum(row[name] for row in rows) for name in SUMS)
    email, sms, letter, *rest = map(int, reached)
    return Count(int(homes), float(missing), email, sms, letter, wards, *rest)


def _with_missing(holdings: Holdings, rule: tree.Rule) -> ir.Table:
    """The homes of a rule, of every authority, with the adults missing from each; one that names an indicator that an
    authority has not imported says so. Homes that must not be seen by now are left out, as they are of every count."""
    tables = households.newest_of(holdings)
    hidden = protected.hidden_since(holdings.office, holdings.session, tables)
    return adults.attached(holdings, homes_of(holdings, rule, tables, hidden), tables, hidden)


def homes_of(
    holdings: Holdings, rule: tree.Rule, tables: Mapping[str, Snapshot], hidden: Mapping[str, list[int]]
) -> ir.Table:
    """The homes that a rule holds in these tables of homes, without the hidden ones."""
    for code, table in tables.items():
        held = pq.read_schema(holdings.office.lake.file(table)).names
        demand(rule, [*held, *RECORDS], f" in {code}" if len(tables) > 1 else "")
    homes = execution.tables(holdings.backend, holdings.office.lake, tables.values())
    homes = council_records.attached(holdings, homes, tables, columns(rule.where))
    return execution.without(homes.filter(rule.ibis(homes)), "uprn", hidden)


def demand(rule: tree.Rule, held: Iterable[str], where: str = "") -> None:
    missing = sorted(columns(rule.where) - {*held, "reach"})
    if not RECORDS.isdisjoint(missing):
        raise council_records.not_in_date()
    if missing:
        tables = sorted({INDICATORS[name].table.upper() for name in missing if name in INDICATORS})
        wanted = f"Import {' and '.join(tables)} first" if tables else "Import the table it comes from first"
        asked = ", ".join(missing)
        raise tree.RuleInvalid(
            f"This rule asks for {asked}, which is not imported{where}. {wanted}, then build the homes again."
        )


def columns(node: tree.Node) -> set[str]:
    match node:
        case tree.Condition():
            return {node.column}
        case tree.Not():
            return columns(node.part)
        case tree.Member():
            return columns(node.where)
        case tree.Group():
            return set[str]().union(*(columns(part) for part in node.parts))


SUMS = (
    "homes", "missing", "email", "sms", "letter", "text_first", "letter_only", "text_without_letter", "unreached",
    "unoccupied", "electors",
)  # fmt: skip


def _ways(email: Any, sms: Any, letter: Any) -> dict[str, Any]:
    """The figures of a Count that say how homes are reached, from which channels reach them: of homes or of arrays."""
    return {
        "email": email,
        "sms": sms,
        "letter": letter,
        "text_first": sms & ~email,
        "letter_only": letter & ~email & ~sms,
        "text_without_letter": sms & ~letter,
        "unreached": ~(email | sms | letter),
    }


def _by_ward(homes: ir.Table) -> ir.Table:
    ways = _ways(*(homes[channel].fill_null(False) for channel in ("email", "sms", "letter")))
    return (
        homes.group_by("authority", "ward", name="ward_name")
        .agg(
            homes=homes.count(),
            missing=homes.missing.sum().fill_null(0.0),
            unoccupied=homes.count(where=homes.unoccupied.notnull()),
            electors=homes.electors.sum().fill_null(0),
            **{name: homes.count(where=test) for name, test in ways.items()},
        )
        .order_by("authority", ibis.desc("homes"), "ward", "name")
    )
