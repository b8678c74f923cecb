"""Geography, boundaries, indicators and population."""

import json
from datetime import date
from pathlib import Path

import pytest

from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.files.report import ImportReport
from segments.importing.imports import import_file
from segments.sources.census import TABLES
from segments.sources.indicators import INDICATORS
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)
OA = "E00149825"


def take(office: Office, actor: Actor, folder: Path, kind: str, text: str, name: str = "f.csv") -> ImportReport:
    return import_file(office, actor, kind, papers.write(folder, name, text), TODAY)


def geography(office: Office, actor: Actor, folder: Path) -> ImportReport:
    return take(
        office, actor, folder, "geography", papers.geography((7, *papers.HERE), (8, "E00149826", *papers.HERE[1:]))
    )


def test_geography_keeps_the_authoritys_own_rows(office: Office, actor: Actor, tmp_path: Path) -> None:
    there = ("E00000001", "E01000001", "E02000001", "E05000001", "E09000001")
    rows = [(7, *papers.HERE), (8, *there), ("8.00", *papers.HERE), (7, *papers.HERE), (9, "", *papers.HERE[1:])]
    report = take(office, actor, tmp_path, "geography", papers.geography(*rows))
    assert papers.rows(office, report.snapshot_id) == [(7, *papers.HERE), (8, *papers.HERE)]
    assert report.rejected == {"in another authority": 1, "no oa code": 1, "the same UPRN twice": 1}
    lines = (office.lake.root / report.rejects_file).read_text("utf-8-sig").splitlines()[1:]
    assert [line.split(",")[:4] for line in lines] == [
        ["5", "", "the same UPRN twice", ""],
        ["6", "OA21CD", "no oa code", ""],
    ]
    assert report.expected == ["in another authority"]
    with pytest.raises(InputRefused, match=r"no usable row of E07000193\. Most of its rows are of E09000001"):
        take(office, actor, tmp_path, "geography", papers.geography((8, *there)))


def test_geography_columns_carry_any_year(office: Office, actor: Actor, tmp_path: Path) -> None:
    text = (
        papers.geography((7, *papers.HERE))
        .replace("WD25CD", "wd26cd")
        .replace("LAD25CD", "lad24cd")
        .replace("OAC21IND", "oa11cd")
    )
    assert papers.rows(office, take(office, actor, tmp_path, "geography", text).snapshot_id) == [(7, *papers.HERE)]


def test_wards_of_a_council(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = take(office, actor, tmp_path, "boundaries", papers.wards("Anglesey", "Crown"), "w.geojson")
    rows = papers.rows(office, report.snapshot_id, "ward, name, name_cy")
    assert rows == [("E05014473", "Anglesey", ""), ("E05014474", "Crown", "")]
    [(geometry,), _] = papers.rows(office, report.snapshot_id, "geometry", "ward")
    assert json.loads(geometry)["type"] == "Polygon"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (papers.wards("A", authority="E09000001"), "in another authority: 1"),
        (
            papers.wards("A", x=4245190, y=322019),
            "coordinates are neither longitude and latitude .* nor National Grid metres in the United Kingdom: 1",
        ),
        (papers.wards("A", ""), "not one row"),
        (papers.wards("Anglesey", "Crown")[:-30], "line .*: the GeoJSON is damaged or cut off"),
        (papers.wards("A").replace("E05014473", "Anglesey"), "no ward code: 1"),
        (papers.wards("A").replace("Polygon", "Point"), "no polygon: 1"),
        (papers.wards("A").replace("Polygon", "MultiPolygon"), "no polygon: 1"),  # its points lie a level too high
        (papers.wards("A", x=424019, y=322019).replace("424019,", "", 1), "no polygon: 1"),  # a point of one number
        (papers.wards("A", "B").replace("E05014474", "E05014473"), "holds ward E05014473 twice"),
        ('{"type": "FeatureCollection", "features": 3, "x": "WD25CD"}', "no list of features"),
    ],
)
def test_boundaries_that_cannot_be(office: Office, actor: Actor, tmp_path: Path, text: str, sentence: str) -> None:
    if sentence == "not one row":  # one good ward is enough, and the other is told
        report = take(office, actor, tmp_path, "boundaries", text, "w.geojson")
        assert report.rejected == {"no ward name": 1}
        return
    with pytest.raises(InputRefused, match=sentence):
        take(office, actor, tmp_path, "boundaries", text, "w.geojson")


def test_boundaries_without_districts_are_held_against_the_geography(
    office: Office, actor: Actor, tmp_path: Path
) -> None:
    geography(office, actor, tmp_path)
    assert (
        take(office, actor, tmp_path, "boundaries", papers.wards("Anglesey", authority=None), "w.geojson").accepted == 1
    )
    other = papers.wards("Anglesey", authority=None, x=-1.2).replace("E05014473", "E05000001")
    with pytest.raises(InputRefused, match="none of the wards of E07000193"):
        take(office, actor, tmp_path, "boundaries", other, "w.geojson")


def census(*measures: str, rows: list[list[object]]) -> str:
    return papers.table(["date", "geography", "geography code", *measures], [[2021, row[0], *row] for row in rows])


TENURE = "Tenure of household: "


def test_a_census_table_gives_counts_and_shares(office: Office, actor: Actor, tmp_path: Path) -> None:
    geography(office, actor, tmp_path)
    measures = [
        f"{TENURE}{name}; measures: Value"
        for name in ("Total: All households", "Owned", "Social rented", "Private  rented")
    ]
    text = census(
        *measures,
        rows=[
            [OA, 200, 120, 30, 50],
            ["E00149826", 0, 0, 0, 0],
            ["E00000001", 9, 9, 9, 9],
            ["E07000193", 9, 9, 9, 9],
            ["E01029406", "1,000", "x", 1, 1],
        ],
    )
    report = take(office, actor, tmp_path, "indicator", text)
    assert (report.rows_read, report.accepted) == (5, 2)
    assert report.rejected == {"in another authority": 1, "no code of an output area or LSOA": 1, "not a number": 1}
    assert report.warnings == []
    found = {
        (area, measure): value
        for area, level, measure, value in papers.rows(office, report.snapshot_id)
        if level == "oa"
    }
    assert {measure: value for (area, measure), value in found.items() if area == OA} == {
        "tenure of household: total: all households": 200, "tenure of household: owned": 120,
        "tenure of household: social rented": 30, "tenure of household: private rented": 50,
        "owned_share": 0.6, "social_rented_share": 0.15, "private_rented_share": 0.25,
    }  # fmt: skip
    assert ("E00149826", "owned_share") not in found  # nobody lives there
    with office.database.session() as session:
        from engage.foundation.lake import current_by_name

        assert set(current_by_name(session, actor.authority, "indicator")) == {"ts054"}


def test_labels_with_commas_and_line_breaks(office: Office, actor: Actor, tmp_path: Path) -> None:
    measures = [
        "Ethnic group: Total: All usual residents", "Ethnic group: Asian, Asian British or Asian Welsh",
        "Ethnic group: Asian, Asian British\n or Asian Welsh: Pakistani", "Ethnic group: White",
        "Ethnic group: White: English, Welsh, Scottish, Northern Irish or British",
    ]  # fmt: skip
    report = take(office, actor, tmp_path, "indicator", census(*measures, rows=[[OA, 100, 30, 20, 70, 60]]))
    found = {measure: value for _, _, measure, value in papers.rows(office, report.snapshot_id)}
    assert found["ethnic group: asian, asian british or asian welsh: pakistani"] == 20
    assert found["asian_share"] == 0.3
    assert found["minority_ethnic_share"] == pytest.approx(0.4)
    assert "black_share" not in found
    assert "black_share cannot be worked out: a column is missing" in report.warnings


@pytest.mark.parametrize(
    ("table", "measures", "values", "shares"),
    [
        ("ts019", ["Migrant indicator: Total: All usual residents", "Migrant indicator: Address one year ago is the same as the address of enumeration"],
         [200, 150], {"moved_last_year_share": 0.25}),
        ("ts029", ["Proficiency in English language: Total: All usual residents aged 3 years and over",
                   "Proficiency in English language: Main language is not English (English or Welsh in Wales)",
                   "Proficiency in English language: Main language is not English (English or Welsh in Wales): Cannot speak English well",
                   "Proficiency in English language: Main language is not English (English or Welsh in Wales): Cannot speak English"],
         [100, 40, 10, 5], {"other_language_share": 0.4, "limited_english_share": 0.15}),
        ("ts066", ["Economic activity status: Total: All usual residents aged 16 years and over",
                   "Economic activity status: Economically active (excluding full-time students):Unemployed",
                   "Economic activity status: Economically active and a full-time student",
                   "Economic activity status: Economically inactive: Student"],
         [100, 5, 10, 20], {"unemployed_share": 0.05, "adult_student_share": 0.3}),
        ("ts004", ["Country of birth: Total; measures: Value", "Country of birth: Europe; measures: Value", "Country of birth: Europe: United Kingdom; measures: Value"],
         [100, 95, 80], {"born_abroad_share": 0.2}),
        ("ts005", ["Passports held: Total; measures: Value", "Passports held: Europe: United Kingdom", "Passports held: No passport held"],
         [100, 70, 20], {"other_passport_share": 0.1}),
    ],
)  # fmt: skip
def test_shares_of_tables(
    office: Office,
    actor: Actor,
    tmp_path: Path,
    table: str,
    measures: list[str],
    values: list[int],
    shares: dict[str, float],
) -> None:
    report = take(office, actor, tmp_path, "indicator", census(*measures, rows=[[OA, *values]]))
    found = {
        measure: value for _, _, measure, value in papers.rows(office, report.snapshot_id) if measure in INDICATORS
    }
    assert found == pytest.approx(shares)
    assert {INDICATORS[name].table for name in found} == {table}


def test_every_indicator_has_words_in_both_languages_and_a_known_table() -> None:
    for name, indicator in INDICATORS.items():
        assert name.isidentifier()
        assert name == name.lower()
        assert indicator.label_en != indicator.label_cy
        assert indicator.table in {*TABLES.values(), "imd2019", "imd2025", "oac2021"}
        assert indicator.level == ("lsoa" if indicator.table.startswith("imd") else "oa")
    assert len({indicator.label_en for indicator in INDICATORS.values()}) == len(INDICATORS)


def test_another_authoritys_areas_are_refused(office: Office, actor: Actor, tmp_path: Path) -> None:
    geography(office, actor, tmp_path)
    with pytest.raises(InputRefused, match=r"holds no area of E07000193: its areas \(E00000001"):
        take(office, actor, tmp_path, "indicator", census(f"{TENURE}Owned", rows=[["E00000001", 1]]))


IMD = [
    "Index of Multiple Deprivation (IMD) Score", "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)",
    "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)",
    "Education, Skills and Training Decile (where 1 is most deprived 10% of LSOAs)", "Total population: mid 2022",
]  # fmt: skip


@pytest.mark.parametrize(
    ("edition", "year", "decile"), [("imd2025", 2021, "imd_decile"), ("imd2019", 2011, "imd2019_decile")]
)
def test_deprivation(office: Office, actor: Actor, tmp_path: Path, edition: str, year: int, decile: str) -> None:
    header = [
        f"LSOA code ({year})",
        f"LSOA name ({year})",
        "Local Authority District code (2024)",
        "Local Authority District name (2024)",
        *IMD,
    ]
    rows = [
        ["E01029405", "East Staffordshire 001A", "E07000193", "East Staffordshire", 15.596, "18,669", 6, 5, ""],
        ["E01000001", "Elsewhere 001A", "E09000001", "Elsewhere", 1, 2, 3, 4, 5],
    ]  # fmt: skip
    report = take(office, actor, tmp_path, "indicator", papers.table(header, rows))
    assert (report.accepted, report.rejected) == (1, {"in another authority": 1})
    found = {measure: (level, value) for _, level, measure, value in papers.rows(office, report.snapshot_id)}
    assert found[decile] == ("lsoa", 6)
    assert found["index of multiple deprivation (imd) rank (where 1 is most deprived)"] == ("lsoa", 18669)
    assert "total population: mid 2022" not in found
    assert papers.rows(office, report.snapshot_id, "count(distinct area)") == [(1,)]


AGES = [str(age) for age in range(90)] + ["90+"]


def test_population_by_single_years(office: Office, actor: Actor, tmp_path: Path) -> None:
    header = ["period", "area_code", "area_name", "geography", "sex", "all_ages", "aged_0_to_15", *AGES]
    rows = [
        ["2020-06-30", "E01029405", "A", "LSOA", sex, 910, 160, *[number] * 91]
        for sex, number in [("Persons", 10), ("Females", "6"), ("x", 1)]
    ]
    report = take(office, actor, tmp_path, "population", papers.table(header, rows))
    assert report.rejected == {"sex is not persons, females or males": 1}
    assert papers.rows(office, report.snapshot_id, "*", "age desc, sex")[:2] == [
        ("E01029405", "lsoa", "all", 90, 10.0), ("E01029405", "lsoa", "female", 90, 6.0),
    ]  # fmt: skip
    assert report.figures == {"areas": 1, "people": 910, "period": "2020-06-30"}


def test_population_of_wards_under_titles(office: Office, actor: Actor, tmp_path: Path) -> None:
    header = ["Ward Code 1", "Ward Name 1", "LA Code (2021 boundaries)", "LA name (2021 boundaries)", "All Ages", *AGES]
    rows = [
        ["Table 1: estimates"],
        [""],
        ["Persons"],
        header,
        ["E05014473", "Anglesey", "E07000193", "x", "91,000", *["1,000"] * 91],
    ]
    report = take(office, actor, tmp_path, "population", papers.table(rows[0], rows[1:]))
    assert (report.rows_read, report.accepted) == (1, 1)
    assert papers.rows(office, report.snapshot_id, "*", "age")[0] == ("E05014473", "ward", "all", 0, 1000.0)


def test_population_by_sex_in_columns(office: Office, actor: Actor, tmp_path: Path) -> None:
    header = [
        "LAD 2023 Code",
        "LSOA 2021 Code",
        "Total",
        *[f"F{age}" for age in range(91)],
        *[f"M{age}" for age in range(91)],
    ]
    report = take(
        office,
        actor,
        tmp_path,
        "population",
        papers.table(header, [["E07000193", "E01029405", 273, *[1] * 91, *[2] * 91]]),
    )
    by_sex = papers.rows(office, report.snapshot_id, "sex, age, value", "age, sex")
    assert by_sex[:2] == [("female", 0, 1.0), ("male", 0, 2.0)]
    assert len(by_sex) == 182
    assert report.figures["people"] == 273
