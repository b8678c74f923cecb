"""A rule at a glance, while it is being built: how many homes, how they are reached and at what cost, who is reminded
already, and what some of the homes look like."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from engage.foundation import identity
from engage.foundation.clock import today
from engage.foundation.office import Office
from engage.foundation.privacy import mask_address
from segments import cost, overlap, rules, segments
from segments.cost import Cost
from segments.open_homes import OpenHomes
from segments.overlap import Campaigns, Overlap, Uprns
from segments.segments import Count

SHOWN = 10
PRIME = 2_147_483_647  # 2^31 - 1


@dataclass(frozen=True)
class Picture:
    """`sample` are at most SHOWN masked addresses, the same ones whenever the same homes are asked for."""

    count: Count
    sample: list[str]
    overlap: Overlap
    cost: Cost


def picture(office: Office, authority: str, rule: rules.Rule, campaigns: Campaigns) -> Picture:
    chosen = segments.chosen(office, authority, rule)
    count, uprns = segments.counted(chosen), chosen.uprns()
    with office.database.reading() as session:
        nation = identity.authority(session, authority).nation
    return Picture(
        count,
        _masked(chosen.of, _some(uprns, rule)),
        overlap.of(uprns, campaigns(office, authority)),
        cost.of(office, count, today(office.clock), nation),
    )


def _some(uprns: Uprns, rule: rules.Rule) -> Uprns:
    """Drawn by the rule, so that asking again shows no further homes."""
    said = json.dumps(rule.as_json(), sort_keys=True)
    factor = int.from_bytes(hashlib.sha256(said.encode()).digest()[:4]) % (PRIME - 1) + 1
    drawn = uprns % PRIME * factor % PRIME
    return uprns[np.argpartition(drawn, SHOWN)[:SHOWN]] if len(uprns) > SHOWN else uprns


def _masked(homes: OpenHomes, uprns: Uprns) -> list[str]:
    """Sorted as text: in the order of UPRNs, neighbours would stand together."""
    found = homes.addresses.take(np.searchsorted(homes.uprns, uprns)).to_pylist()
    return sorted(mask_address(lines or []) for lines in found)
