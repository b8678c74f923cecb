"""A list that was uploaded, on its way to being linked: it stays until somebody said what its columns are.

A system whose columns are known is linked at once. Kept of a list are its headings; its rows are shown to nobody.
"""

from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import IO, Any

from engage.foundation.clock import today
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.office import Actor, Office
from segments.crosswalk import deliveries, systems
from segments.crosswalk.columns import Columns, ColumnsGone
from segments.crosswalk.deliveries import FarFewer, Linked, Wanted
from segments.importing import intake
from segments.importing.uploads import GONE, Upload, new_token, plain_name


@dataclass(frozen=True)
class Arrival:
    """`asked` is why a person has to say something; `fewer` whether it is that many properties are gone."""

    token: str
    system: str
    file: str
    day: str
    headings: list[str]
    proposed: dict[str, Any]
    asked: list[str]
    fewer: bool = False

    @property
    def columns(self) -> Columns:
        return Columns.from_dict(self.proposed)


def bring(
    office: Office, actor: Actor, system: str, source: IO[bytes], name: str, day: date | None, *, look_again: bool
) -> Linked | Arrival:  # fmt: skip
    """Linked where the system's columns are known, else kept for `confirm`. What is refused is gone at once."""
    system = systems.demand_name(system)
    upload = Upload(office, actor.authority, new_token())
    try:
        wanted = Wanted(upload.receive(source, plain_name(name)), system)
        return _arrived(office, actor, upload, wanted, day or today(office.clock), look_again=look_again)
    except InputRefused:
        upload.clear()
        raise


def _arrived(
    office: Office, actor: Actor, upload: Upload, wanted: Wanted, day: date, *, look_again: bool
) -> Linked | Arrival:  # fmt: skip
    known = _known(office, actor, wanted.system)
    if known is None or look_again:
        return _kept(office, actor, upload, wanted, day, known)
    try:
        linked = deliveries.link(office, actor, [wanted], day)[0]
    except (ColumnsGone, FarFewer) as asked:
        return _kept(office, actor, upload, wanted, day, known, asked)
    upload.clear()
    return linked


def _known(office: Office, actor: Actor, name: str) -> Columns | None:
    with office.database.reading() as session:
        system = systems.called(session, actor.authority, name)
        return Columns.from_dict(system.columns) if system else None


def _kept(
    office: Office, actor: Actor, upload: Upload, wanted: Wanted, day: date, known: Columns | None,
    asked: InputRefused | None = None,
) -> Arrival:  # fmt: skip
    """What was confirmed before is proposed again where the list still has it."""
    found = deliveries.propose(office, actor, upload.path)
    standing = known if known and set(known.named) <= set(found.headings) else None
    reasons = [str(asked)] if asked else [] if standing else found.doubts
    arrival = Arrival(
        upload.token, wanted.system, upload.path.name, day.isoformat(), found.headings,
        (standing or found.columns).as_dict(), reasons, isinstance(asked, FarFewer),
    )  # fmt: skip
    upload.keep_rows([asdict(arrival)])
    return arrival


def find(office: Office, actor: Actor, token: str) -> Arrival:
    """A file that was uploaded to be imported is none, whatever it is: it may hold electors."""
    upload = Upload(office, actor.authority, token)
    kept = upload.rows()
    if not kept or not upload.holds_file or intake.knows(office, token):
        raise NotFound(GONE)
    if kept[0].keys() != {each.name for each in fields(Arrival)}:
        raise NotFound(GONE)
    return Arrival(**kept[0])


def confirm(office: Office, actor: Actor, token: str, columns: Columns, *, accept_fewer: bool) -> Linked:
    arrival, upload = find(office, actor, token), Upload(office, actor.authority, token)
    wanted = Wanted(upload.path, arrival.system, columns, confirmed=True, accept_fewer=accept_fewer)
    try:
        linked = deliveries.link(office, actor, [wanted], date.fromisoformat(arrival.day))[0]
    except FarFewer:
        upload.keep_rows([asdict(arrival) | {"fewer": True}])
        raise
    upload.clear()
    return linked


def remove(office: Office, actor: Actor, token: str) -> Arrival:
    arrival = find(office, actor, token)
    Upload(office, actor.authority, token).clear()
    return arrival
