"""Every message the stand-in accepted, in memory, with an optional journal that outlives the process."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path


@dataclass(slots=True)
class Row:
    """A message as it was accepted. Times are UTC; `outcome` is how it will end, None if nothing is ever heard."""

    id: str
    service_id: str
    key_kind: str
    type: str
    reference: str | None
    recipient: str
    template_id: str
    template_version: int
    subject: str | None
    body: str
    created_at: datetime
    outcome: str | None
    fragments: int = 0
    multiplier: int = 1
    postage: str | None = None
    lines: list[str | None] = field(default_factory=list)
    unsubscribe_url: str | None = None
    precompiled: bool = False
    position: int = 0


@dataclass(frozen=True, slots=True)
class ReceivedText:
    id: str
    service_id: str
    number: str
    message: str
    created_at: datetime


class Store:
    """Rows by id and by reference, and in order of arrival per service and kind of key."""

    def __init__(self, journal: Path | None = None) -> None:
        self.by_id: dict[str, Row] = {}
        self.by_reference: defaultdict[str, list[Row]] = defaultdict(list)
        self.texts: list[ReceivedText] = []
        self._in_order: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
        if journal and journal.exists():
            for row in _journalled(journal):
                self._keep(row)
        self._journal = journal.open("a", encoding="utf-8") if journal else None

    def add(self, row: Row) -> None:
        self._keep(row)
        if self._journal:
            self._journal.write(json.dumps(asdict(row), default=datetime.isoformat) + "\n")
            self._journal.flush()

    def _keep(self, row: Row) -> None:
        ordered = self._in_order[row.service_id, row.key_kind]
        row.position = len(ordered)
        ordered.append(row)
        self.by_id[row.id] = row
        if row.reference is not None:
            self.by_reference[row.reference].append(row)

    def newest_first(self, service_id: str, key_kind: str, reference: str | None, before: Row | None) -> Iterator[Row]:
        """Rows of one service and kind of key; `before` leaves out that row and all that came after it."""
        ordered = self._in_order[service_id, key_kind]
        end = len(ordered) if before is None else before.position
        if reference is None:
            return (ordered[position] for position in range(min(end, len(ordered)) - 1, -1, -1))
        same = reversed(self.by_reference.get(reference, []))
        return (row for row in same if (row.service_id, row.key_kind) == (service_id, key_kind) and row.position < end)

    def duplicates(self) -> dict[str, int]:
        """References that arrived more than once, with how often."""
        return {reference: len(rows) for reference, rows in self.by_reference.items() if len(rows) > 1}

    def close(self) -> None:
        if self._journal:
            self._journal.close()


def forgotten(row: Row, now: datetime, days: int) -> bool:
    return now - row.created_at > timedelta(days=days)


def _journalled(journal: Path) -> Iterator[Row]:
    """Whole lines only: a stop in the middle of a write leaves a last line that was never acknowledged."""
    for line in journal.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            said = json.loads(line)
            yield Row(**said | {"created_at": datetime.fromisoformat(said["created_at"])})
