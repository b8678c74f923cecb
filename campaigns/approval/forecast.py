"""What is worked out when a campaign is submitted, and shown to whoever approves it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from sqlmodel import Session

from campaigns.approval import pre_election
from campaigns.messages import letters, numbers, prices, proofs, timetable
from campaigns.messages.proofs import Setting
from campaigns.notify.client import service
from campaigns.notify.messages import Notify, Template
from campaigns.plan import audience, exclusions, power, reached
from campaigns.plan.exclusions import Uprns
from campaigns.plan.plan import Plan
from campaigns.records.lookup import deadline
from campaigns.records.models import Channel
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Authority
from engage.foundation.office import Office


def templates(office: Office, notify: Notify | None = None) -> list[Template] | None:
    """What GOV.UK Notify has for this council; None without a key. NotifyUnavailable while it cannot be reached."""
    asked = notify or service(office.settings)
    return asked.templates() if asked else None


def setting(office: Office, authority: str, plan: Plan, leaves: Collection[date] | None = None) -> Setting:
    """`leaves`: the days on which something of it may leave, where not those of its waves."""
    with office.database.session() as session:
        found = session.get(Authority, authority)
        council, nation = (found.name, found.nation) if found else (authority, "England")
        name = found.text_name if found else None
    end = deadline(office, plan.as_json(), nation)
    near = pre_election.period(office, nation, plan, leaves)
    return Setting(office, authority, council, nation, end, before_a_poll=near is not None, text_name=name)


def estimate(
    office: Office, authority: str, plan: Plan, seed: int, frozen: Path, to: Path, *, left_out: Mapping[str, Uprns],
    known: Sequence[Template] | None, drawn: Callable[[], object],
) -> dict[str, Any]:  # fmt: skip
    """Write the audience with its arms to `to`; gives who is in it, who is left out, what they are sent and what the
    comparison can find. `drawn` is called once the file is there."""
    counts, without = _left_out(frozen, left_out)
    unprinted = letters.refused(frozen)
    closed = exclusions.closed_ways(office, authority, frozen)
    closed[Channel.letter] = np.union1d(closed[Channel.letter], unprinted.uprns)
    arms = audience.with_arms(frozen, to, plan.arms, seed, without, closed)
    drawn()
    if not sum(arms.values()):
        why = "; ".join(f"{reason}: {homes:,}" for reason, homes in counts.items())
        raise InputRefused(f"Every home of the segment is left out, so there is nobody to remind. {why}")
    sent_from = setting(office, authority, plan)
    read = messages(sent_from, plan, to, known)
    ahead = reached.Ahead.of(
        office, authority, sent_from.nation, plan, sent_from.end, numbers.dear(office, to)
    )  # fmt: skip
    with office.database.session() as session:
        lately = reached.Lately.of(office, session, authority, sent_from.nation, plan)
        who = reached.estimate(to, plan, lately, ahead)
        waterfall = exclusions.waterfall(office, session, authority, plan, to, counts)
        further = _when_and_how_much(session, sent_from, plan, who["waves"], read)
    return {
        **who,
        **further,
        "arms": arms,
        "waterfall": waterfall,
        "unprinted": unprinted.reasons,
        "messages": read,
        "power": power.statement(to, plan),
    }


def _when_and_how_much(
    session: Session, sent_from: Setting, plan: Plan, waves: Sequence[Mapping[str, Any]],
    read: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    return {
        "cost": prices.of_campaign(session, sent_from, plan, waves, read),
        "timetable": timetable.of_campaign(session, sent_from, plan, waves),
    }


def messages(
    sent_from: Setting, plan: Plan, audience_file: Path, known: Sequence[Template] | None
) -> list[dict[str, Any]]:
    """As they are read at this moment, SendBlocked with all that is wrong with them; texts are counted for every record
    that numbers were taken from."""
    if known is None:
        return []
    with audience.connect() as lake:
        query = (
            "SELECT DISTINCT coalesce(sms_source, '') FROM read_parquet(?) WHERE sms_contact IS NOT NULL ORDER BY ALL"
        )
        sources = tuple(source for (source,) in lake.execute(query, [str(audience_file)]).fetchall()) or ("",)
    found = proofs.proofs(replace(sent_from, sources=sources), plan, known)
    proofs.demand(found)
    return proofs.as_json(found)


def _left_out(frozen: Path, left_out: Mapping[str, Uprns]) -> tuple[dict[str, int], Uprns]:
    """Each home under the first reason that holds for it, so that the counts add up."""
    counts: dict[str, int] = {}
    without = audience.nobody()
    for reason, uprns in left_out.items():
        more = np.setdiff1d(audience.held(frozen, uprns), without)
        counts[reason], without = len(more), np.union1d(without, more)
    return counts, without
