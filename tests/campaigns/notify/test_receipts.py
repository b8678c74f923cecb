"""Delivery receipts and received texts, as Notify posts them."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from campaigns.notify.client import GovukNotify
from campaigns.notify.stand_in import Running, running
from engage.foundation.clock import SteppedClock
from tests.campaigns.notify.reminders import KEYS, SEED, email, letter

MONDAY = datetime(2027, 3, 1, 9, tzinfo=UTC)
TOKEN = "receipts-token"


@dataclass
class Endpoint:
    """A council's endpoint: what it was sent, and what it answers next (200 when nothing is ordered)."""

    url: str = ""
    got: list[tuple[str, str | None, dict[str, Any]]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def take(self, path: str, authorization: str | None, body: dict[str, Any]) -> int:
        with self.arrived:
            self.got.append((path, authorization, body))
            self.arrived.notify_all()
            return self.answers.pop(0) if self.answers else 200

    def wait_for(self, number: int) -> list[dict[str, Any]]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.got) >= number, timeout=5), f"{len(self.got)} of {number}"
            return [body for _, _, body in self.got]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    told = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(told.take(self.path, self.headers["Authorization"], body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Rehearsal:
    stand_in: Running
    notify: GovukNotify
    clock: SteppedClock

    def advance(self, **by: float) -> None:
        self.clock.advance(timedelta(**by))
        self.stand_in.state.courier.clock_moved()


@pytest.fixture
def rehearsal(endpoint: Endpoint) -> Iterator[Rehearsal]:
    clock = SteppedClock(MONDAY)
    urls = {"receipts_url": f"{endpoint.url}/notify/receipts", "texts_url": f"{endpoint.url}/notify/received-texts"}
    with running(SEED, clock=clock, receipts_token=TOKEN, **urls) as stand_in:
        yield Rehearsal(stand_in, GovukNotify(KEYS["normal"], stand_in.base_url), clock)


def test_a_receipt_comes_when_the_message_has_ended(rehearsal: Rehearsal, endpoint: Endpoint) -> None:
    accepted = rehearsal.notify.send(email("m1", "resident@example.org"))
    assert endpoint.got == []
    rehearsal.advance(seconds=2)
    (body,) = endpoint.wait_for(1)
    assert endpoint.got[0][:2] == ("/notify/receipts", f"Bearer {TOKEN}")
    assert body == {
        "id": accepted.notification_id,
        "reference": "m1",
        "to": "resident@example.org",
        "status": "delivered",
        "created_at": "2027-03-01T09:00:00.000000Z",
        "sent_at": "2027-03-01T09:00:00.050000Z",
        "completed_at": "2027-03-01T09:00:01.000000Z",
        "notification_type": "email",
        "template_id": rehearsal.notify.find("m1")[0].template_id,
        "template_version": 1,
    }


def test_a_receipt_may_come_before_the_answer(rehearsal: Rehearsal, endpoint: Endpoint) -> None:
    rehearsal.stand_in.state.faults.set({"receipts": "first", "drop_after": {"count": 1}})
    with pytest.raises(Exception, match="ConnectionError"):
        rehearsal.notify.send(email("m1"))
    assert [body["reference"] for _, _, body in endpoint.got] == ["m1"]


def test_a_receipt_may_come_late(rehearsal: Rehearsal, endpoint: Endpoint) -> None:
    rehearsal.stand_in.state.faults.set({"receipts": "late", "receipts_late_seconds": 3600})
    rehearsal.notify.send(email("late"))
    rehearsal.stand_in.state.faults.set({})
    rehearsal.notify.send(email("in time"))
    rehearsal.advance(seconds=10)
    assert [body["reference"] for body in endpoint.wait_for(1)] == ["in time"]
    rehearsal.advance(seconds=3600)
    assert [body["reference"] for body in endpoint.wait_for(2)] == ["in time", "late"]


def test_a_receipt_may_come_twice_and_is_the_same(rehearsal: Rehearsal, endpoint: Endpoint) -> None:
    rehearsal.stand_in.state.faults.set({"receipts": "twice"})
    rehearsal.notify.send(email())
    rehearsal.advance(seconds=2)
    first, second = endpoint.wait_for(2)
    assert first == second


def test_letters_and_ordered_silence_have_no_receipt(rehearsal: Rehearsal, endpoint: Endpoint) -> None:
    rehearsal.stand_in.state.faults.set({"receipts": "never"})
    rehearsal.notify.send(email("silent"))
    rehearsal.stand_in.state.faults.set({})
    rehearsal.notify.send(letter("letter"))
    rehearsal.notify.send(email("simulated", "simulate-delivered@notifications.service.gov.uk"))
    rehearsal.notify.send(email("told"))
    rehearsal.advance(days=6)
    assert [body["reference"] for body in endpoint.wait_for(1)] == ["told"]
    assert rehearsal.stand_in.state.courier._due == []


@pytest.mark.parametrize("refusal", [500, 503, 429])
def test_a_busy_endpoint_is_tried_again_every_five_minutes(
    rehearsal: Rehearsal, endpoint: Endpoint, refusal: int
) -> None:
    endpoint.answers = [refusal, refusal]
    rehearsal.notify.send(email())
    rehearsal.advance(seconds=2)
    endpoint.wait_for(1)
    for attempt in (2, 3):
        wait_until_due_again(rehearsal)
        rehearsal.advance(seconds=301)
        bodies = endpoint.wait_for(attempt)
    assert bodies[0] == bodies[1] == bodies[2]


def wait_until_due_again(rehearsal: Rehearsal) -> None:
    """The retry is noted a moment after the endpoint has answered."""
    for _ in range(500):
        if rehearsal.stand_in.state.courier._due:
            return
        threading.Event().wait(0.01)
    raise AssertionError("no retry was noted")


def test_six_attempts_are_the_last(rehearsal: Rehearsal, endpoint: Endpoint) -> None:
    endpoint.answers = [500] * 10
    rehearsal.notify.send(email("unlucky"))
    rehearsal.advance(seconds=2)
    endpoint.wait_for(1)
    for attempt in range(2, 7):
        wait_until_due_again(rehearsal)
        rehearsal.advance(seconds=301)
        endpoint.wait_for(attempt)
    endpoint.answers = []
    rehearsal.notify.send(email("after"))
    rehearsal.advance(hours=1)
    assert [body["reference"] for body in endpoint.wait_for(7)] == ["unlucky"] * 6 + ["after"]


@pytest.mark.parametrize("refusal", [400, 401, 404])
def test_a_refused_receipt_is_dropped_for_good(rehearsal: Rehearsal, endpoint: Endpoint, refusal: int) -> None:
    endpoint.answers = [refusal]
    rehearsal.notify.send(email("dropped"))
    rehearsal.advance(seconds=2)
    endpoint.wait_for(1)
    rehearsal.notify.send(email("after"))
    rehearsal.advance(hours=1)
    assert [body["reference"] for body in endpoint.wait_for(2)] == ["dropped", "after"]


def test_a_text_that_came_back_is_told(rehearsal: Rehearsal, endpoint: Endpoint) -> None:
    service_id = SEED["services"]["demo"]["id"]
    rehearsal.stand_in.state.receive_text("447700900123", "STOP", service_id)
    (body,) = endpoint.wait_for(1)
    assert endpoint.got[0][:2] == ("/notify/received-texts", f"Bearer {TOKEN}")
    assert (body["source_number"], body["message"], body["date_received"]) == (
        "447700900123",
        "STOP",
        "2027-03-01T09:00:00.000000Z",
    )
