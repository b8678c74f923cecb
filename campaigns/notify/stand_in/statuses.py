"""What becomes of a message as time passes, by the statuses and timings of Notify."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

from campaigns.notify.stand_in.store import Row
from engage.foundation.clock import LONDON

TO_SENDING = timedelta(milliseconds=50)
TO_OUTCOME = timedelta(seconds=1)
# Test keys reach no network.
TO_TEST_OUTCOME = timedelta(milliseconds=70)
GIVEN_UP = timedelta(hours=72)
PRINT_RUN = time(17, 30)

FAILED = (
    "technical-failure",
    "temporary-failure",
    "permanent-failure",
    "validation-failed",
    "virus-scan-failed",
    "returned-letter",
)
ALL = ("created", "sending", "sent", "delivered", "pending", "cancelled", "pending-virus-check", *FAILED)
_LETTER_WORDS = {"created": "accepted", "sending": "accepted", "delivered": "received", "returned-letter": "received"}
_GROUPS = {"failed": FAILED, "accepted": ("created", "sending"), "received": ("delivered",)}


@dataclass(frozen=True, slots=True)
class State:
    """`status` as in Notify's database; `shown` as its API words it."""

    status: str
    shown: str
    sent_at: datetime | None
    completed_at: datetime | None


def state(row: Row, now: datetime) -> State:
    sending_at, done_at, outcome = plan(row)
    if now >= done_at:
        status, sent, done = outcome, sending_at, None if outcome == "virus-scan-failed" else done_at
    elif now >= sending_at:
        status, sent, done = "sending", sending_at, None
    else:
        status, sent, done = ("pending-virus-check" if row.precompiled else "created"), None, None
    shown = _LETTER_WORDS.get(status, status) if row.type == "letter" else status
    never_sent = row.type == "letter" and (row.key_kind == "test" or outcome == "validation-failed")
    return State(status, shown, None if never_sent else sent, done)


def plan(row: Row) -> tuple[datetime, datetime, str]:
    """When the message goes out, when it ends, and how."""
    start = row.created_at
    if row.type == "letter" and row.key_kind != "test" and row.outcome != "validation-failed":
        printed = print_run(start)
        return printed, next_working_day(printed), row.outcome or "delivered"
    if row.outcome is None:
        return start + TO_SENDING, start + GIVEN_UP, "temporary-failure"
    pause = TO_TEST_OUTCOME if row.key_kind == "test" else TO_OUTCOME
    return start + TO_SENDING, start + pause, row.outcome


@lru_cache(maxsize=4096)
def print_run(moment: datetime) -> datetime:
    """Letters print at 17:30 in the United Kingdom."""
    local = moment.astimezone(LONDON)
    run = datetime.combine(local.date(), PRINT_RUN, LONDON)
    return (run if local <= run else run + timedelta(days=1)).astimezone(UTC)


def next_working_day(moment: datetime) -> datetime:
    day = moment + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


def wanted(statuses: list[str]) -> frozenset[str]:
    """Statuses of the database that a list of asked-for statuses stands for."""
    return frozenset(status for asked in statuses for status in _GROUPS.get(asked, (asked,)))


_TEST_ENDINGS = {"7700900002": "permanent-failure", "7700900003": "temporary-failure"}
_TEST_ADDRESSES = {"perm-fail@simulator.notify": "permanent-failure", "temp-fail@simulator.notify": "temporary-failure"}
_SIMULATED_NUMBERS = frozenset({"447700900000", "447700900111", "447700900222"})
_SIMULATED_ADDRESSES = frozenset(
    f"simulate-delivered{suffix}@notifications.service.gov.uk" for suffix in ("", "-2", "-3")
)
SIMULATED = _SIMULATED_NUMBERS | _SIMULATED_ADDRESSES


def test_outcome(channel: str, written: str, normalised: str) -> str:
    """How a message made with a test key ends: some recipients fail, so that callers can see it."""
    if channel == "sms":
        return _TEST_ENDINGS.get(normalised[-10:], "delivered")
    return _TEST_ADDRESSES.get(written, "delivered")
