"""The front end's files, out of engage/static: hashed names, so that a browser may keep them for ever."""

import json
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from engage.foundation.errors import SettingsInvalid

STATIC = Path(__file__).parents[2] / "static"
FOR_EVER = "public, max-age=31536000, immutable"
TEXTUAL = ("text/", "image/svg")


@dataclass(frozen=True)
class Asset:
    content: bytes
    compressed: bytes
    media_type: str


@dataclass(frozen=True)
class Files:
    """All files, read at once when the service starts, so that a later build cannot mix with them."""

    names: dict[str, str]
    assets: dict[str, Asset]


@cache
def _files() -> Files:
    path = STATIC / "manifest.json"
    if not path.exists():
        msg = "The pages' styles and scripts are missing from engage/static. Make them with: make setup"
        raise SettingsInvalid(msg)
    names: dict[str, str] = json.loads(path.read_text())["files"]
    return Files(names, {hashed: _read(hashed) for hashed in names.values()})


def _read(name: str) -> Asset:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if media_type.startswith(TEXTUAL) else ""
    return Asset((STATIC / name).read_bytes(), (STATIC / f"{name}.gz").read_bytes(), media_type + charset)


def asset(name: str) -> str:
    """The address of a file by its plain name: `engage.css`."""
    return f"/assets/{_files().names[name]}"


@get("/assets/{name:str}", include_in_schema=False, sync_to_thread=False, opt={"static": True})
def serve(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """From memory, as there are only a handful; a name that is not in the manifest does not exist."""
    found = _files().assets.get(name)
    if found is None:
        raise NotFoundException
    squeezed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"} | (
        {"Content-Encoding": "gzip"} if squeezed else {}
    )
    return Response(found.compressed if squeezed else found.content, media_type=found.media_type, headers=headers)
