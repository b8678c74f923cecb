"""Running the stand-in on this machine, by itself or inside a test."""

import asyncio
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
from campaigns.notify.stand_in.seed import Seed, load_seed, read_seed
from campaigns.notify.stand_in.state import State
from engage.foundation.clock import Clock
from engage.foundation.errors import InputRefused

HOST = "127.0.0.1"
_STARTED_WITHIN_SECONDS = 10


class _Protocol(HttpToolsProtocol):
    """Hands the application its connection, so that a fault can tear it down."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope.setdefault("extensions", {})[TRANSPORT] = {"connection": self.transport}


class _Embedded(uvicorn.Server):
    """Stops at once when told, open connections and all: tests start and stop many."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def main_loop(self) -> None:
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        self.ready.set()
        await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for listener in sockets or []:
            listener.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._told.set)


def _config(state: State) -> uvicorn.Config:
    return uvicorn.Config(
        build(state),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        date_header=False,
    )


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
    clock: Clock | None = None,
) -> None:
    """Run until stopped, on 127.0.0.1.

    `receipts_url` is where delivery receipts are posted with the bearer token; texts that residents send back go to
    `texts_url`, by default /notify/received-texts beside /notify/receipts.
    """
    listener = _listen(port)
    state = State(
        load_seed(seed), journal, receipts_url, texts_url or _texts_beside(receipts_url), receipts_token, clock
    )
    state.answer_at(f"http://{HOST}:{listener.getsockname()[1]}")
    try:
        uvicorn.Server(_config(state)).run(sockets=[listener])
    finally:
        state.close()


def _texts_beside(receipts_url: str | None) -> str | None:
    if receipts_url is None or not receipts_url.endswith("/receipts"):
        return None
    return receipts_url.removesuffix("receipts") + "received-texts"


@dataclass(frozen=True, slots=True)
class Running:
    """A stand-in in this process. `state` gives its store, faults, clock and limits to look into or set."""

    base_url: str
    state: State

    def key(self, kind: str = "normal") -> str:
        """An API key of the first service of the seed."""
        service = next(iter(self.state.seed.services.values()))
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
    state = State(seed, journal, receipts_url, texts_url, receipts_token, clock, epoch)
    listener = _listen(0)
    base_url = f"http://{HOST}:{listener.getsockname()[1]}"
    state.answer_at(base_url)
    server = _Embedded(_config(state))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        if not server.ready.wait(_STARTED_WITHIN_SECONDS):
            raise TimeoutError("The stand-in did not start.")
        yield Running(base_url, state)
    finally:
        server.stop()
        thread.join()
        state.close()
