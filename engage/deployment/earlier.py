"""What an earlier version left: what must not be kept is removed at once, and what should be imported again is told."""

import pyarrow.parquet as pq
from sqlmodel import col, select

from engage.deployment import lake_files, resealing
from engage.foundation import audit
from engage.foundation.calendar import nation_of_code
from engage.foundation.identity import Authority
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Office
from engage.foundation.words import plural
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


SEALED = (
    "The audit log of {code} is signed by a key of its own from now on; its {entries:,} entries of before are "
    "{as_they_are}."
)


NATION = "{code} is a council in {nation} from now on, as its code says: ages and bank holidays are those of {nation}."
LISTED = "The checksums of {files} of the lake are kept from now on, as they stood at this moment."


def put_right(office: Office, authority: str) -> list[str]:
    """Sentences for whoever upgrades. What is removed is removed of every authority; it may be done any number of
    times."""
    return (
        _sealed(office)
        + resealing.put_right(office)
        + [removed.sentence for removed in attainments.remove(office, "command")]
        + _nations(office)
        + _to_renew(office, authority)
        + _listed(office)
    )


def _nations(office: Office) -> list[str]:
    """Every authority stood as one in England, with its ages and bank holidays."""
    told = []
    with office.database.session() as session:
        for authority in session.exec(select(Authority).order_by(col(Authority.code))):
            nation = nation_of_code(authority.code)
            if authority.nation == nation:
                continue
            authority.nation = nation
            audit.record(
                session, authority=authority.code, at=office.clock.now(), actor="command", act="put nation right",
                subject=authority.code, nation=nation,
            )  # fmt: skip
            told.append(NATION.format(code=authority.code, nation=nation))
    return told


def _to_renew(office: Office, authority: str) -> list[str]:
    with office.database.session() as session:
        register, homes = (current(session, authority, kind) for kind in ("register", "households"))
    if register and _is_earlier(office, register):
        return [AGAIN.format(day=register.as_at.isoformat(), number=register.id)]
    return [BUILD_AGAIN] if homes and "strangers" not in homes.report else []


def _is_earlier(office: Office, register: Snapshot) -> bool:
    path = office.lake.file(register)
    return path.exists() and "entry" not in pq.read_schema(path).names


def _sealed(office: Office) -> list[str]:
    """Held by the key, whatever state they are in: what is wrong with them stays wrong, and is said."""
    with office.database.session() as session:
        found = audit.seal_earlier(session, office.clock.now())
    told = []
    for code, verdict in found.items():
        as_they_are = "held by it too" if verdict.why == audit.NOT_SEALED else f"not whole: {verdict.message}"
        told.append(SEALED.format(code=code, entries=verdict.entries, as_they_are=as_they_are))
    if told:
        office.open_keys()  # with those that the database has now
    return told


def _listed(office: Office) -> list[str]:
    count = lake_files.list_all(office)
    return [LISTED.format(files=plural(count, "file"))] if count else []
