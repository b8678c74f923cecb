"""What stands on the dashboard: headings, charts that are named for screen readers, and the table of each."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboards.charts import plots
from dashboards.charts.strips import Strips
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
Cells = Sequence[str | Sequence[str] | dict[str, Any]]
"""The name of a row, then its figures; a figure may have a note beneath it, or its interval drawn above it."""


class FiguresTable(Component):  # type: ignore[misc]  # Dash's types are not followed
    """A table drawn in the browser by `engage/assets/dashboard.js`."""

    _namespace, _type = "engage", "FiguresTable"
    _children_props: Sequence[str] = ()
    _prop_names = ("caption", "heads", "rows", "chosen")
    _valid_wildcard_attributes: Sequence[str] = ()

    def __init__(self, caption: str, heads: Sequence[str], rows: Sequence[Cells], chosen: int = -1) -> None:
        super().__init__(caption=caption, heads=heads, rows=rows, chosen=chosen)


def layout(view: View) -> Any:
    return html.Div(
        [
            dcc.Location(id="place", refresh=False),
            html.Div(finding(view), id="finding", className="engage-finding", role="status"),
            html.Div(changed(view), id="changed"),
            html.Div(complete(view), id="complete"),
            html.Div(over_time(view), id="over-time"),
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
    strips = Strips.over(part.effect for part in parts)
    rows = [[part.name, str(part.reminded.homes), *_effect(part.effect, strips)] for part in parts]
    return [
        heading,
        html.P(f"{trial.name}, register of {day(trial.as_at)}.", className="govuk-body"),
        _close(FiguresTable(f"What the reminders changed, {view.name}", EFFECT_COLUMNS, rows, _chosen(view, rows))),
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
    columns = ["Place", "On it, of those entitled", "Share"]
    table = FiguresTable("How complete the register is, by ward", columns, rows, _chosen(view, rows))
    return [
        heading,
        html.P(f"{_share(past.whole)} Register of {day(past.as_at)}.", className="govuk-body"),
        *(html.P(said, className="govuk-body engage-empty") for said in cautions(figures)),
        _close(table),
        _downloads("complete" if any(ward.geometry for ward in wards) else "", f"/wards.csv{view.query}", view),
    ]


def _share(whole: Completeness) -> str:
    if whole.share.value is None:
        return "There are too few people here to show how complete the register is."
    return f"{whole.share} of the people entitled to be on the register are on it."


def over_time(view: View) -> list[Any]:
    place = view.ward.name if view.ward else ALL
    heading = html.H2(f"How complete each register was: {place}", className="govuk-heading-m")
    figures = view.figures
    held = [(past.as_at, past.ward(view.ward.code) if view.ward else past.whole) for past in figures.pasts]
    chart = plots.over_time(held)
    if chart is None:
        return [heading, html.P("There is one register so far, so nothing to compare it with.", className="govuk-body")]
    rows: list[Cells] = [
        [day(past.as_at), f"{one.registered} of {one.eligible}", one.text, str(change) if change else "first"]
        for past, one, change in exports.changes(figures, view.ward)
    ]
    said = f"{place}: people on each register, of those entitled to be. " + _told(
        [(day(as_at), one.text) for as_at, one in held]
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


def _effect(effect: Effect, strips: Strips) -> Cells:
    if not effect.shown:
        return ["too few homes", "not shown"]
    early = ["too early to say"] if effect.too_early else []
    return [
        [str(effect.difference), *early],
        {"strip": strips.as_dict(effect), "text": f"{effect.low} to {effect.high}"},
    ]


def _chosen(view: View, rows: Sequence[Cells]) -> int:
    """The place of the row of the ward that is chosen; before the first where there is none."""
    names = [row[0] for row in rows]
    return names.index(view.ward.name) if view.ward and view.ward.name in names else -1


def _told(rows: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{place} {words}" for place, words in rows) + "."


def _close(table: Any) -> Any:
    """Set in small type on a phone, so that it needs no scrolling."""
    return html.Div(table, className="engage-close")


def _beside(chart: Any, table: Any) -> Any:
    return html.Div([chart, html.Div(table)], className="engage-beside")


def _chart(figure: Any, said: str) -> Any:
    """One image to a screen reader, which hears what the table says; there is nothing in it to tab to."""
    graph = dcc.Graph(figure=figure, config=STILL, responsive=True, style={"height": f"{figure['layout']['height']}px"})
    return html.Div(graph, role="img", className="engage-chart", **{"aria-label": said})
