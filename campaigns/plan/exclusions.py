"""Who is left out of a campaign and why, in figures that add up.

Homes that must not be seen are in none of these figures (`segments.safeguards.protected`): the first of them, all homes
on the council's list, is rounded so that its difference to the others tells nothing of them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.plan import audience, shared_contacts
from campaigns.plan.audience import best_channel, homes_of
from campaigns.plan.plan import Plan
from campaigns.plan.reached import contact_of
from campaigns.plan.shared_contacts import ANOTHER_HOME, SEVERAL_GROUPS
from campaigns.records.lookup import nation_of
from campaigns.records.models import CONTACTED, MESSAGES, Campaign, CampaignState, Channel
from engage.foundation import identity
from engage.foundation.calendar import FrequencyCap, in_force, law
from engage.foundation.clock import LONDON, today
from engage.foundation.errors import SendBlocked
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Office
from segments.homes import registrations
from segments.safeguards.suppression import suppressed_households

Uprns = npt.NDArray[np.int64]
COMPARED = "in another campaign’s comparison, or still to be reminded by it"
REGISTERED = "somebody new registered there since the homes were counted"
NO_CONTACT = "no contact that may be used in the channels of this campaign"
SHARED = "their contact is also that of another home, for which it is written to"
SEVERAL = "their contact is also that of homes in another group, so it is not written to"
CAPPED = "reminded as often as the council allows"
HELD_OUT = "not reminded at all, as the plan says"
UPRN_KEY = "'uprn' || chr(31) || uprn::VARCHAR"  # as `Keys.uprn` hashes it
RUNNING = (CampaignState.launched, CampaignState.paused)
of = MESSAGES.c


@dataclass(frozen=True)
class Line:
    """`homes` is exact, or rounded where `about`. Left-out lines and the last one add up to the segment."""

    what: str
    homes: int
    kind: str  # total, left out, subtotal
    about: bool = False


def before_the_draw(
    office: Office, authority: str, campaign_id: int, plan: Plan, register_snapshot: int | None
) -> dict[str, Uprns]:  # fmt: skip
    """UPRNs to leave out of the draw, by reason."""
    with office.database.reading() as session:
        compared = in_comparisons(session, office, authority, campaign_id, plan)
        register = current(session, authority, "register")
    found = {COMPARED: compared}
    if register is not None and register_snapshot is not None and register.id != register_snapshot:
        gained = registrations.gained_since(office, authority, register_snapshot)
        found[REGISTERED] = np.array(sorted(gained), dtype=np.int64)
    return found


def closed_ways(office: Office, authority: str, frozen: Path) -> dict[Channel, Uprns]:
    """UPRNs of an audience that asked not to be written to by one channel, or whose letters came back. (One that is
    closed to all is in none, and a contact that is closed is not in it.)"""
    with office.database.reading() as session:
        keys = {
            channel: suppressed_households(session, authority, channel.value, today(office.clock))
            for channel in Channel
        }  # fmt: skip
    wanted = sorted(set[str]().union(*keys.values()))
    query = (
        f"SELECT uprn, {office.keys.hash_sql(UPRN_KEY)} AS key FROM read_parquet(?) "
        "WHERE key IN (SELECT unnest(?)) ORDER BY uprn"
    )
    found: list[tuple[int, str]] = []
    if wanted:
        with audience.connect() as lake:
            found = lake.execute(query, [str(frozen), wanted]).fetchall()
    return {
        channel: np.array([uprn for uprn, key in found if key in closed], dtype=np.int64)
        for channel, closed in keys.items()
    }  # fmt: skip


def in_comparisons(
    session: Session, office: Office, authority: str, campaign_id: int, plan: Plan, *, since: datetime | None = None
) -> Uprns:  # fmt: skip
    """UPRNs that the other running campaigns hold (those launched after `since`).

    A reminder of ours to one group of a comparison of theirs would be taken for an effect of theirs, and a reminder of
    theirs to our comparison would spoil ours. So a home takes part in one comparison at a time.
    """
    query = select(Campaign, Snapshot.path).where(
        Campaign.authority == authority, Campaign.id != campaign_id, col(Campaign.state).in_(RUNNING),
        Campaign.audience_snapshot == Snapshot.id,
    )  # fmt: skip
    held = [audience.nobody()]
    for other, path in session.exec(query):
        arms = _held_arms(Plan.model_validate(other.plan), plan)
        if arms and (since is None or (other.launched_at and other.launched_at > since)):
            held.append(audience.uprns(office.lake.at(path), arms))
    return np.unique(np.concatenate(held))


def _held_arms(theirs: Plan, ours: Plan) -> list[str]:
    """All groups while their comparison runs; after it, those whom they will still remind while ours runs."""
    if len(theirs.arms) > 1 and theirs.outcome_window.end >= ours.start:
        return list(theirs.arms)
    if len(ours.arms) < 2:
        return []
    coming = [wave for wave in theirs.waves if ours.start <= wave.send_on <= ours.outcome_window.end]
    return sorted({arm for wave in coming for arm in wave.arms})


def demand_apart(session: Session, office: Office, campaign: Campaign, path: Path) -> None:
    """SendBlocked where a campaign launched since this one was submitted holds some of the same homes."""
    theirs = in_comparisons(
        session, office, campaign.authority, campaign.id or 0, Plan.model_validate(campaign.plan),
        since=campaign.submitted_at,
    )  # fmt: skip
    if shared := len(audience.held(path, theirs)):
        raise SendBlocked(
            f"{shared:,} of its homes have come into the comparison of another campaign since it was submitted. "
            "Change the plan and submit it again, so that they are left out."
        )


def waterfall(
    office: Office, session: Session, authority: str, plan: Plan, path: Path, left_out: Mapping[str, int]
) -> list[dict[str, Any]]:
    """From the segment to the homes that can be reminded: `left_out` are those taken out before the draw."""
    with audience.connect() as lake:
        drawn = int(lake.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchall()[0][0])
        counts = dict.fromkeys((NO_CONTACT, SHARED, SEVERAL, CAPPED, HELD_OUT), 0)
        for arm in plan.arms:
            for reason, homes in _of_arm(lake, office, session, authority, plan, arm, path).items():
                counts[reason] += homes
    lines = [
        *_all_homes(office, session, authority),
        Line("homes the segment holds", drawn + sum(left_out.values()), "total"),
        *(Line(reason, homes, "left out") for reason, homes in left_out.items()),
        Line("homes drawn into groups", drawn, "subtotal"),
        *(Line(reason, homes, "left out") for reason, homes in counts.items()),
        Line("homes that can be reminded", drawn - sum(counts.values()), "total"),
    ]
    return [asdict(line) for line in lines]


def _of_arm(
    lake: duckdb.DuckDBPyConnection, office: Office, session: Session, authority: str, plan: Plan, arm: str,
    path: Path,
) -> dict[str, int]:  # fmt: skip
    waves = [wave for wave in plan.waves if arm in wave.arms]
    if not waves:
        return {HELD_OUT: homes_of(lake, path, arm)}
    channels = list(dict.fromkeys(channel for wave in waves for channel in wave.channels))
    homes, contacts = _capped(office, session, authority, min(wave.send_on for wave in waves))
    withheld = [f"{channel}_withheld" for channel in channels if channel in shared_contacts.CHANNELS]
    why = f"coalesce({', '.join([*withheld, 'NULL::VARCHAR'])})"
    query = (
        f"WITH homes AS (SELECT *, {best_channel(channels)} AS channel, {why} AS why FROM read_parquet(?) "
        "WHERE arm = ?), told AS (SELECT CASE WHEN channel IS NULL THEN coalesce(why, '') "
        f"WHEN uprn IN (SELECT unnest(?)) OR {contact_of('channel')} IN (SELECT unnest(?)) THEN 'capped' END AS reason "
        "FROM homes) SELECT reason, count(*) FROM told WHERE reason IS NOT NULL GROUP BY reason"
    )
    reasons = {"": NO_CONTACT, ANOTHER_HOME: SHARED, SEVERAL_GROUPS: SEVERAL, "capped": CAPPED}
    found = lake.execute(query, [str(path), arm, homes, contacts]).fetchall()
    return {reasons[reason]: count for reason, count in found}


def _capped(office: Office, session: Session, authority: str, first: date) -> tuple[list[int], list[str]]:
    """Homes and contacts that the cap will close on the day of their first wave, as far as is known now."""
    rules, nation = law(office.settings.home), nation_of(session, authority)
    cap: FrequencyCap = in_force(rules.frequency_cap, first, nation)
    since = datetime.combine(first, time(), LONDON) - timedelta(days=cap.days)
    codes = identity.line(session, authority)  # what the councils that went into it sent counts too

    def often(column: sa.Column[Any], *conditions: sa.ColumnElement[bool]) -> list[Any]:
        query = sa.select(column).where(
            of.authority.in_(codes), of.state.in_(CONTACTED), of.claimed_at > since, *conditions
        )
        return list(session.execute(query.group_by(column).having(sa.func.count() >= cap.messages)).scalars())

    return often(of.uprn), often(of.contact, of.contact != "")


def _all_homes(office: Office, session: Session, authority: str) -> list[Line]:
    """To the nearest hundred: protected homes are among those left out, and no figure tells how many."""
    gazetteer = current(session, authority, "gazetteer")
    if gazetteer is None:
        return []
    query = "SELECT count(*) FROM read_parquet(?) WHERE residential"
    with audience.connect() as lake:
        homes = lake.execute(query, [str(office.lake.file(gazetteer))]).fetchall()[0][0]
    return [Line("homes on the council’s list of addresses", round(homes, -2), "total", about=True)]
