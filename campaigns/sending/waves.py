"""Waves: on its day, a wave's messages are written into the ledger, once each, whatever interrupts it. One that could
not leave on its day waits for an officer, as what it says and when was approved together; unless its plan says that it
may catch up."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.messages.wording import link_token
from campaigns.plan import audience
from campaigns.plan.audience import Home
from campaigns.records import copies
from campaigns.records.lookup import audience_file, nation_of, pause_by_worker
from campaigns.records.models import MESSAGES, Campaign, CampaignState, Channel, MessageState, Reason, Wave
from campaigns.sending.guard import Closed, Guard
from engage.foundation import audit
from engage.foundation.background import ahead
from engage.foundation.calendar import law, quiet_until
from engage.foundation.clock import at_london, london, today
from engage.foundation.identity import fingerprint
from engage.foundation.office import Office
from engage.foundation.words import day

WORKER = "worker"
PLANNED, DROPPED = MessageState.planned.value, MessageState.dropped.value
# Of a message that waits; a dropped one has been settled besides.
COLUMNS = (
    "authority", "campaign_id", "wave_id", "uprn", "ward", "channel", "template", "contact", "recipient", "reference",
    "token", "state", "reason", "status", "claimed_by", "copies", "attempts", "looks",
)  # fmt: skip
# SQLite lets go of the interpreter for a statement, in which the next batch is made; one takes 32,766 values.
TO_A_STATEMENT = 32_766 // len(COLUMNS)


def due(session: Session, office: Office, campaign: Campaign) -> list[Wave]:
    """Waves of a launched campaign whose day has come and whose messages are not all in the ledger."""
    if campaign.state != CampaignState.launched or copies.held(session, campaign.authority):
        return []
    query = select(Wave).where(
        Wave.campaign_id == campaign.id, col(Wave.planned_at).is_(None), Wave.send_on <= today(office.clock)
    )
    return list(session.exec(query.order_by(col(Wave.number))))


def late(session: Session, office: Office, campaign: Campaign) -> list[Wave]:
    """Waves of a launched campaign of which nothing left on their day, and that no officer has let go since."""
    if campaign.state != CampaignState.launched or campaign.plan.get("catch_up"):
        return []
    query = select(Wave).where(
        Wave.campaign_id == campaign.id, Wave.send_on < today(office.clock), col(Wave.released_at).is_(None)
    )
    past = session.exec(query.order_by(col(Wave.number))).all()
    return [wave for wave in past if not _begun(session, wave) and _had_time(session, office, campaign, wave)]


def _begun(session: Session, wave: Wave) -> bool:
    """Whether something of it has left, or was to be dropped anyway."""
    if wave.planned_at is None:
        return False
    its = MESSAGES.c.wave_id == wave.id
    left = its & MESSAGES.c.state.not_in([PLANNED, DROPPED])
    waits = its & (MESSAGES.c.state == PLANNED)
    found = [session.execute(sa.select(MESSAGES.c.id).where(each).limit(1)).first() for each in (left, waits)]
    return found[0] is not None or found[1] is None


def _had_time(session: Session, office: Office, campaign: Campaign, wave: Wave) -> bool:
    """Whether there were waking hours on its day after the launch: one for a Sunday leaves on Monday by itself."""
    begin = max(at_london(wave.send_on, 0), campaign.launched_at or at_london(wave.send_on, 0))
    if wave.planned_at is None or Channel.letter in wave.channels:
        return True
    opens = quiet_until(begin, nation_of(session, campaign.authority), law(office.settings.home)) or begin
    return london(opens).date() <= wave.send_on


def _wait_for_officer(office: Office, campaign_id: int) -> bool:
    """Pause a campaign with late waves; gives whether it has some."""
    with office.database.session() as session:
        campaign = session.get_one(Campaign, campaign_id, with_for_update=True)
        if copies.held(session, campaign.authority):
            return False
        missed = late(session, office, campaign)
        if not missed:
            return False
        told = ", ".join(f"{wave.number} ({day(wave.send_on)})" for wave in missed)
        reason = (
            f"Engage paused it by itself. Nothing left on its day of wave {told[:150]}, as no worker was running or "
            "GOV.UK Notify could not be used. Resume the campaign to send it now, or stop it."
        )
        waves = [wave.number for wave in missed]
        pause_by_worker(session, office, campaign, reason, why="wave is late", waves=waves)
        return True


def plan_due(office: Office, campaign_id: int) -> int:
    """Messages put into the ledger by this call."""
    if _wait_for_officer(office, campaign_id):
        return 0
    with office.database.session() as session:
        campaign = session.get_one(Campaign, campaign_id)
        waiting = due(session, office, campaign)
        guard = Guard.of(office, session, campaign)
        path = audience_file(office, session, campaign) if waiting else None
    if path is None:
        return 0
    guard.refresh()
    return sum(plan_wave(office, campaign, wave, guard, path) for wave in waiting)


def plan_wave(office: Office, campaign: Campaign, wave: Wave, guard: Guard, path: Path) -> int:
    """Some thousands of households to a transaction; a second run adds what a crash left out."""
    with office.database.session() as session:
        closed, departed = guard.closed(session), copies.departed(session)
    added = 0
    batches = audience.homes(path, wave.arms, wave.channels)
    written: set[str] | None = set() if audience.shares_contacts(path) else None
    for rows in ahead(
        list(_rows(office, campaign, wave, guard, closed, homes, written, departed)) for homes in batches
    ):
        if rows:
            added += _insert(office, wave, rows)
    with office.database.session() as session:
        planned = _locked(session, wave)
        if planned.planned_at is None:
            planned.planned_at = office.clock.now()
            audit.record(
                session, authority=campaign.authority, at=office.clock.now(), actor=WORKER, act="plan wave",
                subject=f"campaign {campaign.id}", wave=wave.number, messages=_count(session, wave),
            )  # fmt: skip
    return added


def _rows(
    office: Office, campaign: Campaign, wave: Wave, guard: Guard, closed: Closed, homes: Sequence[Home],
    written: set[str] | None, departed: Mapping[str, str],
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """`written`: the contacts of the wave so far, where its homes may share them. `departed`: what left already, as a
    restored copy has learnt."""
    now, expired, same = office.clock.now(), guard.expired(wave), _same(campaign, wave)
    for home in homes:
        if departed and (left := _left(office, same, home, departed)):
            if written is not None:
                written.add(left["contact"])
            yield same | left
            continue
        household = office.keys.uprn(home.uprn)
        allowed = [c for c, (contact, _) in home.contacts.items() if not closed.to(c, contact, household)]
        channel = next(iter(allowed or home.contacts))
        reason = _reason(expired, guard, home.uprn, bool(allowed))
        if written is not None and reason is None and (contact := home.contacts[channel][0]):
            reason = Reason.shared if contact in written else None
            written.add(contact)
        yield same | _own(office, same, home, channel, reason, now)


def _reason(expired: bool, guard: Guard, uprn: int, allowed: bool) -> Reason | None:
    if expired:
        return Reason.expired
    if guard.registered_since(uprn):
        return Reason.registered
    if not allowed:
        return Reason.suppressed
    return Reason.applied if guard.applied(uprn) else None


def _same(campaign: Campaign, wave: Wave) -> dict[str, Any]:
    """What every message of the wave begins with."""
    return {
        "authority": campaign.authority, "campaign_id": campaign.id, "wave_id": wave.id, "status": "",
        "claimed_by": "", "copies": 0, "attempts": 0, "looks": 0, "templates": wave.templates, "number": wave.number,
    }  # fmt: skip


def _which(office: Office, same: dict[str, Any], home: Home, channel: str) -> str:
    """The end of a reference: the same for the same message, also where a restored copy plans it anew."""
    return office.keys.hash("message", f"{same['campaign_id']}.{same['number']}", str(home.uprn), channel)[:24]


def _left(
    office: Office, same: dict[str, Any], home: Home, departed: Mapping[str, str]
) -> dict[str, Any] | None:  # fmt: skip
    """The home's message in this wave, by whichever channel it left; None where none has."""
    for channel in home.contacts:
        if reference := departed.get(_which(office, same, home, channel)):
            token = fingerprint(link_token(office, reference))
            own = _own(office, same, home, channel, None, office.clock.now())
            return own | {"reference": reference, "token": token, "left": True}
    return None


def _own(
    office: Office, same: dict[str, Any], home: Home, channel: str, reason: Reason | None, now: datetime
) -> dict[str, Any]:
    contact, value = home.contacts[channel]
    # Begins with the second, as a database adds to the end of an index for much less than to places all over it.
    reference = f"{int(now.timestamp()):08x}{_which(office, same, home, channel)}"
    return {
        "uprn": home.uprn,
        "ward": home.ward,
        "channel": channel,
        "template": same["templates"][channel],
        "contact": contact,
        "recipient": "" if reason else value,
        "reference": reference,
        "token": fingerprint(link_token(office, reference)),
        "state": DROPPED if reason else PLANNED,
        "reason": reason.value if reason else "",
        "settled_at": now if reason else None,
    }


def _insert(office: Office, wave: Wave, rows: list[dict[str, Any]]) -> int:
    """A household has one message in a wave, though a first run may have chosen another channel for it."""
    with office.database.bulk() as session:
        if _locked(session, wave).planned_at is not None:
            return 0
        between = MESSAGES.c.uprn.between(rows[0]["uprn"], rows[-1]["uprn"])
        query = sa.select(MESSAGES.c.uprn).where(MESSAGES.c.wave_id == wave.id, between)
        there = set(session.execute(query).scalars())
        new = [row for row in rows if row["uprn"] not in there]
        if dropped := [row for row in new if row["settled_at"]]:
            session.execute(
                sa.insert(MESSAGES), [{name: row[name] for name in (*COLUMNS, "settled_at")} for row in dropped]
            )
        if planned := [row for row in new if not row["settled_at"]]:
            _write(session, list(map(itemgetter(*COLUMNS), planned)), embedded=office.database.embedded)
        if left := [row["reference"] for row in new if "left" in row]:
            copies.take_departed(office, session, wave.id or 0, left)
        return len(new)


def _write(session: Session, rows: list[tuple[Any, ...]], *, embedded: bool) -> None:
    """Past SQLAlchemy, which takes as long over a million rows as the database does."""
    into, connection = f"message ({', '.join(COLUMNS)})", session.connection()
    if embedded:
        marks = f"({', '.join('?' * len(COLUMNS))})"
        for start in range(0, len(rows), TO_A_STATEMENT):
            part = rows[start : start + TO_A_STATEMENT]
            # Else SQLite copies each page first, to undo the statement alone; a fault undoes the whole batch anyway.
            query = f"INSERT OR ROLLBACK INTO {into} VALUES {', '.join([marks] * len(part))}"
            connection.exec_driver_sql(query, tuple(chain.from_iterable(part)))
        return
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:  # type: ignore[attr-defined]  # psycopg's
        for row in rows:
            copy.write_row(row)


def _locked(session: Session, wave: Wave) -> Wave:
    """Two workers planning one wave take turns."""
    return session.exec(select(Wave).where(Wave.id == wave.id).with_for_update()).one()


def _count(session: Session, wave: Wave) -> int:
    return int(session.execute(sa.select(sa.func.count()).where(MESSAGES.c.wave_id == wave.id)).scalar_one())
