"""Puts what was typed before somebody was signed out back into the page of that form (`kept_forms`)."""

import gzip
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from anyio import to_thread
from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from lxml import html

from engage.foundation.identity import Account
from engage.foundation.office import Office
from engage.foundation.web import kept_forms
from engage.foundation.web.kept_forms import Fields

QUERY = "kept"
BACK = (
    "What you typed before you were signed out is back on this page. Nothing was sent or saved: check it, then send it."
)
LEFT = "What has no place on the page as it is now:"
CHOSEN = ("checkbox", "radio")
TYPED = ("text", "email", "tel", "number", "search", "url", "date", "time")


class Filling(ASGIMiddleware):
    """Holds back only those pages whose address names a kept form."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, office: Office) -> None:
        self._office = office

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request = Request[Any, Any, Any](scope)
        key = request.query_params.get(QUERY, "")
        if request.method != "GET" or not key.isalnum():
            await next_app(scope, receive, send)
            return
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        await next_app(scope, receive, hold)
        for message in await to_thread.run_sync(self._filled, scope, key, held):
            await send(message)

    def _filled(self, scope: Scope, key: str, held: list[Message]) -> list[Message]:
        account = scope["state"].get("account")
        start = held[0]
        page = b"".join(each["body"] for each in held if each["type"] == "http.response.body")
        if start["type"] != "http.response.start" or start["status"] != 200 or not isinstance(account, Account):
            return held
        found = kept_forms.take(self._office, account, key, scope["path"])
        headers = MutableScopeHeaders.from_message(start)
        if found is None or not headers.get("content-type", "").startswith("text/html"):
            return held
        if headers.pop("content-encoding", "") == "gzip":
            page = gzip.decompress(page)
        body = filled(page, scope["path"], *found)
        headers["content-length"] = str(len(body))
        return [start, {"type": "http.response.body", "body": body, "more_body": False}]


class Typed:
    """What was typed, and what of it has found no place yet."""

    def __init__(self, fields: Fields) -> None:
        self.fields, self.left = fields, list(fields)

    def next(self, name: str) -> str:
        """Several fields may have one name: each gets its own, in their order."""
        value = next((value for each, value in self.left if each == name), "")
        self._use((name, value))
        return value

    def holds(self, name: str, value: str) -> bool:
        self._use((name, value))
        return (name, value) in self.fields

    def drop(self, names: set[str]) -> None:
        self.left = [field for field in self.left if field[0] not in names]

    def _use(self, field: tuple[str, str]) -> None:
        if field in self.left:
            self.left.remove(field)


def filled(page: bytes, path: str, goes_to: str, fields: Fields) -> bytes:
    """The page with these values in its form that goes there, and a word that they are back."""
    document = html.document_fromstring(page, parser=html.HTMLParser(encoding="utf-8"))
    typed = Typed(fields)
    for form in document.forms:
        if form.method == "POST" and urlsplit(form.action or path).path == goes_to:
            _fill(form, typed)
    _tell(document, [value for name, value in typed.left if value and name != "act"])
    made: bytes = html.tostring(document, doctype="<!DOCTYPE html>", encoding="utf-8")
    return made


def _fill(form: Any, typed: Typed) -> None:
    """What is hidden in the page stays as the page has it, as it says what the page shows."""
    hidden = {each.get("name", "") for each in form.iter("input") if each.get("type") == "hidden"}
    typed.drop(hidden | {each.get("name", "") for each in form.iter("button")})
    for field in form.iter("input", "textarea", "select"):
        if (name := field.get("name", "")) and name not in hidden:
            _put(field, name, typed)


def _put(field: Any, name: str, typed: Typed) -> None:
    kind = field.get("type", "text") if field.tag == "input" else field.tag
    if kind == "select":
        for option in field.iter("option"):
            _mark(option, "selected", typed.holds(name, option.get("value", option.text or "")))
    elif kind in CHOSEN:
        _mark(field, "checked", typed.holds(name, field.get("value", "on")))
    elif kind == "textarea":
        field.text = typed.next(name)
    elif kind in TYPED:
        field.set("value", typed.next(name))


def _mark(choice: Any, mark: str, chosen: bool) -> None:
    choice.attrib.pop(mark, None)
    if chosen:
        choice.set(mark, mark)


def _tell(document: Any, left: list[str]) -> None:
    main = document.get_element_by_id("main-content", None)
    if main is None:
        return
    box = html.Element("div", {"class": "govuk-inset-text", "role": "status"})
    for child in _said(left):
        box.append(child)
    main.insert(0, box)


def _said(left: list[str]) -> Iterator[Any]:
    yield _with("p", BACK)
    if left:
        yield _with("p", LEFT)
        listed = html.Element("ul", {"class": "govuk-list govuk-list--bullet"})
        for value in left:
            listed.append(_with("li", value))
        yield listed


def _with(tag: str, text: str) -> Any:
    made = html.Element(tag)
    made.text = text
    return made
