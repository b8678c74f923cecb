"""Write every sentence that is marked for translation into the Welsh catalogue, and keep what is translated there; with
--check, only say what the catalogue lacks.

In templates `_("…")` and `{% trans %}` mark a sentence, in code `gettext`, `ngettext` and `marked`.
"""

import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from engage.foundation.languages.catalogue import CATALOGUE

ROOT = Path(__file__).parents[1]
FLOORS = ("engage", "segments", "campaigns", "dashboards")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "marked": None}
OPTIONS = {
    "extensions": "jinja2.ext.do", "newstyle_gettext": "true", "trimmed": "true", "trim_blocks": "true",
    "lstrip_blocks": "true", "silent": "false",
}  # fmt: skip
NAMED = re.compile(r"%\((\w+)\)s|\{(\w*)\}")
# Of the file's own header: what would differ at every writing, or in everybody's branch.
UNSTEADY = re.compile(rb'^"(?:Project|Report|POT|PO-|Last|Language-Team|Generated).*\n', re.MULTILINE)
TAGS = re.compile(r"</?[a-z][^>]*>")


def sources() -> Iterator[tuple[str, Path]]:
    """By method of extraction; code that marks nothing is not read."""
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield "jinja2.ext:babel_extract", path
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            if "node_modules" not in path.parts and b"languages" in path.read_bytes():
                yield "python", path


def said() -> Catalog:
    """Every marked sentence, without a translation, and the files in which it stands."""
    found = Catalog(locale="cy")
    for method, path in sources():
        with path.open("rb") as file:
            for _, message, _, _ in extract(method, file, keywords=KEYWORDS, options=OPTIONS):
                found.add(message, locations=[(path.relative_to(ROOT).as_posix(), 1)])
    return found


def kept(path: Path = CATALOGUE) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="cy")


def faults(wanted: Catalog, have: Catalog) -> Iterator[str]:
    """What must be mended in the catalogue before it can be shipped, a sentence each."""
    for message in wanted:
        found = have.get(message.id)
        if not message.id:
            continue
        if found is None:
            yield f"{_where(message)}: not in the catalogue: {_shown(message)}"
        elif not all(found.string if isinstance(found.string, tuple) else (found.string,)):
            yield f"{_where(message)}: not translated: {_shown(message)}"
        elif found.fuzzy:
            yield f"{_where(message)}: marked fuzzy: {_shown(message)}"
        else:
            yield from (f"{_where(message)}: {wrong}: {_shown(message)}" for wrong in _differs(found))
    for message in have:
        if message.id and message.id not in wanted:
            yield f"nobody says this any more: {_shown(message)}"


def _differs(found: Message) -> Iterator[str]:
    """Fields and tags of a translation are those of its sentence; a plural form may leave its number out."""
    ours = found.id if isinstance(found.id, tuple) else (found.id,)
    theirs = found.string if isinstance(found.string, tuple) else (found.string,)
    fields = {field for each in ours for field in _fields(each)}
    for each in theirs:
        if not _fields(each) <= fields or (len(ours) == 1 and _fields(each) != fields):
            yield f"its fields are not {sorted(fields)}"
        if len(ours) == 1 and sorted(TAGS.findall(each)) != sorted(TAGS.findall(ours[0])):
            yield "its tags are others"


def _fields(sentence: str) -> set[str]:
    return {percent or braced for percent, braced in NAMED.findall(sentence)}


def _where(message: Message) -> str:
    return message.locations[0][0] if message.locations else "?"


def _shown(message: Message) -> str:
    return repr(message.id[0] if isinstance(message.id, tuple) else message.id)


def renewed() -> bytes:
    """The catalogue with every sentence that is said now, those without a translation first to be filled in."""
    wanted, have = said(), kept()
    for message in wanted:
        if message.id and (found := have.get(message.id)):
            message.string, message.flags = found.string, found.flags | message.flags
            message.user_comments = found.user_comments
    wanted.header_comment, wanted.fuzzy = have.header_comment, False
    written = BytesIO()
    write_po(written, wanted, width=0, sort_by_file=True, include_lineno=False)
    return UNSTEADY.sub(b"", written.getvalue())


if __name__ == "__main__":
    if "--check" not in sys.argv:
        CATALOGUE.write_bytes(renewed())
    wrong = list(faults(said(), kept()))
    print(*wrong, sep="\n", end="\n" if wrong else "")
    sys.exit(bool(wrong))
