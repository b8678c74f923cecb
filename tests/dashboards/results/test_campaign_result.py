"""The officers' page of results: exact figures that add up, no members, and an analysis set that repeats itself."""

import csv
import io
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlmodel import select

from dashboards.pages import results as council_pages
from dashboards.published.outcomes import outcomes
from dashboards.results.campaign_result import Council as Results
from dashboards.results.campaign_result import council as results
from dashboards.results.campaign_result import pounds, sentence
from dashboards.statistics.effects import Arm
from dashboards.statistics.intervals import Price
from engage.foundation.audit import AuditEntry
from engage.foundation.identity import Role
from tests.dashboards.conftest import Council, visiting


@pytest.fixture
def page(app: Litestar, council: Council) -> str:
    with visiting(app, "officer@example.com") as client:
        return client.get(f"/council/{council.campaign}").text


def archive(app: Litestar, number: int) -> zipfile.ZipFile:
    with visiting(app, "officer@example.com") as client:
        answer = client.get(f"/council/{number}/analysis.zip")
    assert answer.headers["content-disposition"] == f'attachment; filename="analysis-{number}.zip"'
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_members_see_none_of_it(council: Council, member: TestClient) -> None:
    for path in ("/council", f"/council/{council.campaign}", f"/council/{council.campaign}/analysis.zip"):
        answer = member.get(path)
        assert answer.status_code == 403
        assert "Summer reminder" not in answer.text


def test_strangers_are_sent_to_sign_in(anybody: TestClient, council: Council) -> None:
    assert anybody.get(f"/council/{council.campaign}", follow_redirects=False).status_code == 303


def test_the_page_shows_the_exact_estimate(council: Council, page: str) -> None:
    held = results_of(council)
    assert held.found
    (arm,) = held.found.arms
    assert sentence(arm) in page
    assert f"{100 * arm.difference:+.2f}" in page
    homes = outcomes(council.office, council.officer, council.campaign)
    mine = homes[homes["arm"] == "reminded now"]
    assert arm.mean == pytest.approx(mine["registered"].mean())
    assert f">{len(mine):,}</td>" in page
    for words in ("Whom the reminders reached", "Channels and waves", "Replies", "Costs", "Data quality", "Wards"):
        assert words in page
    assert "nan" not in page.casefold().replace("finance", "").split()


def test_what_became_of_a_group_adds_up(council: Council) -> None:
    held = results_of(council)
    for fate in held.fates:
        parts = (fate.contacted, fate.not_yet, fate.undeliverable, fate.dropped, fate.no_message)
        assert sum(parts) == fate.homes
    assert held.sent.balanced


def test_looking_and_taking_are_in_the_audit_log(app: Litestar, council: Council, page: str) -> None:
    archive(app, council.campaign)
    with council.office.database.session() as session:
        acts = [(entry.act, entry.subject) for entry in session.exec(select(AuditEntry)).all()]
    assert ("measure campaign", f"campaign {council.campaign}") in acts
    assert ("export analysis", f"campaign {council.campaign}") in acts


def test_the_analysis_set_has_no_identifiers(app: Litestar, council: Council) -> None:
    found = archive(app, council.campaign)
    rows = list(csv.reader(io.StringIO(found.read("analysis.csv").decode())))
    assert rows[0] == ["arm", "block", "ward", "registered", "gained", "electors", "contacted"]
    assert rows[1:] == sorted(rows[1:]), "the order tells nothing that the rows do not"
    homes = outcomes(council.office, council.officer, council.campaign)
    assert len(rows) == len(homes) + 1
    said = b"".join(found.read(name) for name in found.namelist()).decode()
    assert not any(str(uprn) in said for uprn in homes["uprn"])
    assert archive(app, council.campaign).read("analysis.csv") == found.read("analysis.csv")


RUNS = {"repeat.py": [sys.executable], "repeat.R": ["Rscript", "--vanilla"]}


@pytest.mark.parametrize("script", RUNS)
def test_the_scripts_give_the_pages_figure(
    app: Litestar, council: Council, tmp_path: Path, page: str, script: str
) -> None:
    if shutil.which(RUNS[script][0]) is None:
        pytest.skip(f"{RUNS[script][0]} is not installed, so {script} is not run")
    found = archive(app, council.campaign)
    found.extractall(tmp_path)
    done = subprocess.run([*RUNS[script], script], capture_output=True, text=True, check=True, cwd=tmp_path)
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    held = results_of(council)
    assert held.found
    (arm,) = held.found.arms
    assert row["arm"] == arm.arm == "reminded now"
    printed = [row[name] for name in ("difference", "se", "low", "high")]
    assert printed == [f"{held:.6f}" for held in (arm.difference, arm.se, arm.low, arm.high)]
    assert f"{100 * float(row['difference']):+.2f}" in page
    assert ",".join([arm.arm, *printed[:2]]) in found.read("README.txt").decode()


def results_of(held: Council) -> Results:
    return results(held.office, held.officer, held.campaign)


@pytest.mark.parametrize("role", [Role.officer, Role.approver, Role.auditor, Role.administrator])
def test_who_may_see_data_sees_the_list(app: Litestar, role: Role) -> None:
    with visiting(app, f"{role.value}@example.com") as client:
        assert "Summer reminder" in client.get("/council").text


def arm(low: float, high: float) -> Arm:
    return Arm("now", 900, 900, 0.1, (low + high) / 2, 0.01, low, high, "t")


def test_sentences_say_how_sure() -> None:
    assert sentence(arm(0.011, 0.034)) == (
        "Between 1.1 and 3.4 more homes in every 100 registered because of the reminders."
    )
    assert "Between 1.1 and 3.4 fewer homes" in sentence(arm(-0.034, -0.011))
    assert "from −1.0 to +3.0 registrations" in sentence(arm(-0.01, 0.03))


def test_costs_say_where_there_may_have_been_no_registration() -> None:
    assert pounds(Price(10.0, 5.0, 20.5)) == "£5.00 to £20.50"
    assert pounds(Price(10.0, 5.0, float("inf"))) == "at least £5.00; there may have been none"
    assert pounds(Price(None, float("inf"), float("inf"))) == "no extra registrations to set it against"


def test_warnings_tell_contamination_and_age(council: Council) -> None:
    held = results_of(council)
    fates = tuple(replace(f, contacted=7) if f.comparison else replace(f, contacted=0) for f in held.fates)
    said = council_pages._warnings(replace(held, fates=fates, age=60))
    assert said[0] == "The newest register is 60 days old."
    assert any(line.startswith("7 homes of the comparison had been reminded") for line in said)
    assert any(line.startswith("100% of the homes in “reminded now” had not been reminded") for line in said)
