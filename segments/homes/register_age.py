"""How old the newest register is, in words for whoever acts on it: reminders go to those who are not on it."""

from engage.foundation.clock import today
from engage.foundation.lake import current
from engage.foundation.office import Office
from engage.foundation.words import day

STALE_DAYS = 35  # a notice of alteration comes every month, so an older register is behind


def told(office: Office, authority: str) -> str:
    """Empty where it is new enough, or there is none, which other words say."""
    with office.database.reading() as session:
        register = current(session, authority, "register")
    age = (today(office.clock) - register.as_at).days if register else 0
    if register is None or age <= STALE_DAYS:
        return ""
    return (
        f"The newest register here is of {day(register.as_at)}, {age} days old. Who has registered since is not known, "
        "and would be counted as missing and reminded. Import a newer one first."
    )
