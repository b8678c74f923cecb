"""The audit log: every act that changes something or reads personal data, chained, without personal data.

Each entry is an HMAC of what it says and of the entry before it, by a key of the log's own, so that whoever writes to
the database without that key can neither change, exchange nor remove one, nor cut the end off. Whoever has the key, or
puts an earlier copy back, is found by an anchor kept elsewhere (`engage.deployment.anchors`). Entries of before there
was a key are chained by plain SHA-256, and held by the first keyed entry, which follows the last of them.
"""

from engage.foundation.audit.entries import (
    APPEND_ONLY,
    CHANGEABLE,
    ENTRIES,
    GENESIS,
    SERVICE,
    AuditChecked,
    AuditEntry,
    AuditHead,
    digest,
    said,
    seal_of_head,
)
from engage.foundation.audit.log import because, export, record
from engage.foundation.audit.verification import (
    AT_ONCE,
    LOST,
    NOT_SEALED,
    Point,
    Verdict,
    chains,
    end_of,
    follow,
    of_nobody,
    point,
    seal_earlier,
    unsound,
    verify,
    verify_all,
)

__all__ = [
    "APPEND_ONLY",
    "AT_ONCE",
    "CHANGEABLE",
    "ENTRIES",
    "GENESIS",
    "LOST",
    "NOT_SEALED",
    "SERVICE",
    "AuditChecked",
    "AuditEntry",
    "AuditHead",
    "Point",
    "Verdict",
    "because",
    "chains",
    "digest",
    "end_of",
    "export",
    "follow",
    "of_nobody",
    "point",
    "record",
    "said",
    "seal_earlier",
    "seal_of_head",
    "unsound",
    "verify",
    "verify_all",
]
