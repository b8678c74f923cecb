"""What is known here of people who have applied and are not on the register yet, in words for whoever plans."""

from engage.foundation.clock import today
from engage.foundation.lake import current
from engage.foundation.office import Office
from engage.foundation.words import day, plural

STALE_DAYS = 7  # applications are made every day, and decided within a few


def told(office: Office, authority: str) -> str:
    with office.database.reading() as session:
        listed = current(session, authority, "applications")
    if listed is None:
        return (
            "No list of applications in progress is imported here, so reminders may reach people who have just applied "
            "and are not on the register yet."
        )
    age = (today(office.clock) - listed.as_at).days
    behind = " Reminders may reach people who have applied since: import a newer one." if age > STALE_DAYS else ""
    return (
        f"Homes whose applications in progress cover all who are missing there are not reminded. The list is of "
        f"{day(listed.as_at)} and has {plural(listed.rows, 'application')}.{behind}"
    )
