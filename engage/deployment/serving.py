"""Serving the web pages with Granian."""

import os
import socket

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings

from engage.foundation.errors import InputRefused
from engage.foundation.office import Office

HEADERS_WITHIN = 10_000  # milliseconds
STARTED_WITHIN = 30.0  # seconds in which a new process is ready, after which a SIGHUP ends the old one
# Seconds to end what it is answering, such as a file on its way. At its own end Granian 2.8 would else wait for ever
# for a process that a SIGHUP brought and that does not end.
ENDED_WITHIN = 60


def serve(office: Office, *, host: str, port: int, workers: int = 1) -> None:
    """Run until stopped. Each worker process opens its own office from the same environment."""
    _demand_free(host, port)
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
        respawn_interval=STARTED_WITHIN,
        workers_kill_timeout=ENDED_WITHIN,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_WITHIN),
    )
    server.serve()


def _demand_free(host: str, port: int) -> None:
    """Granian shares a port that another process listens on, and half of the visitors would reach that one."""
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, number) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        msg = f"{host}:{port} cannot be used: {reason}. Choose another with --host and --port."
        raise InputRefused(msg) from None
