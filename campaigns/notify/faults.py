"""Which fault a failed call to Notify was: the difference between sending once, twice or never."""

import re
import ssl
from collections.abc import Iterator
from typing import Any

import requests
from notifications_python_client.errors import APIError, InvalidResponse
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from campaigns.notify.errors import (
    Ambiguous,
    ClockWrong,
    DailyLimitReached,
    ForEverybody,
    KeyRejected,
    NotFound,
    NotifyError,
    NotPermitted,
    NotSent,
    RateLimited,
    RecipientRefused,
    Refused,
    SendFault,
    ServiceClosed,
    TeamOnly,
    TemplateUnusable,
    TrialMode,
    Unavailable,
    ValuesMissing,
)

_REFUSALS = frozenset({"ValidationError", "BadRequestError", "InvalidPhoneError"})
_LIMITS: dict[str, type[SendFault]] = {"RateLimitError": RateLimited, "TooManyRequestsError": DailyLimitReached}

_LINE = r"(address_line_\d|postcode)"
# Notify gives a fault of one message and one of all the same status and name, so here alone its words decide. What it
# words in another way is found out by how often it comes: see `campaigns.sending.outcome`.
_EVERYBODYS: tuple[tuple[re.Pattern[str], type[ForEverybody]], ...] = (
    (re.compile(r"system clock", re.IGNORECASE), ClockWrong),
    (re.compile(r"service is (archived|suspended|inactive)", re.IGNORECASE), ServiceClosed),
    (re.compile(r"team(-only)? api key", re.IGNORECASE), TeamOnly),
    (re.compile(r"trial mode", re.IGNORECASE), TrialMode),
    (re.compile(r"service is not allowed to send", re.IGNORECASE), NotPermitted),
    (re.compile(r"template (not found|has been deleted|is not suitable)|template_id", re.IGNORECASE), TemplateUnusable),
    # Lines of the address are what a letter's own home lacks.
    (re.compile(rf"Missing personalisation: (?!{_LINE}(, {_LINE})*$)", re.IGNORECASE), ValuesMissing),
    (re.compile(r"one_click_unsubscribe_url|additional properties", re.IGNORECASE), ForEverybody),
)  # fmt: skip
_RECIPIENTS = re.compile(
    r"(phone_number|email_address) .*|Not a UK mobile number|Address (must|lines) .*|Must be a real .*"
    r"|(The first 2 lines|The last line|Last line) of .*"
    rf"|Missing personalisation: {_LINE}(, {_LINE})*"
)

# Notify may repeat a value in its message, so only wordings known to hold none are kept.
_HARMLESS = re.compile(
    r"Missing personalisation: .*"
    r"|Template (not found|has been deleted)"
    r"|\w+ template is not suitable for \w+ notification"
    r"|Your message is (empty|too long)\..*"
    r"|Service is not allowed to send [a-z ]+"
    r"|Can(not|’t) send to [A-Za-z –:/.-]+"
    r"|Cannot send letters [a-z ]+"
    r"|Not a UK mobile number"
    r"|phone_number (Must not contain letters or symbols|Not enough digits|Too many digits|Number is not valid.*)"
    r"|email_address Not a valid email address"
    r"|\w+ is a required property"
    r"|\w+ is not a valid (UUID|https url)"
    r"|Address (must be|lines must not) .*"
    r"|Must be a real (address|UK postcode)"
    r"|(The first 2 lines|The last line|Last line) of (the|a BFPO)? ?address must .*"
    r"|Exceeded (rate limit|send limits) .*"
    r"|Invalid token: .*|Error: Your system clock must be accurate.*|Unauthorized: .*"
)
_WITHHELD = "details withheld, as they may repeat personal data"


def send_fault(error: APIError) -> SendFault:
    """The fault a send ended in, by status, error name and cause; by its words only whether it is everybody's."""
    response = error.response
    if isinstance(error, InvalidResponse):
        return Ambiguous("InvalidResponse", "accepted, but the answer cannot be read", response.status_code)
    if response is None:
        return _without_answer(error.__cause__)
    errors = _well_formed(response)
    if errors is None or response.status_code >= 500:
        return Ambiguous(errors[0][0] if errors else "NoUsableAnswer", "", response.status_code)
    name = errors[0][0]
    detail = "; ".join(_harmless(message) for _, message in errors)
    kind = _kind(response.status_code, name)
    if issubclass(kind, Refused | KeyRejected):
        kind = _whose([message for _, message in errors]) or kind
    return kind(name, detail, response.status_code)


def _kind(status: int, name: str) -> type[SendFault]:
    if status in {401, 403}:
        return KeyRejected
    if status == 429:
        return _LIMITS.get(name, Ambiguous)
    return Refused if status == 400 and name in _REFUSALS else Ambiguous


def _whose(messages: list[str]) -> type[SendFault] | None:
    """Whether a refusal is everybody's or this recipient's; None where its words do not tell."""
    for message in messages:
        for pattern, kind in _EVERYBODYS:
            if pattern.search(message):
                return kind
    return RecipientRefused if all(map(_RECIPIENTS.fullmatch, messages)) else None


def _harmless(message: str) -> str:
    return message if _HARMLESS.fullmatch(message) else _WITHHELD


def _well_formed(response: requests.Response) -> list[tuple[str, str]] | None:
    """Error names and messages of a version 2 error body; None of anything else an intermediary may answer."""
    try:
        body: Any = response.json()
        errors = [(str(each["error"]), str(each["message"])) for each in body["errors"]]
    except (ValueError, TypeError, KeyError):
        return None
    return errors if errors and body.get("status_code") == response.status_code else None


def _without_answer(cause: BaseException | None) -> SendFault:
    name = type(cause).__name__ if cause else "NoAnswer"
    if cause and any(_before_sending(each) for each in _chain(cause)):
        return NotSent(name, "the connection was never made")
    return Ambiguous(name, "no answer came after the connection was made")


def _before_sending(cause: BaseException) -> bool:
    never_left = (
        requests.ConnectTimeout,
        requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema,
        requests.exceptions.InvalidSchema,
        NewConnectionError,
        ConnectTimeoutError,
        ssl.SSLCertVerificationError,
    )
    return isinstance(cause, never_left)


def _chain(error: BaseException, depth: int = 6) -> Iterator[BaseException]:
    """The error, and what requests and urllib3 wrapped in it."""
    yield error
    inner = [getattr(error, "reason", None), error.__cause__, *error.args]
    if depth:
        for each in inner:
            if isinstance(each, BaseException):
                yield from _chain(each, depth - 1)


def question_fault(error: APIError) -> NotifyError:
    """The fault a GET or a preview ended in; asking again is harmless unless the key or question is wrong."""
    fault = send_fault(error)
    if isinstance(fault, ForEverybody | Refused):
        return fault
    if error.status_code == 404 and fault.error == "NoResultFound":
        return NotFound("GOV.UK Notify does not know this notification, or no longer keeps it.")
    return Unavailable(f"GOV.UK Notify could not be asked ({fault.error}). Nothing was changed; try again later.")
