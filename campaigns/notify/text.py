"""Words of a message: placeholders filled as Notify fills them, text messages cleaned and counted."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Literal

Kind = Literal["sms", "email", "letter", "subject"]

# GSM 03.38, basic set and extension table (the latter costs two characters each).
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_DOUBLE = frozenset("^{}\\[~]|€")
# Welsh needs these; one of them turns the whole text into UCS-2.
_WELSH = frozenset("ÀÁÂÈÊËÌÍÎÏÒÓÔÙÚÛÝáâêëíîïóôúûýÿŴŵŶŷŸẀẁẂẃẄẅỲỳ")
_KEPT = _GSM | _GSM_DOUBLE | _WELSH

_OBSCURE_WHITESPACE = "\u180e\u200b\u200c\u200d\u2060\ufeff"
_DOWNGRADED = {
    **dict.fromkeys("‘’‚‛′", "'"),
    **dict.fromkeys("“”„‟", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys(_OBSCURE_WHITESPACE, ""),
    **dict.fromkeys("\t\u00a0\u202f\u2007\u2009", " "),
    "…": "...",
    "ł": "l",
    "Ł": "L",
}

LONGEST_SMS = 918
LONGEST_EMAIL_BYTES = 2_000_000


def without_obscure_whitespace(value: str) -> str:
    """The value without zero-width characters, and without white space at either end."""
    return value.translate(dict.fromkeys(map(ord, _OBSCURE_WHITESPACE))).strip()


@lru_cache(maxsize=2048)
def _downgrade(character: str) -> str:
    if character in _KEPT:
        return character
    if character in _DOWNGRADED:
        return _DOWNGRADED[character]
    decomposition = unicodedata.decomposition(character)
    if not decomposition or decomposition.startswith("<"):
        return "?"
    return _downgrade(chr(int(decomposition.split()[0], 16)))


def sanitise_sms(text: str) -> str:
    """What a handset would receive: GSM or Welsh letters only, everything else replaced or a question mark."""
    cleaned = "".join(map(_downgrade, text.replace("\r\n", "\n").replace("\r", "\n")))
    cleaned = re.sub(r"[ ]+", " ", cleaned)
    cleaned = re.sub(r" +([,.])", r"\1", cleaned)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r" *\n *", "\n", cleaned)).strip()


def lost_characters(text: str) -> frozenset[str]:
    """The characters of a text that would arrive as a question mark."""
    return frozenset(c for c in text if c not in "?\r" and _downgrade(c) == "?")


def forces_unicode(text: str) -> frozenset[str]:
    """The Welsh letters that make a text cost more fragments."""
    return frozenset(text) & _WELSH


def fragments(sent: str) -> int:
    """How many fragments Notify bills for a sanitised text, service-name prefix included."""
    if forces_unicode(sent):
        return 1 if len(sent) <= 70 else ceil(len(sent) / 67)
    units = len(sent) + sum(c in _GSM_DOUBLE for c in sent)
    return 1 if units <= 160 else ceil(units / 153)


@dataclass(frozen=True, slots=True)
class SmsCheck:
    """What a text would become and cost; `too_long` is judged without the service-name prefix."""

    sent: str
    characters: int
    fragments: int
    too_long: bool
    empty: bool
    forces_unicode: frozenset[str]
    lost: frozenset[str]


def check_sms(text: str, prefix: str = "") -> SmsCheck:
    """Everything an officer wants to know of a text before it is sent; a service may set `Name: ` before it."""
    body = sanitise_sms(text)
    sent = f"{prefix}: {body}" if prefix else body
    return SmsCheck(
        sent=sent,
        characters=len(sent),
        fragments=fragments(sent),
        too_long=len(body) > LONGEST_SMS,
        empty=not body,
        forces_unicode=forces_unicode(sent),
        lost=lost_characters(text),
    )


_PLACEHOLDER = re.compile(r"\(\(([^()]+)\)\)")
_SHOWN = frozenset({"yes", "y", "true", "t", "1", "include", "show"})


def _key(name: str) -> str:
    return name.lower().translate(_IGNORED_IN_NAMES)


_IGNORED_IN_NAMES = str.maketrans("", "", " _-")


@lru_cache(maxsize=1024)
def placeholders(*parts: str) -> tuple[str, ...]:
    """The names a template asks for, as written, in order of first appearance over its parts."""
    names: dict[str, str] = {}
    for part in parts:
        for inner in _PLACEHOLDER.findall(part):
            name = inner.partition("??")[0]
            names.setdefault(_key(name), name)
    return tuple(names.values())


def by_key(values: Mapping[str, object]) -> dict[str, object]:
    """Values by name as Notify matches names: case, spaces, hyphens and underscores do not count."""
    return {_key(name): value for name, value in values.items()}


def missing(names: Iterable[str], values: Mapping[str, object]) -> list[str]:
    """The names of which nothing is given. An empty string is something."""
    given = by_key(values)
    return [name for name in names if given.get(_key(name)) is None]


def additional(names: Iterable[str], values: Mapping[str, object]) -> list[str]:
    """The given names a template does not ask for."""
    wanted = set(map(_key, names))
    return [name for name in values if _key(name) not in wanted]


def fill(content: str, values: Mapping[str, object], kind: Kind) -> str:
    """The template filled in one pass: a value that holds `((x))` is not filled again."""
    given = by_key(values)

    def replacement(match: re.Match[str]) -> str:
        name, conditional, text = match[1].partition("??")
        value = given.get(_key(name))
        if conditional:
            return text if str(value).lower() in _SHOWN else ""
        return _written(value, kind)

    return _PLACEHOLDER.sub(replacement, content)


def _written(value: object, kind: Kind) -> str:
    if value is None:
        return ""
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = [str(item) for item in value if item is not None and str(item).strip()]
        return _sentence(items) if kind in {"sms", "subject"} else _bullets(items)
    return str(value)


def _sentence(items: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def _bullets(items: list[str]) -> str:
    return "\n\n" + "\n".join(f"* {item}" for item in items) if items else ""


def render(content: str, values: Mapping[str, object], kind: Kind) -> str:
    """The words Notify would return for one part of a template: body of its kind, or subject."""
    filled = fill(content, values, kind)
    return sanitise_sms(filled) if kind == "sms" else filled.strip()
