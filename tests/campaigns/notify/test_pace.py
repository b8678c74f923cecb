import threading
from itertools import pairwise

import pytest

from campaigns.notify.pace import Pacer


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_calls_are_spaced_evenly() -> None:
    time = Time()
    pacer = Pacer(40, time.monotonic, time.sleep)
    passed = []
    for _ in range(81):
        pacer.wait()
        passed.append(time.now)
    assert passed[-1] == pytest.approx(2.0)
    assert all(later - earlier == pytest.approx(1 / 40) for earlier, later in pairwise(passed))


def test_an_idle_spell_is_not_made_good_by_a_burst() -> None:
    time = Time()
    pacer = Pacer(40, time.monotonic, time.sleep)
    time.sleep(60)
    for _ in range(40):
        pacer.wait()
    assert time.now == pytest.approx(60 + 38 / 40)


def test_a_pause_holds_everyone() -> None:
    time = Time()
    pacer = Pacer(40, time.monotonic, time.sleep)
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

    pacer = Pacer(40, time.monotonic, sleep)
    pacer.wait()
    pacer.wait()
    assert time.now == pytest.approx(5)


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
