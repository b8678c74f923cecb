"""What a copy holds, file by file with its checksum, sealed by the master key: a file that is short, exchanged or not
listed is refused by its name."""

import hashlib
import hmac
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from engage.foundation.data_keys import fingerprint
from engage.foundation.errors import InputRefused
from engage.foundation.folders import own_folder, private

NAME = "manifest.json"
FORM = 1  # raised when a copy is laid out otherwise
CHUNK = 1 << 20


@dataclass(frozen=True)
class Part:
    bytes: int
    sha256: str


@dataclass
class Manifest:
    """`missing`: files of the lake that the database speaks of and that were not there to be copied. `master_keys` and
    `hashing_key` are fingerprints."""

    copied_at: str
    database: str  # sqlite, postgresql
    revision: str
    authorities: list[str]
    master_keys: list[str]
    hashing_key: str
    missing: list[str] = field(default_factory=list)
    files: dict[str, Part] = field(default_factory=dict)
    form: int = FORM
    seal: str = ""

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.copied_at)

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.files.values())

    def sealed(self, key: str) -> str:
        said = {name: value for name, value in asdict(self).items() if name != "seal"}
        text = json.dumps(said, sort_keys=True)
        return f"{fingerprint(key)}:{hmac.digest(key.encode(), b'engage copy' + text.encode(), 'sha256').hex()}"

    def write(self, folder: Path, key: str) -> None:
        self.seal = self.sealed(key)
        with open(folder / NAME, "x", encoding="utf-8", opener=private) as file:
            json.dump(asdict(self), file, indent=1)
            flush(file)


def read(folder: Path) -> Manifest:
    path = folder / NAME
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        said["files"] = {str(name): Part(**part) for name, part in said["files"].items()}
        found = Manifest(**said)
    except FileNotFoundError:
        raise InputRefused(f"There is no copy in {folder}: it has no {NAME}.") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise InputRefused(f"{path} is not as a copy has it. Nothing was changed.") from None
    if found.form != FORM or not all(_below(name) for name in found.files):
        raise InputRefused(f"{path} is of a form that this version does not know. Nothing was changed.")
    return found


def _below(name: str) -> bool:
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts


def copy(source: Path, folder: Path, name: str) -> Part:
    """A file into the copy, and what it holds as it was written; FileNotFoundError where it is gone."""
    with source.open("rb") as file:
        own_folder((folder / name).parent)
        with open(folder / name, "xb", opener=private) as to:
            seen = hashlib.sha256()
            while chunk := file.read(CHUNK):
                seen.update(chunk)
                to.write(chunk)
            flush(to)
            return Part(to.tell(), seen.hexdigest())


def flush(file: IO[Any]) -> None:
    """A copy that is there after a power cut is there whole."""
    file.flush()
    os.fsync(file.fileno())


def part(path: Path) -> Part:
    with path.open("rb") as file:
        return Part(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def differing(folder: Path, manifest: Manifest) -> Iterator[str]:
    """A sentence for each file that is not as it was copied."""
    for name, was in sorted(manifest.files.items()):
        path = folder / name
        if not path.is_file() or path.is_symlink():
            yield f"{name} is missing."
        elif path.stat().st_size != was.bytes:
            yield f"{name} has {path.stat().st_size:,} bytes, not {was.bytes:,}."
        elif part(path) != was:
            yield f"{name} is not the file that was copied: its checksum is another."
    listed = {*manifest.files, NAME}
    for path in sorted(folder.rglob("*")):
        if not path.is_dir() and path.relative_to(folder).as_posix() not in listed:
            yield f"{path.relative_to(folder).as_posix()} is no part of the copy."


def demand_sealed(manifest: Manifest, keys: Sequence[str], folder: Path) -> None:
    """Whoever exchanges a file can write its checksum too, but not the seal."""
    known = {fingerprint(key): key for key in keys}
    lacking = [each for each in manifest.master_keys if each not in known]
    if lacking:
        held = ", ".join(known) or "none"
        raise InputRefused(
            f"The copy was made with the key {', '.join(lacking)}, which is not among those given: {held}. Nothing was "
            "changed."
        )
    key = known.get(manifest.seal.partition(":")[0])
    if key is None or not hmac.compare_digest(manifest.sealed(key), manifest.seal):
        raise InputRefused(
            f"{folder / NAME} was not written by the Engage that the keys belong to. Nothing was changed."
        )
