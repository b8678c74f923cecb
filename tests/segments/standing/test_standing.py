"""Where the gazetteer stands: measures counted by hand on a dozen properties, levels, months, pages and the command."""

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from litestar.testing import TestClient
from sqlmodel import select

from engage.app import create_app
from engage.cli import main
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Role
from engage.foundation.office import Actor, Office
from segments.crosswalk import systems
from segments.crosswalk.systems import CrosswalkSystem
from segments.importing.imports import import_file
from segments.standing import integration, report, schedule
from segments.standing.measures import MEASURES, Measured
from tests.conftest import EAST_STAFFORDSHIRE as CODE
from tests.segments.snapshots import keep
from tests.segments.sources import papers
from tests.website import Visitor, hire

ACTOR = Actor(CODE, "officer 1")
TODAY = date(2026, 6, 10)  # a Wednesday
ASKED = {"point": [50, 70, 90, 99.9], "council_tax": [50, 60, 80, 95]}


def blpu(uprn: int, rpc: object = 2, **cells: object) -> list[object]:
    row = papers.blpu(uprn, **cells)
    row[11] = rpc
    return row


def gazetteer() -> str:
    """Eight live homes (1 to 8), two live business properties (9, 10), one historic and one demolished home."""
    closed = papers.street(2, "=SHUT LANE")
    closed[0][6] = 4
    return papers.gazetteer(
        *papers.street(1, "MILL LANE"), *closed,
        blpu(1), blpu(2, 1), blpu(3, 3), blpu(4, 4), blpu(5, ""), blpu(6), blpu(7, **{"class": "RD"}), blpu(8),
        blpu(9, 3, **{"class": "CR08"}), blpu(10, **{"class": "U"}),
        blpu(11, 9, status=8), blpu(12, 9, state=4),
        *(papers.lpi(n, sn=n, usrn=2 if n == 8 else 1, status=8 if n == 11 else 1) for n in range(1, 13)),
        *(papers.cross_reference(n, f"CT{n}", key=f"k{n}") for n in (1, 2, 3, 4, 11)),
        papers.cross_reference(5, "CT5", key="k5", end="2020-01-01"),
        papers.cross_reference(9, "BR9", source="7666VN", key="k9"),
    )  # fmt: skip


@pytest.fixture
def town(office: Office, tmp_path: Path) -> Office:
    assert isinstance(office.clock, SteppedClock)
    office.clock.move_to(at_london(TODAY, 9))
    import_file(office, ACTOR, "gazetteer", papers.write(tmp_path, "g.csv", gazetteer()), TODAY)
    return office


def linked(office: Office, name: str) -> None:
    with office.database.session() as session:
        system = CrosswalkSystem(authority=CODE, name=name, confirmed_at=office.clock.now(), confirmed_by="officer 1")
        session.add(system)
        session.flush()
    rows = pd.DataFrame({"reference": list("abcd"), "uprn": pd.array([1, 2, 3, None], "Int64")})
    keep(office, systems.KIND, rows, TODAY, str(system.id))


def test_each_measure_is_what_was_counted_by_hand(town: Office) -> None:
    linked(town, "Council tax")
    found = {each.key: (each.good, each.of) for each in report.take(town, ACTOR).figures if not each.unknown}
    assert found.pop("health")[1] == 10
    assert found == {
        "updates": (1, 20), "council_tax": (4, 8), "council_tax_accounts": (3, 4), "business_rates": (1, 1),
        "point": (5, 8), "class": (8, 10), "street": (9, 10),
    }  # fmt: skip
    unknown = {each.key for each in report.take(town, ACTOR).figures if each.unknown}
    assert unknown == {"business_rates_accounts", "postal"}
    mend = {(row[0], row[2]) for row in report.to_mend(town, ACTOR) if "health" not in row[2]}
    titles = {measure.key: measure.title for measure in MEASURES}
    expected = {"council_tax": (5, 6, 7, 8), "point": (3, 4, 5), "class": (7, 10), "street": (8,)}
    assert mend == {(uprn, titles[key]) for key, uprns in expected.items() for uprn in uprns}


def test_a_format_that_does_not_say_it_has_no_figure(office: Office) -> None:
    row = {
        "uprn": 1, "class": "RD04", "logical_status": 1, "state": 2, "parent_uprn": None, "easting": 1.0,
        "northing": 1.0, "ward": None, "address": "1 Some Street", "postcode": None, "residential": True,
        "successor": None, "usrn": None,
    }  # fmt: skip
    with pytest.raises(InputRefused, match="no gazetteer yet"):
        report.take(office, ACTOR)
    keep(office, "gazetteer", pd.DataFrame([row]), TODAY)
    told = {each.key for each in report.take(office, ACTOR).figures if each.unknown and each.percent is None}
    assert {"point", "street", "council_tax", "business_rates", "postal"} <= told


def test_levels_are_those_entered_and_exact_at_their_edge() -> None:
    assert schedule.level(Measured("point", 999, 1000), ASKED) == "gold"
    assert schedule.level(Measured("point", 998, 1000), ASKED) == "silver"
    assert schedule.level(Measured("point", 4, 10), ASKED) == schedule.BELOW
    assert schedule.level(Measured("street", 1, 1), ASKED) is schedule.level(Measured("point"), ASKED) is None
    figures = [Measured("point", 60, 100), Measured("council_tax", 79, 100), Measured("street", 0, 9)]
    assert schedule.overall(figures, ASKED) == "national standard"
    assert schedule.overall([*figures[:1], Measured("council_tax")], ASKED) is None
    assert schedule.overall(figures[:1], ASKED) is None  # as a month is kept, without what had no figure
    assert [(lift.key, lift.level, lift.more) for lift in schedule.lifts(figures, ASKED)] == [
        ("council_tax", "silver", 1), ("point", "bronze", 10),
    ]  # fmt: skip


@pytest.mark.parametrize("levels", [{}, {"nothing": [1, 2, 3, 4]}, {"point": [1, 2, 3]}, {"point": [1, 3, 2, 101]}])
def test_a_schedule_that_cannot_be_is_refused_and_nothing_kept(office: Office, levels: dict[str, list[float]]) -> None:
    with pytest.raises(InputRefused, match="expected"):
        schedule.enter(office, ACTOR, TODAY, levels)
    with office.database.session() as session:
        assert schedule.newest(session, CODE) is None


def test_months_are_kept_once_each_and_platinum_is_five_of_gold_in_six(town: Office) -> None:
    schedule.enter(town, ACTOR, date(2026, 1, 1), {"street": [10, 20, 30, 90]})
    schedule.enter(town, ACTOR, date(2030, 1, 1), {"street": [100, 100, 100, 100]})
    assert report.take(town, ACTOR).overall == report.take(town, ACTOR).overall == "gold"
    levels = []
    for _ in range(5):
        assert isinstance(town.clock, SteppedClock)
        town.clock.advance(timedelta(days=31))
        levels.append(report.take(town, ACTOR).overall)
    assert levels == ["gold"] * 3 + ["platinum"] * 2
    assert len(report.take(town, ACTOR).months) == 6
    town.clock.advance(timedelta(days=95))
    assert report.take(town, ACTOR).overall == "gold"


def test_services_keep_who_said_what_and_score_the_mean(town: Office) -> None:
    linked(town, "Waste collection")
    integration.say(town, ACTOR, "housing", {"relies": "key", "current": "live", "updated": "itself"})
    integration.say(town, ACTOR, "housing", {"relies": "field", "current": "older", "updated": "file"})
    with pytest.raises(InputRefused, match="all three"):
        integration.say(town, ACTOR, "waste", {"relies": "key"})
    standing = report.take(town, ACTOR)
    assert standing.score == pytest.approx(100 / 3)
    assert {area.name: area.linked for area in standing.areas if area.linked} == {"waste": "Waste collection"}
    with town.database.session() as session:
        assert len(session.exec(select(integration.ServiceIntegration)).all()) == 2


def test_the_custodian_enters_reads_and_downloads_by_pages(town: Office) -> None:
    with TestClient(create_app(town)) as client:
        visitor = Visitor(client)
        visitor.sign_in(hire(town, Role.custodian, authority=CODE).email)
        path = "/data/gazetteer/standing"
        assert f'href="{path}"' in visitor.get("/data/gazetteer").text
        assert "No schedule is entered" in visitor.get(path).text
        day = {"since-day": "1", "since-month": "4", "since-year": "2026"}
        wrong = visitor.send(f"{path}/schedule", day | {"point-0": "60", "point-1": "nan"})
        assert wrong.status_code == 422
        assert 'value="nan"' in wrong.text
        typed = {f"{key}-{n}": str(each) for key, four in ASKED.items() for n, each in enumerate(four)}
        assert "The schedule is kept" in visitor.send(f"{path}/schedule", day | typed).text
        page = visitor.get(path).text
        assert "1 more to be right for bronze" in page
        assert "National standard" in page
        assert visitor.send(f"{path}/services", {"relies-3": "key"}).status_code == 422
        answers = {"relies-3": "key", "current-3": "live", "updated-3": "itself"}
        assert "100 of 100" in visitor.send(f"{path}/services", answers).text
        assert "Housing" in visitor.get(f"{path}/services").text
        assert "Shut Lane" in visitor.get(f"{path}/properties?measure=street&page=99").text
        rows = list(csv.reader(io.StringIO(visitor.get(f"{path}.csv").content.decode("utf-8-sig"))))
        assert rows[0] == list(report.COLUMNS)
        assert not any(cell[:1] in ("=", "+", "-", "@") for row in rows for cell in row)
        visitor.client.cookies.clear()
        visitor.sign_in(hire(town, Role.auditor, authority=CODE).email)
        assert visitor.get(path).status_code == visitor.get("/api/gazetteer-standing").status_code == 200
        assert visitor.get(f"{path}.csv").status_code == visitor.get(f"{path}/properties").status_code == 403
    with town.database.session() as session:
        acts = {entry.act for entry in session.exec(select(AuditEntry))}
    assert {"entered improvement schedule", "read properties to mend", "said how a service relies on UPRNs"} <= acts


def test_the_command_enters_a_schedule_and_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGAGE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ENGAGE_REHEARSAL_TIME", "2026-06-10T10:00+01:00")
    run = CliRunner()
    assert run.invoke(main, ["init", "--authority", CODE, "--name", "East Staffordshire"]).exit_code == 0
    office = Office()
    import_file(office, ACTOR, "gazetteer", papers.write(tmp_path, "g.csv", gazetteer()), TODAY)
    office.close()
    asked, file = tmp_path / "schedule.json", tmp_path / "mend.csv"
    asked.write_text(json.dumps(ASKED))
    given = ["gazetteer", "standing", "--schedule", str(asked), "--since", "2026-04-01", "--csv", str(file)]
    told = run.invoke(main, [*given, "--json"])
    assert told.exit_code == 0, told.output
    answer = json.loads(told.output)
    assert answer["level"] == "national standard"
    assert {"measure": "point", "level": "bronze", "more": 1} in answer["lifts"]
    assert len(file.read_text("utf-8-sig").splitlines()) == answer["written"] + 1
    asked.write_text('{"point": "all"}')
    assert "Nothing was changed" in run.invoke(main, given).output
    assert "level: national standard" in run.invoke(main, ["gazetteer", "standing"]).output
