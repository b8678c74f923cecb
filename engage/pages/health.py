"""Health and metrics, for what watches a deployment."""

from typing import Any

from litestar import Response, get
from litestar.plugins.prometheus import PrometheusController
from litestar.types import ControllerRouterHandler

from engage.deployment.health import examine
from engage.foundation.web.handlers import InOffice


@get("/health", include_in_schema=False, sync_to_thread=True)
def health(office: InOffice) -> Response[dict[str, Any]]:
    found = examine(office)
    return Response(found.as_dict(), status_code=200 if found.healthy else 503)


class Metrics(PrometheusController):
    """Counts and times by route; nothing here says who asked."""

    path = "/metrics"
    include_in_schema = False


routes: list[ControllerRouterHandler] = [health, Metrics]
