"""What became of the lot: whom of each arm a reminder reached, whom it did not, who was lost since, and what it cost.

None of this changes an arm: everybody is measured where chance put them. It says how far the trial was from its plan.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
import sqlalchemy as sa
from sqlmodel import Session

from campaigns.plan.audience import FRAGMENTS
from campaigns.records.lookup import audience_file, find
from campaigns.records.models import MESSAGES, Campaign, Channel, MessageState
from campaigns.sending import ledger
from dashboards.published.outcomes import outcomes, reading
from engage.foundation.calendar import Price, in_force, law
from engage.foundation.clock import london
from engage.foundation.lake import current
from engage.foundation.office import Actor, Office
from segments.engine import execution

REACHED = (MessageState.accepted, MessageState.delivered)
LEAST_FIRST = ("no message", "dropped", "undeliverable", "not yet", "contacted")
"""What became of a home whose messages fared differently: the furthest of these."""


@dataclass(frozen=True)
class Delivery:
    """One arm by the day `until`: homes = contacted + not_yet + undeliverable + dropped + no_message.

    `contacted` of the comparison is contamination; all but `contacted` of a reminded arm is assigned and not
    contacted. `not_yet` has a message that is waiting, or left after that day. `undeliverable`: every message failed.
    `elsewhere` had a message of another campaign since the window began. `emptied` had somebody on the register before
    and nobody after; `removed` is no home of the gazetteer any more: both stay in the denominator, and are missing
    before a later register or a table of homes. `pounds` is what the arm's messages cost, from and to, before VAT: what
    Notify said, else by the prices in force.
    """

    arm: str
    comparison: bool
    homes: int
    contacted: int
    not_yet: int
    undeliverable: int
    dropped: int
    no_message: int
    elsewhere: int
    emptied: int | None
    removed: int | None
    pounds: tuple[float, float]
    until: date

    @property
    def not_contacted(self) -> int:
        return self.homes - self.contacted

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"until": self.until.isoformat(), "pounds": list(self.pounds)}


def deliveries(office: Office, actor: Actor, campaign_id: int) -> tuple[Delivery, ...]:
    """Every arm of a campaign, the comparison last, by the day before its outcome register, else by today. Exact: for
    officers, never for publication. Raises InputRefused where the campaign has no audience.
    """
    arms = pd.Series(ledger.arms(office, actor, campaign_id), dtype=object)
    with office.database.session() as session:
        campaign = find(session, actor.authority, campaign_id)
        read = reading(session, campaign)
        # What left on the day of the register came too late to show in it.
        until = read.as_at - timedelta(days=1) if read else london(office.clock.now()).date()
        messages = _messages(session, campaign)
        held = _homes_now(office, session, campaign.authority)
    homes = pd.DataFrame({"arm": arms, "fate": _fates(messages[messages["own"]], arms, until)})
    homes["elsewhere"] = homes.index.isin(_others(messages, campaign, until))
    homes["removed"] = ~homes.index.isin(held) if held is not None else None
    homes["emptied"] = _emptied(office, actor, campaign_id, homes.index) if read else None
    comparison = str(campaign.plan.get("comparison", ""))
    price = in_force(law(office.settings.home).price, campaign.window_start)
    parts = {arm: homes[homes["arm"] == arm] for arm in sorted(arms.unique(), key=lambda arm: (arm == comparison, arm))}
    return tuple(
        _delivery(arm, part, arm == comparison, until, _pounds(messages[messages["own"]], part.index, until, price))
        for arm, part in parts.items()
    )


def spent(
    office: Office, campaign: Campaign, as_at: date
) -> dict[str, tuple[Counter[str], tuple[float, float]]]:  # fmt: skip
    """By arm, how many messages of each channel had left before the day of a register, and what those cost: `pounds` of
    its delivery. Exact: not to be shown as it is."""
    until = as_at - timedelta(days=1)
    price = in_force(law(office.settings.home).price, campaign.window_start)
    with office.database.session() as session:
        path = audience_file(office, session, campaign)
        own = _read(session, MESSAGES.c.campaign_id == campaign.id, campaign)
    homes = pd.read_parquet(path, columns=["uprn", "arm"])
    arms = own["uprn"].map(homes[homes["uprn"].isin(own["uprn"])].set_index("uprn")["arm"])
    sent = own["state"].isin(REACHED) & _by(own, until)
    found = {}
    for arm in sorted(homes["arm"].dropna().unique()):
        mine = own[arms == arm]
        channels = Counter(map(str, own.loc[sent & (arms == arm), "channel"]))
        found[str(arm)] = channels, _pounds(mine, pd.Index(mine["uprn"]), until, price)
    return found


def _delivery(arm: str, part: pd.DataFrame, comparison: bool, until: date, pounds: tuple[float, float]) -> Delivery:
    fates = Counter(part["fate"])
    lost = {name: None if part[name].isna().all() else int(part[name].sum()) for name in ("emptied", "removed")}
    return Delivery(
        arm, comparison, len(part), fates["contacted"], fates["not yet"], fates["undeliverable"], fates["dropped"],
        fates["no message"], int(part["elsewhere"].sum()), **lost, pounds=pounds, until=until,
    )  # fmt: skip


def _messages(session: Session, campaign: Campaign) -> pd.DataFrame:
    """This campaign's messages, and those other campaigns of the authority sent since the window began."""
    of = MESSAGES.c
    own = of.campaign_id == campaign.id
    others = sa.and_(of.authority == campaign.authority, of.state.in_(REACHED))
    return _read(session, sa.or_(own, others), campaign)


def _read(session: Session, which: sa.ColumnElement[bool], campaign: Campaign) -> pd.DataFrame:
    of = MESSAGES.c
    own = (of.campaign_id == campaign.id).label("own")
    query = sa.select(of.uprn, of.channel, of.state, of.sent_at, of.cost, own).where(which)
    rows = [(*row[:3], london(row[3]).date() if row[3] else None, *row[4:]) for row in session.execute(query)]
    frame = pd.DataFrame(rows, columns=["uprn", "channel", "state", "sent_on", "cost", "own"])
    return frame.astype({"own": bool, "cost": float})


def _by(messages: pd.DataFrame, until: date) -> npt.NDArray[np.bool_]:
    """Which left by that day."""
    return np.array([day is not None and day <= until for day in messages["sent_on"]], dtype=bool)


def _fates(own: pd.DataFrame, arms: pd.Series, until: date) -> pd.Series:
    went = own["state"].isin(REACHED)
    fate = np.select(
        [own["state"] == MessageState.dropped, own["state"] == MessageState.failed, went & _by(own, until)],
        [LEAST_FIRST.index(name) for name in ("dropped", "undeliverable", "contacted")],
        LEAST_FIRST.index("not yet"),
    )
    furthest = pd.Series(fate, index=own["uprn"].to_numpy(), dtype="int64").groupby(level=0).max()
    return furthest.reindex(arms.index, fill_value=0).map(dict(enumerate(LEAST_FIRST)))


def _others(messages: pd.DataFrame, campaign: Campaign, until: date) -> set[int]:
    since = np.array([day is not None and day >= campaign.window_start for day in messages["sent_on"]], dtype=bool)
    return set(messages.loc[~messages["own"] & since & _by(messages, until), "uprn"])


def _emptied(office: Office, actor: Actor, campaign_id: int, uprns: pd.Index) -> pd.Series:
    found = outcomes(office, actor, campaign_id).set_index("uprn").reindex(uprns)
    return (found["electors"] > 0) & (found["later"] == 0)


def _homes_now(office: Office, session: Session, authority: str) -> pd.Index | None:
    """Every home there is. The table of homes leaves out protected addresses and whoever asked for no reminders: by
    it alone, those would be told apart as homes that are no more. The gazetteer has them.
    """
    built = current(session, authority, "households")
    if built is None:
        return None
    gazetteer = current(session, authority, "gazetteer")
    with execution.connect() as backend:
        tables = [execution.table(backend, office.lake, each) for each in (built, gazetteer) if each]
        found = [_residential(table).uprn.execute() for table in tables]
    every: pd.Index[Any] = pd.Index(pd.concat(found)).unique()
    return every


def _residential(table: ir.Table) -> ir.Table:
    return table.filter(table.residential) if "residential" in table.columns else table


def _pounds(own: pd.DataFrame, uprns: pd.Index, until: date, price: Price) -> tuple[float, float]:
    """What left is charged, whether or not it arrived; the year's free texts may cover all of them or none."""
    sent = own[own["uprn"].isin(uprns) & _by(own, until)]
    unknown = Counter(sent.loc[sent["cost"].isna(), "channel"])
    texts, letters = unknown[Channel.sms], unknown[Channel.letter]
    charged = max(0, texts * FRAGMENTS[0] - price.free_sms_fragments)
    low = charged * price.sms_fragment + letters * price.letter_low
    high = texts * FRAGMENTS[1] * price.sms_fragment + letters * price.letter_high
    known = float(sent["cost"].sum())
    return round(known + low / 100, 2), round(known + high / 100, 2)
