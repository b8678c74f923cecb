"""The council's own page of a campaign: exact figures, for officers who may see data, never for publication."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import isinf

import pandas as pd
import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.records import lookup
from campaigns.records.models import Campaign, Message, Response, Wave
from campaigns.sending import ledger
from dashboards.published.delivery import Delivery, deliveries
from dashboards.published.outcomes import Reading, outcomes, reading, readings
from dashboards.statistics.effects import Arm, Uplift, WardUplift
from dashboards.statistics.intervals import Interval, Price, price, wilson
from dashboards.statistics.uplift import by_ward, estimate
from engage.foundation import audit
from engage.foundation.clock import today
from engage.foundation.identity import Right
from engage.foundation.lake import Snapshot, history
from engage.foundation.office import Actor, Office


@dataclass(frozen=True)
class Register:
    """One of the two registers compared: how many electors it has, and how many of them are tied to a home."""

    name: str
    as_at: date
    electors: int
    linked: int

    @property
    def share(self) -> float:
        return self.linked / self.electors if self.electors else 0.0


@dataclass(frozen=True)
class Look:
    """What one register showed, exactly: each group's share with its 95 % interval, and the effect of each arm."""

    read: Reading
    found: Uplift

    @property
    def shares(self) -> Mapping[str, tuple[float, Interval]]:
        groups = [(self.found.control, self.found.mean, self.found.n)]
        groups += [(arm.arm, arm.mean, arm.n) for arm in self.found.arms]
        return {name: (mean, wilson(mean * n, n)) for name, mean, n in groups}


@dataclass(frozen=True)
class Council:
    """What an officer reads of one campaign. `found` and `wards` are missing before a later register, and where
    nobody was left for later by lot."""

    campaign: Campaign
    read: Reading | None
    homes: int
    found: Uplift | None
    wards: tuple[WardUplift, ...]
    fates: tuple[Delivery, ...]
    sent: ledger.Status
    waves: tuple[Wave, ...]
    replies: Mapping[str, int]
    registers: tuple[Register, ...]
    age: int
    looks: tuple[Look, ...] = ()

    @property
    def randomised(self) -> bool:
        return len(self.fates) > 1 and any(fate.comparison for fate in self.fates)

    @property
    def pounds(self) -> tuple[float, float]:
        low, high = (sum(fate.pounds[end] for fate in self.fates) for end in (0, 1))
        return low, high

    def price(self, arm: Arm) -> Price | None:
        """Pounds for each extra registration of an arm."""
        spent = next((fate.pounds for fate in self.fates if fate.arm == arm.arm), None)
        return price(spent, arm.n, arm.difference, arm.judged) if spent else None


def council(office: Office, actor: Actor, campaign_id: int) -> Council:
    """Raises NotFound where the authority has no such campaign, InputRefused where it has no audience."""
    with office.database.session() as session:
        lookup.permit(session, actor, Right.see_data)
        campaign = lookup.find(session, actor.authority, campaign_id)
        read = reading(session, campaign)
        waves, replies = tuple(lookup.waves(session, campaign_id)), _replies(session, campaign_id)
    homes = outcomes(office, actor, campaign_id) if read else None
    with office.database.session() as session:  # by now both registers are linked
        registers, age = _registers(session, campaign, read), _age(office, session, actor.authority)
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="measure campaign",
            subject=f"campaign {campaign_id}", homes=0 if homes is None else len(homes),
        )  # fmt: skip
    found = headline(homes, campaign, read) if homes is not None and read else None
    return Council(
        campaign, read, 0 if homes is None else len(homes), found,
        _wards(homes, campaign, read) if found and homes is not None and read else (),
        deliveries(office, actor, campaign_id), ledger.status(office, actor, campaign_id), waves, replies,
        registers, age, _looks(office, actor, campaign) if found else (),
    )  # fmt: skip


def _looks(office: Office, actor: Actor, campaign: Campaign) -> tuple[Look, ...]:
    """Every register since the window began, oldest first. Before the window closes their intervals hold at all of
    them at once, however often one looks."""
    with office.database.session() as session:
        every = readings(session, campaign)
    found = ((read, headline(outcomes(office, actor, campaign.id or 0, read), campaign, read)) for read in every)
    return tuple(Look(read, uplift) for read, uplift in found if uplift)


def headline(homes: pd.DataFrame, campaign: Campaign, read: Reading) -> Uplift | None:
    """The estimate as randomised, within the wards it was randomised in, from `outcomes`; None without a comparison."""
    comparison = str(campaign.plan.get("comparison", ""))
    if comparison not in set(homes["arm"]) or homes["arm"].nunique() < 2:
        return None
    return estimate(
        homes.assign(contacted=contacted(homes, read.as_at)), arm="arm", outcome="registered", block="block",
        control=comparison, contact="contacted", covariates=["electors"], interim=read.interim,
    )  # fmt: skip


def contacted(homes: pd.DataFrame, register: date) -> list[float]:
    """1 where a reminder had left for the home before the day of the register."""
    return [float(pd.notna(day) and day < register) for day in homes["contacted_on"]]


def _wards(homes: pd.DataFrame, campaign: Campaign, read: Reading) -> tuple[WardUplift, ...]:
    comparison = str(campaign.plan.get("comparison", ""))
    return by_ward(homes, arm="arm", outcome="registered", ward="ward", control=comparison, interim=read.interim)


def _replies(session: Session, campaign_id: int) -> dict[str, int]:
    query = select(Response.what, sa.func.count()).join(Message, col(Message.id) == Response.message_id)
    counted = session.exec(query.where(Message.campaign_id == campaign_id).group_by(Response.what))
    return dict(sorted(counted.all()))


def _registers(session: Session, campaign: Campaign, read: Reading | None) -> tuple[Register, ...]:
    baseline = session.get(Snapshot, campaign.register_snapshot) if campaign.register_snapshot else None
    named = [("Before", baseline), ("After", read.register if read else None)]
    found = []
    for name, register in named:
        tied = history(session, campaign.authority, "electors", str(register.id)) if register else []
        if register and tied:
            report = tied[0].report
            linked = report["by_uprn"] + report["by_address"]
            found.append(Register(name, register.as_at, report["electors"], linked))
    return tuple(found)


def _age(office: Office, session: Session, authority: str) -> int:
    """Days since the newest register."""
    newest = next(iter(history(session, authority, "register")), None)
    return (today(office.clock) - newest.as_at).days if newest else 0


def per_hundred(interval: Interval) -> str:
    """`between 1.2 and 3.4`, in homes of every 100."""
    return f"between {_points(interval.low)} and {_points(interval.high)}"


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def sentence(arm: Arm) -> str:
    """What the reminders changed in an arm, as sure as the trial is."""
    low, high = arm.judged
    if arm.judged.includes(0):
        return (
            "It is too early to say whether the reminders worked: the figures fit anything from "
            f"{_points(low)} to {_points(high)} registrations in every 100 homes."
        )
    word, near, far = ("more", low, high) if low > 0 else ("fewer", -high, -low)
    return (
        f"Between {100 * near:.1f} and {100 * far:.1f} {word} homes in every 100 registered because of the reminders."
    )


def pounds(found: Price | None) -> str:
    """What an extra registration cost, in words."""
    if found is None or isinf(found.low):
        return "no extra registrations to set it against"
    if isinf(found.high):
        return f"at least £{found.low:,.2f}; there may have been none"
    return f"£{found.low:,.2f} to £{found.high:,.2f}"
