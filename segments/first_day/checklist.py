"""Every file a council needs and may add: what it is for, where it comes from, and which is here of what day."""

from dataclasses import dataclass
from datetime import date

from engage.foundation import lake
from engage.foundation.clock import today
from engage.foundation.identity import Account
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.importing import datasets, intake
from segments.importing.preparation import EXPORTS

NEEDED = ("gazetteer", "geography", "register", "indicator")
ADVISED = ("suppressions", "protected", "contacts", "boundaries", "population")
LATER = ("register-update", "applications")
FOR = {
    "gazetteer": "Every home there is, with its address: what the register is held against",
    "geography": "In which ward and small area each home lies",
    "register": "Who is registered where. Names are dropped while it is read",
    "indicator": "Census tables of ages and households: how many adults to expect in a home",
    "suppressions": "Who asked not to be contacted. Bring it before you send anything",
    "protected": "Addresses that nothing may ever be sent to. Bring it before you send anything",
    "contacts": "Email addresses and phone numbers; without them only letters can be sent",
    "boundaries": "The map of the wards",
    "population": "A second count of adults, newer than the Census",
    "register-update": "What changed since the last full register",
    "applications": "Who has applied and is not registered yet, so as not to remind them",
}
NEEDED_TABLES = frozenset({"ts007a"})  # of ages: without it nobody can be expected in a home


@dataclass(frozen=True)
class Item:
    """One kind of file. `tables` are the newest imports of it, one of each name."""

    kind: str
    title: str
    purpose: str
    sources: tuple[tuple[str, str], ...]
    tables: tuple[Snapshot, ...]
    today: date
    here: bool

    @property
    def newest(self) -> date | None:
        return max((each.as_at for each in self.tables), default=None)

    @property
    def days(self) -> int:
        return (self.today - self.newest).days if self.newest else 0


@dataclass(frozen=True)
class Checklist:
    needed: list[Item]
    advised: list[Item]
    later: list[Item]
    homes: Snapshot | None  # the table made of it all

    @property
    def missing(self) -> list[Item]:
        return [item for item in self.needed if not item.here]

    @property
    def complete(self) -> bool:
        return not self.missing and self.homes is not None


def checklist(office: Office, account: Account) -> Checklist:
    """What this account may see of it."""
    with office.database.reading() as session:
        homes = lake.current(session, account.authority, "households")
    found = {one.kind: one.snapshots for one in datasets.by_kind(office, account.authority)}
    now = today(office.clock)

    def items(kinds: tuple[str, ...]) -> list[Item]:
        return [_item(kind, found, now) for kind in kinds if account.may(intake.right_to_see(kind))]

    return Checklist(items(NEEDED), items(ADVISED), items(LATER), homes)


def _item(kind: str, found: dict[str, list[Snapshot]], now: date) -> Item:
    tables = tuple(found.get(kind, ()))
    return Item(
        kind, datasets.title(kind), FOR[kind], EXPORTS.get(kind, ()), tables, now, _is_here(kind, tables)
    )  # fmt: skip


def _is_here(kind: str, tables: tuple[Snapshot, ...]) -> bool:
    """Of the statistics some tables are needed, and one alone is not enough."""
    if kind != "indicator":
        return bool(tables)
    return {each.name for each in tables} >= NEEDED_TABLES
