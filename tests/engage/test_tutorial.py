"""The tutorial is the test: its commands, run as they stand on the real-format borough, held against what is true."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from sqlmodel import Session, select

from campaigns.records.models import Campaign
from campaigns.sending import ledger
from dashboards.results.measurement import of_campaign
from engage.foundation.identity import Account
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.audiences import named_rules
from segments.importing import imports

pytestmark = [pytest.mark.borough, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.md"
PORT = "6011"
COUNCIL = "E07000193"
ANONYMOUS = "special entry, not imported"


@dataclass
class Rehearsal:
    """What the tutorial left behind."""

    folder: Path
    office: Office
    actor: Actor
    printed: str

    def truth(self, question: str) -> list[tuple[float | int | str, ...]]:
        return duckdb.sql(question.format(truth=self.folder / "borough" / "truth")).fetchall()


def script() -> str:
    blocks = re.findall(r"^```sh\n(.*?)^```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) > 10
    return "set -euo pipefail\n" + "".join(blocks)


def free_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


def play(folder: Path, shared: Path) -> str:
    """Run the commands from the project's root; whatever they start ends with them."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ENGAGE_", "PYTHON"))}
    environment = inherited | {
        "ENGAGE_SHARED": str(shared.absolute()),
        "TMPDIR": str(folder),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    running = subprocess.Popen(
        ["bash", "-c", script().replace(PORT, free_port())], cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        printed, _ = running.communicate(timeout=900)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGTERM)
    assert running.returncode == 0, printed[-3000:]
    return printed


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Rehearsal]:
    folder = tmp_path_factory.mktemp("tutorial")
    printed = play(folder, shared)
    [work] = folder.glob("tmp.*")
    office = Office(Settings(home=work / "home"))
    with office.database.session() as session:
        officer = session.exec(select(Account).where(Account.role == "officer")).one()
    yield Rehearsal(work, office, Actor(COUNCIL, officer.label, officer.id), printed)
    office.close()


@pytest.mark.xdist_group("tutorial")
class TestTutorial:
    def test_every_file_is_imported_and_every_row_accounted_for(self, rehearsal: Rehearsal) -> None:
        history = imports.history(rehearsal.office, COUNCIL)
        files = {snapshot.report["file"] for snapshot in history}
        lying = {path.name for path in (rehearsal.folder / "borough").glob("*.*")}
        assert lying - files == {"README.md", "gazetteer_addressbase_plus.csv", "ward_electorate_published.csv"}
        assert len(history) == len(files) == 19
        for snapshot in history:
            report = snapshot.report
            assert report["rows_read"] == report["accepted"] + sum(report["rejected"].values()), report["file"]

    def test_every_reject_has_its_place_and_reason(self, rehearsal: Rehearsal) -> None:
        for snapshot in imports.history(rehearsal.office, COUNCIL):
            rejected = snapshot.report["rejected"]
            if not rejected:
                assert not snapshot.report["rejects_file"]
                continue
            rows = pd.read_csv(rehearsal.office.lake.root / snapshot.report["rejects_file"], keep_default_na=False)
            explained = {reason: count for reason, count in rejected.items() if reason != ANONYMOUS}
            assert Counter(rows.reason) == explained, "each row but those of anonymous electors, which are only counted"
            assert (rows.reason.str.strip() != "").all()
            assert (rows.line > 1).all()

    def test_what_is_rejected_is_what_was_planted(self, rehearsal: Rehearsal) -> None:
        planted = dict(
            rehearsal.truth("select file || ' ' || kind, count(*) from '{truth}/bad_rows.parquet' group by 1")
        )
        rejected = {s.report["file"]: s.report["rejected"] for s in imports.history(rehearsal.office, COUNCIL)}
        register = "register_2026-06-01.csv"
        assert rejected[register] == {
            ANONYMOUS: planted[f"{register} anonymous"],
            "other elector, no residential address": planted[f"{register} overseas"],
        }
        contacts = rejected["contacts.csv"]
        assert contacts["no lawful basis"] >= planted["contacts.csv no_lawful_basis"]
        # a row with two faults is rejected for the first
        invalid = contacts["not an email address"] + contacts["not a UK mobile number"]
        assert 0.9 * planted["contacts.csv invalid_value"] <= invalid <= planted["contacts.csv invalid_value"]
        assert set(rejected) - {name for name, reasons in rejected.items() if not reasons} == {
            register, "register_2026-12-01.csv", "contacts.csv", "suppressions.csv",
        }  # fmt: skip

    def test_the_segment_holds_homes_where_somebody_is_missing(self, rehearsal: Rehearsal) -> None:
        saved = named_rules.find(rehearsal.office, COUNCIL, "Nobody registered, private renting")
        assert saved.sentence.startswith("Homes where the number of electors is exactly 0")
        found = rehearsal.truth(
            f"select count(*), avg((unregistered_eligible > 0)::int) from '{{truth}}/homes.parquet'"
            f" join '{audience(rehearsal)}' using (uprn)"
        )
        [(homes, with_somebody_missing)] = found
        assert 1_500 < int(homes) < 3_000
        assert float(with_somebody_missing) > 0.5, "against 0.22 in the whole borough"

    def test_the_ledger_balances_and_notify_has_each_message_once(self, rehearsal: Rehearsal) -> None:
        status = ledger.status(rehearsal.office, rehearsal.actor, 1)
        assert status.state == "completed"
        assert status.planned == status.accepted + status.dropped + status.failed > 2_000
        assert (status.waiting, status.unknown, status.failed, status.duplicates) == (0, 0, 0, 0)
        assert status.dropped_for["registered since"] == status.dropped > 0
        journal = (rehearsal.folder / "messages.jsonl").read_text(encoding="utf-8").splitlines()
        at_notify = Counter(json.loads(line)["reference"] for line in journal)
        assert set(at_notify.values()) == {1}
        assert len(at_notify) == status.accepted
        exported = rehearsal.folder / "ledger.csv"
        first = pd.read_csv(exported, dtype=str, keep_default_na=False)
        sent = first[first.state.isin(["accepted", "delivered"])]
        assert set(sent.reference) <= set(at_notify)

    def test_nobody_in_the_comparison_was_written_to_before_the_window_closed(self, rehearsal: Rehearsal) -> None:
        assigned = pd.read_csv(rehearsal.folder / "assignment.csv", dtype=str, keep_default_na=False)
        later = assigned[assigned.arm == "reminded later"]
        assert (later.contacted_on == "").all()
        assert abs(len(later) - len(assigned) / 2) <= 16, "halves in each of 16 wards"
        with rehearsal.office.database.session() as session:
            held = session.exec(select(Campaign)).one().households
        assert len(assigned) == held == assigned.uprn.nunique()

    def test_the_interval_holds_the_true_effect(self, rehearsal: Rehearsal) -> None:
        [(true_effect,)] = rehearsal.truth(
            "select avg(p_gain) filter (arm = 'reminded now') - avg(p_gain) filter (arm = 'reminded later')"
            " from '{truth}/outcomes.parquet' where arm <> ''"
        )
        found = of_campaign(rehearsal.office, rehearsal.actor, 1)
        [arm] = found["arms"]
        assert found["register"] == {"as_at": "2026-12-01", "interim": False}
        assert float(true_effect) > 0.05
        assert arm["low"] <= float(true_effect) <= arm["high"]
        assert arm["low"] > 0
        assert f"{arm['difference']:.3f}" in rehearsal.printed

    def test_the_figures_the_tutorial_shows_are_those_of_the_run(self, rehearsal: Rehearsal) -> None:
        shown = re.findall(r"^```text\n(.*?)^```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        assert len(shown) >= 6
        lines = {" ".join(line.split()) for line in rehearsal.printed.splitlines()}
        wanted = (" ".join(line.split()) for block in shown for line in block.splitlines())
        missing = [
            line for line in wanted if line and "…" not in line and line not in lines and "occupation" not in line
        ]
        assert not [line for line in missing if not line.startswith(("sentence:", "uprn,"))]


def audience(rehearsal: Rehearsal) -> Path:
    with rehearsal.office.database.session() as session:
        campaign = session.exec(select(Campaign)).one()
        return rehearsal.office.lake.file(snapshot(session, campaign))


def snapshot(session: Session, campaign: Campaign) -> Snapshot:
    return session.get_one(Snapshot, campaign.audience_snapshot)
