"""The figures that matter of a place, few enough for the first screen of a phone, and what happens next."""

from dataclasses import dataclass
from datetime import date

from dashboards.published import exports
from dashboards.published.completeness import Completeness, Ward
from dashboards.published.figures import Figures, Trial
from dashboards.published.findings import Effect
from engage.foundation.words import day

DECEMBER, FEBRUARY = 12, 2
WHY_DECEMBER = (
    "Each autumn the council asks every home who lives there: the annual canvass, which the law requires. The new "
    "register of 1 December leaves out people who have moved away or died since the year before, so it is usually "
    "shorter than the register of November. Most of a fall in December is old entries that end. It does not mean that "
    "reminders stopped working, and it fills up again as people who moved register where they live now."
)


@dataclass(frozen=True)
class Item:
    label: str
    value: str
    note: str = ""


def items(figures: Figures, ward: Ward | None, trial: Trial | None) -> list[Item]:
    """Of a ward, or of all together."""
    held = ward.completeness if ward else figures.whole
    effect = (trial.ward(ward.code).effect if ward else trial.effect) if trial else None
    found = [*_complete(held), _changed(effect, trial)]
    if trial and trial.cost:
        found.append(
            Item("Each extra registration cost", trial.cost[:1].upper() + trial.cost[1:], "before VAT, all wards")
        )
    return found


def _complete(held: Completeness) -> list[Item]:
    if held.share.value is None:
        return [Item("On the register", "Not shown", "too few people, or not known yet")]
    return [
        Item("On the register", str(held.share), f"of those entitled: {held.low} to {held.high}"),
        Item("Not on it", str(held.missing), "people, by our best estimate"),
    ]


def _changed(effect: Effect | None, trial: Trial | None) -> Item:
    label = "Because of the reminders"
    if effect is None or trial is None or trial.finding is None:
        return Item(label, "Not known yet", "no result is in")
    if not effect.shown:
        return Item(label, "Not shown", "too few homes took part here")
    if effect.too_early:
        return Item(label, "Too early to say", f"{effect.low} to {effect.high} in every 100 homes")
    word, ends = (
        ("more", (effect.low, effect.high)) if (effect.low.value or 0) > 0 else ("fewer", (effect.high, effect.low))
    )
    near, far = (f"{abs(end.value or 0):.1f}" for end in ends)
    return Item(label, f"{near} to {far} {word}", "homes in every 100 registered")


def what_next(figures: Figures, today: date) -> str:
    """A result that is awaited, else the canvass."""
    due = min((trial.due for trial in figures.trials if trial.due), default=None)
    if due:
        return f"The result of a campaign comes with the first register of {day(due)} or later."
    year = today.year + (today.month == DECEMBER)
    return f"The register is brought up to date each month. That of {day(date(year, DECEMBER, 1))} is new."


def fell_in_december(figures: Figures, ward: Ward | None) -> str:
    """By how much the newest register fell, where it is the one after the canvass; else nothing."""
    newest = next(iter(exports.changes(figures, ward)), None)
    if newest is None or newest[0].as_at.month not in (DECEMBER, 1, FEBRUARY):
        return ""
    change = newest[2]
    return str(change) if change and change.value is not None and change.value < 0 else ""
