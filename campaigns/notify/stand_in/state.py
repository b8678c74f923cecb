"""The stand-in as one thing: what it knows, what it keeps and how it tells."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from campaigns.notify.stand_in import shape, statuses
from campaigns.notify.stand_in.auth import Authenticator
from campaigns.notify.stand_in.faults import Faults
from campaigns.notify.stand_in.limits import Limits
from campaigns.notify.stand_in.receipts import Call, ReceiptSender
from campaigns.notify.stand_in.seed import Key, Seed, Service
from campaigns.notify.stand_in.sending import accept, is_simulated, settle_outcome
from campaigns.notify.stand_in.store import ReceivedText, Row, Store, forgotten
from engage.foundation.clock import Clock, ShiftedClock, SystemClock
from engage.foundation.errors import InputRefused


class State:
    """`clock` rules messages and limits; `epoch` is real time, by which tokens are judged."""

    def __init__(
        self,
        seed: Seed,
        journal: Path | None = None,
        receipts_url: str | None = None,
        texts_url: str | None = None,
        receipts_token: str | None = None,
        clock: Clock | None = None,
        epoch: Callable[[], float] = time.time,
    ) -> None:
        self.seed = seed
        self.clock: Clock = clock or SystemClock()
        self.store = Store(journal)
        self.limits = Limits()
        self.faults = Faults()
        self.doorkeeper = Authenticator(seed.services, epoch)
        self.courier = ReceiptSender(self.now, receipts_token)
        self.simulated = 0
        self._receipts_url = receipts_url
        self._texts_url = texts_url

    def now(self) -> datetime:
        return self.clock.now()

    def answer_at(self, base_url: str) -> None:
        """Links name the address at which the stand-in answers."""
        self.seed = replace(self.seed, base_url=base_url)

    def take(self, service: Service, key: Key, channel: str, raw: Any) -> tuple[Row, dict[str, Any]]:
        """Accept a message: its row and the answer to give."""
        now = self.now()
        asked, row, written = accept(self.seed, service, key, channel, raw, now)
        settle_outcome(row, self.faults)
        answer = shape.accepted(asked, row, written)
        if is_simulated(row):
            self.simulated += 1
        else:
            self.limits.count(service, key.kind, channel, now)
            self.store.add(row)
        return row, answer

    def receipt_calls(self, row: Row) -> list[tuple[datetime, Call]]:
        """The receipts a row will cause and when they are due, by the mode ordered; none for letters."""
        mode = self.faults.receipts
        if self._receipts_url is None or row.type == "letter" or mode == "never" or row.id not in self.store.by_id:
            return []
        _, done_at, outcome = statuses.plan(row)
        if outcome in {"technical-failure", "sent", "pending"}:
            return []
        call = Call(self._receipts_url, shape.receipt(row, done_at))
        if mode == "late":
            done_at = datetime.fromtimestamp(done_at.timestamp() + self.faults.late_seconds, done_at.tzinfo)
        return [(done_at, call)] * (2 if mode == "twice" else 1)

    def row(self, service: Service, notification_id: str) -> Row | None:
        row = self.store.by_id.get(notification_id)
        if row is None or row.service_id != service.id or self.is_forgotten(row, service):
            return None
        return row

    def is_forgotten(self, row: Row, service: Service) -> bool:
        return forgotten(row, self.now(), service.retention_days)

    def receive_text(self, number: str, message: str, service_id: str) -> ReceivedText:
        text = ReceivedText(str(uuid4()), service_id, number, message, self.now())
        self.store.texts.append(text)
        if self._texts_url:
            self.courier.later(text.created_at, Call(self._texts_url, shape.text_callback(text)))
        return text

    def change_service(self, said: Any) -> None:
        """`name`, `prefix_sms`, `restricted` (trial mode), `archived` (as a suspended one answers), `permissions`, and
        `deleted` templates, of the first service or that of `service_id`."""
        fields = {"name": str, "prefix_sms": bool, "restricted": bool, "archived": bool, "permissions": list}
        others = {"service_id", "deleted"}
        if not isinstance(said, dict) or (wrong := set(said) - set(fields) - others):
            raise InputRefused(f"A service takes {', '.join([*fields, *others])}, not {min(wrong, default=said)}.")
        service = self.seed.services[said.get("service_id", next(iter(self.seed.services)))]
        for name, kind in fields.items():
            if name in said:
                setattr(service, name, frozenset(said[name]) if kind is list else kind(said[name]))
        for template_id in said.get("deleted", []):
            service.delete(template_id)

    def move_clock(self, now: datetime) -> None:
        """Go on ticking from another moment."""
        self.clock = ShiftedClock(now)
        self.courier.clock_moved()

    def summary(self) -> dict[str, Any]:
        """Totals by type and status, and which references arrived more than once."""
        now = self.now()
        by_type: dict[str, dict[str, int]] = {}
        for row in list(self.store.by_id.values()):
            counts = by_type.setdefault(row.type, {})
            shown = statuses.state(row, now).shown
            counts[shown] = counts.get(shown, 0) + 1
        duplicates = self.store.duplicates()
        return {
            "now": now.isoformat(),
            "total": len(self.store.by_id),
            "references": len(self.store.by_reference),
            "simulated": self.simulated,
            "by_type": by_type,
            "duplicates": duplicates,
        }

    def close(self) -> None:
        self.courier.stop()
        self.store.close()
