"""Files of mixed records without a header, as BS 7666 transfers them. DTF 7.3 and AddressBase Premium share the header
(10), trailer (99), streets (11, 15), properties (21) and addresses (24); each line says what it is and what it does."""

import csv
from collections import Counter
from datetime import date

from engage.foundation.errors import InputRefused
from segments.files.reading import Head, Reading, open_rows
from segments.sources import gazetteer
from segments.sources.format import Check, Warn, tabulate

WIDEST = 30
CELLS = [f"c{n}" for n in range(1, WIDEST + 1)]
DTF, PREMIUM = "DTF 7.3", "AddressBase Premium"
# How many columns a record has. Premium had no latitudes and longitudes before 2016, and the street descriptors of DTF,
# hence the two numbers.
WIDTHS = {
    DTF: {"11": {20}, "15": {9}, "21": {23}, "23": {11}, "24": {29, 30}},
    PREMIUM: {"11": {20, 24}, "15": {9, 13}, "21": {19, 22}, "23": {12}, "24": {26}, "28": {29}, "30": {10}, "31": {11},
              "32": {12}},
}  # fmt: skip
STAYS = "upper(c2) is distinct from 'D'"
STATUS = Check(
    "LOGICAL_STATUS", "logical status is not one of 1, 3, 5, 6, 7, 8, 9",
    f"case when c1 in ('21', '24') and {STAYS} then "
    "not coalesce(regexp_matches(clean(case when c1 = '21' then c5 else c7 end), '^[1356789]$'), false) end",
    "left(case when c1 = '21' then c5 else c7 end, 10)",
)  # fmt: skip
KEY = """case when c1 = '10' then '' when c1 = '21' then as_uprn(c4)::varchar
    when c1 = '11' then try_cast(clean(c4) as bigint)::varchar
    when c1 = '15' then try_cast(clean(c4) as bigint) || ' ' || upper(clean(c9))
    when c1 = '23' and c5 not like '____X%' then clean(c11) else clean(c5) end"""

# Elector8 numbers the streets it invents below zero.
STREETS = """
create table streets as
select try_cast(clean(c4) as bigint) as usrn, upper(clean(c9)) as language,
    clean(c5) as street, clean(c6) as locality, clean(c7) as town
from records where record = '15' qualify row_number() over (partition by usrn, language order by line desc) = 1
"""
HOW_MANY_STREETS = "select count(*) from streets where language = 'ENG'"

# Welsh streets have names of their own, so an address needs both languages.
ADDRESSES = """
select l.line, l.key, as_uprn(l.c4) as uprn, upper(clean(l.c6)) as language, whole(l.c7)::int as status, s.usrn,
    clean(l.c16) as sao, numbered(l.c12, l.c13, l.c14, l.c15) as sao_number,
    clean(l.c21) as pao, numbered(l.c17, l.c18, l.c19, l.c20) as pao_number,
    s.street, null::varchar as place1, s.locality as place2, s.town as place3, {post_town} as place4,
    {postcode} as postcode
from records l left join streets s on s.usrn = try_cast(clean(l.c22) as bigint)
    and s.language = case when upper(clean(l.c6)) = 'CYM' then 'CYM' else 'ENG' end {beside}
where l.record = '24'
"""


def family(head: Head) -> str | None:
    """Which of the two a file is, told by the widths of its records, else by its header's version."""
    if not head.rows or not head.rows[0] or head.rows[0][0] not in {"10", *WIDTHS[DTF], *WIDTHS[PREMIUM]}:
        return None
    rows = _first_rows(head)
    versions = [row[7] for row in rows if row[0:1] == ["10"] and len(row) == 9]
    both = False
    for row in rows:
        if len(row) < 3 or row[1].upper() not in {"I", "U", "D"}:
            continue
        fits = [name for name, widths in WIDTHS.items() if len(row) in widths.get(row[0], ())]
        if len(fits) == 1:
            return fits[0]
        both = both or len(fits) == 2
    if versions:
        return DTF if versions[0].strip().startswith("7") else PREMIUM
    return DTF if both else None


def _first_rows(head: Head) -> list[list[str]]:
    """More than formats with a header need: a file may begin with hundreds of streets, which both have alike."""
    whole_lines = head.text.rpartition("\n")[0] or head.text
    try:
        return list(csv.reader(whole_lines.splitlines(), delimiter=head.delimiter))
    except csv.Error:
        return head.rows


def holds_changes(head: Head) -> bool:
    return any(row[0:1] == ["10"] and row[8:9] and row[8].strip().upper().startswith("C") for row in head.rows)


def locate(head: Head, name: str, *, changes: bool) -> int | None:
    return -1 if family(head) == name and holds_changes(head) == changes else None


def begin(reading: Reading, name: str) -> bool:
    """Open the file and see that it is whole and follows on what is here; returns whether it holds changes only."""
    open_rows(reading, header_at=None, widest=WIDEST)
    gazetteer.prepare(reading)
    changes = holds_changes(reading.head)
    _check_trailer(reading, changes=changes)
    if changes:
        gazetteer.take_up(reading, name)
        _check_sequence(reading)
    return changes


def _check_trailer(reading: Reading, *, changes: bool) -> None:
    """The 99 record says how many records there are; systems differ in whether header and metadata count."""
    ends = "select c1, line, clean(c3), clean(c2) from raw where c1 in ('10', '29', '99') order by line"
    found = reading.con.execute(ends).fetchall()
    trailers = [end[1:] for end in found if end[0] == "99"]
    if not trailers:
        raise InputRefused(f"{reading.file} has no trailer (record 99): it was cut off. Export or copy it again.")
    line, said, following = trailers[-1]
    around = (len(found), sum(end[0] != "29" for end in found))
    possible = {reading.rows - out for out in (0, len(trailers), *around)}
    if sum(int(count) if count and count.isdigit() else -reading.rows for _, count, _ in trailers) not in possible:
        raise InputRefused(
            f"{reading.file}, line {line}, RECORD_COUNT: the trailer says {str(said)[:20]} records, but the file holds "
            f"{reading.rows:,} lines with header and trailer. Part of it is missing or was added: export it again."
        )
    if not changes and following not in {None, "0"}:
        reading.warnings.append(
            f"Its trailer says that volume {following[:10]} follows: this is a part of the gazetteer only. Join the "
            "volumes to one file, in their order, and import that"
        )


def _check_sequence(reading: Reading) -> None:
    """Changes follow on the file before them, by the date and volume in their headers."""
    header = "select as_day(c4), whole(c5), clean(c9), clean(c3) from {} where c1 = '10' order by line desc limit 1"
    here = reading.con.execute(header.format("held")).fetchone()
    this = reading.con.execute(header.format("raw")).fetchone()
    if here is None or this is None:
        return
    _check_same_gazetteer(reading, here[3], this[3])
    _check_dates(reading, here[0], this[0])
    if not str(here[2]).upper().startswith("C") or here[1] is None or this[1] is None:
        return
    if this[1] > here[1] + 1:
        reading.warnings.append(
            f"Its header says volume {this[1]}, but the last one here is volume {here[1]}: changes in between may be "
            "missing"
        )
    if this[0] == here[0] and this[1] <= here[1]:
        reading.warnings.append(
            f"Its header says volume {this[1]} of {this[0]}, which does not come after volume {here[1]}, the last one "
            "here: it may have been imported before"
        )


def _check_same_gazetteer(reading: Reading, here: str | None, this: str | None) -> None:
    if here and this and here != this:
        raise InputRefused(
            f"{reading.file}: its header names local custodian {this[:10]}, but the gazetteer here is of custodian "
            f"{here[:10]}. Changes apply only to the gazetteer they were made of. Nothing was changed."
        )


def _check_dates(reading: Reading, here: date | None, this: date | None) -> None:
    if here and this and this < here:
        raise InputRefused(
            f"{reading.file} was made on {this.isoformat()}, but what is here was made on {here.isoformat()}. "
            "Changes are imported in the order of their dates. Nothing was changed."
        )


def tabulate_records(
    reading: Reading, checks: list[Check], warns: list[Warn], *, records: tuple[str, ...], unused: str, changes: bool
) -> tuple[Counter[str], dict[str, int]]:  # fmt: skip
    """Make `records` of the file and, for changes, of what they apply to. `records` are the types that are kept, each
    under its key; rows for which `unused` holds are not looked at."""
    keyed = f"c1 in {records}"
    common = [
        gazetteer.change_check("CHANGE_TYPE", "c2", keyed, changes=changes),
        Check("UPRN", gazetteer.FAULT_UPRN,
              f"case when {keyed} and c1 not in ('11', '15') then as_uprn(c4) is null end"),
        Check("USRN", "USRN is not a whole number",
              "case when c1 in ('11', '15') then try_cast(clean(c4) as bigint) is null end", "left(c4, 10)"),
        *([Check("", "the record has no key", f"case when {keyed} then {KEY} is null end")] if changes else []),
    ]  # fmt: skip
    output = {
        "record": "c1", "key": KEY, "change": "case when c1 = '10' then 'I' else coalesce(upper(clean(c2)), 'I') end",
        "turn": "coalesce(whole(c3), 0)", **{cell: cell for cell in CELLS},
    }  # fmt: skip
    rejected = tabulate(reading, output, [checks[0], *common, *checks[1:]], warns=warns, unlisted_if=unused)
    reading.progress("Joining properties, addresses and streets")
    return rejected, gazetteer.settle(reading, CELLS, changes=changes)


def orphans(reading: Reading) -> Counter[str]:
    """Addresses of properties that are not in the file, and properties given twice."""
    orphaned = "address of a property that is not in the file"
    reading.con.execute(
        "insert into rejects select line, 'UPRN', ?, null from records "
        "where record = '21' and line > 0 and line not in (select line from properties)",
        [gazetteer.REPEATED],
    )
    reading.con.execute(
        "insert into rejects select distinct line, 'UPRN', ?, null::varchar from parts "
        "where line > 0 and uprn not in (select uprn from properties)",
        [orphaned],
    )
    query = "select reason, count(*) from rejects where reason in (?, ?) group by 1"
    return Counter(dict(reading.con.execute(query, [gazetteer.REPEATED, orphaned]).fetchall()))
