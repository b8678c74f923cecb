"""The charts of the ward pages: which published figures each shows, and what it is called."""

from collections.abc import Sequence

from markupsafe import Markup

from dashboards.charts import BarRow, IntervalRow, bar_chart, interval_chart
from dashboards.figures import ALL, Figures, Trial, Ward
from dashboards.findings import Effect
from dashboards.maps import Area, ward_map

AXIS = "More registrations per 100 homes"


def completeness_map(figures: Figures) -> Markup | None:
    """None before the ward boundaries are imported, and before there is a share to show."""
    areas = [Area(ward.name, ward.completeness.share, ward.geometry) for ward in figures.wards if ward.geometry]
    if not any(area.figure.value is not None for area in areas):
        return None
    return ward_map(
        title="How complete the register is, by ward",
        description=f"Map of {figures.name}: people on the register, of those entitled to be.",
        rows=areas,
    )


def effects(figures: Figures, trial: Trial) -> Markup:
    """The whole council first, then its wards by name."""
    rows = [_interval(ALL, trial.effect)]
    rows += [_interval(ward.name, trial.ward(ward.code).effect) for ward in figures.wards]
    return _effects("What the reminders changed, by ward", rows)


def ward_effect(trial: Trial, ward: Ward) -> Markup:
    rows = [
        _interval(ward.name, trial.ward(ward.code).effect),
        _interval(ALL, trial.effect),
    ]
    return _effects(f"What the reminders changed in {ward.name}", rows)


def ward_completeness(figures: Figures, ward: Ward) -> Markup:
    rows = [
        BarRow(ward.name, ward.completeness.share),
        BarRow(ALL, figures.whole.share),
    ]
    return bar_chart(
        title=f"How complete the register is in {ward.name}",
        description="People on the register, of those entitled to be.",
        rows=rows,
        most=100,
    )


def _effects(title: str, rows: Sequence[IntervalRow]) -> Markup:
    description = "More registrations per 100 homes reminded, with the 95% interval."
    return interval_chart(title=title, description=description, rows=rows, axis=AXIS)


def _interval(label: str, effect: Effect) -> IntervalRow:
    return IntervalRow(label, effect.difference, effect.low, effect.high, early=effect.too_early)
