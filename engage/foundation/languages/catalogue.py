"""Our words in Welsh: a gettext catalogue, read once from the file that translators correct."""

from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from engage.foundation.languages.spoken import language

CATALOGUE = Path(__file__).parents[2] / "locale/cy/LC_MESSAGES/engage.po"


def gettext(message: str) -> str:
    """In the language of this answer; the message itself where nobody has translated it yet."""
    return welsh().gettext(message) if language() == "cy" else message


def ngettext(one: str, several: str, count: int) -> str:
    """Welsh has six forms, by the last of which all other numbers go; its nouns stay singular after a number."""
    if language() == "cy":
        return welsh().ngettext(one, several, count)
    return one if count == 1 else several


def marked(message: str) -> str:
    """A sentence for the catalogue that is said elsewhere, by `gettext` of what holds it."""
    return message


@cache
def welsh() -> Translations:
    compiled = BytesIO()
    with CATALOGUE.open("rb") as file:
        write_mo(compiled, read_po(file, locale="cy"))
    compiled.seek(0)
    return Translations(compiled, domain="engage")
