"""A copy put back into an empty home folder and an empty database, and never over something.

All of it is read and held against its checksums before anything is written. Each authority's data is marked as put back
together with the database, so nothing of it leaves before it was held against GOV.UK Notify; and nothing starts before
what was due to be forgotten since is (`Restoration.ready_at`, which a purge sets).
"""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import col, select

from campaigns.notify.messages import RETENTION
from campaigns.records.copies import Restoration
from engage.backups import database_copies, manifest
from engage.backups.making import OWN
from engage.backups.manifest import Manifest
from engage.deployment import purging
from engage.foundation import audit
from engage.foundation.data_keys import MasterKeys, write_key_file
from engage.foundation.errors import InputRefused
from engage.foundation.folders import PRIVATE_FILE, own_folder
from engage.foundation.office import Office
from engage.foundation.privacy import standing
from engage.foundation.words import moment
from engage.migrations.upgrading import known_revisions, upgrade

# Beside the mark: who was at work then is not now, a session may belong to somebody who has left since, and files that
# waited for a decision are not copied, as they hold names.
SCRIPT = """
INSERT INTO restoration (authority, copied_at, restored_at, asked_to, agreed_by, agreed_words)
    SELECT code, '{copied}', '{restored}', 0, '', '' FROM authority;
DELETE FROM watch;
DELETE FROM worker;
DELETE FROM web_session;
UPDATE intake SET state = 'discarded', cleared = true WHERE state NOT IN ('imported', 'refused', 'discarded');
UPDATE intake SET cleared = true;
"""


@dataclass(frozen=True)
class Restored:
    copied_at: str
    authorities: list[str]
    forgotten: dict[str, dict[str, int]]
    provable: bool

    @property
    def message(self) -> str:
        due = sum(count for gone in self.forgotten.values() for count in gone.values())
        copied = moment(datetime.fromisoformat(self.copied_at))
        lines = [f"Put back: the copy of {copied}, of {', '.join(self.authorities)}."]
        lines += [f"{due:,} that were due to be forgotten since are gone (engage purge)."] if due else []
        lines.append(
            "Nothing leaves before a worker has held what waits against GOV.UK Notify’s own list."
            if self.provable
            else "GOV.UK Notify no longer remembers all that left since: an officer has to say on the page ‘A restored "
            "copy’ that it may be sent."
        )
        lines.append(
            "Not known here: what residents asked on our pages, erasures, accounts closed and passwords changed since "
            "the copy was made. docs/operators/backups.md says what to do. Then: engage check"
        )
        return "\n".join(lines)


def restore(office: Office, folder: Path, keys: list[str] | None = None) -> Restored:
    found = manifest.read(folder)
    _demand_fitting(office, found, folder)
    given = _keys(office, keys)
    manifest.demand_sealed(found, given.keys, folder)
    if wrong := [*manifest.differing(folder, found)] or [*filter(None, [database_copies.unreadable(folder)])]:
        raise InputRefused("\n".join(["The copy is not as it was made. Nothing was changed.", *wrong]))
    _put_back(office, folder, found)
    return _finish(office, found, given)


def _demand_fitting(office: Office, found: Manifest, folder: Path) -> None:
    ours = "sqlite" if office.database.embedded else "postgresql"
    if found.database != ours:
        raise InputRefused(
            f"The copy in {folder} is of {found.database}, but ENGAGE_DATABASE_URL names {ours}. Nothing was changed."
        )
    if found.revision not in known_revisions(office.database):
        raise InputRefused(
            f"The copy is of version {found.revision}, which this program does not know: use the one that made it, or "
            "a newer one. Nothing was changed."
        )
    home = office.settings.home
    if home.exists() and (there := sorted(path.name for path in home.iterdir())):
        raise InputRefused(
            f"{home} is not empty ({', '.join(there[:3])}): a copy is put back into an empty home folder alone. "
            "Nothing was changed."
        )
    database_copies.demand_empty(office.database)


def _keys(office: Office, keys: list[str] | None) -> MasterKeys:
    """Those of the settings, which would open the data, else those given."""
    if set_ := standing(office.settings):
        return set_
    if not keys:
        raise InputRefused("No keys are given and ENGAGE_SECRET_KEYS is empty. Name the file of keys: --keys FILE")
    return MasterKeys(keys, office.settings.home / "keys")


def _put_back(office: Office, folder: Path, found: Manifest) -> None:
    home = own_folder(office.settings.home)
    for name in found.files:
        for part, to in (("lake/", home / "lake"), ("home/", home)):
            if name.startswith(part) and (part == "lake/" or name.removeprefix(part) in OWN):
                _place(folder / name, to / name.removeprefix(part))
    stamps = {"copied": _stamp(found.moment), "restored": _stamp(office.clock.now())}
    database_copies.put_back(folder, office.database, home, SCRIPT.format(**stamps))


def _place(source: Path, target: Path) -> None:
    own_folder(target.parent)
    shutil.copyfile(source, target)
    target.chmod(PRIVATE_FILE)
    with target.open("rb") as file:
        manifest.flush(file)


def _stamp(moment_: datetime) -> str:
    """As SQLite keeps a moment; PostgreSQL is told the zone besides."""
    return f"{moment_.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"


def _finish(office: Office, found: Manifest, given: MasterKeys) -> Restored:
    upgrade(office.database)
    if given.file and not given.file.exists():
        write_key_file(given.file, given.keys)
    office.open_keys()
    gone = purging.purge(office)
    with office.database.session() as session:
        for each in session.exec(select(Restoration).where(col(Restoration.held_at).is_(None))):
            audit.record(
                session, authority=each.authority, at=office.clock.now(), actor="command", act="restore a copy",
                subject=f"copy of {found.copied_at}",
            )  # fmt: skip
    age = office.clock.now() - found.moment
    return Restored(found.copied_at, found.authorities, gone, age < RETENTION)
