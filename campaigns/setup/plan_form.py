"""A plan by form: the usual shape, two waves of reminders to those reminded now and to those reminded later, and a
second wording or order of channels for half of the first; anything else is written as a file."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from campaigns.approval import dates, forecast, pre_election
from campaigns.approval.timeline import Timeline
from campaigns.approval.timeline import timeline as drawn
from campaigns.messages import proofs
from campaigns.notify.messages import Template
from campaigns.plan.plan import REMINDED_LATER, REMINDED_NOW, Plan, PlannedWave, Templates, read
from campaigns.records.lookup import Shown, nation_of
from campaigns.records.models import Campaign, Channel
from engage.foundation.calendar import LONGEST_BEFORE, POLLS, Period
from engage.foundation.clock import today
from engage.foundation.errors import EngageError, InputRefused
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from engage.foundation.web.forms import Form
from segments.audiences import named_rules

USUAL_WINDOW = timedelta(days=42)
# How half of those reminded now may be reminded otherwise, on the same days.
SECOND = {"wording": "reminded now, second wording", "channel": "reminded now, letter first"}
CHANNELS = {Channel.email: "Email", Channel.sms: "Text message", Channel.letter: "Letter"}
NOBODY = "nobody"  # chosen where no second approver is needed, which is another thing than not having looked
# What a plan has besides its dates, so that these can be judged before anything else is entered.
ANYTHING = {
    "name": "-", "purpose": "-", "segment": "-", "share": "50",
    **{f"template-{channel.value}": str(UUID(int=0)) for channel in CHANNELS},
}  # fmt: skip
DATES = ("start", "end", "poll", "register_by")


def blank(office: Office, segment: str = "") -> Form:
    """A form that begins next week and watches the register for six weeks."""
    start = today(office.clock) + timedelta(days=7)
    return Form({"segment": segment, "share": "50", **_day("start", start), **_day("end", start + USUAL_WINDOW)})


def filled(campaign: Campaign) -> Form:
    plan = Plan.model_validate(campaign.plan)
    later = plan.arms.get(REMINDED_LATER, 0.0)
    second = next((name for name in SECOND.values() if name in plan.arms), "")
    other = next((wave.templates for wave in plan.waves if second in wave.arms and wave.templates), {})
    return Form(
        {
            "name": plan.name, "purpose": plan.purpose, "segment": plan.segment, "share": f"{100 * (1 - later):g}",
            "language": plan.language, "rate": f"{100 * plan.expected_rate:g}",
            "second_approver": plan.second_approver or NOBODY, "poll-kind": plan.poll_kind or "",
            "catch_up": "yes" if plan.catch_up else "no", "wording_answer": plan.wording_answer,
            "second": next((kind for kind, name in SECOND.items() if name == second), ""),
            **_template_fields("template", plan.templates), **_template_fields("second", _of_second(plan) or other),
            **_day("start", plan.start), **_day("end", plan.outcome_window.end),
            **(_day("poll", plan.poll_date) if plan.poll_date else {}),
            **(_day("register_by", plan.register_by) if plan.register_by else {}),
        }
    )  # fmt: skip


def _of_second(plan: Plan) -> Templates:
    """The templates of the second wording, over all its waves."""
    found: Templates = {}
    for wave in plan.waves:
        if SECOND["wording"] in wave.arms:
            found |= wave.templates
    return found


def _template_fields(name: str, templates: Templates) -> dict[str, str]:
    return {
        f"{name}-{channel.value}{'' if language == 'en' else '-' + language}": str(chosen)
        for channel, ids in templates.items()
        for language, chosen in ids.items()
    }


def shown(form: Form) -> Shown | None:
    """The campaign as it stood on the page that was sent; None where somebody calls without one, as by the API."""
    version = form.text("version")
    if not version.isdecimal():
        return None
    return Shown(form.text("state"), int(version), form.text("digest"), form.text("why"))


def whole(campaign: Campaign) -> bool:
    """Whether the form shows all of the plan; one written as a file may have waves that it does not."""
    return plan(filled(campaign), campaign.plan) == Plan.model_validate(campaign.plan)


def _day(name: str, value: date) -> dict[str, str]:
    return {f"{name}-day": str(value.day), f"{name}-month": str(value.month), f"{name}-year": str(value.year)}


def plan(form: Form, before: Mapping[str, Any] | None = None) -> Plan | None:
    """The plan the form describes, or None, with the form saying what is wrong. What a form cannot show, such as
    the seed and the wording of a plan written as a file, is kept from `before`."""
    templates = _templates(form, "template")
    if not templates:
        form.fail("template-email", "Select a template for at least one of email, text message and letter")
    found = {
        "name": form.require("name", "Enter a name for the campaign"),
        "purpose": form.require("purpose", "Enter what the campaign is for"),
        "segment": form.require("segment", "Select a segment"),
        "language": form.text("language") or "en",
        "expected_rate": _rate(form),
        "second_approver": "" if form.text("second_approver") == NOBODY else form.text("second_approver"),
        "catch_up": form.text("catch_up") == "yes",
        "wording_answer": form.text("wording_answer"),
        "templates": templates,
        **_dates(form),
    }
    kept = {name: before[name] for name in ("seed", "wording") if before and before.get(name)}
    try:
        whole = found | _groups(form, found) | kept
        return read(whole) if form.valid else None
    except InputRefused as refused:
        form.fail("plan", str(refused))
        return None


def _groups(form: Form, found: Mapping[str, Any]) -> dict[str, Any]:
    """Two groups, or three where half of those reminded now are reminded in another way on the same days."""
    arms = _arms(form)
    second = form.text("second")
    if not form.valid or second not in SECOND:
        return {"arms": arms}
    other = _templates(form, "second") if second == "wording" else {}
    if second == "wording" and set(other) != set(found["templates"]):
        form.fail("second-email", "Select a second template for each of the channels above, and for no other")
        return {"arms": arms}
    if second == "channel" and (len(found["templates"]) < 2 or "letter" not in found["templates"]):
        form.fail("second", "To compare channels, select a letter template and one for email or text")
        return {"arms": arms}
    half = arms[REMINDED_NOW] / 2
    shares = {REMINDED_NOW: half, SECOND[second]: half, REMINDED_LATER: arms[REMINDED_LATER]}
    usual = read({**found, "arms": arms}).waves
    return {"arms": shares, "waves": [wave for each in usual for wave in _split(each, second, other, usual)]}


def _split(
    wave: PlannedWave, second: str, other: Mapping[str, Any], usual: Sequence[PlannedWave]
) -> list[dict[str, Any]]:
    same = wave.model_dump(mode="json")
    if REMINDED_NOW not in wave.arms:
        return [same]
    changed = {**same, "arms": [SECOND[second]]}
    if second == "wording":
        return [same, {**changed, "templates": {channel: other[channel] for channel in wave.channels}}]
    first, last = (each for each in usual if REMINDED_NOW in each.arms)
    swapped = last if wave == first else first
    return [same, {**changed, "channels": list(swapped.channels)}]


def named(form: Form) -> str | None:
    """What Notify puts before each text, for every campaign of the council; None where that was not asked."""
    naming = form.text("naming")
    if naming == "nothing":
        return ""
    return form.require("text-name", "Enter the name that stands before each text") if naming else None


def _dates(form: Form) -> dict[str, Any]:
    start = form.require_day("start", "The day of the first reminder")
    end = form.require_day("end", "The day the comparison ends")
    if start and end and end <= start:
        form.fail("end", "The day the comparison ends must be after the first reminder")
    return {"start": str(start), "outcome_window": {"start": str(start), "end": str(end)}, **_poll(form)}


def _poll(form: Form) -> dict[str, Any]:
    poll = form.optional_day("poll", "The day of the poll")
    own = form.optional_day("register_by", "The last day to register")
    kind = form.text("poll-kind")
    if poll is None and (own or kind):
        form.fail("poll", "Enter the day of the poll, or nothing of a poll")
    if kind and kind not in POLLS:
        form.fail("poll-kind", "Select what kind of poll it is")
    if poll and own and not poll - LONGEST_BEFORE <= own < poll:
        form.fail("register_by", "The last day to register must be in the three months before the poll")
    return {
        "poll_date": str(poll) if poll else None, "poll_kind": kind or None, "register_by": str(own) if own else None
    }  # fmt: skip


def checked(office: Office, actor: Actor, form: Form, before: Mapping[str, Any] | None = None) -> Plan | None:
    """The plan the form describes, held against the clock, the polls, the law and what GOV.UK Notify has, as submission
    will hold it; None where the form says what is wrong."""
    made = plan(form, before)
    with office.database.reading() as session:
        nation = nation_of(session, actor.authority)
        approvers = {account.label: account.id for account in pre_election.approvers(session, actor.authority)}
    dated = made or _dated(form)
    for clash in dates.judge(office, dated, nation) if dated else ():
        if not clash.told:
            form.fail(clash.field, clash.words)
    near = pre_election.period(office, nation, dated) if dated else None
    _check_second(form, approvers, actor, near)
    if made and form.valid:
        _check_messages(office, actor.authority, form, made)
    return made if form.valid else None


def _check_messages(office: Office, authority: str, form: Form, made: Plan) -> None:
    """Where GOV.UK Notify can be asked: each fault of a message at the field that chose its template."""
    known = templates(office)
    found = proofs.proofs(forecast.setting(office, authority, made), made, known) if known else []
    for proof in found:
        chosen = (name for name in form.names() if form.text(name) == proof.template)
        field = next(chosen, "template-email")
        if proof.faults:
            form.fail(field, f"{proof.title}: {' '.join(proof.faults)}")


def _check_second(form: Form, approvers: Mapping[str, int | None], actor: Actor, near: Period | None) -> None:
    """That somebody is chosen who may approve second, or nobody where nobody has to."""
    chosen = form.text("second_approver")
    if not chosen:
        form.fail("second_approver", "Select who approves second, or that nobody has to")
    elif near and chosen == NOBODY:
        form.fail("second_approver", f"Select who approves second. {pre_election.told(near)}")
    elif near and actor.account_id is not None and approvers.get(chosen) == actor.account_id:
        form.fail("second_approver", "Select somebody other than yourself: you plan this campaign")
    elif chosen != NOBODY and "@" not in chosen and chosen not in approvers:
        form.fail("second_approver", "Select somebody who may approve: this account no longer does")


def calendar(office: Office, authority: str, form: Form) -> Timeline | None:
    """Of the dates as they stand in the form; None while they are no dates."""
    with office.database.reading() as session:
        nation = nation_of(session, authority)
    dated = _dated(form)
    return drawn(office, dated, nation) if dated else None


def _dated(form: Form) -> Plan | None:
    """The plan of the form or, until it is whole, one with the same dates."""
    entered = {name: form.text(name) for name in form.names()}
    return plan(Form(entered)) or plan(
        Form(ANYTHING | {name: value for name, value in entered.items() if name.partition("-")[0] in DATES})
    )


def _templates(form: Form, name: str) -> dict[str, dict[str, str]]:
    """By channel and language; a Welsh one alone will do."""
    chosen: dict[str, dict[str, str]] = {}
    for channel, words in CHANNELS.items():
        for language in ("en", "cy"):
            field = f"{name}-{channel.value}{'' if language == 'en' else '-cy'}"
            typed = form.text(field)
            if typed and not _is_uuid(typed):
                form.fail(field, f"{words} template must be an id as GOV.UK Notify shows it")
            elif typed:
                chosen.setdefault(channel.value, {})[language] = typed
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
    return _asked(office)[0]


def away(office: Office) -> str:
    """Why its templates cannot be read; empty where they can."""
    return _asked(office)[1]


def _asked(office: Office) -> tuple[list[Template], str]:
    try:
        found = forecast.templates(office)
    except EngageError as error:
        return [], f"{error} {MEANWHILE}"
    return (found, "") if found is not None else ([], f"No key of GOV.UK Notify is set here. {MEANWHILE}")


MEANWHILE = (
    "Until its templates can be read, no message can be shown or checked here, and the campaign cannot be submitted. "
    "What you enter is kept all the same."
)
LABELS = {
    "name": "Name", "purpose": "Purpose", "segment": "Segment", "language": "Language", "share": "Homes reminded now",
    "second": "A second wording or order", "rate": "Homes expected to gain an elector anyway",
    "start": "First reminder", "end": "End of the comparison", "poll": "Day of the poll",
    "register_by": "Last day to register",
    "catch_up": "Reminded later", "second_approver": "Approves second", "template": "Template",
}  # fmt: skip


def differences(form: Form, stands: Campaign) -> list[tuple[str, str, str]]:
    """What was typed and what another saved meanwhile, where they are not the same: label, as it stands, as typed."""
    now, found = filled(stands), list[tuple[str, str, str]]()
    for name in dict.fromkeys((*now.names(), *form.names())):
        label = LABELS.get(name.partition("-")[0])
        if label and now.text(name) != form.text(name):
            part = name.partition("-")[2]
            found.append((f"{label} ({part})" if part else label, now.text(name) or "–", form.text(name) or "–"))
    return found


def offered(office: Office, authority: str) -> dict[str, Any]:
    """What the fields of the form can be chosen from, and what was said before of the name that texts begin with."""
    with office.database.reading() as session:
        approvers = pre_election.approvers(session, authority)
        council = session.get_one(Authority, authority)
    known, missing = _asked(office)
    return {
        "segments": named_rules.all_segments(office, authority), "templates": known, "channels": CHANNELS,
        "away": missing,
        "approvers": approvers, "kinds": POLLS, "nobody": NOBODY, "authority": council,
    }  # fmt: skip
