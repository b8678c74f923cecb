"""Faults to order: each is spent a number of times, or strikes with a chance drawn from a seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from engage.foundation.errors import InputRefused

KINDS = (
    "storm",  # 429 before anything else is looked at
    "error_before",  # 500, nothing stored
    "drop_before",  # the connection is dropped, nothing stored
    "delay",  # stored, then answered only after `seconds`
    "drop_after",  # stored, then the connection is dropped
    "error_after",  # stored, then 500
    "unreadable",  # stored, then a 201 that is not JSON
    "intermediary",  # an HTML error page with `status`, nothing stored
)
RECEIPTS = ("normal", "first", "late", "twice", "never")


@dataclass(slots=True)
class Fault:
    count: int = 0
    probability: float = 0.0
    seconds: float = 1.0
    status: int = 400


class Faults:
    """`outcomes` are shares of messages that end in a status other than delivered; "silent" never ends."""

    def __init__(self) -> None:
        self.set({})

    def set(self, said: Mapping[str, Any]) -> None:
        """Replace all faults: each kind with count or probability (seconds, status); receipts; outcomes; seed."""
        others = {"receipts", "receipts_late_seconds", "outcomes", "seed"}
        if unknown := set(said) - set(KINDS) - others:
            raise InputRefused(f"Unknown fault {min(unknown)}: expected one of {', '.join(KINDS)}.")
        if (receipts := said.get("receipts", "normal")) not in RECEIPTS:
            raise InputRefused(f"Unknown receipts {receipts}: expected one of {', '.join(RECEIPTS)}.")
        try:
            self._faults = {kind: Fault(**said[kind]) for kind in KINDS if kind in said}
        except TypeError as error:
            raise InputRefused(f"A fault takes count, probability, seconds and status: {error}.") from error
        self.receipts: str = receipts
        self.late_seconds = float(said.get("receipts_late_seconds", 60))
        self.outcomes: dict[str, float] = dict(said.get("outcomes", {}))
        self._random = Random(said.get("seed", 0))  # noqa: S311 - faults to order, not secrets  # nosec B311

    def strikes(self, kind: str) -> Fault | None:
        """The fault if it strikes now; one of its count is then spent."""
        fault = self._faults.get(kind)
        if fault is None:
            return None
        if fault.count > 0:
            fault.count -= 1
            return fault
        return fault if fault.probability and self._random.random() < fault.probability else None

    def outcome(self) -> str | None:
        """How the next live message ends."""
        drawn = self._random.random() if self.outcomes else 1.0
        for outcome, share in self.outcomes.items():
            if drawn < share:
                return None if outcome == "silent" else outcome
            drawn -= share
        return "delivered"
