"""The service on the test office, one account for each role, and visitors."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from litestar.testing import TestClient

import engage.migrations  # noqa: F401  # every table
from engage.app import create_app
from engage.foundation.identity import Account, Role
from engage.foundation.office import Office
from tests.engage.website import Visitor, hire

Enter = Callable[[Role], Visitor]


@pytest.fixture
def staff(office: Office) -> dict[Role, Account]:
    return {role: hire(office, role) for role in Role}


@pytest.fixture
def serve() -> Iterator[Callable[[Office], TestClient[Any]]]:
    """The service of an office, closed with it after the test."""
    with ExitStack() as stack:
        yield lambda office: stack.enter_context(TestClient(create_app(office)))


@pytest.fixture
def visit(office: Office) -> Iterator[Callable[[], Visitor]]:
    """A new browser each time."""
    with ExitStack() as stack:
        yield lambda: Visitor(stack.enter_context(TestClient(create_app(office))))


@pytest.fixture
def visitor(visit: Callable[[], Visitor]) -> Visitor:
    return visit()


@pytest.fixture
def enter(visit: Callable[[], Visitor], staff: dict[Role, Account]) -> Enter:
    """Signed in with a role."""

    def signed_in(role: Role) -> Visitor:
        visitor = visit()
        assert visitor.sign_in(staff[role].email).status_code == 200
        return visitor

    return signed_in
