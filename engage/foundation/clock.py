"""The time, injected: law and outcome windows hang on dates, so nothing else may ask the machine for them."""

from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
EARLIEST_YEAR = 1900  # before it, two digits were meant: 0026 is nobody's year


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, in UTC, with its time zone."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SteppedClock:
    """Stands still until it is moved: for the demo and for tests."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def move_to(self, moment: datetime) -> None:
        self._now = moment.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        self._now += by


class ShiftedClock:
    """Ticks like the machine's clock from another starting moment: for rehearsals in a separate process."""

    def __init__(self, start: datetime) -> None:
        self._shift = start.astimezone(UTC) - datetime.now(UTC)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._shift


def by_machine(clock: Clock) -> datetime:
    """What other machines take the time to be, in a rehearsal too: an app's codes and a provider's words follow it."""
    return datetime.now(UTC) if isinstance(clock, ShiftedClock) else clock.now()


def london(moment: datetime) -> datetime:
    """Quiet hours, deadlines and letters' print runs are in the local time of the United Kingdom."""
    return moment.astimezone(LONDON)


def read_day(text: str) -> date:
    """A day as 2026-06-03; ValueError for anything else, such as a year of two digits, be it written as 0026."""
    day = date.fromisoformat(text)
    if day.year < EARLIEST_YEAR:
        msg = f"the year is {day.year}"
        raise ValueError(msg)
    return day


def today(clock: Clock) -> date:
    return london(clock.now()).date()


def at_london(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LONDON).astimezone(UTC)
