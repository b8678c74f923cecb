"""A file as it was handed in, made into plain UTF-8 text: unpacked, decoded, hashed, its lines counted and guarded.

Everything streams, so memory does not grow with the file. A file that is plain UTF-8 already is read where it lies.
Nothing here looks at what a row says, but for what no export has: zero bytes, endless lines, formulas; and for letters
that nobody sees or means.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from blake3 import blake3

from engage.foundation.background import ahead
from engage.foundation.errors import InputRefused
from engage.foundation.libraries import pa
from segments.files import workbook
from segments.files.archives import Wrapping, chunks, wrapping
from segments.files.letters import is_typed, typed
from segments.files.lines import LineGuard

UTF8_MARK = codecs.BOM_UTF8


@dataclass(frozen=True)
class Text:
    """UTF-8 text: where it lies (perhaps with a byte order mark), the BLAKE3 of what was handed in (unpacked), its
    lines, its first encoding. `stamp` is size and time of a file read where it lies, `hidden` how many rows of a
    workbook nobody sees who opens it."""

    path: Path
    digest: str
    lines: int
    encoding: str
    stamp: tuple[int, int] | None = None
    hidden: int = 0

    def open(self) -> TextIO:
        """The text without its mark, lines ending as they do in the file."""
        return self.path.open(encoding="utf-8-sig", newline="\n")

    def refuse_if_changed(self, name: str) -> None:
        if self.stamp and self.stamp != _stamp(self.path):
            raise InputRefused(f"{name} was changed while it was read. Import it again once it is complete.")


@dataclass(frozen=True)
class Fingerprint:
    """What a file holds, by BLAKE3, and its size and time when that was read."""

    digest: str
    stamp: tuple[int, int]


def fingerprint(source: Path) -> Fingerprint:
    """Of the table in a file, unpacked: the same export is known again however it was packed. BLAKE3, because that of a
    whole country's register takes a second on two cores, and SHA-256 several."""
    wrapped, stamp, digest = wrapping(source), _stamp(source), blake3(max_threads=blake3.AUTO)
    for chunk in ahead(chunks(source, Wrapping.plain if wrapped is Wrapping.workbook else wrapped)):
        digest.update(chunk)
    return Fingerprint(digest.hexdigest(), stamp)


def receive(source: Path, target: Path, known: Fingerprint | None = None) -> Text:
    """The text of `source`, at `target` (a link, where it can be read in place); InputRefused if it is no readable
    text. `known` saves reading it once more."""
    wrapped, known = wrapping(source), known or fingerprint(source)
    if wrapped is Wrapping.workbook:
        text = _write(source, target, known.digest, "utf-8", lambda: workbook.lines(source))
        return replace(text, hidden=workbook.hidden_rows(source))
    if wrapped is Wrapping.plain and (lines := _lines_of_plain(source)) is not None:
        target.symlink_to(source.absolute())  # DuckDB would read * or [ in the name as a pattern
        return Text(target, known.digest, lines, "utf-8", known.stamp)
    encoding = _encoding(next(chunks(source, wrapped), b""), source.name)
    try:
        return _write(source, target, known.digest, encoding, lambda: chunks(source, wrapped))
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or _speaks_utf8(target):
            raise InputRefused(_undecodable(source.name, target, encoding)) from None
        del error
    try:
        return _write(source, target, known.digest, "windows-1252", lambda: chunks(source, wrapped))
    except UnicodeDecodeError:
        raise InputRefused(_undecodable(source.name, target, "windows-1252")) from None


def _lines_of_plain(source: Path) -> int | None:
    """The number of lines of a file that is plain UTF-8, which need not be copied; else None."""
    guard = Utf8Guard(source.name)
    whole = all(guard.takes(chunk) for chunk in ahead(chunks(source, Wrapping.plain)))
    return guard.lines.count if whole and guard.ends() else None


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


class Utf8Guard:
    """Takes chunks for as long as they are UTF-8, as somebody would type it, whose lines end with a line feed."""

    def __init__(self, name: str) -> None:
        self.lines = LineGuard(name)
        self._begun, self._open = False, b""  # a letter that goes on in the next chunk

    def takes(self, chunk: bytes) -> bool:
        if not self._begun and chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return False
        marked = 0 if self._begun or not chunk.startswith(UTF8_MARK) else len(UTF8_MARK)
        self._begun = True
        if b"\0" in chunk or (b"\r" in chunk and b"\n" not in chunk):
            return False
        letters = self._open + chunk if self._open else chunk
        end = _end_of_letters(letters)
        whole = letters[:end] if end < len(letters) else letters
        if not (_is_utf8(whole) and is_typed(whole[marked:] if marked else whole)):
            return False
        self._open = letters[end:]
        self.lines.check(chunk)
        return True

    def ends(self) -> bool:
        return not self._open


def _end_of_letters(raw: bytes) -> int:
    """Where the last letter ends that is whole: one of several bytes may go on."""
    for back in range(1, min(4, len(raw) + 1)):
        lead = raw[-back]
        if lead >= 0xC0:
            return len(raw) - back if back < (2 if lead < 0xE0 else 3 if lead < 0xF0 else 4) else len(raw)
        if lead < 0x80:
            break
    return len(raw)


def _is_utf8(raw: bytes) -> bool:
    """By Arrow, which looks at many bytes at once."""
    if raw.isascii():
        return True
    text = pa.StringArray.from_buffers(1, pa.py_buffer(struct.pack("<2i", 0, len(raw))), pa.py_buffer(raw))
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _encoding(head: bytes, name: str) -> str:
    if head.startswith(UTF8_MARK):
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
    line = head[: head.index(b"\0")].count(b"\n") + 1
    raise InputRefused(f"{name}, line {line}: a zero byte, which no table of text has. Export it again as CSV.")


def _write(source: Path, target: Path, digest: str, encoding: str, read: Callable[[], Iterator[bytes]]) -> Text:
    """Decode to `target`. The text up to a byte that cannot be decoded is there too, so that its line can be told."""
    decoder, guard, ends = codecs.getincrementaldecoder(encoding)(), LineGuard(source.name), _LineEnds()
    with target.open("wb") as out:
        for chunk in read():
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError as error:
                out.write(error.object[: error.start].decode(error.encoding, "ignore").encode())
                raise
            out.write(guard.check(typed(ends.unified(text)).encode()))
        out.write(guard.check(typed(ends.unified(decoder.decode(b"", final=True), final=True)).encode()))
    return Text(target, digest, guard.count, encoding.removesuffix("-sig"))


class _LineEnds:
    """Lines of old systems end with a carriage return alone. What the first megabytes hold decides."""

    def __init__(self) -> None:
        self._alone: bool | None = None

    def unified(self, text: str, *, final: bool = False) -> str:
        if self._alone is None and ("\n" in text or "\r" in text or final):
            self._alone = "\n" not in text
        return text.replace("\r", "\n") if self._alone else text


def _speaks_utf8(target: Path) -> bool:
    """Whether the part before the bad byte held proper UTF-8 beyond plain English letters: then it is damaged."""
    with target.open("rb") as file:
        return any(not chunk.isascii() for chunk in iter(lambda: file.read(1 << 20), b""))


def _undecodable(name: str, target: Path, encoding: str) -> str:
    with target.open("rb") as file:
        line = 1 + sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    return f"{name}, line {line}: letters that cannot be read as {encoding}. Export the file again as UTF-8."
