"""The report for a committee: two sheets of published figures, as a page to print and as a PDF file."""

import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from litestar import Response, Router, get
from litestar.response import Template
from litestar.types import ControllerRouterHandler
from markupsafe import Markup

from dashboards.charts import pictures
from dashboards.pages import publication
from dashboards.pages.sections import kept
from dashboards.published import exports
from dashboards.published.cautions import cautions
from dashboards.published.completeness import Completeness
from dashboards.published.disclosure import NOTE
from dashboards.published.figures import ALL, Figures
from dashboards.published.findings import Effect
from dashboards.published.selection import View, Wanted
from engage.foundation.clock import today
from engage.foundation.errors import NotFound
from engage.foundation.identity import Right
from engage.foundation.office import Office
from engage.foundation.web.handlers import Asked, ByAccount, InOffice, render, requires
from engage.foundation.web.static import STATIC, asset

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-extensions", "--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer",
)  # fmt: skip
SECONDS = 30
KEPT = 16
ONE_COLUMN = 34
"""More wards than this stand in two columns, so that they fit on one sheet."""

WITH_MAP = 20
"""Up to so many wards there is room for a map beneath them."""


@dataclass(frozen=True)
class Line:
    """A ward, or the whole council, on the second sheet."""

    name: str
    effect: Effect
    completeness: Completeness


@get("/report", sync_to_thread=True)
def report_page(office: InOffice, account: ByAccount, wanted: Wanted = "") -> Template:
    sheets = _sheets(office, publication.shown(office, account.authority), wanted)
    return render("dashboards/pages/report.html", **sheets, pdf=browser() is not None)


@get("/report.pdf", sync_to_thread=True)
def report_file(request: Asked, office: InOffice, account: ByAccount, wanted: Wanted = "") -> Response[bytes]:
    """Printed by Chromium, where it is installed: the same sheets as a browser prints."""
    path = browser()
    if path is None:
        raise NotFound("This service cannot make PDF files. Open the report, choose Print, then Save as PDF.")
    sheets = _sheets(office, publication.shown(office, account.authority), wanted)
    template = request.app.template_engine.get_template("dashboards/pages/report_file.html")  # type: ignore[union-attr]  # the app has an engine
    styles = (STATIC / asset("engage.css").rpartition("/")[2]).read_text()
    page = str(template.render(**sheets, styles=Markup(styles)))  # noqa: S704  # our own style sheet  # nosec B704
    headers = {"Content-Disposition": 'attachment; filename="report.pdf"'}
    return Response(printed(page, path), media_type="application/pdf", headers=headers)


def _sheets(office: Office, figures: Figures, wanted: str) -> dict[str, Any]:
    view = View.of(figures, wanted)
    return kept(figures, ("sheets", view.query), lambda: _drawn(view)) | {"today": today(office.clock)}


def _drawn(view: View) -> dict[str, Any]:
    figures, trial = view.figures, view.trial
    channels = View(figures, trial, view.past, "channel")
    lines = [Line(ward.name, view.effect_of(ward), ward.completeness) for ward in figures.wards]
    return {
        "figures": figures, "trial": trial, "whole": exports.whole(trial), "note": NOTE,
        "over_time": pictures.over_time(figures),
        "changes": exports.changes(figures)[:5],
        "groups": pictures.effects(channels) if view.parts and not channels.unshown else None,
        "cautions": cautions(figures),
        "every": Line(ALL, trial.effect, figures.whole) if trial else None,
        "columns": _columns(lines),
        "map": pictures.completeness_map(figures) if len(lines) <= WITH_MAP else None,
    }  # fmt: skip


def _columns(lines: Sequence[Line]) -> list[Sequence[Line]]:
    if len(lines) <= ONE_COLUMN:
        return [lines]
    half = (len(lines) + 1) // 2
    return [lines[:half], lines[half:]]


@cache
def browser() -> str | None:
    """Chromium, where it is installed."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


_PRINTED: dict[str, bytes] = {}
_PRINTING = Lock()


def printed(page: str, chromium: str) -> bytes:
    """The page as a PDF file; one at a time, as each takes a browser, and the last ones are kept."""
    key = sha256(page.encode()).hexdigest()
    with _PRINTING:
        if key not in _PRINTED:
            if len(_PRINTED) >= KEPT:
                _PRINTED.clear()
            _PRINTED[key] = _print(page, chromium)
        return _PRINTED[key]


def _print(page: str, chromium: str) -> bytes:
    with TemporaryDirectory() as folder:
        source, made = Path(folder, "report.html"), Path(folder, "report.pdf")
        source.write_text(page, encoding="utf-8")
        # The page is ours, holds no script and can reach nothing; containers often forbid the sandbox's namespaces.
        asked = [chromium, *QUIET, "--no-sandbox", f"--user-data-dir={folder}/profile", f"--print-to-pdf={made}"]
        with suppress(subprocess.TimeoutExpired):
            subprocess.run([*asked, source.as_uri()], capture_output=True, timeout=SECONDS, check=False)  # noqa: S603  # our own command  # nosec B603
        if not made.exists():
            raise NotFound("The PDF file could not be made. Open the report, choose Print, then Save as PDF.")
        return made.read_bytes()


routes: list[ControllerRouterHandler] = [
    Router(
        "/", route_handlers=[report_page, report_file], guards=[requires(Right.see_figures)], include_in_schema=False
    )
]
