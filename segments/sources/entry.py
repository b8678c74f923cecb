"""What one row of an electoral register says, as SQL, whichever system exported it.

Names, markers and dates of birth are read and let go. A person is the keyed hash of the system's elector id, else of
the words of the name, in any order (`SMITH, John A` is `John A Smith`), and the home: its UPRN, else its address and
postcode.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from itertools import pairwise

from engage.foundation.calendar import Law, in_force
from segments.reading import Reading, literal
from segments.sources.format import Check, Warn

OTHER_ELECTOR = "other elector, no residential address"
NOBODY = "neither a name nor an elector number"
NATIONS = {"E": "England", "W": "Wales", "S": "Scotland", "N": "Northern Ireland"}  # first letter of a GSS code
POSTCODE = "(^|,? )([A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2})(,|$)"
BLANKS = "' \u00a0'"

# Words of plain English letters need no function in Python; both ways agree with `privacy.normalised`.
MACROS = r"""
create macro plain_words(t) as case when strlen(t) = length(t)
    then trim(regexp_replace(lower(t), '[^a-z0-9]+', ' ', 'g')) else normalised(t) end;
create macro name_words(t) as array_to_string(list_sort(string_split(plain_words(t), ' ')), ' ');
create macro written_day(t) as coalesce(as_day(t), try_strptime(clean(t), ['%d-%b-%Y', '%d %b %Y', '%d %B %Y'])::date);
create macro anniversary(d, years) as
    (d + to_years(years))::date + (day(d) - day(d + to_years(years)))::int;  -- of 29 February: 1 March
"""


class Franchise(StrEnum):
    """What a marker says, once the table of its own system has read the letter: each system has other letters."""

    ORDINARY = "ordinary"
    EUROPEAN = "european"
    PEER = "peer"
    QUALIFYING = "qualifying"  # Scotland: other foreign nationals and prisoners, in its own elections
    OVERSEAS = "overseas"
    ANONYMOUS = "anonymous"
    NONE = ""  # not about the franchise at all: left the open register, say


# The letters registers print by law, which a system's own table begins with and may overrule.
PRINTED = {
    "N": Franchise.ANONYMOUS, "F": Franchise.OVERSEAS, "L": Franchise.PEER, "M": Franchise.QUALIFYING,
    "G": Franchise.EUROPEAN, "B": Franchise.EUROPEAN, "K": Franchise.EUROPEAN,
}  # fmt: skip
KEPT = (Franchise.EUROPEAN, Franchise.PEER, Franchise.QUALIFYING, Franchise.ORDINARY)


@dataclass(frozen=True)
class Layout:
    """Where a system's export says what every register says. A file may lack any of the columns. `markers` maps
    letters to what they mean, and `""` to what it means that there is none."""

    name: tuple[str, ...]
    number: tuple[str, ...]
    address: tuple[str, ...]
    postcode: str
    marker: str
    markers: Mapping[str, Franchise] = field(hash=False)
    attainment: str = ""
    birth: str = ""  # of attainers, where there is no date of attainment
    elector_id: str = ""
    ward: str = ""
    dwelling: tuple[str, ...] = ()  # flat, house: what the address lines may lack
    postcode_in_lines: bool = False
    aliased: bool = False  # a full export may have ids and its updates have none


@dataclass(frozen=True)
class Entry:
    """SQL over the columns of a file in a layout."""

    layout: Layout
    reading: Reading

    @property
    def columns(self) -> dict[str, str]:
        """The register's columns in the lake, but for `line`."""
        aliased = self.layout.aliased and self.reading.has(self.layout.elector_id)
        known = f"{self.elector_id} is not null"
        return {
            "person": f"case when {known} then {self._by_id} else {self._by_name} end",
            "alias": f"case when {known} then {self._by_name} end" if aliased else "null::varchar",
            "uprn": self.uprn,
            "address": self.address,
            "postcode": self.postcode,
            "ward_name": f"clean({self._cell(self.layout.ward)})",
            "attainment": self.attainment,
            "franchise": self.franchise,
        }  # fmt: skip

    @property
    def anonymous(self) -> str:
        """Marked N, alone or among other letters, known or not; a word may well hold an N."""
        return f"(({self._marked(Franchise.ANONYMOUS)}) and (length({self._marker}) < 4 or {self._only_letters}))"

    @property
    def nameless(self) -> str:
        run = self._run(self.layout.name)
        return f"(length({run}) < 4 and upper(trim({run}, {BLANKS})) in ('', 'N'))"

    @property
    def special(self) -> str:
        """Anonymous entries show a number and `N`, which may stand where the surname does; others have a name."""
        number = f"trim({self._run(self.layout.number)}, {BLANKS})"
        return f"({self.anonymous} or ({self.nameless} and {number} <> ''))"

    @property
    def elsewhere(self) -> str:
        """Overseas, service and other electors without a home in the area to count them at."""
        lines = f"trim({self._run(self.layout.address)}, {BLANKS})"
        overseas = f"({self._marked(Franchise.OVERSEAS)}) and {self._only_letters}"
        return f"({overseas} or {lines} = '' or {lines} ilike 'other elector%')"

    @property
    def checks(self) -> list[Check]:
        return [
            Check("", NOBODY, self.nameless, listed=False, expected=True),
            Check(self.layout.marker, OTHER_ELECTOR, self.elsewhere, expected=True),
        ]

    @property
    def warnings(self) -> list[Warn]:
        postcode = self._cell(self.layout.postcode)
        return [
            *(self._uprn_warnings if self.reading.has("UPRN") else []),
            self._date_warning,
            Warn("{n} postcodes are no postcode: the rows are kept without",
                 f"clean({postcode}) is not null and as_postcode({postcode}) is null"),
            Warn("{n} rows have a marker that this system is not known to use: they are kept without a franchise",
                 f"not {self._only_letters}"),
        ]  # fmt: skip

    @property
    def _uprn_warnings(self) -> list[Warn]:
        uprn = self.reading.column("UPRN")
        return [
            Warn("{n} UPRNs were turned into numbers like 1.00031E+11 by a spreadsheet and have lost digits: those "
                 "rows are linked by address", f"lost_digits({uprn})"),
            Warn("{n} UPRNs are no whole number of up to 12 digits: those rows are linked by address",
                 f"clean({uprn}) is not null and {self.uprn} is null and not lost_digits({uprn})"),
            Warn("{n} rows have no UPRN: they are linked by address", f"clean({uprn}) is null"),
        ]  # fmt: skip

    @property
    def _date_warning(self) -> Warn:
        if self.layout.birth:
            said = f"clean({self._cell(self.layout.birth)}) is not null"
            return Warn("{n} dates of birth are no date in the past: the rows are kept without date of attainment",
                        f"{said} and not {self._was_born}")  # fmt: skip
        return Warn("{n} dates of attainment are no date (expected dd/mm/yyyy or yyyy-mm-dd): the rows are kept "
                    "without", f"clean({self._attains}) is not null and not {self._is_day}")  # fmt: skip

    def _cell(self, name: str) -> str:
        return self.reading.column(name)

    def _cells(self, names: tuple[str, ...]) -> list[str]:
        return [self._cell(name) for name in names if self.reading.has(name)] or ["null::varchar"]

    def _run(self, names: tuple[str, ...]) -> str:
        return f"concat({', '.join(self._cells(names))})"

    def _spaced(self, names: tuple[str, ...]) -> str:
        return f"concat_ws(' ', {', '.join(self._cells(names))})"

    @cached_property
    def elector_id(self) -> str:
        return f"clean({self._cell(self.layout.elector_id)})"

    @cached_property
    def uprn(self) -> str:
        return f"as_uprn({self._cell('UPRN')})"

    @property
    def _by_id(self) -> str:
        return self.reading.keys.hash_sql(f"concat('elector', chr(31), {self.elector_id})")

    @property
    def _by_name(self) -> str:
        """As `Keys.person`. A `(z)` before a surname says that the elector left the open register."""
        name = rf"regexp_replace({self._spaced(self.layout.name)}, '(?i)\(z\)', ' ', 'g')"
        home = f"chr(31) || plain_words(concat_ws(' ', {self.address}, {self.postcode}))"
        return self.reading.keys.hash_sql(
            f"concat('name', chr(31), name_words({name}), chr(31), coalesce({self.uprn}::varchar, {home}))"
        )

    @cached_property
    def _lines(self) -> str:
        lines = [f"clean({cell})" for cell in self._cells(self.layout.address)]
        return f"nullif(concat_ws(', ', {', '.join([*self._dwelling, *lines])}), '')"

    @property
    def _dwelling(self) -> list[str]:
        """A flat or house of whose words none is in the address lines belongs before them."""
        lines = self._spaced(self.layout.address)
        words = f"string_split(upper(replace({lines}, ',', ' ')), ' ')"
        return [
            f"case when not contains({lines}, {part}) and not list_has_any(string_split(upper(clean({part})), ' '), "
            f"{words}) then clean({part}) end"
            for part in map(self._cell, filter(self.reading.has, self.layout.dwelling))
        ]

    @cached_property
    def address(self) -> str:
        lines = self._lines
        if self.layout.postcode_in_lines:
            lines = rf"nullif(trim(regexp_replace({lines}, '{POSTCODE}', '\3', 'gi'), ', '), '')"
        # House number and street often lie in separate columns.
        return rf"regexp_replace({lines}, '(^|, )(\d+[A-Za-z]?), ', '\1\2 ')"

    @cached_property
    def postcode(self) -> str:
        own = f"as_postcode({self._cell(self.layout.postcode)})"
        if not self.layout.postcode_in_lines:
            return own
        return f"coalesce({own}, as_postcode(nullif(regexp_extract({self._lines}, '{POSTCODE}', 2, 'i'), '')))"

    @property
    def attainment(self) -> str:
        """The date of attainment, or the day on which an attainer reaches the voting age: of an adult it would be a
        date of birth in disguise."""
        if self.layout.birth:
            day = f"voting_day({self._birth})"
            return f"case when {self._was_born} and {day} > {self._as_at} then {day} end"
        return f"case when {self._is_day} then as_day({self._attains}) end"

    @property
    def _birth(self) -> str:
        return f"written_day({self._cell(self.layout.birth)})"

    @property
    def _attains(self) -> str:
        return self._cell(self.layout.attainment)

    @property
    def _as_at(self) -> str:
        return f"{literal(self.reading.as_at.isoformat())}::date"

    @property
    def _was_born(self) -> str:
        return f"coalesce({self._birth} between '1900-01-01'::date and {self._as_at}, false)"

    @property
    def _is_day(self) -> str:
        return f"coalesce(year(as_day({self._attains})) between 1910 and 2100, false)"

    @property
    def _marker(self) -> str:
        return f"upper({self._cell(self.layout.marker)})"

    @property
    def _only_letters(self) -> str:
        """Whether the cell holds letters of the system's table and nothing else, one or several (`GZ`, `G, Z`)."""
        letters = "".join(self.layout.markers) + " \u00a0,;/"
        return f"trim({self._marker}, {literal(letters)}) = ''"

    def _marked(self, meaning: Franchise) -> str:
        letters = [letter for letter, means in self.layout.markers.items() if means == meaning and letter]
        return " or ".join(f"contains({self._marker}, {literal(letter)})" for letter in letters) or "false"

    @property
    def franchise(self) -> str:
        told = " ".join(f"when {self._marked(meaning)} then {literal(meaning)}" for meaning in KEPT)
        unmarked = literal(self.layout.markers[""]) if "" in self.layout.markers else "null"
        return f"case when not {self._only_letters} then null {told} else {unmarked} end"


def voting_day(birth: str, authority: str, rules: Law) -> str:
    """SQL of the first day on which somebody born on `birth` has the voting age then in force in the nation."""
    nation = NATIONS.get(authority[:1], "England")
    starts = sorted({row.since for row in rules.voting_age if not row.nations or nation in row.nations})
    reached = []
    for start, until in pairwise([*starts, date.max]):
        day = f"greatest(anniversary({birth}, {in_force(rules.voting_age, start, nation).years}), '{start}'::date)"
        reached.append(f"case when {day} < '{until}'::date then {day} end")
    return f"least({', '.join(reached)})"
