"""The charts of the dashboard in Plotly: a map of wards and a plot of intervals, from published figures alone."""

import json
from collections.abc import Sequence
from datetime import date
from math import cos, radians
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go
import shapely
from shapely.geometry import mapping

from dashboards.charts.drawing import BLUE, GREY, INK, LIGHT, PAPER
from dashboards.charts.maps import SHADES
from dashboards.published.completeness import Completeness, Ward
from dashboards.published.findings import Effect

FAMILY = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif"
FONT = {"family": FAMILY, "size": 14, "color": INK}
HALO = ", ".join(f"0 0 {width}px {PAPER}" for width in (3, 3, 4, 4))
ACROSS = 500
"""A boundary is drawn to this part of the map's longer side, about a pixel of a telephone."""
WIDTH, HEIGHT = 330, 350
"""Pixels of the map on a telephone, within its margins."""

WORDS, LEAST = (40, 18), 6
"""Pixels that a share takes, and the least half width of a ward that carries one."""

LINE, LETTER = 20, 8
"""Letters of a name on a line, and the pixels of a wide one."""
Effects = Sequence[tuple[str, Effect]]


def effects(found: Effects) -> go.Figure:
    """A dot and its 95 % interval for each place, first on top; a ring where it is too early to say."""
    shown = [(name, effect) for name, effect in found if effect.shown]
    places = [name for name, _ in found]
    written = [_folded(place) for place in places]
    figure = go.Figure()
    for early, name, colour in ((False, "Effect", BLUE), (True, "Too early to say", GREY)):
        figure.add_trace(_dots([row for row in shown if row[1].too_early is early], name, colour, hollow=early))
    figure.add_trace(_unshown([name for name, effect in found if not effect.shown]))
    figure.update_layout(
        height=110 + 34 * len(found), margin={"l": _room(written), "r": 8, "t": 40, "b": 48}, font=FONT, dragmode=False,
        plot_bgcolor=PAPER, paper_bgcolor=PAPER,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "itemclick": False, "itemdoubleclick": False},
    )  # fmt: skip
    figure.update_xaxes(
        title="More per 100 homes", gridcolor=LIGHT, zeroline=True, zerolinecolor=INK, zerolinewidth=2,
        fixedrange=True, rangemode="tozero",
    )  # fmt: skip
    figure.update_yaxes(
        categoryorder="array", categoryarray=places, range=[len(places) - 0.5, -0.5], fixedrange=True,
        tickvals=places, ticktext=["<br>".join(lines) for lines in written],
        ticklabeloverflow="allow", ticklabelstandoff=4,
    )  # fmt: skip
    return figure


def _folded(name: str) -> list[str]:
    """A name on one line, or a long one on two of about the same length."""
    return wrap(name, max(LINE, len(name) // 2 + 4))


def _room(names: Sequence[Sequence[str]]) -> int:
    """Pixels for the names beside a chart. Plotly would measure each on the page, which a telephone is slow at."""
    return 16 + LETTER * max(len(line) for lines in names for line in lines)


def _dots(rows: Effects, name: str, colour: str, *, hollow: bool) -> go.Scatter:
    points = [effect.difference.value or 0 for _, effect in rows]
    above = [(effect.high.value or 0) - point for (_, effect), point in zip(rows, points, strict=True)]
    below = [point - (effect.low.value or 0) for (_, effect), point in zip(rows, points, strict=True)]
    return go.Scatter(
        x=points, y=[place for place, _ in rows], mode="markers", name=name, showlegend=True,
        error_x={"type": "data", "symmetric": False, "array": above, "arrayminus": below, "color": colour,
                 "thickness": 3, "width": 0},
        marker={"size": 11, "color": PAPER if hollow else colour, "line": {"color": colour, "width": 2}},
        text=[effect.text for _, effect in rows], hovertemplate="%{y}: %{text}<extra></extra>",
    )  # fmt: skip


def _unshown(places: Sequence[str]) -> go.Scatter:
    return go.Scatter(
        x=[0] * len(places), y=places, mode="text", text=["  not shown"] * len(places),
        textposition="middle right", textfont={"color": GREY}, hoverinfo="skip", showlegend=False,
    )  # fmt: skip


def over_time(held: Sequence[tuple[date, Completeness]]) -> go.Figure | None:
    """A dot and its 95 % interval for each register, oldest first, joined by a line; None with fewer than two."""
    shown = [(day, one) for day, one in held if one.share.value is not None]
    if len(shown) < 2:
        return None
    points = [one.share.value or 0 for _, one in shown]
    above = [(one.high.value or point) - point for (_, one), point in zip(shown, points, strict=True)]
    below = [point - (one.low.value or point) for (_, one), point in zip(shown, points, strict=True)]
    figure = go.Figure(
        go.Scatter(
            x=[day for day, _ in shown], y=points, mode="lines+markers",
            line={"color": BLUE, "width": 2}, marker={"size": 11, "color": BLUE},
            error_y={"type": "data", "symmetric": False, "array": above, "arrayminus": below, "color": BLUE,
                     "thickness": 3, "width": 0},
            hovertext=[one.text for _, one in shown], hovertemplate="%{x|%-d %B %Y}: %{hovertext}<extra></extra>",
        )
    )  # fmt: skip
    low = min(point - less for point, less in zip(points, below, strict=True))
    figure.update_layout(
        height=320, margin={"l": 8, "r": 40, "t": 16, "b": 40}, font=FONT, dragmode=False,
        plot_bgcolor=PAPER, paper_bgcolor=PAPER, showlegend=False,
    )  # fmt: skip
    days = [day for day, _ in shown]
    room = (days[-1] - days[0]) / 4
    named = [day for place, day in enumerate(days) if day == days[-1] or days[place + 1] - day > room]
    figure.update_xaxes(
        tickvals=named, ticktext=[f"{day.day} {day:%b %Y}" for day in named], tickangle=0, fixedrange=True,
        range=[days[0] - room / 2, days[-1] + room / 2],
    )  # fmt: skip
    figure.update_yaxes(
        range=[10 * min(low // 10, 9), 100], ticksuffix="%", gridcolor=LIGHT, automargin=True, fixedrange=True
    )
    return figure


def completeness_map(wards: Sequence[Ward]) -> go.Figure | None:
    """Wards by share on the register, darker where more are, the share written on each; None without boundaries."""
    drawn = [ward for ward in wards if ward.geometry]
    if not drawn:
        return None
    shapes = _outlines(drawn)
    figure = go.Figure([_areas(drawn, shapes), _words(drawn, shapes)])
    figure.update_geos(visible=False, fitbounds="geojson", projection={"type": "mercator"}, bgcolor=PAPER)
    figure.update_layout(height=400, margin={"l": 0, "r": 0, "t": 0, "b": 40}, font=FONT, dragmode=False)
    return figure


def _outlines(wards: Sequence[Ward]) -> Sequence[Any]:
    """Boundaries as far as a screen can show them, neighbours still meeting. Plotly draws on a sphere, where a ring the
    wrong way round is the whole world but the ward."""
    shapes = shapely.from_geojson([json.dumps(ward.geometry) for ward in wards])
    west, south, east, north = shapely.total_bounds(shapes)
    drawn = shapely.coverage_simplify(shapes, max(east - west, north - south) / ACROSS)
    return list(shapely.orient_polygons(shapely.transform(drawn, lambda points: points.round(5)), exterior_cw=True))


def _areas(wards: Sequence[Ward], shapes: Sequence[Any]) -> go.Choropleth:
    shares = [ward.completeness.share for ward in wards]
    low = min((share.value for share in shares if share.value is not None), default=0)
    features = [
        {"type": "Feature", "id": ward.code, "properties": {}, "geometry": mapping(shape)}
        for ward, shape in zip(wards, shapes, strict=True)
    ]
    return go.Choropleth(
        geojson={"type": "FeatureCollection", "features": features},
        locations=[ward.code for ward in wards], z=[share.value for share in shares],
        colorscale=[[place / 2, shade] for place, shade in enumerate(SHADES)], zmin=5 * min(low // 5, 19), zmax=100,
        marker={"line": {"color": PAPER, "width": 2}},
        text=[f"{ward.name}: {ward.completeness.text}" for ward in wards], hovertemplate="%{text}<extra></extra>",
        colorbar={"orientation": "h", "y": -0.02, "yanchor": "top", "thickness": 14, "ticksuffix": "%", "len": 0.9},
    )  # fmt: skip


def _words(wards: Sequence[Ward], shapes: Sequence[Any]) -> go.Scattergeo:
    """The share on each ward where it is widest, if there is room, in ink on a paper-coloured halo, so that nobody
    needs to tell the shades apart; the table has them all."""
    circles = shapely.maximum_inscribed_circle(shapes)
    middles = shapely.get_coordinates(shapely.get_point(circles, 0))
    held = _roomy(middles, shapely.length(circles), _scale(shapes))
    return go.Scattergeo(
        lon=[middles[place][0] for place in held], lat=[middles[place][1] for place in held], mode="text",
        hoverinfo="skip", showlegend=False, text=[f"<b>{wards[place].completeness.share}</b>" for place in held],
        textfont={"color": INK, "size": 14, "shadow": HALO},
    )  # fmt: skip


def _scale(shapes: Sequence[Any]) -> tuple[float, float]:
    """Pixels to a degree of longitude and latitude, on a map as wide as a telephone."""
    west, south, east, north = shapely.total_bounds(shapes)
    narrowing = cos(radians((south + north) / 2))
    up = min(WIDTH / ((east - west) * narrowing), HEIGHT / (north - south))
    return up * narrowing, up


def _roomy(middles: Any, radii: Sequence[float], scale: tuple[float, float]) -> list[int]:
    """The places whose words fit, widest first: none over another, and none on a ward that is hardly seen beneath."""
    held: list[int] = []
    for place in sorted(range(len(radii)), key=lambda place: -radii[place]):
        apart = [abs(middles[place] - middles[other]) * scale for other in held]
        if radii[place] * scale[0] >= LEAST and all(x > WORDS[0] or y > WORDS[1] for x, y in apart):
            held.append(place)
    return held
