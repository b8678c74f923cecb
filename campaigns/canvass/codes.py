"""The codes of lists and of the homes on them: typed on a phone, read off paper, and never a word or somebody's number.

Consonants alone: none is taken for a figure or for another, a phone's keyboard need not change, and no word is spelt.
The last letter follows from the others, so that one mistyped, or two exchanged, is told instead of taken for another.
"""

import secrets
from collections.abc import Iterator

LETTERS = "BCDFGHJKLMNPQRTVWXZ"  # nineteen, a prime, by which any one wrong letter changes the last
LIST, LINE = 5, 3  # letters before the last
MOST = len(LETTERS) ** LINE


def of_list() -> str:
    return _checked("".join(secrets.choice(LETTERS) for _ in range(LIST)))


def of_lines(count: int) -> Iterator[str]:
    """As many different ones, by lot: that one is lacking tells nothing."""
    for number in secrets.SystemRandom().sample(range(MOST), count):
        letters, rest = "", number
        for _ in range(LINE):
            rest, at = divmod(rest, len(LETTERS))
            letters += LETTERS[at]
        yield _checked(letters)


def plain(typed: str) -> str:
    """As it is kept, of whatever somebody typed; empty where it is no code."""
    letters = "".join(typed.split()).replace("-", "").upper()
    sound = set(letters) <= set(LETTERS) and len(letters) in (LIST + 1, LINE + 1)
    return letters if sound and _checked(letters[:-1]) == letters else ""


def _checked(letters: str) -> str:
    total = sum(weight * LETTERS.index(letter) for weight, letter in enumerate(letters, 1))
    return letters + LETTERS[total % len(LETTERS)]
