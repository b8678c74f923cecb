"""The published figures as files: a CSV row for each ward, and one JSON object. The same cells as the pages show."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from dashboards.disclosure import NOTE, Published
from dashboards.figures import Completeness, Figures, Trial, Ward
from dashboards.findings import Effect, Side, WardFinding

COLUMNS = (
    "ward", "name", "register_date", "eligible", "registered", "missing", "completeness_percent",
    "completeness_low", "completeness_high", "campaign", "outcome_date", "interim", "reminded_homes",
    "reminded_registered", "reminded_percent", "comparison_homes", "comparison_registered", "comparison_percent",
    "effect_points", "effect_low", "effect_high", "too_early_to_say",
)  # fmt: skip


def as_csv(figures: Figures, trial: Trial | None, wards: Iterable[Ward]) -> str:
    """A row for each ward; before them one for the whole council, named by its own code."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerow(_row(figures, trial, figures.authority, figures.name, figures.whole, whole(trial)))
    for ward in wards:
        found = trial.ward(ward.code) if trial and trial.finding else None
        writer.writerow(_row(figures, trial, ward.code, ward.name, ward.completeness, found))
    return out.getvalue()


def whole(trial: Trial | None) -> WardFinding | None:
    """The finding over all wards, in the shape of a ward's."""
    if trial is None or trial.finding is None:
        return None
    return WardFinding("", trial.finding.reminded, trial.finding.comparison, trial.finding.effect)


def _row(
    figures: Figures, trial: Trial | None, code: str, name: str, held: Completeness, found: WardFinding | None
) -> list[object]:
    counted = [held.eligible, held.registered, held.missing, held.share, held.low, held.high]
    start = [code, name, figures.as_at or "", *(figure.cell for figure in counted)]
    if trial is None or found is None:
        return [*start, trial.name if trial else "", *[""] * 12]
    effect = found.effect
    told = [trial.name, trial.as_at, _yes(trial.interim)]
    sides = [figure.cell for side in (found.reminded, found.comparison) for figure in _side(side).values()]
    points = [figure.cell for figure in (effect.difference, effect.low, effect.high)]
    return [*start, *told, *sides, *points, _yes(effect.too_early) if effect.shown else ""]


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
            "as_at": figures.as_at,
            "whole": _complete(figures.whole),
            "wards": [{"ward": w.code, "name": w.name, **_complete(w.completeness)} for w in figures.wards],
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
        "interim": trial.interim,
        "whole": _finding(found) if found else None,
        "more_homes": shown(trial.finding.more) if trial.finding else None,
        "wards": wards if found else [],
    }


def shown(figure: Published) -> float | str:
    return figure.text if figure.value is None else figure.value


def _complete(held: Completeness) -> dict[str, float | str]:
    return {name: shown(figure) for name, figure in vars(held).items()}


def _finding(found: WardFinding) -> dict[str, Any]:
    return {
        "reminded": {name: shown(figure) for name, figure in _side(found.reminded).items()},
        "comparison": {name: shown(figure) for name, figure in _side(found.comparison).items()},
        "effect": _effect(found.effect),
    }


def _effect(effect: Effect) -> dict[str, Any]:
    points = {"points": shown(effect.difference), "low": shown(effect.low), "high": shown(effect.high)}
    return {**points, "too_early_to_say": effect.too_early}
