"""The stand-in's web application: the version 2 API, and under /stand-in/ what a test or a demonstration orders."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from campaigns.notify.stand_in import sending, shape, statuses
from campaigns.notify.stand_in.limits import rate_message
from campaigns.notify.stand_in.problem import Problem, bad_request, broken, not_found
from campaigns.notify.stand_in.schema import CHANNELS, check, check_query, require_uuid
from campaigns.notify.stand_in.seed import Key, Service, Template
from campaigns.notify.stand_in.state import State
from campaigns.notify.stand_in.store import Row
from engage.foundation.errors import EngageError, InputRefused

PAGE = 250
TRANSPORT = "engage.transport"
_HEADERS = {
    "Cache-Control": "no-store, no-cache, private, must-revalidate",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Content-Type,Authorization",
    "Access-Control-Allow-Methods": "GET,PUT,POST,DELETE",
}
_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"

Handler = Callable[[State, Request], Awaitable[Response]]
Authorised = Callable[[State, Request, Service, Key], Awaitable[Response]]


def answer(body: Any, status: int = 200) -> Response:
    """With the real time, by which tokens are judged too, whatever the stand-in pretends."""
    headers = {**_HEADERS, "X-B3-TraceId": uuid4().hex, "Date": formatdate(usegmt=True)}
    return Response(json.dumps(body), status, headers, "application/json")


class Dropped(Response):
    """No answer at all: the connection is torn down."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the ASGI signature
        scope["extensions"][TRANSPORT]["connection"].abort()
        # The server must see the connection go before it misses an answer.
        await asyncio.sleep(0)


async def _json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError:
        raise bad_request("Invalid JSON supplied in POST data") from None


async def send(state: State, request: Request, service: Service, key: Key) -> Response:
    channel = request.path_params["channel"]
    faults = state.faults
    if fault := faults.strikes("intermediary"):
        return Response(
            f"<html><h1>{HTTPStatus(fault.status).phrase}</h1></html>", fault.status, media_type="text/html"
        )
    if channel not in CHANNELS:
        raise broken("KeyError")
    if faults.strikes("storm"):
        raise Problem(429, ("RateLimitError", rate_message(service, key.kind)))
    state.limits.check(service, key.kind, channel, state.now())
    if faults.strikes("error_before"):
        raise broken("OperationalError")
    if faults.strikes("drop_before"):
        return Dropped()
    row, body = state.take(service, key, channel, await _json(request))
    await _tell(state, row)
    return await _answered(state, body)


async def _tell(state: State, row: Row) -> None:
    for when, call in state.receipt_calls(row):
        if state.faults.receipts == "first":
            await asyncio.to_thread(state.courier.deliver, call)
        else:
            state.courier.later(when, call)


async def _answered(state: State, body: dict[str, Any]) -> Response:
    """The answer to a stored message, unless a fault spoils it."""
    if fault := state.faults.strikes("delay"):
        await asyncio.sleep(fault.seconds)
    if state.faults.strikes("drop_after"):
        return Dropped()
    if state.faults.strikes("error_after"):
        raise broken("InterfaceError")
    if state.faults.strikes("unreadable"):
        return Response("<html>", 201, media_type="text/html")
    return answer(body, 201)


async def get_notification(state: State, request: Request, service: Service, _key: Key) -> Response:
    row = state.row(service, require_uuid("notification_id", request.path_params["id"]))
    if row is None:
        raise not_found()
    return answer(shape.notification(state.seed, row, state.now()))


async def list_notifications(state: State, request: Request, service: Service, key: Key) -> Response:
    allowed = ("reference", "status", "template_type", "older_than", "include_jobs")
    asked = check_query(request.query_params.multi_items(), allowed)
    rows = _page(state, service, key, asked)
    now = state.now()
    links = {"current": _link(state, request, asked)}
    if rows:
        links["next"] = _link(state, request, asked | {"older_than": [rows[-1].id]})
    return answer({"notifications": [shape.notification(state.seed, row, now) for row in rows], "links": links})


def _page(state: State, service: Service, key: Key, asked: dict[str, list[str]]) -> list[Row]:
    before = None
    if "older_than" in asked:
        before = state.row(service, asked["older_than"][0])
        if before is None:
            return []
    reference = asked["reference"][0] if "reference" in asked else None
    wanted, types, now = statuses.wanted(asked.get("status", [])), asked.get("template_type"), state.now()
    page: list[Row] = []
    for row in state.store.newest_first(service.id, key.kind, reference, before):
        if state.is_forgotten(row, service) or len(page) == PAGE:
            break
        if (not wanted or statuses.state(row, now).status in wanted) and (not types or row.type in types):
            page.append(row)
    return page


def _link(state: State, request: Request, asked: dict[str, list[str]]) -> str:
    query = urlencode(asked, doseq=True)
    return f"{state.seed.base_url}{request.url.path}" + (f"?{query}" if query else "")


async def get_pdf(state: State, request: Request, service: Service, _key: Key) -> Response:
    row = state.row(service, require_uuid("notification_id", request.path_params["id"]))
    if row is None:
        raise not_found()
    if row.type != "letter":
        raise bad_request("Notification is not a letter")
    status = statuses.state(row, state.now()).status
    if status in {"pending-virus-check", "validation-failed"}:
        raise Problem(400, ("PDFNotReadyError", "PDF not available yet, try again later"))
    if status == "virus-scan-failed":
        raise bad_request("File did not pass the virus scan")
    if status == "technical-failure":
        raise bad_request("PDF not available for letters in status technical-failure")
    return Response(_PDF, media_type="application/pdf")


def _template(request: Request, service: Service) -> Template:
    template_id = require_uuid("id", request.path_params["id"])
    template = service.template(template_id, request.path_params.get("version", 0))
    if template is None:
        raise not_found()
    return template


async def get_template(_desk: State, request: Request, service: Service, _key: Key) -> Response:
    return answer(shape.template(_template(request, service)))


async def list_templates(_desk: State, request: Request, service: Service, _key: Key) -> Response:
    pairs = [("template_type" if name == "type" else name, value) for name, value in request.query_params.multi_items()]
    asked = check_query(pairs, ("template_type",))
    return answer(shape.templates(service, asked.get("template_type", [None])[0]))


async def preview(state: State, request: Request, service: Service, _key: Key) -> Response:
    raw = await _json(request) if await request.body() else {}
    values = check("preview", raw, state.now()).get("personalisation", {})
    template = _template(request, service)
    sending.require_values(template, values)
    return answer(shape.preview(template, *sending.preview(template, values, state.now())))


async def received_texts(state: State, request: Request, service: Service, _key: Key) -> Response:
    asked = check_query(request.query_params.multi_items(), ("older_than",))
    texts = [text for text in state.store.texts if text.service_id == service.id]
    if "older_than" in asked:
        ids = [text.id for text in texts]
        texts = texts[: ids.index(asked["older_than"][0])] if asked["older_than"][0] in ids else []
    page = texts[: -PAGE - 1 : -1]
    url = f"{state.seed.base_url}{request.url.path}"
    links = {"current": url} | ({"next": f"{url}?older_than={page[-1].id}"} if page else {})
    return answer({"received_text_messages": [shape.text(text) for text in page], "links": links})


async def internal(_desk: State, _request: Request) -> Response:
    return answer({"result": "error", "message": {"token": ["Unauthorized: not allowed to perform this action"]}}, 401)


def _said(body: Any, *needed: str) -> dict[str, str]:
    """The body of an order, which must be an object of texts with the needed names."""
    if not isinstance(body, dict) or not all(isinstance(body.get(name), str) for name in needed):
        raise InputRefused(f"Expected a JSON object with the texts {', '.join(needed)}.")
    return body


async def count_reference(state: State, request: Request) -> Response:
    return answer({"count": len(state.store.by_reference.get(request.path_params["reference"], []))})


async def summary(state: State, _request: Request) -> Response:
    return answer(state.summary())


async def status(_state: State, request: Request) -> Response:
    """Notify's own page for whoever watches it, which needs no key."""
    if request.query_params.get("simple"):
        return answer({"status": "ok"})
    build = dict.fromkeys(("git_commit", "build_time", "db_version", "db_bulk_version"), "stand-in")
    return answer({"status": "ok", **build})


async def change_service(state: State, request: Request) -> Response:
    """What its own team or Notify's people may do to a service in the middle of the day."""
    state.change_service(await _json(request))
    return answer({"result": "ok"})


async def move_clock(state: State, request: Request) -> Response:
    said = _said(await _json(request), "now")
    try:
        moment = datetime.fromisoformat(said["now"])
    except ValueError:
        raise InputRefused("now is not a time: expected one such as 2027-03-01T09:00:00+00:00.") from None
    state.move_clock(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return answer({"now": state.now().isoformat()})


async def set_faults(state: State, request: Request) -> Response:
    state.faults.set(await _json(request))
    return answer({"result": "ok"})


async def receive_text(state: State, request: Request) -> Response:
    said = _said(await _json(request), "number", "message")
    service_id = said.get("service_id", next(iter(state.seed.services)))
    text = state.receive_text(said["number"], said["message"], service_id)
    return answer({"id": text.id}, 201)


def _routes() -> list[tuple[str, str, Handler]]:
    return [
        ("POST", "/v2/notifications/{channel}", _authorised(send)),
        ("GET", "/v2/notifications", _authorised(list_notifications)),
        ("GET", "/v2/notifications/{id}", _authorised(get_notification)),
        ("GET", "/v2/notifications/{id}/pdf", _authorised(get_pdf)),
        ("GET", "/v2/templates", _authorised(list_templates)),
        ("GET", "/v2/template/{id}", _authorised(get_template)),
        ("GET", "/v2/template/{id}/version/{version:int}", _authorised(get_template)),
        ("POST", "/v2/template/{id}/preview", _authorised(preview)),
        ("GET", "/v2/received-text-messages", _authorised(received_texts)),
        ("GET", "/service/{rest:path}", internal),
        ("GET", "/stand-in/references/{reference:path}", count_reference),
        ("GET", "/stand-in/summary", summary),
        ("POST", "/stand-in/clock", move_clock),
        ("POST", "/stand-in/faults", set_faults),
        ("POST", "/stand-in/service", change_service),
        ("GET", "/", status),
        ("GET", "/_status", status),
        ("POST", "/_status", status),
        ("POST", "/stand-in/received-texts", receive_text),
    ]


def _authorised(handler: Authorised) -> Handler:
    async def authorised(state: State, request: Request) -> Response:
        service, key = state.doorkeeper.admit(request.headers.get("authorization"))
        return await handler(state, request, service, key)

    return authorised


def _endpoint(state: State, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await handler(state, request)
        except Problem as problem:
            return answer(problem.body(), problem.status)
        except EngageError as error:
            return answer({"result": "error", "message": str(error)}, error.status)

    return endpoint


async def _elsewhere(_request: Request, error: Exception) -> Response:
    """Flask's words for what has no route, which Notify answers outside the version 2 form."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = {
        404: "The requested URL was not found on the server. If you entered the URL manually please check your "
        "spelling and try again.",
        405: "The method is not allowed for the requested URL.",
    }
    return answer({"result": "error", "message": words.get(status, "Internal server error")}, status)


def build(state: State) -> Starlette:
    routes = [Route(path, _endpoint(state, handler), methods=[method]) for method, path, handler in _routes()]
    return Starlette(routes=routes, exception_handlers={HTTPException: _elsewhere})
