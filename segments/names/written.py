"""A person's name as a system writes it, taken apart: title, given names and family name, folded to plain letters.

It is read in memory and let go: nothing here is ever stored.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Letters that Unicode does not take apart into a plain one and a mark.
STROKES = str.maketrans({
    "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i", "ħ": "h", "ŧ": "t",
})  # fmt: skip
TITLES = frozenset(
    [
        "mr",
        "mrs",
        "miss",
        "ms",
        "mx",
        "master",
        "dr",
        "prof",
        "professor",
        "rev",
        "revd",
        "reverend",
        "sir",
        "lady",
        "lord",
        "dame",
        "cllr",
        "councillor",
        "fr",
        "sr",
        "capt",
        "major",
        "messrs",
        "mesdames",
    ]
)
OF_THE_DEAD = re.compile(
    r"^((the )?(personal )?(executors?|exors?|execs?|reps?|representatives?|administrators?|estate) of|the late)\b"
)
DECEASED = re.compile(r"\(?\b(deceased|dec'?d|dec)\b\.?\)?")
COMPANY = re.compile(
    r"\b(ltd|limited|plc|llp|lp|cic|inc|properties|property|lettings?|management|estates?|homes|housing|association"
    r"|council|trust|trustees|investments?|developments?|holdings|group|company|services|charity|church|diocese"
    r"|university|college|school|society|partnership|solicitors|nhs|care)\b|& ?sons\b|& ?co\b"
)
# Before a surname, and no half of one.
PARTICLES = frozenset("al ap ab bin bint da de del della den der di dos du el la le mac mc o st ter van von y".split())  # noqa: SIM905 - see above
TOGETHER = re.compile(r"\s+(?:&|and|\+|/)\s+|\s*&\s*")
LEAST_HALF = 3  # letters


@dataclass(frozen=True)
class Name:
    """Folded words. `dead` where those who wind up somebody's estate are named."""

    title: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    dead: bool = False

    @property
    def initials_alone(self) -> bool:
        return bool(self.given) and all(len(word) == 1 for word in self.given)


@lru_cache(maxsize=200_000)
def folded(text: str) -> str:
    """Small letters and single spaces; a hyphen keeps its place, an apostrophe goes."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(STROKES))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^a-z,&+/()\- ]+", " ", re.sub("['’`´.]", "", letters)).split())


def is_company(text: str) -> bool:
    return bool(COMPANY.search(folded(text))) and not OF_THE_DEAD.match(folded(text))


def in_parts(title: str, given: str, family: str) -> Name:
    """Of a form with a field for each."""
    words, named = _words(given), _words(family)
    told = _words(title)
    while words and words[0] in TITLES:
        told.append(words.pop(0))
    return Name(next(iter(told), ""), tuple(words), tuple(named))


def surname_first(text: str) -> Name:
    """`SMITH, MR J`; without a comma as it is spoken."""
    plain, dead = _without_the_dead(folded(text))
    family, comma, rest = plain.partition(",")
    if not comma:
        return _spoken(plain, dead=dead)
    found = in_parts("", rest, family)
    return Name(found.title, found.given, found.family, dead)


def spoken(text: str) -> list[Name]:
    """`Mr John A Smith`, and two in one cell: `Marcia & Kwame S Okafor` have one surname between them."""
    plain, dead = _without_the_dead(folded(text).replace(",", " "))
    parts = [part for part in TOGETHER.split(plain) if part.strip(" ,")]
    names = [_spoken(part, dead=dead) for part in parts]
    if len(parts) < 2:
        return names
    last = names[-1].family
    return [_with_family(part, name, last, dead=dead) for part, name in zip(parts[:-1], names, strict=False)] + [
        names[-1]
    ]


def _with_family(text: str, name: Name, last: tuple[str, ...], *, dead: bool) -> Name:
    """The first of two who is named by given names alone (or a title alone) has the other's surname."""
    words = [word for word in _words(text) if word not in TITLES]
    if len(words) > 1 and len(words[-1]) > 1:
        return name
    return Name(name.title, tuple(words), last, dead)


def _spoken(text: str, *, dead: bool) -> Name:
    words = _words(text)
    title = ""
    while words and words[0] in TITLES:
        title = title or words[0]
        words.pop(0)
    at = len(words) - 1
    while at > 1 and words[at - 1] in PARTICLES:
        at -= 1
    return Name(title, tuple(words[:at]), tuple(words[max(at, 0) :]), dead)


def _without_the_dead(text: str) -> tuple[str, bool]:
    plain = DECEASED.sub(" ", OF_THE_DEAD.sub(" ", text))
    return " ".join(plain.split()), plain != text


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[ ,/()&+]+", folded(text)) if word.strip("-")]


@lru_cache(maxsize=200_000)
def families(words: tuple[str, ...]) -> tuple[str, ...]:
    """A surname whole and by each half, in letters alone: `Lloyd-Pryce` is known as either."""
    parts = [part for word in words for part in word.split("-") if part]
    whole = "".join(parts)
    halves = [part for part in parts if len(part) >= LEAST_HALF and part not in PARTICLES and part not in TITLES]
    return tuple(dict.fromkeys([whole, *halves]))


@lru_cache(maxsize=200_000)
def givens(words: tuple[str, ...]) -> tuple[str, ...]:
    """Each given name, and each half of a double one."""
    found: list[str] = []
    for word in words:
        parts = [part for part in word.split("-") if part]
        found += ["".join(parts), *(part for part in parts if len(parts) > 1 and len(part) > 1)]
    return tuple(dict.fromkeys(found))
