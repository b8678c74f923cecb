"""A copy of a deployment, made while it works: database, lake, the council's own law and names, and the settings
without what is secret. The keys lie elsewhere.

The database is copied first, and then each file of the lake that this copy speaks of, as those do not change. Where a
purge has taken one in between, the copy of the database would bring back what was just forgotten, so both are begun
again. A copy has its name once it is whole.
"""

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import select

from campaigns.records.copies import Backup
from engage.backups import database_copies, manifest
from engage.backups.manifest import NAME, Manifest
from engage.foundation import audit
from engage.foundation.calendar import HOUSE_RULES
from engage.foundation.data_keys import write_key_file
from engage.foundation.errors import InputRefused
from engage.foundation.folders import own_folder, private
from engage.foundation.identity import Authority
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from engage.foundation.settings import MADE_UP, SECRET_FIELDS
from engage.foundation.words import plural

OWN = (HOUSE_RULES.name, "names.toml", MADE_UP)  # files of the home folder that belong to a copy
SETTINGS = "settings.json"
TRIES = 3


@dataclass(frozen=True)
class Made:
    folder: str
    copied_at: str
    files: int
    bytes: int
    missing: list[str]  # files of the lake that were lost before
    keys: str  # where they lie; empty where they were not asked for

    @property
    def message(self) -> str:
        lines = [f"Copied to {self.folder}: {plural(self.files, 'file')}, {self.bytes / 1e6:,.1f} MB."]
        lines += [f"Lost before, so it is not in the copy: lake/{path}" for path in self.missing]
        without = "The keys are not in it. Nothing opens without them: keep them elsewhere (--keys-to FILE)."
        lines.append(f"The keys lie in {self.keys}: keep them apart from the copy." if self.keys else without)
        return "\n".join(lines)


def create(office: Office, to: Path, *, keys_to: Path | None = None, keys_inside: bool = False) -> Made:
    """The copy `to`, a folder that is not there yet or is empty; with `keys_to` the master keys in a new file."""
    to = to.absolute()
    _demand_free(to)
    _demand_apart(to, keys_to, keys_inside=keys_inside)
    staged = to.with_name(f".{to.name}.{secrets.token_hex(4)}.partial")
    try:
        own_folder(staged)
        made = _fill(office, staged)
        made.write(staged, office.keys.masters.keys[0])
        if keys_to and not keys_inside:
            write_key_file(keys_to, office.keys.masters.keys)
        staged.replace(to)
        _settled(to.parent)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    if keys_to and keys_inside:
        write_key_file(keys_to, office.keys.masters.keys)
    _note(office, made)
    return Made(str(to), made.copied_at, len(made.files), made.bytes, made.missing, str(keys_to or ""))


def _demand_free(to: Path) -> None:
    if to.is_symlink() or (to.exists() and not to.is_dir()) or (to.is_dir() and any(to.iterdir())):
        raise InputRefused(f"{to} is there already: expected the name of a new folder. Nothing was changed.")
    if not to.parent.is_dir():
        raise InputRefused(f"There is no folder {to.parent} to make {to.name} in.")


def _demand_apart(to: Path, keys_to: Path | None, *, keys_inside: bool) -> None:
    if keys_to is None:
        return
    if keys_to.exists():
        raise InputRefused(f"{keys_to} is there already: expected the name of a new file. Nothing was changed.")
    inside = keys_to.absolute().resolve().is_relative_to(to.resolve())
    if inside and not keys_inside:
        raise InputRefused(
            f"{keys_to} lies in the copy, and whoever has both reads everything. Name a file elsewhere, or say "
            "--keys-inside."
        )
    if keys_inside and not inside:
        raise InputRefused(f"--keys-inside is said, but {keys_to} does not lie in {to}.")


def _fill(office: Office, folder: Path) -> Manifest:
    for _ in range(TRIES):
        at = office.clock.now()  # before the copy, as what leaves meanwhile may not be in it
        before = _standing(office)
        described, parts = database_copies.copy(office.database, office.settings.home, folder)
        found, missing = _copy_lake(office, folder, described)
        gone = _standing(office)
        if all(gone.get(number) == forgotten for number, forgotten in before.items()):
            break
        shutil.rmtree(folder)
        own_folder(folder)
    else:
        raise InputRefused("Something was forgotten each time while it was copied. Make the copy once that has ended.")
    files = parts | found | _own_files(office, folder)
    return Manifest(
        copied_at=at.isoformat(), database="sqlite" if office.database.embedded else "postgresql",
        revision=described.revision, authorities=described.authorities, master_keys=described.master_keys,
        hashing_key=described.hashing_key, missing=missing, files=files,
    )  # fmt: skip


def _standing(office: Office) -> dict[int, bool]:
    """The snapshots there are, and whether their contacts are forgotten."""
    with office.database.reading() as session:
        rows = session.execute(select(Snapshot.id, Snapshot.report)).all()
    return {row.id: "forgotten" in row.report for row in rows}


def _copy_lake(
    office: Office, folder: Path, described: database_copies.Described
) -> tuple[dict[str, manifest.Part], list[str]]:  # fmt: skip
    """Those that must be there and are not were lost before, or went to a purge, of which the database tells."""
    parts: dict[str, manifest.Part] = {}
    missing = []
    for path in sorted(described.wanted | described.beside):
        try:
            parts[f"lake/{path}"] = manifest.copy(office.lake.root / path, folder, f"lake/{path}")
        except FileNotFoundError:
            missing += [path] if path in described.wanted else []
    return parts, missing


def _own_files(office: Office, folder: Path) -> dict[str, manifest.Part]:
    home = office.settings.home
    parts = {
        f"home/{name}": manifest.copy(home / name, folder, f"home/{name}") for name in OWN if (home / name).exists()
    }
    with open(folder / SETTINGS, "x", encoding="utf-8", opener=private) as file:
        json.dump(_settings(office), file, indent=1)
        manifest.flush(file)
    return parts | {SETTINGS: manifest.part(folder / SETTINGS)}


def _settings(office: Office) -> dict[str, Any]:
    """As they are, to be set again by hand; never a key or a password."""
    said = office.settings.model_dump(mode="json", exclude=SECRET_FIELDS)
    url = sa.make_url(office.settings.database_url) if office.settings.database_url else ""
    return said | {"database_url": str(url)}  # SQLAlchemy shows no password


def _settled(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _note(office: Office, made: Manifest) -> None:
    """For `engage check`, and for the auditor."""
    with office.database.session() as session:
        session.add(Backup(copied_at=made.moment, files=len(made.files), bytes=made.bytes))
        for authority in session.exec(select(Authority.code).order_by(Authority.code)):
            audit.record(
                session, authority=authority, at=office.clock.now(), actor="command", act="make a copy",
                subject=f"copy of {made.copied_at}", files=len(made.files), bytes=made.bytes,
            )  # fmt: skip


def verify(folder: Path, keys: list[str] | None = None) -> list[str]:
    """All that is wrong with a copy, read from beginning to end; with its keys also whether Engage made it."""
    found = manifest.read(folder)
    wrong = list(manifest.differing(folder, found))
    if not wrong and (ill := database_copies.unreadable(folder)):
        wrong.append(ill)
    wrong += [f"lake/{path} was lost before the copy was made." for path in found.missing]
    if keys is not None:
        manifest.demand_sealed(found, keys, folder)
    return wrong


def read_keys(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        raise InputRefused(f"{path} cannot be read as a file of keys: expected one to a line.") from None


__all__ = ["NAME", "Made", "create", "read_keys", "verify"]
