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
    "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_DOUBLE = frozenset("^{}\\[~]|€")
_PLAIN = _GSM | _GSM_DOUBLE
# Until Notify sent any character, it kept those that Welsh needs besides.
_WELSH = frozenset("ÀÁÂÈÊËÌÍÎÏÒÓÔÙÚÛÝáâêëíîïóôúûýÿŴŵŶŷŸẀẁẂẃẄẅỲỳ")

_JOINER = "\u200d"  # holds an emoji of several together, so since Notify sends emoji it stays
_ZERO_WIDTH = "\u180e\u200b\u200c\u2060\ufeff\u2028\u2029"
_OBSCURE_WHITESPACE = _ZERO_WIDTH + _JOINER
# Look-alikes whose loss changes no word; the white space among them is put right before.
_REPLACED = {
    **dict.fromkeys("‘’‚", "'"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("‑–—−", "-"),
    "…": "...",
}
_ONCE_REPLACED = {**_REPLACED, "ł": "l", "Ł": "L", _JOINER: ""}

LONGEST_SMS = 918
LONGEST_EMAIL_BYTES = 2_000_000


def without_obscure_whitespace(value: str) -> str:
    """The value without zero-width characters, and without white space at either end."""
    return value.translate(dict.fromkeys(map(ord, _OBSCURE_WHITESPACE))).strip()


@lru_cache(maxsize=2048)
def _downgrade(character: str) -> str:
    """What Notify sent for it until September 2026."""
    if character in _PLAIN | _WELSH:
        return character
    if character in _ONCE_REPLACED:
        return _ONCE_REPLACED[character]
    decomposition = unicodedata.decomposition(character)
    if not decomposition or decomposition.startswith("<"):
        return "?"
    return _downgrade(chr(int(decomposition.split()[0], 16)))


def _tidy(text: str) -> str:
    """White space as Notify puts it right, before anything is replaced."""
    closed = re.sub(r"(?<![ \t])[ \t]+([,.])", r"\1", text)
    seen = (line.translate(dict.fromkeys(map(ord, _ZERO_WIDTH))) for line in closed.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(" ".join(line.split()) for line in seen)).strip()


def _encoded(tidied: str, any_character: bool) -> str:
    if any_character:
        return "".join(_REPLACED.get(character, character) for character in tidied)
    return "".join(map(_downgrade, tidied))


def sanitise_sms(text: str, *, any_character: bool = True) -> str:
    """What a handset receives. `any_character`: as it is written but for the look-alikes, as since September 2026
    (`text_message` of law.toml); before, GSM and Welsh letters, everything else replaced or a question mark."""
    return _encoded(_tidy(text), any_character)


def lost_characters(text: str) -> frozenset[str]:
    """The characters of a tidied text that arrived as a question mark until September 2026."""
    return frozenset(c for c in text if c != "?" and _downgrade(c) == "?")


def forces_unicode(sent: str) -> frozenset[str]:
    """The characters that make a text cost more fragments: all that GSM does not have."""
    return frozenset(sent) - _PLAIN


def units(text: str) -> int:
    """Characters as a network counts them: an emoji is two or more."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fragments(sent: str, counted: int | None = None) -> int:
    """How many fragments Notify bills for a sanitised text, service name included. `counted`: its characters before
    look-alikes were replaced, which is what Notify counts, so that an ellipsis is one."""
    length = (units(sent) if counted is None else counted) + sum(c in _GSM_DOUBLE for c in sent)
    if forces_unicode(sent):
        return 1 if length <= 70 else ceil(length / 67)
    return 1 if length <= 160 else ceil(length / 153)


@dataclass(frozen=True, slots=True)
class SmsCheck:
    """What a text would become and cost. `length` is what Notify judges: without the name of the service before it,
    and as it stood before look-alikes were replaced."""

    sent: str
    characters: int
    fragments: int
    length: int
    forces_unicode: frozenset[str]
    lost: frozenset[str]

    @property
    def too_long(self) -> bool:
        return self.length > LONGEST_SMS

    @property
    def empty(self) -> bool:
        return not self.length


def check_sms(text: str, prefix: str = "", *, any_character: bool = True) -> SmsCheck:
    """Everything an officer wants to know of a text before it is sent; a service may set `Name: ` before it."""
    name = prefix.strip()
    tidied = _tidy(f"{name}: {text}" if name else text)
    sent, counted = _encoded(tidied, any_character), units(tidied)
    return SmsCheck(
        sent=sent,
        characters=units(sent),
        fragments=fragments(sent, counted),
        length=max(counted - units(name) - 2, 0) if name else counted,
        forces_unicode=forces_unicode(sent),
        lost=frozenset() if any_character else lost_characters(tidied),
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
        cleaned = (without_obscure_whitespace(str(item)) for item in value if item is not None)
        items = [item for item in cleaned if item]
        return _sentence(items) if kind in {"sms", "subject"} else _bullets(items)
    return str(value)


def _sentence(items: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def _bullets(items: list[str]) -> str:
    return "\n\n" + "\n".join(f"* {item}" for item in items) if items else ""


def render(content: str, values: Mapping[str, object], kind: Kind, *, any_character: bool = True) -> str:
    """The words Notify would return for one part of a template: body of its kind, or subject."""
    filled = fill(content, values, kind)
    if kind == "sms":
        return sanitise_sms(filled, any_character=any_character)
    return _typeset(filled) if kind == "subject" else filled.strip()


def _typeset(subject: str) -> str:
    """A subject is one line, with quotation marks and dashes as in print."""
    closed = re.sub(r"(?<![ \t])[ \t]+([,.])", r"\1", subject)
    for plain, opening, closing in (('"', "“", "”"), ("'", "‘", "’")):
        closed = re.sub(rf"(^|[\s(\[{{<“‘–—-]){plain}", rf"\1{opening}", closed).replace(plain, closing)
    dashed = re.sub(r"(?<!\s)\s+[-–—]{1,3}\s+", " – ", closed)
    return " ".join(dashed.translate(dict.fromkeys(map(ord, _OBSCURE_WHITESPACE))).split())
