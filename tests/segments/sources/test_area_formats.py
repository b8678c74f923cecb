"""Geography, boundaries, indicators and population in the layouts they are published in, to known counts."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import shape

from engage.foundation.errors import InputRefused
from engage.foundation.lake import current, current_by_name
from engage.foundation.office import Actor, Office
from segments.areas import output_areas, wards
from segments.engine import execution
from segments.files.report import ImportReport
from segments.homes import households
from segments.importing.imports import import_file
from segments.rules import local_indicators
from tests.segments.sources import papers

AREAS = Path(__file__).parent / "samples" / "areas"
TODAY = date(2026, 6, 1)
OWN = "E07000193"
ELSEWHERE = "in another authority"
OA, OTHER_OA, LSOA = "E00149825", "E00149826", "E01029406"


def take(office: Office, actor: Actor, kind: str, name: str) -> ImportReport:
    report = import_file(office, actor, kind, AREAS / name, TODAY)
    assert report.rows_read == report.accepted + sum(report.rejected.values())
    return report


@pytest.fixture
def placed(office: Office, actor: Actor) -> Office:
    """An office that knows its geography: two output areas of one LSOA, in two wards."""
    take(office, actor, "geography", "nsul.csv")
    return office


def figures(office: Office, report: ImportReport) -> dict[tuple[str, str], float]:
    return {(area, measure): value for area, _, measure, value in papers.rows(office, report.snapshot_id)}


# Where homes are


def test_a_regional_look_up_of_uprns(office: Office, actor: Actor) -> None:
    report = take(office, actor, "geography", "nsul.csv")
    assert papers.rows(office, report.snapshot_id) == [
        (3410000001, OA, LSOA, "E02006131", "E05014473", OWN),
        (3410000002, OTHER_OA, LSOA, "E02006131", "E05014474", OWN),
        (3410000003, OA, LSOA, "E02006131", "E05014473", OWN),
    ]
    assert report.rejected == {ELSEWHERE: 2, "no oa code": 1}
    assert report.expected == [ELSEWHERE]


@pytest.mark.parametrize("name", ["nspl_2026.csv", "nspl_2025.csv", "onspd_2023.csv"])
def test_postcodes_in_each_layout(office: Office, actor: Actor, name: str) -> None:
    report = take(office, actor, "geography", name)
    assert papers.rows(office, report.snapshot_id) == [
        ("DE14 1AA", OA, LSOA, "E02006131", "E05014473", OWN),
        ("DE6 5QT", OTHER_OA, LSOA, "E02006131", "E05014474", OWN),
    ]
    assert report.rejected == {ELSEWHERE: 2, "terminated postcode": 1}
    assert (report.outcome, report.problems) == ("good", {})
    with office.database.session() as session:
        assert current(session, OWN, "geography") is None  # a shelf of its own
        assert current(session, OWN, "postcodes") is not None


@pytest.mark.parametrize("form", ["pcd", "pcd2", "pcds"])
def test_any_form_of_a_postcode_is_enough(office: Office, actor: Actor, tmp_path: Path, form: str) -> None:
    text = (AREAS / "nspl_2025.csv").read_text()
    for other in {"pcd", "pcd2", "pcds"} - {form}:
        text = text.replace(f"{other},", f"x{other},", 1)
    text = text.replace("xxpcd", "xpcd")
    report = import_file(office, actor, "geography", papers.write(tmp_path, "n.csv", text), TODAY)
    assert papers.rows(office, report.snapshot_id, "postcode") == [("DE14 1AA",), ("DE6 5QT",)]


def test_the_areas_of_2011_alone_are_refused(office: Office, actor: Actor, tmp_path: Path) -> None:
    text = (AREAS / "nsul.csv").read_text()
    for area in ("OA", "LSOA", "MSOA"):
        text = text.replace(f",{area}21CD", f",{area}11CD")
    with pytest.raises(InputRefused, match=r"only the output areas of 2011 \(column OA11CD\)"):
        import_file(office, actor, "geography", papers.write(tmp_path, "g.csv", text), TODAY)


def test_the_files_beside_the_project(office: Office, actor: Actor, shared: Path) -> None:
    for name, refusal in [("onspd_aug2024__onspd_test.csv", "no usable row of E07000193. Most of its rows are of E"),
                          ("onsud__onsud_test.csv", "only the output areas of 2011")]:  # fmt: skip
        with pytest.raises(InputRefused, match=refusal):
            import_file(office, actor, "geography", shared / "data/formats/geography" / name, TODAY)


@pytest.mark.parametrize(
    ("name", "kind", "pairs"),
    [
        ("lookup_lsoa_ward.csv", "lsoa-ward", [
            ("lsoa", "E01029405", "East Staffordshire 001A", "ward", "E05014473", "Anglesey"),
            ("lsoa", LSOA, "East Staffordshire 001B", "ward", "E05014473", "Anglesey"),
            ("lsoa", "E01029407", "East Staffordshire 001C", "ward", "E05014474", "Bagots & Needwood"),
        ]),
        ("lookup_ward_authority.csv", "ward-authority", [
            ("ward", "E05014473", "Anglesey", "authority", OWN, "East Staffordshire"),
            ("ward", "E05014474", "Bagots & Needwood", "authority", OWN, "East Staffordshire"),
        ]),
        ("lookup_oa_lsoa_msoa.csv", "oa-lsoa-msoa", [
            ("oa", OA, None, "lsoa", LSOA, "East Staffordshire 001B"),
            ("oa", OA, None, "msoa", "E02006131", "East Staffordshire 001"),
            ("oa", OTHER_OA, None, "lsoa", LSOA, "East Staffordshire 001B"),
            ("oa", OTHER_OA, None, "msoa", "E02006131", "East Staffordshire 001"),
        ]),
    ],
)  # fmt: skip
def test_look_ups_between_areas(
    office: Office, actor: Actor, name: str, kind: str, pairs: list[tuple[str | None, ...]]
) -> None:
    report = take(office, actor, "geography", name)
    columns = "from_level, from_code, from_name, to_level, to_code, to_name"
    assert papers.rows(office, report.snapshot_id, columns, "from_code, to_level") == sorted(
        pairs, key=lambda pair: (pair[1] or "", pair[3] or "")
    )
    assert (report.rejected, report.outcome) == ({ELSEWHERE: 1}, "good")
    with office.database.session() as session:
        assert list(current_by_name(session, OWN, "lookup")) == [kind]


def test_a_home_the_uprn_look_up_lacks_takes_the_areas_of_its_postcode(
    office: Office, actor: Actor, tmp_path: Path
) -> None:
    """Its neighbours lie in the one ward, its postcode by ONS in the other: ONS is believed."""
    uprns = [3410000001, 3410000003, 3410000009]
    text = papers.gazetteer(*papers.street(1, "MILL LANE"), *(papers.blpu(u) for u in uprns),
                            *(papers.lpi(u, pn=n, postcode="DE6 5QT") for n, u in enumerate(uprns, 1)))  # fmt: skip
    import_file(office, actor, "gazetteer", papers.write(tmp_path, "g.csv", text), TODAY)
    electors = papers.register(papers.elector(1, UPRN=3410000001))
    import_file(office, actor, "register", papers.write(tmp_path, "r.csv", electors), TODAY)
    take(office, actor, "geography", "nsul.csv")
    before = households.build(office, actor)
    take(office, actor, "geography", "nspl_2026.csv")
    after = households.build(office, actor)
    assert papers.rows(office, before.id, "uprn, oa, ward")[-1] == (3410000009, OA, "E05014473")
    assert papers.rows(office, after.id, "uprn, oa, ward") == [
        (3410000001, OA, "E05014473"), (3410000003, OA, "E05014473"), (3410000009, OTHER_OA, "E05014474"),
    ]  # fmt: skip


def test_wards_are_called_as_the_look_up_says_until_boundaries_come(
    office: Office, actor: Actor, tmp_path: Path
) -> None:
    text = papers.gazetteer(*papers.street(1, "MILL LANE"), papers.blpu(3410000001), papers.lpi(3410000001))
    import_file(office, actor, "gazetteer", papers.write(tmp_path, "g.csv", text), TODAY)
    electors = papers.register(papers.elector(1, UPRN=3410000001))
    import_file(office, actor, "register", papers.write(tmp_path, "r.csv", electors), TODAY)
    take(office, actor, "geography", "nsul.csv")
    names = [papers.rows(office, households.build(office, actor).id, "ward_name")]
    assert wards.named(office, OWN) == {}
    take(office, actor, "geography", "lookup_lsoa_ward.csv")
    take(office, actor, "geography", "lookup_oa_lsoa_msoa.csv")  # of no wards
    names.append(papers.rows(office, households.build(office, actor).id, "ward_name"))
    assert wards.named(office, OWN) == {"E05014473": "Anglesey", "E05014474": "Bagots & Needwood"}
    boundaries = papers.write(tmp_path, "w.geojson", papers.wards("Anglesey Ward"))
    import_file(office, actor, "boundaries", boundaries, TODAY)
    names.append(papers.rows(office, households.build(office, actor).id, "ward_name"))
    assert names == [[("E05014473",)], [("Anglesey",)], [("Anglesey Ward",)]]


# Boundaries

ANGLESEY = (-1.637811, 52.7952)  # ONS: LONG and LAT of the ward whose BNG_E and BNG_N are 424519 and 322019
METRES_PER_DEGREE = (67_300, 111_250)  # of longitude and latitude, at 52.8 degrees north


def off(point: tuple[float, float], other: tuple[float, float]) -> float:
    east, north = ((a - b) * m for a, b, m in zip(point, other, METRES_PER_DEGREE, strict=True))
    return float((east**2 + north**2) ** 0.5)


def test_boundaries_on_the_national_grid_are_moved_to_within_ten_metres(placed: Office, actor: Actor) -> None:
    report = take(placed, actor, "boundaries", "wards_27700.geojson")
    assert papers.rows(placed, report.snapshot_id, "ward, name, name_cy") == [
        ("E05014473", "Anglesey", ""), ("E05014474", "Bagots & Needwood", ""),
    ]  # fmt: skip
    assert (report.rejected, report.outcome) == ({ELSEWHERE: 1}, "good")  # told by the geography: no district codes
    [(geometry,), _] = papers.rows(placed, report.snapshot_id, "geometry", "ward")
    centre = shape(json.loads(geometry)).centroid
    assert off((centre.x, centre.y), ANGLESEY) < 10


def test_metres_are_known_without_being_declared(placed: Office, actor: Actor, tmp_path: Path) -> None:
    text = json.loads((AREAS / "wards_27700.geojson").read_text())
    del text["crs"]
    path = papers.write(tmp_path, "w.geojson", json.dumps(text))
    report = import_file(placed, actor, "boundaries", path, TODAY)
    [(geometry,), _] = papers.rows(placed, report.snapshot_id, "geometry", "ward")
    centre = shape(json.loads(geometry)).centroid
    assert off((centre.x, centre.y), ANGLESEY) < 10


def test_published_points_of_every_ward_agree(shared: Path) -> None:
    """BNG_E and BNG_N of the real file, moved as boundaries are, against its LONG and LAT."""
    import gzip

    from segments.sources.wards import _in_degrees

    text = gzip.decompress((shared / "data/east-staffordshire/wards.geojson.gz").read_bytes())
    wards = [feature["properties"] for feature in json.loads(text)["features"]]
    found = _in_degrees([[ward["BNG_E"], ward["BNG_N"]] for ward in wards])
    assert len(wards) == 16
    for ward, point in zip(wards, found, strict=True):
        assert off((point[0], point[1]), (ward["LONG"], ward["LAT"])) < 10


def test_another_coordinate_system_is_refused(office: Office, actor: Actor, tmp_path: Path) -> None:
    text = (AREAS / "wards_27700.geojson").read_text().replace("EPSG:27700", "EPSG:3857")
    with pytest.raises(InputRefused, match=r"in the coordinate system EPSG:3857. Expected longitude and latitude"):
        import_file(office, actor, "boundaries", papers.write(tmp_path, "w.geojson", text), TODAY)


def test_a_national_file_that_does_not_tell_whose_wards_are_whose(office: Office, actor: Actor, tmp_path: Path) -> None:
    one = json.loads(papers.wards("A", authority=None))["features"][0]
    features = [
        {**one, "properties": {**one["properties"], "WD25CD": f"E05{number:06}"}} for number in range(200)
    ]  # fmt: skip
    path = papers.write(tmp_path, "w.geojson", json.dumps({"type": "FeatureCollection", "features": features}))
    with pytest.raises(InputRefused, match=r"holds 200 wards and does not say which are of E07000193"):
        import_file(office, actor, "boundaries", path, TODAY)


# Census


def test_a_table_without_a_name_here_gives_every_share(placed: Office, actor: Actor) -> None:
    report = take(placed, actor, "indicator", "census2021-ts045-oa.csv")
    found = figures(placed, report)
    name = "census_number_of_cars_or_vans_no_cars_or_vans_in_household_share"
    assert found[OA, "number of cars or vans: no cars or vans in household"] == 25
    assert (found[OA, name], found[OTHER_OA, name]) == (0.25, 0.1)
    assert len({measure for _, measure in found}) == 5 + 4
    assert report.rejected == {ELSEWHERE: 1}
    column = local_indicators.columns(placed, OWN)[name]
    assert (column.label, column.unit) == ("Number of cars or vans: No cars or vans in household", "share")
    with placed.database.session() as session:
        assert list(current_by_name(session, OWN, "indicator")) == ["number_of_cars_or_vans"]


def test_a_colon_without_its_space(placed: Office, actor: Actor) -> None:
    found = figures(placed, take(placed, actor, "indicator", "census2021-ts066-oa.csv"))
    assert (
        found[OA, "economic activity status: economically active (excluding full-time students): in employment"] == 110
    )
    assert found[OA, "unemployed_share"] == 0.05
    assert found[OA, "adult_student_share"] == 0.25


def test_commas_and_line_breaks_inside_quotation_marks(placed: Office, actor: Actor) -> None:
    report = take(placed, actor, "indicator", "census2021-ts021-oa.csv")
    found = figures(placed, report)
    assert (report.rows_read, report.accepted) == (2, 2)
    assert found[OA, "ethnic group: asian, asian british or asian welsh: pakistani"] == 20
    assert found[OA, "minority_ethnic_share"] == pytest.approx(0.4)


def test_a_table_by_lsoa(placed: Office, actor: Actor) -> None:
    report = take(placed, actor, "indicator", "census2021-ts003-lsoa.csv")
    assert figures(placed, report)[LSOA, "one_person_share"] == 0.25
    assert papers.rows(placed, report.snapshot_id, "distinct level") == [("lsoa",)]


@pytest.mark.parametrize(
    ("code", "what"),
    [("E02006131", "MSOAs"), ("E05014473", "wards"), (OWN, "local authorities"), ("E12000005", "regions"),
     ("E92000001", "countries"), ("W06000001", "local authorities")],
)  # fmt: skip
def test_larger_areas_are_refused_with_the_reason(
    placed: Office, actor: Actor, tmp_path: Path, code: str, what: str
) -> None:
    text = (AREAS / "census2021-ts054-msoa.csv").read_text().replace("E02006131", code)
    with pytest.raises(InputRefused, match=f"is by {what}, which are too large .* whose name ends in -oa.csv"):
        import_file(placed, actor, "indicator", papers.write(tmp_path, "t.csv", text), TODAY)


def test_not_a_number_is_no_figure(placed: Office, actor: Actor, tmp_path: Path) -> None:
    text = (AREAS / "census2021-ts045-oa.csv").read_text().replace(",100,25,", ",nan,25,").replace(",80,8,", ",inf,8,")
    with pytest.raises(InputRefused, match=r"not one row can be used .*not a number: 2"):
        import_file(placed, actor, "indicator", papers.write(tmp_path, "t.csv", text), TODAY)


# Deprivation, population, kinds of area


def test_imd_2025_gives_every_domain(placed: Office, actor: Actor) -> None:
    report = take(placed, actor, "indicator", "imd2025_file7.csv")
    found = figures(placed, report)
    assert (report.rejected, report.outcome) == ({ELSEWHERE: 1}, "good")
    assert report.figures["measures"] == 16 * 3 + 5
    assert found[LSOA, "imd_decile"] == 8
    assert found[LSOA, "crime rank (where 1 is most deprived)"] == 7005


def test_imd_2019_is_not_mixed_with_the_areas_of_2021(placed: Office, actor: Actor) -> None:
    report = take(placed, actor, "indicator", "imd2019_file7.csv")
    [(reason, count)] = report.problems.items()
    assert (report.accepted, count, report.rejected[ELSEWHERE]) == (1, 1, 1)
    assert reason.startswith("an LSOA of 2011 that the LSOAs of 2021 no longer have")
    assert report.outcome == "usable"
    found = figures(placed, report)
    assert found[LSOA, "imd2019_decile"] == 8
    assert (LSOA, "imd_decile") not in found


def test_estimates_of_wards_of_their_time(placed: Office, actor: Actor) -> None:
    report = take(placed, actor, "population", "mid_year_ward_2020.csv")
    assert (report.rows_read, report.accepted, report.rejected) == (3, 2, {ELSEWHERE: 1})
    assert report.figures == {"areas": 2, "people": 91_000 + 182}
    assert report.warnings == ["1 rows are of areas that no home lies in today: boundaries have changed"]
    assert papers.rows(placed, report.snapshot_id, "count(*), min(level), max(age)") == [(182, "ward", 90)]


def test_estimates_by_sex_of_lsoas(placed: Office, actor: Actor) -> None:
    report = take(placed, actor, "population", "mid_year_lsoa_sexes.csv")
    assert (report.accepted, report.rejected, report.outcome) == (1, {ELSEWHERE: 1}, "good")
    by_sex = "sex, count(*), sum(value)"
    assert papers.rows(placed, report.snapshot_id, f"{by_sex} from (select *", "all) group by all order by 1") == [
        ("female", 91, 91.0), ("male", 91, 182.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "accepted", "supergroup", "measures"),
    [
        ("oac21ew.csv", 2, 6, {"output area classification: group: 6a", "output area classification: subgroup: 6a2"}),
        ("oac_uk.csv", 1, 7, {"output area classification: group: 7a", "output area classification: subgroup: 7a1"}),
        ("oac_named.csv", 1, 1, {
            "output area classification: supergroup: 1 retired professionals",
            "output area classification: subgroup: 1c1 affluent mature families",
        }),
    ],
)  # fmt: skip
def test_output_area_classification(
    placed: Office, actor: Actor, name: str, accepted: int, supergroup: int, measures: set[str]
) -> None:
    report = take(placed, actor, "indicator", name)
    found = figures(placed, report)
    assert report.accepted == accepted
    assert found[OA, "oac_supergroup"] == supergroup
    assert all(found[OA, measure] == 1 for measure in measures)
    if name == "oac21ew.csv":
        assert report.rejected == {ELSEWHERE: 2}
        assert report.figures["supergroups"] == {"Suburbanites and Peri-Urbanites": 1, "Baseline UK": 1}


def test_a_group_must_belong_to_its_supergroup(office: Office, actor: Actor) -> None:
    report = take(office, actor, "indicator", "oac21ew.csv")  # without a geography nothing is known to be elsewhere
    assert report.rejected == {"supergroup, group and subgroup do not belong together": 1}


def test_rules_name_the_kind_of_area() -> None:
    import ibis

    from segments.rules import tree

    rule = tree.parse({"version": 1, "where": {"column": "oac_supergroup", "is": "one of", "value": ["4", "8"]}})
    assert rule.sentence() == (
        "Homes where the kind of area (Output Area Classification 2021) is Low-Skilled Migrant and Student Communities "
        "or Legacy Communities."
    )
    homes = ibis.memtable({"uprn": [1, 2, 3, 4], "oac_supergroup": [4.0, 1.0, None, 8.0]})
    assert sorted(homes.filter(rule.ibis(homes)).uprn.execute()) == [1, 4]


def test_every_level_stands_in_one_table(placed: Office, actor: Actor) -> None:
    for name in (
        "census2021-ts045-oa.csv",
        "imd2025_file7.csv",
        "oac21ew.csv",
        "declared_wards.csv",
        "declared_homes.csv",
    ):
        take(placed, actor, "indicator", name)
    with placed.database.session() as session, execution.connect() as backend:
        every: Any = output_areas.measures(backend, placed, output_areas.indicators(session, OWN))
        names = output_areas.indicator_names(backend, every)
    assert set(names) == {"oa", "lsoa", "ward", "uprn"}
    assert names["uprn"][OWN] == ["local_single_person_discount"]
    assert names["ward"][OWN] == ["local_fly_tips"]
    assert "oac_supergroup" in names["oa"][OWN]
