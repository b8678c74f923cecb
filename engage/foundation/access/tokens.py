"""Tokens of other systems: each reads for one authority what its rights let it, until a day. Only a keyed hash of the
secret is kept."""

from datetime import date, datetime, timedelta

from sqlalchemy import JSON, Column
from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation.access.rights import OF_SYSTEMS, Right
from engage.foundation.clock import london
from engage.foundation.database import Moment
from engage.foundation.errors import InputRefused, NotFound

LONGEST = timedelta(days=366)
LONGEST_NAME = 60


class SystemToken(SQLModel, table=True):
    __tablename__ = "system_token"

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(foreign_key="authority.code", max_length=9, index=True)
    system: str = Field(max_length=LONGEST_NAME)
    rights: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    key: str = Field(max_length=64, unique=True)  # HMAC of the secret
    until: date  # the last day on which it opens anything
    made_at: datetime = Field(sa_type=Moment)
    made_by: str = Field(max_length=80)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)

    def may(self, right: Right) -> bool:
        return right in self.rights

    def stands(self, now: datetime) -> bool:
        return self.ended_at is None and london(now).date() <= self.until

    @property
    def label(self) -> str:
        """How the audit log names it."""
        return f"token {self.id}"


def demand_possible(system: str, rights: list[str], until: date, now: datetime) -> None:
    """InputRefused says what of a token to be made cannot be."""
    today = london(now).date()
    possible = sorted(OF_SYSTEMS)
    wrong = next((right for right in rights if right not in possible), None)
    if wrong is not None or not rights:
        raise InputRefused(f"The right is {wrong or ''!r}: expected one of {', '.join(possible)}.")
    if not system.strip() or len(system) > LONGEST_NAME or not system.isprintable():
        raise InputRefused(f"The system is {system[:70]!r}: expected its name, of at most {LONGEST_NAME} letters.")
    if not today <= until <= today + LONGEST:
        raise InputRefused(
            f"The last day is {until}: expected one from {today} to {today + LONGEST}, so that a token that is "
            "forgotten ends by itself."
        )


def standing(session: Session, key: str, now: datetime) -> SystemToken | None:
    """The token with this keyed hash, while it opens anything."""
    found = session.exec(select(SystemToken).where(SystemToken.key == key)).first()
    return found if found is not None and found.stands(now) else None


def of_authority(session: Session, code: str) -> list[SystemToken]:
    query = select(SystemToken).where(SystemToken.authority == code)
    return list(session.exec(query.order_by(col(SystemToken.id))))


def own(session: Session, code: str, number: int) -> SystemToken:
    found = session.get(SystemToken, number)
    if found is None or found.authority != code:
        raise NotFound(f"There is no token {number} in {code}. See them with: engage token list")
    return found
