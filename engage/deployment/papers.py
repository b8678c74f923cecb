"""What the papers of data protection say of this service: read from its settings, its law and what is held here now, so
that a paper cannot speak of a service that nobody runs. What only the council can say is left open in them."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

import duckdb
from sqlmodel import Session, col, select

import campaigns.canvass.retention
import campaigns.records.retention
import segments.safeguards.retention
from engage.foundation import identity, lake
from engage.foundation.calendar import Retention, in_force, law
from engage.foundation.clock import today
from engage.foundation.identity import Account, Authority
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.importing import datasets, intake
from segments.sources.catalogue import MAKES

OF_PEOPLE = ("register", "register-update", "contacts", "suppressions", "protected", "applications")
BASES = """
select source, lawful_basis, agreement_reference, count(*) as contacts
from read_parquet(?) where not objected group by all order by all
"""


@dataclass(frozen=True)
class Dataset:
    title: str
    of_people: bool
    as_at: date
    rows: int


@dataclass(frozen=True)
class Basis:
    """Why contacts of one source may be used, as their list says."""

    source: str
    lawful_basis: str
    agreement: str
    contacts: int


@dataclass(frozen=True)
class Kept:
    """One row of the retention schedule. `what` is a key of the words in both languages; `due` the next day on which
    something of it goes, where that is known."""

    what: str
    amount: int = 0
    due: date | None = None
    always: bool = False  # no day is known for all of it, as each goes by itself


@dataclass(frozen=True)
class Facts:
    council: Authority
    day: date
    datasets: tuple[Dataset, ...]
    bases: tuple[Basis, ...]
    kept: tuple[Kept, ...]
    policy: Retention
    notify: str  # the host that messages go to; empty where nothing can be sent
    accounts: dict[str, int]  # by role, of those that can sign in
    postgresql: bool
    https: bool
    keys_in_settings: bool
    hours: int  # after which somebody signs in again
    made_up: bool

    @property
    def next_purge(self) -> date | None:
        return min((row.due for row in self.kept if row.due), default=None)


def councils(office: Office) -> list[Authority]:
    with office.database.reading() as session:
        return list(session.exec(select(Authority).order_by(col(Authority.name))))


def facts(office: Office, authority: str) -> Facts:
    settings = office.settings
    policy = in_force(law(settings.home).retention, today(office.clock))
    with office.database.reading() as session:
        return Facts(
            council=identity.authority(session, authority), day=today(office.clock),
            datasets=tuple(_datasets(session, authority)), bases=tuple(_bases(office, session, authority)),
            kept=schedule(office, session, authority, policy), policy=policy,
            notify=(urlsplit(settings.notify_base_url).hostname or "") if settings.notify_api_key else "",
            accounts=_accounts(session, authority), postgresql=not office.database.embedded,
            https=settings.secure_cookies, keys_in_settings=bool(settings.secret_keys), hours=settings.session_hours,
            made_up=settings.demo,
        )  # fmt: skip


def schedule(office: Office, session: Session, authority: str, policy: Retention) -> tuple[Kept, ...]:
    """Every kind of personal data, the shortest-lived first; what nothing ends stands last."""
    due = segments.safeguards.retention.next_due(office, session, authority)
    due |= campaigns.records.retention.next_due(office, session, authority)
    due |= campaigns.canvass.retention.next_due(office, session, authority)
    return (
        Kept("session", office.settings.session_hours, always=True),
        Kept("waiting", intake.LONGEST_WAIT.days, always=True),
        Kept("rejected", policy.rejected_days, due["rejected"]),
        Kept("replaced", policy.replaced_days, due["replaced"]),
        Kept("canvass", policy.canvass_days, due["canvass"]),
        Kept("replies", policy.replies_days, due["replies"]),
        Kept("contacts", policy.contacts_years, due["contacts"]),
        Kept("suppressions"),
        Kept("homes"),
        Kept("audit"),
    )


def _datasets(session: Session, authority: str) -> list[Dataset]:
    """The newest import of each that counts."""
    query = select(Snapshot).where(Snapshot.authority == authority, col(Snapshot.undone_at).is_(None))
    newest: dict[tuple[str, str], Snapshot] = {}
    for snapshot in session.exec(query.order_by(col(Snapshot.as_at), col(Snapshot.made_at))):
        if snapshot.kind in MAKES:
            newest[snapshot.kind, snapshot.name] = snapshot
    found = [
        Dataset(datasets.title(kind, name), kind in OF_PEOPLE, held.as_at, held.rows)
        for (kind, name), held in newest.items()
    ]
    return sorted(found, key=lambda each: (not each.of_people, each.title))


def _bases(office: Office, session: Session, authority: str) -> list[Basis]:
    lists = lake.current_by_name(session, authority, "contacts").values()
    counted: Counter[tuple[str, str, str]] = Counter()
    with duckdb.connect() as reader:
        for listed in lists:
            if "forgotten" not in listed.report:
                for source, basis, agreement, n in reader.execute(BASES, [str(office.lake.file(listed))]).fetchall():
                    counted[source, basis, agreement] += n
    return [Basis(*of, contacts) for of, contacts in sorted(counted.items())]


def _accounts(session: Session, authority: str) -> dict[str, int]:
    held = session.exec(select(Account.role).where(Account.authority == authority, col(Account.active)))
    return dict(sorted(Counter(held).items()))


@dataclass(frozen=True)
class Paper:
    """`name` is that of its template."""

    name: str
    title: str
    hint: str


PAPERS = (
    Paper(
        "impact_assessment",
        "Data protection impact assessment",
        "A beginning, with what only the council can say left open",
    ),
    Paper("processing", "Record of processing", "What is held of whom, why, and who receives it"),
    Paper("data_flow", "How data flows", "A picture, and the same in words"),
)
