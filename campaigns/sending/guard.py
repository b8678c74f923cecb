"""What forbids a message at this moment: asked when it is planned, and again when it is about to leave."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from campaigns.records.lookup import deadline
from campaigns.records.models import CONTACTED, MESSAGES, Campaign, Channel, MessageState, Reason, Wave
from engage.foundation.calendar import in_force, law, quiet_until
from engage.foundation.clock import at_london, today
from engage.foundation.database import among
from engage.foundation.identity import Authority, line
from engage.foundation.lake import current
from engage.foundation.office import Office
from segments.homes import applications, registrations
from segments.safeguards import protected
from segments.safeguards.suppression import Suppression

SUPPRESSIONS = SQLModel.metadata.tables[str(Suppression.__tablename__)].c
of = MESSAGES.c
Ledgered = Any  # a row of the message table, with its columns as attributes


@dataclass
class Closed:
    """Contacts and households (keyed hashes) that must not be written to, each with the channels this is about."""

    contacts: set[str] = field(default_factory=set)
    households: dict[str, set[str]] = field(default_factory=dict)

    def to(self, channel: str, contact: str, household: str) -> bool:
        channels = self.households.get(household, set())
        return contact in self.contacts or "" in channels or channel in channels


@dataclass
class Guard:
    """For one campaign. What is dear to find out is kept until a newer register or list of protected homes arrives."""

    office: Office
    authority: str
    register_snapshot: int | None
    poll_deadline: datetime | None
    nation: str
    line: tuple[str, ...]  # the authority and the codes before it: what they were asked, and sent lately, counts
    _register: int | None = None
    _gained: frozenset[int] = frozenset()
    _protected_lists: tuple[int | None, ...] = ()
    _protected: frozenset[str] = frozenset()
    _applications: tuple[object, ...] = (None,)  # the list, the table of homes and the day of what follows
    _applied: frozenset[int] = frozenset()

    @classmethod
    def of(cls, office: Office, session: Session, campaign: Campaign) -> "Guard":
        authority = session.get(Authority, campaign.authority)
        nation = authority.nation if authority else "England"
        end = deadline(office, campaign.plan, nation)
        return cls(
            office, campaign.authority, campaign.register_snapshot, end, nation, line(session, campaign.authority)
        )

    def refresh(self) -> None:
        """Outside any transaction: linking a new register takes seconds and writes."""
        with self.office.database.reading() as session:
            register = current(session, self.authority, "register")
            self.line = line(session, self.authority)
            listed = tuple(each.id for each in protected.lists(session, self.authority))
            if listed != self._protected_lists:
                self._protected = frozenset(protected.keys(self.office, session, self.authority))
                self._protected_lists = listed
            applied = self._newest_applications(session)
        newer = register is not None and self.register_snapshot not in (None, register.id)
        anew = newer and register is not None and register.id != self._register
        if anew or applied != self._applications:
            if anew and self.register_snapshot is not None:
                gained = registrations.gained_since(self.office, self.authority, self.register_snapshot)
                self._gained = frozenset(gained)
            if applied != self._applications:
                self._applied = applications.covered(self.office, self.authority, today(self.office.clock))
        self._register, self._applications = register.id if register else None, applied

    def _newest_applications(self, session: Session) -> tuple[object, ...]:
        listed = current(session, self.authority, "applications")
        if listed is None:
            return (None,)
        homes = current(session, self.authority, "households")
        return listed.id, homes.id if homes else None, today(self.office.clock)

    def registered_since(self, uprn: int) -> bool:
        return uprn in self._gained

    def applied(self, uprn: int) -> bool:
        """Whether open applications cover all that are missing there."""
        return uprn in self._applied

    def expired(self, wave: Wave) -> bool:
        now = self.office.clock.now()
        last = at_london(wave.expires_on + timedelta(days=1), 0) if wave.expires_on else None
        return any(end is not None and now >= end for end in (last, self.poll_deadline))

    def open_channels(self, now: datetime) -> list[Channel]:
        """Emails and texts keep the quiet hours; a letter disturbs nobody before it is printed."""
        quiet = quiet_until(now, self.nation, law(self.office.settings.home))
        return [Channel.letter] if quiet else list(Channel)

    def closed(self, session: Session, keys: Collection[str] | None = None) -> Closed:
        """Of the given keyed hashes, or of all, those not to be written to today."""
        day = today(self.office.clock)
        query = sa.select(SUPPRESSIONS.scope, SUPPRESSIONS.key, SUPPRESSIONS.channel).where(
            SUPPRESSIONS.authority.in_(self.line),
            SUPPRESSIONS.lifted_at.is_(None),
            SUPPRESSIONS.until.is_(None) | (SUPPRESSIONS.until >= day),
        )
        if keys is not None:
            query = query.where(among(SUPPRESSIONS.key, keys, embedded=self.office.database.embedded))
        found = Closed()
        for scope, key, channel in session.execute(query):
            if scope == "contact":
                found.contacts.add(key)
            else:
                found.households.setdefault(key, set()).add(channel)
        for key in self._protected if keys is None else self._protected.intersection(keys):
            found.households.setdefault(key, set()).add("")
        return found

    def verdicts(self, session: Session, claimed: Sequence[Ledgered], waves: dict[int, Wave]) -> dict[int, Reason]:
        """Which of the claimed messages must be dropped, and why."""
        homes = {row.uprn: self.office.keys.uprn(row.uprn) for row in claimed}
        closed = self.closed(session, [*homes.values(), *(row.contact for row in claimed if row.contact)])
        capped = self._capped(session, claimed)
        dropped: dict[int, Reason] = {}
        for row in claimed:
            if self.expired(waves[row.wave_id]):
                dropped[row.id] = Reason.expired
            elif self.registered_since(row.uprn):
                dropped[row.id] = Reason.registered
            elif closed.to(row.channel, row.contact, homes[row.uprn]):
                dropped[row.id] = Reason.suppressed
            elif self.applied(row.uprn):
                dropped[row.id] = Reason.applied
            elif row.id in capped:
                dropped[row.id] = Reason.capped
        return dropped

    def _capped(self, session: Session, claimed: Sequence[Ledgered]) -> set[int]:
        """Over the cap by household or by contact. Among messages on their way at once the earlier one counts
        against the later, so that two workers never both hold back, nor both send one too many."""
        now = self.office.clock.now()
        cap = in_force(law(self.office.settings.home).frequency_cap, now.date(), self.nation)
        since = now - timedelta(days=cap.days)
        by_home = self._counted(session, of.uprn, {row.uprn for row in claimed}, since, cap.messages)
        contacts = {row.contact for row in claimed if row.contact}
        by_contact = self._counted(session, of.contact, contacts, since, cap.messages)
        return {
            row.id
            for row in claimed
            if max(_before(by_home, row.uprn, row.id), _before(by_contact, row.contact, row.id)) >= cap.messages
        }

    def _counted(
        self, session: Session, column: sa.Column[Any], values: Collection[object], since: datetime, cap: int
    ) -> dict[object, list[tuple[int, bool]]]:
        """The messages of those values that have more than `cap`, the claimed ones included: nobody else is over it."""
        lately = of.authority.in_(self.line) & of.state.in_(CONTACTED) & (of.claimed_at > since)
        these = among(column, values, embedded=self.office.database.embedded)
        many = sa.select(column).where(these, lately).group_by(column).having(sa.func.count() > cap)
        over = list(session.execute(many).scalars())
        counted: dict[object, list[tuple[int, bool]]] = {}
        if over:
            for value, message, state in session.execute(
                sa.select(column, of.id, of.state).where(column.in_(over), lately)
            ):
                counted.setdefault(value, []).append((message, state == MessageState.sending))
        return counted


def _before(counted: dict[object, list[tuple[int, bool]]], value: object, message: int) -> int:
    others = counted.get(value, [])
    return sum(not sending or other < message for other, sending in others if other != message)
