"""The dashboard: Dash served beneath `/dashboard/`, behind the service's own sign-in, header and navigation.

It shows the published figures of `dashboards.published.figures` and nothing else. Whose they are comes from the session
and travels to Dash's layout and callbacks in a context variable; nothing in an address or a request can choose it.
"""

import hashlib
import json
import secrets
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import replace
from functools import wraps
from typing import Annotated, Any, TypeVar, cast
from urllib.parse import parse_qs

from anyio import to_thread
from dash import Dash, Input, Output
from dash.exceptions import PreventUpdate
from dash.fingerprint import check_fingerprint
from litestar import get, post
from litestar.datastructures import MutableScopeHeaders
from litestar.exceptions import ClientException, InternalServerException, NotFoundException
from litestar.types import ASGIApp, ControllerRouterHandler, Message, Receive, Scope, Send
from pydantic import BaseModel, Field

from dashboards.charts import panels, pictures
from dashboards.pages import publication, summary
from dashboards.pages.compression import KEPT_WITH, Compressed
from dashboards.pages.sections import kept
from dashboards.pages.wards import shown
from dashboards.published.figures import Figures
from dashboards.published.selection import ARM, BY, View
from engage.foundation.clock import today
from engage.foundation.identity import Account, Right
from engage.foundation.logs import log_fault
from engage.foundation.office import Office
from engage.foundation.web.bodies import again
from engage.foundation.web.handlers import Asked, ByAccount, InOffice, requires
from engage.foundation.web.static import asset
from engage.foundation.web.templating import render

Part = TypeVar("Part", bound=Callable[..., Any])
PREFIX = "/dashboard/"
SUITES = "_dash-component-suites/"
LAYOUT = f"{PREFIX}_dash-layout"
START = "var renderer = new DashRenderer();"
"""Dash's one inline script; a test holds it to what Dash serves."""

UNUSED = ("/dash/deps/polyfill@", "/dash/dash_table/bundle.")
"""Of Dash's scripts: what old browsers need, which the service does not serve, and a table that is not shown here.
On a phone they take half a second."""

CORE, GRAPH = "/dash/dcc/dash_core_components.", "/dash/dcc/async-graph."
"""Dash's component of a chart is a part of its core components, with the same version in its name."""

STYLES = "style-src 'self'"
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; script-src 'self' 'sha256-{b64encode(hashlib.sha256(START.encode()).digest()).decode()}'; "
    f"{STYLES}; img-src 'self' data:; connect-src 'self'; font-src 'none'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

_figures: ContextVar[Figures] = ContextVar("figures_of_this_request")
_page: ContextVar[Callable[[dict[str, str]], str]] = ContextVar("page_of_this_request")


def mount() -> list[ControllerRouterHandler]:
    """The handlers of everything beneath `/dashboard/`.

    Handlers that answer with Dash's ASGI application, and not Litestar's own mount: that would strip the prefix which
    Dash, the sign-in page and the security headers look for.
    """
    app = dashboard()
    dash, call = Compressed(app.server), _call_of(app)

    async def answer(request: Asked, office: InOffice, account: ByAccount) -> ASGIApp:
        path = request.scope["path"] if request.scope["path"].startswith(PREFIX) else PREFIX
        asked = await call(request) if request.method == "POST" else None
        if asked is None:
            _demand_served(app, path.removeprefix(PREFIX))
        figures = await to_thread.run_sync(publication.shown, office, account.authority)

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            _figures.set(figures)
            nonce = secrets.token_urlsafe(16)
            if path == PREFIX:
                _page.set(_framed(request, figures, nonce, office, account))
            inner: Any = {**scope, "path": path, KEPT_WITH: figures if path == LAYOUT else None}
            if asked is not None:
                told = [each for each in scope["headers"] if each[0] not in (b"content-type", b"content-length")]
                inner |= {"query_string": b"", "headers": [*told, (b"content-type", b"application/json")]}
                receive = again(asked, receive)
            await dash(inner, receive, _with_policy(send, nonce))

        return serve

    paths = ["/dashboard", "/dashboard/{rest:path}"]
    may = [requires(Right.see_figures)]
    return [
        get(paths, guards=may, include_in_schema=False, name="dashboard")(answer),
        post("/dashboard/_dash-update-component", guards=may, include_in_schema=False)(answer),
    ]


def _call_of(app: Dash) -> Callable[[Asked], Awaitable[bytes]]:
    """Of what a visitor sends to the one callback, Dash gets the choice alone; it trusts the rest of it."""
    (name,) = app.callback_map
    outputs = [dict(zip(("id", "property"), each.split("."), strict=True)) for each in name.strip(".").split("...")]

    async def call(request: Asked) -> bytes:
        try:
            (search,) = (each.value for each in _Sent.model_validate_json(await request.body()).inputs)
        except ValueError:
            raise ClientException("It is no question of the dashboard's.") from None
        choice = {"id": "place", "property": "search", "value": search}
        whole = {"output": name, "outputs": outputs, "inputs": [choice], "changedPropIds": ["place.search"]}
        return json.dumps(whole).encode()

    return call


class _Input(BaseModel):
    value: Annotated[str, Field(max_length=2000)] | None = None


class _Sent(BaseModel):
    inputs: list[_Input]


def _demand_served(app: Dash, path: str) -> None:
    """Dash breaks on the name of a script that it does not have."""
    package, _, name = path.removeprefix(SUITES).partition("/")
    known = path.startswith(SUITES) and check_fingerprint(name)[0] in app.registered_paths.get(package, ())
    if not known and path not in ("", "_dash-layout", "_dash-dependencies"):
        raise NotFoundException


def dashboard() -> Dash:
    app = _Dashboard(
        __name__,
        backend="fastapi",
        routes_pathname_prefix=PREFIX,
        requests_pathname_prefix=PREFIX,
        serve_locally=True,
        include_assets_files=False,
        external_scripts=[asset("dashboard.js")],
        suppress_callback_exceptions=True,  # else Dash would keep the first visitor's layout to validate with
        add_log_handler=False,
        update_title="",
    )
    app.backend.websocket_capability = False  # else every page fetches a worker script that nothing here uses
    app.layout = _watched(_layout)
    app.callback(
        Output("changed", "children"), Output("finding", "children"), Output("complete", "children"),
        Output("over-time", "children"),
        Input("place", "search"),
    )(_watched(_choose))  # fmt: skip
    return app


class _Dashboard(Dash):  # type: ignore[misc]  # Dash's types are not followed
    def interpolate_index(self, **parts: str) -> str:
        """Dash's scripts within a page of the service."""
        return _page.get()(parts | {"scripts": _lean(parts["scripts"])})


def _lean(scripts: str) -> str:
    """Only what the page uses, and all of it at once: Dash would ask for its chart, and then for the whole of Plotly,
    when it comes to draw one. With the part of Plotly that these charts need already there, it asks for neither."""
    used = [line for line in scripts.splitlines() if not any(part in line for part in UNUSED)]
    chart = next(line.replace(CORE, GRAPH) for line in used if CORE in line)
    return "\n".join([*used, chart, f'<script src="{asset("plotly.js")}"></script>'])


def _framed(
    request: Asked, figures: Figures, nonce: str, office: Office, account: Account
) -> Callable[[dict[str, str]], str]:
    view = _view(figures, request.query_params.dict())
    sees_data = account.may(Right.see_data)
    held = shown(view, sees_data=sees_data, bare=True) | {
        "map": kept(figures, ("dashboard's map", view.query), lambda: _map(view)),
        "items": summary.items(figures, view.ward, view.trial),
        "next": summary.what_next(figures, today(office.clock)),
    }

    def frame(parts: dict[str, str]) -> str:
        page = render("dashboards/pages/dashboard.html", **held, parts=parts, divisions=_divisions(view), nonce=nonce)
        template = request.app.template_engine.get_template(page.template_name)  # type: ignore[union-attr]  # the app has an engine
        return str(template.render(**page.create_template_context(request)))

    return frame


def _map(view: View) -> Any:
    return pictures.completeness_map(view.figures, view.past, _choosing(view), view.ward.code if view.ward else "")


def _choosing(view: View) -> Callable[[str], str]:
    """The address of this view with another ward chosen."""
    return lambda code: f"{PREFIX}{replace(view, ward=view.figures.ward(code)).query}"


def _divisions(view: View) -> dict[str, str]:
    """What the reminders' effect can be divided by: arms only where there are several."""
    return {by: name for by, name in BY.items() if by != ARM or len(view.figures.arms(view.trial)) > 1}


def _with_policy(send: Send, nonce: str) -> Send:
    """The style elements that Plotly and Dash make get this answer's nonce from `dashboard.js`."""
    policy = CONTENT_SECURITY_POLICY.replace(STYLES, f"{STYLES} 'nonce-{nonce}'")

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            if message["status"] >= 500:
                raise InternalServerException
            MutableScopeHeaders.from_message(message).setdefault("Content-Security-Policy", policy)
        await send(message)

    return sent


def _made(view: View, part: Callable[[View], Any]) -> Any:
    """A part of the page as it was made before of the same figures: Plotly checks every property of a chart anew."""
    return kept(view.figures, (part.__name__, view.query), lambda: part(view))


def _watched(part: Part) -> Part:
    """Dash answers by a bare 500 and keeps to itself what went wrong."""

    @wraps(part)
    def watched(*given: Any) -> Any:
        try:
            return part(*given)
        except PreventUpdate:
            raise
        except Exception as error:
            log_fault(error)
            raise

    return cast("Part", watched)


def _layout() -> Any:
    return _made(View.of(_figures.get()), panels.layout)


def _choose(search: str | None) -> tuple[Any, Any, Any, Any]:
    """What is shown is part of the address, so that a view can be bookmarked and shared within the council."""
    if not (search or "").strip("?"):
        raise PreventUpdate  # the layout holds it already
    view = _view(_figures.get(), parse_qs((search or "").lstrip("?")))
    parts = (panels.changed, panels.finding, panels.complete, panels.over_time)
    changed, finding, complete, over_time = (_made(view, part) for part in parts)
    return changed, finding, complete, over_time


def _view(figures: Figures, asked: Mapping[str, Sequence[str]]) -> View:
    return View.of(figures, *(next(iter(asked.get(name, ())), "") for name in ("campaign", "register", "by", "ward")))
