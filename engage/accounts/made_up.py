"""The accounts of the demo, which its sign-in page lists: everybody is made up, and no other service has them."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlmodel import Session, col, select

from engage.foundation.identity import Account, Role

PEOPLE = {
    Role.officer: ("officer@example.com", "Olive Officer"),
    Role.approver: ("approver@example.com", "Arthur Approver"),
    Role.administrator: ("administrator@example.com", "Ada Administrator"),
    Role.auditor: ("auditor@example.com", "Aled Auditor"),
    Role.member: ("member@example.com", "Mona Member"),
    Role.custodian: ("custodian@example.com", "Cerys Custodian"),
    Role.data_protection: ("data-protection@example.com", "Dafydd Protector"),
    Role.canvasser: ("canvasser@example.com", "Cari Canvasser"),
}
SEES = {
    Role.officer: "Files, who is missing, segments, campaigns and replies. A file, a reply and a half-planned campaign "
    "wait, and the result of the summer is in",
    Role.approver: "The same, to read. A campaign waits to be approved or sent back",
    Role.administrator: "All of it but canvassers’ lists, and colleagues. A colleague’s link has expired",
    Role.auditor: "All that officers see, and the audit log, and changes nothing. The result of the summer is in",
    Role.member: "What members see: published figures by ward, with what the reminders changed",
    Role.custodian: "The gazetteer alone. What is worth putting right in it is listed",
    Role.data_protection: "What is held of a person, who must not be contacted, and the audit log. "
    "The papers wait to be read",
    Role.canvasser: "Their own lists of homes to call at",
}


class Shown(NamedTuple):
    name: str
    role: str
    email: str
    password: str
    sees: str


def password(role: Role) -> str:
    return f"exampleton-{role.value.replace(' ', '-')}"


def shown(session: Session) -> Sequence[Shown]:
    """Those that are here, in the order of the list."""
    emails = [email for email, _ in PEOPLE.values()]
    here = set(session.exec(select(Account.email).where(col(Account.email).in_(emails), col(Account.active))))
    return [
        Shown(name, role.value, email, password(role), SEES[role])
        for role, (email, name) in PEOPLE.items()
        if email in here
    ]
