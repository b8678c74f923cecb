"""What a later register shows of the homes of a campaign: who gained an elector, arm by arm."""

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import pandas as pd
import sqlalchemy as sa
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from campaigns.lifecycle import find, permit
from campaigns.models import MESSAGES, Campaign, MessageState
from dashboards.findings import Cell
from engage.foundation.clock import london
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from engage.foundation.lake import Snapshot, current, history
from engage.foundation.office import Actor, Office
from segments import engine, registrations, wards

NO_LATER_REGISTER = "no later register yet"
ELSEWHERE = "not known"
"""The ward of a home that no boundary or directory places."""


@dataclass(frozen=True)
class Reading:
    """The register outcomes are read from. `interim`: it was taken before the outcome window closed."""

    register: Snapshot
    interim: bool

    @property
    def as_at(self) -> date:
        return self.register.as_at


def outcomes(office: Office, actor: Actor, campaign_id: int) -> pd.DataFrame:
    """One row per home of the audience: `uprn, ward, block, arm, registered, gained, contacted_on, channel`.

    `ward` is the one the home lies in now, `block` the one it was randomised in.
    `registered` is 1 where somebody is on the outcome register of the home who was not on its baseline register, and
    `gained` counts them. A home that was emptied, renumbered or removed stays, with 0. `contacted_on` and `channel`
    are those of the first message Notify accepted, missing where there was none. Raises InputRefused where the
    campaign has no audience, or no later register is imported.
    """
    with office.database.session() as session:
        permit(session, actor, Right.see_data)
        snapshot = _kept(office, actor, session, find(session, actor.authority, campaign_id))
        contacts = _first_contacts(session, campaign_id)
    homes = pd.read_parquet(office.lake.file(snapshot))
    return homes.merge(contacts, on="uprn", how="left")


def cells(office: Office, actor: Actor, campaign_id: int) -> list[Cell]:
    """Homes and those that registered, by ward and arm: exact, and so not to be shown as they are."""
    with office.database.session() as session, engine.connect() as backend:
        snapshot = _kept(office, actor, session, find(session, actor.authority, campaign_id))
        homes = engine.table(backend, office.lake, snapshot)
        counted = homes.group_by("ward", "arm").agg(homes=ibis._.count(), registered=ibis._.registered.sum())
        rows = counted.order_by("ward", "arm").execute()
    return [Cell(str(ward), str(arm), int(n), int(yes)) for ward, arm, n, yes in rows.itertuples(index=False)]


def reading(session: Session, campaign: Campaign) -> Reading | None:
    """The first register on or after the last day of the outcome window; before that the newest since it began.

    The first and not the newest: once the window is over the comparison is reminded too, and a register taken later
    shows those registrations as well.
    """
    baseline = session.get(Snapshot, campaign.register_snapshot) if campaign.register_snapshot else None
    if baseline is None:
        return None
    later = [register for register in history(session, campaign.authority, "register") if _follows(register, baseline)]
    closed = [register for register in later if register.as_at >= campaign.window_end]
    if closed:
        first = min(register.as_at for register in closed)
        return Reading(next(register for register in closed if register.as_at == first), interim=False)
    begun = [register for register in later if register.as_at >= campaign.window_start]
    return Reading(begun[0], interim=True) if begun else None


def _follows(register: Snapshot, baseline: Snapshot) -> bool:
    return register.as_at > baseline.as_at and register.id != baseline.id


def _kept(office: Office, actor: Actor, session: Session, campaign: Campaign) -> Snapshot:
    """The outcomes as one immutable snapshot, made once for each audience, pair of linked registers and geography."""
    audience = session.get(Snapshot, campaign.audience_snapshot) if campaign.audience_snapshot else None
    if audience is None or not campaign.register_snapshot:
        raise InputRefused(f"Campaign {campaign.id} has no audience yet. Submit it first.")
    read = reading(session, campaign)
    if read is None:
        due = f"{campaign.window_end:%d %B %Y}"
        raise InputRefused(f"Campaign {campaign.id}: {NO_LATER_REGISTER}. Import the register of {due} or later.")
    baseline = engine.needed(session.get(Snapshot, campaign.register_snapshot), "register")
    before, after = (registrations.linked(office, actor, session, each) for each in (baseline, read.register))
    geography = current(session, campaign.authority, "geography")
    source = f"audience {audience.id} electors {before.id} {after.id} geography {geography.id if geography else '-'}"
    for known in history(session, campaign.authority, "outcomes", str(campaign.id)):
        if known.source == source:
            return known
    staged = office.lake.stage()
    with engine.connect() as backend:
        rows = engine.write(backend, _homes(backend, office, session, audience, before, after), staged)
    return office.lake.commit(
        session, staged, authority=campaign.authority, kind="outcomes", name=str(campaign.id), as_at=read.as_at,
        made_at=office.clock.now(), made_by=actor.label, rows=rows, source=source,
        report={"register": read.register.id, "interim": read.interim},
    )  # fmt: skip


def _homes(
    backend: Backend, office: Office, session: Session, audience: Snapshot, before: Snapshot, after: Snapshot
) -> ir.Table:
    frozen = engine.table(backend, office.lake, audience)
    homes = wards.restated(backend, office, session, audience.authority, frozen.mutate(block=frozen.ward))
    gains = registrations.joined(*(engine.table(backend, office.lake, each) for each in (before, after)))
    joined = engine.attach(homes.select("uprn", "ward", "block", "arm"), gains, "uprn")
    gained = joined.gained.fill_null(0)
    placed = joined.mutate(
        **{name: joined[name].cast("string").nullif("").fill_null(ELSEWHERE) for name in ("ward", "block")},
        registered=(gained > 0).cast("int64"),
        gained=gained,
    )
    return placed.select("uprn", "ward", "block", "arm", "registered", "gained").order_by("uprn")


def _first_contacts(session: Session, campaign_id: int) -> pd.DataFrame:
    of = MESSAGES.c
    reached = of.state.in_([MessageState.accepted, MessageState.delivered])
    query = sa.select(of.uprn, of.sent_at, of.channel).where(of.campaign_id == campaign_id, reached)
    first: dict[int, tuple[date | None, str]] = {}
    for uprn, sent_at, channel in session.execute(query.order_by(of.sent_at, of.id)):
        first.setdefault(uprn, (london(sent_at).date() if sent_at else None, channel))
    return pd.DataFrame(
        {
            "uprn": pd.Series(list(first), dtype="int64"),
            "contacted_on": pd.Series([day for day, _ in first.values()], dtype=object),
            "channel": pd.Series([channel for _, channel in first.values()], dtype=object),
        }
    )
