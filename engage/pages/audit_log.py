"""The audit log, a page at a time, and whether what is new of its chain is whole."""

from dataclasses import dataclass
from typing import Annotated

from litestar import Router, get
from litestar.params import QueryParameter
from litestar.response import Template
from litestar.types import ControllerRouterHandler
from sqlmodel import col, select

from engage.foundation import audit
from engage.foundation.audit import AuditEntry, Verdict
from engage.foundation.identity import Right
from engage.foundation.office import Office
from engage.foundation.web.handlers import ByAccount, InOffice, render, requires

PAGE = 50
Page = Annotated[int, QueryParameter(name="page", ge=1, le=100_000)]


@dataclass(frozen=True)
class Trail:
    """A page of the audit log, newest first, and whether the chain holds, as far as it was looked at."""

    entries: list[AuditEntry]
    verdict: Verdict
    page: int
    pages: int


def trail(office: Office, authority: str, page: int = 1) -> Trail:
    verdict = audit.follow(office.database, authority, office.clock.now())
    with office.database.reading() as session:
        query = select(AuditEntry).where(AuditEntry.authority == authority).order_by(col(AuditEntry.number).desc())
        entries = list(session.exec(query.offset((page - 1) * PAGE).limit(PAGE)))
    return Trail(entries, verdict, page, max(1, -(-verdict.entries // PAGE)))


@get("/audit", guards=[requires(Right.audit)], sync_to_thread=True)
def audit_page(office: InOffice, account: ByAccount, page: Page = 1) -> Template:
    return render("engage/pages/audit_log.html", trail=trail(office, account.authority, page))


routes: list[ControllerRouterHandler] = [Router("/", route_handlers=[audit_page], include_in_schema=False)]
