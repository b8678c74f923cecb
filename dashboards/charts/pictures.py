"""The charts of the ward pages: which published figures each shows, and what it is called."""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from dashboards.charts.courses import Step, course_chart
from dashboards.charts.drawing import alone
from dashboards.charts.maps import Area, ward_map
from dashboards.charts.svg import IntervalRow, TimeRow, interval_chart, time_chart
from dashboards.published.completeness import Past, Ward
from dashboards.published.figures import Figures, Trial
from dashboards.published.findings import Effect, share
from dashboards.published.selection import View
from engage.foundation.words import day

AXIS = "More registrations per 100 homes"


def completeness_map(
    figures: Figures, past: Past | None = None, link: Callable[[str], str] | None = None, chosen: str = ""
) -> Markup | None:
    """None before the ward boundaries are imported, and before there is a share to show. `link` makes the address that
    a ward leads to from its code."""
    shares = {ward.code: (past.ward(ward.code) if past else ward.completeness).share for ward in figures.wards}
    areas = [
        Area(ward.name, shares[ward.code], ward.geometry, link(ward.code) if link else "", ward.code == chosen)
        for ward in figures.wards
        if ward.geometry
    ]
    if not any(area.figure.value is not None for area in areas):
        return None
    return ward_map(
        title="How complete the register is, by ward",
        description=f"Map of {figures.name}: people on the register, of those entitled to be.",
        rows=areas,
    )


def effects(view: View) -> Markup:
    """The whole council first, then its wards by name, or its groups in their fixed order."""
    return _effects(f"What the reminders changed, {view.name}", [_interval(p.name, p.effect) for p in view.parts])


def over_time(figures: Figures, ward: Ward | None = None) -> Markup | None:
    """Of the whole council or one ward; None until there are two registers to compare."""
    held = [(past.as_at, past.ward(ward.code) if ward else past.whole) for past in figures.pasts]
    rows = [TimeRow(day, one.share, one.low, one.high) for day, one in held]
    if len([row for row in rows if row.figure.value is not None]) < 2:
        return None
    place = ward.name if ward else figures.name
    return time_chart(
        title=f"How complete each register of {place} was",
        description="People on the register, of those entitled to be, with the 95% interval.",
        rows=rows,
    )


def course(trial: Trial | None) -> Markup | None:
    """None before the result is in, and where how it went was not published with it."""
    if trial is None or trial.course is None or not trial.steps:
        return None
    return course_chart(
        title=f"How {trial.name} went, from register to register",
        description="Homes in every 100 that registered, all wards together, with the 95% interval.",
        began=trial.course.began,
        steps=[Step(s.as_at, share(s.reminded), share(s.comparison), s.effect.too_early) for s in trial.steps],
        reminders=trial.course.reminders,
    )


def _effects(title: str, rows: Sequence[IntervalRow]) -> Markup:
    description = "More registrations per 100 homes reminded, with the 95% interval."
    return interval_chart(title=title, description=description, rows=rows, axis=AXIS)


def _interval(label: str, effect: Effect) -> IntervalRow:
    return IntervalRow(label, effect.difference, effect.low, effect.high, early=effect.too_early)


def picture(view: View, name: str) -> Markup | None:
    """A chart as a file of its own, with its title, date and source written on it; None where there is none."""
    figures = view.figures
    drawn = {
        "changed": lambda: effects(view) if view.parts else None,
        "complete": lambda: completeness_map(figures, view.past),
        "over-time": lambda: over_time(figures),
        "course": lambda: course(view.trial),
    }
    dates = {
        "changed": f"{view.trial.name}, register of {day(view.trial.as_at)}" if view.trial else "",
        "complete": f"Register of {day(view.past.as_at)}" if view.past else "",
        "course": "The window of the campaign has closed.",
    }
    chart = drawn[name]() if name in drawn else None
    return alone(chart, [figures.name, dates.get(name, "")]) if chart else None
