"""The language in which a request is answered: its page, what is wrong with a form, a refusal.

One answer has one language. It is asked for by `lang` in the address, else by what knows who reads (the message a
resident followed, the choice of a colleague who is signed in), else English. No cookie is set for it.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode

Language = Literal["en", "cy"]
NAMES: dict[Language, str] = {"en": "English", "cy": "Cymraeg"}  # each as its readers call it


@dataclass
class _Answer:
    asked: Language | None = None
    language: Language = "en"


# An object that is changed in place, as handlers run in threads of their own, each with a copy of the context.
_answer: ContextVar[_Answer | None] = ContextVar("answer", default=None)


def known(code: object) -> Language | None:
    return next((language for language in NAMES if language == code), None)


def begin(query: bytes) -> None:
    """Of a new request, by its query."""
    asked = known(dict(parse_qsl(query.decode(errors="replace"))).get("lang"))
    _answer.set(_Answer(asked, asked or "en"))


def asked() -> Language | None:
    """What the address itself asks for."""
    answer = _answer.get()
    return answer.asked if answer else None


def language() -> Language:
    """English outside requests."""
    answer = _answer.get()
    return answer.language if answer else "en"


def speak(chosen: object) -> None:
    """From here on this answer is in that language."""
    answer = _answer.get()
    if answer is None:
        _answer.set(answer := _Answer())
    answer.language = known(chosen) or answer.language


def address_in(address: str, chosen: Language) -> str:
    """The same page in that language, with all else that its address says."""
    path, _, query = address.partition("?")
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "lang"]
    return f"{path}?{urlencode([*kept, ('lang', chosen)])}"


def onward(path: str) -> str:
    """A link to another page of ours, which goes on in the language of this one."""
    return address_in(path, language()) if language() != "en" else path
