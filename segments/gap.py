"""Who is missing: eligible people less those registered, with how sure that is. Never a point alone.

completeness = registered / eligible, where
registered   = electors linked to the area's homes x (1 - share of entries that name nobody there), and
eligible     = residents of registration age x (1 - share without an entitled nationality).
The 95 % interval adds up, as relative variances, what each assumption is unsure of (segments/population.py).
"""

from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any, Literal

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.duckdb import Backend
from scipy.special import ndtri  # scipy.stats takes a second longer to import
from sqlmodel import Session

from engage.foundation.errors import InputRefused
from engage.foundation.office import Office
from segments import areas, engine, households, population, wards

Level = Literal["ward", "area"]
NORMAL_95 = float(ndtri(0.975))

ASSUMPTIONS = [
    (
        "People old enough to be registered are counted from Census 2021; "
        f"a ward may have changed since by about {population.AGEING_OF_WARD * NORMAL_95:.0%} either way."
    ),
    (
        "Adults without an entitled nationality are taken as "
        f"{population.NOT_ENTITLED_PER_OTHER_LANGUAGE:.0%} of those whose main language is not English; "
        f"sure to about {population.NOT_ENTITLED_SPREAD * NORMAL_95:.0%} of that figure."
    ),
    (
        f"Of all entries, {population.STALE_SHARE:.1%} name nobody at the address (Electoral Commission: 8.8% in 2015, "
        "10.4% in 2018), more where more people moved in the last year."
    ),
    "Electors whose address could not be tied to a home are shared over the wards as the others are.",
]


@dataclass(frozen=True)
class Row:
    """One area. Shares are 0 to 1; `low` and `high` are the 95 % interval of `completeness`."""

    key: str
    name: str
    eligible: float
    registered: float
    completeness: float
    low: float
    high: float
    missing: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def by_level(office: Office, authority: str, level: Level = "ward") -> list[Row]:
    """Areas with the most people missing first."""
    ageing = population.AGEING_OF_WARD if level == "ward" else population.AGEING_OF_AREA
    records = _figures(office, authority, level).to_dict("records")
    rows = [
        _row(r["key"], r["name"], r["eligible"], r["electors"], r["stale"], r["not_entitled"], ageing) for r in records
    ]
    return sorted(rows, key=lambda row: -row.missing)


def by_ward(office: Office, authority: str) -> list[Row]:
    return by_level(office, authority, "ward")


def overall(office: Office, authority: str) -> Row:
    """The whole authority; its assumptions hold or fail in every ward together, so they do not average out."""
    frame = _figures(office, authority, "ward")
    eligible, electors = frame.eligible.sum(), frame.electors.sum()
    stale = float((frame.stale * frame.electors).sum() / electors) if electors else 0.0
    not_entitled = float((frame.not_entitled * frame.eligible).sum() / eligible) if eligible else 0.0
    return _row(authority, "", float(eligible), float(electors), stale, not_entitled, population.AGEING_OF_WARD)


def _row(
    key: str, name: str, eligible: float, electors: float, stale: float, not_entitled: float, ageing: float
) -> Row:
    registered = electors * (1 - stale)
    completeness = registered / eligible if eligible else 0.0
    spread = _relative_error(stale, not_entitled, ageing, completeness, eligible)
    low, high = (completeness * (1 + sign * NORMAL_95 * spread) for sign in (-1, 1))
    return Row(
        key, name, eligible, registered, min(completeness, 1.0), max(low, 0.0), min(high, 1.0),
        max(eligible - registered, 0.0),
    )  # fmt: skip


def _relative_error(stale: float, not_entitled: float, ageing: float, completeness: float, eligible: float) -> float:
    """Standard error of completeness, relative: independent sources add up as squares (delta method)."""
    of_stale = population.STALE_SPREAD * stale / (1 - stale)
    of_entitlement = population.NOT_ENTITLED_SPREAD * not_entitled / (1 - not_entitled)
    share = min(max(completeness, 0.01), 0.99)
    of_chance = sqrt((1 - share) / (share * eligible)) if eligible else 0.0
    return sqrt(of_stale**2 + of_entitlement**2 + ageing**2 + of_chance**2)


def _figures(office: Office, authority: str, level: Level) -> pd.DataFrame:
    with office.database.session() as session, engine.connect() as backend:
        snapshot = households.newest(session, authority)
        built = engine.table(backend, office.lake, snapshot)
        homes = wards.restated(backend, office, session, authority, built)
        known = _known_areas(backend, office, session, authority)
        frame: pd.DataFrame = _totals(homes, known, level).execute()
    report = snapshot.report
    linked = report["by_uprn"] + report["by_address"]
    return frame.assign(electors=frame.electors * (report["electors"] / linked if linked else 1.0))


def _known_areas(backend: Backend, office: Office, session: Session, authority: str) -> ir.Table:
    known = areas.areas(backend, office, session, authority)
    if known is None:
        msg = "The gap needs the Census table of ages (TS007A). Import it first: engage import indicator FILE …"
        raise InputRefused(msg)
    return known


def _totals(homes: ir.Table, known: ir.Table, level: Level) -> ir.Table:
    """An output area that lies in two wards gives each its part, by homes."""
    key, name = ("ward", "ward_name") if level == "ward" else ("oa", "ward_name")
    parts = homes.group_by(key=homes[key], name=homes[name], oa=homes.oa).agg(
        homes=ibis._.count(), electors=ibis._.electors.sum()
    )
    shared = parts.mutate(part=parts.homes / parts.homes.sum().over(ibis.window(group_by=parts.oa)))
    joined = engine.attach(shared, known, "oa")
    weighed = joined.mutate(
        eligible=(joined.eligible * joined.part).fill_null(0.0),
        stale=joined.stale.fill_null(population.STALE_SHARE),
        not_entitled=joined.not_entitled.fill_null(0.0),
    )
    totals = weighed.group_by("key").agg(
        name=weighed.name.mode(),
        eligible=weighed.eligible.sum(),
        electors=weighed.electors.sum(),
        stale=(weighed.stale * weighed.electors).sum() / weighed.electors.sum().nullif(0),
        not_entitled=(weighed.not_entitled * weighed.eligible).sum() / weighed.eligible.sum().nullif(0),
    )
    return totals.filter(totals.key.notnull()).mutate(
        stale=totals.stale.fill_null(population.STALE_SHARE), not_entitled=totals.not_entitled.fill_null(0.0)
    )
