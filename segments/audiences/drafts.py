"""A rule as it was typed, kept for its session step by step, so that Back returns to it."""

from typing import Any

from litestar import Request
from litestar.datastructures import FormMultiDict

from engage.foundation.web.forms import Form

KEPT = 12  # steps back
Fields = list[list[str]]


def keep(request: Request[Any, Any, Any], form: Form) -> str:
    """By what the page that shows it asks for it."""
    steps: dict[str, Fields] = request.session.get("rules", {})
    number = str(1 + max(map(int, steps), default=0))
    typed = [[name, value] for name in dict.fromkeys(form.names()) for value in form.all(name) if name[:1] != "_"]
    newest = sorted(steps, key=int)[-(KEPT - 1) :]
    request.session["rules"] = {each: steps[each] for each in newest} | {number: typed}
    return number


def kept(request: Request[Any, Any, Any], number: str) -> Form | None:
    """None for a step that is no longer kept."""
    typed: Fields | None = request.session.get("rules", {}).get(number)
    return None if typed is None else Form(FormMultiDict([(name, value) for name, value in typed]))
