"""Accepting a message: the checks of Notify in their order, then a row."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from campaigns.notify.address import from_personalisation, read_address
from campaigns.notify.recipients import NOT_A_UK_MOBILE, UNSERVED, Phone, read_email, read_phone
from campaigns.notify.stand_in import statuses
from campaigns.notify.stand_in.faults import Faults
from campaigns.notify.stand_in.problem import Problem, bad_request, broken, invalid
from campaigns.notify.stand_in.schema import check
from campaigns.notify.stand_in.seed import LANDLINES, Key, Seed, Service, Template
from campaigns.notify.stand_in.store import Row
from campaigns.notify.text import LONGEST_EMAIL_BYTES, LONGEST_SMS, SmsCheck, check_sms, fill, missing, render
from engage.foundation.calendar import in_force, law

_NAMES = {"sms": "text messages", "email": "emails", "letter": "letters"}
_TRIAL = (
    "Can’t send to this recipient when service is in trial mode "
    "– see https://www.notifications.service.gov.uk/trial-mode"
)
_TEAM = "Can’t send to this recipient using a team-only API key"
PRECOMPILED_TEMPLATE = "Pre-compiled PDF"
_LONGEST_QR_CODE = 504  # bytes
_QR_CODE = re.compile(r"qr\s*:\s*(.+)", re.IGNORECASE)


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
    _demand_usable_codes(template, values)
    require_values(template, values)
    _demand_words(asked, template, values)
    _known_sender(asked)
    values, sanitised = _sanitised(asked, values)
    row = _row(asked, template)
    if channel == "letter":
        _may_post(asked)
        _to_address(asked, row, values)
    else:
        _to_recipient(asked, row)
        values = _without_files(asked, values, row.recipient)
    written = Written(*write(template, values, any_character=_any_character(now)), sanitised)
    row.subject, row.body = written.subject, written.body
    _measured(asked, row, template, values)
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


def _any_character(now: datetime) -> bool:
    return in_force(law().text_message, now.date()).any_character


def write(template: Template, values: dict[str, Any], *, any_character: bool = True) -> tuple[str | None, str]:
    """Subject and body of a filled template."""
    subject = render(template.subject, values, "subject") if template.subject is not None else None
    body = render(template.content, values, template.type, any_character=any_character)  # type: ignore[arg-type]  # type is a Kind
    return subject, body


def preview(template: Template, values: dict[str, Any], now: datetime) -> tuple[str | None, str]:
    return write(template, values, any_character=_any_character(now))


def _demand_usable_codes(template: Template, values: dict[str, Any]) -> None:
    """A letter's paragraph that begins with `qr:` is printed as a QR code."""
    if template.type != "letter":
        return
    paragraphs = re.split(r"\n\s*\n", fill(template.content, values, "letter").replace("\r\n", "\n"))
    for code in filter(None, (_QR_CODE.match(paragraph.strip()) for paragraph in paragraphs)):
        if (size := len(code[1].encode())) > _LONGEST_QR_CODE:
            further = {"data": code[1], "num_bytes": size, "max_bytes": _LONGEST_QR_CODE}
            words = "Cannot create a usable QR code - the link is too long"
            raise Problem(400, ("ValidationError", words), further=further)


def _demand_words(asked: Request, template: Template, values: dict[str, Any]) -> None:
    """Something to read, and no file but by email."""
    whole = template.content.startswith("((") and template.content.endswith("))")
    if (whole or not template.content) and not render(template.content, values, template.type):  # type: ignore[arg-type]
        raise bad_request("Your message is empty.")
    if asked.channel != "email" and _files(values):
        raise bad_request("Can only send a file by email")


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
    if phone:
        _may_text(asked.service, phone)
    row.recipient = written
    row.multiplier = (phone.rate_multiplier or 1) if phone else 1
    if asked.key.kind == "test":
        row.outcome = statuses.test_outcome(asked.channel, written, normalised)


def _may_text(service: Service, phone: Phone) -> None:
    if phone.country_code != 44 and not service.international:
        # Notify looks the price up before it says no.
        raise bad_request("Cannot send to international mobile numbers") if phone.served else broken("KeyError")
    if phone.landline and LANDLINES not in service.permissions:
        raise Problem(400, ("InvalidPhoneError", NOT_A_UK_MOBILE))
    if not phone.served:
        raise Problem(400, ("InvalidPhoneError", UNSERVED))


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
    lines = [values.get(name) for name in (*(f"address_line_{number}" for number in range(1, 7)), "postcode")]
    row.lines = [None if line is None else str(line) for line in lines]
    row.recipient = address.lines[0]


def _as_text(asked: Request, template: Template, values: dict[str, Any]) -> SmsCheck:
    """With the name of the service before it, which is billed though no answer shows it."""
    name = asked.service.name if asked.service.prefix_sms else ""
    return check_sms(fill(template.content, values, "sms"), name, any_character=_any_character(asked.now))


def _measured(asked: Request, row: Row, template: Template, values: dict[str, Any]) -> None:
    if row.type == "sms":
        text = _as_text(asked, template, values)
        row.fragments = text.fragments
        if text.too_long:
            raise bad_request(
                f"Your message is too long. Text messages cannot be longer than {LONGEST_SMS} characters. "
                f"Your message is {text.length} characters long."
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


def _files(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: value for name, value in values.items() if isinstance(value, dict) and "file" in value}


def _without_files(asked: Request, values: dict[str, Any], recipient: str) -> dict[str, Any]:
    """Files become links, as document download would make them."""
    files = _files(values)
    if not files:
        return values
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
    if filename is not None and value.get("is_csv") is not None:
        raise bad_request("Do not set a value for `is_csv` if `filename` is set.")
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
