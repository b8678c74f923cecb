"""What a person is asked of a system's list: what could not be told, and a random part of what settled by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
from sqlmodel import Session

from engage.foundation import audit
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from segments.crosswalk import properties, settling, systems
from segments.crosswalk.matches import TO_REVIEW
from segments.crosswalk.systems import CrosswalkDecision, CrosswalkSystem

LONGEST_LOOK = 600  # seconds: whoever took longer did something else meanwhile


@dataclass(frozen=True)
class Question:
    """One address of a list, and the properties it may be, likeliest first, as the gazetteer writes them."""

    key: str
    address: str
    postcode: str
    rows: int
    evidence: str
    foremost: int | None
    sampled: bool  # it settled by itself, and is looked at to see whether rightly
    offered: dict[int, str]


@dataclass(frozen=True)
class Standing:
    """How one system stands."""

    system: CrosswalkSystem
    crosswalk: Snapshot
    settled: int
    waiting: int
    sample: settling.Sample
    to_sample: int
    seconds_saved: int

    @property
    def report(self) -> dict[str, Any]:
        return self.crosswalk.report


def standings(office: Office, session: Session, authority: str) -> Iterator[Standing]:
    for each in systems.of_authority(session, authority):
        if each.crosswalk:
            decided = systems.decisions(session, each.system)
            waiting, to_sample = _open(office, session, each.crosswalk, decided)
            states = each.crosswalk.report["states"]
            settled = sum(states.values()) - states[TO_REVIEW] - states["not found"]
            yield Standing(
                each.system, each.crosswalk, settled, len(waiting), settling.sample(decided), len(to_sample),
                settling.saved(settled, decided),
            )  # fmt: skip


ROWS = """
select key, any_value(address), any_value(postcode), count(*), any_value(evidence), any_value(foremost),
    any_value(offered), bool_or(state = 'to review') from read_parquet(?)
where state = 'to review' or uprn is not null and evidence <> 'decided' group by key order by 4 desc, 3, 2
"""
Row = tuple[str, str | None, str | None, int, str, int | None, list[int], bool]


def _open(
    office: Office, session: Session, crosswalk: Snapshot, decided: list[CrosswalkDecision]
) -> tuple[list[Row], list[Row]]:  # fmt: skip
    """What waits for an answer, and what is to be sampled."""
    done = {each.key for each in decided}
    unseen = properties.hidden(office, session, properties.gazetteer(session, crosswalk.authority))
    rows: list[Row] = duckdb.execute(ROWS, [str(office.lake.file(crosswalk))]).fetchall()
    left = [row for row in rows if row[0] not in done and unseen.isdisjoint([*row[6], row[5] or 0])]
    return [row for row in left if row[7]], [row for row in left if not row[7] and settling.is_sampled(row[0])]


def ask(office: Office, actor: Actor, number: int) -> tuple[CrosswalkSystem, Question | None]:
    """The next question of a system: what waits first, then the sample. Looking is recorded."""
    with office.database.session() as session:
        system = systems.own(session, actor.authority, number)
        found = _next(office, session, system)
        if found:
            _record(session, office, actor, system, "read a listed address to review")
        return system, found


def _next(office: Office, session: Session, system: CrosswalkSystem, key: str = "") -> Question | None:
    crosswalk = systems.crosswalk(session, system)
    if crosswalk is None:
        return None
    waiting, to_sample = _open(office, session, crosswalk, systems.decisions(session, system))
    rows = [row for row in (*waiting, *to_sample) if not key or row[0] == key]
    if not rows:
        return None
    asked, address, postcode, count, evidence, foremost, offered, waits = rows[0]
    shown = offered or [uprn for uprn in [foremost] if uprn]
    path = str(office.lake.file(properties.gazetteer(session, system.authority)))
    query = "select uprn, address from read_parquet(?) where uprn in (select unnest(?))"
    written = dict(duckdb.execute(query, [path, shown]).fetchall())
    homes = {uprn: written[uprn] for uprn in shown if uprn in written}
    return Question(asked, address or "", postcode or "", count, evidence, foremost, not waits, homes)


def decide(
    office: Office, actor: Actor, number: int, key: str, chosen: int | None, shown_at: datetime | None
) -> CrosswalkSystem:  # fmt: skip
    """Keep what a person said: one of the properties shown, or None for none of them. It counts at once in what is
    given back, and for every later list."""
    now = office.clock.now()
    with office.database.session() as session:
        system = systems.own(session, actor.authority, number)
        question = _next(office, session, system, key)
        if question is None:
            raise NotFound("That address is no longer asked about.")
        if chosen is not None and chosen not in question.offered:
            raise InputRefused("Select one of the properties shown")
        seconds = (now - shown_at).total_seconds() if shown_at else -1.0
        session.add(CrosswalkDecision(
            authority=actor.authority, system_id=number, key=key, uprn=chosen, evidence=question.evidence,
            foremost=question.foremost, sampled=question.sampled, decided_at=now, decided_by=actor.label,
            seconds=int(seconds) if 0 <= seconds <= LONGEST_LOOK else None,
        ))  # fmt: skip
        session.flush()
        _record(session, office, actor, system, "answer a listed address", sampled=question.sampled)
        _stop_if_broken(session, office, actor, system)
    return system


def _stop_if_broken(session: Session, office: Office, actor: Actor, system: CrosswalkSystem) -> None:
    if system.settles and settling.sample(systems.decisions(session, system)).broken:
        system.settles, system.stopped_at = False, office.clock.now()
        session.add(system)
        _record(session, office, actor, system, "stop settling: the sample is below what is promised")


def settle_again(office: Office, actor: Actor, number: int) -> CrosswalkSystem:
    """Somebody answers for it that what settled wrongly is put right."""
    with office.database.session() as session:
        system = systems.own(session, actor.authority, number)
        system.settles, system.stopped_at = True, None
        session.add(system)
        _record(session, office, actor, system, "settle again")
    return system


def _record(
    session: Session, office: Office, actor: Actor, system: CrosswalkSystem, act: str, **detail: bool
) -> None:  # fmt: skip
    audit.record(
        session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act=act,
        subject=f"system {system.id}", **detail,
    )  # fmt: skip
