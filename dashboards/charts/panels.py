"""What stands on the dashboard: headings, charts that are named for screen readers, and the table of each."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboards.charts import plots
from dashboards.published import exports
from dashboards.published.cautions import cautions
from dashboards.published.completeness import Completeness
from dashboards.published.disclosure import NOTE
from dashboards.published.figures import ALL
from dashboards.published.findings import Effect
from dashboards.published.selection import View
from engage.foundation.words import day

STILL = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
EFFECT_COLUMNS = ["Homes", "Homes reminded", "More per 100 homes", "95% interval"]
TIME_COLUMNS = ["Register of", "On it, of those entitled", "Share", "Since the one before"]
Cells = Sequence[str | Sequence[str]]
"""The name of a row, then its figures; a figure may have a note beneath it."""


class FiguresTable(Component):  # type: ignore[misc]  # Dash's types are not followed
    """A table drawn in the browser by `engage/assets/dashboard.js`."""

    _namespace, _type = "engage", "FiguresTable"
    _children_props: Sequence[str] = ()
    _prop_names = ("caption", "heads", "rows")
    _valid_wildcard_attributes: Sequence[str] = ()

    def __init__(self, caption: str, heads: Sequence[str], rows: Sequence[Cells]) -> None:
        super().__init__(caption=caption, heads=heads, rows=rows)


def layout(view: View) -> Any:
    return html.Div(
        [
            dcc.Location(id="place", refresh=False),
            html.Div(finding(view), id="finding", className="engage-finding", role="status"),
            html.Div(changed(view), id="changed"),
            html.Div(complete(view), id="complete"),
            html.Div(_over_time(view)),
            html.P(NOTE, className="govuk-body"),
        ]
    )


def finding(view: View) -> str:
    return view.trial.headline if view.trial else view.figures.headline


def changed(view: View) -> list[Any]:
    """What the reminders changed: an interval for each ward, group or arm."""
    heading = html.H2(f"What the reminders changed, {view.name}", className="govuk-heading-m")
    trial = view.trial
    if trial is None or trial.finding is None:
        said = trial.waiting if trial else "No campaign has been launched yet."
        return [heading, html.P(said, className="govuk-body engage-empty")]
    parts = view.parts[:1] if view.unshown else view.parts
    found = [(part.name, part.effect) for part in parts]
    rows = [[part.name, str(part.reminded.homes), *_effect(part.effect)] for part in parts]
    said = f"{trial.name}: more registrations per 100 homes reminded, with the 95% interval. "
    return [
        heading,
        html.P(f"{trial.name}, register of {day(trial.as_at)}.", className="govuk-body"),
        _beside(
            _chart(plots.effects(found), said + _told([(name, effect.text) for name, effect in found])),
            FiguresTable(f"What the reminders changed, {view.name}", EFFECT_COLUMNS, rows),
        ),
        *([html.P(view.unshown, className="govuk-body engage-empty")] if view.unshown else []),
        _downloads("changed", f"/wards/changed.csv{view.query}", view),
    ]


def complete(view: View) -> list[Any]:
    """How complete the register of a day was, on a map of the wards."""
    heading = html.H2("How complete the register is", className="govuk-heading-m")
    figures, past = view.figures, view.past
    if past is None:
        return [heading, html.P(figures.headline, className="govuk-body engage-empty")]
    wards = [replace(ward, completeness=past.ward(ward.code)) for ward in figures.wards]
    held = [(ALL, past.whole), *((ward.name, ward.completeness) for ward in wards)]
    rows = [[name, f"{one.registered} of {one.eligible}", one.text] for name, one in held]
    table = FiguresTable("How complete the register is, by ward", ["Place", "On it, of those entitled", "Share"], rows)
    chart = plots.completeness_map(wards)
    said = f"Map of {figures.name}: people on the register, of those entitled to be. " + _told(
        [(name, one.text) for name, one in held]
    )
    return [
        heading,
        html.P(f"{_share(past.whole)} Register of {day(past.as_at)}.", className="govuk-body"),
        *(html.P(said, className="govuk-body engage-empty") for said in cautions(figures)),
        _beside(_chart(chart, said), table) if chart else table,
        _downloads("complete" if chart else "", f"/wards.csv{view.query}", view),
    ]


def _share(whole: Completeness) -> str:
    if whole.share.value is None:
        return "There are too few people here to show how complete the register is."
    return f"{whole.share} of the people entitled to be on the register are on it."


def _over_time(view: View) -> list[Any]:
    heading = html.H2("How complete each register was", className="govuk-heading-m")
    figures = view.figures
    chart = plots.over_time([(past.as_at, past.whole) for past in figures.pasts])
    if chart is None:
        return [heading, html.P("There is one register so far, so nothing to compare it with.", className="govuk-body")]
    rows = [
        [day(past.as_at), f"{held.registered} of {held.eligible}", held.text, str(change) if change else "first"]
        for past, held, change in exports.changes(figures)
    ]
    said = f"{figures.name}: people on each register, of those entitled to be. " + _told(
        [(day(past.as_at), past.whole.text) for past in figures.pasts]
    )
    return [
        heading,
        _beside(_chart(chart, said), FiguresTable("How complete each register was", TIME_COLUMNS, rows)),
        _downloads("over-time", "/wards/over-time.csv", view),
    ]


def _downloads(picture: str, data: str, view: View) -> Any:
    """The same figures as a file, and the chart as a picture, of what is shown now."""
    links = [html.A("Download these figures (CSV)", href=data, download="", className="govuk-link")]
    if picture:
        source = f"/wards/pictures/{picture}.svg{view.query}"
        links.append(html.A("Download this picture (SVG)", href=source, download="", className="govuk-link"))
    return html.P([part for link in links for part in (link, " ")], className="govuk-body engage-onward")


def _effect(effect: Effect) -> Cells:
    if not effect.shown:
        return ["too few homes", "not shown"]
    early = ["too early to say"] if effect.too_early else []
    return [[str(effect.difference), *early], f"{effect.low} to {effect.high}"]


def _told(rows: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{place} {words}" for place, words in rows) + "."


def _beside(chart: Any, table: Any) -> Any:
    return html.Div([chart, html.Div(table)], className="engage-beside")


def _chart(figure: Any, said: str) -> Any:
    """One image to a screen reader, which hears what the table says; there is nothing in it to tab to."""
    graph = dcc.Graph(figure=figure, config=STILL, responsive=True, style={"height": f"{figure['layout']['height']}px"})
    return html.Div(graph, role="img", className="engage-chart", **{"aria-label": said})
