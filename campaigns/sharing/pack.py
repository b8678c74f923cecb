"""A share pack: sheets, pictures, texts and codes of one place in both languages, as one ZIP file.

Everything of a language stands in its folder, and no document mixes two, so that a screen reader speaks each as it is
written.
"""

import zipfile
from datetime import datetime
from io import BytesIO
from typing import Any

from campaigns.sharing import posters, sheets, wording
from campaigns.sharing.posters import KINDS, Place
from campaigns.sharing.sheets import SHEETS, Sheet
from campaigns.sharing.wording import LANGUAGES, Occasion, Setting
from engage.foundation import identity
from engage.foundation.clock import london
from engage.foundation.office import Actor, Office
from engage.foundation.web.templating import environment
from engage.foundation.words import day

FACTUAL = "It was made before a poll, with plain facts alone. Do not use it after {poll}."
README = """Share pack: {where}
Made on {day} for {council}.
{factual}
Each language has its folder: en (English), cy (Cymraeg).

poster-a4.pdf, poster-a3.pdf   to print and put up
leaflet-a5.pdf                 to print and hand out
post-1200x630.png              for Facebook, LinkedIn, X and Nextdoor
post-1080x1080.png             for Instagram and WhatsApp
story-1080x1920.png            for stories
signature.html                 beneath emails: open it, select all, copy, and paste it into your signature
signature-1200x320.png         the same as a picture, to be shown at 600 by 160
texts.txt                      what to write with a picture, and its description for those who do not see it
qr-*.png, qr-*.svg             the codes by themselves, for what you make yourself

Give each picture the description that stands in texts.txt, where the website asks for alternative text.
Put nothing of a party, candidate or councillor beside it, and change no words.

Each kind has a code of its own ({codes}).
Engage counts by it how often the page was opened and what was pressed on it, without cookies, and knows nobody. That is
a count of presses and no effect: to learn what posters change, draw wards by lot before any is put up.
"""


def made(office: Office, actor: Actor, place: Place, on: Occasion) -> bytes:
    """The ZIP file. Its codes are kept, so that a pack made again has the same."""
    codes = posters.codes(office, actor, place, factual=on.poll is not None)
    with office.database.reading() as session:
        council = identity.authority(session, actor.authority)
    of, at, out = wording.setting(office, council, place, on), office.clock.now(), BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        _write(archive, "README.txt", _readme(of, codes, at), at)
        for language in LANGUAGES:
            said = {kind: wording.said(of, language, code) for kind, code in codes.items()}
            for name, content in _folder(said, at).items():
                _write(archive, f"{language}/{name}", content, at)
    return out.getvalue()


def _folder(said: dict[str, dict[str, Any]], at: datetime) -> dict[str, bytes | str]:
    files: dict[str, bytes | str] = {sheet.name: sheets.made(sheet, said[sheet.kind], at) for sheet in SHEETS}
    files |= {"texts.txt": _texts(said), "signature.html": _signature(said["signature"])}
    for kind, words in said.items():
        files[f"qr-{kind}.png"] = sheets.png(sheets.qr(words["url"]))
        files[f"qr-{kind}.svg"] = words["qr"]
    return files


def _texts(said: dict[str, dict[str, Any]]) -> str:
    """What to write, then each picture's alternative text."""
    pictures = [sheet for sheet in SHEETS if not sheet.paper]
    alone = [f"qr-{kind}.png\n{words['qr_alt']}" for kind, words in said.items()]
    parts = [said["post"]["post"], *(_described(sheet, said) for sheet in pictures), *alone]
    return "\n\n".join(parts) + "\n"


def _described(sheet: Sheet, said: dict[str, dict[str, Any]]) -> str:
    return f"{sheet.name}\n{said[sheet.kind]['alt']}"


def _signature(words: dict[str, Any]) -> str:
    """Without the picture, which many mail programs keep back: words and a link."""
    return environment().get_template("sharing/signature.html").render(words=words)


def _readme(of: Setting, codes: dict[str, str], at: datetime) -> str:
    poll = of.occasion.poll
    return README.format(
        where=of.place.ward_name or "all of the area", day=day(at), council=of.council.name,
        factual=f"\n{FACTUAL.format(poll=day(poll))}\n" if poll else "",
        codes=", ".join(f"{KINDS[kind]}: {code}" for kind, code in codes.items()),
    )  # fmt: skip


def _write(archive: zipfile.ZipFile, name: str, content: bytes | str, at: datetime) -> None:
    entry = zipfile.ZipInfo(name, london(at).timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)
