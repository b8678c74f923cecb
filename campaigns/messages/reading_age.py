"""How hard a wording is to read.

English has a measure that is tied to an age: the grade of Flesch and Kincaid (1975), at which a pupil of an American
school understands a text, and five years for the age in that grade. Syllables are the places at which pyphen would
break a word, or its groups of vowels where those are more: pyphen does not break off a single letter. Welsh has no such
measure: pyphen knows no Welsh, and nobody has tied a formula to the age of Welsh readers. A Welsh wording is held to
Björnsson's LIX (1968) instead, which counts words to a sentence and words of more than six letters and was made for
several languages. It says easy, ordinary or hard, and no age.

The officer's title is a name that the law gives, and every message has to say it: it counts as “officer”.
"""

import re
from dataclasses import dataclass
from functools import cache

import pyphen

OLDEST = 11  # years; the plain English of GOV.UK is for readers of nine to eleven
HARDEST_LIX = 50  # below it lie ordinary texts such as newspapers, above it those of offices
LONGEST_SENTENCE = 25  # words, as GOV.UK's style guide has it
ADDRESS = re.compile(r"\S*(?:https?://|www\.)\S+|^qr:.*$", re.MULTILINE | re.IGNORECASE)
TITLE = re.compile(r"electoral registration officer|swyddog cofrestru etholiadol", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]+(?:[’'-][^\W\d_]+)*")
VOWELS = re.compile(r"[aeiouy]+")
SILENT = re.compile(r"(?<![aeiouyl])e$|(?<=[aeiouy]l)e$|(?<=[^aeioutd])ed$|(?<=[^aeiouscxz])es$")
END = re.compile(r"[.?!:](?=\s|$)|\n")


@dataclass(frozen=True)
class Reading:
    words: int
    sentences: tuple[str, ...]
    syllables: int
    long_words: int

    @property
    def age(self) -> float:
        """English alone."""
        grade = 0.39 * self.words / len(self.sentences) + 11.8 * self.syllables / self.words - 15.59
        return grade + 5

    @property
    def lix(self) -> float:
        return self.words / len(self.sentences) + 100 * self.long_words / self.words

    @property
    def longest(self) -> str:
        return max(self.sentences, key=lambda sentence: len(WORD.findall(sentence)))


def of(text: str) -> Reading | None:
    """None of a text without words. Addresses are not read, and a heading is a sentence."""
    plain = TITLE.sub("officer", ADDRESS.sub("", text))
    sentences = tuple(sentence for sentence in map(str.strip, END.split(plain)) if WORD.search(sentence))
    words = WORD.findall(plain)
    if not words:
        return None
    return Reading(len(words), sentences, sum(map(_syllables, words)), sum(len(word) > 6 for word in words))


def words_of(sentence: str) -> int:
    return len(WORD.findall(sentence))


def _syllables(word: str) -> int:
    plain = word.casefold()
    spoken = VOWELS.findall(SILENT.sub("", plain))
    return max(len(_breaks().positions(plain)) + 1, len(spoken))


@cache
def _breaks() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="en_GB", left=1, right=1)
