"""What an earlier version left: what must not be kept is removed at once, and what should be imported again is told."""

import pyarrow.parquet as pq

from engage.deployment import resealing
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Office
from segments.linking import attainments

AGAIN = (
    "The register as at {day} (import {number}) was read by an earlier version: import its file again, and then build "
    "the table of homes. Entries without elector ids are told apart by their numbers now, markers are read by the "
    "letters of each system, and electors whose postcode lies in another area are counted apart."
)
BUILD_AGAIN = (
    "The table of homes was built by an earlier version, which shared electors of other areas over the wards: build it "
    "again."
)


def put_right(office: Office, authority: str) -> list[str]:
    """Sentences for whoever upgrades. What is removed is removed of every authority; it may be done any number of
    times."""
    return (
        resealing.put_right(office)
        + [removed.sentence for removed in attainments.remove(office, "command")]
        + _to_renew(office, authority)
    )


def _to_renew(office: Office, authority: str) -> list[str]:
    with office.database.session() as session:
        register, homes = (current(session, authority, kind) for kind in ("register", "households"))
    if register and _is_earlier(office, register):
        return [AGAIN.format(day=register.as_at.isoformat(), number=register.id)]
    return [BUILD_AGAIN] if homes and "strangers" not in homes.report else []


def _is_earlier(office: Office, register: Snapshot) -> bool:
    path = office.lake.file(register)
    return path.exists() and "entry" not in pq.read_schema(path).names
