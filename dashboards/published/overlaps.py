"""Campaigns that ran at one time over some of the same homes: what may not be published of the later one.

Whoever knows that two campaigns hold the same homes but for one takes the figures of one from those of the other and
has that home. So a ward is left out of a finding where it, or what it and others add up to, could come within ten homes
of what the other campaign showed.
"""

from collections.abc import Sequence

import pandas as pd
from sqlmodel import Session, col, select

from campaigns.records.models import Campaign
from dashboards.published import snapshots
from dashboards.published.disclosure import RULE
from dashboards.published.outcomes import outcomes
from engage.foundation.office import Actor, Office

CLOSED = "window closed"
CELL = ["ward", "arm"]


def left_out(office: Office, actor: Actor, campaign: Campaign) -> set[str]:
    """Wards that are in no published figure of a campaign."""
    with office.database.session() as session:
        others = [other.id or 0 for other in _at_its_time(session, campaign) if _shown(office, session, other)]
    if not others:
        return set()
    mine, *theirs = (outcomes(office, actor, number)[["uprn", *CELL]] for number in (campaign.id or 0, *others))
    return {ward for held in theirs for ward, _ in near(mine, held)}


def _at_its_time(session: Session, campaign: Campaign) -> Sequence[Campaign]:
    query = select(Campaign).where(
        Campaign.authority == campaign.authority,
        Campaign.id != campaign.id,
        col(Campaign.launched_at).is_not(None),
        col(Campaign.window_start) <= campaign.window_end,
        col(Campaign.window_end) >= campaign.window_start,
    )
    return session.exec(query.order_by(col(Campaign.id))).all()


def _shown(office: Office, session: Session, campaign: Campaign) -> bool:
    kept = snapshots.standing(office, session, campaign.authority, name_of(campaign))
    return any(one.source == CLOSED for one in kept)


def name_of(campaign: Campaign) -> str:
    """Under which it is published."""
    return f"campaign {campaign.id}"


def near(mine: pd.DataFrame, theirs: pd.DataFrame) -> set[tuple[str, str]]:
    """Wards and arms of mine that may add up to within ten homes of what some of theirs add up to.

    One with ten homes outside all that are left of the other campaign cannot; nor can, then, those that needed it.
    """
    both = mine.merge(theirs, on="uprn", how="outer", suffixes=("", "_then"))
    sides = ["own", "other"]
    both["own"] = _cells(both, CELL)
    both["other"] = _cells(both, [f"{name}_then" for name in CELL])
    while True:
        far = [_far(both, side, beside) for side, beside in (sides, sides[::-1])]
        if not any(far):
            return set(both["own"].dropna())
        for side, cells in zip(sides, far, strict=True):
            both[side] = both[side].where(~both[side].isin(cells), None)


def _cells(homes: pd.DataFrame, columns: list[str]) -> pd.Series:
    named = [None if pd.isna(ward) else (ward, arm) for ward, arm in homes[columns].itertuples(index=False)]
    return pd.Series(named, index=homes.index, dtype=object)


def _far(homes: pd.DataFrame, side: str, beside: str) -> set[tuple[str, str]]:
    outside = homes[homes[beside].isna()][side].dropna().value_counts()
    return set(outside[outside >= RULE.fewest].index)
