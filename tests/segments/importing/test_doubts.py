"""What of a register looks wrong beside the gazetteer: it waits for a yes, and the likely cause is said."""

import csv
import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from engage.foundation.office import Actor, Office
from segments.files.report import AnswerNeeded, ImportReport
from segments.importing.imports import import_file
from tests.segments.sources import papers

DAY = date(2026, 6, 1)
FIRST, HOMES = 100_031_000_001, 60
Row = list[object]


@pytest.fixture
def gazetteer(office: Office, actor: Actor, tmp_path: Path) -> None:
    street = papers.street(1, "MILL LANE")
    homes = [
        record for n in range(HOMES)
        for record in (papers.blpu(FIRST + 7 * n), papers.lpi(FIRST + 7 * n, pn=n + 1))
    ]  # fmt: skip
    import_file(
        office, actor, "gazetteer", papers.write(tmp_path, "g.csv", papers.gazetteer(*street, *homes)), DAY,
        accept_problems=True,
    )  # fmt: skip


def electors(**cells: Callable[[int], object]) -> list[Row]:
    made = {
        "UPRN": lambda n: FIRST + 7 * n, "RegisteredAddress1": lambda n: f"{n + 1} Mill Lane",
        "ElectorID": lambda n: 1_000_000 + n,
    } | cells  # fmt: skip
    return [papers.elector(n, **{name: value(n) for name, value in made.items()}) for n in range(HOMES)]


def check(office: Office, actor: Actor, folder: Path, rows: list[Row]) -> ImportReport:
    path = papers.write(folder, "r.csv", papers.register(*rows))
    return import_file(office, actor, "register", path, DAY, dry_run=True)


def asked(report: ImportReport) -> dict[str, str]:
    return {question.kind: question.sentence for question in report.questions}


@pytest.mark.usefixtures("gazetteer")
def test_a_register_of_here_asks_nothing(office: Office, actor: Actor, tmp_path: Path) -> None:
    assert asked(check(office, actor, tmp_path, electors())) == {}
    blank = electors(UPRN=lambda _: "")
    assert asked(check(office, actor, tmp_path, blank)) == {}


@pytest.mark.usefixtures("gazetteer")
@pytest.mark.parametrize(
    "rounded",
    [
        lambda n: (FIRST + 7 * n) // 1_000_000 * 1_000_000, lambda n: (FIRST + 7 * n) // 10_000 * 10_000,
        lambda n: (FIRST + 7 * n) // 100 * 100, lambda n: f"{(FIRST + 7 * n) // 10_000 * 10_000}.0",
        lambda n: (FIRST + 7 * n) // 10 * 10, lambda n: f"{(FIRST + 7 * n) // 1000 * 1000:012d}",
    ],
)  # fmt: skip
def test_rounded_uprns(office: Office, actor: Actor, tmp_path: Path, rounded: Callable[[int], object]) -> None:
    found = asked(check(office, actor, tmp_path, electors(UPRN=rounded)))
    assert "known to the gazetteer" in found["unknown-uprns"]
    assert "a spreadsheet that rounded them" in found["unknown-uprns"]


@pytest.mark.usefixtures("gazetteer")
@pytest.mark.parametrize("wrong", [lambda n: 138_000_003 + 7 * n, lambda n: FIRST // 100 + 7 * n + 3])
def test_uprns_of_elsewhere(office: Office, actor: Actor, tmp_path: Path, wrong: Callable[[int], object]) -> None:
    found = asked(check(office, actor, tmp_path, electors(UPRN=wrong)))
    assert found["unknown-uprns"].startswith("r.csv: none of the 60 UPRNs is known to the gazetteer.")
    assert "of another area" in found["unknown-uprns"]


@pytest.mark.usefixtures("gazetteer")
@pytest.mark.parametrize("other", ["ElectorID", "RollNo", "House", "ElectorTitle", "County"])
def test_swapped_columns(office: Office, actor: Actor, tmp_path: Path, other: str) -> None:
    rows = electors(**{"UPRN": lambda n: 1_000_000 + n, other: lambda n: FIRST + 7 * n})
    found = asked(check(office, actor, tmp_path, rows))
    assert f"the columns UPRN and {other} look swapped" in found["swapped-uprns"]
    assert "unknown-uprns" not in found


@pytest.mark.usefixtures("gazetteer")
@pytest.mark.parametrize("other", ["County", "Parl", "RegisteredAddress6"])
def test_swapped_postcodes(office: Office, actor: Actor, tmp_path: Path, other: str) -> None:
    rows = electors(**{"PostCode": lambda _: "Staffordshire", other: lambda _: "DE14 1AA"})
    assert (
        f"the columns PostCode and {other} look swapped"
        in asked(check(office, actor, tmp_path, rows))["swapped-postcodes"]
    )


def test_before_there_is_a_gazetteer_the_numbers_themselves_tell(office: Office, actor: Actor, tmp_path: Path) -> None:
    swapped = electors(UPRN=lambda n: 1_000_000 + n, ElectorID=lambda n: FIRST + 7 * n)
    assert "swapped-uprns" in asked(check(office, actor, tmp_path, swapped))
    assert "unknown-uprns" in asked(check(office, actor, tmp_path, electors(UPRN=lambda _: 100_031_000_000)))
    assert asked(check(office, actor, tmp_path, electors())) == {}


@pytest.mark.usefixtures("gazetteer")
@pytest.mark.parametrize("strangers", [1, 2, 30])
def test_strangers_above_two_in_a_hundred_wait_for_a_yes(
    office: Office, actor: Actor, tmp_path: Path, strangers: int
) -> None:
    away = [
        papers.elector(1000 + n, UPRN=138_000_000 + n, RegisteredAddress1=f"{n} Kelpie Brae", PostCode="EH21 2AB")
        for n in range(strangers)
    ]
    report = check(office, actor, tmp_path, electors() + away)
    counted = {count.name: count.value for count in report.counts}
    assert counted["strangers"] == strangers
    if strangers == 1:
        assert asked(report) == {}
        return
    assert f"{strangers} of {HOMES + strangers} electors" in asked(report)["strangers"]
    with pytest.raises(AnswerNeeded, match="lies in another area"):
        import_file(office, actor, "register", tmp_path / "r.csv", DAY)
    assert import_file(office, actor, "register", tmp_path / "r.csv", DAY, accept_problems=True).accepted


@pytest.mark.usefixtures("gazetteer")
def test_no_cell_is_shown(office: Office, actor: Actor, tmp_path: Path) -> None:
    rows = electors(UPRN=lambda n: 1_000_000 + n, ElectorID=lambda n: FIRST + 7 * n)
    told = " ".join(asked(check(office, actor, tmp_path, rows)).values())
    assert not any(str(cell) in told for row in rows for cell in row if len(str(cell)) > 4 and str(cell) != "UPRN")


CASES = {
    "a01-uprn-rounded.csv.gz": ("unknown-uprns", "a spreadsheet that rounded them"),
    "a12-uprn-elector-id-swapped.csv.gz": ("swapped-uprns", "the columns UPRN and ElectorID look swapped"),
    "a06-other-councils.csv.gz": ("strangers", "1,500 of 2,100 electors (71%)"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_cases(office: Office, actor: Actor, shared: Path, case: str) -> None:
    folder = shared / "cases"
    if not folder.exists():
        pytest.skip("the cases are not here")
    import_file(office, actor, "gazetteer", folder / "base/gazetteer_dtf73.csv.gz", DAY, accept_problems=True)
    report = import_file(office, actor, "register", folder / case, DAY, dry_run=True)
    kind, words = CASES[case]
    assert words in asked(report)[kind]
    with gzip.open(folder / case, "rt", encoding="utf-8-sig") as file:
        assert report.accepted == sum(1 for _ in csv.DictReader(file))
