"""What the stand-in answers: the JSON of notifications, templates, previews and received texts."""

import html
import re
from datetime import datetime, timedelta
from typing import Any

from campaigns.notify.stand_in.seed import Seed, Service, Template
from campaigns.notify.stand_in.sending import Request, Written
from campaigns.notify.stand_in.statuses import print_run, state
from campaigns.notify.stand_in.store import ReceivedText, Row

SMS_RATE = 0.024
_SHEET_RATES = {"first": 1.56, "second": 0.73, "economy": 0.638, "europe": 1.8, "rest-of-world": 1.8}
_SEEDED_AT = "2026-01-01T09:00:00.000000Z"


def moment(value: datetime | None) -> str | None:
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if value else None


def accepted(asked: Request, row: Row, written: Written) -> dict[str, Any]:
    """The answer to a message that was taken on."""
    if row.precompiled:
        return {"id": row.id, "reference": row.reference, "postage": row.postage}
    base = asked.seed.base_url
    answer: dict[str, Any] = {
        "id": row.id,
        "reference": row.reference,
        "uri": f"{base}/v2/notifications/{row.id}",
        "scheduled_for": None,
        "content": _content(asked, row),
        "template": {
            "id": row.template_id,
            "version": row.template_version,
            "uri": f"{base}/services/{row.service_id}/templates/{row.template_id}",
        },
    }
    if row.type == "email":
        answer["sanitised_content"] = written.sanitised
    return answer


def _content(asked: Request, row: Row) -> dict[str, Any]:
    if row.type == "sms":
        sender = asked.seed.senders.get(asked.body.get("sms_sender_id", ""), "GOVUK")
        return {"body": row.body, "from_number": sender}
    if row.type == "letter":
        return {"subject": row.subject, "body": row.body}
    return {
        "from_email": re.sub(r"\W+", ".", asked.service.name.lower()) + "@notifications.service.gov.uk",
        "subject": row.subject,
        "body": row.body.replace("\r\n", "\n").replace("\n", "\r\n"),
        "one_click_unsubscribe_url": row.unsubscribe_url,
    }


def notification(seed: Seed, row: Row, now: datetime) -> dict[str, Any]:
    """A notification as GET shows it."""
    letter = row.type == "letter"
    lines = row.lines or [None] * 7
    at = state(row, now)
    answer: dict[str, Any] = {
        "id": row.id,
        "reference": row.reference,
        "type": row.type,
        "status": at.shown,
        "email_address": row.recipient if row.type == "email" else None,
        "phone_number": row.recipient if row.type == "sms" else None,
        **{f"line_{number}": line for number, line in enumerate(lines[:6], start=1)},
        "postcode": lines[6],
        "postage": row.postage,
        "body": row.body,
        "subject": row.subject,
        "created_at": moment(row.created_at),
        "sent_at": moment(at.sent_at),
        "completed_at": moment(at.completed_at),
        "created_by_name": None,
        "scheduled_for": None,
        "one_click_unsubscribe_url": row.unsubscribe_url,
        "template": {
            "id": row.template_id,
            "version": row.template_version,
            "uri": f"{seed.base_url}/v2/template/{row.template_id}/version/{row.template_version}",
        },
        **_cost(row, at.status),
    }
    if letter:
        answer["estimated_delivery"] = moment(print_run(row.created_at) + timedelta(days=5))
    return answer


def _cost(row: Row, status: str) -> dict[str, Any]:
    ready = status not in {"created", "pending-virus-check"}
    if row.type == "sms":
        pounds = round(row.fragments * row.multiplier * SMS_RATE, 6)
        details: dict[str, Any] = {
            "billable_sms_fragments": row.fragments,
            "international_rate_multiplier": float(row.multiplier),
            "sms_rate": SMS_RATE,
        }
    elif row.type == "letter":
        free = row.key_kind == "test" or status in {"validation-failed", "virus-scan-failed", "technical-failure"}
        pounds = 0.0 if free else _SHEET_RATES[row.postage or "second"]
        details = {"billable_sheets_of_paper": 0 if free else 1, "postage": row.postage}
    else:
        pounds, details = 0.0, {}
    return {
        "is_cost_data_ready": ready,
        "cost_in_pounds": pounds if ready else None,
        "cost_details": details if ready else {},
    }


def template(each: Template) -> dict[str, Any]:
    return {
        "id": each.id,
        "name": each.name,
        "type": each.type,
        "created_at": _SEEDED_AT,
        "updated_at": None if each.version == 1 else _SEEDED_AT,
        "created_by": "team.member@example.org",
        "version": each.version,
        "body": each.content,
        "subject": each.subject,
        "postage": each.postage,
        "letter_contact_block": None,
        "personalisation": {name: {"required": True} for name in each.placeholders},
    }


def templates(service: Service, channel: str | None) -> dict[str, Any]:
    latest = [versions[-1] for versions in service.templates.values()]
    shown = [each for each in latest if not each.archived and channel in {None, each.type}]
    return {"templates": [template(each) for each in sorted(shown, key=lambda each: (each.type, each.name))]}


def preview(each: Template, subject: str | None, body: str) -> dict[str, Any]:
    return {
        "id": each.id,
        "type": each.type,
        "version": each.version,
        "body": body,
        "html": as_html(body) if each.type == "email" else None,
        "subject": subject,
        "postage": each.postage,
    }


def as_html(body: str) -> str:
    """Headings, bullets and paragraphs; Notify styles them inline."""
    blocks = re.split(r"\n\s*\n", html.escape(body.replace("\r\n", "\n"), quote=False).strip())
    return "".join(_block(block) for block in blocks)


def _block(block: str) -> str:
    if block.startswith("# "):
        return f"<h2>{block[2:]}</h2>"
    lines = block.split("\n")
    if all(line.startswith("* ") for line in lines):
        return "<ul>" + "".join(f"<li>{line[2:]}</li>" for line in lines) + "</ul>"
    return "<p>" + "<br>".join(lines) + "</p>"


def text(each: ReceivedText) -> dict[str, Any]:
    return {
        "id": each.id,
        "user_number": each.number,
        "notify_number": "07700900500",
        "created_at": moment(each.created_at),
        "service_id": each.service_id,
        "content": each.message,
    }


def receipt(row: Row, now: datetime) -> dict[str, Any]:
    """What Notify posts to a service when a message has ended."""
    at = state(row, now)
    return {
        "id": row.id,
        "reference": row.reference,
        "to": row.recipient,
        "status": at.shown,
        "created_at": moment(row.created_at),
        "completed_at": moment(at.completed_at),
        "sent_at": moment(at.sent_at),
        "notification_type": row.type,
        "template_id": row.template_id,
        "template_version": row.template_version,
    }


def text_callback(each: ReceivedText) -> dict[str, Any]:
    return {
        "id": each.id,
        "source_number": each.number,
        "destination_number": "07700900500",
        "message": each.message,
        "date_received": moment(each.created_at),
    }
