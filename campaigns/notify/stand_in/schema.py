"""The shape of requests, checked as Notify's JSON schemas do, all faults of a request told together."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from campaigns.notify.errors import RecipientInvalid
from campaigns.notify.recipients import read_email, read_phone
from campaigns.notify.stand_in.problem import broken, invalid
from campaigns.notify.stand_in.statuses import ALL

Check = Callable[[str, Any, datetime], str | None]


def _shown(value: Any) -> str:
    """A value as Notify repeats it: Python's form without quotation marks."""
    return str(value).replace("'", "") if not isinstance(value, str) else value


def _text(name: str, value: Any, _now: datetime) -> str | None:
    return None if isinstance(value, str) else f"{name} {_shown(value)} is not of type string"


def _object(name: str, value: Any, _now: datetime) -> str | None:
    return None if isinstance(value, dict) else f"{name} {_shown(value)} is not of type object"


def _array(name: str, value: Any, _now: datetime) -> str | None:
    fits = value is None or isinstance(value, list)
    return None if fits else f"{name} {_shown(value)} is not of type array, null"


def is_uuid(value: Any) -> bool:
    try:
        return bool(UUID(value))
    except (ValueError, TypeError, AttributeError):
        return False


def _uuid(name: str, value: Any, _now: datetime) -> str | None:
    return None if is_uuid(value) else f"{name} is not a valid UUID"


def _reference(name: str, value: Any, now: datetime) -> str | None:
    too_long = isinstance(value, str) and len(value) > 1000
    return f"{name} {value} is too long" if too_long else _text(name, value, now)


def _phone(name: str, value: Any, now: datetime) -> str | None:
    return _text(name, value, now) or _said(name, read_phone, value)


def _email(name: str, value: Any, now: datetime) -> str | None:
    return _text(name, value, now) or _said(name, read_email, value)


def _said(name: str, read: Callable[[str], object], value: str) -> str | None:
    try:
        read(value)
    except RecipientInvalid as error:
        return f"{name} {error}"
    return None


def _https(name: str, value: Any, _now: datetime) -> str | None:
    fits = isinstance(value, str) and value.startswith("https://")
    return None if fits else f"{name} is not a valid https url"


def _postage(name: str, value: Any, _now: datetime) -> str | None:
    fits = value in {"first", "second", "economy"}
    return None if fits else f"{name} invalid. It must be either first, second or economy."


def _scheduled(name: str, value: Any, now: datetime) -> str | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        iso = "https://en.wikipedia.org/wiki/ISO_8601"
        return f"{name} datetime format is invalid. It must be a valid ISO8601 date time format, {iso}"
    moment = moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
    if moment < now:
        return f"{name} datetime can not be in the past"
    return f"{name} datetime can only be 24 hours in the future" if moment > now + timedelta(hours=24) else None


_COMMON: dict[str, Check] = {"reference": _reference, "template_id": _uuid, "personalisation": _object}
SCHEMAS: dict[str, tuple[tuple[str, ...], dict[str, Check]]] = {
    "sms": (
        ("phone_number", "template_id"),
        {**_COMMON, "phone_number": _phone, "sms_sender_id": _uuid, "scheduled_for": _scheduled},
    ),
    "email": (
        ("email_address", "template_id"),
        {
            **_COMMON,
            "email_address": _email,
            "email_reply_to_id": _uuid,
            "one_click_unsubscribe_url": _https,
            "sanitise_content_for": _array,
            "scheduled_for": _scheduled,
        },
    ),
    "letter": (("template_id", "personalisation"), _COMMON),
    "precompiled": (("reference", "content"), {"reference": _text, "content": _text, "postage": _postage}),
    "preview": ((), {"personalisation": _object, "id": _uuid}),
}


def check(schema: str, body: Any, now: datetime) -> dict[str, Any]:
    """The body, an object; a Problem with every fault otherwise. An empty list passes for an empty object."""
    required, properties = SCHEMAS[schema]
    body = body or {}
    if not isinstance(body, dict):
        raise invalid(f"{_shown(body)} is not of type object")
    faults = [f"{name} is a required property" for name in required if name not in body]
    faults += [
        fault for name, value in body.items() if name in properties and (fault := properties[name](name, value, now))
    ]
    if extra := sorted(set(body) - set(properties)):
        faults.append(_additional(extra))
    if faults:
        raise invalid(*faults)
    if "\0" in str(body.get("reference", "")):
        raise broken("ValueError")
    return body


def _additional(names: list[str]) -> str:
    verb = "was" if len(names) == 1 else "were"
    return f"Additional properties are not allowed ({', '.join(names)} {verb} unexpected)"


CHANNELS = ("sms", "email", "letter")
_STATUSES = (*ALL, "failed", "accepted", "received")


def check_query(pairs: Iterable[tuple[str, str]], allowed: tuple[str, ...]) -> dict[str, list[str]]:
    """The query as lists by name; a Problem if it asks for what the list does not offer."""
    asked: dict[str, list[str]] = {}
    for name, value in pairs:
        asked.setdefault(name, []).append(value)
    faults = [*_misfits(asked, "template_type", CHANNELS), *_misfits(asked, "status", _STATUSES)]
    faults += _misfits(asked, "include_jobs", ("true", "True"))
    faults += ["older_than is not a valid UUID" for value in asked.get("older_than", []) if not is_uuid(value)]
    if extra := sorted(set(asked) - set(allowed)):
        faults = [*faults, _additional(extra)]
    if faults:
        raise invalid(*faults)
    return asked


def _misfits(asked: dict[str, list[str]], name: str, fitting: tuple[str, ...]) -> list[str]:
    choice = ", ".join(fitting)
    return [f"{name} {value} is not one of [{choice}]" for value in asked.get(name, []) if value not in fitting]


def require_uuid(name: str, value: str) -> str:
    if not is_uuid(value):
        raise invalid(f"{name} is not a valid UUID")
    return str(UUID(value))
