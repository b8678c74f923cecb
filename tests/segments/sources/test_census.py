"""Census tables whose categories or figures are not all there: what follows from the rest is worked out, only the cell
is lost, and what nobody can tell is refused by name. Each was a table that took every page down."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.files.report import ImportReport
from segments.importing.imports import import_file
from segments.sources import census_categories
from segments.sources.census_categories import PUBLISHED
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)
OA, OTHER = "E00149825", "E00149826"
TENURES = {
    "Total: All households": 100, "Owned": 50, "Owned: Owns outright": 30, "Owned: Owns with a mortgage or loan": 20,
    "Shared ownership": 1, "Shared ownership: Shared ownership": 1, "Social rented": 19,
    "Social rented: Rents from council or Local Authority": 9, "Social rented: Other social rented": 10,
    "Private rented": 28, "Private rented: Private landlord or letting agency": 26,
    "Private rented: Other private rented": 2, "Lives rent free": 2,
}  # fmt: skip


def text(topic: str, rows: list[dict[str, object]], areas: tuple[str, ...] = (OA, OTHER)) -> str:
    header = ["date", "geography", "geography code", *(f"{topic}: {name}" for name in rows[0])]
    return papers.table(header, [[2021, area, area, *row.values()] for area, row in zip(areas, rows, strict=False)])


def take(office: Office, actor: Actor, folder: Path, content: str) -> ImportReport:
    return import_file(office, actor, "indicator", papers.write(folder, "table.csv", content), TODAY)


def figures(office: Office, report: ImportReport, area: str = OA) -> dict[str, float]:
    return {measure: value for where, _, measure, value in papers.rows(office, report.snapshot_id) if where == area}


def tenure(**changed: object) -> dict[str, object]:
    return {**TENURES, **changed}


@pytest.mark.parametrize(
    ("lacking", "value"),
    [
        ("Total: All households", 100), ("Owned", 50), ("Owned: Owns outright", 30), ("Social rented", 19),
        ("Private rented", 28), ("Lives rent free", 2), ("Shared ownership", 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("how", ["missing", "blank"])
def test_what_follows_from_the_others_is_worked_out(
    office: Office, actor: Actor, tmp_path: Path, lacking: str, value: float, how: str
) -> None:
    row = tenure(**{lacking: ""})
    if how == "missing":
        del row[lacking]
    report = take(office, actor, tmp_path, text("Tenure of household", [row]))
    found = figures(office, report)
    assert report.accepted == 1
    assert found[f"tenure of household: {lacking.lower()}"] == value
    assert (found["owned_share"], found["private_rented_share"]) == (0.5, 0.28)


@pytest.mark.parametrize("mark", ["", "!", "-", "*", "c", "[c]", "..", "<5", "suppressed", "–"])
def test_a_suppressed_figure_loses_its_cell_and_not_its_area(
    office: Office, actor: Actor, tmp_path: Path, mark: str
) -> None:
    detail = "Private rented: Other private rented"
    hidden = tenure(**{detail: mark, "Private rented: Private landlord or letting agency": mark})
    report = take(office, actor, tmp_path, text("Tenure of household", [hidden, tenure()]))
    assert (report.accepted, report.rejected) == (2, {})
    assert report.warnings[0].startswith("1 areas have a figure that is blank or suppressed")
    found = figures(office, report)
    assert found["private_rented_share"] == 0.28
    assert f"tenure of household: {detail.lower()}" not in found
    assert figures(office, report, OTHER)[f"tenure of household: {detail.lower()}"] == 2


def test_what_is_no_figure_at_all_still_rejects_its_row(office: Office, actor: Actor, tmp_path: Path) -> None:
    rows = [tenure(Owned="many"), tenure()]
    assert take(office, actor, tmp_path, text("Tenure of household", rows)).rejected == {"not a number": 1}
    rows = [tenure(Owned=-3), tenure()]
    assert take(office, actor, tmp_path, text("Tenure of household", rows)).rejected == {"a count below nothing": 1}


def _published(table: str) -> dict[str, object]:
    return dict.fromkeys(PUBLISHED[table][1], 10)


@pytest.mark.parametrize(
    ("table", "gone", "instead", "named"),
    [
        ("ts054", ["owned: owns outright"], ["owned: owned outright"], "owned: owns outright"),
        ("ts007a", ["aged 20 to 24 years"], ["aged 20 - 24"], "aged 20 to 24 years"),
        ("ts007a", ["aged 15 to 19 years", "aged 20 to 24 years"], ["aged 15 to 24 years"], "aged 15 to 19 years"),
        ("ts017", ["7 people in household", "8 or more people in household"], ["7 or more people in household"], "8 or more"),
        ("ts017", ["1 person in household", "2 people in household"], [], "1 person in household"),
        ("ts019", ["address one year ago is the same as the address of enumeration"], ["same address"], "address one"),
        ("ts029", ["main language is not english (english or welsh in wales)"], ["another main language"], "main language is not"),
        ("ts068", ["student"], ["full-time student"], "student"),
        ("ts003", ["one person household"], ["lives alone"], "one person household"),
        ("ts021", ["white: other white"], ["white: other"], "white: other white"),
    ],
)  # fmt: skip
def test_renamed_and_merged_categories_are_refused_by_name(
    office: Office, actor: Actor, tmp_path: Path, table: str, gone: list[str], instead: list[str], named: str
) -> None:
    row = {name: value for name, value in _published(table).items() if name not in gone} | dict.fromkeys(instead, 10)
    with pytest.raises(InputRefused, match=rf"Expected and not there: .*{named}") as refused:
        take(office, actor, tmp_path, text(PUBLISHED[table][0], [row]))
    assert all(name in str(refused.value) for name in instead)
    assert "Nothing was changed" in str(refused.value)


@pytest.mark.parametrize("topic", ["Passports held", "Country of birth", "Economic activity status"])
def test_a_table_whose_total_nobody_can_work_out_is_refused(
    office: Office, actor: Actor, tmp_path: Path, topic: str
) -> None:
    with pytest.raises(InputRefused, match="Expected and not there: Total"):
        take(office, actor, tmp_path, text(topic, [{"Europe": 90, "Europe: United Kingdom": 80, "Africa": 10}]))


@pytest.mark.parametrize("table", PUBLISHED)
@pytest.mark.parametrize("place", [0, 1, -1])
def test_every_table_with_one_category_missing_is_used(
    office: Office, actor: Actor, tmp_path: Path, table: str, place: int
) -> None:
    topic, names = PUBLISHED[table]
    row = {name: 10 * (len(names) if name == names[0] else 1) for name in names if name != names[place]}
    labels = set(figures(office, take(office, actor, tmp_path, text(topic, [row]))))
    assert {f"{topic}: {name}" for name in census_categories.needed(table)} <= labels


@pytest.mark.parametrize(
    ("codes", "larger"), [(("E02006131", "E02006132"), "MSOAs"), (("E05014473", "E05014474"), "wards")]
)
@pytest.mark.parametrize("table", ["ts007a", "ts054"])
def test_by_msoa_or_ward_is_refused(
    office: Office, actor: Actor, tmp_path: Path, codes: tuple[str, str], larger: str, table: str
) -> None:
    with pytest.raises(InputRefused, match=f"is by {larger}, which are too large"):
        take(office, actor, tmp_path, text(PUBLISHED[table][0], [_published(table)] * 2, codes))


@pytest.mark.parametrize(
    ("name", "accepted"),
    [("d1-suppressed-detail", 18), ("d10-ages-one-cell-suppressed", 18), ("d12-ts019-no-total", 18), ("d12-ts054-renamed", 0)],
)  # fmt: skip
def test_the_cases_beside_the_project(
    office: Office, actor: Actor, shared: Path, tmp_path: Path, name: str, accepted: int
) -> None:
    path = shared / "cases" / f"{name}.csv"
    if not accepted:
        with pytest.raises(InputRefused, match="owned: owns outright"):
            import_file(office, actor, "indicator", path, TODAY)
        return
    report = import_file(office, actor, "indicator", path, TODAY)
    header = next(csv.reader(io.StringIO(path.read_text())))
    assert (report.accepted, report.rejected) == (accepted, {})
    assert papers.rows(office, report.snapshot_id, "count(distinct measure)")[0][0] >= len(header) - 3
