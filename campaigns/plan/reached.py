"""Whom each wave will reach, as far as is known when a campaign is submitted: what is sent then differs by nothing but
what happens in between."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import sqlalchemy as sa
from sqlmodel import Session

from campaigns.plan import shared_contacts
from campaigns.plan.audience import best_channel, connect
from campaigns.plan.plan import Plan, PlannedWave
from campaigns.records.models import CONTACTED, MESSAGES, Channel
from engage.foundation.calendar import Law, in_force, law, quiet_day
from engage.foundation.clock import LONDON, at_london
from engage.foundation.identity import line
from engage.foundation.lake import current
from engage.foundation.office import Office
from segments.homes import applications

of = MESSAGES.c
LEFT_OUT = ("expired", "no_contact", "applied", "capped")  # why a home is not written to in a wave
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
            of.authority.in_(line(session, authority)), of.state.in_(CONTACTED), of.claimed_at > since
        )
        columns = list(zip(*session.execute(query).all(), strict=True)) or [()] * len(LATELY)
        arrays = [pa.array(column, kind) for column, kind in zip(columns, LATELY.types, strict=True)]
        return cls(rules, nation, pa.table(arrays, LATELY))


@dataclass(frozen=True)
class Ahead:
    """What is known at submission of the days of the waves. `covered`: by day, homes whose open applications cover
    all who are missing there, as the newest list has them; `dear`: homes to whose number a text is charged twice."""

    rules: Law
    nation: str
    covered: dict[date, list[int]]
    end: datetime | None  # of registration for the poll
    dear: npt.NDArray[np.int64]

    @classmethod
    def of(
        cls, office: Office, authority: str, nation: str, plan: Plan, end: datetime | None,
        dear: npt.NDArray[np.int64],
    ) -> "Ahead":  # fmt: skip
        with office.database.reading() as session:
            listed = current(session, authority, "applications") is not None
        days = {wave.send_on for wave in plan.waves}
        covered = {day: sorted(applications.covered(office, authority, day)) if listed else [] for day in days}
        return cls(law(office.settings.home), nation, covered, end, dear)

    def too_late(self, wave: PlannedWave) -> list[str]:
        """The channels by which nothing of a wave leaves, for the first day on which it could is after its last."""
        return [channel for channel in wave.channels if self._expired(wave, self._first(wave.send_on, channel))]

    def _first(self, day: date, channel: Channel) -> date:
        """A letter disturbs nobody on a quiet day."""
        while channel != Channel.letter and quiet_day(day, self.nation, self.rules):
            day += timedelta(days=1)
        return day

    def _expired(self, wave: PlannedWave, first: date) -> bool:
        ends = (at_london(wave.expires_on + timedelta(days=1), 0) if wave.expires_on else None, self.end)
        return any(end is not None and at_london(first, 0) >= end for end in ends)


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, time(), LONDON)


def estimate(path: Path, plan: Plan, lately: Lately, ahead: Ahead) -> dict[str, Any]:
    """Who is reached by each wave. In each wave, the channels and why the other homes are not written to (LEFT_OUT) add
    up to its households; the arms add up to the audience. `text_sources` counts texts by the record their number was
    taken from, those that are charged twice twice; `shared` the homes whose contact is written to for another home, or
    not at all."""
    with connect() as lake:
        lake.register("before", lately.messages)
        lake.register("dear", pa.table({"uprn": ahead.dear}))
        lake.execute("CREATE TEMP TABLE lately AS SELECT * FROM before")
        numbered = list(enumerate(plan.waves, 1))
        in_turn = sorted(numbered, key=lambda each: (each[1].send_on, each[0]))
        waves = {number: _wave(lake, path, number, wave, lately, ahead) for number, wave in in_turn}
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
    lake: duckdb.DuckDBPyConnection, path: Path, number: int, wave: PlannedWave, lately: Lately, ahead: Ahead
) -> dict[str, Any]:  # fmt: skip
    """And let its messages count against the waves after it."""
    cap = in_force(lately.rules.frequency_cap, wave.send_on, lately.nation)
    since = _midnight(wave.send_on) - timedelta(days=cap.days)
    lake.execute(
        f"CREATE OR REPLACE TEMP TABLE reached AS WITH homes AS (SELECT *, {best_channel(wave.channels)} AS channel "
        "FROM read_parquet($path) WHERE arm IN (SELECT unnest($arms))), "
        f"known AS (SELECT uprn, channel, {contact_of('channel')} AS contact, coalesce(sms_source, '') AS source "
        "FROM homes), often AS (SELECT * FROM lately WHERE counted > $since) "
        "SELECT *, CASE WHEN channel IN (SELECT unnest($late)) THEN 'expired' WHEN channel IS NULL THEN 'no_contact' "
        "WHEN uprn IN (SELECT unnest($covered)) THEN 'applied' "
        "WHEN uprn IN (SELECT uprn FROM often GROUP BY uprn HAVING count(*) >= $most) "
        "OR coalesce(contact, '') IN (SELECT contact FROM often WHERE contact <> '' GROUP BY contact "
        "HAVING count(*) >= $most) THEN 'capped' END AS why, 1 + (uprn IN (SELECT uprn FROM dear))::INTEGER AS times "
        "FROM known",
        {
            "path": str(path), "arms": list(wave.arms), "since": since, "most": cap.messages,
            "late": ahead.too_late(wave), "covered": ahead.covered[wave.send_on],
        },
    )  # fmt: skip
    lake.execute(
        "INSERT INTO lately SELECT uprn, coalesce(contact, ''), $at FROM reached WHERE why IS NULL",
        {"at": _midnight(wave.send_on) + timedelta(hours=12)},
    )
    query = "SELECT channel, source, why, count(*), sum(times)::INTEGER FROM reached GROUP BY ALL ORDER BY ALL"
    return _counted(number, wave, lake.execute(query).fetchall())


def _counted(number: int, wave: PlannedWave, rows: list[tuple[str, str, str | None, int, int]]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    for channel, _, why, count, _ in rows:
        counts[why or channel] += count
    texts = [row for row in rows if row[0] == Channel.sms and row[2] is None]
    return {
        "number": number,
        "send_on": wave.send_on.isoformat(),
        "arms": list(wave.arms),
        "households": counts.total(),
        "channels": {channel: counts[channel] for channel in wave.channels},
        "text_sources": {source: charged for _, source, _, _, charged in texts},
        **{why: counts[why] for why in LEFT_OUT},
    }
