"""Schemathesis on the JSON interface of the played demo, by every role and by nobody, without a network.

Its first line says what was asked; each line after it is a finding.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from litestar.testing import TestClient
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from engage.app import create_app
from engage.demo.story import PEOPLE, password, playing
from engage.foundation.identity import Role
from engage.foundation.office import Office
from tests.website import Visitor

EXAMPLES = 8
HERE = "http://127.0.0.1"
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


def headers_of(client: TestClient[Any], role: Role | None) -> dict[str, str]:
    """A signed-in session and the token of its forms."""
    if role is None:
        return {"host": "127.0.0.1"}
    client.cookies.clear()
    visitor = Visitor(client)
    assert visitor.sign_in(PEOPLE[role][0], password(role)).status_code == 200
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return {"host": "127.0.0.1", "cookie": cookies, "x-csrftoken": visitor.token()}


def ask(operation: Any, headers: dict[str, str]) -> str:
    """Empty, or what is wrong with an answer."""

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def every(case: Any) -> None:
        answer = case.call(base_url=HERE, headers=headers)
        case.validate_response(answer, checks=CHECKS)

    try:
        every()
    except (AssertionError, BaseExceptionGroup) as failed:
        return " ".join(str(failed).split())[:400]
    return ""


def examine(office: Office) -> tuple[int, list[str]]:
    """How many operations were asked, and what was found."""
    app, asked, found = create_app(office), 0, []
    with TestClient(app, base_url=HERE) as client:
        described = schemathesis.openapi.from_asgi("/api/schema", app, headers=headers_of(client, Role.officer))
        for role in (None, *Role):
            headers = headers_of(client, role)
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
