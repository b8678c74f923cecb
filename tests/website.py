"""The service on the test office, one account for each role, and visitors, as browsers without JavaScript."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from copy import copy
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from engage.foundation.identity import Account, Role
from engage.foundation.office import Office

COUNCIL = "E07000193"
PASSWORD = "three random words"
HASH = PasswordHash([Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)]).hash(PASSWORD)  # as real ones, but quick
TOKEN_FIELD = re.compile(r'name="_csrf_token" value="([^"]+)"')


def token_in(page: str) -> str:
    """Of the forms of a page; it holds for this session alone."""
    found = TOKEN_FIELD.search(page)
    return found[1] if found else ""


def hire(office: Office, role: Role, *, authority: str = COUNCIL, email: str = "") -> Account:
    with office.database.session() as session:
        made = Account(
            authority=authority, email=email or f"{role.name}@example.org", name=role.value.title(), role=role,
            password=HASH,
        )  # fmt: skip
        session.add(made)
        session.flush()
    return made


class Visitor:
    def __init__(self, client: TestClient[Any]) -> None:
        self.client = client

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(path, **options)

    def token(self) -> str:
        return token_in(self.client.get("/cookies").text) or token_in(self.get("/sign-in").text)

    def send(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> httpx.Response:
        return self.client.post(path, data={"_csrf_token": self.token(), **(data or {})}, **options)

    def sign_in(self, email: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        return self.send("/sign-in", {"email": email, "password": password, **more})


Enter = Callable[[Role], Visitor]


def browsers(application: TestClient[Any]) -> Callable[[], Visitor]:
    """A browser of its own each time, that is its cookies, of one application."""

    def another() -> Visitor:
        client = copy(application)
        client._cookies = httpx.Cookies()
        return Visitor(client)

    return another


@pytest.fixture
def staff(office: Office) -> dict[Role, Account]:
    return {role: hire(office, role) for role in Role}


@pytest.fixture(scope="session")
def application() -> Callable[[Office], Any]:
    """Imported for the tests that visit it alone, and before their offices, so that these have every table."""
    from engage.app import create_app

    return create_app


@pytest.fixture
def serve(application: Callable[[Office], Any]) -> Iterator[Callable[[Office], TestClient[Any]]]:
    """The service of an office, closed with it after the test."""
    with ExitStack() as stack:
        yield lambda office: stack.enter_context(TestClient(application(office)))


@pytest.fixture
def visit(office: Office, application: Callable[[Office], Any]) -> Iterator[Callable[[], Visitor]]:
    """A new browser each time."""
    with ExitStack() as stack:
        yield lambda: Visitor(stack.enter_context(TestClient(application(office))))


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
