"""Segments: named rules of an authority, each saving a new version, with counts."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow.parquet as pq
from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation import audit
from engage.foundation.database import Moment
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.office import Actor, Office
from segments import engine, households, local_indicators, rules
from segments.holdings import Holdings, reading


class Segment(SQLModel, table=True):
    """One version of a named rule; saving the same name again makes the next version."""

    __table_args__ = (UniqueConstraint("authority", "name", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    name: str = Field(max_length=120)
    version: int = 1
    rule: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    made_by: str = Field(max_length=80)
    made_at: datetime = Field(sa_type=Moment)

    @property
    def sentence(self) -> str:
        return rules.parse(self.rule).sentence()


@dataclass(frozen=True)
class WardCount:
    ward: str
    name: str
    households: int
    missing: float


@dataclass(frozen=True)
class Count:
    """What a rule holds now: homes, adults expected but not registered, and homes each channel reaches."""

    households: int
    missing: float
    email: int
    sms: int
    letter: int
    wards: list[WardCount]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def save(office: Office, actor: Actor, name: str, rule: object) -> Segment:
    parsed = rules.parse(rule, local_indicators.columns(office, actor.authority))
    if not name.strip():
        msg = "Enter a name for the segment"
        raise InputRefused(msg)
    with office.database.session() as session:
        latest = _versions(session, actor.authority, name.strip())
        segment = Segment(
            authority=actor.authority,
            name=name.strip(),
            version=latest[0].version + 1 if latest else 1,
            rule=parsed.as_json(),
            made_by=actor.label,
            made_at=office.clock.now(),
        )
        session.add(segment)
        session.flush()
        audit.record(
            session, authority=actor.authority, at=segment.made_at, actor=actor.label, act="save segment",
            subject=f"segment {segment.id}", version=segment.version, rule=parsed.sentence(),
        )  # fmt: skip
        return segment


def _versions(session: Session, authority: str, name: str) -> list[Segment]:
    query = select(Segment).where(Segment.authority == authority, Segment.name == name)
    return list(session.exec(query.order_by(col(Segment.version).desc())))


def all_segments(office: Office, authority: str) -> list[Segment]:
    """The newest version of each, by name."""
    with office.database.session() as session:
        query = select(Segment).where(Segment.authority == authority).order_by(Segment.name, col(Segment.version))
        return list({segment.name: segment for segment in session.exec(query)}.values())


def find(office: Office, authority: str, which: int | str) -> Segment:
    """By number, or the newest version by name."""
    with office.database.session() as session:
        found = session.get(Segment, which) if isinstance(which, int) else _newest(session, authority, which)
        if found is None or found.authority != authority:
            msg = f"There is no segment {which!r} in {authority}. See them with: engage segment list"
            raise NotFound(msg)
        return found


def _newest(session: Session, authority: str, name: str) -> Segment | None:
    return next(iter(_versions(session, authority, name)), None)


def count(office: Office, authority: str, rule: object) -> Count:
    parsed = rule
    if not isinstance(parsed, rules.Rule):
        parsed = rules.parse(rule, local_indicators.columns(office, authority))
    return _counts(office, [authority], parsed)[authority]


def count_all(office: Office, rule: object) -> dict[str, Count]:
    """What a rule holds in every authority that has a table of homes, in one computation."""
    parsed = rule if isinstance(rule, rules.Rule) else rules.parse(rule)
    return _counts(office, households.built(office), parsed)


def _counts(office: Office, authorities: list[str], rule: rules.Rule) -> dict[str, Count]:
    if not authorities:
        return {}
    with reading(office, authorities) as holdings:
        rows = engine.rows(holdings.backend, _by_ward(select_homes(holdings, rule)))
    return {code: _count([row for row in rows if row["authority"] == code]) for code in authorities}


def _count(rows: list[dict[str, Any]]) -> Count:
    wards = [WardCount(r["ward"] or "", r["name"] or "", r["homes"], r["missing"]) for r in rows]
    homes, missing, email, sms, letter = (
        sum(row[name] for row in rows) for name in ("homes", "missing", "email", "sms", "letter")
    )
    return Count(homes, float(missing), email, sms, letter, wards)


def select_homes(holdings: Holdings, rule: rules.Rule) -> ir.Table:
    """The homes of a rule; one that names an indicator that an authority has not imported says so."""
    tables = {code: households.newest(holdings.session, code) for code in holdings.authorities}
    for code, table in tables.items():
        held = pq.read_schema(holdings.office.lake.file(table)).names
        if missing := sorted(columns(rule.where) - {*held, "reach"}):
            where = f" in {code}" if len(tables) > 1 else ""
            msg = (
                f"This rule asks for {', '.join(missing)}, which is not imported{where}. "
                "Import the table it comes from first."
            )
            raise rules.RuleInvalid(msg)
    homes = engine.tables(holdings.backend, holdings.office.lake, tables.values())
    return homes.filter(rule.ibis(homes))


def columns(node: rules.Node) -> set[str]:
    match node:
        case rules.Condition():
            return {node.column}
        case rules.Not():
            return columns(node.part)
        case rules.Group():
            return set[str]().union(*(columns(part) for part in node.parts))


def _by_ward(homes: ir.Table) -> ir.Table:
    return (
        homes.group_by("authority", "ward", name="ward_name")
        .agg(
            homes=ibis._.count(),
            missing=ibis._.gap.clip(lower=0).sum().fill_null(0.0),
            email=ibis._.email.sum().fill_null(0),
            sms=ibis._.sms.sum().fill_null(0),
            letter=ibis._.letter.sum().fill_null(0),
        )
        .order_by("authority", ibis.desc("homes"), "ward", "name")
    )
