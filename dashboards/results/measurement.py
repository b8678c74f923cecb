"""The command `engage uplift`: the effect of a campaign, or of any trial in a CSV file, in exact figures."""

from collections.abc import Sequence
from math import isinf
from pathlib import Path
from typing import Any

import pandas as pd

from campaigns.records import lookup
from dashboards.published.delivery import Delivery, deliveries
from dashboards.published.outcomes import outcomes, reading
from dashboards.statistics.intervals import price
from dashboards.statistics.trial import read_table
from dashboards.statistics.uplift import Arm, Uplift, WardUplift, by_ward, estimate
from engage.foundation import audit
from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office

NOT_A_MEASURE = (
    "This is not a measure of effect: nobody was left for later by lot, so nothing says how many would have registered "
    "without the reminders."
)


def of_table(
    path: Path,
    *,
    arm: str | None,
    outcome: str | None,
    cluster: str | None = None,
    block: str | None = None,
    weight: str | None = None,
    control: str | None = None,
    contact: str | None = None,
    covariates: Sequence[str] = (),
) -> dict[str, Any]:
    """The arms of a trial against its control; shares are 0 to 1 where the outcome is."""
    if not (arm and outcome):
        raise InputRefused("--arm and --outcome are needed with --table: they name columns of the file.")
    columns: dict[str, Any] = {
        "arm": arm, "outcome": outcome, "cluster": cluster, "block": block, "weight": weight, "contact": contact,
        "covariates": tuple(covariates),
    }  # fmt: skip
    table = read_table(path, **columns)
    try:
        return estimate(table, **columns, control=control).as_dict()
    except InputRefused as refused:
        raise InputRefused(f"{path.name}: {refused}") from None


def of_campaign(office: Office, actor: Actor, campaign_id: int) -> dict[str, Any]:
    """As `of_table`, stratified by the ward it was randomised in, with the register it was read from, what became of
    each arm, what each extra registration cost, and a row for each ward of today.

    The figures are exact: for officers, never for publication. Where everybody was reminded there are no differences,
    only shares and `not_a_measure`.
    """
    homes = outcomes(office, actor, campaign_id)
    with office.database.session() as session:
        campaign = lookup.find(session, actor.authority, campaign_id)
        read = reading(session, campaign)
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="measure campaign",
            subject=f"campaign {campaign_id}", homes=len(homes),
        )  # fmt: skip
        comparison = str(campaign.plan.get("comparison", ""))
    fates = deliveries(office, actor, campaign_id)
    told = {
        "campaign": campaign_id,
        "register": read and {"as_at": read.as_at.isoformat(), "interim": read.interim},
        "delivery": [fate.as_dict() for fate in fates],
    }
    if comparison not in set(homes["arm"]) or homes["arm"].nunique() < 2:
        return told | _unrandomised(homes)
    return told | _randomised(homes, comparison, fates, interim=bool(read and read.interim))


def _randomised(homes: pd.DataFrame, comparison: str, fates: tuple[Delivery, ...], *, interim: bool) -> dict[str, Any]:
    until = fates[0].until
    reached = [float(pd.notna(day) and day <= until) for day in homes["contacted_on"]]
    known: dict[str, Any] = {"arm": "arm", "outcome": "registered", "control": comparison, "interim": interim}
    overall = estimate(
        homes.assign(contacted=reached), **known, block="block", contact="contacted", covariates=["electors"]
    )
    wards = by_ward(homes, **known, ward="ward")
    found = overall.as_dict()
    for row in (found["control"], *found["arms"]):
        row["registered"] = round(row["mean"] * row["n"])
    return {**found, "cost": _cost(overall, fates), "wards": [row for one in wards for row in _ward_rows(one)],
            "between_wards": [_between(one) for one in wards]}  # fmt: skip


def _unrandomised(homes: pd.DataFrame) -> dict[str, Any]:
    """Shares side by side, with no difference and no interval that would pretend to be one."""
    arms = [
        {"arm": arm, "n": len(part), "registered": int(part["registered"].sum()), "mean": part["registered"].mean()}
        for arm, part in homes.groupby("arm")
    ]
    return {"not_a_measure": NOT_A_MEASURE, "control": None, "arms": arms, "wards": []}


def _cost(overall: Uplift, fates: tuple[Delivery, ...]) -> list[dict[str, Any]]:
    """Pounds for each extra registration by arm; `high` is missing where there may have been none."""
    spent = {fate.arm: fate.pounds for fate in fates}
    return [_each(arm, spent[arm.arm]) for arm in overall.arms]


def _each(arm: Arm, pounds: tuple[float, float]) -> dict[str, Any]:
    found = price(pounds, arm.n, arm.difference, arm.judged)
    ends = {name: None if value is None or isinf(value) else round(value, 2) for name, value in found._asdict().items()}
    return {"arm": arm.arm, "pounds": list(pounds), "extra": arm.difference * arm.n, **ends}


def _between(one: WardUplift) -> dict[str, Any]:
    """`p_same` tests that the effect is the same in every ward; `spread` is its standard deviation between them."""
    return {"arm": one.arm, "p_same": one.gathered.p_same, "spread": one.gathered.spread}


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
