"""The wordings that come with Engage: read, copied into GOV.UK Notify, or taken along as files."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import segno
from litestar import Response, Router, get
from litestar.params import FromPath
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from campaigns.messages import reading_age, wording_rules
from campaigns.messages.proofs import LANGUAGES, WORDS
from campaigns.messages.wording import FIELDS
from campaigns.notify.text import by_key, check_sms, fill, render
from campaigns.notify.wordings import PURPOSES, Wording, named, wordings
from campaigns.records.models import Channel
from engage.foundation.identity import Right
from engage.foundation.web.handlers import render as page
from engage.foundation.web.handlers import requires

Name = FromPath[str]
PLAIN = "text/plain; charset=utf-8"


@get("/campaigns/wordings", sync_to_thread=True)
def wordings_page() -> Template:
    of = {purpose: [each for each in wordings() if each.purpose == purpose] for purpose in PURPOSES}
    return page(
        "campaigns/messages/wordings.html", of=of, purposes=PURPOSES, channels=WORDS, languages=LANGUAGES
    )  # fmt: skip


@get("/campaigns/wordings/{name:str}", sync_to_thread=True)
def wording_page(name: Name) -> Template:
    wording = named(name)
    return page(
        "campaigns/messages/wording.html", wording=wording, purpose=PURPOSES[wording.purpose],
        title=f"{WORDS[Channel(wording.channel)]} in {LANGUAGES[wording.language]}", **_looks(wording),
    )  # fmt: skip


@get("/campaigns/wordings/{name:str}/file", sync_to_thread=True)
def wording_file(name: Name) -> Response[str]:
    wording = named(name)
    return Response(wording.text, media_type=PLAIN, headers=_attached(f"{wording.name}.txt"))


@get("/campaigns/wordings/files", sync_to_thread=True)
def wording_files() -> Response[bytes]:
    """All of them, as `engage wording check` reads them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in wordings():
            archive.writestr(f"{each.name}.txt", each.text)
    return Response(packed.getvalue(), media_type="application/zip", headers=_attached("wordings.zip"))


def _looks(wording: Wording) -> dict[str, Any]:
    """As it comes out for a made-up council, what fills it, and how it does by the rules."""
    example, told = wording_rules.USUAL[wording.language], by_key(FIELDS)
    filled = render(wording.body, example, wording.channel)
    return {
        "subject": fill(wording.subject or "", example, "subject"), "parts_of_it": list(_paragraphs(filled)),
        "fields": [(field, told[next(iter(by_key({field: ""})))]) for field in wording.fields],
        "fragments": check_sms(filled).fragments if wording.channel == "sms" else None,
        "reading": reading_age.of(f"{wording.subject or ''}\n{fill(wording.body, example, 'email')}"),
        "findings": wording_rules.findings(wording),
    }  # fmt: skip


def _paragraphs(filled: str) -> Iterator[tuple[str, str]]:
    """Each with what it is: a heading, a code to scan, or words."""
    for paragraph in filled.split("\n\n"):
        if paragraph.startswith("# "):
            yield "heading", paragraph.removeprefix("# ")
        elif paragraph.startswith("qr: "):
            yield "code", segno.make(paragraph.removeprefix("qr: "), error="m").svg_inline(scale=3)
        else:
            yield "words", paragraph


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


routes: list[ControllerRouterHandler] = [
    Router(
        "/", route_handlers=[wordings_page, wording_files, wording_page, wording_file],
        guards=[requires(Right.see_data)], include_in_schema=False,
    )
]  # fmt: skip
