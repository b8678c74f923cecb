"""Sheets and pictures, set by Typst from templates/sharing. What a council gives is data there and never source."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import segno

from engage.foundation.libraries import typst
from engage.foundation.web.static import STATIC

TEMPLATES = Path(__file__).parents[2] / "templates" / "sharing"
QUIET = 4  # modules of white around a code, which the standard asks for
PIXELS = 12  # to a module of the code that stands alone


@dataclass(frozen=True)
class Sheet:
    """One file of a pack, by language. `width` and `height` are millimetres of paper and pixels of a picture."""

    name: str
    kind: str  # of the code that it carries
    template: str
    width: int
    height: int = 0

    @property
    def paper(self) -> bool:
        return self.template == "paper"


SHEETS = (
    Sheet("poster-a4.pdf", "poster", "paper", 210),
    Sheet("poster-a3.pdf", "poster", "paper", 297),
    Sheet("leaflet-a5.pdf", "leaflet", "paper", 148),
    Sheet("post-1200x630.png", "post", "post", 1200, 630),
    Sheet("post-1080x1080.png", "post", "post", 1080, 1080),
    Sheet("story-1080x1920.png", "post", "post", 1080, 1920),
    Sheet("signature-1200x320.png", "signature", "signature", 1200, 320),
)


@cache
def _fonts() -> "typst.Fonts":
    """Ours, and behind it those that Typst brings, for letters that ours lacks; none of the machine's."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[STATIC])


def qr(address: str) -> segno.QRCode:
    """A quarter of it may be soiled and it is read still."""
    return segno.make_qr(address, error="q")


def svg(code: segno.QRCode) -> str:
    out = BytesIO()
    code.save(out, kind="svg", border=QUIET, dark="#000", light="#fff", xmldecl=False)
    return out.getvalue().decode()


def png(code: segno.QRCode) -> bytes:
    out = BytesIO()
    code.save(out, kind="png", border=QUIET, scale=PIXELS)
    return out.getvalue()


def made(sheet: Sheet, said: Mapping[str, Any], at: datetime) -> bytes:
    """PDF with its tags and language (PDF/UA-1, which Typst refuses to make where an alternative text is missing), or a
    picture with a pixel to a point."""
    given = {"said": json.dumps(dict(said)), "width": str(sheet.width), "height": str(sheet.height)}
    options: dict[str, Any] = {"format": "png", "ppi": 72.0}
    if sheet.paper:
        options = {"format": "pdf", "pdf_standards": "ua-1", "timestamp": at}
    content: bytes = typst.compile(
        str(TEMPLATES / f"{sheet.template}.typ"), root=str(TEMPLATES), font_paths=_fonts(), sys_inputs=given, **options
    )  # fmt: skip
    return content
