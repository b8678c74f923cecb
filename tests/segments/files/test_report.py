import csv
import dataclasses
import html
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from engage.cli import main
from engage.foundation import audit
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.web.templating import environment
from segments.files.questions import Question
from segments.files.reading import Reading
from segments.files.report import AnswerNeeded, ImportReport, Rows, Stage
from segments.importing import imports, recognition, rejects
from segments.importing.imports import import_file, rejected_rows
from segments.sources.format import Format, Harvest
from tests.examples import examples
from tests.segments.sources import papers

MAY, TODAY = date(2026, 5, 1), date(2026, 6, 1)
Run = Callable[..., Result]


def look(office: Office, actor: Actor, folder: Path, kind: str, text: str, as_at: date = TODAY) -> ImportReport:
    return import_file(office, actor, kind, papers.write(folder, f"{kind}.csv", text), as_at, dry_run=True)


def take(office: Office, actor: Actor, folder: Path, kind: str, text: str, as_at: date = TODAY) -> ImportReport:
    return import_file(office, actor, kind, papers.write(folder, f"{kind}.csv", text), as_at)


def counted(report: ImportReport) -> dict[str, float]:
    return {count.name: count.value for count in report.counts}


def with_gazetteer(office: Office, actor: Actor, folder: Path) -> None:
    first = 100_031_000_000
    homes = [row for n in (1, 2, 3) for row in (papers.blpu(first + n), papers.lpi(first + n, pn=n))]
    shop = [papers.blpu(first + 4, **{"class": "CR"}), papers.lpi(first + 4, pn=4)]
    take(office, actor, folder, "gazetteer", papers.gazetteer(*papers.street(1, "MILL LANE"), *homes, *shop))


def test_a_register_is_counted_linked_and_compared(office: Office, actor: Actor, tmp_path: Path) -> None:
    with_gazetteer(office, actor, tmp_path)
    stay = [papers.elector(n) for n in (1, 2, 3, 4)]
    first = take(office, actor, tmp_path, "register", papers.register(*stay, papers.elector(8)), MAY)
    moved = papers.elector(2, UPRN=100_031_000_003)
    come = [papers.elector(9, UPRN=""), papers.elector(10, PostCode="DE14 1AB", UPRN=100_031_000_001)]
    left_out = [papers.anonymous(88), papers.elector(11, FranchiseMarker="F")]
    text = papers.register(stay[0], moved, stay[2], stay[3], *come, papers.elector(1), *left_out)
    report = take(office, actor, tmp_path, "register", text)
    assert [count.name for count in report.counts][:4] == [
        "rows_read",
        "rows_accepted",
        "rows_left_out",
        "rows_rejected",
    ]
    assert counted(report) == {
        "rows_read": 9, "rows_accepted": 6, "rows_left_out": 2, "rows_rejected": 1,
        "electors": 6, "with_uprn": 5, "properties": 3, "attainers": 0,
        "linked_by_uprn": 4, "linked_by_uprn_share": 4 / 6, "to_link_by_address": 2, "uprns_unknown": 0,
        "uprns_no_home": 1, "strangers": 0, "postcode_differs": 1, "no_postcode": 0, "repeated_rows": 1,
        "new_electors": 2, "electors_gone": 1, "electors_moved": 1,
    }  # fmt: skip
    assert report.left_out == {"other elector, no residential address": 1, "special entry, not imported": 1}
    assert report.problems == {"the same elector is in the file twice": 1}
    assert report.outcome == "usable"
    compared = report.comparison
    assert compared is not None
    assert (compared.snapshot_id, compared.as_at, compared.rows_before, compared.rows_now) == (
        first.snapshot_id,
        MAY,
        5,
        6,
    )
    assert compared.figures["electors"] == [5, 6]


def test_what_every_such_file_holds_is_no_problem(office: Office, actor: Actor, tmp_path: Path) -> None:
    text = papers.register(papers.elector(1), papers.anonymous(88), papers.elector(2, FranchiseMarker="F"))
    report = take(office, actor, tmp_path, "register", text)
    assert report.outcome == "good"
    assert (report.problems_by_column, report.problems_by_row, report.problems) == ([], [], {})
    assert counted(report)["rows_left_out"] == 2


def places(*faults: tuple[int, str]) -> str:
    """A geography of 3 good rows, then each fault so many times; they begin on line 5."""
    rows: list[Any] = [(n, *papers.HERE) for n in (1, 2, 3)]
    wrong = {
        "uprn": ("x", *papers.HERE),
        "oa": (7, "nothing", *papers.HERE[1:]),
        "ward": (8, *papers.HERE[:3], "?", papers.HERE[4]),
    }
    for count, fault in faults:
        rows += [wrong[fault]] * count
    return papers.geography(*rows)


def test_few_problems_are_told_by_row_with_the_files_own_line(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = look(office, actor, tmp_path, "geography", places((2, "uprn"), (1, "oa")))
    assert report.problems_by_column == []
    assert [(row.line, row.column, row.value) for row in report.problems_by_row] == [
        (5, "UPRN", ""), (6, "UPRN", ""), (7, "OA21CD", "nothing"),
    ]  # fmt: skip


def test_many_problems_of_a_column_are_told_together(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = look(office, actor, tmp_path, "geography", places((16, "oa"), (15, "ward")))
    [column] = report.problems_by_column
    assert (column.column, column.reason, column.rows, column.lines) == ("OA21CD", "no oa code", 16, [5, 6, 7, 8, 9])
    assert {row.column for row in report.problems_by_row} == {"WD25CD"}
    assert [row.line for row in report.problems_by_row] == list(range(21, 36))


def test_rows_are_told_one_by_one_only_while_somebody_could_read_them(
    office: Office, actor: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejects, "MOST_ROWS", 20)
    report = look(office, actor, tmp_path, "geography", places((10, "oa"), (11, "ward")))
    assert report.problems_by_row == []
    assert [(column.column, column.rows) for column in report.problems_by_column] == [("WD25CD", 11), ("OA21CD", 10)]


@settings(
    max_examples=examples(15),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(faults=st.lists(st.tuples(st.integers(0, 25), st.sampled_from(["uprn", "oa", "ward"])), max_size=5))
def test_every_problem_is_told_once(
    office: Office, actor: Actor, tmp_path: Path, faults: list[tuple[int, str]]
) -> None:
    report = look(office, actor, tmp_path, "geography", places(*faults))
    told = sum(column.rows for column in report.problems_by_column) + len(report.problems_by_row)
    assert told == sum(report.problems.values()) == counted(report)["rows_rejected"] == sum(n for n, _ in faults)
    rows = Rows.of(report)
    assert rows == Rows.of(report.as_dict()) == Rows(**report.as_dict()["rows"])
    assert (rows.rejected, rows.read) == (told, rows.accepted + rows.left_out + rows.rejected)


def test_a_report_comes_back_from_json_as_it_was(office: Office, actor: Actor, tmp_path: Path) -> None:
    take(office, actor, tmp_path, "geography", places((3, "oa")), MAY)
    report = look(office, actor, tmp_path, "geography", places((20, "oa"), (2, "ward")))
    assert report.preview
    assert report.comparison
    assert ImportReport.from_dict(json.loads(json.dumps(report.as_dict(preview=True)))) == report
    assert "preview" not in report.as_dict()


def test_a_report_of_an_earlier_version_is_read(office: Office, actor: Actor, tmp_path: Path) -> None:
    whole = look(office, actor, tmp_path, "geography", places()).as_dict()
    old = {name: whole[name] for name in (
        "kind", "format", "file", "as_at", "rows_read", "accepted", "rejected", "rejects_file", "warnings",
        "figures", "snapshot_id", "outcome", "unchanged",
    )}  # fmt: skip
    report = ImportReport.from_dict(old | {"sha256": "0" * 64})
    assert (report.accepted, report.counts, report.comparison) == (3, [], None)
    assert "Rows accepted" in shown(old)


# The first rows


def test_the_first_rows_of_a_register_name_nobody(office: Office, actor: Actor, tmp_path: Path) -> None:
    rows = [papers.elector(n, DateOfAttainment="01/02/2027" if n == 2 else "") for n in range(1, 61)]
    report = look(office, actor, tmp_path, "register", papers.register(*rows))
    assert len(report.preview) == 50
    assert report.preview[1] == {
        "line": "3", "address": "1 Mill Lane, Burton upon Trent", "postcode": "DE14 1AA", "UPRN": "100031000002",
        "ward": "Anglesey", "attainment": "yes",
    }  # fmt: skip
    assert "Tester" not in json.dumps(report.preview)
    assert "2027" not in json.dumps(report.preview)


def test_the_first_rows_of_contacts_are_masked(office: Office, actor: Actor, tmp_path: Path) -> None:
    header = [
        "uprn",
        "source",
        "lawful_basis",
        "agreement_reference",
        "collected_on",
        "email",
        "mobile",
        "unsubscribed",
    ]
    said = ["Garden waste", "UK GDPR Art 6(1)(e)", "DSA-1", "2026-01-01"]
    rows = [[7, *said, "robin.tester@example.org", "07700 900123", ""], [8, *said, "kim.tester@example.net", "", "yes"]]
    report = look(office, actor, tmp_path, "contacts", papers.table(header, rows))
    masked = [(row["UPRN"], row["contact"]) for row in report.preview]
    assert masked == [("7", "r•••@e•••"), ("7", "••••• ••• 123"), ("8", "")]
    assert "tester" not in json.dumps(report.preview)


def test_the_first_rows_of_protected_addresses_say_no_address(office: Office, actor: Actor, tmp_path: Path) -> None:
    text = papers.table(["uprn", "added_on", "review_on"], [[100_031_000_001, "2026-01-01", "2027-01-01"]])
    [row] = look(office, actor, tmp_path, "protected", text).preview
    assert row == {"added_on": "2026-01-01", "review_on": "2027-01-01"}


def test_the_first_rows_of_an_update_are_those_it_brings(office: Office, actor: Actor, tmp_path: Path) -> None:
    take(office, actor, tmp_path, "register", papers.register(*(papers.elector(n) for n in range(1, 100))), MAY)
    header = [*papers.ELECTOR8, "ChangeTypeID"]
    changes = [
        [*papers.elector(5, RegisteredAddress1="9 Mill Lane"), "A"],
        [*papers.elector(200), "N"],
        [*papers.elector(7), "D"],
    ]
    report = look(office, actor, tmp_path, "register-update", papers.table(header, changes))
    assert sorted(row["address"][:11] for row in report.preview) == ["1 Mill Lane", "9 Mill Lane"]
    found = counted(report)
    assert (found["new_electors"], found["electors_gone"], found["electors_moved"]) == (1, 1, 0), "the UPRN is the same"


def test_the_first_rows_are_not_kept(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = take(office, actor, tmp_path, "register", papers.register(papers.elector(1)))
    assert report.preview == []
    with office.database.session() as session:
        stored = session.exec(select(Snapshot)).one().report
    assert "preview" not in stored
    assert "Mill Lane" not in json.dumps(stored)


# Rejected rows


def listed(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_rejected_rows_of_a_waiting_file_are_whole_and_kept_ones_hold_nobody(
    office: Office, actor: Actor, tmp_path: Path
) -> None:
    rows = [papers.elector(1), papers.elector(2, FranchiseMarker="F"), papers.elector(1, ElectorForename="=1+1")]
    path = papers.write(tmp_path, "register.csv", papers.register(*rows))
    assert rejected_rows(office, actor, "register", path, TODAY, tmp_path / "out.csv") == 2
    other, twice = listed(tmp_path / "out.csv")
    assert (other["line"], other["reason"], other["ElectorSurname"]) == (
        "3",
        "other elector, no residential address",
        "Tester2",
    )
    assert (twice["line"], twice["ElectorForename"], twice["UPRN"]) == ("4", "'=1+1", "100031000001")
    with office.database.session() as session:
        [entry] = session.exec(select(audit.AuditEntry)).all()
        assert not session.exec(select(Snapshot)).all()
    assert (entry.act, entry.subject, entry.detail["rejected"]) == ("read rejected rows", "uploaded register", 2)
    report = import_file(office, actor, "register", path, TODAY)
    kept = listed(office.lake.root / report.rejects_file)
    assert [set(row) for row in kept] == [{"line", "column", "reason", "value"}] * 2
    assert b"Tester" not in papers.lake_bytes(office)


def test_special_entries_are_in_no_file_of_rejected_rows(office: Office, actor: Actor, tmp_path: Path) -> None:
    whole, broken = papers.anonymous("88776651"), [*papers.anonymous("88776652"), "one cell more"]
    rows = [papers.elector(1), whole, broken, papers.elector(2, FranchiseMarker="F"), papers.elector(3)]
    path = papers.write(tmp_path, "register.csv", papers.register(*rows))
    rejected_rows(office, actor, "register", path, TODAY, tmp_path / "out.csv")
    text = (tmp_path / "out.csv").read_text("utf-8-sig")
    assert "8877665" not in text
    assert [(row["line"], row["reason"]) for row in listed(tmp_path / "out.csv")] == [
        ("4", "too many columns"), ("5", "other elector, no residential address"),
    ]  # fmt: skip


def test_where_nobodys_data_is_in_it_the_kept_file_has_the_whole_row(
    office: Office, actor: Actor, tmp_path: Path
) -> None:
    report = take(office, actor, tmp_path, "geography", places((1, "uprn")))
    [row] = listed(office.lake.root / report.rejects_file)
    assert (row["line"], row["column"], row["UPRN"], row["OA21CD"]) == ("5", "UPRN", "x", papers.HERE[0])


def test_a_file_without_cells_has_its_places_and_reasons(office: Office, actor: Actor, tmp_path: Path) -> None:
    text = papers.wards("Anglesey", "Crown").replace("E05014474", "nothing")
    path = papers.write(tmp_path, "w.geojson", text)
    assert rejected_rows(office, actor, "boundaries", path, TODAY, tmp_path / "out.csv") == 1
    assert listed(tmp_path / "out.csv") == [
        {"line": "2", "column": "WDxxCD", "reason": "no ward code", "value": "nothing"}
    ]


# What a person meets


def test_a_file_that_shrinks_asks_first(office: Office, actor: Actor, tmp_path: Path) -> None:
    take(office, actor, tmp_path, "register", papers.register(*(papers.elector(n) for n in range(100))), MAY)
    path = papers.write(tmp_path, "less.csv", papers.register(*(papers.elector(n) for n in range(94))))
    seen = import_file(office, actor, "register", path, TODAY, dry_run=True)
    assert seen.outcome == "usable"
    with pytest.raises(AnswerNeeded, match=r"less\.csv makes 94 rows.*has 100: 6\.0% fewer") as refusal:
        import_file(office, actor, "register", path, TODAY)
    assert refusal.value.report.shrinks == seen.shrinks
    assert refusal.value.report.snapshot_id is None
    assert len(imports.history(office, actor.authority)) == 1
    assert not list((office.lake.root / "staging").iterdir())
    done = import_file(office, actor, "register", path, TODAY, accept_shrink=True)
    assert done.snapshot_id
    with office.database.session() as session:
        entries = session.exec(select(audit.AuditEntry).order_by("number")).all()
    assert [entry.detail["shrank"] for entry in entries] == [False, True]


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Question:
    """Every file is one about which a format asks something."""
    question = Question("odd-day", "r.csv speaks of another day. It was probably renamed.", ask="Is the day right?")
    monkeypatch.setattr(
        imports, "recognise", lambda head, kind, file: _asking(question, *recognition.recognise(head, kind, file))
    )
    return question


def _asking(question: Question, form: Format, at: int) -> tuple[Format, int]:
    def normalise(reading: Reading, header_at: int) -> Harvest:
        reading.questions.append(question)
        return form.normalise(reading, header_at)

    return dataclasses.replace(form, normalise=normalise), at


def test_what_a_format_asks_waits_for_a_yes(
    office: Office, actor: Actor, tmp_path: Path, asking: Question
) -> None:  # fmt: skip
    path = papers.write(tmp_path, "r.csv", papers.register(papers.elector(1)))
    seen = import_file(office, actor, "register", path, TODAY, dry_run=True)
    assert (seen.outcome, seen.questions, seen.shrinks) == ("usable", [asking], "")
    with pytest.raises(AnswerNeeded, match=r"It was probably renamed\. Nothing was changed\."):
        import_file(office, actor, "register", path, TODAY, accept_shrink=True)
    assert imports.history(office, actor.authority) == []
    done = import_file(office, actor, "register", path, TODAY, accept_problems=True)
    assert ImportReport.from_dict(done.as_dict()).questions == [asking]
    assert asking.sentence in shown(done.as_dict())


def test_a_report_of_an_earlier_version_still_asks_what_it_asked(
    office: Office, actor: Actor, tmp_path: Path
) -> None:  # fmt: skip
    report = take(office, actor, tmp_path, "register", papers.register(papers.elector(1))).as_dict()
    del report["questions"]
    earlier = ImportReport.from_dict(report | {"shrinks": "r.csv makes 1 row; there were 9."})
    assert [question.kind for question in earlier.questions] == ["fewer"]
    assert earlier.shrinks in shown(report | {"shrinks": earlier.shrinks})


def test_every_stage_says_how_far_it_is(office: Office, actor: Actor, tmp_path: Path) -> None:
    said: list[str] = []
    header = ["uprn", "source", "lawful_basis", "agreement_reference", "collected_on", "email"]
    text = papers.table(header, [[7, "Waste", "Art 6(1)(e)", "DSA-1", "2026-01-01", "robin@example.org"]])
    import_file(office, actor, "contacts", papers.write(tmp_path, "c.csv", text), TODAY, progress=said.append)
    stages = [stage for stage in said if isinstance(stage, Stage)]
    assert len(stages) == len(said) >= 5
    assert [stages[0], stages[1], stages[-2], stages[-1]] == [
        "Reading the file", "Checking 2 lines of Contact list", "Comparing", "Saving",
    ]  # fmt: skip
    fractions = [stage.fraction for stage in stages]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] < 1


def shown(report: Any) -> str:
    page = environment().get_template("segments/importing/_report.html").render(report=report, rows_of=Rows.of)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_the_page_shows_what_the_report_holds_stored_or_fresh(office: Office, actor: Actor, tmp_path: Path) -> None:
    take(office, actor, tmp_path, "geography", places((1, "oa")), MAY)
    report = look(office, actor, tmp_path, "geography", places((16, "oa"), (1, "ward")))
    fresh, stored = shown(report), shown(report.as_dict())
    rows = {"rows_read", "rows_accepted", "rows_left_out", "rows_rejected"}
    for count in report.counts:
        assert count.name in rows or f"{count.words} {count.value:,}" in fresh
    for words in (
        "OA21CD no oa code 16 5, 6, 7, 8, 9", "21 WD25CD no ward code ?", "Compared with import 1, as at 1 May 2026",
    ):  # fmt: skip
        assert words in fresh
        assert words in stored
    assert "First 3 rows of what would come in" in fresh
    assert "of what would come in" not in stored


@pytest.fixture
def council(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`engage …` in a home of its own, in June 2026."""
    for name in ("ENGAGE_AUTHORITY", "ENGAGE_AS", "ENGAGE_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENGAGE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ENGAGE_REHEARSAL_TIME", "2026-06-02T10:00+01:00")

    def engage(*words: object) -> Result:
        result = CliRunner().invoke(main, [str(word) for word in words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    assert engage("init", "--authority", "E07000193", "--name", "East Staffordshire").exit_code == 0
    return engage


def test_the_command_refuses_what_shrinks_until_it_is_told_to_accept_it(council: Run, tmp_path: Path) -> None:
    def engage(rows: int, as_at: str, *flags: str) -> Result:
        path = papers.write(tmp_path, f"{rows}.csv", papers.register(*(papers.elector(n) for n in range(rows))))
        return council("import", "register", path, "--as-at", as_at, *flags)

    assert engage(20, "2026-05-01").exit_code == 0
    refused = engage(10, "2026-06-01")
    assert refused.exit_code == 1
    assert "10.csv makes 10 rows" in refused.stderr
    assert "has 20: 50.0% fewer" in refused.stderr
    assert "--accept-shrink" in refused.stderr
    assert "Electors gone" in refused.stdout
    dry = engage(10, "2026-06-01", "--dry-run", "--json")
    assert dry.exit_code == 0
    assert json.loads(dry.stdout)["outcome"] == "usable"
    assert engage(10, "2026-06-01", "--accept-shrink").exit_code == 0


def test_the_command_refuses_what_asks_until_all_problems_are_accepted(
    council: Run, tmp_path: Path, asking: Question
) -> None:  # fmt: skip
    path = papers.write(tmp_path, "r.csv", papers.register(papers.elector(1)))
    words = ("import", "register", path, "--as-at", "2026-06-01")
    for flags in ((), ("--accept-shrink",)):
        refused = council(*words, *flags)
        assert refused.exit_code == 1
        assert f"{asking.sentence} Nothing was changed. If it is right so, import it with --accept-problems." in (
            refused.stderr
        )
    assert asking.sentence in council(*words, "--accept-problems").stdout


def test_the_command_shows_the_first_rows_only_when_it_only_checks(council: Run, tmp_path: Path) -> None:
    path = papers.write(tmp_path, "r.csv", papers.register(papers.elector(1)))
    words = ("import", "register", path, "--as-at", "2026-06-01")
    assert "1 Mill Lane" in council(*words, "--dry-run").stdout
    assert "1 Mill Lane" in council(*words, "--dry-run", "--json").stdout
    done = council(*words, "--json").stdout
    assert "Mill Lane" not in done
    assert json.loads(done)["counts"][0] == {"name": "rows_read", "words": "Rows read", "value": 1}
    again = council(*words).stdout
    assert "Import 1 of that day has exactly this content. Nothing was changed." in again


def test_the_command_answers_in_json_for_every_file_also_one_that_cannot_be_used(council: Run, tmp_path: Path) -> None:
    good, bad = (
        papers.write(tmp_path, "r.csv", papers.register(papers.elector(1))),
        papers.write(tmp_path, "b.csv", "a,b\n1,2\n"),
    )
    result = council("import", "register", good, bad, "--as-at", "2026-06-01", "--json")
    assert result.exit_code == 1
    first, second = map(json.loads, result.stdout.splitlines())
    assert (first["outcome"], second["outcome"], second["file"]) == ("good", "refused", "b.csv")
    assert second["why"] in result.stderr


def test_the_command_tells_problems_by_row_and_by_column(council: Run, tmp_path: Path) -> None:
    path = papers.write(tmp_path, "g.csv", places((16, "oa"), (1, "ward")))
    told = council("import", "geography", path, "--as-at", "2026-06-01").stdout
    assert "16  no oa code" in told
    assert "OA21CD: no oa code: 16 rows, the first on lines 5, 6, 7, 8, 9" in told
    assert "Line 21, WD25CD: no ward code ('?')" in told
