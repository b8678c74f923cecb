"""A file as it was handed in, made into plain UTF-8 text on the lake's disk: unpacked, decoded, hashed, counted.

Everything streams, so memory does not grow with the file. Nothing here looks at what a row says.
"""

import codecs
import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from engage.foundation.errors import InputRefused

CHUNK = 1 << 20
LONGEST_LINE = 1 << 18
MOST_UNPACKED = 64 << 30
MOST_EXPANSION = 300  # real exports shrink 5 to 60 times; a bomb, thousands
EXPANSION_FREE = 64 << 20
MISTAKEN = {
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"PAR1": "a Parquet file",
    b"SQLite": "a database",
}


@dataclass(frozen=True)
class Text:
    """Plain UTF-8 text: where it lies, the SHA-256 of what was handed in (unpacked), its lines, its first encoding."""

    path: Path
    sha256: str
    lines: int
    encoding: str


def receive(source: Path, target: Path) -> Text:
    """Write `source` to `target` as UTF-8 without a byte order mark; InputRefused if it is no readable text."""
    _exists(source)
    with ExitStack() as stack:
        stream = _unpacked(source, stack)
        head = stream.read(CHUNK)
        encoding = _encoding(head, source.name)
    try:
        return _decode(source, target, encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or _speaks_utf8(target):
            raise InputRefused(_undecodable(source.name, target, encoding)) from error
    try:
        return _decode(source, target, "windows-1252")
    except UnicodeDecodeError as error:
        raise InputRefused(_undecodable(source.name, target, "windows-1252")) from error


def fingerprint(source: Path) -> str:
    """SHA-256 of what is in the file, unpacked: the same export is known again however it was packed."""
    _exists(source)
    digest = hashlib.sha256()
    with ExitStack() as stack:
        for chunk in _chunks(_unpacked(source, stack), source):
            digest.update(chunk)
    return digest.hexdigest()


def _exists(source: Path) -> None:
    if not source.is_file():
        raise InputRefused(f"There is no file {source.name}. Check the name and the folder.")
    if source.stat().st_size == 0:
        raise InputRefused(f"{source.name} is empty: it has no rows. Export it again.")


def _unpacked(source: Path, stack: ExitStack) -> BinaryIO:
    with source.open("rb") as file:
        magic = file.read(8)
    for beginning, what in MISTAKEN.items():
        if magic.startswith(beginning):
            raise InputRefused(f"{source.name} is {what}, not a table of text. Export it as CSV.")
    if magic.startswith(b"\x1f\x8b"):
        return stack.enter_context(gzip.open(source, "rb"))  # type: ignore[return-value]  # a GzipFile reads like any binary file
    if magic.startswith(b"PK"):
        return _member(source, stack)
    return stack.enter_context(source.open("rb"))


def _member(source: Path, stack: ExitStack) -> BinaryIO:
    try:
        archive = stack.enter_context(zipfile.ZipFile(source))
    except zipfile.BadZipFile:
        raise InputRefused(f"{source.name} is a damaged zip file. Copy or export it again.") from None
    names = [i.filename for i in archive.infolist() if not i.is_dir() and not i.filename.startswith("__MACOSX")]
    if any(name.startswith("xl/") for name in names):
        raise InputRefused(f"{source.name} is an Excel workbook. Save the sheet as CSV (UTF-8) and import that.")
    if len(names) != 1:
        raise InputRefused(f"{source.name} is a zip file of {len(names)} files. Unzip it and import one at a time.")
    try:
        return stack.enter_context(archive.open(names[0]))  # type: ignore[return-value]  # a ZipExtFile reads like any binary file
    except (RuntimeError, NotImplementedError):
        raise InputRefused(
            f"{source.name} is locked with a password or packed in an unusual way. Unzip it first."
        ) from None


def _chunks(stream: BinaryIO, source: Path) -> Iterator[bytes]:
    size, packed = 0, source.stat().st_size
    while chunk := _read(stream, source.name):
        size += len(chunk)
        if size > MOST_UNPACKED or (size > EXPANSION_FREE and size > packed * MOST_EXPANSION):
            raise InputRefused(f"{source.name} unpacks to far more than a real export does, so it was not opened.")
        yield chunk


def _read(stream: BinaryIO, name: str) -> bytes:
    try:
        return stream.read(CHUNK)
    except (EOFError, zipfile.BadZipFile, zlib.error, gzip.BadGzipFile):
        raise InputRefused(f"{name} is packed, but damaged or cut off. Copy or export it again.") from None


def _encoding(head: bytes, name: str) -> str:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" not in head:
        return "utf-8"
    # Several election systems write UTF-16 without a byte order mark: every other byte of English is then zero.
    sample = head[: len(head) // 2 * 2]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.7 * half > even * 10:
        return "utf-16-le"
    if even > 0.7 * half > odd * 10:
        return "utf-16-be"
    raise InputRefused(f"{name} is not a table of text: it holds zero bytes. Export it as CSV.")


def _decode(source: Path, target: Path, encoding: str) -> Text:
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder(encoding)()
    guard = _LineGuard(source.name)
    with ExitStack() as stack, target.open("wb") as out:
        try:
            for chunk in _chunks(_unpacked(source, stack), source):
                digest.update(chunk)
                out.write(guard.check(decoder.decode(chunk).encode()))
            out.write(guard.check(decoder.decode(b"", final=True).encode()))
        except UnicodeDecodeError as error:
            # Written up to the bad byte, so that its line can be told.
            out.write(error.object[: error.start].decode(error.encoding, "ignore").encode())
            raise
    return Text(target, digest.hexdigest(), guard.lines, encoding.removesuffix("-sig"))


class _LineGuard:
    """Counts lines and stops at a zero byte or at a line that no real export has."""

    def __init__(self, name: str) -> None:
        self.name, self.newlines, self.tail, self.json = name, 0, 0, False

    def check(self, text: bytes) -> bytes:
        if not text:
            return text
        if self.newlines == 0 and self.tail == 0:
            self.json = text.lstrip()[:1] in (b"{", b"[")
        if b"\0" in text:
            line = self.newlines + text[: text.index(b"\0")].count(b"\n") + 1
            raise InputRefused(f"{self.name}, line {line}: a zero byte, which no text has. Export the file again.")
        self.newlines += text.count(b"\n")
        last = text.rfind(b"\n")
        self.tail = self.tail + len(text) if last < 0 else len(text) - last - 1
        if self.tail > LONGEST_LINE and not self.json:
            raise InputRefused(
                f"{self.name}, line {self.newlines + 1} is longer than any row can be. Export it as CSV."
            )
        return text

    @property
    def lines(self) -> int:
        return self.newlines + (self.tail > 0)


def _speaks_utf8(target: Path) -> bool:
    """Whether the part before the bad byte held proper UTF-8 beyond plain English letters: then it is damaged."""
    with target.open("rb") as file:
        return any(not chunk.isascii() for chunk in iter(lambda: file.read(CHUNK), b""))


def _undecodable(name: str, target: Path, encoding: str) -> str:
    with target.open("rb") as file:
        line = 1 + sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(CHUNK), b""))
    return f"{name}, line {line}: letters that cannot be read as {encoding}. Export the file again as UTF-8."
