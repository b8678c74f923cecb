"""Which segments hold one home now, and what the table of homes says of it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from engage.foundation.errors import InputRefused
from engage.foundation.lake import current
from engage.foundation.office import Office
from segments.audiences import named_rules, segments
from segments.audiences.named_rules import Segment
from segments.engine import execution
from segments.engine.holdings import Holdings
from segments.homes import households
from segments.rules import tree
from segments.safeguards import protected

KINDS = {"house": "House", "flat": "Flat", "shared": "Shared house", "institution": "Communal establishment"}


@dataclass(frozen=True)
class Row:
    """A home as the table of homes has it: exact figures, for officers alone."""

    ward: str
    kind: str
    electors: int
    attainers: int
    reach: tuple[str, ...]  # channels with a contact that may be used
    unoccupied: str
    as_at: date  # of the register


def row(office: Office, authority: str, uprn: int) -> Row | None:
    """None where there is no table of homes, or the home is not in it."""
    with office.database.reading() as session:
        table = current(session, authority, "households")
    if table is None:
        return None
    with duckdb.connect() as lake:
        found = lake.execute("SELECT * FROM read_parquet(?) WHERE uprn = ?", [str(office.lake.file(table)), uprn])
        cells = found.fetchall()
        names = [column[0] for column in found.description or ()]
    return _row(dict(zip(names, cells[0], strict=True)), table.as_at) if cells else None


def _row(of: dict[str, Any], as_at: date) -> Row:
    kind = KINDS.get(str(of.get("kind")), "Another kind of home")
    reach = tuple(channel for channel in ("email", "sms", "letter") if of.get(channel))
    return Row(
        of.get("ward_name") or of.get("ward") or "", f"{kind} ({of['class']})" if of.get("class") else kind,
        of.get("electors") or 0, of.get("attainers") or 0, reach, of.get("unoccupied") or "", as_at,
    )  # fmt: skip


def holding(office: Office, authority: str, uprn: int) -> list[Segment]:
    """Of named segments in their newest version; one whose columns are not imported any more holds nothing."""
    named = named_rules.all_segments(office, authority)
    with office.database.reading() as session, execution.connect() as backend:
        holdings = Holdings(backend, office, session, (authority,))
        if not named or not holdings.newest("households"):
            return []
        tables = households.newest_of(holdings)
        hidden = protected.hidden_since(office, session, tables)
        return [each for each in named if _holds(holdings, each, (tables, hidden), uprn)]


def _holds(holdings: Holdings, segment: Segment, ground: tuple[Any, Any], uprn: int) -> bool:
    try:
        homes = segments.homes_of(holdings, tree.parse(segment.rule), *ground)
        return bool(homes.filter(homes.uprn == uprn).count().execute())
    except InputRefused:
        return False
