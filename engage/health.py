"""Is this deployment well: for people who run it and for what watches it."""

from dataclasses import dataclass
from typing import Any

from litestar import Response, get
from litestar.plugins.prometheus import PrometheusController
from litestar.types import ControllerRouterHandler
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from engage.foundation.office import Office
from engage.foundation.web import InOffice


@dataclass(frozen=True)
class Check:
    name: str
    well: bool
    detail: str


def checks(office: Office) -> list[Check]:
    """Each thing the service leans on, in the order to look at when it is ill."""
    return [_database(office)]


def _database(office: Office) -> Check:
    try:
        with office.database.session() as session:
            session.exec(text("select 1"))  # type: ignore[call-overload]  # SQLModel types only its own selects
    except SQLAlchemyError as error:
        return Check("database", well=False, detail=f"cannot be reached ({type(error).__name__})")
    return Check("database", well=True, detail="reachable")


@get("/health", include_in_schema=False, sync_to_thread=True, cache=False)
def health(office: InOffice) -> Response[dict[str, Any]]:
    found = checks(office)
    well = all(check.well for check in found)
    body = {"well": well, "checks": {check.name: {"well": check.well, "detail": check.detail} for check in found}}
    return Response(body, status_code=200 if well else 503)


class Metrics(PrometheusController):
    """Counts and times by route; nothing here says who asked."""

    path = "/metrics"
    include_in_schema = False


routes: list[ControllerRouterHandler] = [health, Metrics]
