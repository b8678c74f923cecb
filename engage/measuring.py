"""The command `engage uplift`: the effect of a campaign, or of any trial in a CSV file, in exact figures."""

from pathlib import Path
from typing import Any

import pandas as pd

from campaigns import lifecycle
from dashboards.outcomes import outcomes, reading
from dashboards.trial import read_table
from dashboards.uplift import WardUplift, by_ward, estimate
from engage.foundation import audit
from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office


def of_table(
    path: Path,
    *,
    arm: str | None,
    outcome: str | None,
    cluster: str | None = None,
    block: str | None = None,
    weight: str | None = None,
    control: str | None = None,
) -> dict[str, Any]:
    """The arms of a trial against its control; shares are 0 to 1 where the outcome is."""
    if not (arm and outcome):
        raise InputRefused("--arm and --outcome are needed with --table: they name columns of the file.")
    table = read_table(path, arm=arm, outcome=outcome, cluster=cluster, block=block, weight=weight)
    return estimate(
        table, arm=arm, outcome=outcome, cluster=cluster, block=block, weight=weight, control=control
    ).as_dict()


def of_campaign(office: Office, actor: Actor, campaign_id: int) -> dict[str, Any]:
    """As `of_table`, stratified by the ward it was randomised in, with the register it was read from and a row for each
    ward of today.

    The figures are exact: for officers, never for publication.
    """
    homes = outcomes(office, actor, campaign_id)
    with office.database.session() as session:
        campaign = lifecycle.find(session, actor.authority, campaign_id)
        read = reading(session, campaign)
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="measure campaign",
            subject=f"campaign {campaign_id}", homes=len(homes),
        )  # fmt: skip
    comparison = str(campaign.plan.get("comparison", ""))
    overall = estimate(homes, arm="arm", outcome="registered", block="block", control=comparison)
    wards = by_ward(homes, arm="arm", outcome="registered", ward="ward", control=comparison)
    found = overall.as_dict()
    found["control"]["registered"] = _registered(homes, overall.control)
    for row in found["arms"]:
        row["registered"] = _registered(homes, row["arm"])
    return {
        "campaign": campaign_id,
        "register": read and {"as_at": read.as_at.isoformat(), "interim": read.interim},
        **found,
        "wards": [row for one in wards for row in _ward_rows(one)],
    }


def _registered(homes: pd.DataFrame, arm: str) -> int:
    return int(homes.loc[homes["arm"] == arm, "registered"].sum())


def _ward_rows(one: WardUplift) -> list[dict[str, Any]]:
    """`difference` with `low` and `high` is the ward's own; `shrunken` is drawn towards the other wards."""
    return [
        {
            "ward": ward.ward,
            "arm": one.arm,
            "n": ward.treated.n,
            "control_n": ward.control.n,
            "mean": ward.treated.mean,
            "control_mean": ward.control.mean,
            "difference": ward.difference,
            "low": ward.interval.low,
            "high": ward.interval.high,
            "shrunken": ward.shrunken,
            "shrunken_low": ward.shrunken_interval.low,
            "shrunken_high": ward.shrunken_interval.high,
            "too_early": ward.too_early,
        }
        for ward in one.wards
    ]
