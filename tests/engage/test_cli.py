"""Commands: what they print, what they refuse and in which words, and their exit codes."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import httpx
import psutil
import pytest
from alembic.script import ScriptDirectory
from click.testing import CliRunner, Result

from engage.cli import COMMANDS, main
from engage.commands.campaign.group import PLACES, campaign
from engage.deployment.permissions import examine
from engage.foundation import identity
from engage.foundation.errors import NotFound
from engage.foundation.identity import Authority, Role
from engage.foundation.office import Office
from engage.migrations import VERSIONS, latest_revision
from segments.audiences.named_rules import Segment
from segments.sources.catalogue import KINDS
from tests.segments.sources import papers

COUNCIL = "E07000193"
NOW = "2026-06-02T10:00+01:00"
OFFICER, APPROVER, MEMBER, AUDITOR = (f"{role}@example.org" for role in ("officer", "approver", "member", "auditor"))
RULE = {"version": 1, "where": {"column": "electors", "is": "exactly", "value": 0}}
Run = Callable[..., Result]


def every(command: click.Command = main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        within = click.Context(command)
        for name in command.list_commands(within):
            inner = command.get_command(within, name)
            assert inner is not None
            yield from every(inner, (*path, name))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`engage …` in a home of its own, in June 2026."""
    for name in ("ENGAGE_AUTHORITY", "ENGAGE_AS", "ENGAGE_DATABASE_URL", "ENGAGE_NOTIFY_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENGAGE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ENGAGE_REHEARSAL_TIME", NOW)

    def engage(*words: object) -> Result:
        result = CliRunner().invoke(main, [str(word) for word in words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    return engage


@pytest.fixture
def council(run: Run) -> Run:
    assert run("init", "--authority", COUNCIL, "--name", "East Staffordshire").exit_code == 0
    return run


@pytest.fixture
def staffed(council: Run) -> Run:
    for role in (Role.officer, Role.approver, Role.member, Role.auditor):
        added = council("account", "add", "--email", f"{role}@example.org", "--name", "A Person", "--role", role)
        assert added.exit_code == 0, added.stderr
        assert added.stdout.startswith("http://127.0.0.1:8000/welcome/")
    return council


def refused(result: Result, *words: str) -> None:
    assert result.exit_code == 1, (result.stdout, result.stderr)
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("path", list(every()), ids=" ".join)
def test_every_command_helps(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"])
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage:")
    assert len(result.stdout.split("\n\n")[1].strip()) > 10, "it says what it does"


def test_help_names_every_kind_and_every_role() -> None:
    kinds = " ".join(CliRunner().invoke(main, ["import", "--help"]).stdout.split())
    assert all(kind in kinds for kind in KINDS)
    roles = CliRunner().invoke(main, ["account", "add", "--help"]).stdout
    assert all(role in roles for role in Role)


def test_init_again_changes_nothing_but_the_link_of_an_administrator_who_never_finished(run: Run) -> None:
    first = run("init", "--authority", COUNCIL, "--name", "East Staffordshire", "--email", "a@example.org")
    assert first.exit_code == 0
    assert "/welcome/" in first.stdout
    again = run("init", "--authority", COUNCIL, "--name", "East Staffordshire", "--email", "b@example.org")
    up_to_date = "East Staffordshire (E07000193) is up to date.\n"
    assert again.stdout.startswith(f"{up_to_date}No administrator has set a password yet. Set it once at:\n")
    office = Office()
    with office.database.session() as session:
        [waiting] = identity.accounts(session, COUNCIL)
        assert waiting.email == "b@example.org", "corrected where it was mistyped"
        secrets = [done.stdout.strip().rpartition("/")[2] for done in (first, again)]
        with pytest.raises(NotFound):
            identity.by_link(session, secrets[0], office.clock.now())
        identity.set_password(identity.by_link(session, secrets[1], office.clock.now()), "three random words")
    office.close()
    assert run("init", "--authority", COUNCIL, "--name", "East Staffordshire").stdout == up_to_date
    entries = run("audit", "verify", "--json")
    assert json.loads(entries.stdout) == {"intact": True, "entries": 3, "broken_at": None}


def test_the_end_of_the_audit_log_is_kept_and_compared(run: Run, tmp_path: Path) -> None:
    run("init", "--authority", COUNCIL, "--name", "East Staffordshire", "--email", "a@example.org")
    kept = tmp_path / "anchors"
    assert run("audit", "anchor", "--to", kept).stdout == f"Entry 3 is anchored in {kept}.\n"
    number, digest = run("audit", "head").stdout.split()
    assert (number, digest) == ("3", json.loads(kept.read_text())["digest"])
    assert run("audit", "verify", "--anchor", kept).stdout == "3 entries, chain whole, and as anchored once\n"
    kept.write_text(kept.read_text().replace(digest, "0" * 64))
    found = run("audit", "verify", "--anchor", kept, "--json")
    assert (found.exit_code, json.loads(found.stdout)["broken_at"]) == (1, 3)
    assert run("audit", "export", tmp_path / "log").exit_code == 0
    assert "as anchored 3 times" in run("audit", "verify", "--anchor", tmp_path / "log").stdout, "an export serves too"


def test_init_says_who_the_officer_is(run: Run) -> None:
    opened = ("init", "--authority", COUNCIL, "--name", "East Staffordshire")
    said = ("--officer", "Sam Example", "--phone", "01632 960000", "--office-email", "elections@example.org")
    assert run(*opened, *said).exit_code == 0
    assert run(*opened, "--phone", "").exit_code == 0
    with Office().database.session() as session:
        council = session.get_one(Authority, COUNCIL)
        assert (council.officer, council.phone, council.email) == ("Sam Example", "", "elections@example.org")
    refused(run(*opened, "--phone", "ring us"), "phone number is 'ring us'", "01632 960000")
    refused(run(*opened, "--office-email", "elections"), "'elections'", "elections@example.gov.uk")


@pytest.mark.parametrize("code", ["E0700019", "E070001933", "", "E07-00193"])
def test_init_wants_a_gss_code(run: Run, code: str) -> None:
    refused(run("init", "--authority", code, "--name", "Somewhere"), "GSS code", "E07000193")


def test_without_a_database_a_command_says_how_to_make_one_and_makes_none(run: Run, tmp_path: Path) -> None:
    for words in (["gap"], ["campaign", "list"], ["worker", "--once"], ["serve"], ["audit", "verify"], ["uplift", 1]):
        refused(run(*words), "There is no Engage database", "engage init")
    assert not (tmp_path / "home").exists()


def test_a_database_of_another_version_is_refused(council: Run, tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "home" / "engage.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '0000'")
    database.close()
    refused(council("gap"), "version 0000", latest_revision(), "engage init")


def test_the_version_is_known_without_alembic() -> None:
    assert latest_revision() == ScriptDirectory(str(VERSIONS.parent)).get_current_head()


def test_a_database_that_does_not_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGAGE_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    refused(run("gap"), "The database did not answer", "engage check")
    assert run("check").exit_code == 1


def test_a_bad_setting_stops_the_start(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGAGE_NOTIFY_PACE", "fast")
    refused(run("gap"), "ENGAGE_NOTIFY_PACE is 'fast'", "Example: 40")


def test_check_says_what_is_wrong(run: Run) -> None:
    ill = run("check")
    assert ill.exit_code == 1
    assert "database" in ill.stderr
    assert "engage init" in ill.stderr
    run("init", "--authority", COUNCIL, "--name", "East Staffordshire")
    well = run("check", "--json")
    assert well.exit_code == 0
    found = json.loads(well.stdout)
    assert found["healthy"] is True
    assert {"database", "lake", "notify"} <= set(found)


def test_a_worker_without_a_key_has_nothing_to_do(council: Run) -> None:
    assert council("worker", "--once").exit_code == 0


class TestAccounts:
    def test_an_unknown_role(self, council: Run) -> None:
        result = council("account", "add", "--email", "b@example.org", "--name", "B", "--role", "mayor")
        refused(result, "no role 'mayor'", "officer, approver")

    def test_the_same_address_twice(self, staffed: Run) -> None:
        refused(staffed("account", "add", "--email", OFFICER, "--name", "B", "--role", "officer"), "already an account")

    def test_somebody_who_is_not_here(self, staffed: Run) -> None:
        result = staffed("campaign", "list", "--as", "stranger@example.org")
        refused(result, "no account with that email address in E07000193")
        assert "stranger" not in result.stderr

    def test_a_role_that_may_not(self, staffed: Run, tmp_path: Path) -> None:
        rule = tmp_path / "rule.json"
        rule.write_text(json.dumps(RULE))
        refused(staffed("segment", "save", rule, "--name", "x", "--as", MEMBER), "(member) cannot plan campaigns")
        refused(staffed("gap", "--as", MEMBER), "(member) cannot see data")
        refused(staffed("audit", "verify", "--as", OFFICER), "(officer) cannot read the audit log")
        refused(staffed("campaign", "approve", 1, "--as", OFFICER), "(officer) cannot approve campaigns")
        refused(staffed("campaign", "create", rule, "--as", APPROVER), "(approver) cannot plan campaigns")
        assert staffed("audit", "verify", "--as", AUDITOR).exit_code == 0

    def test_several_authorities_need_a_name(self, council: Run) -> None:
        council("init", "--authority", "E07000194", "--name", "Lichfield")
        refused(council("campaign", "list"), "Several authorities", "--authority CODE")
        assert council("campaign", "list", "--authority", "E07000194").exit_code == 0


class TestImport:
    @pytest.fixture
    def register(self, tmp_path: Path) -> Path:
        return papers.write(tmp_path, "register.csv", papers.register(papers.elector(1), papers.elector(2)))

    def test_what_it_found_as_json_and_in_words(self, council: Run, register: Path) -> None:
        looked = council("import", "register", register, "--as-at", "2026-06-01", "--dry-run", "--json")
        assert looked.exit_code == 0
        report = json.loads(looked.stdout)
        assert report["rows_read"] == report["accepted"] + sum(report["rejected"].values()) == 2
        assert (report["snapshot_id"], report["unchanged"]) == (None, False)
        done = council("import", "register", register, "--as-at", "2026-06-01")
        assert "as at 2026-06-01: imported\n  2 rows read: 2 accepted, 0 left out on purpose, 0 rejected" in done.stdout
        again = council("import", "register", register, "--as-at", "2026-06-01")
        assert again.exit_code == 0
        assert "unchanged, imported before" in again.stdout

    def test_bad_requests(self, council: Run, register: Path, tmp_path: Path) -> None:
        on = ("--as-at", "2026-06-01")
        refused(council("import", "register", register, *on, "--authority", "E99999999"), "no authority 'E99999999'")
        refused(council("import", "registers", register, *on), "no kind 'registers'", "register-update")
        refused(council("import", "register", tmp_path / "none.csv", *on), "no file none.csv")
        refused(council("import", "register", tmp_path, *on), "no file")
        refused(council("import", "register", register, "--as-at", "2026-06-03"), "in the future", "2026-06-02")
        for day in ("26-06-01", "0026-06-01"):
            refused(council("import", "register", register, "--as-at", day), f"The date is '{day}': expected a day")
        refused(council("import", "register", register, "--as-at", "01/06/2026"), "'01/06/2026'", "2026-06-01")
        refused(council("import", "register", register, "--as-at", "2026-13-01"), "'2026-13-01'")
        refused(council("import", "gazetteer", register, *on), "an electoral register", "Nothing was changed")
        entries = json.loads(council("audit", "verify", "--json").stdout)["entries"]
        assert entries == 2, "opening the authority and its first account"

    def test_a_damaged_file(self, council: Run, tmp_path: Path) -> None:
        broken = tmp_path / "register.csv"
        broken.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
        refused(council("import", "register", broken, "--as-at", "2026-06-01"), "register.csv")
        broken.write_bytes(b"")
        refused(council("import", "register", broken, "--as-at", "2026-06-01"), "register.csv is empty")


class TestSegmentsAndCampaigns:
    def test_files_that_are_no_rule(self, council: Run, tmp_path: Path) -> None:
        rule = tmp_path / "rule.json"
        refused(council("segment", "count", rule), "rule.json cannot be read: No such file")
        rule.write_text('{"version": 1,')
        refused(council("segment", "count", rule), "is not JSON: line 1, column")
        rule.write_bytes(b"\xff\xfe{")
        refused(council("segment", "count", rule), "not UTF-8")
        rule.write_text(json.dumps({"version": 1, "where": {"column": "party", "is": "exactly", "value": 1}}))
        refused(council("segment", "count", rule), "rule.where.column is 'party'")
        rule.write_text(json.dumps(RULE))
        refused(council("segment", "count", rule), "engage households build")

    def test_the_schema_of_rules_is_printed(self, staffed: Run) -> None:
        schema = json.loads(staffed("segment", "schema").stdout)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["properties"]["version"] == {"const": 1}

    def test_a_saved_segment_is_listed(self, staffed: Run, tmp_path: Path) -> None:
        rule = tmp_path / "rule.json"
        rule.write_text(json.dumps(RULE))
        for version in (1, 2):
            saved = json.loads(staffed("segment", "save", rule, "--name", "nobody", "--as", OFFICER, "--json").stdout)
            assert (saved["name"], saved["version"]) == ("nobody", version)
        [row] = json.loads(staffed("segment", "list", "--json").stdout)["rows"]
        assert row["version"] == 2
        assert row["sentence"] == "Homes where the number of electors is exactly 0."

    def test_a_campaign_that_is_not_there(self, staffed: Run, tmp_path: Path) -> None:
        for act in ("submit", "approve", "launch", "pause", "resume", "stop", "status", "ledger", "assignment"):
            refused(staffed("campaign", act, 7), "no campaign 7 in E07000193")
        refused(staffed("campaign", "reject", 7, "--note", "no"), "no campaign 7")
        refused(staffed("uplift", 7), "no campaign 7")

    def test_plans_that_cannot_be(self, staffed: Run, tmp_path: Path) -> None:
        plan = tmp_path / "plan.json"
        refused(staffed("campaign", "create", plan), "plan.json cannot be read")
        plan.write_text("{}")
        refused(staffed("campaign", "create", plan), "plan.json: name is missing", "outcome_window is missing")

    def test_a_draft_is_shown_and_nobody_decides_on_it(self, staffed: Run, tmp_path: Path) -> None:
        plan = tmp_path / "plan.json"
        plan.write_text(json.dumps(PLAN))
        made = json.loads(staffed("campaign", "create", plan, "--as", OFFICER, "--json").stdout)
        assert made == {"id": 1, "name": "Summer", "state": "draft", "version": 1, "households": 0}
        refused(staffed("campaign", "approve", 1, "--as", APPROVER), "it is draft, not submitted")
        refused(staffed("campaign", "launch", 1, "--as", OFFICER), "it is draft, not approved")
        refused(staffed("campaign", "assignment", 1), "no audience yet")
        assert [row["id"] for row in json.loads(staffed("campaign", "list", "--json").stdout)["rows"]] == [1]
        status = json.loads(staffed("campaign", "status", 1, "--json").stdout)
        assert {"planned", "waiting", "accepted", "delivered", "failed", "dropped", "unknown"} <= set(status)
        refused(staffed("campaign", "stop", 1), "Enter why it is stopped")
        assert staffed("campaign", "stop", 1, "--reason", "a rehearsal").exit_code == 0
        target = tmp_path / "no" / "such" / "ledger.csv"
        refused(staffed("campaign", "ledger", 1, "--to", target), "ledger.csv cannot be used", "No such file")

    def test_a_plan_whose_dates_clash_makes_no_draft(self, staffed: Run, tmp_path: Path) -> None:
        plan = tmp_path / "plan.json"
        plan.write_text(json.dumps(PLAN | {"outcome_window": {"start": "2026-06-03", "end": "2026-06-04"}}))
        refused(
            staffed("campaign", "create", plan, "--as", OFFICER),
            "plan.json: outcome_window.end: The comparison ends on 4 June 2026", "Nothing could be measured",
        )  # fmt: skip
        plan.write_text(json.dumps(PLAN | {"poll_date": "2026-07-16"}))
        made = staffed("campaign", "create", plan, "--as", OFFICER, "--json")
        assert json.loads(made.stdout)["id"] == 1
        assert "Note: Wave 2 is on 16 July 2026, after the last day to register for the poll" in made.stderr
        plan.write_text(json.dumps(PLAN | {"start": "0026-06-03"}))
        refused(staffed("campaign", "create", plan), "start is '0026-06-03'", "its year with four digits")


PLAN: dict[str, Any] = {
    "name": "Summer", "purpose": "Remind.", "segment": RULE, "start": "2026-06-03",
    "outcome_window": {"start": "2026-06-03", "end": "2026-07-15"},
    "templates": {"letter": "b3ae1a85-c382-539b-ab1e-419dc1488afe"},
}  # fmt: skip


class TestUplift:
    @pytest.fixture
    def trial(self, tmp_path: Path) -> Path:
        lines = ["arm,voted,home"]
        lines += [f"control,{int(n % 5 == 0)},c{n // 2}" for n in range(400)]
        lines += [f"letter,{int(n % 4 == 0)},l{n // 2}" for n in range(400)]
        path = tmp_path / "trial.csv"
        path.write_text("\n".join(lines))
        return path

    def test_a_table_needs_no_database_and_has_its_stable_shape(self, run: Run, trial: Path, tmp_path: Path) -> None:
        result = run("uplift", "--table", trial, "--arm", "arm", "--outcome", "voted", "--cluster", "home", "--json")
        assert result.exit_code == 0, result.stderr
        found = json.loads(result.stdout)
        assert found["control"]["arm"] == "control"
        assert (found["control"]["n"], found["control"]["mean"]) == (400, pytest.approx(0.2))
        [arm] = found["arms"]
        assert {"arm", "n", "clusters", "mean", "difference", "se", "low", "high"} <= set(arm)
        assert (arm["arm"], arm["n"], arm["clusters"]) == ("letter", 400, 200)
        assert arm["difference"] == pytest.approx(0.05)
        assert arm["low"] < arm["difference"] < arm["high"]
        plain = run("uplift", "--table", trial, "--arm", "arm", "--outcome", "voted")
        assert "0.050" in plain.stdout
        assert not (tmp_path / "home").exists()

    def test_bad_tables(self, run: Run, trial: Path, tmp_path: Path) -> None:
        refused(run("uplift"), "either a CAMPAIGN by its number or a file")
        refused(run("uplift", 1, "--table", trial), "either a CAMPAIGN by its number or a file")
        refused(run("uplift", "--table", trial, "--arm", "arm"), "--outcome")
        refused(
            run("uplift", "--table", tmp_path / "none.csv", "--arm", "a", "--outcome", "b"), "none.csv", "no such file"
        )
        refused(run("uplift", "--table", trial, "--arm", "arm", "--outcome", "vote"), "no column 'vote'", "'voted'")
        refused(
            run("uplift", "--table", trial, "--arm", "arm", "--outcome", "voted", "--control", "x"),
            "no arm is called 'x'",
        )


def test_building_for_every_authority_says_which_had_to_be_left_out(council: Run) -> None:
    done = council("households", "build", "--all")
    assert done.exit_code == 0
    assert "was left out. There is no register yet" in done.stdout
    assert json.loads(council("households", "build", "--all", "--json").stdout)["built"] == []


def test_the_gap_wants_homes_and_a_level_it_knows(council: Run) -> None:
    refused(council("gap"), "engage households build")
    refused(council("gap", "--by", "street"), "--by is 'street'", "expected ward, area, tenure")


def test_exports_that_cannot_be_written(council: Run, tmp_path: Path) -> None:
    refused(council("audit", "export", tmp_path), "cannot be used")
    council("account", "add", "--email", OFFICER, "--name", "A Person", "--role", "officer")
    done = council("audit", "export", tmp_path / "audit.jsonl")
    last = json.loads((tmp_path / "audit.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert last["actor"] == f"system user {os.getuid()} for administrator 1"
    assert "/welcome/" in council("account", "link", "--email", OFFICER).stdout
    refused(council("account", "link", "--email", APPROVER), "no active account with that email address")
    refused(council("account", "end", "--email", "administrator@e07000193.example.com"), "the last administrator")
    for words in (("role", "--role", "auditor"), ("reset-code",), ("end",)):
        assert council("account", words[0], "--email", OFFICER, *words[1:]).exit_code == 0
    people = {row["role"]: row["state"] for row in json.loads(council("account", "list", "--json").stdout)}
    assert people == {"administrator": "invited", "auditor": "left"}
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o777 == 0o600
    assert examine(tmp_path / "home").open == [], "what commands write is the service's alone"
    assert done.stdout.startswith("3 entries written")
    assert [json.loads(line)["act"] for line in (tmp_path / "audit.jsonl").read_text().splitlines()]


class TestStandIn:
    def test_a_seed_is_written_once(self, run: Run, tmp_path: Path) -> None:
        seed = tmp_path / "seed.json"
        written = run("notify-stand-in", "--write-seed", seed, "--rate-limit", 9000)
        assert written.exit_code == 0
        assert "template letter_reminder_cy: " in written.stdout
        held = json.loads(seed.read_text())
        [service] = held["services"].values()
        assert service["rate_limit"] == 9000
        assert f"key: {service['api_keys']['normal']}" in written.stdout
        refused(run("notify-stand-in", "--write-seed", seed), "exists already")

    def test_a_seed_that_cannot_be_read(self, run: Run, tmp_path: Path) -> None:
        refused(run("notify-stand-in", "--seed", tmp_path / "none.json"), "none.json cannot be read")
        (tmp_path / "seed.json").write_text("{}")
        refused(run("notify-stand-in", "--seed", tmp_path / "seed.json"), "seed.json lacks")


def _post(port: int, length: int, body: bytes) -> socket.socket:
    """A form that is announced, and does not come whole."""
    sent = socket.create_connection(("127.0.0.1", port), timeout=60)
    head = f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}"
    sent.sendall(f"{head}\r\n\r\n".encode() + body)
    return sent


def _memory(process: psutil.Process) -> int:
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))


def held_up_by_nobody(port: int, process: psutil.Process) -> None:
    """Four posts of 200 MB took 3 GB and 67 seconds, and 400 slow ones stood open."""
    before = _memory(process)
    with contextlib.ExitStack() as stack:
        for large in [stack.enter_context(_post(port, 200_000_000, b"a" * 60_000)) for _ in range(4)]:
            assert large.recv(12) == b"HTTP/1.1 413"
        slow = [stack.enter_context(_post(port, 1000, b"a=")) for _ in range(100)]
        assert httpx.get(f"http://127.0.0.1:{port}/sign-in", timeout=60).status_code == 200
        assert httpx.post(f"http://127.0.0.1:{port}/sign-in", data={"email": "a"}, timeout=60).status_code == 403
        assert slow[0].recv(12) == b"HTTP/1.1 408", "the oldest make room"
    assert _memory(process) - before < 150_000_000


def test_serve_answers_keeps_its_port_and_stops_when_told(council: Run, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    environment = {**os.environ, "ENGAGE_HOME": str(tmp_path / "home")}
    engage = Path(sys.executable).with_name("engage")
    serving = subprocess.Popen(
        [engage, "serve", "--port", str(port)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                answer = httpx.get(f"http://127.0.0.1:{port}/health")
                break
            assert serving.poll() is None
            time.sleep(0.1)
        assert answer.json()["healthy"] is True
        held_up_by_nobody(port, psutil.Process(serving.pid))
        refused(council("serve", "--port", port), f"127.0.0.1:{port} cannot be used", "--port")
        serving.terminate()
        assert serving.wait(timeout=20) == 0
    finally:
        serving.kill()
        serving.wait()


@pytest.mark.parametrize(("group", "places"), [(main, COMMANDS), (campaign, PLACES)], ids=["engage", "engage campaign"])
def test_a_command_is_called_in_the_help_of_its_group_what_it_calls_itself(
    group: click.Group, places: dict[str, tuple[str, str]]
) -> None:
    """The table is read without importing the command."""
    within = click.Context(group)
    assert group.list_commands(within) == list(places)
    for name, (_, words) in places.items():
        command = group.get_command(within, name)
        assert command is not None
        assert command.get_short_help_str(200) == words


HEAVY = ("ibis", "pandas", "polars", "scipy", "statsmodels", "litestar", "dash", "plotly", "duckdb", "pyarrow", "numpy")
LOOKED = """
import sys
from click.testing import CliRunner
from engage.cli import main
for words in ("check", "segment list --json", "campaign list"):
    result = CliRunner().invoke(main, words.split())
    loaded = [name for name in sys.argv[1:] if name in sys.modules]
    print(words, result.exit_code, "Nobody there" in result.stdout, *loaded)
import campaigns.worker.work
print("worker", *(name for name in sys.argv[1:9] if name in sys.modules))
"""


def test_a_command_that_only_looks_loads_no_engine(council: Run, tmp_path: Path) -> None:
    """Whoever watches a service asks each minute, and a library that is not called costs as much as one that is."""
    office = Office()
    rule = {"version": 1, "where": {"all": [RULE["where"]]}}
    with office.database.session() as session:
        session.add(Segment(
            authority=COUNCIL, name="Nobody there", rule=rule, made_by="A Person", made_at=office.clock.now(),
        ))  # fmt: skip
    told = subprocess.run([sys.executable, "-c", LOOKED, *HEAVY], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == [
        "check 0 False",
        "segment list --json 0 True",
        "campaign list 0 False",
        "worker",
    ]
