"""Running the stand-in on this machine, by itself or inside a test."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from campaigns.notify.stand_in.app import TRANSPORT, build
from campaigns.notify.stand_in.desk import Desk
from campaigns.notify.stand_in.seed import Seed, load_seed, read_seed
from engage.foundation.clock import Clock
from engage.foundation.errors import InputRefused

HOST = "127.0.0.1"
_STARTED_WITHIN_SECONDS = 10


class _Protocol(HttpToolsProtocol):
    """Hands the application its connection, so that a fault can tear it down."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope.setdefault("extensions", {})[TRANSPORT] = {"connection": self.transport}


def _server(desk: Desk) -> uvicorn.Server:
    config = uvicorn.Config(
        build(desk), http=_Protocol, ws="none", lifespan="off", log_level="warning", access_log=False
    )
    return uvicorn.Server(config)


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise InputRefused(f"Port {port} is in use or not allowed: {error.strerror}. Choose another port.") from error
    return listener


def serve(
    port: int,
    seed: Path | None,
    journal: Path | None = None,
    receipts_url: str | None = None,
    receipts_token: str | None = None,
    texts_url: str | None = None,
) -> None:
    """Run until stopped, on 127.0.0.1.

    `receipts_url` is where delivery receipts are posted with the bearer token; texts that residents send back go to
    `texts_url`, by default /notify/received-texts beside /notify/receipts.
    """
    listener = _listen(port)
    desk = Desk(load_seed(seed), journal, receipts_url, texts_url or _texts_beside(receipts_url), receipts_token)
    desk.answer_at(f"http://{HOST}:{listener.getsockname()[1]}")
    try:
        _server(desk).run(sockets=[listener])
    finally:
        desk.close()


def _texts_beside(receipts_url: str | None) -> str | None:
    if receipts_url is None or not receipts_url.endswith("/receipts"):
        return None
    return receipts_url.removesuffix("receipts") + "received-texts"


@dataclass(frozen=True, slots=True)
class Running:
    """A stand-in in this process. `desk` gives its store, faults, clock and limits to look into or set."""

    base_url: str
    desk: Desk

    def key(self, handle_or_index: int = 0, kind: str = "normal") -> str:
        """An API key of a service, by its place in the seed."""
        service = list(self.desk.seed.services.values())[handle_or_index]
        secret = next(each.secret for each in service.keys if each.kind == kind and not each.revoked)
        return f"key-{service.id}-{secret}"


@contextlib.contextmanager
def running(
    seed: Seed | dict[str, Any] | Path | None = None,
    *,
    journal: Path | None = None,
    receipts_url: str | None = None,
    texts_url: str | None = None,
    receipts_token: str | None = None,
    clock: Clock | None = None,
    epoch: Callable[[], float] = time.time,
) -> Iterator[Running]:
    """A stand-in on a free port while the block lasts."""
    if not isinstance(seed, Seed):
        seed = read_seed(seed) if isinstance(seed, dict) else load_seed(seed)
    desk = Desk(seed, journal, receipts_url, texts_url, receipts_token, clock, epoch)
    listener = _listen(0)
    base_url = f"http://{HOST}:{listener.getsockname()[1]}"
    desk.answer_at(base_url)
    server = _server(desk)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    _await_start(server)
    try:
        yield Running(base_url, desk)
    finally:
        server.should_exit = True
        thread.join()
        desk.close()
        listener.close()


def _await_start(server: uvicorn.Server) -> None:
    for _ in range(_STARTED_WITHIN_SECONDS * 100):
        if server.started:
            return
        time.sleep(0.01)
    raise TimeoutError("The stand-in did not start.")
