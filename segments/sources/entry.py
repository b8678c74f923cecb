"""What one row of an electoral register says, as SQL, whichever system exported it.

Names, markers and dates of birth are read and let go. A person is the keyed hash of the system's elector id, else of
the words of the name, in any order (`SMITH, John A` is `John A Smith`), and the home: its UPRN, else its address and
postcode. An entry is the keyed hash of its district and number, which hold until the register is numbered anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from engage.foundation.calendar import Law, in_force, nation_of_code
from segments.files.reading import Reading, literal
from segments.sources.format import Check, Warn
from segments.sources.marker import MOST_LETTERS, Franchise, Marker

OTHER_ELECTOR = "other elector, no residential address"
NOBODY = "neither a name nor an elector number"
POSTCODE = "(^|,? )([A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2})(,|$)"

MACROS = r"""
create macro name_words(t) as array_to_string(list_sort(string_split(normalised(t), ' ')), ' ');
create macro written_day(t) as with_century(
    coalesce(as_day(t), try_strptime(clean(t), ['%d-%b-%Y', '%d %b %Y', '%d %B %Y'])::date));
-- `BW1-004/0`, and `BW1` with `4` beside it, are `BW1-4`; `KD-2/2-289/1` stays what it is. Most are `BW1-4` as they
-- stand, and one look finds that out in a fifth of the time.
create macro without_blanks(t) as upper(regexp_replace(t, '[\s\x{A0}]', '', 'g'));
create macro entry_number(t) as case when regexp_full_match(t, '[A-Z0-9]*-[1-9][0-9]*') then t
    else regexp_replace(
        regexp_replace(regexp_replace(without_blanks(t), '/0*$', ''), '-+', '-', 'g'),
        '(^|-)0*([0-9]+)(\.0+)?(/|$)', '\1\2\4', 'g') end;
create macro anniversary(d, years) as
    (d + to_years(years))::date + (day(d) - day(d + to_years(years)))::int;  -- of 29 February: 1 March
"""


SEALED = ("person", "alias", "entry", "bare", "more")  # what only the keyed hash is kept of
BLANKS = "' \u00a0'"
DECEMBER = 12  # begins the register's year, and the numbers anew (RPA 1983, s 13)


@dataclass(frozen=True)
class Layout:
    """Where a system's export says what every register says. A file may lack any of the columns. `markers` maps
    letters to what they mean, and `""` to what it means that there is none."""

    name: tuple[str, ...]
    number: tuple[str, ...]  # the district and the number in it, or both in one
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
    forenames: tuple[str, ...] = ()  # with the surname, where updates have no ids and perhaps one forename
    surname: str = ""
    suffix: str = ""  # of a number put in between two others
    district: str = ""  # of numbers that do not begin with it


@dataclass(frozen=True)
class Entry:
    """SQL over the columns of a file in a layout, and over `parts` of them."""

    layout: Layout
    reading: Reading

    @property
    def parts(self) -> tuple[dict[str, str], ...]:
        """What several columns and checks are made of; each is made of those before it."""
        layout = self.layout
        day = "written_day" if layout.birth else "as_day"
        first = {
            "_id": f"clean({self._cell(layout.elector_id)})",
            "_uprn": f"as_uprn({self._cell('UPRN')})",
            "_name": f"concat({', '.join(self._cells(layout.name))})",
            "_marker": f"upper({self._cell(layout.marker)})",
            "_lines": self._lines,
            "_posted": f"as_postcode({self._cell(layout.postcode)})",
            "_day": f"{day}({self._cell(layout.birth or layout.attainment)})",
        }
        second = {"_address": self._address, "_postcode": self._postcode} | self.marker.columns
        return first, second, {"_franchise": self.marker.franchise}

    @property
    def columns(self) -> dict[str, str]:
        """The register's columns in the lake, but for `line`; those of SEALED still to be hashed."""
        return {
            "person": f"case when _id is not null then {self._by_id} else {self._by_name} end",
            "alias": self._alias,
            "uprn": "_uprn",
            "address": "_address",
            "postcode": "_postcode",
            "ward_name": f"clean({self._cell(self.layout.ward)})",
            "attainment": self.attainment,
            "franchise": "_franchise",
            "entry": self._entry,
            "given": self._given,
            "family": self._family,
            "odd_marker": f"case when _unread and length(_marker) <= {MOST_LETTERS} then _marker end",
        }

    @property
    def marker(self) -> Marker:
        return Marker(self.layout.markers)

    @property
    def nameless(self) -> str:
        return f"case when length(_name) < 4 then upper(trim(_name, {BLANKS})) in ('', 'N') else false end"

    @property
    def special(self) -> str:
        """Anonymous entries show a number and `N`, which may stand where the surname does; others have a name."""
        number = f"trim(concat({', '.join(self._cells(self.layout.number))}), {BLANKS})"
        return f"({self.marker.anonymous} or case when {self.nameless} then {number} <> '' end)"

    @property
    def elsewhere(self) -> str:
        """Overseas, service and other electors without a home in the area to count them at."""
        return f"({self.marker.overseas} or _lines is null or upper(left(_lines, 13)) = 'OTHER ELECTOR')"

    @property
    def checks(self) -> list[Check]:
        return [
            Check("", NOBODY, self.nameless, listed=False, expected=True),
            Check(self.layout.marker, OTHER_ELECTOR, self.elsewhere, expected=True),
        ]

    @property
    def warnings(self) -> list[Warn]:
        return [
            *(self._uprn_warnings if self.reading.has("UPRN") else []),
            self._date_warning,
            Warn("{n} postcodes are no postcode: the rows are kept without",
                 f"case when _posted is null then clean({self._cell(self.layout.postcode)}) is not null end"),
            Warn("{n} rows have a marker that this system is not known to use (the first on line {line}): the rows are "
                 "kept, with what else their marker says", "_unread"),
            Warn("{n} rows have a word such as N/A or None for a marker (the first on line {line}): it is read as none",
                 "_says_nothing"),
        ]  # fmt: skip

    @property
    def _uprn_warnings(self) -> list[Warn]:
        uprn = self._cell("UPRN")
        sentences = {
            "{n} UPRNs were turned into numbers like 1.00031E+11 by a spreadsheet and have lost digits: those rows are "
            "linked by address": f"lost_digits({uprn})",
            "{n} UPRNs are no whole number of up to 12 digits: those rows are linked by address":
                f"clean({uprn}) is not null and not lost_digits({uprn})",
        }  # fmt: skip
        lost = [Warn(words, f"case when _uprn is null then {when} end") for words, when in sentences.items()]
        blank = f"case when _uprn is null then clean({uprn}) is null end"  # as some are in every register
        return [*lost, Warn("{n} rows have no UPRN: they are linked by address", blank, problem=False)]

    @property
    def _date_warning(self) -> Warn:
        sentence = (
            "{n} dates of birth are no date in the past: the rows are kept without date of attainment"
            if self.layout.birth
            else "{n} dates of attainment are no date (expected dd/mm/yyyy or yyyy-mm-dd): the rows are kept without"
        )
        written = self._cell(self.layout.birth or self.layout.attainment)
        return Warn(sentence, f"case when clean({written}) is not null then not {self._believable} end")

    def _cell(self, name: str) -> str:
        return self.reading.column(name)

    def _cells(self, names: tuple[str, ...]) -> list[str]:
        return [self._cell(name) for name in names if self.reading.has(name)] or ["null::varchar"]

    @property
    def _entry(self) -> str:
        """By district and number in the register's year; one that has an id and no number, by the id."""
        number = self._cells(self.layout.number)[-1]
        told = (
            f"case when clean({number}) is not null then entry_number({self._number}) "
            "when _id is not null then concat('id', chr(31), _id) end"
        )
        return f"concat('entry', chr(31), {register_year(self.reading.as_at)}, chr(31)) || {told}"

    @property
    def _number(self) -> str:
        cells = self._cells(self.layout.number)
        plain = ", ".join(f"clean({cell})" for cell in cells)
        district = f"clean({self._cell(self.layout.district)})"
        before = f"case when not contains({cells[-1]}, '-') then {district} end, " if self.layout.district else ""
        return f"concat_ws('-', {before}{plain}) || coalesce('/' || clean({self._cell(self.layout.suffix)}), '')"

    @property
    def _by_id(self) -> str:
        return "concat('elector', chr(31), _id)"

    @property
    def _by_name(self) -> str:
        """As `Keys.person`."""
        return self._named(f"concat_ws(' ', {', '.join(self._cells(self.layout.name))})")

    @property
    def _alias(self) -> str:
        """By the first forename and the surname, with `more` where only the name tells who it is and it has more to it:
        updates may have neither ids nor middle names, and yet two of different middle names are two."""
        if not self.layout.surname:
            return "null::varchar"
        if not self.reading.has(self.layout.surname):
            return self._by_name
        return f"case when _id is null and {self._by_name} <> {self.bare} then {self.more} else {self.bare} end"

    @property
    def bare(self) -> str:
        """The name by the first forename and the surname alone."""
        first = f"split_part(clean({self.reading.column(*self.layout.forenames)}), ' ', 1)"
        return self._named(f"concat_ws(' ', {first}, {self._cell(self.layout.surname)})")

    @property
    def more(self) -> str:
        """What `bare` is where there are more names."""
        return f"concat({self.bare}, chr(31), 'more')"

    @property
    def _surname(self) -> str:
        """The column of the surname, empty where the whole name stands in one."""
        last = self.layout.surname or self.layout.name[-1]
        return last if len(self.layout.name) > 1 and self.reading.has(last) else ""

    @property
    def _given(self) -> str:
        """Of the name, for its short hashes alone (segments/names/keys.py)."""
        columns = [name for name in self.layout.name if name != self._surname] if self._surname else []
        return f"concat_ws(' ', {', '.join(self._cells(tuple(columns)))})"

    @property
    def _family(self) -> str:
        """Where no column is of the surname alone, the whole name."""
        columns = (self._surname,) if self._surname else self.layout.name
        return f"concat_ws(' ', {', '.join(self._cells(columns))})"

    def _named(self, name: str) -> str:
        """A `(z)` before a surname says that the elector left the open register."""
        words = rf"name_words(regexp_replace({name}, '(?i)\(z\)', ' ', 'g'))"
        home = "coalesce(_uprn::varchar, chr(31) || normalised(concat_ws(' ', _address, _postcode)))"
        return f"concat('name', chr(31), {words}, chr(31), {home})"

    @property
    def _lines(self) -> str:
        cells = self._cells(self.layout.address)
        joined, cleaned = (f"concat_ws(', ', {', '.join(each)})" for each in (cells, [f"clean({c})" for c in cells]))
        # Most lines are tidy, and over millions of rows one look at all together is quicker than one at each.
        lines = f"nullif(case when is_tidy({joined}) then {joined} else {cleaned} end, '')"
        return f"nullif(concat_ws(', ', {', '.join([*self._dwelling, lines])}), '')"

    @property
    def _dwelling(self) -> list[str]:
        """A flat or house of whose words none is in the address lines belongs before them."""
        cells = self._cells(self.layout.address)
        words = f"string_split(upper(translate(concat_ws(' ', {', '.join(cells)}), ',[]()', '     ')), ' ')"
        return [
            f"case when {part} is not null and coalesce(not contains({cells[0]}, {part}), true) "
            f"and not list_has_any(string_split(upper(clean({part})), ' '), {words}) then clean({part}) end"
            for part in map(self._cell, filter(self.reading.has, self.layout.dwelling))
        ]

    @property
    def _address(self) -> str:
        lines = "_lines"
        if self.layout.postcode_in_lines:
            lines = rf"nullif(trim(regexp_replace(_lines, '{POSTCODE}', '\3', 'gi'), ', '), '')"
        # House number and street often lie in separate columns.
        return rf"regexp_replace({lines}, '(^|, )(\d+[A-Za-z]?), ', '\1\2 ')"

    @property
    def _postcode(self) -> str:
        if not self.layout.postcode_in_lines:
            return "_posted"
        return f"coalesce(_posted, as_postcode(nullif(regexp_extract(_lines, '{POSTCODE}', 2, 'i'), '')))"

    @property
    def attainment(self) -> str:
        """From when an attainer may vote. Of an adult the date would be a date of birth in disguise: none is kept."""
        day = "voting_day(_day)" if self.layout.birth else "_day"
        return f"case when {self._believable} and {day} > {self._as_at} then {day} end"

    @property
    def _as_at(self) -> str:
        return f"{literal(self.reading.as_at.isoformat())}::date"

    @property
    def _believable(self) -> str:
        if self.layout.birth:
            return f"coalesce(_day between '1900-01-01'::date and {self._as_at}, false)"
        return "coalesce(year(_day) between 1910 and 2100, false)"


def register_year(day: date) -> int:
    """The year in which the register of that day ends: its numbers hold until 1 December."""
    return day.year + (day.month == DECEMBER)


def voting_day(birth: str, authority: str, rules: Law) -> str:
    """SQL of the first day on which somebody born on `birth` has the voting age then in force in the nation."""
    nation = nation_of_code(authority)
    starts = sorted({row.since for row in rules.voting_age if not row.nations or nation in row.nations})
    reached = []
    for start, until in pairwise([*starts, date.max]):
        day = f"greatest(anniversary({birth}, {in_force(rules.voting_age, start, nation).years}), '{start}'::date)"
        reached.append(f"case when {day} < '{until}'::date then {day} end")
    return f"least({', '.join(reached)})"
