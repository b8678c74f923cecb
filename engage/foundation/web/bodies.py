"""What may be sent to a route: how much, in how many fields, how slowly. Read here, before anything else looks at it.

A form is read whole; a file goes to the disk while it arrives, and only from somebody who may send files.
"""

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, cast

from anyio import to_thread
from litestar import Request
from litestar.datastructures import UploadFile
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Receive, Scope, Send
from litestar.utils.scope.state import ScopeState
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from engage.foundation import identity
from engage.foundation.folders import own_folder
from engage.foundation.identity import Account, Right
from engage.foundation.languages.catalogue import marked
from engage.foundation.office import Office
from engage.foundation.web.handlers import signed_in

MEGABYTE = 1 << 20
FORM, CALLBACK, FILE = MEGABYTE, 64 << 10, 250 * MEGABYTE
FIELDS = 1000
WHOLE_WITHIN = 15.0  # seconds that a form may take
GRACE, LEAST_RATE = 20.0, 16 << 10  # a file: seconds of silence, and bytes a second after them
MOST_OPEN = 64  # forms on their way at once: an honest one is here in milliseconds, so past it the oldest is cut
DEEPEST = 64  # lists and objects within each other: a rule may have 5
URL_ENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
SAFE = ("GET", "HEAD", "OPTIONS")
TOO_MANY = f"It has more than {FIELDS:,} fields."
TOO_DEEP = f"Its lists and objects lie more than {DEEPEST} deep within each other."
TOO_SLOW = marked("It arrived too slowly.")
TOO_LARGE_FILE = (
    "The selected file must be smaller than 250MB. Bigger files are imported with the command: engage import"
)
NO_ROOM = (
    "There is no room for this file: the files that wait here for a decision take all that your council may use. "
    "Import them or remove them from the list, then send it again."
)


class BodyRefused(HTTPException):
    """`detail` is the sentence shown. The rest is not read, so the connection ends with the answer."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(detail=words, status_code=status, headers={"Connection": "close"})


@dataclass(frozen=True)
class Files:
    """Of a route that takes a file: the right it asks for, and how many bytes an authority may still send."""

    right: Right
    room: Callable[[Office, str], int]


def taking(most: int) -> dict[str, Any]:
    """For a handler's `opt`: no more than this many bytes."""
    return {"largest_body": most}


def taking_files(right: Right, room: Callable[[Office, str], int]) -> dict[str, Any]:
    return {"files": Files(right, room)}


class Bodies(ASGIMiddleware):
    scopes = (ScopeType.HTTP,)

    def __init__(self, office: Office) -> None:
        self._office = office
        self._open: list[asyncio.Timeout] = []  # of forms on their way, the oldest first
        self._arriving: Counter[str] = Counter()  # bytes of files on their way, by authority

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if cast("HTTPScope", scope)["method"] in SAFE:
            await next_app(scope, receive, send)
            return
        request, opt = Request[Any, Any, Any](scope), scope["route_handler"].opt
        kind, more = request.content_type
        async with AsyncExitStack() as files:
            if "files" in opt and kind == MULTIPART:
                await self._take_file(request, receive, opt["files"], files)
            else:
                body = await self._whole(request, receive, opt.get("largest_body", FORM))
                if kind == MULTIPART:
                    fields = await parsed(_once(body), more.get("boundary", ""), self._folder(), files)
                    ScopeState.from_scope(request.scope).form = fields
                receive = again(body, receive)
            await next_app(scope, receive, send)

    def _folder(self) -> Path:
        return own_folder(self._office.lake.root / "staging")

    async def _whole(self, request: Request[Any, Any, Any], receive: Receive, most: int) -> bytes:
        words = f"It is larger than {most >> 10:,} kB."
        _demand_small(request, most, words)
        try:
            async with asyncio.timeout(WHOLE_WITHIN) as clock:
                with self._among_open(clock):
                    body = b"".join([chunk async for chunk in _chunks(receive, most, words)])
        except TimeoutError:
            raise BodyRefused(408, TOO_SLOW) from None
        if request.content_type[0] == URL_ENCODED and body.count(b"&") >= FIELDS:
            raise BodyRefused(413, TOO_MANY)
        if request.content_type[0] not in (URL_ENCODED, MULTIPART) and _is_deep(body):
            raise BodyRefused(400, TOO_DEEP)
        return body

    @contextmanager
    def _among_open(self, clock: asyncio.Timeout) -> Iterator[None]:
        self._open.append(clock)
        if len(self._open) > MOST_OPEN:
            self._open.pop(0).reschedule(asyncio.get_running_loop().time())
        try:
            yield
        finally:
            if clock in self._open:
                self._open.remove(clock)

    async def _take_file(
        self, request: Request[Any, Any, Any], receive: Receive, files: Files, stack: AsyncExitStack
    ) -> None:
        """The form is parsed here, so that all who ask for it later get it as it lies on the disk."""
        account = await _demand(request, files.right)
        room = await to_thread.run_sync(files.room, self._office, account.authority)
        room -= self._arriving[account.authority]
        most, words = (FILE, TOO_LARGE_FILE) if room >= FILE else (max(room, 0), NO_ROOM)
        _demand_small(request, most, words)
        on_its_way = request.content_length or most
        self._arriving[account.authority] += on_its_way
        try:
            boundary = request.content_type[1].get("boundary", "")
            fields = await parsed(_steady(_chunks(receive, most, words, GRACE)), boundary, self._folder(), stack)
            ScopeState.from_scope(request.scope).form = fields
        finally:
            self._arriving[account.authority] -= on_its_way


async def _demand(request: Request[Any, Any, Any], right: Right) -> Account:
    account = await signed_in(request)
    if account is None:
        raise NotAuthorizedException
    identity.demand(account, right)
    return account


def _demand_small(request: Request[Any, Any, Any], most: int, words: str) -> None:
    if (request.content_length or 0) > most:
        raise BodyRefused(413, words)


async def _chunks(receive: Receive, most: int, words: str, patience: float | None = None) -> AsyncIterator[bytes]:
    size, more = 0, True
    while more:
        try:
            async with asyncio.timeout(patience):
                message = cast("HTTPReceiveMessage", await receive())
        except TimeoutError:
            raise BodyRefused(408, TOO_SLOW) from None
        if message["type"] != "http.request":
            raise BodyRefused(400, marked("It broke off."))
        chunk, more = message.get("body", b""), message.get("more_body", False)  # ASGI lets a server leave either out
        size += len(chunk)
        if size > most:
            raise BodyRefused(413, words)
        yield chunk


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


NESTING = re.compile(rb'"(?:\\.|[^"\\])*"|[\[{]|[\]}]', re.DOTALL)


def _is_deep(body: bytes) -> bool:
    """Whether JSON would take a parser deeper than Python goes; almost always it has too few brackets for that."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return False
    depth = 0
    for found in NESTING.finditer(body):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(found[0], 0)
        if depth > DEEPEST:
            return True
    return False


async def _steady(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    now, size = asyncio.get_running_loop().time, 0
    began = now()
    async for chunk in chunks:
        size += len(chunk)
        if size < LEAST_RATE * (now() - began - GRACE):
            raise BodyRefused(408, TOO_SLOW)
        yield chunk


def again(body: bytes, receive: Receive) -> Receive:
    """What was read, for who asks for it; then what comes after it."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return messages.pop() if messages else await receive()

    return replay


async def parsed(
    chunks: AsyncIterator[bytes], boundary: str, folder: Path, stack: AsyncExitStack
) -> dict[str, Any]:  # fmt: skip
    """The fields of a form with a file, as Litestar keeps them; its own parser holds a text of any length in memory.
    `stack` closes the files."""
    fields: defaultdict[str, list[Any]] = defaultdict(list)
    field, text = None, 0
    try:
        with PushMultipartParser(boundary, max_segment_count=FIELDS) as parser:
            async for chunk in chunks:
                for part in parser.parse(chunk):
                    if isinstance(part, MultipartSegment):
                        field = _Field(part, folder, stack)
                    elif field and part:
                        text += await field.add(part)
                        if text > FORM:
                            raise BodyRefused(413, f"It is larger than {FORM >> 10:,} kB beside the file.")
                    elif field:
                        fields[field.name].append(await field.end())
    except MultipartError:
        raise BodyRefused(400, f"It is no whole form, or has more than {FIELDS:,} fields.") from None
    return {name: values if len(values) > 1 else values[0] for name, values in fields.items()}


class _Field:
    """One field while it arrives: words in memory, a file on the disk of the lake."""

    def __init__(self, segment: MultipartSegment, folder: Path, stack: AsyncExitStack) -> None:
        self.name, self._text, self._file = str(segment.name), bytearray(), None
        if segment.filename:
            self._file = UploadFile(
                content_type=segment.content_type or "text/plain", filename=segment.filename,
                headers=dict(segment.headerlist),
            )  # fmt: skip
            self._file.file.close()  # which lies where the machine puts it, maybe in memory
            self._file.file = SpooledTemporaryFile(max_size=MEGABYTE, dir=str(folder))  # noqa: SIM115  # the stack closes it
            stack.push_async_callback(self._file.close)

    async def add(self, part: bytes | bytearray) -> int:
        """How much memory it takes for good."""
        if self._file is not None:
            await self._file.write(part)
            return 0
        self._text.extend(part)
        return len(part)

    async def end(self) -> UploadFile | str:
        if self._file is None:
            return self._text.decode(errors="replace")
        await self._file.seek(0)
        return self._file
