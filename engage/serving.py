"""Serving the web pages with Granian."""

import os

from granian import Granian
from granian.constants import Interfaces, Loops

from engage.foundation.office import Office


def serve(office: Office, *, host: str, port: int, workers: int = 1) -> None:
    """Run until stopped. Each worker process opens its own office from the same environment."""
    os.environ["ENGAGE_HOME"] = str(office.settings.home.absolute())
    server = Granian(
        "engage.app:create_app",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=workers,
        loop=Loops.auto,
        websockets=False,
        log_access=False,
    )
    server.serve()
