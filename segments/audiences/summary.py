"""A rule at a glance, while it is being built: how many homes, how they are reached and at what cost, who is reminded
already, and what some of the homes look like."""

import hashlib
import json
from dataclasses import dataclass

from sqlmodel import Session

from engage.foundation import identity
from engage.foundation.clock import today
from engage.foundation.office import Office
from engage.foundation.privacy import mask_address
from segments.audiences import cost, overlap, segments
from segments.audiences.cost import Cost
from segments.audiences.open_homes import Chosen
from segments.audiences.overlap import Campaigns, Overlap
from segments.audiences.segments import Count
from segments.missing import usable
from segments.rules import tree

SHOWN = 10


@dataclass(frozen=True)
class Known:
    """What the council's own records say of the homes of a rule, and of all homes: adults known and not registered."""

    adults: float
    homes: int
    all_adults: float
    all_homes: int
    of_newest_register: bool


@dataclass(frozen=True)
class Picture:
    """`sample` are at most SHOWN masked addresses, the same ones whenever the same homes are asked for. `emails` and
    `texts` are contacts, each written to once, however many of the homes have it."""

    count: Count
    emails: int
    texts: int
    sample: list[str]
    overlap: Overlap
    cost: Cost
    known: Known | None  # while records of that may be used


def picture(office: Office, authority: str, rule: tree.Rule, campaigns: Campaigns) -> Picture:
    with office.database.reading() as session:
        chosen = segments.chosen(office, session, authority, rule)
        known = _known(office, session, authority, chosen)
        nation, reminded = identity.authority(session, authority).nation, campaigns(office, session, authority)
    count = segments.counted(chosen)
    return Picture(
        count,
        chosen.messages("email"),
        chosen.messages("sms"),
        _sample(chosen, rule),
        overlap.of(chosen, reminded),
        cost.of(office, count, chosen.messages("sms", but_for="email"), today(office.clock), nation),
        known,
    )


def _known(office: Office, session: Session, authority: str, chosen: Chosen) -> Known | None:
    every, own, used = chosen.of.known, chosen.known(), usable.in_use(office, session, authority)
    if every is None or own is None or used is None:
        return None
    return Known(own, len(chosen.places), float(every.sum()), len(every), used.of_newest_register)


def _sample(chosen: Chosen, rule: tree.Rule) -> list[str]:
    """Drawn by the rule, so that asking again shows no further homes. Sorted as text, as nothing is to be told by the
    order."""
    said = json.dumps(rule.as_json(), sort_keys=True)
    start = int.from_bytes(hashlib.sha256(said.encode()).digest()[:8])
    return sorted(map(mask_address, chosen.some(SHOWN, start)))
