"""The wording that answers HELP: a text template of the council's at GOV.UK Notify. One officer chooses it and another
approves it, as nothing leaves on the word of one person alone."""

from collections.abc import Sequence

from sqlmodel import Session

from campaigns.notify.messages import Template
from campaigns.records.lookup import permit
from campaigns.records.models import Channel
from campaigns.records.reply import HelpWording
from engage.foundation import audit
from engage.foundation.errors import InputRefused, NotAllowed
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office


def chosen(office: Office, authority: str) -> HelpWording | None:
    with office.database.reading() as session:
        return session.get(HelpWording, authority)


def in_use(session: Session, authority: str) -> HelpWording | None:
    wording = session.get(HelpWording, authority)
    return wording if wording and wording.approved_at else None


def usable(known: Sequence[Template]) -> list[Template]:
    """Texts that need nothing filled in: of whoever asks for help nothing else is known."""
    texts = [each for each in known if each.channel == Channel.sms and not each.placeholders]
    return sorted(texts, key=lambda each: each.name.casefold())


def choose(office: Office, actor: Actor, template_id: str, known: Sequence[Template]) -> None:
    """Takes the place of any earlier one, and waits for somebody else."""
    found = next((each for each in usable(known) if each.template_id == template_id), None)
    if found is None:
        raise InputRefused("Select a text template that has no fields to fill in")
    with office.database.session() as session:
        permit(session, actor, Right.plan)
        session.merge(
            HelpWording(
                authority=actor.authority, template=found.template_id, name=found.name[:200], version=found.version,
                body=found.body, chosen_by=actor.label, chosen_by_id=actor.account_id, chosen_at=office.clock.now(),
                approved_by="", approved_at=None,
            )
        )  # fmt: skip
        _record(session, office, actor, "choose answer to HELP", template=found.template_id, version=found.version)


def approve(office: Office, actor: Actor, template: str, version: int) -> None:
    """The version that was shown, by somebody who did not choose it."""
    with office.database.session() as session:
        permit(session, actor, Right.approve)
        wording = session.get(HelpWording, actor.authority, with_for_update=True)
        if wording is None or (wording.template, wording.version) != (template, version):
            raise InputRefused("Another wording was chosen meanwhile. Read it before you approve it.")
        if wording.chosen_by_id == actor.account_id:
            raise NotAllowed("You chose this wording. Somebody else has to approve it.")
        wording.approved_by, wording.approved_at = actor.label, office.clock.now()
        _record(session, office, actor, "approve answer to HELP", template=template, version=version)


def withdraw(session: Session, office: Office, authority: str) -> None:
    """Notify sent another version than was approved: no more of it before somebody has read it."""
    wording = session.get(HelpWording, authority)
    if wording and wording.approved_at:
        wording.approved_by, wording.approved_at = "", None
        _record(session, office, Actor(authority, "worker"), "withdraw answer to HELP", template=wording.template)


def _record(session: Session, office: Office, actor: Actor, act: str, **detail: object) -> None:
    audit.record(
        session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act=act,
        subject="answer to HELP", **detail,
    )  # fmt: skip
