"""What a text means that somebody sent in reply, in English or Welsh, told by its words (`vocabulary`).

Two faults do not weigh the same. A STOP that is missed is a reminder to somebody who asked for none (UK GDPR Art 21);
whoever is silenced without having asked only misses reminders, but of a right to vote. So what surely asks to stop does
so at once, what may ask it is held for a person to read, and no word that asks to stop is ever simply passed over.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from campaigns.replies import vocabulary as said


class Meaning(StrEnum):
    stop = "stop"
    maybe = "may mean stop"
    help = "help"
    moved = "moved away"
    registered = "already registered"
    other = "other"


HELD = (Meaning.maybe, Meaning.moved, Meaning.registered)  # until somebody has looked


@dataclass(frozen=True)
class Sentence:
    """Its words in small letters without accents; `bare` without the courtesies around what it says."""

    words: str
    bare: str
    asks: bool


def meaning(text: str) -> Meaning:
    spelled = _spelled(text)
    sentences = _sentences(spelled)
    whole = " ".join(sentence.words for sentence in sentences)
    if _stops(sentences) or _shouts(text, sentences):
        return Meaning.maybe if said.UNSURE.search(whole) else Meaning.stop
    if any(_may_stop(sentence) for sentence in sentences):
        return Meaning.maybe
    told = [sentence for sentence in sentences if not sentence.asks and not said.DOUBT.search(sentence.words)]
    if any(said.MOVED.search(_without(said.MOVED_IN, sentence.words)) for sentence in told):
        return Meaning.moved
    if any(said.REGISTERED.search(_without(said.UNREGISTERED, sentence.words)) for sentence in told):
        return Meaning.registered
    asks_help = any(sentence.bare in said.HELP_ALONE or said.HELP.search(sentence.words) for sentence in sentences)
    return Meaning.help if asks_help else Meaning.other


def asks_only_for_help(text: str) -> bool:
    """HELP and no more than courtesies beside it: the council's wording is all the answer it needs."""
    content = [sentence.bare for sentence in _sentences(_spelled(text)) if sentence.bare]
    return bool(content) and all(bare in said.HELP_ALONE for bare in content)


def _spelled(text: str) -> str:
    """Small letters without accents, marks nobody sees, look-alikes of other alphabets and apostrophes."""
    plain = unicodedata.normalize("NFKD", text.translate(said.LOOKALIKES))
    seen = "".join(letter for letter in plain if unicodedata.category(letter) not in ("Mn", "Cf"))
    lower = re.sub(r"['’‘`´]", "", seen).casefold()
    lower = re.sub(r"(?<=[a-z0-9])[-_](?=[a-z0-9])", "", lower)
    lower = said.SPACED_OUT.sub("stop", lower)
    for spellings, word in said.SHORTHAND.items():
        lower = spellings.sub(word, lower)
    return lower


def _sentences(spelled: str) -> list[Sentence]:
    parts = re.findall(r"[^.!?;:,\n()/\"|]+[.!?;:,\n()/\"|]*", spelled)
    return [found for part in parts if (found := _sentence(part)).words]


def _sentence(part: str) -> Sentence:
    words = re.findall(r"[a-z0-9]+", part)
    bare = list(words)
    while bare and bare[0] in said.BEFORE:
        bare.pop(0)
    while bare and bare[-1] in said.AFTER:
        bare.pop()
    return Sentence(" ".join(words), " ".join(bare), "?" in part)


def _stops(sentences: list[Sentence]) -> bool:
    content = [sentence for sentence in sentences if sentence.bare]
    short = sum(len(sentence.bare.split()) for sentence in content) <= said.SHORT
    alone = sentences[0] if sentences else Sentence("", "", asks=False)
    return any(map(_asks_to_stop, content)) or (short and not {alone.bare, alone.words}.isdisjoint(said.STOP_ALONE))


def _asks_to_stop(sentence: Sentence) -> bool:
    words = _without(said.NO_STOP, sentence.words)
    if _begins_with_stop(_without(said.NO_STOP, sentence.bare)) or _ends_with_stop(sentence, words):
        return True
    return bool(said.STOP.search(words)) and not said.OTHER_LISTS.search(words)


def _begins_with_stop(bare: str) -> bool:
    first, _, rest = bare.partition(" ")
    if first in said.MISSPELLED:
        return not rest or bool(said.STOP.search(f"stop {rest}"))
    if not said.STOP_WORD.fullmatch(first):
        return False
    after = rest.split(" ")[0]
    return after not in said.NOT_AFTER_STOP or bool(said.STOP.search(bare))


def _ends_with_stop(sentence: Sentence, words: str) -> bool:
    """`these really should stop`, and no question of what STOP does."""
    return words.endswith(" stop") and not sentence.asks and not said.QUOTED.search(words)


def _shouts(text: str, sentences: list[Sentence]) -> bool:
    """STOP in capitals within small letters, where it is no quotation of what we wrote."""
    shouted = re.search(r"\b(STOP|STOPIO|ATAL|UNSUBSCRIBE)\b", text) and re.search(r"[a-z]", text)
    named = any(said.QUOTED.search(each.words) or each.asks or said.NO_STOP.search(each.words) for each in sentences)
    return bool(shouted) and not named


def _may_stop(sentence: Sentence) -> bool:
    """Any word left that has to do with stopping, one that is nearly it, or a refusal."""
    words = _without(said.NO_STOP, sentence.words)
    alone = sentence.bare.split()
    nearly = len(alone) == 1 and _one_slip_from_stop(alone[0])
    refuses = not {sentence.bare, sentence.words}.isdisjoint(said.REFUSALS)
    return nearly or refuses or bool(said.MAY_STOP.search(words))


def _one_slip_from_stop(word: str) -> bool:
    """One letter more, less, changed or swapped."""
    stop = "stop"
    if word in said.NEAR_BUT_NOT or abs(len(word) - len(stop)) > 1:
        return False
    less = {stop[:n] + stop[n + 1 :] for n in range(len(stop))}
    more = {word[:n] + word[n + 1 :] for n in range(len(word))}
    changed = len(word) == len(stop) and sum(a != b for a, b in zip(word, stop, strict=True)) == 1
    swapped = {stop[:n] + stop[n + 1] + stop[n] + stop[n + 2 :] for n in range(len(stop) - 1)}
    return word in less or stop in more or changed or word in swapped


def _without(pattern: re.Pattern[str], words: str) -> str:
    return " ".join(pattern.sub(" ", words).split())
