"""Whether the people of this home folder exist: addresses and numbers that nobody can have mark it as made up, and
then Engage speaks to no GOV.UK Notify but the stand-in on this machine."""

import re

from sqlmodel import Session, col, select

from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from engage.foundation.settings import MADE_UP

# RFC 2606 and RFC 6761 keep these names for examples, Ofcom 07700 900000 to 900999 for drama.
NOBODYS = re.compile(
    r".*@(.+\.)?example\.(com|org|net)|.*@(.+\.)?(example|test|invalid|localhost)|447700900\d{3}", re.IGNORECASE
)


def contact(value: str) -> bool:
    return NOBODYS.fullmatch(value) is not None


def mark(session: Session, office: Office, authority: str, *, invented: bool) -> None:
    """After a list of contacts came in. Where other authorities have contacts too, a made-up list of one, as for
    training, must not hold up theirs."""
    others = select(Snapshot.id).where(
        Snapshot.kind == "contacts", Snapshot.authority != authority, col(Snapshot.undone_at).is_(None)
    )
    file = office.settings.home / MADE_UP
    if not invented:
        file.unlink(missing_ok=True)
    elif session.exec(others.limit(1)).first() is None:
        file.touch()
