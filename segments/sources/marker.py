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
WRITTEN_OUT = {
    "ANONYMOUS": Franchise.ANONYMOUS, "ANON": Franchise.ANONYMOUS, "ANONYMOUS ENTRY": Franchise.ANONYMOUS,
    "ANONYMOUS ELECTOR": Franchise.ANONYMOUS, "OVERSEAS": Franchise.OVERSEAS, "OVERSEAS ELECTOR": Franchise.OVERSEAS,
}  # fmt: skip
KEPT = (Franchise.EUROPEAN, Franchise.PEER, Franchise.QUALIFYING, Franchise.ORDINARY)


@dataclass(frozen=True)
class Marker:
    """`table` maps letters to what they mean, and `""` to what it means that there is none."""

    table: Mapping[str, Franchise]

    @property
    def columns(self) -> dict[str, str]:
        """`_codes`, the letters that are markers here; `_says_nothing`, a word that stands for an empty cell; and
        `_unread`, which holds what is neither. Most cells are empty or one letter, and that is found out first."""
        nothing = f"regexp_full_match(trim(_marker, {AROUND}), {literal(NOTHING)})"
        words = " ".join(
            f"when {literal(word)} then {literal(self._letters(means))}" for word, means in WRITTEN_OUT.items()
        )
        parts = f"string_split_regex(_marker, {literal(f'[{PARTING}]+')})"
        known = self._known("t")
        letters = f"array_to_string(list_filter({parts}, lambda t: {known}), '')"
        several = f"case trim(_marker) {words} else {letters} end"
        odd = f"len(list_filter({parts}, lambda t: not ({known} or t = ''))) > 0"
        one = f"contains({self._all}, _marker)"
        told = f"_marker in ({', '.join(map(literal, [*STROKES, *WRITTEN_OUT]))}) or {nothing}"
        return {
            "_says_nothing": f"coalesce(length(_marker) > 1 and {nothing}, false)",
            "_codes": f"case when length(_marker) = 1 then case when {one} then _marker else '' end "
            f"when _marker is null or {nothing} then '' else {several} end",
            "_unread": f"case when _marker is null or length(_marker) = 1 and {one} or {told} then false "
            f"else {odd} or {self._stands_beside('_marker')} end",
        }  # fmt: skip

    @property
    def anonymous(self) -> str:
        """Marked N, alone or among other letters of the system."""
        return self._marked(Franchise.ANONYMOUS)

    @property
    def overseas(self) -> str:
        return self._marked(Franchise.OVERSEAS)

    @property
    def franchise(self) -> str:
        """Of several letters the first of KEPT tells."""
        none = literal(self.table[""]) if "" in self.table else "null"
        found = " ".join(f"when {self._marked(meaning)} then {literal(meaning)}" for meaning in KEPT)
        return f"case when _codes = '' and not _unread then {none} {found} when not _unread then {none} end"

    @property
    def _all(self) -> str:
        return literal("".join(self.table))

    def _letters(self, meaning: Franchise) -> str:
        return "".join(letter for letter, means in self.table.items() if letter and means == meaning)

    def _known(self, token: str) -> str:
        codes = literal(f"[{''.join(self.table)}]{{1,{MOST_LETTERS}}}")
        is_code = f"{token} <> {literal(NO_FIXED_ABODE)} and regexp_full_match({token}, {codes})"
        return f"({is_code} or {self._stands_beside(token)})"

    def _stands_beside(self, token: str) -> str:
        """F beside one other letter is overseas whatever that one means: most of them vote by post or proxy."""
        overseas = f"[{self._letters(Franchise.OVERSEAS)}]"
        strange = f"[^{''.join(self.table)}{PARTING}./\\\\-]"
        return f"regexp_full_match({token}, {literal(f'{overseas}{strange}|{strange}{overseas}')})"

    def _marked(self, meaning: Franchise) -> str:
        held = " or ".join(f"contains(_codes, {literal(letter)})" for letter in self._letters(meaning))
        return f"({held or 'false'})"
