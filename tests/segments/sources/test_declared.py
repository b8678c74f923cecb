"""A council's own indicator: what the file must declare, what it may be about, and how rules come to ask for it."""

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused
from engage.foundation.lake import current_by_name
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from engage.foundation.web.forms import Form
from segments.audiences import segments
from segments.files.report import ImportReport
from segments.homes import households
from segments.importing import imports
from segments.importing.imports import import_file
from segments.rules import form as rule_form
from segments.rules import local_indicators, tree
from segments.rules.tree import RuleInvalid
from segments.sources import declared
from tests.conftest import START, founded
from tests.segments.sources import papers

AREAS = Path(__file__).parent / "samples" / "areas"
TODAY = date(2026, 6, 1)
OWN = "E07000193"
NAME = "local_single_person_discount"
LINES = {"name": "Empty homes", "level": "oa", "source": "Revenues", "date": "2026-05-01"}


def paper(table: str = "area,value\nE00149825,1\n", **said: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows((LINES | said).items())
    return out.getvalue() + table


@pytest.fixture
def take(office: Office, actor: Actor, tmp_path: Path) -> Callable[[str], ImportReport]:
    import_file(office, actor, "geography", AREAS / "nsul.csv", TODAY)
    return lambda text: import_file(office, actor, "indicator", papers.write(tmp_path, "own.csv", text), TODAY)


def sample(office: Office, actor: Actor, name: str) -> ImportReport:
    report = import_file(office, actor, "indicator", AREAS / name, TODAY)
    assert report.rows_read == report.accepted + sum(report.rejected.values())
    return report


# The file


def test_an_indicator_of_homes(office: Office, actor: Actor) -> None:
    report = sample(office, actor, "declared_homes.csv")
    assert papers.rows(office, report.snapshot_id) == [
        ("3410000001", "uprn", NAME, 1.0), ("3410000002", "uprn", NAME, 1.0),
    ]  # fmt: skip
    assert report.rejected == {
        "UPRN is not a whole number of up to 12 digits": 1, "the same UPRN twice": 1, "not a number": 1,
    }  # fmt: skip
    assert report.figures["indicator"] == {
        "name": "Single person discount", "level": "uprn", "source": "Revenues and benefits", "date": "2026-05-01",
        "label_cy": "Gostyngiad un oedolyn", "unit": "number", "column": NAME,
    }  # fmt: skip
    rejects = (office.lake.root / report.rejects_file).read_text("utf-8-sig")
    assert "3410000" not in rejects  # which home it was is told by its line alone
    assert rejects.splitlines()[1].startswith("9,uprn,")


def test_an_indicator_of_areas_with_a_spreadsheets_empty_cells(office: Office, actor: Actor) -> None:
    import_file(office, actor, "geography", AREAS / "nsul.csv", TODAY)
    report = sample(office, actor, "declared_areas.csv")
    assert papers.rows(office, report.snapshot_id) == [
        ("E00149825", "oa", "local_homes_sold_in_a_year", 0.05), ("E00149826", "oa", "local_homes_sold_in_a_year", 0.4),
    ]  # fmt: skip
    assert report.rejected == {"in another authority": 2, "no code of an output area": 1}
    assert report.figures["indicator"]["source"] == "Local Land Charges, Land Registry"


def test_a_share_must_be_one(office: Office, actor: Actor) -> None:
    report = sample(office, actor, "declared_areas.csv")  # without geography, every area may be ours
    assert report.rejected == {"no code of an output area": 1, "not a share from 0 to 1": 1}
    assert report.warnings == ["the areas could not be checked, for no geography was imported before"]


def test_an_indicator_of_wards_with_semicolons(office: Office, actor: Actor) -> None:
    report = sample(office, actor, "declared_wards.csv")
    assert papers.rows(office, report.snapshot_id) == [
        ("E05014473", "ward", "local_fly_tips", 1204.0), ("E05014474", "ward", "local_fly_tips", 12.0),
    ]  # fmt: skip


def test_uprns_that_no_gazetteer_knows_are_told(office: Office, actor: Actor, tmp_path: Path) -> None:
    text = papers.gazetteer(*papers.street(1, "MILL LANE"), papers.blpu(3410000001), papers.lpi(3410000001))
    import_file(office, actor, "gazetteer", papers.write(tmp_path, "g.csv", text), TODAY)
    report = sample(office, actor, "declared_homes.csv")
    assert report.warnings == ["1 UPRNs are not in the gazetteer: their figures reach no home"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("uprn,value\n1,1\n", "own.csv does not say what its figures are: name, level, source, date is missing"),
        (paper(source=""), "source is missing above the header"),
        (paper(level="parish"), "the level is 'parish'. Expected uprn, oa, lsoa or ward"),
        (paper(level="uprn"), "line 5: the level is uprn, but the column is 'area'. Expected uprn,value"),
        (paper("uprn,value\n1,1\n"), "the level is oa, but the column is 'uprn'. Expected area,value"),
        (paper(date="1 May 2026"), "the date is '1 May 2026'. Expected year-month-day"),
        (paper(date="2026-06-02"), "its date 2026-06-02 is after 2026-06-01"),
        (paper(unit="euros"), "the unit is 'euros'. Expected number, or share"),
        (paper("uprn,value\n1,1\n", level="uprn", unit="share"), "of single homes expected a number"),
        (paper(colour="red"), "line 5: the declaration is 'colour'. Expected name, level, source, date, and if you"),
        ("name,Again\n" + paper(), "line 2: the declaration is there twice"),
        (paper(name="2nd homes"), "the name must begin with a letter"),
        (paper(name="x" * 101), "no line be longer than 100 letters"),
        (paper(name="Ωμέγα"), "has no letter from A to Z"),
        (paper("area,value\nE00149825,Smith\n"), "not one row can be used .not a number: 1."),
    ],
)
def test_what_is_wrong_with_a_declaration(take: Callable[[str], ImportReport], text: str, sentence: str) -> None:
    with pytest.raises(InputRefused, match=sentence):
        take(text)


SPECIAL = [
    {"name": "Religion of householder"}, {"name": "Households with a disabled adult"}, {"name": "Blue badge holders"},
    {"name": "Flag", "source": "Public health team"}, {"name": "Flag", "label_cy": "Iechyd gwael"},
    {"name": "Ethnic group: Roma"}, {"name": "Trade union members"}, {"name": "Court order served"},
]  # fmt: skip


@pytest.mark.parametrize("said", SPECIAL)
def test_special_categories_never_of_a_home(
    office: Office, actor: Actor, take: Callable[[str], ImportReport], said: dict[str, str]
) -> None:
    with pytest.raises(InputRefused, match=r"of single homes\. .* never for one home"):
        take(paper("uprn,value\n3410000001,1\n", **said, level="uprn"))
    assert take(paper(**said)).accepted == 1  # of an area they may be
    assert len(local_indicators.columns(office, OWN)) == 1


@pytest.mark.parametrize(
    "name", ["Labour vote 2023", "Turnout", "Postal voters", "Canvass returns", "Marginal streets", "Plaid Cymru"]
)
def test_nothing_of_parties_or_votes_at_any_level(take: Callable[[str], ImportReport], name: str) -> None:
    with pytest.raises(InputRefused, match="parties, votes or election results is never taken"):
        take(paper(name=name))


@pytest.mark.parametrize("name", ["Labour market claimants", "Council tax support", "Housing support"])
def test_ordinary_words_are_no_partys(take: Callable[[str], ImportReport], name: str) -> None:
    assert take(paper(name=name)).accepted == 1


letters = st.characters(categories=["L", "N", "P", "Zs"], exclude_characters='"')
texts = st.text(letters, min_size=1, max_size=120)


@given(
    said=st.dictionaries(st.sampled_from([*LINES, "unit", "label_cy", "colour", ""]), texts, max_size=7),
    padding=st.integers(0, 3), proper=st.sampled_from([LINES, {}]),
)  # fmt: skip
def test_any_declaration_is_understood_or_refused(said: dict[str, str], padding: int, proper: dict[str, str]) -> None:
    """Whatever stands above the header: a declaration with every field as written, or a sentence; nothing else."""
    rows = [[field, text, *[""] * padding] for field, text in (said | proper).items()]
    try:
        found = declared.read(rows, "own.csv", TODAY)
    except InputRefused as refused:
        assert str(refused).startswith("own.csv")  # noqa: PT017 - a refusal is one of two right answers
        return
    written = {field.strip().casefold(): text for field, text in (said | proper).items()}
    assert written.keys() <= {*declared.NEEDED, *declared.OPTIONAL, ""}
    assert found.name.split() == written["name"].split()
    assert found.level in ("uprn", "oa", "lsoa", "ward")
    assert found.date <= TODAY
    assert tree.OWN.fullmatch(found.column)
    assert len(found.column) <= 80  # what a snapshot's name may be


@given(level=st.sampled_from(["uprn", "oa", "lsoa", "ward"]), unit=st.sampled_from(["number", "share", ""]),
       name=st.from_regex(r"[A-Z][a-z]{2,12} [a-z]{3,9} homes", fullmatch=True))  # fmt: skip
def test_a_good_declaration_is_taken_as_it_is(level: str, unit: str, name: str) -> None:
    if declared.PARTISAN.search(name.casefold()) or declared.OF_PERSONS.search(name.casefold()):
        return
    if (level, unit) == ("uprn", "share"):
        return
    rows = [["name", name], ["LEVEL", level.upper()], ["source", "x"], ["date", "2026-05-01"], ["unit", unit], []]
    found = declared.read(rows, "own.csv", TODAY)
    assert (found.name, found.level, found.unit) == (name, level, unit or "number")
    assert found.column == "local_" + name.lower().replace(" ", "_")


# Homes and rules


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three homes, two of them with a discount, built with the indicators of homes, areas and wards."""
    folder, actor = tmp_path_factory.mktemp("built"), Actor(OWN, "officer 1", 1)
    uprns = [3410000001, 3410000002, 3410000003]
    text = papers.gazetteer(*papers.street(1, "MILL LANE"), *(papers.blpu(u) for u in uprns),
                            *(papers.lpi(u, pn=n) for n, u in enumerate(uprns, 1)))  # fmt: skip
    with founded(folder / "home") as office:
        import_file(office, actor, "gazetteer", papers.write(folder, "g.csv", text), TODAY)
        electors = papers.register(papers.elector(1, UPRN=3410000001))
        import_file(office, actor, "register", papers.write(folder, "r.csv", electors), TODAY)
        import_file(office, actor, "geography", AREAS / "nsul.csv", TODAY)
        for name in ("declared_homes.csv", "declared_areas.csv", "declared_wards.csv", "census2021-ts045-oa.csv"):
            import_file(office, actor, "indicator", AREAS / name, TODAY)
        households.build(office, actor)
    return folder / "home"


@pytest.fixture
def homes(built: Path, tmp_path: Path) -> Iterator[Office]:
    """A copy of what was built, for a test to change."""
    office = Office(Settings(home=Path(shutil.copytree(built, tmp_path / "home"))), SteppedClock(START))
    yield office
    office.close()


def where(column: str, comparison: str, value: float) -> dict[str, Any]:
    return {"version": 1, "where": {"column": column, "is": comparison, "value": value}}


def test_every_home_has_the_figures_of_itself_and_its_areas(homes: Office, actor: Actor) -> None:
    with homes.database.session() as session:
        built = households.newest(session, OWN).id
    names = f"uprn, {NAME}, local_homes_sold_in_a_year, local_fly_tips"
    assert papers.rows(homes, built, names) == [
        (3410000001, 1.0, 0.05, 1204.0), (3410000002, 1.0, 0.4, 12.0), (3410000003, None, 0.05, 1204.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "count", "sentence"),
    [
        (where(NAME, "exactly", 1), 2, "Homes where the Single person discount is exactly 1."),
        (where("local_homes_sold_in_a_year", "less than", 0.1), 2,
         "Homes in areas where Homes sold in a year are less than 10 %."),
        (where("local_fly_tips", "at most", 20), 1, "Homes where the Fly tips is at most 20."),
        (where("census_number_of_cars_or_vans_no_cars_or_vans_in_household_share", "at least", 0.2), 2,
         "Homes in areas where Number of cars or vans: No cars or vans in household are at least 20 %."),
    ],
)  # fmt: skip
def test_rules_ask_for_them_by_their_declared_names(
    homes: Office, actor: Actor, rule: dict[str, Any], count: int, sentence: str
) -> None:
    assert segments.count(homes, OWN, rule).households == count
    saved = segments.save(homes, actor, "Mine", rule)
    assert saved.sentence == sentence
    assert segments.count(homes, OWN, saved.rule).households == count


def test_a_saved_rule_says_the_same_after_the_indicator_is_gone(homes: Office, actor: Actor) -> None:
    saved = segments.save(homes, actor, "Mine", where(NAME, "exactly", 1))
    assert json.loads(json.dumps(saved.rule))["columns"][NAME]["label"] == "Single person discount"
    with homes.database.session() as session:
        snapshot = current_by_name(session, OWN, "indicator")[NAME].id
    imports.undo(homes, actor, snapshot or 0)
    households.build(homes, actor)
    assert NAME not in local_indicators.columns(homes, OWN)
    assert saved.sentence == "Homes where the Single person discount is exactly 1."
    assert tree.parse(saved.rule).sentence("cy") == "Cartrefi lle mae Gostyngiad un oedolyn union 1."
    with pytest.raises(RuleInvalid, match=f"asks for {NAME}, which is not imported"):
        segments.count(homes, OWN, saved.rule)
    with pytest.raises(
        RuleInvalid, match=r"rule\.where\.column is 'local_single_person_discount': expected one of class,"
    ):
        segments.save(homes, actor, "Another", where(NAME, "exactly", 1))


def test_the_form_takes_them(homes: Office) -> None:
    own = local_indicators.columns(homes, OWN)
    typed: dict[str, Any] = {
        "act": "save",
        "c0-column": "local_homes_sold_in_a_year",
        "c0-is": "at most",
        "c0-value": ["10"],
    }
    form = Form(typed)
    read = rule_form.read(form, own)
    assert form.valid
    assert read.rule is not None
    shown = rule_form.shown(read.rule.as_json())
    assert shown is not None
    assert [(row.column, row.number) for row in shown.rows] == [("local_homes_sold_in_a_year", "10")]
    elsewhere = Form(typed)  # another council has no such indicator
    assert rule_form.read(elsewhere).rule is None
    assert not elsewhere.valid


@pytest.mark.parametrize("name", ["uprn", "address_lines", "gap", "local_x; drop", "LOCAL_X"])
def test_a_rule_cannot_make_any_column_its_own(name: str) -> None:
    rule = where(name, "exactly", 1) | {"columns": {name: {"label": "x", "label_cy": "", "unit": "number"}}}
    with pytest.raises(RuleInvalid, match=r"rule\.columns\..* is no column: expected a name that begins with local_"):
        tree.parse(rule)
