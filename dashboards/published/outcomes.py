"""What a later register shows of the homes of a campaign: who gained an elector, arm by arm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

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


def homes(office: Office, actor: Actor, campaign: Campaign, asked: Sequence[Reading]) -> list[pd.DataFrame]:
    """`uprn, ward, arm, registered` of every home of a campaign, by each of several registers."""
    with office.database.session() as session:
        found = kept(office, actor, session, [(campaign, each) for each in asked])
    columns = ["uprn", "ward", "arm", "registered"]
    return [pd.read_parquet(office.lake.file(each), columns=columns) for each in found]


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


def reading(session: Session, campaign: Campaign, registers: Sequence[Snapshot] | None = None) -> Reading | None:
    """The first register on or after the last day of the outcome window; before that the newest since it began.
    `registers` are those of the council, newest first, where they are at hand.

    The first and not the newest: once the window is over the comparison is reminded too, and a register taken later
    shows those registrations as well.
    """
    baseline = session.get(Snapshot, campaign.register_snapshot) if campaign.register_snapshot else None
    if baseline is None:
        return None
    known = history(session, campaign.authority, "register") if registers is None else registers
    later = [register for register in known if _follows(register, baseline)]
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
    return kept(office, actor, session, [(campaign, read or read_by(session, campaign))])[0]


def read_by(session: Session, campaign: Campaign, registers: Sequence[Snapshot] | None = None) -> Reading:
    """The register that a campaign is measured by, or a sentence that says what is missing."""
    if not campaign.audience_snapshot or not campaign.register_snapshot:
        raise InputRefused(f"Campaign {campaign.id} has no audience yet. Submit it first.")
    read = reading(session, campaign, registers)
    if read is None:
        due = f"{campaign.window_end:%d %B %Y}"
        raise InputRefused(f"Campaign {campaign.id}: {NO_LATER_REGISTER}. Import the register of {due} or later.")
    return read


@dataclass(frozen=True)
class _Wanted:
    """The outcomes of one campaign by one register. `source` names all that they are made of."""

    campaign: Campaign
    read: Reading
    audience: Snapshot
    pair: tuple[Snapshot, Snapshot]  # the electors before and after, each tied to homes
    by_name: bool
    source: str

    @property
    def looked_for(self) -> tuple[str, str]:
        return str(self.campaign.id), self.source

    @property
    def same_registers(self) -> tuple[int, int, bool]:
        return self.pair[0].id or 0, self.pair[1].id or 0, self.by_name


def kept(
    office: Office, actor: Actor, session: Session, asked: Sequence[tuple[Campaign, Reading]]
) -> list[Snapshot]:  # fmt: skip
    """Of several campaigns at once, as two registers are held against one another once for all that are measured by
    them, and homes placed in the wards of today once."""
    every = _wanted(office, actor, session, asked)
    known = _known(session, actor.authority)
    missing: dict[tuple[int, int, bool], dict[tuple[str, str], _Wanted]] = {}
    for one in every:
        if one.looked_for not in known:
            missing.setdefault(one.same_registers, {})[one.looked_for] = one
    for alike in missing.values():
        known |= _made(office, actor, session, list(alike.values()))
    return [known[one.looked_for] for one in every]


def _known(session: Session, authority: str) -> dict[tuple[str, str], Snapshot]:
    return {(one.name, one.source): one for one in reversed(history(session, authority, "outcomes"))}


def _wanted(
    office: Office, actor: Actor, session: Session, asked: Sequence[tuple[Campaign, Reading]]
) -> list[_Wanted]:  # fmt: skip
    geography = current(session, actor.authority, "geography")
    tied: dict[int, tuple[Snapshot, bool]] = {}

    def electors(register: Snapshot) -> tuple[Snapshot, bool]:
        number = register.id or 0
        if number not in tied:
            found = registrations.linked(office, actor, session, register)
            tied[number] = found, known_by_name(session, register)
        return tied[number]

    every = []
    for campaign, read in asked:
        baseline = imported.needed(session.get(Snapshot, campaign.register_snapshot), "register")
        audience = session.get_one(Snapshot, campaign.audience_snapshot)
        (before, named), (after, later_named) = electors(baseline), electors(read.register)
        places = geography.id if geography else "-"
        source = f"audience {audience.id} electors {before.id} {after.id} geography {places} {COUNTED}"
        every.append(_Wanted(campaign, read, audience, (before, after), named or later_named, source))
    return every


def _made(
    office: Office, actor: Actor, session: Session, alike: Sequence[_Wanted]
) -> dict[tuple[str, str], Snapshot]:  # fmt: skip
    """All of one pair of registers, in one pass over them."""
    found = {}
    with execution.connect() as backend:
        frozen = _frozen(
            execution.numbered(backend, office.lake, {one.audience.id: one.audience for one in alike}.values())
        )
        before, after = (execution.table(backend, office.lake, each) for each in alike[0].pair)
        gains = gained(before, after, by_name=alike[0].by_name, of=frozen.select("uprn").distinct())
        told = backend.create_table("told", _homes(backend, office, session, actor.authority, frozen, gains), temp=True)
        for one in alike:
            staged = office.lake.stage()
            mine = told.filter(told.snapshot == one.audience.id).drop("snapshot").order_by("uprn")
            rows = execution.write(backend, mine, staged)
            found[one.looked_for] = _committed(office, actor, session, one, staged, rows)
    return found


def _committed(office: Office, actor: Actor, session: Session, one: _Wanted, staged: Path, rows: int) -> Snapshot:
    return office.lake.commit(
        session, staged, authority=actor.authority, kind="outcomes", name=str(one.campaign.id), as_at=one.read.as_at,
        made_at=office.clock.now(), made_by=actor.label, rows=rows, source=one.source,
        report={"register": one.read.register.id, "interim": one.read.interim},
    )  # fmt: skip


def _frozen(audiences: ir.Table) -> ir.Table:
    """Earlier versions froze fewer columns."""
    places = [name for name in ("oa", "postcode") if name in audiences.columns]
    return audiences.select("snapshot", "uprn", "ward", "arm", *places).mutate(block=ibis._.ward)


def gained(before: ir.Table, after: ir.Table, *, by_name: bool = False, of: ir.Table | None = None) -> ir.Table:
    """`uprn, gained, moved_in, electors, later` of every home on either register, from tables of `person, uprn`; or of
    the homes asked for alone."""
    there, then = (each if of is None else each.semi_join(of, "uprn") for each in (after, before))
    counts = [
        table.group_by("uprn").agg(**{name: table.person.nunique()})
        for table, name in ((then, "electors"), (there, "later"))
    ]
    new = there.anti_join(then, ["person", "uprn"])
    # The few who are new somewhere are looked for among all who were on the register, and not these among those.
    elsewhere = before.semi_join(new, "person").select("person").distinct()
    came = [
        part.group_by("uprn").agg(**{name: part.person.nunique()})
        for part, name in (
            (new.anti_join(elsewhere, "person"), "gained"),
            (new.semi_join(elsewhere, "person"), "moved_in"),
        )
    ]
    homes = then.select("uprn").union(there.select("uprn"), distinct=True)
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


def _homes(
    backend: Backend, office: Office, session: Session, authority: str, frozen: ir.Table, gains: ir.Table
) -> ir.Table:  # fmt: skip
    homes = wards.restated(backend, office, session, authority, frozen)
    joined = execution.attach(homes.select("snapshot", "uprn", "ward", "block", "arm"), gains, "uprn")
    counted = {name: joined[name].fill_null(0).cast("int64") for name in ("gained", "moved_in", "electors", "later")}
    placed = joined.mutate(
        **{name: joined[name].cast("string").nullif("").fill_null(ELSEWHERE) for name in ("ward", "block")},
        registered=(counted["gained"] > 0).cast("int64"),
        **counted,
    )
    return placed.select("snapshot", "uprn", "ward", "block", "arm", "registered", *counted)


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
