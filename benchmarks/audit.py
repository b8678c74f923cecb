"""How long a whole look at the audit log takes, beside bare HMACs of the same entries, and in how much memory.

    python benchmarks/audit.py [--entries 1000000] [--database-url URL]

The log lies in a folder of its own, gone at the end, unless a database is named, which must be empty. Seconds are those
of one core. Exit code 1 where a million entries would take more than 20 of them, or the look of a page more than 0.2.
"""

import argparse
import hmac
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlmodel import SQLModel

from engage.foundation import audit, data_keys
from engage.foundation.office import Office
from engage.foundation.settings import Settings

COUNCIL = "E07000193"
START = datetime(2026, 6, 1, 9, tzinfo=UTC)
AT_ONCE = 10_000
MOST, MOST_OF_PAGE = 20.0, 0.2  # seconds: of a million entries, and of what a page looks at


def fill(office: Office, entries: int) -> None:
    """As `audit.record` chains them, of the length that an import has, without a transaction for each."""
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.bulk() as session:
        audit.record(session, authority=COUNCIL, at=START, actor="officer 1", act="open authority", subject=COUNCIL)
        key = data_keys.audit_key(session)
        assert key
        head = session.get_one(audit.AuditHead, COUNCIL)
        for first in range(2, entries + 1, AT_ONCE):
            rows = list(_entries(first, min(first + AT_ONCE, entries + 1), head.digest, key))
            session.execute(insert(audit.ENTRIES), rows)
            head.number, head.digest = rows[-1]["number"], rows[-1]["digest"]
        head.seal = audit.seal_of_head(head, key)  # as `record` leaves it
        session.add(head)


def _entries(first: int, end: int, previous: str, key: str) -> Iterator[dict[str, Any]]:
    for number in range(first, end):
        entry = audit.AuditEntry(
            authority=COUNCIL, number=number, at=START + timedelta(seconds=number), actor="officer 12", act="import",
            subject="register", detail={"snapshot": number, "rows_read": 80_000, "blake3": "0" * 64},
            previous=previous, digest="",
        )  # fmt: skip
        entry.digest = previous = audit.digest(audit.said(entry), key)
        yield entry.model_dump(exclude={"id"})


def bare(entries: int) -> float:
    """Seconds for the HMACs alone, each over as many bytes as an entry has."""
    content = b"x" * 330
    begun = time.process_time()
    for _ in range(entries):
        hmac.digest(b"k" * 44, content, "sha256").hex()
    return time.process_time() - begun


def measure(office: Office, entries: int) -> dict[str, float]:
    alone = bare(entries)
    begun, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    verdict = audit.verify_all(office.database, COUNCIL, START)
    whole = time.process_time() - begun
    assert verdict.intact, verdict.message
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    begun = time.process_time()
    assert audit.follow(office.database, COUNCIL, START).checked == entries
    looked = time.process_time() - begun
    return {"whole": whole, "bare": alone, "ratio": whole / alone, "look": looked, "grown_mb": grown / 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--database-url", default="")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Settings(home=Path(folder), database_url=asked.database_url))
        fill(office, asked.entries)
        found = measure(office, asked.entries)
        office.close()
    print(f"{asked.entries:,} entries: " + ", ".join(f"{name} {value:.3f}" for name, value in found.items()))
    sys.exit(found["whole"] * 1e6 / asked.entries > MOST or found["look"] > MOST_OF_PAGE)


if __name__ == "__main__":
    main()
