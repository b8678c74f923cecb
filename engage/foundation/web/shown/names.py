"""What people are called on pages: by name, where records and the audit log say `officer 3` so as to hold none."""

import re
from collections import Counter
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from litestar import Request
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from engage.foundation.identity import Account, Role
from engage.foundation.office import Office

OF_ACCOUNT = re.compile(rf"\b(?:{'|'.join(Role)}) (\d+)\b")
OF_NOBODY = {"engage": "Engage", "worker": "Engage", "inbox": "automatic sharing"}


@pass_context
def person(context: Context, label: str) -> str:
    """A filter of templates, for a label or a sentence with some. Who is not known stays as given."""
    if OF_ACCOUNT.search(label) is None:
        return OF_NOBODY.get(label, label)
    request = context.get("request")
    names = _names(request) if request else {}
    return OF_ACCOUNT.sub(lambda found: names.get(int(found[1]), found[0]), label)


def _names(request: Request[Any, Any, Any]) -> dict[int, str]:
    """Of the council of whoever looks, asked for once for each page that names anybody."""
    state = request.scope["state"]
    if "names" not in state:
        account = state.get("account")
        state["names"] = _read(request.app.state.office, account.authority) if account else {}
    names: dict[int, str] = state["names"]
    return names


def _read(office: Office, authority: str) -> dict[int, str]:
    try:
        with office.database.reading() as session:
            query = select(Account.id, Account.name, Account.email).where(Account.authority == authority)
            return told_apart([(number or 0, name, email) for number, name, email in session.exec(query)])
    except SQLAlchemyError:  # the page is made, and says what the record says
        return {}


def told_apart(people: list[tuple[int, str, str]]) -> dict[int, str]:
    """By name alone, but with the email address where two have the same."""
    called = Counter(name.casefold() for _, name, _ in people)
    return {number: f"{name} ({email})" if called[name.casefold()] > 1 else name for number, name, email in people}
