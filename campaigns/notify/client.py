"""GOV.UK Notify through its own Python client, with faults told apart as sending once requires.

The client is not thread-safe, calls every lost connection a 503 that should be retried, loses rows when it pages
by a reference that is a UUID, and logs error lists. Each of these is put right here, around it.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import mktime_tz, parsedate_tz
from typing import Any, TypeVar, cast

from notifications_python_client import NotificationsAPIClient
from notifications_python_client.errors import APIError
from requests import Response, Session

from campaigns.notify.errors import Ambiguous, KeyMalformed, Unavailable
from campaigns.notify.faults import question_fault, send_fault
from campaigns.notify.messages import Accepted, Notify, Outgoing, Preview, ReceivedText, Status, Template, moment_of
from engage.foundation.settings import Settings, demand_at_home

# Notify itself gives up after about 30 s, so a longer wait sees its 504 instead of guessing.
TIMEOUT = (5, 35)
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_Answer = TypeVar("_Answer")
_KEY = re.compile(rf".*-{_UUID}-{_UUID}", re.IGNORECASE)


class _WithoutDetails(logging.Filter):
    """The library logs Notify's error lists, which may repeat a value we sent."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno > logging.DEBUG:
            status = record.args[2] if isinstance(record.args, tuple) and len(record.args) > 2 else "unknown"
            record.msg, record.args = "A request to GOV.UK Notify failed with %s", (status,)
        return True


logging.getLogger("notifications_python_client.base").addFilter(_WithoutDetails())


class GovukNotify:
    """`Notify` over HTTP, for any number of threads."""

    def __init__(self, api_key: str, base_url: str, timeout: tuple[float, float] = TIMEOUT) -> None:
        if not _KEY.fullmatch(api_key):
            raise KeyMalformed
        self._settings = (api_key, base_url, timeout)
        self._threads = threading.local()
        self.clock_off: float | None = None  # seconds by which its clock was ahead of this machine's when it last spoke

    @property
    def _client(self) -> NotificationsAPIClient:
        if not hasattr(self._threads, "client"):
            self._threads.client = client = NotificationsAPIClient(*self._settings)
            # A followed redirect could send a POST twice.
            client.request_session.max_redirects = 0
            _ask_environment_once(client.request_session, client.base_url)
            client.request_session.hooks["response"].append(self._read_clock)
        return cast(NotificationsAPIClient, self._threads.client)

    def _read_clock(self, answer: Response, *_: object, **__: object) -> None:
        """To the second, as its answers carry the time."""
        if said := parsedate_tz(answer.headers.get("Date", "")):
            self.clock_off = mktime_tz(said) - time.time()

    def send(self, message: Outgoing) -> Accepted:
        try:
            return Accepted.read(self._post(message))
        except APIError as error:
            raise send_fault(error) from None
        except (KeyError, TypeError, AttributeError):
            raise Ambiguous("InvalidResponse", "accepted, but the answer is not as agreed") from None

    def _post(self, message: Outgoing) -> Any:
        values = {name: _plain(value) for name, value in message.personalisation.items()}
        if message.channel == "email":
            return self._client.send_email_notification(
                message.recipient,
                message.template_id,
                values,
                message.reference,
                one_click_unsubscribe_url=message.one_click_unsubscribe_url,
            )
        if message.channel == "sms":
            return self._client.send_sms_notification(message.recipient, message.template_id, values, message.reference)
        return self._client.send_letter_notification(message.template_id, values, message.reference)

    def find(self, reference: str) -> list[Status]:
        return list(self._pages(reference=reference))

    def status(self, notification_id: str) -> Status:
        return _ask(lambda: Status.read(self._client.get_notification_by_id(notification_id)))

    def sweep(self, since: datetime, statuses: Sequence[str] = ()) -> Iterator[Status]:
        for status in self._pages(status=list(statuses)):
            if status.created_at < since:
                return
            yield status

    def _pages(self, **wanted: Any) -> Iterator[Status]:
        """Page by hand: the library takes the first UUID in the next link, which may be the reference."""
        older_than: str | None = None
        while (page := self._page(older_than, wanted)) and page[-1].notification_id != older_than:
            yield from page
            older_than = page[-1].notification_id

    def _page(self, older_than: str | None, wanted: Mapping[str, Any]) -> list[Status]:
        def ask() -> list[Status]:
            answer = self._client.get_all_notifications(older_than=older_than, **wanted)
            return [Status.read(body) for body in answer["notifications"]]

        return _ask(ask)

    def templates(self) -> list[Template]:
        return _ask(lambda: [Template.read(body) for body in self._client.get_all_templates()["templates"]])

    def preview(self, template_id: str, personalisation: Mapping[str, object]) -> Preview:
        def ask() -> Preview:
            values = {name: _plain(value) for name, value in personalisation.items()}
            body = self._client.post_template_preview(template_id, values)
            return Preview(body["subject"], body["body"], body["html"])

        return _ask(ask)

    def received_texts(self) -> Iterator[ReceivedText]:
        older_than: str | None = None
        while page := self._received(older_than):
            yield from page
            older_than = page[-1].text_id

    def _received(self, older_than: str | None) -> list[ReceivedText]:
        def ask() -> list[ReceivedText]:
            answer = self._client.get_received_texts(older_than)
            return [
                ReceivedText(body["id"], moment_of(body["created_at"]), body["user_number"], body["content"])
                for body in answer["received_text_messages"]
            ]

        return _ask(ask)


def _ask_environment_once(session: Session, url: str) -> None:
    """Proxies and certificates, which requests would look up before each message, for a tenth of the time it takes; and
    no .netrc, a password of which would take the place of our key."""
    found = session.merge_environment_settings(url, {}, None, None, None)
    session.proxies, session.verify, session.trust_env = found["proxies"], found["verify"], False


def _plain(value: object) -> object:
    """A value JSON can carry: dates, decimals and ids would raise inside the library before sending."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)


def _ask(question: Callable[[], _Answer]) -> _Answer:
    try:
        return question()
    except APIError as error:
        raise question_fault(error) from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unavailable("GOV.UK Notify answered in a form we do not know. Nothing was changed.") from None


def from_settings(api_key: str, base_url: str) -> Notify:
    """The wrapper for the settings ENGAGE_NOTIFY_API_KEY and ENGAGE_NOTIFY_BASE_URL."""
    return GovukNotify(api_key, base_url)


def service(settings: Settings) -> Notify | None:
    """GOV.UK Notify as the settings have it; None without a key. SettingsInvalid where a rehearsal would reach it."""
    key = settings.notify_api_key.get_secret_value()
    if not key:
        return None
    demand_at_home(settings)
    return from_settings(key, settings.notify_base_url)
