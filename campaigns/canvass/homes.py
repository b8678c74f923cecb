"""Which homes somebody may be sent to: of a segment, of a group of a campaign, or those its messages did not reach.

Never in a list: protected and anonymous homes, homes that asked not to be contacted or to get no letters, homes whose
reply waits to be read, and homes of a comparison that runs, which a visit would spoil. Of the first kinds nothing is
counted either, so that no figure tells of one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from campaigns.canvass.walking import Door
from campaigns.plan import audience
from campaigns.plan.plan import Plan
from campaigns.records.lookup import audience_file, find
from campaigns.records.models import MESSAGES, WAITING, Campaign, CampaignState, Channel, MessageState
from campaigns.records.reply import Hold
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused
from engage.foundation.identity import line
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Office
from engage.foundation.words import day
from segments.audiences import named_rules, segments
from segments.engine import execution
from segments.engine.holdings import reading
from segments.homes import applications, households, registrations
from segments.rules import tree
from segments.safeguards import protected
from segments.safeguards.suppression import Suppression

MEASURED = (CampaignState.launched, CampaignState.paused, CampaignState.completed)
COMPARED, REGISTERED = "in a comparison that runs", "somebody new is registered there"
APPLIED = "open applications cover everybody missing there"
of = MESSAGES.c
# Where a home lies and on which street, by the gazetteer; a file without positions is helped by OS Open UPRN.
DOORS = """
SELECT h.uprn, h.address_lines, h.postcode, {street} FROM read_parquet($homes) h {gazetteer}
WHERE h.uprn IN (SELECT uprn FROM wanted) AND ($ward = '' OR h.ward = $ward) ORDER BY h.uprn
"""


@dataclass(frozen=True)
class Chosen:
    """Homes to call at, and how many were left out for which reason."""

    doors: list[Door]
    left_out: dict[str, int]


def of_segment(office: Office, authority: str, number: int, ward: str = "") -> Chosen:
    found = named_rules.find(office, authority, number)
    with reading(office, [authority]) as holdings:
        tables = households.newest_of(holdings)
        hidden = protected.hidden_since(office, holdings.session, tables)
        homes = segments.homes_of(holdings, tree.parse(found.rule), tables, hidden).select("uprn")
        held = {row["uprn"] for row in execution.rows(holdings.backend, homes)}
    return _chosen(office, authority, held, {}, ward)


def of_group(office: Office, authority: str, campaign_id: int, arm: str, ward: str = "") -> Chosen:
    with office.database.reading() as session:
        campaign = find(session, authority, campaign_id)
        if arm not in open_arms(campaign, today(office.clock)):
            raise InputRefused(closed_words(campaign, arm))
        held = set(audience.uprns(audience_file(office, session, campaign), [arm]).tolist())
    return _chosen(office, authority, held, _since(office, campaign), ward, campaign_id)


def unreached(office: Office, authority: str, campaign_id: int, ward: str = "") -> Chosen:
    """Homes that may be called at and that no message got to: none was delivered, no letter left and none waits."""
    with office.database.reading() as session:
        campaign = find(session, authority, campaign_id)
        arms = open_arms(campaign, today(office.clock))
        if not arms:
            raise InputRefused(closed_words(campaign, Plan.model_validate(campaign.plan).comparison))
        held = set(audience.uprns(audience_file(office, session, campaign), arms).tolist())
        held -= set(session.execute(_reached(campaign_id)).scalars())
    return _chosen(office, authority, held, _since(office, campaign), ward, campaign_id)


def open_arms(campaign: Campaign, on: date) -> list[str]:
    """The groups that may be called at: as with messages, those whose first reminder was due; all of them once what
    they are compared in is over."""
    if campaign.launched_at is None:
        return []
    plan = Plan.model_validate(campaign.plan)
    if len(plan.arms) < 2 or plan.outcome_window.end < on:
        return list(plan.arms)
    due = {arm for wave in plan.waves if wave.send_on <= on for arm in wave.arms}
    return [arm for arm in plan.arms if arm in due]


def closed_words(campaign: Campaign, arm: str) -> str:
    plan = Plan.model_validate(campaign.plan)
    if campaign.launched_at is None:
        return "This campaign is not launched yet. Its homes can be called at once its first reminder was due"
    if arm not in plan.arms:
        return f"There is no group {arm!r} in this campaign: expected one of {', '.join(plan.arms)}"
    return (
        f"The group “{arm}” is called at after {day(plan.outcome_window.end)}, when the comparison is over, or once "
        "its own reminder was due. Until then a visit would spoil what the reminders are compared with"
    )


def _reached(campaign_id: int) -> sa.Select[tuple[int]]:
    went = of.state == MessageState.delivered.value
    posted = (of.state == MessageState.accepted.value) & (of.channel == Channel.letter.value)
    waits = of.state.in_([state.value for state in WAITING])
    return sa.select(of.uprn).where(of.campaign_id == campaign_id, went | posted | waits)


def _since(office: Office, campaign: Campaign) -> dict[str, Collection[int]]:
    """Homes of a frozen audience where somebody has registered since."""
    with office.database.reading() as session:
        register = current(session, campaign.authority, "register")
    if register is None or campaign.register_snapshot in (None, register.id):
        return {}
    return {REGISTERED: registrations.gained_since(office, campaign.authority, campaign.register_snapshot or 0)}


def _chosen(
    office: Office, authority: str, held: set[int], why: Mapping[str, Collection[int]], ward: str, own: int = 0
) -> Chosen:
    with office.database.reading() as session:
        doors = {door.uprn: door for door in doors_of(office, session, authority, held, ward)}
        closed = _closed(office, session, authority)
        compared = in_comparisons(office, session, authority, but=own)
    applied = applications.covered(office, authority, today(office.clock))
    left = {uprn: door for uprn, door in doors.items() if uprn not in closed}
    counts = dict[str, int]()
    for reason, others in ({COMPARED: compared} | dict(why) | {APPLIED: applied}).items():
        out = left.keys() & set(others)
        counts[reason] = len(out)
        left = {uprn: door for uprn, door in left.items() if uprn not in out}
    return Chosen(list(left.values()), {reason: count for reason, count in counts.items() if count})


def in_comparisons(office: Office, session: Session, authority: str, *, but: int = 0) -> set[int]:
    """UPRNs of every group of the other campaigns whose comparison is not over: a visit to some of them would be taken
    for what their reminders did."""
    query = select(Campaign, Snapshot.path).where(
        Campaign.authority == authority, Campaign.id != but, col(Campaign.launched_at).is_not(None),
        col(Campaign.state).in_(MEASURED), Campaign.audience_snapshot == Snapshot.id,
    )  # fmt: skip
    held = [audience.nobody()]
    for campaign, path in session.exec(query):
        plan = Plan.model_validate(campaign.plan)
        if len(plan.arms) > 1 and plan.outcome_window.end >= today(office.clock):
            held.append(audience.uprns(office.lake.at(path), list(plan.arms)))
    return set(np.unique(np.concatenate(held)).tolist())


def _closed(office: Office, session: Session, authority: str) -> set[int]:
    """UPRNs of homes nobody calls at, beside those that no table holds: a letter that came back closes no door."""
    day = today(office.clock)
    query = select(Suppression.key).where(
        col(Suppression.authority).in_(line(session, authority)), Suppression.scope == "household",
        col(Suppression.lifted_at).is_(None), or_(col(Suppression.until).is_(None), col(Suppression.until) >= day),
        col(Suppression.channel).in_(("", "letter")),
        or_(Suppression.channel == "", Suppression.reason != "letter returned"),
    )  # fmt: skip
    keys = set(session.exec(query)) | protected.keys(office, session, authority)
    homes = households.newest(session, authority)
    hidden = protected.keyed(office, {authority: homes}, {authority: keys})[authority]
    waiting = select(Hold.uprn).where(Hold.authority == authority, col(Hold.uprn).is_not(None))
    return {*hidden, *(uprn for uprn in session.exec(waiting) if uprn)}


def seen(office: Office, session: Session, authority: str, uprns: Collection[int]) -> dict[int, Door]:
    """Those of the homes that may be called at now."""
    closed = _closed(office, session, authority)
    doors = doors_of(office, session, authority, uprns)
    return {door.uprn: door for door in doors if door.uprn not in closed}


def doors_of(office: Office, session: Session, authority: str, uprns: Collection[int], ward: str = "") -> list[Door]:
    homes = households.newest(session, authority)
    gazetteer, points = (current(session, authority, kind) for kind in ("gazetteer", "coordinates"))
    asked = DOORS.format(**_joined(gazetteer is not None, points is not None))
    given = {"homes": str(office.lake.file(homes)), "ward": ward}
    given |= {name: str(office.lake.file(held)) for name, held in (("known", gazetteer), ("points", points)) if held}
    hidden = set(protected.hidden_since(office, session, {authority: homes})[authority])
    with duckdb.connect() as lake:
        lake.register("wanted", pa.table({"uprn": pa.array(sorted(set(uprns) - hidden), pa.int64())}))
        rows = lake.execute(asked, given).fetchall()
    return [_door(row) for row in rows]


def _joined(gazetteer: bool, points: bool) -> dict[str, str]:
    east, north = ("coalesce(g.easting, p.easting)", "coalesce(g.northing, p.northing)") if points else (
        "g.easting", "g.northing")  # fmt: skip
    if not gazetteer:
        return {"street": "'' AS street, NULL AS usrn, NULL AS easting, NULL AS northing", "gazetteer": ""}
    joined = "LEFT JOIN read_parquet($known) g USING (uprn)"
    joined += " LEFT JOIN read_parquet($points) p USING (uprn)" if points else ""
    return {"street": f"coalesce(g.street, ''), g.usrn, {east}, {north}", "gazetteer": joined}


def _door(row: Sequence[object]) -> Door:
    uprn, lines, postcode, street, usrn, easting, northing = row
    written = [str(each) for each in lines or () if each]  # type: ignore[attr-defined]
    if postcode and (not written or written[-1] != postcode):
        written.append(str(postcode))
    return Door(int(str(uprn)), tuple(written), str(street or ""), usrn, easting, northing)  # type: ignore[arg-type]
