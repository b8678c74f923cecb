"""What a campaign costs, from dated prices: texts by their parts less the free ones of the year, letters by class and
sheets, and value added tax. Money is in pence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from campaigns.messages.proofs import Setting, text_fragments
from campaigns.plan.audience import FRAGMENTS
from campaigns.plan.plan import Plan
from campaigns.records.models import CONTACTED, MESSAGES, Channel, MessageState
from engage.foundation.calendar import Law, Price, in_force, law

SECOND = "second"  # what Notify takes where a template says nothing
of = MESSAGES.c


@dataclass
class Range:
    low: float = 0
    high: float = 0

    def add(self, other: "Range") -> None:
        self.low, self.high = self.low + other.low, self.high + other.high

    def rounded(self) -> dict[str, int]:
        return {"low": round(self.low), "high": round(self.high)}


def of_campaign(
    session: Session, setting: Setting, plan: Plan, waves: Sequence[Mapping[str, Any]],
    messages: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    """`low` to `high` before tax, `with_vat`, and what they are made of. Later waves go only to those still
    unregistered, so less may be spent."""
    rules = law(setting.office.settings.home)
    by_template = {message["template"]: message for message in messages}
    free = _Allowance(session, rules)
    texts, letters, parts, count = Range(), Range(), Range(), 0
    for planned, wave in zip(waves, plan.waves, strict=True):
        price = in_force(rules.price, wave.send_on)
        if Channel.sms in wave.channels:
            message = by_template.get(str(plan.template(wave, Channel.sms)))
            taken = _parts(setting, plan, planned["text_sources"], message, wave.send_on)
            parts.add(taken)
            texts.add(free.charged(wave.send_on, taken, price))
        if Channel.letter in wave.channels:
            message = by_template.get(str(plan.template(wave, Channel.letter)))
            homes = planned["channels"][Channel.letter]
            count += homes
            low, high = _of_letter(price, message)
            letters.add(Range(homes * low, homes * high))
    whole = Range(texts.low + letters.low, texts.high + letters.high)
    percent = in_force(rules.vat, plan.start).percent
    taxed = Range(whole.low * (1 + percent / 100), whole.high * (1 + percent / 100))
    return {
        **whole.rounded(), "with_vat": taxed.rounded(), "vat_percent": percent, "texts": texts.rounded(),
        "text_parts": parts.rounded(), "free_parts": free.used(), "letters": letters.rounded(), "letter_count": count,
        "postage": sorted({message["postage"] or SECOND for message in messages if message["channel"] == "letter"}),
    }  # fmt: skip


def _parts(
    setting: Setting, plan: Plan, sources: Mapping[str, int], message: Mapping[str, Any] | None, on: date
) -> Range:
    """Exact where the text has been read."""
    if message is None:
        return Range(*(parts * sum(sources.values()) for parts in FRAGMENTS))
    whole = sum(homes * text_fragments(setting, plan, message, source, on) for source, homes in sources.items())
    return Range(whole, whole)


def _of_letter(price: Price, message: Mapping[str, Any] | None) -> tuple[float, float]:
    known = price.letters.get(message["postage"] or SECOND) if message else None
    return known or (price.letter_low, price.letter_high)


class _Allowance:
    """Free parts of texts, by financial year. At least and at most is left what was not sent already; at most, what
    is still waiting will use it too."""

    def __init__(self, session: Session, rules: Law) -> None:
        self._session, self._rules = session, rules
        self._left: dict[int, Range] = {}
        self._used = Range()

    def charged(self, day: date, parts: Range, price: Price) -> Range:
        """The price of so many parts, the free ones taken off; `high` has the fewest free."""
        year = day.year - (day < date(day.year, 4, 1))
        left = self._left.setdefault(year, self._remaining(year, price))
        free = Range(min(left.low, parts.high), min(left.high, parts.low))
        self._left[year] = Range(left.low - free.low, left.high - free.high)
        self._used.add(free)
        return Range(
            (parts.low - free.high) * price.sms_fragment, (parts.high - free.low) * price.sms_fragment
        )  # fmt: skip

    def used(self) -> dict[str, int]:
        return self._used.rounded()

    def _remaining(self, year: int, price: Price) -> Range:
        start = datetime(year, 4, 1, tzinfo=UTC)
        known, unknown = self._sent(start, of.cost.is_not(None)), self._sent(start, of.cost.is_(None))
        waiting = self._session.execute(
            sa.select(sa.func.count()).where(of.channel == Channel.sms, of.state == MessageState.planned)
        ).scalar_one()
        spent = known[1] * 100 / price.sms_fragment
        fewest, most = spent + unknown[0] * FRAGMENTS[0], spent + (unknown[0] + waiting) * FRAGMENTS[1]
        return Range(max(0, price.free_sms_fragments - most), max(0, price.free_sms_fragments - fewest))

    def _sent(self, since: datetime, condition: sa.ColumnElement[bool]) -> tuple[int, float]:
        """Texts since, and what Notify said they cost in pounds; it charges failed ones too."""
        states = [*CONTACTED, MessageState.failed]
        query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(of.cost), 0.0)).where(
            of.channel == Channel.sms, of.state.in_(states), of.claimed_at >= since, condition
        )
        count, cost = self._session.execute(query).one()
        return int(count), float(cost)
