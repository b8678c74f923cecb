"""Whom each wave will reach, as far as is known when a campaign is submitted: what is sent then differs by nothing but
what happens in between."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import sqlalchemy as sa
from sqlmodel import Session

from campaigns.plan import shared_contacts
from campaigns.plan.audience import best_channel, connect
from campaigns.plan.plan import Plan, PlannedWave
from campaigns.records.models import CONTACTED, MESSAGES, Channel
from engage.foundation.calendar import Law, in_force, law
from engage.foundation.clock import LONDON
from engage.foundation.office import Office

of = MESSAGES.c
LATELY = pa.schema([("uprn", pa.int64()), ("contact", pa.string()), ("counted", pa.timestamp("us", tz="UTC"))])


@dataclass(frozen=True)
class Lately:
    """Messages that count against the frequency cap of the waves."""

    rules: Law
    nation: str
    messages: pa.Table

    @classmethod
    def of(cls, office: Office, session: Session, authority: str, nation: str, plan: Plan) -> "Lately":
        rules = law(office.settings.home)
        longest = max(row.days for row in rules.frequency_cap)
        since = _midnight(min(wave.send_on for wave in plan.waves)) - timedelta(days=longest)
        query = sa.select(of.uprn, of.contact, of.claimed_at).where(
            of.authority == authority, of.state.in_(CONTACTED), of.claimed_at > since
        )
        columns = list(zip(*session.execute(query).all(), strict=True)) or [()] * len(LATELY)
        arrays = [pa.array(column, kind) for column, kind in zip(columns, LATELY.types, strict=True)]
        return cls(rules, nation, pa.table(arrays, LATELY))


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, time(), LONDON)


def estimate(path: Path, plan: Plan, lately: Lately) -> dict[str, Any]:
    """Who is reached by each wave. In each wave, the channels, `capped` and `no contact` add up to its households; the
    arms add up to the audience. `text_sources` counts texts by the record their number was taken from; `shared` the
    homes whose contact is written to for another home, or not at all."""
    with connect() as lake:
        lake.register("before", lately.messages)
        lake.execute("CREATE TEMP TABLE lately AS SELECT * FROM before")
        numbered = list(enumerate(plan.waves, 1))
        in_turn = sorted(numbered, key=lambda each: (each[1].send_on, each[0]))
        waves = {number: _wave(lake, path, number, wave, lately) for number, wave in in_turn}
        everyone = best_channel(sorted({channel for wave in plan.waves for channel in wave.channels}))
        total, unreached = lake.execute(
            f"SELECT count(*), count(*) FILTER ({everyone} IS NULL) FROM read_parquet(?)",
            [str(path)],
        ).fetchall()[0]
        shared = shared_contacts.counted(lake, path)
    return {
        "households": total, "no_contact": unreached, "reachable": total - unreached,
        "waves": [waves[number] for number, _ in numbered], "shared": shared,
    }  # fmt: skip


def contact_of(channel: str) -> str:
    """SQL for the contact of the channel by which a home is reached; a letter has none."""
    return f"CASE {channel} WHEN 'email' THEN email_contact WHEN 'sms' THEN sms_contact END"


def _wave(
    lake: duckdb.DuckDBPyConnection, path: Path, number: int, wave: PlannedWave, lately: Lately
) -> dict[str, Any]:
    """And let its messages count against the waves after it."""
    cap = in_force(lately.rules.frequency_cap, wave.send_on, lately.nation)
    since = _midnight(wave.send_on) - timedelta(days=cap.days)
    lake.execute(
        f"CREATE OR REPLACE TEMP TABLE reached AS WITH homes AS (SELECT *, {best_channel(wave.channels)} AS channel "
        "FROM read_parquet($path) WHERE arm IN (SELECT unnest($arms))), "
        f"known AS (SELECT uprn, channel, {contact_of('channel')} AS contact, coalesce(sms_source, '') AS source "
        "FROM homes), often AS (SELECT * FROM lately WHERE counted > $since) "
        "SELECT *, channel IS NOT NULL AND (uprn IN (SELECT uprn FROM often GROUP BY uprn HAVING count(*) >= $most) "
        "OR coalesce(contact, '') IN (SELECT contact FROM often WHERE contact <> '' GROUP BY contact "
        "HAVING count(*) >= $most)) AS capped FROM known",
        {"path": str(path), "arms": list(wave.arms), "since": since, "most": cap.messages},
    )
    lake.execute(
        "INSERT INTO lately SELECT uprn, coalesce(contact, ''), $at FROM reached "
        "WHERE channel IS NOT NULL AND NOT capped",
        {"at": _midnight(wave.send_on) + timedelta(hours=12)},
    )
    rows = lake.execute("SELECT channel, source, capped, count(*) FROM reached GROUP BY ALL ORDER BY ALL").fetchall()
    return _counted(number, wave, rows)


def _counted(number: int, wave: PlannedWave, rows: list[tuple[str | None, str, bool, int]]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    for channel, _, capped, count in rows:
        counts["capped" if capped else channel or "no_contact"] += count
    texts = [row for row in rows if row[0] == Channel.sms and not row[2]]
    return {
        "number": number,
        "send_on": wave.send_on.isoformat(),
        "arms": list(wave.arms),
        "households": counts.total(),
        "channels": {channel: counts[channel] for channel in wave.channels},
        "text_sources": {source: count for _, source, _, count in texts},
        "capped": counts["capped"],
        "no_contact": counts["no_contact"],
    }
