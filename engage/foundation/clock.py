"""The time, injected: law and outcome windows hang on dates, so nothing else may ask the machine for them."""

from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


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


def london(moment: datetime) -> datetime:
    """Quiet hours, deadlines and letters' print runs are in the local time of the United Kingdom."""
    return moment.astimezone(LONDON)


def today(clock: Clock) -> date:
    return london(clock.now()).date()


def at_london(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LONDON).astimezone(UTC)
