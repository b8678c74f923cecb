"""The words of `vocabulary.toml`, by which a text that came in is understood."""

import re
import tomllib
from pathlib import Path

_FILE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def _words(name: str) -> frozenset[str]:
    return frozenset(_FILE["words"][name].split())


def _whole(pattern: str) -> str:
    """On one line, with the parts it names."""
    joined = re.sub(r"(^|\n) *", "", pattern)
    return re.sub(r"\{([a-z]+)\}", lambda part: f"(?:{_whole(_FILE['parts'][part[1]])})", joined)


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile("|".join(map(_whole, _FILE["patterns"][name])))


SHORT: int = _FILE["short"]
MISSPELLED, NEAR_BUT_NOT, NOT_AFTER_STOP = map(_words, ("misspelled", "near_but_not", "not_after_stop"))
BEFORE, AFTER = _words("before"), _words("after")
STOP_ALONE, REFUSALS, HELP_ALONE = (frozenset(_FILE["sayings"][n]) for n in ("stop_alone", "refusals", "help_alone"))
LOOKALIKES = str.maketrans(_FILE["lookalikes"]["letters"], _FILE["lookalikes"]["latin"])
SHORTHAND = {re.compile(rf"\b(?:{spellings})\b"): word for word, spellings in _FILE["shorthand"].items()}
NO_STOP, STOP_WORD, SPACED_OUT = map(_pattern, ("no_stop", "stop_word", "spaced_out"))
STOP, OTHER_LISTS, UNSURE, QUOTED, MAY_STOP = map(_pattern, ("stop", "other_lists", "unsure", "quoted", "may_stop"))
DOUBT, HELP = map(_pattern, ("doubt", "help"))
MOVED_IN, MOVED = map(_pattern, ("moved_in", "moved"))
UNREGISTERED, REGISTERED = map(_pattern, ("unregistered", "registered"))
