"""A visitor of the service, as a browser without JavaScript would be one."""

import re
from typing import Any

import httpx
from litestar.testing import TestClient

from engage.foundation.identity import PASSWORDS, Account, Role
from engage.foundation.office import Office

COUNCIL = "E07000193"
PASSWORD = "three random words"
HASH = PASSWORDS.hash(PASSWORD)
TOKEN_FIELD = re.compile(r'name="_csrf_token" value="([^"]+)"')


def hire(office: Office, role: Role, *, authority: str = COUNCIL, email: str = "") -> Account:
    with office.database.session() as session:
        made = Account(
            authority=authority, email=email or f"{role.value}@example.org", name=role.value.title(), role=role,
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
        found = TOKEN_FIELD.search(self.client.get("/cookies").text) or TOKEN_FIELD.search(self.get("/sign-in").text)
        assert found, "every page with a form has the field"
        return found[1]

    def send(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> httpx.Response:
        return self.client.post(path, data={"_csrf_token": self.token(), **(data or {})}, **options)

    def sign_in(self, email: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        return self.send("/sign-in", {"email": email, "password": password, **more})
