"""What change-only files do, as plainly as it can be said: a dictionary, and one change after the other."""

from collections import Counter
from collections.abc import Hashable, Iterable

Cells = list[object]
Change = tuple[str, Hashable, Cells]  # I, U or D; the key; the whole record

AMISS = {
    "insertions": "{n} insertions are of records that were here already: they replace what was known",
    "updates": "{n} updates are of records that were not known here: they are taken in as new",
    "deletions": "{n} deletions are of records that were not known here: there was nothing to delete",
}


def applied(known: dict[Hashable, Cells], changes: Iterable[Change]) -> tuple[dict[Hashable, Cells], Counter[str]]:
    """What is known after the changes, and how many of them do not fit what was known."""
    after, amiss = dict(known), Counter[str]()
    for letter, key, cells in changes:
        if letter == "D":
            amiss["deletions"] += key not in after
            after.pop(key, None)
        else:
            amiss["insertions"] += letter == "I" and key in after
            amiss["updates"] += letter == "U" and key not in after
            after[key] = cells
    return after, amiss


def told(amiss: Counter[str]) -> list[str]:
    return [AMISS[what].format(n=amiss[what]) for what in AMISS if amiss[what]]
