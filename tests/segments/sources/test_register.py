"""What every register format must hold to, on a small file of each in its real layout."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engage.foundation.calendar import Age, Law, in_force
from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from engage.foundation.privacy import Keys, normalised
from segments.files.reading import Reading, connect
from segments.files.report import ImportReport
from segments.importing.imports import import_file
from segments.sources import entry, register
from segments.sources.entry import voting_day
from segments.sources.format import save_good
from tests.examples import examples
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)
SAMPLES = Path(__file__).parent / "samples" / "registers"
OTHERS, SPECIAL = "other elector, no residential address", "special entry, not imported"
# format, rows read, accepted, electors with a UPRN, attainers, other electors, special entries
FULL = {
    "elector8_full.csv": ("Elector8 full register", 13, 8, 6, 1, 2, 2),
    "xpress_13.txt": ("Xpress full register", 8, 6, 0, 1, 1, 1),
    "xpress_14.csv": ("Xpress full register", 8, 6, 0, 1, 1, 1),
    "xpress_15.csv": ("Xpress full register", 8, 6, 0, 1, 1, 1),
    "halarose_7.csv": ("Halarose (Idox Eros) full register", 8, 5, 0, 1, 2, 1),
    "halarose_9.csv": ("Halarose (Idox Eros) full register", 8, 5, 0, 1, 2, 1),
    "strand.csv": ("Strand full register", 6, 4, 0, 1, 1, 1),
}
UPDATES = {"elector8_update.csv": "elector8_full.csv", "xpress_monthly.csv": "xpress_15.csv"}
# Names, a date of birth, elector ids and numbers as they stand in the samples; of anonymous entries, the number.
CANARIES = (
    "Sampleson", "Björn", "Zoë", "Prøve", "Muster", "Fictional", "Madeup", "Abroad", "Newcomer", "Stranger", "Passing",
    "(z)", "14/02/2009", "2009-02-14", "1980-05-01", "2009-03-03", "03-Mar-2009", "700001", "700010", "91001", "91004",
    "70.5", "KD-2/2", "KD1-7", "HAA", "9137406", "GA0101",
)  # fmt: skip


def text_of(name: str) -> str:
    raw = (SAMPLES / name).read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("windows-1252")


def delimited(text: str, delimiter: str) -> str:
    was = max(",\t;", key=text.splitlines()[0].count)
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(csv.reader(io.StringIO(text, newline=""), delimiter=was))
    return out.getvalue()


def take(office: Office, actor: Actor, name: str) -> ImportReport:
    kind = "register-update" if name in UPDATES else "register"
    return import_file(office, actor, kind, SAMPLES / name, TODAY, accept_shrink=True)


def found(report: ImportReport) -> tuple[object, ...]:
    figures, rejected = report.figures, report.rejected
    return (
        report.format, report.rows_read, report.accepted, figures["with_uprn"], figures["attainers"],
        rejected[OTHERS], rejected[SPECIAL],
    )  # fmt: skip


@pytest.mark.parametrize("name", FULL)
def test_each_format_comes_in_to_known_counts(office: Office, actor: Actor, name: str) -> None:
    report = take(office, actor, name)
    assert found(report) == FULL[name]
    assert report.rows_read == report.accepted + sum(report.rejected.values())
    assert report.figures["electors"] == report.accepted
    columns = [column for column, *_ in described(office, report)]
    assert columns == [
        "person",
        "uprn",
        "address",
        "postcode",
        "ward_name",
        "attainment",
        "franchise",
        "line",
        "alias",
        "entry",
        "names",
    ]


@pytest.mark.parametrize("name", [name for name in FULL if name != "elector8_full.csv"])
def test_an_ordinary_register_is_good(office: Office, actor: Actor, name: str) -> None:
    """Other electors, special entries and a system without UPRNs are no fault of the file."""
    report = take(office, actor, name)
    assert (report.outcome, report.warnings, report.problems) == ("good", [], {})


WRITTEN = (("utf-8", ","), ("utf-8-sig", ";"), ("utf-16-le", "\t"), ("windows-1252", ","), ("utf-16-le", ";"))


@pytest.mark.parametrize("name", ["elector8_full.csv", "xpress_14.csv", "halarose_7.csv", "strand.csv"])
def test_encodings_and_delimiters_change_nothing(office: Office, actor: Actor, tmp_path: Path, name: str) -> None:
    text = text_of(name).replace("ø", "ö")  # which Windows-1252 has too
    known = None
    for encoding, delimiter in WRITTEN:
        path = papers.write(tmp_path, "register.txt", delimited(text, delimiter).encode(encoding))
        report = import_file(office, actor, "register", path, TODAY)
        assert found(report) == FULL[name], (encoding, delimiter)
        rows = papers.rows(office, report.snapshot_id)
        assert rows == (known := known or rows), (encoding, delimiter)


# A row twice is left out; one of an elector id that another number has too is somebody else.
PEOPLE = """
select {columns} from (
    select * replace (nth_person(person, row_number() over (partition by person order by line)) as person) from good)
order by line
"""


@pytest.mark.parametrize(("repeated", "alike"), [(0, 0), (4, 0), (2, 3)])
def test_polars_saves_what_duckdb_would(
    office: Office, actor: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repeated: int, alike: int
) -> None:
    header, *rows = text_of("elector8_full.csv").splitlines(keepends=True)
    others = [row.replace(f"AA1,{row.split(',')[1]}", f"AA1,9{n}") for n, row in enumerate([rows[0]] * alike)]
    path = papers.write(tmp_path, "register.csv", "".join([header, *rows[:6], "one cell\n", *rows[:repeated], *others]))
    by_duckdb = list[tuple[Any, ...]]()

    apart_from_names = register.SNAPSHOT.removesuffix(", names")  # which Polars alone makes

    def both(reading: Reading, columns: str, sealed: tuple[str, ...], named: tuple[str, ...]) -> int:
        by_duckdb.extend(reading.con.execute(PEOPLE.format(columns=apart_from_names)).fetchall())
        return save_good(reading, columns, sealed, named)

    monkeypatch.setattr(register, "save_good", both)
    report = import_file(office, actor, "register", path, TODAY, accept_problems=True)
    assert report.rejected.get("the same elector is in the file twice", 0) == repeated
    assert papers.rows(office, report.snapshot_id, apart_from_names, "line") == by_duckdb
    assert len({person for person, *_ in by_duckdb}) == len(by_duckdb) == 6 + alike


def test_no_name_date_of_birth_or_number_survives(office: Office, actor: Actor) -> None:
    """Neither in the lake nor in the database, the rejects or the audit log, in whatever case."""
    for update, full in UPDATES.items():
        take(office, actor, full)
        take(office, actor, update)
    for full in FULL:
        take(office, actor, full)
    everything = papers.lake_bytes(office).decode("utf-8", "replace")
    assert "Chamberlayne Road" in everything  # the scan sees what is kept
    assert told_no_names(re.sub(r"[0-9a-f]{64}", "", everything))  # a hash may hold any four digits
    assert office.keys.person(elector_id="700001") in everything


def told_no_names(told: str) -> bool:
    return not [canary for canary in CANARIES if canary.casefold() in told.casefold()]


@pytest.mark.parametrize("name", [*FULL, *UPDATES])
def test_a_register_without_its_header_is_refused_without_a_name(
    office: Office, actor: Actor, tmp_path: Path, name: str
) -> None:
    text = text_of(name)
    rows = text.splitlines(keepends=True)[1 + text.startswith("Date Published") :]
    with pytest.raises(InputRefused) as refusal:
        import_file(office, actor, "register", papers.write(tmp_path, "r.csv", "".join(rows)), TODAY)
    assert told_no_names(str(refusal.value))


JUNK = (b'"', b",", b";", b"\t", b"\r\n", b"\xa3", b"\xff", b"N", b"1802", b" ", b"'", b"")


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A sample with up to four pieces cut out, doubled or overwritten."""
    name = draw(st.sampled_from([*FULL, *UPDATES]))
    text = (SAMPLES / name).read_bytes()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 60)))
        piece = draw(st.sampled_from(JUNK) | st.just(text[start:end] * 2))
        text = text[:start] + piece + text[end:]
    return name, text


@given(file=damaged())
@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_of_a_damaged_register_is_counted_or_it_is_refused(
    office: Office, actor: Actor, file: tuple[str, bytes]
) -> None:
    name, text = file
    take(office, actor, "elector8_full.csv")
    path = papers.write(office.settings.home, "damaged.csv", text)
    kind = "register-update" if name in UPDATES else "register"
    try:
        report = import_file(office, actor, kind, path, TODAY, dry_run=True)
    except InputRefused as refusal:
        told = str(refusal)
        assert told.startswith(("damaged.csv", "There is no")), told
    else:
        told = str(report.as_dict())
        assert report.rows_read == report.accepted + sum(report.rejected.values())
    assert told_no_names(told)


@pytest.mark.parametrize("name", FULL)
def test_a_file_of_marked_names_is_the_secure_record(office: Office, actor: Actor, tmp_path: Path, name: str) -> None:
    text = text_of(name)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=max(",\t;", key=text.splitlines()[0].count)))
    at = next(n for n, row in enumerate(rows) if len([cell for cell in row if cell]) > 5)
    marker = rows[at].index(
        next(c for c in rows[at] if c in ("FranchiseMarker", "Elector Markers", "Franchise Flag", "QUALIFICATION"))
    )
    for row in rows[at + 1 :]:
        row[marker] = "N"
    path = papers.write(tmp_path, "r.csv", papers.table(rows[0], rows[1:]))
    with pytest.raises(InputRefused, match="secure record of anonymous electors"):
        import_file(office, actor, "register", path, TODAY)
    assert b"Mill Lane" not in papers.lake_bytes(office)


KEYS = Keys(["nW8yEi0kfyPNIxzY4tBzbD6QqEHgH3mVMz2eJkWqYxk="])


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(tmp_path_factory.mktemp("duckdb")) as con:
        con.execute(entry.MACROS)
        yield con


WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from(" '-.,éßŁø0aZ"), max_size=12
)  # fmt: skip


@given(words=st.lists(WORDS, max_size=4))
def test_words_of_a_name_are_as_the_keys_have_them_in_any_order(
    con: duckdb.DuckDBPyConnection, words: list[str]
) -> None:
    there = con.execute("select name_words(?)", [" ".join(words)]).fetchall()[0][0]
    back = con.execute("select name_words(?)", [", ".join(reversed(words))]).fetchall()[0][0]
    assert there == back == " ".join(sorted(normalised(" ".join(words)).split()))
    joined = f"'name' || chr(31) || {'?'} || chr(31) || '7'"
    [(hashed,)] = con.execute(f"select {KEYS.hash_sql(joined)}", [there]).fetchall()
    assert hashed == KEYS.person(name=" ".join(words), uprn=7)


ENGLAND = Law(voting_age=(Age(since=date(1970, 1, 1), years=18, source=""),))
CHANGING = Law(
    voting_age=(
        *ENGLAND.voting_age,
        Age(since=date(2027, 5, 1), years=16, source=""),
        Age(since=date(2020, 3, 2), years=17, source="", nations=("Wales",)),
    )
)


def attained(birth: date, nation: str, rules: Law) -> date:
    """Day by day: the first on which the person has the age that is in force on it."""
    day = birth + timedelta(days=365 * 15)
    while True:
        had_birthday = (day.month, day.day) >= (birth.month, birth.day)
        if day.year - birth.year - (not had_birthday) >= in_force(rules.voting_age, day, nation).years:
            return day
        day += timedelta(days=1)


@pytest.mark.parametrize("rules", [ENGLAND, CHANGING])
@pytest.mark.parametrize(("authority", "nation"), [("E07000193", "England"), ("W06000015", "Wales")])
@given(birth=st.dates(date(1995, 1, 1), date(2015, 12, 31)) | st.sampled_from([date(2008, 2, 29), date(2011, 5, 1)]))
@settings(max_examples=examples(40))
def test_the_day_of_voting_age_is_that_of_the_law(
    con: duckdb.DuckDBPyConnection, rules: Law, authority: str, nation: str, birth: date
) -> None:
    sql = voting_day("birth", authority, rules)
    [(day,)] = con.execute(f"select {sql} from (select ?::date as birth)", [birth]).fetchall()
    assert day == attained(birth, nation, rules)


def test_a_year_of_two_digits_is_no_day(con: duckdb.DuckDBPyConnection) -> None:
    """`3 June 08` was a day of the year 8, on which nobody now alive was born."""
    short = ["3 June 08", "3 Jun 08", "03-Jun-08", "03/06/08", "08-06-03", "0008-06-03", "3/6/0008"]
    whole = ["3 June 2008", "03-Jun-2008", "03/06/2008", "2008-06-03"]
    read = con.execute("select as_day(t), written_day(t) from (select unnest(?) as t)", [short + whole]).fetchall()
    assert {day for pair in read[: len(short)] for day in pair} == {None}
    assert {day for _, day in read[len(short) :]} == {date(2008, 6, 3)}


# Updates against a model in plain Python: each row after the other, on a dictionary. Where there are no ids, entries
# are told apart by their numbers (test_entries.py).

IDS, PLACES, ELSEWHERE = range(5), ("1 Mill Lane", "2 Mill Lane"), ""
ROWS = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from((*PLACES, ELSEWHERE))), max_size=8)
CHANGES = st.lists(
    st.tuples(st.sampled_from("NADX"), st.sampled_from(IDS), st.sampled_from((*PLACES, ELSEWHERE))), max_size=10
)
ALWAYS = (9, "9 Mill Lane")  # an import of nothing at all is refused
MODELLED = settings(max_examples=examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture])


def elector8(number: int, place: str) -> list[object]:
    return papers.elector(number, RegisteredAddress1=place, RegisteredAddress2="", UPRN="")


def now(office: Office, report: ImportReport) -> dict[str, str]:
    return dict(papers.rows(office, report.snapshot_id, "person, address"))


def hashed(office: Office, number: int) -> str:
    return office.keys.person(elector_id=str(1_000_000 + number))


@given(full=ROWS, updates=st.lists(CHANGES, min_size=1, max_size=2))
@MODELLED
def test_elector8_updates_do_as_row_after_row(
    office: Office, actor: Actor, full: list[tuple[int, str]], updates: list[list[tuple[str, int, str]]],
) -> None:  # fmt: skip
    model: dict[int, str] = {}
    for number, place in [ALWAYS, *full]:
        if place:
            model.setdefault(number, place)
    rows = [elector8(number, place) for number, place in [ALWAYS, *full]]
    path = papers.write(office.settings.home, "r.csv", papers.register(*rows))
    report = import_file(office, actor, "register", path, TODAY, accept_shrink=True)
    assert now(office, report) == {hashed(office, key): place for key, place in model.items()}
    for update in updates:
        changes = [("N", *ALWAYS), *update]
        rows = [[*elector8(number, place), change] for change, number, place in changes]
        path = papers.write(office.settings.home, "u.csv", papers.table([*papers.ELECTOR8, "ChangeTypeID"], rows))
        report = import_file(office, actor, "register-update", path, TODAY, accept_shrink=True)
        for change, number, place in changes:
            key = number
            if change in "NA" and place:
                model[key] = place
            elif change in "NAD":
                model.pop(key, None)
        assert now(office, report) == {hashed(office, key): place for key, place in model.items()}
        assert report.rows_read == len(changes) == report.accepted + sum(report.rejected.values())
        assert report.accepted == sum(change in "NAD" and place != "" for change, _, place in changes)


XPRESS = [
    "Elector Number Prefix",
    "Elector Number",
    "Elector Markers",
    "Elector Name",
    "PostCode",
    "Address1",
    "Elector ID",
]
MONTHLY = [
    "ElectorNumber",
    "ElectorForename",
    "ElectorSurname",
    "PropertyAddress1",
    "PropertyPostCode",
    "MarkersRegisterText",
]
MONTHS = ["ElectorCreatedMonth", "ElectorChangedMonth", "ElectorDeletedMonth"]


def described(office: Office, report: ImportReport) -> list[tuple[str, ...]]:
    """(name, type) of each column of a register."""
    folder = office.settings.home / "lake" / papers.HERE[4] / "register"
    newest = max(folder.glob("*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    return duckdb.sql(f"describe from '{newest}'").fetchall()
