"""Lists of homes to call at: made with a reason, given to one canvasser, over on their last day."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.canvass import codes, homes, walking
from campaigns.canvass.homes import Chosen
from campaigns.canvass.walking import Door
from campaigns.records.lookup import find as find_campaign
from campaigns.records.lookup import permit
from campaigns.records.visits import CanvassHome, CanvassList
from engage.foundation import audit
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Account, Right, accounts
from engage.foundation.office import Actor, Office
from segments.audiences import named_rules

MOST = 5_000  # homes of a list: more than a team walks in its weeks, and each gets a code of its own
SMALLEST, USUAL, LARGEST = 5, 40, 500  # homes to a round
LONGEST_LIFE = 90  # days


@dataclass(frozen=True)
class Wanted:
    """What a list is asked for: homes of a segment, else of a campaign: of one group, or those not reached."""

    name: str
    reason: str
    segment: int = 0
    campaign: int = 0
    arm: str = ""
    ward: str = ""
    size: int = USUAL
    days: int = 28
    language: str = "en"


@dataclass(frozen=True)
class Line:
    """A home of a list as it is read: its address, where it may still be seen."""

    home: CanvassHome
    door: Door


@dataclass(frozen=True)
class Made:
    listed: CanvassList
    left_out: dict[str, int]


def make(office: Office, actor: Actor, wanted: Wanted) -> Made:
    why = audit.because(wanted.reason)
    if not why:
        raise InputRefused("Enter why these homes are called at")
    with office.database.reading() as session:
        permit(session, actor, Right.plan)
    chosen, source = _homes(office, actor.authority, wanted), _source(office, actor.authority, wanted)
    _demand_some(chosen)
    rounds = list(walking.rounds(walking.order(chosen.doors), wanted.size))
    with office.database.session() as session:
        listed = CanvassList(
            authority=actor.authority, code=codes.of_list(), name=wanted.name, source=source,
            campaign_id=wanted.campaign or None, reason=why["reason"], language=wanted.language,
            homes=len(chosen.doors), rounds=len(rounds), made_by=actor.label, made_at=office.clock.now(),
            expires_on=today(office.clock) + timedelta(wanted.days),
        )  # fmt: skip
        session.add(listed)
        session.flush()
        _keep(session, listed, rounds)
        record(session, office, actor, "make canvass list", listed, homes=listed.homes, of=source, **why)
    return Made(listed, chosen.left_out)


def _homes(office: Office, authority: str, wanted: Wanted) -> Chosen:
    if wanted.segment:
        return homes.of_segment(office, authority, wanted.segment, wanted.ward)
    if wanted.arm:
        return homes.of_group(office, authority, wanted.campaign, wanted.arm, wanted.ward)
    return homes.unreached(office, authority, wanted.campaign, wanted.ward)


def _source(office: Office, authority: str, wanted: Wanted) -> str:
    if wanted.segment:
        found = named_rules.find(office, authority, wanted.segment)
        return f"segment {found.name}, version {found.version}"
    with office.database.reading() as session:
        name = find_campaign(session, authority, wanted.campaign).name
    return f"group “{wanted.arm}” of {name}" if wanted.arm else f"homes that no message of {name} reached"


def _demand_some(chosen: Chosen) -> None:
    if not chosen.doors:
        out = "; ".join(f"{count:,} {reason}" for reason, count in chosen.left_out.items())
        raise InputRefused(f"There is no home to call at{f': {out}' if out else ''}")
    if len(chosen.doors) > MOST:
        raise InputRefused(
            f"This list would hold {len(chosen.doors):,} homes, and one holds at most {MOST:,}. Select a ward"
        )


def _keep(session: Session, listed: CanvassList, rounds: list[list[walking.Stop]]) -> None:
    numbered = [(number, stop) for number, stops in enumerate(rounds, 1) for stop in stops]
    session.add_all(
        CanvassHome(
            list_id=listed.id or 0, place=place, round=number, line=line, uprn=stop.door.uprn, street=stop.street[:200]
        )
        for place, ((number, stop), line) in enumerate(zip(numbered, codes.of_lines(len(numbered)), strict=True), 1)
    )


def record(session: Session, office: Office, actor: Actor, act: str, listed: CanvassList, **detail: object) -> None:
    audit.record(
        session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act=act,
        subject=f"canvass list {listed.code}", **detail,
    )  # fmt: skip


# Looked up


def every(office: Office, actor: Actor) -> list[CanvassList]:
    """The authority's, newest first."""
    with office.database.reading() as session:
        permit(session, actor, Right.see_data)
        query = select(CanvassList).where(CanvassList.authority == actor.authority)
        return list(session.exec(query.order_by(col(CanvassList.id).desc())))


def find(session: Session, actor: Actor, number: int, *, lock: bool = False) -> CanvassList:
    found = session.get(CanvassList, number, with_for_update=lock)
    if found is None or found.authority != actor.authority:
        raise NotFound(f"There is no canvassers' list {number} here.")
    return found


def is_open(office: Office, listed: CanvassList) -> bool:
    return listed.withdrawn_at is None and listed.expires_on >= today(office.clock)


def given_to(office: Office, actor: Actor) -> list[CanvassList]:
    """Those of a canvasser that are not over."""
    with office.database.reading() as session:
        permit(session, actor, Right.canvass)
        query = select(CanvassList).where(
            CanvassList.authority == actor.authority, CanvassList.given_to == actor.account_id
        )
        return [each for each in session.exec(query.order_by(col(CanvassList.id))) if is_open(office, each)]


def of_canvasser(session: Session, office: Office, actor: Actor, code: str) -> CanvassList:
    """By its code; one that is not theirs, or over, is as if it were not."""
    permit(session, actor, Right.canvass)
    query = select(CanvassList).where(CanvassList.authority == actor.authority, CanvassList.code == codes.plain(code))
    found = session.exec(query).first()
    if found is None or actor.account_id is None or found.given_to != actor.account_id or not is_open(office, found):
        raise NotFound("This list is not yours, or it is over. Ask the elections team.")
    return found


def lines(office: Office, session: Session, listed: CanvassList, *, round_: int = 0) -> list[Line]:
    """Its homes in walking order, of one round or all. One that must not be called at any more is gone."""
    query = select(CanvassHome).where(CanvassHome.list_id == listed.id)
    if round_:
        query = query.where(CanvassHome.round == round_)
    held = list(session.exec(query.order_by(col(CanvassHome.place))))
    doors = homes.seen(office, session, listed.authority, [home.uprn for home in held]) if held else {}
    return [Line(home, doors[home.uprn]) for home in held if home.uprn in doors]


def tally(session: Session, numbers: Collection[int | None]) -> dict[int, Counter[str]]:
    """By list, how many homes have which outcome; those without one under an empty word."""
    found: dict[int, Counter[str]] = {number or 0: Counter() for number in numbers}
    query = sa.select(col(CanvassHome.list_id), col(CanvassHome.outcome), sa.func.count())
    grouped = query.where(col(CanvassHome.list_id).in_(list(found))).group_by(
        col(CanvassHome.list_id), col(CanvassHome.outcome)
    )
    for number, outcome, count in session.execute(grouped):
        found[number][outcome] = count
    return found


def canvassers(office: Office, authority: str) -> list[Account]:
    with office.database.reading() as session:
        return [each for each in accounts(session, authority) if each.active and each.may(Right.canvass)]


# Given and ended


def give(office: Office, actor: Actor, number: int, account: int | None) -> CanvassList:
    """To one canvasser; None takes it from whoever has it."""
    with office.database.session() as session:
        permit(session, actor, Right.plan)
        listed = find(session, actor, number, lock=True)
        to = session.get(Account, account) if account else None
        if account and (to is None or to.authority != actor.authority or not to.may(Right.canvass) or not to.active):
            raise InputRefused("Select a canvasser")
        if to and not is_open(office, listed):
            raise InputRefused("This list is over. Make a new one")
        listed.given_to = to.id if to else None
        record(session, office, actor, "give canvass list", listed, to=to.label if to else "nobody")
        return listed


def withdraw(office: Office, actor: Actor, number: int) -> None:
    """Nobody calls from it any more; what was found stays."""
    with office.database.session() as session:
        permit(session, actor, Right.plan)
        listed = find(session, actor, number, lock=True)
        if listed.withdrawn_at is None:
            listed.withdrawn_at, listed.given_to = office.clock.now(), None
            record(session, office, actor, "withdraw canvass list", listed)
