"""The name of the council's service at GOV.UK Notify, which Notify puts before each text unless that is switched off.

It is paid for like the text itself. Notify never says which name that is, so an officer does; what Notify answers of a
text that was sent, and what it bills, shows whether it was right.
"""

from datetime import date

from campaigns.notify.text import SmsCheck, check_sms, sanitise_sms
from engage.foundation import audit
from engage.foundation.calendar import in_force, law
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office

LONGEST = 255  # as at Notify
NOBODY_SAID = (
    "Nobody has said which name GOV.UK Notify puts before each text, so the council’s name is counted. Say it under "
    "‘Choose messages’."
)


def say(office: Office, actor: Actor, name: str) -> None:
    """Notify puts `name` before each text; nothing where it is empty."""
    wanted = " ".join(name.split()).removesuffix(":").rstrip()
    if len(wanted) > LONGEST:
        raise InputRefused(f"The name before each text must be {LONGEST} characters or fewer")
    with office.database.session() as session:
        found = session.get_one(Authority, actor.authority, with_for_update=True)
        if found.text_name == wanted:
            return
        found.text_name = wanted
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label,
            act="name before texts", subject=actor.authority, name=wanted,
        )  # fmt: skip


def check(office: Office, text: str, name: str, on: date) -> SmsCheck:
    """The text with the name before it, as Notify sends and counts it on that day."""
    rule = in_force(law(office.settings.home).text_message, on)
    return check_sms(text, name, any_character=rule.any_character)


def other_name(office: Office, answered: str, text: str, name: str, on: date) -> str | None:
    """The name that stands before a text in Notify's answer, where it is not the one that is counted. An answer without
    any tells nothing, as Notify leaves out the name it puts there itself."""
    rule = in_force(law(office.settings.home).text_message, on)
    bare = sanitise_sms(text, any_character=rule.any_character)
    if answered in (bare, check(office, text, name, on).sent) or not answered.endswith(f": {bare}"):
        return None
    return answered.removesuffix(f": {bare}")


def told(counted: str, answered: str) -> str:
    ours = f"“{counted[:40]}”" if counted else "nothing"
    return (
        f"GOV.UK Notify puts “{answered[:40]}” before each text, and {ours} was counted, so the price that was "
        "approved is not the one to pay. Correct the name under ‘Choose messages’."
    )


def told_parts(counted: int, billed: int) -> str:
    return (
        f"GOV.UK Notify bills {billed} parts for a text that was counted as {counted}, so the price that was approved "
        "is not the one to pay. Check the name it puts before each text under ‘Choose messages’."
    )
