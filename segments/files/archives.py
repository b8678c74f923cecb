"""What a file is by its first bytes, and the one stream of text in it: plain, gzip, or the one table of a zip.

A bomb is stopped twice: by the sizes a zip declares, before anything is unpacked, and by what really comes out.
"""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from engage.foundation.errors import InputRefused

CHUNK = 1 << 22
MOST_UNPACKED = 64 << 30
MOST_EXPANSION = 300  # real exports shrink 5 to 60 times; a bomb, thousands
EXPANSION_FREE = 64 << 20
MOST_MEMBERS = 1000
DOCUMENTS = {".pdf", ".txt", ".html", ".htm", ".md", ".doc", ".docx", ".rtf", ".xml", ".png", ".jpg"}
MISTAKEN = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"PAR1": "a Parquet file",
    b"SQLite": "a database",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip file",
    b"Rar!": "a RAR file",
    b"MZ": "a program",
    b"\x7fELF": "a program",
}
GZIP, ZIP, OLE = b"\x1f\x8b", b"PK", b"\xd0\xcf\x11\xe0"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


class Wrapping(Enum):
    """How the table of a file is wrapped."""

    plain = "plain"
    gzip = "gzip"
    zip = "zip"
    workbook = "workbook"


def wrapping(source: Path) -> Wrapping:
    """By content, whatever the name says; InputRefused for what holds no table of text."""
    if not source.is_file():
        raise InputRefused(f"There is no file {source.name}. Check the name and the folder.")
    if source.stat().st_size == 0:
        raise InputRefused(f"{source.name} is empty: it has no rows. Export it again.")
    with source.open("rb") as file:
        magic = file.read(8)
    if magic.startswith(OLE):
        raise InputRefused(_old_office(source))
    _refuse_mistaken(magic, source.name)
    if magic.startswith(GZIP):
        return Wrapping.gzip
    if not magic.startswith(ZIP):
        return Wrapping.plain
    with _archive(source) as archive:
        return Wrapping.workbook if _is_workbook(archive.namelist(), source.name) else Wrapping.zip


def chunks(source: Path, wrapped: Wrapping) -> Iterator[bytes]:
    """The bytes of the table, unpacked, a few megabytes at a time."""
    with ExitStack() as stack:
        stream = _stream(source, wrapped, stack)
        size, packed = 0, source.stat().st_size
        while chunk := _read(stream, source.name):
            if size == 0 and wrapped is not Wrapping.plain:
                _refuse_wrapped_again(chunk[:8], source.name)
            size += len(chunk)
            if wrapped is not Wrapping.plain:
                _refuse_bomb(size, packed, source.name)
            yield chunk


def archive_of_workbook(source: Path, most: int) -> zipfile.ZipFile:
    """The open parts of an Excel workbook, none of which unpacks to more than `most` bytes."""
    archive = _archive(source)
    for part in archive.infolist():
        _refuse_bomb(part.file_size, part.compress_size, source.name)
    if sum(part.file_size for part in archive.infolist()) > most:
        archive.close()
        raise InputRefused(f"{source.name} is too large for an Excel workbook. Save the sheet as CSV and import that.")
    return archive


def _stream(source: Path, wrapped: Wrapping, stack: ExitStack) -> BinaryIO:
    if wrapped is Wrapping.gzip:
        return stack.enter_context(gzip.open(source, "rb"))  # type: ignore[return-value]  # a GzipFile reads like any binary file
    if wrapped is Wrapping.zip:
        return _member(source, stack)
    return stack.enter_context(source.open("rb", buffering=0))


def _archive(source: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise InputRefused(f"{source.name} is a damaged zip file. Copy or export it again.") from None
    if len(archive.infolist()) > MOST_MEMBERS:
        archive.close()
        raise InputRefused(f"{source.name} is a zip file of more than {MOST_MEMBERS} files, so it was not opened.")
    return archive


def _is_workbook(names: list[str], file: str) -> bool:
    if any(name.startswith("word/") for name in names):
        raise InputRefused(f"{file} is a Word document, not a table. Export it as CSV.")
    if "xl/workbook.bin" in names or "content.xml" in names:
        raise InputRefused(f"{file} is a workbook of another kind than XLSX. Save it as XLSX or CSV and import that.")
    return any(name.startswith("xl/") for name in names)


def _member(source: Path, stack: ExitStack) -> BinaryIO:
    archive = stack.enter_context(_archive(source))
    found = [i for i in archive.infolist() if not i.is_dir() and not i.filename.startswith("__MACOSX")]
    tables = found if len(found) == 1 else [i for i in found if not _is_document(i.filename)]
    if len(tables) != 1:
        raise InputRefused(
            f"{source.name} is a zip file of {len(found)} files, {len(tables)} of which could be the table. "
            "Unzip it and import one at a time."
        )
    _refuse_bomb(tables[0].file_size, tables[0].compress_size, source.name)
    try:
        return stack.enter_context(archive.open(tables[0]))  # type: ignore[return-value]  # a ZipExtFile reads like any binary file
    except (RuntimeError, NotImplementedError, zipfile.BadZipFile):
        raise InputRefused(
            f"{source.name} is locked with a password or packed in an unusual way. Unzip it first."
        ) from None


def tables(source: Path) -> list[str]:
    """The names of the tables in a zip of several, as of a folder; none of any other file."""
    if wrapping(source) is not Wrapping.zip:
        return []
    with _archive(source) as archive:
        found = [each for each in archive.infolist() if not each.is_dir() and not _is_hidden(each.filename)]
        several = [each.filename for each in found if not _is_document(each.filename)]
        return several if len(several) > 1 else []


@contextmanager
def unpacked(source: Path, name: str) -> Iterator[IO[bytes]]:
    """One of them; what comes out is no more than the zip says, and that is no bomb."""
    with _archive(source) as archive:
        member = archive.getinfo(name)
        _refuse_bomb(member.file_size, member.compress_size, source.name)
        try:
            with archive.open(member) as stream:
                yield stream
        except (RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error):
            raise InputRefused(
                f"{source.name} is locked with a password or packed in an unusual way. Unzip it first."
            ) from None


def _is_hidden(name: str) -> bool:
    return name.startswith("__MACOSX") or PurePosixPath(name).name.startswith(".")


def _is_document(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in DOCUMENTS


def _refuse_bomb(size: int, packed: int, name: str) -> None:
    if size > MOST_UNPACKED or (size > EXPANSION_FREE and size > packed * MOST_EXPANSION):
        raise InputRefused(f"{name} unpacks to far more than a real export does, so it was not opened.")


def _refuse_wrapped_again(magic: bytes, name: str) -> None:
    if magic.startswith((GZIP, ZIP + b"\x03\x04", OLE)):
        raise InputRefused(f"{name} holds another packed file or workbook. Unpack it once and import what is inside.")
    _refuse_mistaken(magic, name)


def _refuse_mistaken(magic: bytes, name: str) -> None:
    for beginning, what in MISTAKEN.items():
        if magic.startswith(beginning):
            raise InputRefused(f"{name} is {what}, not a table of text. Export it as CSV.")


def _old_office(source: Path) -> str:
    """Excel wraps a workbook that has a password in the container of its old formats."""
    with source.open("rb") as file:
        locked = any(ENCRYPTED in chunk for chunk in iter(lambda: file.read(CHUNK), b""))
    if locked:
        return f"{source.name} is a workbook locked with a password. Save it without the password, or as CSV."
    return f"{source.name} is an old Excel or Word document, not a table of text. Save it as XLSX or CSV."


def _read(stream: BinaryIO, name: str) -> bytes:
    try:
        return stream.read(CHUNK)
    except (EOFError, zipfile.BadZipFile, zlib.error, gzip.BadGzipFile):
        raise InputRefused(f"{name} is packed, but damaged or cut off. Copy or export it again.") from None
    except RuntimeError:
        raise InputRefused(f"{name} is locked with a password. Unzip it first.") from None
