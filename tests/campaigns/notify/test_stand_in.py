"""The stand-in against the recorded behaviour of the real service."""

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
import requests

from campaigns.notify.client import GovukNotify
from campaigns.notify.errors import NotFound
from campaigns.notify.stand_in import Running, default_seed, running, serve
from campaigns.notify.stand_in.limits import Bucket
from campaigns.notify.stand_in.seed import load_seed
from campaigns.notify.text import check_sms
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused
from tests.campaigns.notify.reminders import KEYS, SEED, TEMPLATES, VALUES, email, letter, sms

MONDAY = datetime(2027, 3, 1, 9, tzinfo=UTC)
SERVICE = SEED["services"]["demo"]["id"]


# The first was recorded without a token, which the tool adds; of the second the tool has a part of the body alone.
NOT_TO_BE_REPLAYED = {"030-routing-unauth-unknown-type.json", "186-email-error-too-big.json"}


def test_recorded_exchanges_agree(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded = shared / "notify" / "recorded"
    with running(recorded / "seed.json") as stand_in:
        command = [sys.executable, shared / "tools" / "replay_notify.py", stand_in.base_url, recorded, "-v"]
        replay = subprocess.run(command, capture_output=True, text=True, check=False)
    score = re.search(r"agree (\d+) of (\d+)", replay.stdout)
    assert score, replay.stderr
    with capsys.disabled():
        print("\n" + score[0])  # noqa: T201 - the score is worth seeing in every run
    assert int(score[2]) - int(score[1]) <= len(NOT_TO_BE_REPLAYED), replay.stdout
    differ = re.search(r"differ: (.*)", replay.stdout)
    assert set(differ[1].split() if differ else []) <= NOT_TO_BE_REPLAYED, replay.stdout


def post(stand_in: Running, kind: str = "email", header: str | None = "", **said: Any) -> requests.Response:
    body = {"email_address": "a@example.org", "template_id": TEMPLATES["email_reminder_en"], "personalisation": VALUES}
    headers = {} if header is None else {"Authorization": header or f"Bearer {token()}"}
    return requests.post(f"{stand_in.base_url}/v2/notifications/{kind}", json=body | said, headers=headers, timeout=5)


def token(secret: str = KEYS["normal"][-36:], algorithm: str = "HS256", **claims: Any) -> str:
    default = {"iss": SERVICE, "iat": int(time.time())} | claims
    claims = {name: value for name, value in default.items() if value is not None}
    return jwt.api_jws.encode(json.dumps(claims).encode(), secret, algorithm, headers={"typ": "JWT"})


MALFORMED = "make sure your API token matches the example"
CLOCK = "Error: Your system clock must be accurate to within 30 seconds"


@pytest.mark.parametrize(
    ("header", "status", "message"),
    [
        (lambda: None, 401, "Unauthorized: authentication token must be provided"),
        (lambda: "Basic abc", 401, "authentication bearer scheme must be used"),
        (lambda: "Bearer ", 401, "authentication bearer scheme must be used"),
        (lambda: "Bearer not.a.jwt", 403, MALFORMED),
        (lambda: f"Bearer {token(iss=None)}", 403, "Invalid token: iss field not provided"),
        (lambda: f"Bearer {token(iss='abc')}", 403, "service id is not the right data type"),
        (lambda: f"Bearer {token(iss=123)}", 403, "service id is not the right data type"),
        (lambda: f"Bearer {token(iss=str(uuid4()))}", 403, "Invalid token: service not found"),
        (lambda: f"Bearer {token(secret=str(uuid4()))}", 403, "Invalid token: API key not found"),
        (lambda: f"Bearer {token(iat=None)}", 403, "Invalid token: API key not found"),
        (lambda: f"Bearer {token(iat=int(time.time()) - 60)}", 403, CLOCK),
        (lambda: f"Bearer {token(iat=int(time.time()) + 60)}", 403, CLOCK),
        (lambda: f"Bearer {token(iat='abc')}", 403, CLOCK),
        (lambda: f"Bearer {token(secret='s' * 64, algorithm='HS512')}", 403, "algorithm used is not HS256"),
        (lambda: f"Bearer {token(aud='x')}", 403, MALFORMED),
        (lambda: f"Bearer {token(exp=int(time.time()) - 60)}", 403, MALFORMED),
        (lambda: f"bearer {token(iat=int(time.time()) - 25)}", 201, ""),
        (lambda: f"Bearer {token(iat=int(time.time()) + 25)}", 201, ""),
    ],
)
def test_tokens(stand_in: Running, header: Callable[[], str | None], status: int, message: str) -> None:
    answer = post(stand_in, header=header())
    assert answer.status_code == status
    assert message in answer.text
    assert status == 201 or answer.json()["errors"][0]["error"] == "AuthError"


def test_a_token_may_be_used_again_until_it_is_too_old() -> None:
    now = [time.time()]
    with running(SEED, epoch=lambda: now[0]) as stand_in:
        header = f"Bearer {token(iat=int(now[0]))}"
        assert [post(stand_in, header=header).status_code for _ in range(2)] == [201, 201]
        now[0] += 32
        assert CLOCK in post(stand_in, header=header).text


@pytest.mark.parametrize(
    ("said", "messages"),
    [
        ({"reference": None}, ["reference None is not of type string"]),
        ({"reference": "r" * 1001}, ["reference " + "r" * 1001 + " is too long"]),
        ({"foo": 1, "bar": 2}, ["Additional properties are not allowed (bar, foo were unexpected)"]),
        (
            {"template_id": "abc", "personalisation": []},
            ["template_id is not a valid UUID", "personalisation [] is not of type object"],
        ),
        ({"one_click_unsubscribe_url": "http://example.org"}, ["one_click_unsubscribe_url is not a valid https url"]),
    ],
)
def test_all_faults_of_shape_are_told_together(stand_in: Running, said: dict[str, Any], messages: list[str]) -> None:
    answer = post(stand_in, **said)
    assert answer.status_code == 400
    assert sorted(each["message"] for each in answer.json()["errors"]) == sorted(messages)


@pytest.mark.parametrize(
    ("kind", "method", "status", "form"),
    [("fax", "POST", 500, "errors"), ("sms", "PUT", 405, "result"), ("email/x/y", "GET", 404, "result")],
)
def test_odd_routes(stand_in: Running, kind: str, method: str, status: int, form: str) -> None:
    url = f"{stand_in.base_url}/v2/notifications/{kind}"
    answer = requests.request(method, url, json={}, headers={"Authorization": f"Bearer {token()}"}, timeout=5)
    assert (answer.status_code, form in answer.json()) == (status, True)


def offer(bucket: Bucket, per_second: float, seconds: float, start: datetime) -> tuple[int, datetime]:
    """Requests evenly spaced: how many were let through, and when the last came."""
    moments = [start + timedelta(seconds=number / per_second) for number in range(round(per_second * seconds))]
    return sum(bucket.take(moment) for moment in moments), moments[-1]


def test_the_rate_limit_starves_who_hammers() -> None:
    """The recorded runs, each beginning with what the one before had left in the bucket."""
    bucket = Bucket(3000, MONDAY)
    burst, then = offer(bucket, 350, 25, MONDAY)
    assert burst == pytest.approx(1265, rel=0.1)
    paced, then = offer(bucket, 45, 15, then)
    assert paced == pytest.approx(672, abs=6)
    hasty, then = offer(bucket, 60, 15, then)
    assert hasty == pytest.approx(454, rel=0.1)
    hammered, _ = offer(bucket, 100, 15, then + timedelta(seconds=0.25))
    assert hammered == pytest.approx(22, abs=10)
    assert offer(Bucket(3000, MONDAY), 40, 60, MONDAY)[0] == 2400


def test_a_tiny_limit_lets_one_through_every_twenty_seconds() -> None:
    bucket = Bucket(3, MONDAY)
    assert [bucket.take(MONDAY), bucket.take(MONDAY)] == [True, False]
    bucket = Bucket(3, MONDAY)
    assert [bucket.take(MONDAY + timedelta(seconds=20 * number)) for number in range(4)] == [True] * 4


def test_limits_hold_per_kind_of_key_and_spare_questions() -> None:
    seed = json.loads(json.dumps(SEED))
    seed["services"]["demo"]["rate_limit"] = 3
    with running(seed, clock=SteppedClock(MONDAY)) as stand_in:
        test_header = f"Bearer {token(KEYS['test'][-36:])}"
        assert [post(stand_in).status_code, post(stand_in).status_code] == [201, 429]
        assert "key type LIVE of 3 requests per 60 seconds" in post(stand_in, personalisation=1).text
        assert post(stand_in, header=test_header).status_code == 201
        assert len(GovukNotify(KEYS["normal"], stand_in.base_url).templates()) == 6


def test_the_day_ends_at_midnight_utc_and_refusals_do_not_count() -> None:
    seed = json.loads(json.dumps(SEED))
    seed["services"]["demo"]["daily_limits"] = {"email": 1}
    clock = SteppedClock(datetime(2027, 7, 1, 23, 30, tzinfo=UTC))
    with running(seed, clock=clock) as stand_in:
        assert post(stand_in, personalisation={}).status_code == 400
        assert [post(stand_in).status_code, post(stand_in).status_code] == [201, 429]
        assert post(stand_in, header=f"Bearer {token(KEYS['test'][-36:])}").status_code == 201
        clock.advance(timedelta(hours=1))
        assert post(stand_in).status_code == 201


@pytest.mark.parametrize(
    ("recipient", "status"),
    [
        ("07700900001", "delivered"),
        ("+44 7700 900002", "permanent-failure"),
        ("07700900003", "temporary-failure"),
        ("perm-fail@simulator.notify", "permanent-failure"),
        ("temp-fail@simulator.notify", "temporary-failure"),
        ("a@example.org", "delivered"),
    ],
)
def test_test_keys_end_as_their_recipients_say(recipient: str, status: str) -> None:
    clock = SteppedClock(MONDAY)
    with running(SEED, clock=clock) as stand_in:
        notify = GovukNotify(KEYS["test"], stand_in.base_url)
        message = email(recipient=recipient) if "@" in recipient else sms(recipient=recipient)
        sent = notify.send(message).notification_id
        assert notify.status(sent).status == "created"
        clock.advance(timedelta(seconds=1))
        assert notify.status(sent).status == status


@pytest.mark.parametrize(
    "message", [sms(recipient="07700 900000"), email(recipient="simulate-delivered-2@notifications.service.gov.uk")]
)
def test_simulated_recipients_are_never_stored(stand_in: Running, notify: GovukNotify, message: Any) -> None:
    accepted = notify.send(message)
    with pytest.raises(NotFound):
        notify.status(accepted.notification_id)
    assert notify.find("message-1") == []
    assert stand_in.state.summary()["simulated"] == 1


def test_a_text_lives_from_created_to_delivered_and_is_forgotten_after_a_week() -> None:
    clock = SteppedClock(MONDAY)
    with running(SEED, clock=clock) as stand_in:
        notify = GovukNotify(KEYS["normal"], stand_in.base_url)
        sent = notify.send(sms()).notification_id
        seen = [notify.status(sent)]
        for seconds in (0.1, 2):
            clock.advance(timedelta(seconds=seconds))
            seen.append(notify.status(sent))
        assert [each.status for each in seen] == ["created", "sending", "delivered"]
        assert [each.cost is None for each in seen] == [True, False, False]
        body = stand_in.state.store.by_id[sent].body
        assert seen[-1].cost == pytest.approx(0.024 * check_sms(body).fragments)
        clock.advance(timedelta(days=8))
        assert notify.find("message-1") == []
        with pytest.raises(NotFound):
            notify.status(sent)


def test_a_message_nothing_is_heard_of_fails_after_three_days() -> None:
    clock = SteppedClock(MONDAY)
    with running(SEED, clock=clock) as stand_in:
        stand_in.state.faults.set({"outcomes": {"silent": 1.0}})
        notify = GovukNotify(KEYS["normal"], stand_in.base_url)
        sent = notify.send(email()).notification_id
        clock.advance(timedelta(hours=71))
        assert notify.status(sent).status == "sending"
        clock.advance(timedelta(hours=2))
        assert notify.status(sent).status == "temporary-failure"


def test_letters_print_at_half_past_five_and_leave_the_next_working_day() -> None:
    clock = SteppedClock(datetime(2027, 7, 2, 17, tzinfo=UTC))  # a Friday, 18:00 in London
    with running(SEED, clock=clock) as stand_in:
        notify = GovukNotify(KEYS["normal"], stand_in.base_url)
        sent = notify.send(letter()).notification_id
        clock.move_to(datetime(2027, 7, 3, 16, 31, tzinfo=UTC))
        at = notify.status(sent)
        assert (at.status, at.sent_at) == ("accepted", datetime(2027, 7, 3, 16, 30, tzinfo=UTC))
        clock.move_to(datetime(2027, 7, 5, 16, 31, tzinfo=UTC))
        assert notify.status(sent).status == "received"


def test_what_arrived_survives_a_restart(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    with running(SEED, journal=journal) as stand_in:
        notify = GovukNotify(KEYS["normal"], stand_in.base_url)
        before = [notify.send(message).notification_id for message in (email(), email(), letter("other"))]
    with journal.open("a") as torn:
        torn.write('{"id": "half a li')
    with running(SEED, journal=journal) as stand_in:
        notify = GovukNotify(KEYS["normal"], stand_in.base_url)
        assert [each.notification_id for each in notify.find("message-1")] == before[1::-1]
        count = requests.get(f"{stand_in.base_url}/stand-in/references/message-1", timeout=5).json()
        assert count == {"count": 2}
        summary = requests.get(f"{stand_in.base_url}/stand-in/summary", timeout=5).json()
        assert (summary["total"], summary["duplicates"]) == (3, {"message-1": 2})
        assert sum(summary["by_type"]["email"].values()) == 2


def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = (
        "import json, sys; from pathlib import Path; from campaigns.notify.stand_in import serve;"
        "serve(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))"
    )
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps(SEED))
    for round_ in (1, 2):
        process = subprocess.Popen([sys.executable, "-c", code, str(port), seed, journal])
        try:
            base_url = f"http://127.0.0.1:{port}"
            wait_for(base_url)
            assert len(GovukNotify(KEYS["normal"], base_url).find("message-1")) == round_ - 1
            GovukNotify(KEYS["normal"], base_url).send(email())
        finally:
            process.kill()
            process.wait()
    assert len(journal.read_text().splitlines()) == 2


def wait_for(base_url: str) -> None:
    for _ in range(200):
        try:
            requests.get(f"{base_url}/stand-in/summary", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the stand-in did not start")


def test_a_port_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputRefused, match="in use"):
        serve(taken.getsockname()[1], None)


def test_clock_faults_and_texts_can_be_ordered_over_http(stand_in: Running, notify: GovukNotify) -> None:
    def order(path: str, body: dict[str, Any]) -> requests.Response:
        return requests.post(f"{stand_in.base_url}/stand-in/{path}", json=body, timeout=5)

    moved = order("clock", {"now": "2027-03-01T09:00:00+00:00"}).json()
    assert moved["now"].startswith("2027-03-01T09:00:0")
    notify.send(email())
    assert notify.find("message-1")[0].created_at.year == 2027
    assert order("faults", {"error_after": {"count": 1}}).status_code == 200
    assert stand_in.state.faults.strikes("error_after")
    assert order("faults", {"flood": {}}).json()["message"].startswith("Unknown fault flood: expected one of")
    assert order("faults", {"receipts": "often"}).status_code == 422
    assert "number, message" in order("received-texts", {"message": "STOP"}).json()["message"]
    assert order("clock", {"now": "yesterday"}).status_code == 422
    assert order("received-texts", {"number": "447700900123", "message": "STOP"}).status_code == 201
    assert next(notify.received_texts()).message == "STOP"


def test_faults_strike_by_a_share_that_the_seed_fixes(stand_in: Running) -> None:
    faults = stand_in.state.faults
    drawn = []
    for _ in range(2):
        faults.set({"drop_after": {"probability": 0.2}, "outcomes": {"permanent-failure": 0.1}, "seed": 7})
        drawn.append(
            [bool(faults.strikes("drop_after")) for _ in range(1000)] + [faults.outcome() for _ in range(1000)]
        )
    assert drawn[0] == drawn[1]
    assert sum(drawn[0][:1000]) == pytest.approx(200, abs=40)
    assert drawn[0].count("permanent-failure") == pytest.approx(100, abs=30)


def test_precompiled_letters_are_judged_later() -> None:
    clock = SteppedClock(MONDAY)
    with running(SEED, clock=clock) as stand_in:
        ids = []
        for content in ("aGVsbG8=", "JVBERi0xLjQgeA=="):
            body = {"reference": "r", "content": content}
            url = f"{stand_in.base_url}/v2/notifications/letter"
            answer = requests.post(url, json=body, headers={"Authorization": f"Bearer {token()}"}, timeout=5)
            assert answer.json() == {"id": answer.json()["id"], "reference": "r", "postage": "second"}
            ids.append(answer.json()["id"])
        clock.advance(timedelta(days=2))
        notify = GovukNotify(KEYS["normal"], stand_in.base_url)
        assert [notify.status(each).status for each in ids] == ["validation-failed", "received"]
        pdfs = [pdf(stand_in, each) for each in ids]
        assert [each.status_code for each in pdfs] == [400, 200]
        assert pdfs[0].json()["errors"][0]["error"] == "PDFNotReadyError"
        assert pdfs[1].content.startswith(b"%PDF")


def pdf(stand_in: Running, notification_id: str) -> requests.Response:
    url = f"{stand_in.base_url}/v2/notifications/{notification_id}/pdf"
    return requests.get(url, headers={"Authorization": f"Bearer {token()}"}, timeout=5)


def test_the_default_seed_is_the_same_each_time_and_neutral() -> None:
    assert default_seed("A") == default_seed("A")
    assert default_seed("A")["services"]["demo"]["id"] != default_seed("B")["services"]["demo"]["id"]
    for each in SEED["templates"]["demo"].values():
        assert {"((council))", "((privacy_link))", "((contact_source))"} <= set(
            re.findall(r"\(\(\w+\)\)", each["content"])
        )
        assert not re.search(r"fine|penalt|party|councillor|prize", each["content"], re.IGNORECASE)


def test_an_unusable_seed_is_told(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    with pytest.raises(InputRefused, match=r"seed\.json cannot be read"):
        load_seed(path)
    path.write_text("{\n nonsense")
    with pytest.raises(InputRefused, match="line 2, column 2"):
        load_seed(path)
    path.write_text('{"services": {"live": {"name": "x", "api_keys": {}}}}')
    with pytest.raises(InputRefused, match="'id'"):
        load_seed(path)
