"""What the marker of an entry says of the elector, as SQL over the cell in capitals (`_marker`).

A cell holds letters of the system's own table, one or several (`GZ`, `G, Z`). Whatever else stands there is a word, and
a word with an N in it is not an anonymous entry: an entry dropped for it would be missing from every figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from segments.files.reading import literal

MOST_LETTERS = 3  # stand together: four of them are a word
PARTING = r" \x{A0},;/+&|()\[\]*"
AROUND = "' \u00a0()#'"
# What systems and spreadsheets write for nothing. Each letter of NA, NK and NAN is a marker, and yet they are none.
NOTHING = r"N[./\\]?[AK]\.?|NAN|NIL|NO|NONE|NULL|BLANK|EMPTY|NOT (APPLICABLE|KNOWN)"
STROKES = ("-", "--", "–", "—", ".", "0", "?")
NO_FIXED_ABODE = "NFA"


class Franchise(StrEnum):
    """What a marker says, once the table of its own system has read the letter: each system has other letters."""

    ORDINARY = "ordinary"
    EUROPEAN = "european"
    PEER = "peer"
    QUALIFYING = "qualifying"  # Scotland: other foreign nationals and prisoners, in its own elections
    OVERSEAS = "overseas"
    ANONYMOUS = "anonymous"
    NONE = ""  # not about the franchise at all: left the open register, say


# The letters registers print by law, which a system's own table begins with and may overrule. A, in the copies for a
# poll, is a vote by post (Representation of the People Regulations 2001).
PRINTED = {
    "N": Franchise.ANONYMOUS, "F": Franchise.OVERSEAS, "L": Franchise.PEER, "M": Franchise.QUALIFYING,
    "G": Franchise.EUROPEAN, "B": Franchise.EUROPEAN, "K": Franchise.EUROPEAN, "A": Franchise.NONE,
}  # fmt: skip
WRITTEN_OUT = {Franchise.ANONYMOUS: "ANON(YMOUS)?( (ENTRY|ELECTOR))?", Franchise.OVERSEAS: "OVERSEAS( ELECTOR)?"}
KEPT = (Franchise.EUROPEAN, Franchise.PEER, Franchise.QUALIFYING, Franchise.ORDINARY)


@dataclass(frozen=True)
class Marker:
    """`table` maps letters to what they mean, and `""` to what it means that there is none."""

    table: Mapping[str, Franchise]

    @property
    def anonymous(self) -> str:
        """Marked N, alone or among other letters of the system."""
        return self._marked(Franchise.ANONYMOUS)

    @property
    def overseas(self) -> str:
        """F beside one other letter is overseas whatever that one means: most of them vote by post or proxy."""
        beside_another = f"length(_marker) = 2 and {_holds(self._letters(Franchise.OVERSEAS))}"
        return f"({self._marked(Franchise.OVERSEAS)} or {beside_another})"

    @property
    def says_nothing(self) -> str:
        """A word that stands for an empty cell."""
        return f"(length(_marker) > 1 and regexp_full_match(trim(_marker, {AROUND}), {literal(NOTHING)}))"

    @property
    def unread(self) -> str:
        """Something of the cell is neither a letter of the system's table nor a word known here."""
        words = literal("|".join(WRITTEN_OUT.values()))
        read = f"{self._only_letters} or {self._blank} or regexp_full_match(trim(_marker), {words})"
        return f"(_marker is not null and not ({read}))"

    @property
    def franchise(self) -> str:
        """Most cells hold one letter or none; of several the first of KEPT tells."""
        none = literal(self.table[""]) if "" in self.table else "null"
        one = " ".join(
            f"when _marker = {literal(letter)} then {literal(meaning)}"
            for meaning in reversed(KEPT)
            for letter in self._letters(meaning)
        )
        several = " ".join(f"when {self._marked(meaning)} then {literal(meaning)}" for meaning in KEPT)
        return f"case when _marker is null then {none} {one} {several} when {self.unread} then null else {none} end"

    def _letters(self, meaning: Franchise) -> str:
        return "".join(letter for letter, means in self.table.items() if letter and means == meaning)

    @property
    def _code(self) -> str:
        return f"[{''.join(self.table)}]"

    @property
    def _only_letters(self) -> str:
        codes = f"[{PARTING}]*({self._code}{{1,{MOST_LETTERS}}}([{PARTING}]+|$))*"
        return f"(_marker <> {literal(NO_FIXED_ABODE)} and regexp_full_match(_marker, {literal(codes)}))"

    @property
    def _blank(self) -> str:
        return f"({self.says_nothing} or _marker in ({', '.join(map(literal, STROKES))}))"

    def _marked(self, meaning: Franchise) -> str:
        """Holds a letter of this meaning, alone or in a code of known letters; or the word for it."""
        letters = self._letters(meaning)
        word = (
            f" or regexp_full_match(trim(_marker), {literal(WRITTEN_OUT[meaning])})" if meaning in WRITTEN_OUT else ""
        )
        if not letters:
            return "false"
        code = f"(^|[{PARTING}]){self._code}*[{letters}]{self._code}*($|[{PARTING}])"
        several = (
            f"regexp_matches(_marker, {literal(code)}) and not {self._blank} and _marker <> {literal(NO_FIXED_ABODE)}"
        )
        return f"({_holds(letters)} and (length(_marker) = 1 or {several}{word}))"


def _holds(letters: str) -> str:
    return f"({' or '.join(f'contains(_marker, {literal(letter)})' for letter in letters) or 'false'})"
