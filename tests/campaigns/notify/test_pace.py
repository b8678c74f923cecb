import threading
from itertools import pairwise

import pytest

from campaigns.notify.pace import BLOCK, CREDIT, OwnBook, Pacer


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def pacer_at(time: Time, rate: float = 40) -> Pacer:
    return Pacer(rate, OwnBook(time.monotonic), time.monotonic, time.sleep)


def test_calls_are_spaced_evenly() -> None:
    time = Time()
    pacer = pacer_at(time)
    passed = []
    for _ in range(81):
        assert pacer.wait()
        passed.append(time.now)
    assert passed[-1] == pytest.approx(2.0)
    assert all(later - earlier == pytest.approx(1 / 40) for earlier, later in pairwise(passed))


def test_an_idle_spell_is_not_made_good_by_a_burst() -> None:
    time = Time()
    pacer = pacer_at(time)
    time.sleep(60)
    for _ in range(40):
        pacer.wait()
    assert time.now == pytest.approx(60 + 39 / 40)


def test_a_short_stall_costs_no_pace() -> None:
    time = Time()
    pacer = pacer_at(time)
    for _ in range(400):
        pacer.wait()
        if time.now > 3 and time.now < 3.03:
            time.sleep(CREDIT * 0.9)  # a slow commit
    assert time.now == pytest.approx(399 / 40)


def test_never_more_than_the_pace_and_one_stall_whatever_the_stalls() -> None:
    time = Time()
    pacer = pacer_at(time)
    passed = []
    for number in range(600):
        pacer.wait()
        passed.append(time.now)
        if number % 37 == 0:
            time.sleep((number % 5) * 0.7)
    for start, end in ((a, b) for a in passed[::29] for b in passed[::31] if b > a):
        sent = sum(start <= moment <= end for moment in passed)
        assert sent <= (end - start + CREDIT + BLOCK) * 40 + 1


def test_a_pause_holds_everyone() -> None:
    time = Time()
    pacer = pacer_at(time)
    pacer.wait()
    pacer.pause(2)
    pacer.pause(1)
    pacer.wait()
    assert time.now == pytest.approx(2)


def test_a_pause_also_holds_those_already_waiting() -> None:
    time = Time()

    def sleep(seconds: float) -> None:
        if time.now == 0:
            pacer.pause(5)
        time.sleep(seconds)

    pacer = Pacer(40, OwnBook(time.monotonic), time.monotonic, sleep)
    pacer.wait()
    pacer.wait()
    assert time.now == pytest.approx(5)


def test_who_waits_is_called_off() -> None:
    time = Time()
    pacer = pacer_at(time, rate=0.1)
    assert pacer.wait()
    assert not pacer.wait(lambda: time.now > 0.5)
    assert time.now < 1, "long before the slot came"


def test_a_clock_set_back_holds_nobody() -> None:
    time = Time()
    time.now = 100_000.0
    pacer = pacer_at(time, rate=2)
    pacer.wait()
    time.now = 0.0
    pacer._slots.clear()
    pacer.wait()
    assert time.now < 2


def test_threads_share_one_pace() -> None:
    pacer = Pacer(400)
    passed: list[int] = []

    def work() -> None:
        for number in range(10):
            pacer.wait()
            passed.append(number)

    started = pacer._monotonic()
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 40
    assert pacer._monotonic() - started >= 38 / 400
