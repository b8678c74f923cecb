"""A plan by form: the usual shape, two arms and two channels of reminders; anything else is written as a file."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from campaigns.models import Campaign, Channel
from campaigns.notify.client import from_settings
from campaigns.notify.messages import Template
from campaigns.plan import REMINDED_LATER, REMINDED_NOW, Plan, read
from engage.foundation.clock import today
from engage.foundation.errors import EngageError, InputRefused
from engage.foundation.forms import Form
from engage.foundation.office import Office

USUAL_WINDOW = timedelta(days=42)
CHANNELS = {Channel.email: "Email", Channel.sms: "Text message", Channel.letter: "Letter"}


def blank(office: Office, segment: str = "") -> Form:
    """A form that begins next week and watches the register for six weeks."""
    start = today(office.clock) + timedelta(days=7)
    return Form({"segment": segment, "share": "50", **_day("start", start), **_day("end", start + USUAL_WINDOW)})


def filled(campaign: Campaign) -> Form:
    plan = Plan.model_validate(campaign.plan)
    known = {f"template-{channel.value}": str(next(iter(ids.values()))) for channel, ids in plan.templates.items()}
    share = plan.arms.get(REMINDED_NOW, 1.0)
    return Form(
        {
            "name": plan.name, "purpose": plan.purpose, "segment": plan.segment, "share": f"{100 * share:g}",
            "language": plan.language, "rate": f"{100 * plan.expected_rate:g}", "second_approver": plan.second_approver,
            **known, **_day("start", plan.start), **_day("end", plan.outcome_window.end),
            **(_day("poll", plan.poll_date) if plan.poll_date else {}),
        }
    )  # fmt: skip


def _day(name: str, value: date) -> dict[str, str]:
    return {f"{name}-day": str(value.day), f"{name}-month": str(value.month), f"{name}-year": str(value.year)}


def plan(form: Form, before: Mapping[str, Any] | None = None) -> Plan | None:
    """The plan the form describes, or None, with the form saying what is wrong. What a form cannot show, such as
    the seed and the wording of a plan written as a file, is kept from `before`."""
    found = {
        "name": form.require("name", "Enter a name for the campaign"),
        "purpose": form.require("purpose", "Enter what the campaign is for"),
        "segment": form.require("segment", "Select a segment"),
        "language": form.text("language") or "en",
        "expected_rate": _rate(form),
        "second_approver": form.text("second_approver"),
        "templates": _templates(form),
        "arms": _arms(form),
        **_dates(form),
    }
    kept = {name: before[name] for name in ("seed", "wording") if before and before.get(name)}
    if not form.valid:
        return None
    try:
        return read(found | kept)
    except InputRefused as refused:
        form.fail("plan", str(refused))
        return None


def _dates(form: Form) -> dict[str, Any]:
    start = form.require_day("start", "The day of the first reminder")
    end = form.require_day("end", "The day the comparison ends")
    if start and end and end <= start:
        form.fail("end", "The day the comparison ends must be after the first reminder")
    poll = form.day("poll")
    if poll is None and any(form.text(f"poll-{part}") for part in ("day", "month", "year")):
        form.fail("poll", "The day of the poll must be a real date")
    return {
        "start": str(start),
        "outcome_window": {"start": str(start), "end": str(end)},
        "poll_date": str(poll) if poll else None,
    }


def _templates(form: Form) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for channel, words in CHANNELS.items():
        typed = form.text(f"template-{channel.value}")
        if typed and not _is_uuid(typed):
            form.fail(f"template-{channel.value}", f"{words} template must be an id as GOV.UK Notify shows it")
        elif typed:
            chosen[channel.value] = typed
    if not chosen:
        form.fail("template-email", "Select a template for at least one of email, text message and letter")
    return chosen


def _is_uuid(typed: str) -> bool:
    try:
        UUID(typed)
    except ValueError:
        return False
    return True


def _rate(form: Form) -> float:
    """Five in a hundred where nobody says."""
    typed = form.text("rate").rstrip("% ") or "5"
    try:
        rate = float(typed)
    except ValueError:
        rate = 0.0
    if not 0.1 <= rate <= 90:
        form.fail("rate", "Homes expected to gain an elector anyway must be a number from 0.1 to 90")
        return 0.05
    return rate / 100


def _arms(form: Form) -> dict[str, float]:
    wanted = "Homes reminded now must be a whole number from 10 to 90"
    typed = form.text("share").rstrip("% ")
    share = int(typed) if typed.isascii() and typed.isdigit() else 0
    if not 10 <= share <= 90:
        form.fail("share", wanted)
    return {REMINDED_NOW: share / 100, REMINDED_LATER: 1 - share / 100}


def templates(office: Office) -> list[Template]:
    """What GOV.UK Notify has for this council; empty without a key or while it cannot be reached."""
    key = office.settings.notify_api_key.get_secret_value()
    if not key:
        return []
    try:
        return from_settings(key, office.settings.notify_base_url).templates()
    except EngageError:
        return []
