"""The evidence of one campaign or of a year: what was done, for whom and when, by ward and group, who decided it, on
which law, what was left out and why, and what it changed. Exact for officers; for publication by the one rule of
disclosure, and of campaigns that are over alone, as counts that still grow would tell of single homes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.plan.plan import Plan
from campaigns.records import course, lookup
from campaigns.records.course import Event
from campaigns.records.models import MESSAGES, Campaign, CampaignState, MessageState, Response
from campaigns.sending import ledger
from dashboards.published.disclosure import NOTE, breakdown
from dashboards.published.figures import Figures, Trial, published
from dashboards.results import campaign_result
from engage.foundation import audit
from engage.foundation.clock import london, today
from engage.foundation.errors import EngageError, InputRefused
from engage.foundation.identity import Authority, Right
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.words import day
from segments.areas import wards
from segments.importing import datasets
from segments.rules import tree

of = MESSAGES.c
REACHED = (MessageState.accepted.value, MessageState.delivered.value)
OVER = (CampaignState.completed, CampaignState.stopped)
CHANNELS = {"email": "Emails", "sms": "Texts", "letter": "Letters"}
GROWS = "It is still under way. Its figures are published once it is over."
Figure = str  # as it is shown: exact, or as the rule of disclosure has it


@dataclass(frozen=True)
class Place:
    """One group of one ward: homes, and those that a reminder left for."""

    ward: str
    group: str
    homes: Figure
    reminded: Figure


@dataclass(frozen=True)
class Part:
    """One campaign. Tables of figures are empty where they may not be told, and `waits` says why."""

    campaign: Campaign
    who: str
    waves: Sequence[Mapping[str, Any]]
    events: Sequence[Event]
    left_out: Sequence[tuple[str, Figure]]
    sent: Sequence[tuple[str, Figure, Figure]]  # channel, left, failed
    kept_back: Sequence[tuple[str, Figure]]
    replies: Sequence[tuple[str, Figure]]
    places: Sequence[Place]
    findings: Sequence[str]
    cost: str
    waits: str = ""


@dataclass(frozen=True)
class Pack:
    council: Authority
    title: str
    made: datetime
    made_by: str
    publication: bool
    parts: Sequence[Part]
    inputs: Sequence[tuple[str, date, datetime, Figure]]
    completeness: str
    note: str = NOTE


def of_campaign(office: Office, actor: Actor, number: int, *, publication: bool) -> Pack:
    found = lookup.campaign(office, actor, number)
    begun = london(found.created_at).date()
    return _pack(office, actor, [found], found.name, (begun, today(office.clock)), publication=publication)


def of_period(office: Office, actor: Actor, first: date, last: date, *, publication: bool) -> Pack:
    """Of every campaign that was under way on a day of it; InputRefused where it ends before it begins."""
    if last < first:
        raise InputRefused("The last day must not be before the first")
    within = [each for each in lookup.campaigns(office, actor) if _under_way(each, first, last)]
    title = f"{day(first)} to {day(last)}"
    return _pack(office, actor, within, title, (first, last), publication=publication)


def _under_way(campaign: Campaign, first: date, last: date) -> bool:
    if campaign.launched_at is None:
        return False
    ended = london(campaign.ended_at).date() if campaign.ended_at else last
    return london(campaign.launched_at).date() <= last and max(ended, campaign.window_end) >= first


def _pack(
    office: Office, actor: Actor, found: Sequence[Campaign], title: str, period: tuple[date, date], *,
    publication: bool,
) -> Pack:  # fmt: skip
    figures = published(office, actor.authority)
    with office.database.session() as session:
        account = lookup.permit(session, actor, Right.see_data)
        council = session.get_one(Authority, actor.authority)
        inputs = _inputs(session, actor.authority, *period, publication=publication)
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="make evidence pack",
            subject=f"campaign {found[0].id}" if len(found) == 1 else "campaigns", campaigns=len(found),
            publication=publication,
        )  # fmt: skip
    parts = [_part(office, actor, each, figures, publication=publication) for each in found]
    return Pack(
        council, title, office.clock.now(), account.name if account else actor.label, publication, parts, inputs,
        figures.headline,
    )  # fmt: skip


def _inputs(
    session: Session, authority: str, first: date, last: date, *, publication: bool
) -> list[tuple[str, date, datetime, Figure]]:
    """What was imported; never the list of protected addresses, which nothing shows, nor how many asked for no more."""
    query = select(Snapshot).where(
        Snapshot.authority == authority, col(Snapshot.kind).in_(SHOWN), col(Snapshot.undone_at).is_(None)
    )
    came = [
        each for each in session.exec(query.order_by(col(Snapshot.id))) if first <= london(each.made_at).date() <= last
    ]
    shown = {each.id: str(breakdown({"rows": each.rows})["rows"]) if publication else f"{each.rows:,}" for each in came}
    return [(datasets.title(each.kind, _name(each)), each.as_at, each.made_at, shown[each.id]) for each in came]


SHOWN = ("register", "gazetteer", "geography", "population", "boundaries", "contacts", "applications", "indicator")


def _name(snapshot: Snapshot) -> str:
    return snapshot.name if snapshot.kind == "indicator" else ""


def _part(office: Office, actor: Actor, campaign: Campaign, figures: Figures, *, publication: bool) -> Part:
    plan = Plan.model_validate(campaign.plan)
    waves = [
        {"number": n, "day": wave.send_on, "groups": ", ".join(wave.arms), "by": _by(wave.channels)}
        for n, wave in enumerate(plan.waves, 1)
    ]
    counted = _counted(office, actor, campaign, figures, publication=publication)
    events = course.course(office, actor, campaign)
    return Part(
        campaign, tree.parse(campaign.rule).sentence(), waves, _named(events, publication=publication), **counted
    )


def _named(events: Sequence[Event], *, publication: bool) -> list[Event]:
    """Colleagues are named to officers alone, and what they wrote to each other too."""
    oldest = list(reversed(events))
    return [Event(each.at, each.what, "", each.version, "") for each in oldest] if publication else oldest


def _by(channels: Sequence[str]) -> str:
    return ", else ".join(CHANNELS[channel].lower().removesuffix("s") for channel in channels)


def _counted(
    office: Office, actor: Actor, campaign: Campaign, figures: Figures, *, publication: bool
) -> dict[str, Any]:  # fmt: skip
    trials = [trial for trial in figures.trials if trial.campaign == str(campaign.id)]
    nothing: dict[str, Any] = dict.fromkeys(("left_out", "sent", "kept_back", "replies", "places", "findings"), ())
    if publication and campaign.state not in OVER:
        return nothing | {"cost": "", "waits": GROWS}
    if not campaign.audience_snapshot:
        return nothing | {"cost": "", "waits": "It was not submitted, so nobody was chosen and nothing was sent."}
    status = ledger.status(office, actor, campaign.id or 0)
    raw = {
        "left_out": _left_out(campaign),
        "kept_back": dict(status.dropped_for),
        "replies": _replies(office, campaign.id or 0),
    }
    sent = {channel: {"left": each.accepted, "failed": each.failed} for channel, each in status.channels.items()}
    return {
        **{name: _shown(counts, publication=publication) for name, counts in raw.items()},
        "sent": _by_channel(sent, publication=publication),
        "places": _published_places(trials, figures) if publication else _places(office, campaign),
        "findings": [trial.headline for trial in trials] if publication else _findings(office, actor, campaign),
        "cost": _cost(campaign),
    }


def _left_out(campaign: Campaign) -> dict[str, int]:
    lines = campaign.estimate.get("waterfall", [])
    return {line["what"]: line["homes"] for line in lines if line["kind"] == "left out"}


def _shown(counts: Mapping[str, int], *, publication: bool) -> list[tuple[str, Figure]]:
    if not publication:
        return [(what, f"{count:,}") for what, count in counts.items()]
    rounded = breakdown(dict(counts))
    return [(what, str(rounded[what])) for what in counts]


def _by_channel(sent: Mapping[str, Mapping[str, int]], *, publication: bool) -> list[tuple[str, Figure, Figure]]:
    found = []
    for channel, counts in sent.items():
        left, failed = (figure for _, figure in _shown(counts, publication=publication))
        found.append((CHANNELS[channel], left, failed))
    return found


def _replies(office: Office, number: int) -> dict[str, int]:
    of_campaign = sa.select(of.id).where(of.campaign_id == number)
    query = sa.select(col(Response.what), sa.func.count()).where(col(Response.message_id).in_(of_campaign))
    with office.database.reading() as session:
        return {what: int(count) for what, count in session.execute(query.group_by(col(Response.what)))}


def _places(office: Office, campaign: Campaign) -> list[Place]:
    """Exact, of the homes as they were drawn, in the order of the wards' names."""
    with office.database.reading() as session:
        path = lookup.audience_file(office, session, campaign)
        left = sa.select(of.uprn).where(of.campaign_id == campaign.id, of.state.in_(REACHED)).distinct()
        reminded = set(session.execute(left).scalars())
    with duckdb.connect(config={"enable_external_file_cache": False}) as lake:
        rows = lake.execute("SELECT uprn, coalesce(ward, ''), arm FROM read_parquet(?)", [str(path)]).fetchall()
    homes = Counter((ward, arm) for _, ward, arm in rows)
    reached = Counter((ward, arm) for uprn, ward, arm in rows if uprn in reminded)
    names = wards.every_name(office, campaign.authority)
    found = [
        Place(names.get(ward, ward or "No ward"), arm, f"{count:,}", f"{reached[ward, arm]:,}")
        for (ward, arm), count in homes.items()
    ]
    return sorted(found, key=lambda place: (place.ward, place.group))


def _published_places(trials: Sequence[Trial], figures: Figures) -> list[Place]:
    """The cells of the members' pages and no others: whoever holds both learns nothing more."""
    names = {ward.code: ward.name for ward in figures.wards}
    every = (place for trial in trials for place in _of_trial(trial, names))
    return list(dict.fromkeys(every))  # the comparison of several groups is one


def _of_trial(trial: Trial, names: Mapping[str, str]) -> Iterator[Place]:
    for each in trial.finding.wards if trial.finding else ():
        for group, side in ((trial.arm or "reminded", each.reminded), ("comparison", each.comparison)):
            yield Place(names.get(each.ward, each.ward), group, str(side.homes), "")


def _findings(office: Office, actor: Actor, campaign: Campaign) -> list[str]:
    try:
        found = campaign_result.council(office, actor, campaign.id or 0)
    except EngageError as refused:
        return [str(refused)]
    if found.found is None:
        return ["There is nothing to compare yet: no later register, or no group that was left for later by lot."]
    return [campaign_result.sentence(arm) for arm in found.found.arms]


def _cost(campaign: Campaign) -> str:
    cost = campaign.estimate.get("cost", {})
    if not cost:
        return ""
    low, high = (cost.get(end, 0) / 100 for end in ("low", "high"))
    return f"£{low:,.0f}" if low == high else f"£{low:,.0f} to £{high:,.0f}"
