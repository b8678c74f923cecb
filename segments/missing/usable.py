"""What may be used today of the council's own records, home by home: only of sources whose written agreement
(reg 35A) is in date. A blue badge may confirm an elector and tells of nobody here."""

from collections.abc import Hashable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import polars as pl
from sqlmodel import Session

from engage.foundation.clock import today
from engage.foundation.lake import Snapshot, current, current_by_name
from engage.foundation.office import Office
from segments.records import agreements, known, score
from segments.records.arrival import KIND
from segments.records.layouts import BY_SOURCE
from segments.safeguards import protected

NONE_IN_DATE = (
    "None of the council's own records that tell who lives in a home has an agreement in date (regulation 35A), so "
    "nothing is counted by them. Agreements are recorded at Data, The council's own records."
)
BY_COMMAND = "engage local-matching agree --source NAME --since DATE --until DATE"


@dataclass(frozen=True, eq=False)
class InUse:
    """The same object while nothing has changed. `homes` are `home_uprn` and the figures of
    `known.homes`; a home that is not among them has none of them."""

    snapshots: tuple[Snapshot, ...]
    homes: pl.DataFrame
    of_newest_register: bool = True  # else whoever registered since is still among those known and not registered

    @property
    def titles(self) -> list[str]:
        """Of what tells who lives in a home. What may only confirm is never named."""
        return [BY_SOURCE[each.name].title for each in self.snapshots if BY_SOURCE[each.name].tells]


_KNOWN: WeakKeyDictionary[Office, dict[str, tuple[Hashable, InUse]]] = WeakKeyDictionary()


def snapshots(office: Office, session: Session, authority: str) -> tuple[Snapshot, ...]:
    """The deliveries that may be used today; none of them where none tells who lives in a home, as what may only
    confirm, and the dead, say nothing by themselves."""
    agreed, day = agreements.newest(session, authority), today(office.clock)
    usable = {source for source, row in agreed.items() if row.stands(day) == "in date"}
    if not usable:
        return ()
    here = current_by_name(session, authority, KIND)
    found = tuple(here[name] for name in BY_SOURCE if name in usable & set(here))
    return found if any(BY_SOURCE[each.name].tells for each in found) else ()


def marks(office: Office, session: Session, authority: str) -> tuple[int | None, ...]:
    """What changes whenever other records may be used."""
    found = snapshots(office, session, authority)
    learnt = score.newest(session, authority) if found else None
    return (*(each.id for each in found), learnt.id if learnt else None)


def in_use(office: Office, session: Session, authority: str) -> InUse | None:
    """None where no source may be used. Worked out again only when something that it is read from has changed."""
    found = snapshots(office, session, authority)
    if not found:
        return None
    kept = _KNOWN.setdefault(office, {})
    state = marks(office, session, authority), _read(session, authority)
    before, answer = kept.get(authority, (None, None))
    if before != state or answer is None:
        names = known.held(office, authority, [each.name for each in found]).names
        register = current(session, authority, "register")
        newest = register is not None and all(each.report["register"] == register.id for each in found)
        answer = InUse(found, known.homes(office, authority, names), newest)
        kept[authority] = state, answer
    return answer


def _read(session: Session, authority: str) -> Hashable:
    """What else it is read from: the lists of homes that must not be seen are among that."""
    read = [current(session, authority, kind) for kind in ("gazetteer", "households", "register", "electors")]
    return tuple(each and each.id for each in read), tuple(protected.states(session, [authority])[authority])
