"""A PostgreSQL that may be restarted under load. Unlike that of the other tests it keeps what it committed."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.postgres import _run, _user, binaries
from tests.soak.stage import free_port


@dataclass
class Cluster:
    home: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://engage@127.0.0.1:{self.port}/postgres"

    def control(self, *command: str) -> None:
        # A killed process takes no file with it, so only fsync is spared; synchronous_commit must stay on.
        options = f"-p {self.port} -h 127.0.0.1 -k {self.home} -c fsync=off -c shared_buffers=64MB"
        log, data = self.home / "log", self.home / "data"
        _run(binaries() / "pg_ctl", "-D", data, "-o", options, "-l", log, "-w", *command, user=_user())

    def restart(self, mode: str) -> None:
        """`fast` ends every connection, `immediate` is a crash with recovery at the start."""
        self.control("-m", mode, "restart")

    def kill(self) -> None:
        """Every process of it at once, as when the power goes."""
        server = psutil.Process(int((self.home / "data" / "postmaster.pid").read_text().split()[0]))
        every = [server, *server.children(recursive=True)]
        for process in every:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(every, timeout=30)

    def back(self) -> None:
        self.control("start")


@contextmanager
def cluster() -> Iterator[Cluster]:
    home = Path(tempfile.mkdtemp(prefix="engage-soak-pg-"))
    user = _user()
    if user:
        shutil.chown(home, user)
    made = Cluster(home, free_port())
    _run(
        binaries() / "initdb", "-D", home / "data", "-U", "engage", "-A", "trust", "-E", "UTF8", "--no-sync", user=user
    )
    made.control("start")
    try:
        yield made
    finally:
        made.control("-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)
