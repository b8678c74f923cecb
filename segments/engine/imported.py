"""What must be imported before anything is worked out of it. Apart from the engine, which it does without."""

from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot


def needed(snapshot: Snapshot | None, kind: str) -> Snapshot:
    """The snapshot, or a sentence that says what to import first."""
    if snapshot is None:
        by_command = f"engage import {kind} FILE --authority CODE --as-at DATE"
        raise InputRefused(f"There is no {kind} yet. Import one first.", by_command=by_command)
    return snapshot
