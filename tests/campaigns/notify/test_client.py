"""The wrapper against the stand-in, with and without faults: exactly the right exception each time."""

import logging
import pickle
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from notifications_python_client import NotificationsAPIClient
from notifications_python_client.authentication import create_jwt_token
from urllib3.exceptions import MaxRetryError, ProtocolError

from campaigns.notify.client import GovukNotify, from_settings
from campaigns.notify.errors import (
    Ambiguous,
    DailyLimitReached,
    KeyMalformed,
    KeyRejected,
    NotFound,
    NotSent,
    RateLimited,
    Refused,
    SendFault,
    TeamOnly,
    Unavailable,
    ValuesMissing,
)
from campaigns.notify.messages import Outgoing
from campaigns.notify.stand_in import Running, running
from engage.foundation.clock import SteppedClock
from tests.campaigns.notify.reminders import KEYS, SEED, TEMPLATES, VALUES, email, letter, sms

SOON = datetime(2027, 3, 1, 9, tzinfo=UTC)


def order(stand_in: Running, **faults: Any) -> None:
    stand_in.state.faults.set(faults)


@pytest.mark.parametrize("message", [email(), sms(), letter()], ids=lambda each: each.channel)
def test_a_message_is_accepted_and_found_by_its_reference(notify: GovukNotify, message: Outgoing) -> None:
    accepted = notify.send(message)
    (found,) = notify.find("message-1")
    assert (accepted.notification_id, accepted.template_version) == (found.notification_id, 1)
    assert (found.channel, found.template_id) == (message.channel, message.template_id)
    assert notify.status(accepted.notification_id).created_at == found.created_at


def test_one_click_unsubscribe_reaches_notify(notify: GovukNotify, stand_in: Running) -> None:
    url = "https://www.example.org/stop/token"
    message = Outgoing("email", TEMPLATES["email_reminder_en"], "m", VALUES, "a@example.org", url)
    row = stand_in.state.store.by_id[notify.send(message).notification_id]
    assert row.unsubscribe_url == url


def test_values_json_cannot_carry_are_written_out(notify: GovukNotify, stand_in: Running) -> None:
    accepted = notify.send(email(deadline=datetime(2027, 6, 18, tzinfo=UTC).date(), council=Decimal("1.5")))
    body = stand_in.state.store.by_id[accepted.notification_id].body
    assert "2027-06-18" in body
    assert "1.5" in body


@pytest.mark.parametrize(
    ("fault", "kind", "error", "stored"),
    [
        ({"error_before": {"count": 1}}, Ambiguous, "OperationalError", 0),
        ({"error_after": {"count": 1}}, Ambiguous, "InterfaceError", 1),
        ({"drop_before": {"count": 1}}, Ambiguous, "ConnectionError", 0),
        ({"drop_after": {"count": 1}}, Ambiguous, "ConnectionError", 1),
        ({"delay": {"count": 1, "seconds": 1.5}}, Ambiguous, "ReadTimeout", 1),
        ({"unreadable": {"count": 1}}, Ambiguous, "InvalidResponse", 1),
        ({"storm": {"count": 1}}, RateLimited, "RateLimitError", 0),
        ({"intermediary": {"count": 1, "status": 400}}, Ambiguous, "NoUsableAnswer", 0),
        ({"intermediary": {"count": 1, "status": 403}}, Ambiguous, "NoUsableAnswer", 0),
        ({"intermediary": {"count": 1, "status": 429}}, Ambiguous, "NoUsableAnswer", 0),
        ({"intermediary": {"count": 1, "status": 503}}, Ambiguous, "NoUsableAnswer", 0),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else None,
)
def test_each_fault_is_its_own_exception_and_the_reference_settles_it(
    notify: GovukNotify, stand_in: Running, fault: dict[str, Any], kind: type[SendFault], error: str, stored: int
) -> None:
    order(stand_in, **fault)
    with pytest.raises(SendFault) as raised:
        notify.send(email("settle-me"))
    assert (type(raised.value), raised.value.error) == (kind, error)
    assert len(notify.find("settle-me")) == stored
    notify.send(email("next"))
    assert len(notify.find("next")) == 1


def test_nobody_listening_is_certainly_not_sent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(NotSent):
        GovukNotify(KEYS["normal"], f"http://127.0.0.1:{port}").send(email())


def test_an_unknown_host_is_certainly_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NotSent):
        GovukNotify(KEYS["normal"], "http://notify.example.org").send(email())


def test_an_address_without_a_scheme_is_certainly_not_sent() -> None:
    with pytest.raises(NotSent):
        GovukNotify(KEYS["normal"], "notify.example.org").send(email())


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (requests.ConnectTimeout(), NotSent),
        (requests.exceptions.SSLError(MaxRetryError(None, "", ssl.SSLCertVerificationError("bad"))), NotSent),
        (requests.exceptions.SSLError(ssl.SSLError("cut off in the middle")), Ambiguous),
        (requests.ReadTimeout(), Ambiguous),
        (requests.exceptions.ChunkedEncodingError(), Ambiguous),
        (requests.ConnectionError(ProtocolError("aborted", ConnectionResetError())), Ambiguous),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_happened_before_and_after_the_connection(
    monkeypatch: pytest.MonkeyPatch, cause: requests.RequestException, kind: type[SendFault]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise cause

    monkeypatch.setattr(requests.Session, "request", fail)
    with pytest.raises(SendFault) as raised:
        GovukNotify(KEYS["normal"], "http://127.0.0.1:9").send(email())
    assert type(raised.value) is kind


@contextmanager
def answering(raw: bytes) -> Iterator[str]:
    """A server that reads a request and answers one fixed thing."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(raw)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join()
        listener.close()


def http(status: str, body: str, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", body]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{",
        http("201 Created", "{}"),
        http("201 Created", "[]"),
        http("200 OK", "null"),
        http("302 Found", "", "Location: /elsewhere"),
        http("307 Temporary Redirect", "", "Location: /elsewhere"),
        http("404 Not Found", '{"status_code": 404, "errors": [{"error": "NoResultFound", "message": "x"}]}'),
        http("400 Bad Request", '{"result": "error", "message": "who knows"}'),
        http("400 Bad Request", '{"status_code": 400, "errors": []}'),
        http("400 Bad Request", '{"status_code": 400, "errors": [{"error": "Odd", "message": "x"}]}'),
        http("429 Too Many Requests", '{"status_code": 429, "errors": [{"error": "Odd", "message": "x"}]}'),
        http("504 Gateway Timeout", '{"status_code": 504, "errors": [{"error": "Timeout", "message": "x"}]}'),
    ],
)
def test_whatever_cannot_be_read_is_ambiguous(raw: bytes) -> None:
    with answering(raw) as base_url, pytest.raises(SendFault) as raised:
        GovukNotify(KEYS["normal"], base_url, (2, 2)).send(email())
    assert type(raised.value) is Ambiguous


def test_a_refusal_names_the_fault_but_no_person(notify: GovukNotify) -> None:
    with pytest.raises(Refused) as refused:
        notify.send(email(recipient="somebody.private@@example.org"))
    assert (refused.value.error, refused.value.status_code) == ("ValidationError", 400)
    assert "Not a valid email address" in str(refused.value)
    assert "somebody" not in str(refused.value)


def test_a_message_that_may_repeat_a_value_is_withheld() -> None:
    body = '{"status_code": 400, "errors": [{"error": "ValidationError", "message": "name A Person is too odd"}]}'
    with answering(http("400 Bad Request", body)) as base_url, pytest.raises(Refused, match="withheld") as refused:
        GovukNotify(KEYS["normal"], base_url).send(email())
    assert "Person" not in repr(refused.value)


def test_missing_personalisation_names_what_is_missing(notify: GovukNotify) -> None:
    with pytest.raises(ValuesMissing, match=r"Missing personalisation: council") as refused:
        notify.send(email(council=None))
    assert refused.value.error == "BadRequestError"


def test_a_bad_letter_address_is_refused(notify: GovukNotify) -> None:
    with pytest.raises(Refused, match="Must be a real UK postcode"):
        notify.send(letter(last_line="ZZ99 9ZZ"))


def test_nothing_personal_is_shown_or_logged(notify: GovukNotify, caplog: pytest.LogCaptureFixture) -> None:
    message = sms(recipient="07700 900ABC")
    with caplog.at_level(logging.INFO), pytest.raises(Refused):
        notify.send(message)
    assert "900ABC" not in caplog.text + repr(message)
    assert "A request to GOV.UK Notify failed with 400" in caplog.text
    assert "errors" not in caplog.text


def test_the_librarys_own_words_are_taken_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    library = logging.getLogger("notifications_python_client.base")
    library.warning("API %s request on %s failed with %s '%s'", "POST", "/v2", 400, [{"message": "A Person"}])
    assert caplog.messages == ["A request to GOV.UK Notify failed with 400"]


@pytest.mark.parametrize(
    "fault", [Ambiguous("ReadTimeout"), Refused("BadRequestError", "x", 400), TeamOnly("x"), KeyMalformed()]
)
def test_faults_survive_the_way_between_processes(fault: Exception) -> None:
    copy = pickle.loads(pickle.dumps(fault))
    assert (type(copy), str(copy), vars(copy)) == (type(fault), str(fault), vars(fault))


def test_a_wrong_key_stops_the_queue(stand_in: Running) -> None:
    wrong = KEYS["normal"][:-36] + str(uuid4())
    with pytest.raises(KeyRejected, match="API key not found"):
        GovukNotify(wrong, stand_in.base_url).send(email())
    with pytest.raises(KeyRejected):
        GovukNotify(wrong, stand_in.base_url).find("message-1")


def test_letters_with_a_team_key_stop_the_queue(stand_in: Running) -> None:
    with pytest.raises(KeyRejected, match="Cannot send letters with a team api key"):
        GovukNotify(KEYS["team"], stand_in.base_url).send(letter())


def test_proxies_and_certificates_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example.org:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/council.pem")
    session = GovukNotify(KEYS["normal"], "https://notify.example.org")._client.request_session
    assert session.proxies["https"] == "http://proxy.example.org:3128"
    assert session.verify == "/etc/ssl/council.pem"
    monkeypatch.setenv("no_proxy", "notify.example.org")
    assert "https" not in GovukNotify(KEYS["normal"], "https://notify.example.org")._client.request_session.proxies


def test_a_password_kept_for_the_host_does_not_take_the_place_of_our_key(
    notify: GovukNotify, stand_in: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with pytest.raises(requests.HTTPError, match="401"):
        _asked_as_requests_would(stand_in)
    assert notify.send(email()).notification_id


def _asked_as_requests_would(stand_in: Running) -> None:
    client = NotificationsAPIClient(KEYS["normal"], stand_in.base_url)
    headers = client.generate_headers(create_jwt_token(client.api_key, client.service_id))
    requests.get(f"{stand_in.base_url}/v2/templates", headers=headers, timeout=5).raise_for_status()


@pytest.mark.parametrize("key", ["", "not a key", "name-" + KEYS["normal"][-36:]])
def test_a_malformed_key_is_told_before_anything_is_sent(key: str) -> None:
    with pytest.raises(KeyMalformed, match="ENGAGE_NOTIFY_API_KEY") as malformed:
        from_settings(key, "http://127.0.0.1:9")
    assert not key or key not in str(malformed.value)


def test_the_daily_limit_is_told_apart_from_the_rate_limit(stand_in: Running, notify: GovukNotify) -> None:
    next(iter(stand_in.state.seed.services.values())).daily_limits["email"] = 1
    notify.send(email("first"))
    with pytest.raises(DailyLimitReached, match="for today"):
        notify.send(email("second"))
    notify.send(sms("other channel"))


def test_260_messages_of_one_reference_are_all_found(stand_in: Running, notify: GovukNotify) -> None:
    reference = str(uuid4())
    sent = {notify.send(sms(reference)).notification_id for _ in range(260)}
    found = notify.find(reference)
    assert len(found) == 260
    assert {each.notification_id for each in found} == sent
    assert [each.created_at for each in found] == sorted((each.created_at for each in found), reverse=True)


def test_a_key_finds_only_what_its_own_kind_sent(stand_in: Running, notify: GovukNotify) -> None:
    notify.send(email("mine"))
    assert GovukNotify(KEYS["test"], stand_in.base_url).find("mine") == []


def test_a_sweep_reads_back_to_a_moment_and_by_status() -> None:
    clock = SteppedClock(SOON)
    with running(SEED, clock=clock) as stand_in:
        notify = GovukNotify(KEYS["normal"], stand_in.base_url)
        for number in range(4):
            notify.send(email(f"m{number}"))
            clock.advance(timedelta(minutes=10))
        swept = list(notify.sweep(SOON + timedelta(minutes=10)))
        assert [each.reference for each in swept] == ["m3", "m2", "m1"]
        assert all(each.status == "delivered" and each.is_final for each in swept)
        notify.send(email("m4"))
        assert [each.reference for each in notify.sweep(SOON, ["created", "sending"])] == ["m4"]


def test_an_unknown_notification_is_not_found(notify: GovukNotify) -> None:
    with pytest.raises(NotFound):
        notify.status(str(uuid4()))


def test_a_question_without_an_answer_may_be_asked_again() -> None:
    with answering(b"") as base_url, pytest.raises(Unavailable, match="try again later"):
        GovukNotify(KEYS["normal"], base_url, (2, 2)).find("x")
    with answering(http("200 OK", "{}")) as base_url, pytest.raises(Unavailable):
        GovukNotify(KEYS["normal"], base_url, (2, 2)).templates()


def test_templates_and_previews(notify: GovukNotify) -> None:
    by_id = {each.template_id: each for each in notify.templates()}
    assert set(TEMPLATES.values()) == set(by_id)
    assert by_id[TEMPLATES["sms_reminder_cy"]].placeholders == tuple(sorted(VALUES))
    preview = notify.preview(TEMPLATES["email_reminder_en"], VALUES)
    assert "((" not in preview.body
    assert "<h2>What to do</h2>" in (preview.html or "")
    with pytest.raises(ValuesMissing, match="Missing personalisation"):
        notify.preview(TEMPLATES["email_reminder_en"], {})


def test_texts_that_came_back_are_read_page_by_page(stand_in: Running, notify: GovukNotify) -> None:
    service_id = next(iter(stand_in.state.seed.services))
    for number in range(252):
        stand_in.state.receive_text("447700900123", f"STOP {number}", service_id)
    texts = list(notify.received_texts())
    assert [text.message for text in texts] == [f"STOP {number}" for number in reversed(range(252))]
    assert "STOP" not in repr(texts[0])


def test_each_thread_has_its_own_client(stand_in: Running, notify: GovukNotify) -> None:
    clients = []

    def work() -> None:
        clients.append(notify._client)
        notify.send(email(f"thread-{threading.get_ident()}"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, clients))) == 4
    assert len(stand_in.state.store.by_id) == 4
