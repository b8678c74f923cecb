"""The chart of the dashboard in Plotly, from published figures alone."""

from collections.abc import Sequence
from datetime import date

import plotly.graph_objects as go

from dashboards.charts.drawing import BLUE, INK, LIGHT, PAPER
from dashboards.published.completeness import Completeness

FAMILY = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif"
FONT = {"family": FAMILY, "size": 14, "color": INK}


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
