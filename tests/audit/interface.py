"""Schemathesis on the JSON interface of the played demo, by every role and by nobody, without a network.

Its first line says what was asked; each line after it is a finding.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from engage.app import create_app
from engage.demo.story import PEOPLE, password, playing
from engage.foundation.identity import Role
from engage.foundation.office import Office
from tests.faults.hostile import Browser

EXAMPLES = 8
HOST = "127.0.0.1"
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


def headers_of(app: Any, role: Role | None) -> dict[str, str]:
    """A signed-in session and the token of its forms."""
    browser = Browser(HOST)
    if role is not None:
        asyncio.run(browser.sign_in(app, PEOPLE[role][0], password(role)))
        assert browser.entered, role
    return {**dict(browser.headers), "x-csrftoken": browser.token}


def ask(operation: Any, headers: dict[str, str]) -> str:
    """Empty, or what is wrong with an answer."""

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def every(case: Any) -> None:
        answer = case.call(base_url=f"http://{HOST}", headers=headers)
        case.validate_response(answer, checks=CHECKS)

    try:
        every()
    except (AssertionError, BaseExceptionGroup) as failed:
        return " ".join(str(failed).split())[:400]
    return ""


def examine(office: Office) -> tuple[int, list[str]]:
    """How many operations were asked, and what was found."""
    app, asked, found = create_app(office), 0, []
    described = schemathesis.openapi.from_asgi("/api/schema", app, headers=headers_of(app, Role.officer))
    for role in (None, *Role):
        headers = headers_of(app, role)
        for operation in (each.ok() for each in described.get_all_operations()):
            asked += 1
            if wrong := ask(operation, headers):
                found.append(f"{role or 'nobody'} {operation.label}: {wrong}")
    return asked, found


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, playing(Path(folder), homes=600, wards=3) as story:
        asked, found = examine(story.office)
    print("\n".join([f"{asked} operations by {len(Role) + 1} askers, up to {EXAMPLES} examples each", *found]))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
