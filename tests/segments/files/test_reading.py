"""Any table, however it is laid out or damaged: every row is accepted or rejected, with the file's own line."""

import csv
import io
import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engage.foundation.errors import EngageError, InputRefused
from engage.foundation.office import Actor, Office
from engage.foundation.privacy import Keys, normalised
from segments.files import mending
from segments.files.mending import Mending
from segments.files.reading import Known, Reading, connect, look, mend, open_rows
from segments.files.staging import receive
from segments.importing.imports import import_file
from segments.sources.catalogue import NAMES
from segments.sources.format import Check, Warn, headed_by, save, tabulate
from tests.examples import examples
from tests.segments.damage import damaged
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)
CONTACTS = papers.table(
    ["uprn", "source", "lawful_basis", "agreement_reference", "collected_on", "email", "mobile"],
    [
        [n, "Garden waste", "UK GDPR Art 6(1)(e)", "DSA-1", "2026-01-01", f"robin{n}@example.org", "07700 900123"]
        for n in range(1, 9)
    ],
)  # fmt: skip
SAMPLES = {
    "register": papers.register(*(papers.elector(n) for n in range(1, 9)), papers.anonymous("88776655")),
    "geography": papers.geography(*((n, *papers.HERE) for n in range(1, 9))),
    "contacts": CONTACTS,
}
CANARIES = ("Tester", "@example.org", "88776655", "900123")


def holds(office: Office, actor: Actor, folder: Path, kind: str, content: bytes) -> None:
    """Read = accepted + rejected, or a refusal that names the file; either way without a word of a person."""
    path = papers.write(folder, "damaged.csv", content)
    try:
        report = import_file(office, actor, kind, path, TODAY, dry_run=True)
    except EngageError as refusal:
        told = str(refusal)
        assert told.startswith("damaged.csv")
    else:
        told = json.dumps(report.as_dict() | {"preview": []})
        assert report.rows_read == report.accepted + sum(report.rejected.values())
        assert report.accepted >= 1
    assert not [canary for canary in CANARIES if canary in told]
    staging = office.lake.root / "staging"
    assert not staging.exists() or not list(staging.iterdir())


@pytest.mark.parametrize("kind", SAMPLES)
@settings(
    max_examples=examples(30),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(data=st.data())
def test_whatever_is_damaged_rows_read_are_accepted_or_rejected(
    office: Office, actor: Actor, tmp_path: Path, kind: str, data: st.DataObject
) -> None:
    holds(office, actor, tmp_path, kind, data.draw(damaged(SAMPLES[kind])))


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Any]:
    opened = []

    def read(content: str | bytes, header: str = "a", **how: Any) -> Reading:
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        text = receive(papers.write(folder, "t.csv", content), folder / "text")
        head = look(text, NAMES)
        con = connect(folder)
        opened.append(con)
        keys = Keys(["h2c0Nn5k2Fq4o3qVbJw6yq9pQ0mCkq4i1l7tq6vYx0M="])
        made = Reading(
            con, "t.csv", text, head, "E07000193", TODAY, keys, Known(), folder / "out", folder, lambda _: None
        )
        at = headed_by(header)(head)
        open_rows(made, header_at=at, **how)
        return made

    yield read
    for con in opened:
        con.close()


def rows_of(made: Reading) -> list[tuple[Any, ...]]:
    return made.con.execute("from raw order by line").fetchall()


def listed(made: Reading) -> list[tuple[Any, ...]]:
    return made.con.execute("select line, reason from rejects order by line").fetchall()


def test_rows_stand_on_the_lines_they_begin_on(reading: Any) -> None:
    made = reading('title\n\na,b\n1,2\n\n"3\n4",5\n6\n7,8,9\na,b\n"x,1\n10,"11"\n12,13\n')
    assert rows_of(made) == [(4, "1", "2"), (6, "3 4", "5"), (10, "a", "b"), (12, "10", "11"), (13, "12", "13")]
    assert listed(made) == [(8, "too few columns"), (9, "too many columns"), (11, "a quotation mark is not closed")]


def test_a_header_in_the_middle_or_twice_is_expected(reading: Any) -> None:
    made = reading("a,b\r\na,b\r\n1,2\r\na,b\r\n3,4\r\n")
    rejected = tabulate(made, {"a": "a"}, [])
    assert rejected == {"the header again": 2}
    assert made.expected == {"the header again"}
    assert made.con.execute("from good order by line").fetchall() == [(3, "1"), (5, "3")]


def test_names_glued_together_in_the_header_are_parted(reading: Any) -> None:
    text = "ElectorIDUPRN,Ward\r\n1,100031,Crown\r\n2,100032,Dove\r\nElectorIDUPRN,Ward\r\n3,100033,Dove\r\n"
    made = reading(text, header="UPRN")
    assert made.columns == ["ElectorID", "UPRN", "Ward"]
    assert rows_of(made) == [(2, "1", "100031", "Crown"), (3, "2", "100032", "Dove"), (5, "3", "100033", "Dove")]
    assert listed(made) == [(4, "the header again")]
    assert made.expected == {"the header again"}


def test_only_known_names_are_parted(tmp_path: Path) -> None:
    text = receive(papers.write(tmp_path, "t.csv", "FrogUPRN,Ward\n1,2,3\n4,5,6\n"), tmp_path / "text")
    assert look(text, NAMES).rows[0] == ["FrogUPRN", "Ward"]
    numbers = receive(papers.write(tmp_path, "n.csv", "11,2\n1,2,3\n4,5,6\n"), tmp_path / "numbers")
    assert look(numbers, NAMES).rows[0] == ["11", "2"], "a year of age is the name of a column, too"


@pytest.mark.parametrize(
    ("end", "what"), [("5", "1 columns, where 2 were expected"), ('5,"6', "a quotation mark is not closed")]
)
def test_a_last_row_cut_off_says_its_line_and_what_was_expected(reading: Any, end: str, what: str) -> None:
    with pytest.raises(InputRefused, match=rf"^t\.csv, line 4: the file ends in the middle of a row \({what}\)"):
        reading("a,b\n1,2\n3,4\n" + end)


def test_a_short_last_line_that_ends_is_a_row_like_any_other(reading: Any) -> None:
    made = reading("a,b\n1,2\n3,4\nEnd of export\n")
    assert listed(made) == [(4, "too few columns")]


def test_a_file_all_of_whose_rows_are_short_is_not_cut_off(reading: Any) -> None:
    made = reading("a,b,c\n1,2\n3,4")
    assert made.rejected == {"too few columns": 2}


WHOLE_ROWS = st.lists(st.text("ab,\"\n '", max_size=4), min_size=3, max_size=3)
OTHER_ROWS = st.lists(st.text("ab '", min_size=1, max_size=4), min_size=2, max_size=4)


def brute_force(text: str, width: int) -> list[tuple[int, tuple[str, ...]]]:
    """Rows of the right width by the standard library alone, with the line each begins on."""
    reader = csv.reader(io.StringIO(text, newline=""))
    found, line = [], 1
    for row in reader:
        if len(row) >= width and not "".join(row[width:]).strip():
            found.append((line, tuple(" ".join(cell.split()) if "\n" in cell else cell for cell in row[:width])))
        line = reader.line_num + 1
    return found


@settings(max_examples=examples(60), derandomize=True)
@given(
    cells=st.lists(WHOLE_ROWS | OTHER_ROWS, min_size=1, max_size=30), block=st.sampled_from([1, 7, 64, 1 << 22]),
    open_end=st.booleans(),
)  # fmt: skip
def test_mending_agrees_with_reading_row_by_row(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]], block: int, open_end: bool
) -> None:
    folder = tmp_path_factory.mktemp("mend")
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([["p", "q", "r"], *cells])
    text = out.getvalue().removesuffix("\n" if open_end else "nothing")
    mended_by = Mending(papers.write(folder, "t", text), ",", 3, "FILLER", ["p", "q", "r"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mending, "BLOCK", block)  # rows lie across blocks
        faults = [fault for batch in mended_by.write(folder / "mended") for fault in batch]
    with (folder / "mended").open(newline="") as file:
        mended = list(enumerate(csv.reader(file), 1))
    kept = [(line, tuple(row)) for line, row in mended if row[0] != "FILLER"]
    assert kept == brute_force(text, 3)
    assert mended_by.rows == len(kept) + len(faults)
    assert bool(mended_by.cut_off) == (open_end and len(cells[-1]) < 3)


def test_damage_deep_in_a_long_file_keeps_every_line_number(reading: Any) -> None:
    dice = random.Random(5)
    lines = [f"{n},x{n}" for n in range(2, 200_002)]
    bad = sorted(dice.sample(range(200_000), 40))
    for at in bad:
        lines[at] = "only"
    made = reading("a,b\n" + "\n".join(lines) + "\n", checked=False)
    rejected = tabulate(made, {"n": "a::bigint"}, [], unique="n")
    assert rejected == {"too few columns": 40}
    assert [line for line, _ in listed(made)] == [at + 2 for at in bad]
    assert made.con.execute("select count(*), count(*) filter (line = n) from good").fetchone() == (199_960, 199_960)
    assert save(made, "from good") == 199_960
    assert made.con.execute(f"select bool_and(line = n) from read_parquet('{made.output}')").fetchone() == (True,)


def test_a_table_counts_what_it_is_asked(reading: Any) -> None:
    made = reading("a,b\n1,x\n1,y\n2,\n3,secret\n3,z\n", checked=False)
    rejected = tabulate(
        made, {"a": "a", "b": "b"}, [Check("b", "no b", "b is null", "a")], warns=[Warn("{n} are x", "b = 'x'")],
        unique="a", repeated="twice", unlisted_if="b = 'secret'", tallies={"threes": "a = '3'"}, sealed=("b",),
    )  # fmt: skip
    assert rejected == {"no b": 1, "twice": 1}
    assert made.tallies == {"unlisted": 1, "threes": 2}
    assert made.warnings == ["1 are x"]
    assert made.con.execute('select line, "column", reason, "value" from rejects order by line').fetchall() == [
        (3, "", "twice", None), (4, "b", "no b", "2"),
    ]  # fmt: skip
    hashed = [made.keys.hash(cell) for cell in ("x", "z")]
    assert made.con.execute("from good order by line").fetchall() == [(2, "1", hashed[0]), (6, "3", hashed[1])]
    assert b"secret" not in (made.scratch / "rows.parquet").read_bytes()


def test_a_file_that_grows_while_it_is_read_is_refused(reading: Any, tmp_path: Path) -> None:
    made = reading("a,b\n1,2\n")
    with (tmp_path / "0" / "t.csv").open("a") as file:
        file.write("3,4\n")
    with pytest.raises(InputRefused, match=r"t\.csv was changed while it was read"):
        save(made, "from raw")


def test_mending_twice_is_not_needed(reading: Any) -> None:
    made = reading("a,b\n1,2\n3\n", checked=False)
    mend(made)
    assert tabulate(made, {"a": "a"}, []) == {"too few columns": 1}


@pytest.mark.parametrize(
    ("macro", "cases"),
    [
        ("clean", {"": None, " ": None, "a": "a", " a ": "a", "a  b": "a b", "a\u00a0b": "a b", "\ta": "a", "\u00a0": None}),
        ("as_uprn", {
            "1": 1, "0": None, "007": 7, "-5": None, "12.00": 12, "12.5": None, "999999999999": 999_999_999_999,
            "1000000000000": None, "1.00031E+11": None, " 7 ": 7, "7a": None, "": None, "٣": None,
        }),
        ("as_postcode", {"DE14 1AA": "DE14 1AA", "de141aa": "DE14 1AA", "DE14  1AA": "DE14 1AA", "DE14": None, "": None}),
    ],
)  # fmt: skip
def test_cells_mean_what_they_say(tmp_path: Path, macro: str, cases: dict[str, Any]) -> None:
    with connect(tmp_path) as con:
        for cell, meaning in cases.items():
            assert con.execute(f"select {macro}($1)", [cell]).fetchone() == (meaning,), repr(cell)


@settings(max_examples=examples(200), derandomize=True)
@given(
    cells=st.lists(st.none() | st.text(st.sampled_from("ab, \u00a0\t"), min_size=1, max_size=3), min_size=2, max_size=4)
)
def test_tidy_cells_joined_are_what_cleaning_each_makes(
    cells: list[str | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with connect(tmp_path_factory.mktemp("t")) as con:
        given = [f"${n}::varchar" for n in range(1, len(cells) + 1)]
        joined = f"concat_ws(', ', {', '.join(given)})"
        cleaned = f"concat_ws(', ', {', '.join(f'clean({cell})' for cell in given)})"
        found = con.execute(f"select is_tidy({joined}), {joined}, {cleaned}", cells).fetchone()
        assert found is not None
        assert found[1] == found[2] or not found[0]


@settings(max_examples=examples(100), derandomize=True)
@given(name=st.text(st.sampled_from("abZÉłŁß'- .09ñ\u00a0"), max_size=12))
def test_names_are_normalised_in_the_engine_as_outside(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with connect(tmp_path_factory.mktemp("n")) as con:
        assert con.execute("select normalised($1)", [name]).fetchone() == (normalised(name),)


def test_rows_stay_in_the_order_of_the_file_behind_a_long_list(tmp_path: Path) -> None:
    """By their order the lines of rows are told. DuckDB made a join of such a list, which writes rows as they come."""
    words = ", ".join(f"'{n}'" for n in range(200))
    with connect(tmp_path) as con:
        query = (
            f"copy (select c in ({words}) as found from read_csv('x.csv', columns={{'c': 'VARCHAR'}})) to 'y.parquet'"
        )
        (tmp_path / "x.csv").write_text("c\n1\n")
        con.execute(f"set file_search_path = '{tmp_path}'")
        [(_, plan)] = con.execute(f"explain {query}").fetchall()
    assert "JOIN" not in plan
    assert "BATCH_COPY_TO_FILE" in plan
