"""`engage worker` on a machine whose clock jumps: what a file says is added to the machine's time."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from campaigns.worker.work import worker
from engage.foundation import logs
from engage.foundation.office import Office


class Told:
    def __init__(self, file: Path) -> None:
        self.file = file

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self.file.read_text()))


if __name__ == "__main__":
    logs.configure("info")
    worker(Office(clock=Told(Path(os.environ["ENGAGE_SOAK_CLOCK"]))))
