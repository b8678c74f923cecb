"""The published figures as files: a CSV row for each ward, and one JSON object. The same cells as the pages show."""

from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import Any

from dashboards.published.cautions import cautions
from dashboards.published.completeness import Completeness, Past, Ward
from dashboards.published.disclosure import NOTE, RULE, Published
from dashboards.published.figures import Figures, Trial
from dashboards.published.findings import Effect, Side, WardFinding
from dashboards.published.selection import View
from engage.foundation.files import cells

COLUMNS = (
    "ward", "name", "register_date", "eligible", "registered", "missing", "completeness_percent",
    "completeness_low", "completeness_high", "campaign", "outcome_date", "reminded_homes", "reminded_registered",
    "reminded_percent", "comparison_homes", "comparison_registered", "comparison_percent",
    "effect_points", "effect_low", "effect_high", "too_early_to_say", "notes",
)  # fmt: skip
TIME_COLUMNS = (
    "register_date", "ward", "name", "eligible", "registered", "missing", "completeness_percent", "completeness_low",
    "completeness_high", "notes",
)  # fmt: skip
COURSE_COLUMNS = (
    "campaign", "register_date", "reminded_homes", "reminded_registered", "reminded_percent", "comparison_homes",
    "comparison_registered", "comparison_percent", "effect_points", "effect_low", "effect_high", "too_early_to_say",
)  # fmt: skip
PART_COLUMNS = (
    "campaign", "outcome_date", "by", "part", "reminded_homes", "reminded_registered", "reminded_percent",
    "comparison_homes", "comparison_registered", "comparison_percent", "effect_points", "effect_low", "effect_high",
    "too_early_to_say",
)  # fmt: skip


def as_csv(view: View, wards: Iterable[Ward]) -> str:
    """A row for each ward; before them one for the whole council, named by its own code. Each says in `notes` what its
    page says above the figures."""
    figures, trial, past = view.figures, view.trial, view.past
    as_at = past.as_at if past else figures.as_at
    held = past.whole if past else figures.whole
    rows = [[*_row(view, figures.authority, figures.name, held, whole(trial)), _notes(figures, as_at)]]
    for ward in wards:
        found = trial.ward(ward.code) if trial and trial.finding else None
        held = past.ward(ward.code) if past else ward.completeness
        rows.append([*_row(view, ward.code, ward.name, held, found), _notes(figures, as_at, ward)])
    return _written(COLUMNS, rows)


def over_time_csv(figures: Figures) -> str:
    """A row for each register and ward, oldest register first; the whole council before its wards."""
    rows: list[list[object]] = []
    for past in figures.pasts:
        places: list[tuple[str, str, Completeness, Ward | None]] = [(figures.authority, figures.name, past.whole, None)]
        places += [(ward.code, ward.name, past.ward(ward.code), ward) for ward in figures.wards]
        rows += [
            [past.as_at, code, name, *_cells(held), _notes(figures, past.as_at, ward)]
            for code, name, held, ward in places
        ]
    return _written(TIME_COLUMNS, rows)


def _notes(figures: Figures, as_at: date | None, ward: Ward | None = None) -> str:
    """Cautions are about the newest register; of an earlier one nothing is known."""
    return " ".join(cautions(figures, ward)) if as_at == figures.as_at else ""


def parts_csv(view: View) -> str:
    """What the reminders changed, as the view divides it."""
    rows: list[list[object]] = []
    for part in view.parts if view.trial else []:
        start = [view.trial.name, view.trial.as_at, view.by, part.name]  # type: ignore[union-attr]  # it has parts
        rows.append([*start, *_sides(WardFinding(part.code, part.reminded, part.comparison, part.effect))])
    return _written(PART_COLUMNS, rows)


def course_csv(view: View) -> str:
    """A row for each register since the campaign began, oldest first."""
    trial = view.trial
    rows = [
        [trial.name, step.as_at, *_sides(WardFinding("", step.reminded, step.comparison, step.effect))]
        for step in (trial.steps if trial else ())
        if trial
    ]
    return _written(COURSE_COLUMNS, rows)


def _written(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    return cells.written(columns, rows, ends="\r\n")


def whole(trial: Trial | None) -> WardFinding | None:
    """The finding over all wards, in the shape of a ward's."""
    if trial is None or trial.finding is None:
        return None
    return WardFinding("", trial.finding.reminded, trial.finding.comparison, trial.finding.effect)


def _row(view: View, code: str, name: str, held: Completeness, found: WardFinding | None) -> list[object]:
    trial = view.trial
    as_at = view.past.as_at if view.past else view.figures.as_at
    start = [code, name, as_at or "", *_cells(held)]
    if trial is None or found is None:
        return [*start, trial.name if trial else "", *[""] * 11]
    return [*start, trial.name, trial.as_at, *_sides(found)]


def _cells(held: Completeness) -> list[str]:
    return [figure.cell for figure in (held.eligible, held.registered, held.missing, held.share, held.low, held.high)]


def _sides(found: WardFinding) -> list[str]:
    effect = found.effect
    sides = [figure.cell for side in (found.reminded, found.comparison) for figure in _side(side).values()]
    points = [figure.cell for figure in (effect.difference, effect.low, effect.high)]
    return [*sides, *points, _yes(effect.too_early) if effect.shown else ""]


def _yes(held: bool) -> str:
    return "yes" if held else "no"


def _side(side: Side) -> dict[str, Published]:
    return {"homes": side.homes, "registered": side.registered, "percent": side.rate}


def as_json(figures: Figures) -> dict[str, Any]:
    """Each figure is a number, or the words shown in its place."""
    return {
        "authority": {"code": figures.authority, "name": figures.name},
        "completeness": {
            "headline": figures.headline,
            "notes": cautions(figures),
            "as_at": figures.as_at,
            "whole": _complete(figures.whole),
            "wards": [{"ward": w.code, "name": w.name, **_complete(w.completeness)} for w in figures.wards],
            "registers": [_past(figures, past) for past in figures.pasts],
        },
        "campaigns": [_trial(figures, trial) for trial in figures.trials],
        "note": NOTE,
    }


def _trial(figures: Figures, trial: Trial) -> dict[str, Any]:
    found = whole(trial)
    wards = [{"ward": w.code, "name": w.name, **_finding(trial.ward(w.code))} for w in figures.wards]
    return {
        "campaign": trial.key,
        "name": trial.name,
        "headline": trial.headline,
        "as_at": trial.as_at,
        "whole": _finding(found) if found else None,
        "more_homes": shown(trial.finding.more) if trial.finding else None,
        "cost": _cost(trial),
        "registers": [
            {"as_at": step.as_at, **_compared(step.reminded, step.comparison, step.effect)} for step in trial.steps
        ],
        "reminders": list(trial.course.reminders) if trial.course else [],
        "wards": wards if found else [],
        "groups": {
            division: [{"group": one.group, **_compared(one.reminded, one.comparison, one.effect)} for one in groups]
            for division, groups in trial.divided.items()
        },
    }


def _cost(trial: Trial) -> dict[str, Any] | None:
    """In pounds before VAT; `each` is of an extra registration, in words that its interval allows."""
    if trial.spent is None:
        return None
    messages = {channel: shown(number) for channel, number in trial.spent.messages.items()}
    return {
        "least": shown(trial.spent.least),
        "most": shown(trial.spent.most),
        "messages": messages,
        "each": trial.cost,
    }


def _past(figures: Figures, past: Past) -> dict[str, Any]:
    wards = [{"ward": w.code, "name": w.name, **_complete(past.ward(w.code))} for w in figures.wards]
    return {"as_at": past.as_at, "whole": _complete(past.whole), "wards": wards}


def changes(figures: Figures, ward: Ward | None = None) -> list[tuple[Past, Completeness, Published | None]]:
    """Each register, newest first, with its completeness and how many more people are on it than on the one before."""
    held = [(past, past.ward(ward.code) if ward else past.whole) for past in figures.pasts]
    found: list[tuple[Past, Completeness, Published | None]] = [(*one, None) for one in held[:1]]
    for (_, before), (past, now) in pairwise(held):
        found.append((past, now, RULE.change(before.registered, now.registered)))
    return found[::-1]


def shown(figure: Published) -> float | str:
    if figure.value is None:
        return figure.text
    return int(figure.value) if figure.value == int(figure.value) else figure.value  # as a file and before it was one


def _complete(held: Completeness) -> dict[str, float | str]:
    return {name: shown(figure) for name, figure in vars(held).items()}


def _finding(found: WardFinding) -> dict[str, Any]:
    return _compared(found.reminded, found.comparison, found.effect)


def _compared(reminded: Side, comparison: Side, effect: Effect) -> dict[str, Any]:
    return {
        "reminded": {name: shown(figure) for name, figure in _side(reminded).items()},
        "comparison": {name: shown(figure) for name, figure in _side(comparison).items()},
        "effect": _effect(effect),
    }


def _effect(effect: Effect) -> dict[str, Any]:
    points = {"points": shown(effect.difference), "low": shown(effect.low), "high": shown(effect.high)}
    return {**points, "too_early_to_say": effect.too_early}
