"""Accepting a message: the checks of Notify in their order, then a row."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from campaigns.notify.address import from_personalisation, read_address
from campaigns.notify.recipients import NOT_A_UK_MOBILE, read_email, read_phone
from campaigns.notify.stand_in import statuses
from campaigns.notify.stand_in.faults import Faults
from campaigns.notify.stand_in.problem import Problem, bad_request, broken, invalid
from campaigns.notify.stand_in.schema import check
from campaigns.notify.stand_in.seed import Key, Seed, Service, Template
from campaigns.notify.stand_in.store import Row
from campaigns.notify.text import (
    LONGEST_EMAIL_BYTES,
    LONGEST_SMS,
    by_key,
    fragments,
    missing,
    render,
)

_NAMES = {"sms": "text messages", "email": "emails", "letter": "letters"}
_TRIAL = (
    "Can’t send to this recipient when service is in trial mode "
    "– see https://www.notifications.service.gov.uk/trial-mode"
)
_TEAM = "Can’t send to this recipient using a team-only API key"
PRECOMPILED_TEMPLATE = "Pre-compiled PDF"


@dataclass(frozen=True, slots=True)
class Request:
    """A message asked for: who asks, in which channel, with what body, and when."""

    seed: Seed
    service: Service
    key: Key
    channel: str
    body: dict[str, Any]
    now: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """The words of a message, and the values that Notify made harmless on request."""

    subject: str | None
    body: str
    sanitised: dict[str, dict[str, str]]


def accept(
    seed: Seed, service: Service, key: Key, channel: str, raw: Any, now: datetime
) -> tuple[Request, Row, Written]:
    """The row of an acceptable request, not yet stored; a Problem otherwise."""
    precompiled = channel == "letter" and isinstance(raw, dict) and "content" in raw
    asked = Request(seed, service, key, channel, check("precompiled" if precompiled else channel, raw, now), now)
    _may_send(asked)
    if precompiled:
        _may_post(asked)
        row = _precompiled_row(asked)
        return asked, row, Written(row.subject, row.body, {})
    template = _template(asked)
    values = asked.body.get("personalisation", {})
    require_values(template, values)
    _known_sender(asked)
    values, sanitised = _sanitised(asked, values)
    row = _row(asked, template)
    if channel == "letter":
        _may_post(asked)
        _to_address(asked, row, values)
    else:
        _to_recipient(asked, row)
        values = _without_files(asked, values, row.recipient)
    written = Written(*write(template, values), sanitised)
    row.subject, row.body = written.subject, written.body
    _measured(row)
    return asked, row, written


def _may_send(asked: Request) -> None:
    if asked.channel not in asked.service.permissions:
        raise bad_request(f"Service is not allowed to send {_NAMES[asked.channel]}")


def _may_post(asked: Request) -> None:
    if asked.key.kind == "team":
        raise bad_request("Cannot send letters with a team api key", 403)
    if asked.service.restricted and asked.key.kind != "test":
        raise bad_request("Cannot send letters when service is in trial mode", 403)


def _template(asked: Request) -> Template:
    template = asked.service.template(asked.body["template_id"])
    if template is None:
        raise bad_request("Template not found")
    if template.type != asked.channel:
        raise bad_request(f"{template.type} template is not suitable for {asked.channel} notification")
    if template.archived:
        raise bad_request("Template has been deleted")
    return template


def require_values(template: Template, values: dict[str, Any]) -> None:
    if absent := missing(template.placeholders, values):
        raise bad_request(f"Missing personalisation: {', '.join(absent)}")


def write(template: Template, values: dict[str, Any]) -> tuple[str | None, str]:
    """Subject and body of a filled template."""
    subject = render(template.subject, values, "subject") if template.subject is not None else None
    return subject, render(template.content, values, template.type)  # type: ignore[arg-type]  # type is a Kind


def _known_sender(asked: Request) -> None:
    for name, known in (("sms_sender_id", asked.seed.senders), ("email_reply_to_id", asked.seed.reply_to)):
        if (chosen := asked.body.get(name)) and chosen not in known:
            raise bad_request(f"{name} {chosen} does not exist in database for service id {asked.service.id}")


def _row(asked: Request, template: Template) -> Row:
    return Row(
        id=str(uuid4()),
        service_id=asked.service.id,
        key_kind=asked.key.kind,
        type=asked.channel,
        reference=asked.body.get("reference"),
        recipient="",
        template_id=template.id,
        template_version=template.version,
        subject=None,
        body="",
        created_at=asked.now,
        outcome="delivered",
        postage=template.postage,
        unsubscribe_url=asked.body.get("one_click_unsubscribe_url"),
    )


def _to_recipient(asked: Request, row: Row) -> None:
    written = asked.body["phone_number" if asked.channel == "sms" else "email_address"]
    phone = read_phone(written) if asked.channel == "sms" else None
    normalised = phone.digits if phone else read_email(written)
    if asked.key.kind == "team" and normalised not in asked.seed.permitted:
        raise bad_request(_TEAM)
    if asked.key.kind == "normal" and asked.service.restricted and normalised not in asked.seed.permitted:
        raise bad_request(_TRIAL)
    if phone and not phone.uk_mobile:
        if not phone.international:
            raise Problem(400, ("InvalidPhoneError", NOT_A_UK_MOBILE))
        if not asked.service.international:
            raise bad_request("Cannot send to international mobile numbers")
    row.recipient = written
    row.multiplier = (phone.rate_multiplier or 1) if phone else 1
    if asked.key.kind == "test":
        row.outcome = statuses.test_outcome(asked.channel, written, normalised)


def is_simulated(row: Row) -> bool:
    """Accepted and answered like any other, but never stored."""
    if row.type == "letter":
        return False
    return (read_phone(row.recipient).digits if row.type == "sms" else row.recipient) in statuses.SIMULATED


def _to_address(asked: Request, row: Row, values: dict[str, Any]) -> None:
    address = read_address(from_personalisation(values), international=asked.service.international)
    if address.fault:
        raise invalid(address.fault)
    if address.postage != "united-kingdom":
        row.postage = address.postage
    given = by_key(values)
    lines = [given.get(f"addressline{number}") for number in range(1, 7)]
    row.lines = [None if line is None else str(line) for line in [*lines, given.get("postcode")]]
    row.recipient = address.lines[0]


def _measured(row: Row) -> None:
    if not row.body.strip():
        raise bad_request("Your message is empty.")
    if row.type == "sms":
        row.fragments = fragments(row.body)
        if len(row.body) > LONGEST_SMS:
            raise bad_request(
                f"Your message is too long. Text messages cannot be longer than {LONGEST_SMS} characters. "
                f"Your message is {len(row.body)} characters long."
            )
    if row.type == "email" and (size := len(row.body.encode())) > LONGEST_EMAIL_BYTES:
        raise bad_request(
            f"Your message is too long. Emails cannot be longer than {LONGEST_EMAIL_BYTES} bytes. "
            f"Your message is {size} bytes."
        )


def _precompiled_row(asked: Request) -> Row:
    try:
        is_pdf = base64.b64decode(asked.body["content"]).startswith(b"%PDF")
    except binascii.Error:
        is_pdf = False
    return Row(
        id=str(uuid4()),
        service_id=asked.service.id,
        key_kind=asked.key.kind,
        type="letter",
        reference=asked.body["reference"],
        recipient="Provided as PDF",
        template_id=asked.service.id,
        template_version=1,
        subject=PRECOMPILED_TEMPLATE,
        body="",
        created_at=asked.now,
        outcome="delivered" if is_pdf else "validation-failed",
        postage=asked.body.get("postage", "second"),
        lines=["Provided as PDF", *[None] * 6],
        precompiled=True,
    )


_URL = re.compile(r"https?://[^\s()\[\]]+", re.IGNORECASE)


def _sanitised(asked: Request, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """Values a sender declared untrusted, with Markdown escaped and links taken out."""
    changed: dict[str, dict[str, str]] = {}
    for name in asked.body.get("sanitise_content_for") or []:
        if name not in values:
            continue
        if not isinstance(values[name], str):
            raise broken("TypeError")
        harmless = _harmless(values[name])
        if harmless != values[name]:
            changed[name] = {"unsanitised": values[name], "sanitised": harmless}
    return values | {name: each["sanitised"] for name, each in changed.items()}, changed


def _harmless(value: str) -> str:
    escaped = re.sub(r"([\\`*_\[\]()#+.^~|>-])", r"\\\1", _URL.sub("", value))
    return re.sub(r"\\\.(?=\w)", r"\\. ", escaped)


def _without_files(asked: Request, values: dict[str, Any], recipient: str) -> dict[str, Any]:
    """Files become links, as document download would make them."""
    files = {name: value for name, value in values.items() if isinstance(value, dict) and "file" in value}
    if not files:
        return values
    if asked.channel != "email":
        raise bad_request("Can only send a file by email")
    if not asked.service.contact_link:
        page = f"{asked.seed.admin_url}/services/{asked.service.id}/service-settings/send-files-by-email"
        raise bad_request(f"Send files by email has not been set up - add contact details for your service at {page}")
    for value in files.values():
        _file_fits(value)
    document = "test-document" if recipient in statuses.SIMULATED else str(uuid4())
    link = f"{asked.seed.base_url}/d/{asked.service.id}/{document}"
    return values | dict.fromkeys(files, link)


def _file_fits(value: dict[str, Any]) -> None:
    filename, confirm = value.get("filename"), value.get("confirm_email_before_download")
    period = value.get("retention_period") or "26 weeks"
    weeks = re.fullmatch(r"([1-9]\d?) weeks?", str(period))
    if filename is not None and "." not in filename:
        raise invalid("filename `filename` must end with a file extension. For example, filename.csv")
    if confirm not in {None, True, False}:
        supported = "Use a boolean true or false value."
        name = "confirm_email_before_download"
        raise invalid(f"{name} Unsupported value for {name}: {confirm}. {supported}")
    if not weeks or int(weeks[1]) > 78:
        supported = "Supported periods are from 1 to 78 weeks."
        raise invalid(f"retention_period Unsupported value for retention_period: {period}. {supported}")


def settle_outcome(row: Row, faults: Faults) -> None:
    """How a live message will end is for whoever ordered the faults to say."""
    if row.key_kind != "test" and row.type != "letter":
        row.outcome = faults.outcome()
