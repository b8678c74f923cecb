"""The audit log, a page at a time, and whether what is new of its chain is whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from litestar import Router, get
from litestar.params import QueryParameter
from litestar.response import Template
from litestar.types import ControllerRouterHandler
from sqlalchemy import ColumnElement
from sqlmodel import col, func, select

from engage.foundation import audit, identity
from engage.foundation.audit import AuditEntry, Verdict
from engage.foundation.identity import Right
from engage.foundation.office import Office
from engage.foundation.web.handlers import Asked, ByAccount, InOffice, render, requires
from engage.foundation.web.shown.filters import Filter, Filters
from engage.foundation.words import sentence

PAGE = 50
LATELY = 20_000
Page = Annotated[int, QueryParameter(name="page", ge=1, le=100_000)]


@dataclass(frozen=True)
class Trail:
    """A page of the audit log, newest first, and whether the chain holds, as far as it was looked at."""

    entries: list[AuditEntry]
    verdict: Verdict
    page: int
    pages: int
    filters: Filters


def trail(office: Office, authority: str, sent: Mapping[str, str], page: int = 1) -> Trail:
    verdict = audit.follow(office.database, authority, office.clock.now())
    filters = _filters(office, authority, sent, since=verdict.entries - LATELY)
    with office.database.reading() as session:
        where = [col(AuditEntry.authority) == authority, *_narrowed(filters, office.clock.now())]
        total = verdict.entries
        if filters.chosen:
            total = session.exec(select(func.count()).select_from(AuditEntry).where(*where)).one()
        query = select(AuditEntry).where(*where).order_by(col(AuditEntry.number).desc())
        entries = list(session.exec(query.offset((page - 1) * PAGE).limit(PAGE)))
    return Trail(entries, verdict, page, max(1, -(-total // PAGE)), filters)


def _filters(office: Office, authority: str, sent: Mapping[str, str], *, since: int) -> Filters:
    """What can be chosen is what the newest entries have, so that a log of millions is not read for it."""
    with office.database.reading() as session:
        mine = (col(AuditEntry.authority) == authority) & (col(AuditEntry.number) > since)
        acts, actors = (
            session.exec(select(column).where(mine).distinct().order_by(column)).all()
            for column in (AuditEntry.act, AuditEntry.actor)
        )
        names = {each.label: each.name for each in identity.accounts(session, authority)}
    return Filters.read(
        "/audit", sent,
        Filter("act", "What", {act: sentence(act) for act in acts}),
        Filter("actor", "Who", {actor: names.get(actor) or sentence(actor) for actor in actors}),
        Filter("since", "When", {days: f"Last {days} days" for days in ("1", "7", "30", "365")}),
    )  # fmt: skip


def _narrowed(filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    columns = {"act": AuditEntry.act, "actor": AuditEntry.actor}
    found = [col(column) == filters[name] for name, column in columns.items() if filters[name]]
    return [*found, *([col(AuditEntry.at) > now - timedelta(int(filters["since"]))] if filters["since"] else [])]


@get("/audit", guards=[requires(Right.audit)], sync_to_thread=True)
def audit_page(request: Asked, office: InOffice, account: ByAccount, page: Page = 1) -> Template:
    return render("engage/pages/audit_log.html", trail=trail(office, account.authority, request.query_params, page))


routes: list[ControllerRouterHandler] = [Router("/", route_handlers=[audit_page], include_in_schema=False)]
