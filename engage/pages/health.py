"""Whether the deployment is well, for what watches it."""

from typing import Any

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from engage.deployment.health import lately
from engage.foundation.web.handlers import ANYBODY, InOffice


@get("/health", guards=[ANYBODY], include_in_schema=False, sync_to_thread=True)
def health(office: InOffice) -> Response[dict[str, Any]]:
    found = lately(office)
    return Response(found.as_dict(), status_code=200 if found.healthy else 503)


routes: list[ControllerRouterHandler] = [health]
