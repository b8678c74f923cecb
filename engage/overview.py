"""What the home page and the audit page read."""

from dataclasses import dataclass, field

from sqlmodel import col, select

from engage.foundation import audit
from engage.foundation.audit import AuditEntry, Verdict
from engage.foundation.office import Office

PAGE = 50


@dataclass(frozen=True)
class Trail:
    """A page of the audit log, newest first, and whether the whole chain holds."""

    entries: list[AuditEntry]
    verdict: Verdict
    page: int
    pages: int


def trail(office: Office, authority: str, page: int = 1) -> Trail:
    with office.database.session() as session:
        verdict = audit.verify(session, authority)
        query = select(AuditEntry).where(AuditEntry.authority == authority).order_by(col(AuditEntry.number).desc())
        entries = list(session.exec(query.offset((page - 1) * PAGE).limit(PAGE)))
    return Trail(entries, verdict, page, max(1, -(-verdict.entries // PAGE)))


@dataclass(frozen=True)
class Figure:
    label: str
    value: str
    note: str = ""
    href: str = ""


@dataclass(frozen=True)
class Step:
    """One thing to do next, or done."""

    title: str
    href: str
    hint: str = ""
    done: bool = False


@dataclass(frozen=True)
class Overview:
    figures: list[Figure] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def overview(office: Office, authority: str) -> Overview:
    return Overview()
