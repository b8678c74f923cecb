"""What stands on the dashboard: headings, charts that are named for screen readers, and the table of each."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from dashboards import plots
from dashboards.disclosure import NOTE
from dashboards.figures import ALL, Figures, Trial
from dashboards.findings import Effect, WardFinding
from engage.foundation.pages import day

OUTLINES = "/dashboard/outlines/"
STILL = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False, "topojsonURL": OUTLINES}
EFFECT_COLUMNS = ["Place", "Homes reminded", "More per 100 homes", "95% interval"]
Cells = Sequence[Any]


def layout(figures: Figures, trial: Trial | None) -> Any:
    return html.Div(
        [
            dcc.Location(id="place", refresh=False),
            html.P(finding(figures, trial), id="finding", className="engage-finding", role="status"),
            html.Div(changed(figures, trial), id="changed"),
            html.Div(_complete(figures)),
            html.P(NOTE, className="govuk-body"),
        ]
    )


def finding(figures: Figures, trial: Trial | None) -> str:
    return trial.headline if trial else figures.headline


def changed(figures: Figures, trial: Trial | None) -> list[Any]:
    """What the reminders changed: an interval for each ward, by name."""
    heading = html.H2("What the reminders changed", className="govuk-heading-m")
    if trial is None or trial.finding is None:
        said = trial.waiting if trial else "No campaign has been launched yet."
        return [heading, html.P(said, className="govuk-body engage-empty")]
    every = WardFinding("", trial.finding.reminded, trial.finding.comparison, trial.effect)
    found = [(ALL, every)]
    found += [(ward.name, trial.ward(ward.code)) for ward in figures.wards]
    rows = [[name, str(ward.reminded.homes), *_effect(ward.effect)] for name, ward in found]
    said = f"{trial.name}: more registrations per 100 homes reminded, with the 95% interval. "
    chart = plots.effects([(name, ward.effect) for name, ward in found])
    dated = f"{trial.name}, register of {day(trial.as_at)}."
    return [
        heading,
        html.P(dated, className="govuk-body"),
        _beside(
            _chart(chart, said + _told([(name, ward.effect.text) for name, ward in found])),
            _table("What the reminders changed, by ward", EFFECT_COLUMNS, rows),
        ),
    ]


def _complete(figures: Figures) -> list[Any]:
    heading = html.H2("How complete the register is", className="govuk-heading-m")
    if figures.as_at is None:
        return [heading, html.P(figures.headline, className="govuk-body engage-empty")]
    held = [(ALL, figures.whole), *((ward.name, ward.completeness) for ward in figures.wards)]
    rows = [[name, f"{one.registered} of {one.eligible}", one.text] for name, one in held]
    table = _table("How complete the register is, by ward", ["Place", "On it, of those entitled", "Share"], rows)
    chart = plots.completeness_map(figures.wards)
    said = f"Map of {figures.name}: people on the register, of those entitled to be. " + _told(
        [(name, one.text) for name, one in held]
    )
    return [
        heading,
        html.P(f"{figures.headline} Register of {day(figures.as_at)}.", className="govuk-body"),
        _beside(_chart(chart, said), table) if chart else table,
    ]


def _effect(effect: Effect) -> list[Any]:
    if not effect.shown:
        return ["too few homes", "not shown"]
    early = [html.Span("too early to say", className="engage-under")] if effect.too_early else []
    return [[str(effect.difference), *early], f"{effect.low} to {effect.high}"]


def _told(rows: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{place} {words}" for place, words in rows) + "."


def _beside(chart: Any, table: Any) -> Any:
    return html.Div([chart, html.Div(table)], className="engage-beside")


def _chart(figure: Any, said: str) -> Any:
    """One image to a screen reader, which hears what the table says; there is nothing in it to tab to."""
    graph = dcc.Graph(figure=figure, config=STILL, responsive=True, style={"height": f"{figure['layout']['height']}px"})
    return html.Div(graph, role="img", className="engage-chart", **{"aria-label": said})


def _table(caption: str, heads: Cells, rows: Sequence[Cells]) -> Any:
    def kind(place: int) -> str:
        return "--numeric" if place else ""

    top = [
        html.Th(head, scope="col", className=f"govuk-table__header govuk-table__header{kind(place)}")
        for place, head in enumerate(heads)
    ]
    body = [
        html.Tr(
            [
                html.Th(row[0], scope="row", className="govuk-table__header"),
                *(html.Td(cell, className="govuk-table__cell govuk-table__cell--numeric") for cell in row[1:]),
            ],
            className="govuk-table__row",
        )
        for row in rows
    ]
    return html.Table(
        [
            html.Caption(caption, className="govuk-table__caption govuk-table__caption--m"),
            html.Thead(html.Tr(top, className="govuk-table__row"), className="govuk-table__head"),
            html.Tbody(body, className="govuk-table__body"),
        ],
        className="govuk-table govuk-table--small-text-until-tablet",
    )
