"""How much a key may ask: a token bucket per service and kind of key, and a count per day."""

from collections import defaultdict
from datetime import datetime
from math import ceil

from campaigns.notify.stand_in.problem import Problem
from campaigns.notify.stand_in.seed import Service

_SHOWN_AS = {"normal": "LIVE", "team": "TEAM", "test": "TEST"}


class Bucket:
    """Rejected requests cost a token as well, and a request needs two to be there, so hammering starves the sender."""

    def __init__(self, per_minute: int, now: datetime) -> None:
        self._capacity = float(min(ceil(per_minute / 3) + 1, 1000))
        self._per_second = per_minute / 60
        self._at = now
        self.tokens = self._capacity

    def take(self, now: datetime) -> bool:
        elapsed = max((now - self._at).total_seconds(), 0)
        self._at = now
        filled = min(self._capacity, self.tokens + elapsed * self._per_second)
        self.tokens = max(filled - 1, 0)
        return filled >= 2


class Limits:
    def __init__(self) -> None:
        self.buckets: dict[tuple[str, str], Bucket] = {}
        self._sent: defaultdict[tuple[str, str, str], int] = defaultdict(int)

    def check(self, service: Service, key_kind: str, channel: str, now: datetime) -> None:
        """Raise the Problem of a request that comes too fast or too late in the day."""
        bucket = self.buckets.setdefault((service.id, key_kind), Bucket(service.rate_limit, now))
        if not bucket.take(now):
            raise Problem(429, ("RateLimitError", rate_message(service, key_kind)))
        if key_kind == "test" or channel not in service.daily_limits:
            return
        limit = service.daily_limits[channel]
        if self._sent[service.id, channel, _day(now)] >= limit:
            raise Problem(429, ("TooManyRequestsError", f"Exceeded send limits ({channel}: {limit}) for today"))

    def count(self, service: Service, key_kind: str, channel: str, now: datetime) -> None:
        """Only what was accepted counts towards the day; live and team keys share it, test keys are free."""
        if key_kind != "test":
            self._sent[service.id, channel, _day(now)] += 1


def rate_message(service: Service, key_kind: str) -> str:
    shown = _SHOWN_AS[key_kind]
    return f"Exceeded rate limit for key type {shown} of {service.rate_limit} requests per 60 seconds"


def _day(now: datetime) -> str:
    return f"{now:%Y-%m-%d}"
