"""Plans being set up, task by task, in any order and over as many days as it takes. What was entered stands here until
it makes a whole plan, from which the draft of a campaign is made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from campaigns.approval import drafts
from campaigns.messages import service_name
from campaigns.plan.plan import Plan
from campaigns.records.lookup import permit
from campaigns.records.models import Campaign, Outline
from campaigns.setup import plan_form
from engage.foundation import audit
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.forms import Form

LONGEST = 2000  # letters of an answer that are kept


class Standing(StrEnum):
    to_do = "To do"
    wrong = "There is a problem"
    completed = "Completed"


@dataclass(frozen=True)
class Task:
    """One part of a plan. `fields` are those of the form, or what they begin with before a hyphen."""

    key: str
    title: str
    hint: str
    fields: tuple[str, ...]

    def owns(self, field: str) -> bool:
        return any(field == own or field.startswith(f"{own}-") for own in self.fields)

    def saved(self, answers: Mapping[str, str]) -> bool:
        return any(map(self.owns, answers))


TASKS = (
    Task("people", "Choose people", "What it is for, and which homes", ("name", "purpose", "segment")),
    Task(
        "messages",
        "Choose messages",
        "Templates at GOV.UK Notify, by channel and language",
        ("template", "language", "naming", "text-name", "wording_answer"),
    ),
    Task(
        "dates",
        "Choose dates",
        "The first reminder, the end of the comparison, a poll",
        ("start", "end", "poll", "register_by", "catch_up"),
    ),
    Task(
        "comparison",
        "Set the comparison group",
        "Who is reminded later, so that the effect shows",
        ("share", "second", "rate"),
    ),
    Task("checks", "Check compliance", "Who else approves before a poll, and what is checked", ("second_approver",)),
)


def task(key: str) -> Task:
    found = next((each for each in TASKS if each.key == key), None)
    if found is None:
        raise NotFound("There is no such task in setting up a campaign.")
    return found


@dataclass(frozen=True)
class Progress:
    """How far a plan has come: each task with its standing, the plan once it is whole, and what is wrong between
    tasks."""

    standings: dict[str, Standing]
    plan: Plan | None
    conflict: str


def progress(office: Office, actor: Actor, answers: Mapping[str, str]) -> Progress:
    """As it stands at this moment: a day that has passed since it was entered is a problem now."""
    form = Form(dict(answers))
    plan = plan_form.checked(office, actor, form)
    standings = {each.key: _standing(each, answers, form.errors) for each in TASKS}
    if Standing.to_do in standings.values():
        return Progress(standings, None, "")
    return Progress(standings, plan, form.errors.get("plan", ""))


def _standing(task: Task, answers: Mapping[str, str], errors: Mapping[str, str]) -> Standing:
    if not task.saved(answers):
        return Standing.to_do
    return Standing.wrong if any(map(task.owns, errors)) else Standing.completed


def faults(office: Office, actor: Actor, task: Task, form: Form, answers: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a task as it was just entered, beside what the others have."""
    others = {name: answer for name, answer in answers.items() if not task.owns(name)}
    whole = Form({**others, **_entered(task, form)})
    plan_form.checked(office, actor, whole)
    plan_form.named(whole)
    return {field: message for field, message in whole.errors.items() if task.owns(field)}


def _entered(task: Task, form: Form) -> dict[str, str]:
    return {name: form.text(name)[:LONGEST] for name in form.names() if task.owns(name)}


def unfinished(office: Office, actor: Actor) -> list[Outline]:
    """What the authority is setting up, the last changed first."""
    with office.database.reading() as session:
        permit(session, actor, Right.see_data)
        query = select(Outline).where(Outline.authority == actor.authority)
        return list(session.exec(query.order_by(col(Outline.changed_at).desc(), col(Outline.id).desc())))


def find(office: Office, actor: Actor, number: int) -> Outline:
    with office.database.reading() as session:
        permit(session, actor, Right.plan)
        return _own(session, actor, number)


def _own(session: Session, actor: Actor, number: int, *, lock: bool = False) -> Outline:
    found = session.get(Outline, number, with_for_update=lock)
    if found is None or found.authority != actor.authority:
        raise NotFound("There is no such plan here. It may be a campaign by now: look at the list of campaigns.")
    return found


def save(office: Office, actor: Actor, number: int | None, task: Task, form: Form, seen: str = "") -> Outline:
    """Keep what was entered for a task; without a number a new outline begins. `seen` as for `discard`."""
    if (name := plan_form.named(form)) is not None:
        with office.database.reading() as session:
            permit(session, actor, Right.plan)
        service_name.say(office, actor, name)
    with office.database.session() as session:
        permit(session, actor, Right.plan)
        now = office.clock.now()
        kept = _own(session, actor, number, lock=True) if number else _begun(session, actor, now)
        _demand_seen(kept, seen)
        others = {name: answer for name, answer in kept.answers.items() if not task.owns(name)}
        kept.answers, kept.changed_at = others | _entered(task, form), now
        kept.written_by = sorted({*kept.written_by, *([actor.account_id] if actor.account_id else [])})
        session.add(kept)
        _record(session, office, actor, "set up campaign", kept, task=task.key)
        return kept


def _demand_seen(outline: Outline, seen: str) -> None:
    if seen and seen != outline.seen:
        raise InputRefused(
            "Somebody changed this plan since you opened the page, and nothing was done. Below is what stands now."
        )


def _begun(session: Session, actor: Actor, now: datetime) -> Outline:
    begun = Outline(authority=actor.authority, begun_by=actor.label, changed_at=now)
    session.add(begun)
    session.flush()
    return begun


def finish(office: Office, actor: Actor, number: int, seen: str = "") -> Campaign:
    """The draft of a campaign, once every task is completed; InputRefused says what is not."""
    found = progress(office, actor, find(office, actor, number).answers)
    if found.plan is None:
        raise InputRefused(f"The draft cannot be made yet. {' '.join(_left(found))}")
    rule = drafts.rule(office, actor, found.plan)
    with office.database.session() as session:  # one transaction: two who press at once make one draft
        ended = _end(session, office, actor, number, seen)
        return drafts.begin(session, office, actor, found.plan, rule, written_by=ended.written_by)


def _left(progress: Progress) -> Iterator[str]:
    for each in TASKS:
        if progress.standings[each.key] != Standing.completed:
            yield f"{each.title}: {progress.standings[each.key].value.lower()}."
    if progress.conflict:
        yield progress.conflict


def discard(office: Office, actor: Actor, number: int, seen: str = "") -> None:
    """`seen` is the moment of the last change that the page showed: what somebody entered since is not thrown away."""
    with office.database.session() as session:
        _end(session, office, actor, number, seen)


def _end(session: Session, office: Office, actor: Actor, number: int, seen: str) -> Outline:
    permit(session, actor, Right.plan)
    gone = _own(session, actor, number, lock=True)
    _demand_seen(gone, seen)
    session.delete(gone)
    _record(session, office, actor, "end setting up", gone)
    return gone


def _record(session: Session, office: Office, actor: Actor, act: str, outline: Outline, **details: str) -> None:
    audit.record(
        session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act=act,
        subject=f"plan {outline.id}", **details,
    )  # fmt: skip
