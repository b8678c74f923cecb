"""What a later register shows of the homes of a campaign: who gained an elector, arm by arm."""

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import pandas as pd
import sqlalchemy as sa
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from campaigns.records.lookup import find, permit
from campaigns.records.models import MESSAGES, Campaign, MessageState
from dashboards.published.findings import Cell
from engage.foundation.clock import london
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from engage.foundation.lake import Snapshot, current, history
from engage.foundation.office import Actor, Office
from segments.areas import wards
from segments.engine import execution, imported
from segments.homes import registrations

NO_LATER_REGISTER = "no later register yet"
ELSEWHERE = "not known"
"""The ward of a home that no boundary or directory places."""
COUNTED = "without moves"


@dataclass(frozen=True)
class Reading:
    """The register outcomes are read from. `interim`: it was taken before the outcome window closed."""

    register: Snapshot
    interim: bool

    @property
    def as_at(self) -> date:
        return self.register.as_at


def outcomes(office: Office, actor: Actor, campaign_id: int, read: Reading | None = None) -> pd.DataFrame:
    """One row per home of the audience: `uprn, ward, block, arm, registered, gained, moved_in, electors, later,
    contacted_on, channel`.

    `ward` is the one the home lies in now, `block` the one it was randomised in. `electors` and `later` count who was
    on the register of the home before and after.
    `registered` is 1 where somebody is on the outcome register of the home who was on no home's baseline register,
    and `gained` counts them; `moved_in` counts those who came from another home, who are no new registration.
    Persons are keyed hashes of elector ids, so that a renumbering or a corrected name changes nothing. Where a
    register has no ids and a person is known by name and home alone, one who goes and one who comes may be the same
    with another spelling: only as many count as the home grew by.
    A home that was emptied, renumbered or removed stays, with 0. `contacted_on` and `channel` are those of the first
    message Notify accepted, missing where there was none. `read` asks for another register than the one the campaign
    is measured by. Raises InputRefused where the campaign has no audience, or no later register is imported.
    """
    with office.database.session() as session:
        permit(session, actor, Right.see_data)
        snapshot = _kept(office, actor, session, find(session, actor.authority, campaign_id), read)
        contacts = _first_contacts(session, campaign_id)
    homes = pd.read_parquet(office.lake.file(snapshot))
    return homes.merge(contacts, on="uprn", how="left")


def cells(office: Office, actor: Actor, campaign_id: int) -> list[Cell]:
    """Homes and those that registered, by ward and arm: exact, and so not to be shown as they are."""
    with office.database.session() as session, execution.connect() as backend:
        snapshot = _kept(office, actor, session, find(session, actor.authority, campaign_id))
        homes = execution.table(backend, office.lake, snapshot)
        counted = homes.group_by("ward", "arm").agg(homes=ibis._.count(), registered=ibis._.registered.sum())
        rows = counted.order_by("ward", "arm").execute()
    return [Cell(str(ward), str(arm), int(n), int(yes)) for ward, arm, n, yes in rows.itertuples(index=False)]


def parted(office: Office, actor: Actor, campaign_id: int, register: int) -> int | None:
    """How many homes another register showed in another ward or with another outcome; None where none is kept of it."""
    with office.database.session() as session:
        now = _kept(office, actor, session, find(session, actor.authority, campaign_id))
        known = history(session, actor.authority, "outcomes", str(campaign_id))
        then = next((one for one in known if one.report["register"] == register), None)
    if then is None or not office.lake.file(then).exists():
        return None
    told = ["uprn", "ward", "registered"]
    one, other = (pd.read_parquet(office.lake.file(each), columns=told) for each in (now, then))
    return len(one) - len(one.merge(other, on=told))


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


def readings(session: Session, campaign: Campaign) -> list[Reading]:
    """Every register since the window began, oldest first, to the one that closes it: of each day the newest."""
    baseline = session.get(Snapshot, campaign.register_snapshot) if campaign.register_snapshot else None
    last = reading(session, campaign)
    if baseline is None or last is None:
        return []
    found: dict[date, Snapshot] = {}
    for one in history(session, campaign.authority, "register"):
        if _follows(one, baseline) and campaign.window_start <= one.as_at < last.as_at:
            found.setdefault(one.as_at, one)
    return [*(Reading(found[day], interim=True) for day in sorted(found)), last]


def _follows(register: Snapshot, baseline: Snapshot) -> bool:
    return register.as_at > baseline.as_at and register.id != baseline.id


def _kept(office: Office, actor: Actor, session: Session, campaign: Campaign, read: Reading | None = None) -> Snapshot:
    """The outcomes as one immutable snapshot, made once for each audience, pair of linked registers and geography."""
    audience = session.get(Snapshot, campaign.audience_snapshot) if campaign.audience_snapshot else None
    if audience is None or not campaign.register_snapshot:
        raise InputRefused(f"Campaign {campaign.id} has no audience yet. Submit it first.")
    read = read or reading(session, campaign)
    if read is None:
        due = f"{campaign.window_end:%d %B %Y}"
        raise InputRefused(f"Campaign {campaign.id}: {NO_LATER_REGISTER}. Import the register of {due} or later.")
    baseline = imported.needed(session.get(Snapshot, campaign.register_snapshot), "register")
    before, after = (registrations.linked(office, actor, session, each) for each in (baseline, read.register))
    geography = current(session, campaign.authority, "geography")
    places = geography.id if geography else "-"
    source = f"audience {audience.id} electors {before.id} {after.id} geography {places} {COUNTED}"
    for known in history(session, campaign.authority, "outcomes", str(campaign.id)):
        if known.source == source:
            return known
    staged = office.lake.stage()
    by_name = any(known_by_name(session, each) for each in (baseline, read.register))
    with execution.connect() as backend:
        tied = (execution.table(backend, office.lake, each) for each in (before, after))
        gains = gained(*tied, by_name=by_name)
        rows = execution.write(backend, _homes(backend, office, session, audience, gains), staged)
    return office.lake.commit(
        session, staged, authority=campaign.authority, kind="outcomes", name=str(campaign.id), as_at=read.as_at,
        made_at=office.clock.now(), made_by=actor.label, rows=rows, source=source,
        report={"register": read.register.id, "interim": read.interim},
    )  # fmt: skip


def gained(before: ir.Table, after: ir.Table, *, by_name: bool = False) -> ir.Table:
    """`uprn, gained, moved_in, electors, later` of every home on either register, from tables of `person, uprn`."""
    counts = [
        table.group_by("uprn").agg(**{name: table.person.nunique()})
        for table, name in ((before, "electors"), (after, "later"))
    ]
    new = after.anti_join(before, ["person", "uprn"])
    came = [
        part.group_by("uprn").agg(**{name: part.person.nunique()})
        for part, name in ((new.anti_join(before, "person"), "gained"), (new.semi_join(before, "person"), "moved_in"))
    ]
    homes = before.select("uprn").union(after.select("uprn"), distinct=True)
    for part in (*came, *counts):
        homes = execution.attach(homes, part, "uprn")
    told = homes.fill_null(0)
    grown = ibis.greatest(told.later - told.electors, 0)
    return told.mutate(gained=ibis.least(told.gained, grown)) if by_name else told


def known_by_name(session: Session, register: Snapshot | None) -> bool:
    """Whether its persons are known by their names, for want of ids: only of such a register are namesakes counted.
    An update goes by the register it was applied to.
    """
    while register:
        if "namesakes_in_one_home" in register.report.get("figures", {}):
            return True
        base = register.report.get("applied_to")
        register = session.get(Snapshot, base) if base else None
    return False


def _homes(backend: Backend, office: Office, session: Session, audience: Snapshot, gains: ir.Table) -> ir.Table:
    frozen = execution.table(backend, office.lake, audience)
    homes = wards.restated(backend, office, session, audience.authority, frozen.mutate(block=frozen.ward))
    joined = execution.attach(homes.select("uprn", "ward", "block", "arm"), gains, "uprn")
    counted = {name: joined[name].fill_null(0).cast("int64") for name in ("gained", "moved_in", "electors", "later")}
    placed = joined.mutate(
        **{name: joined[name].cast("string").nullif("").fill_null(ELSEWHERE) for name in ("ward", "block")},
        registered=(counted["gained"] > 0).cast("int64"),
        **counted,
    )
    return placed.select("uprn", "ward", "block", "arm", "registered", *counted).order_by("uprn")


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
