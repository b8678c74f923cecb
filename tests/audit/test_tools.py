"""`make audit` never takes silence for good news."""

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.audit import tools

Answer = Callable[[Sequence[str]], tuple[int, str, str]]
CLEAN = json.dumps({"dependencies": [{"name": "jinja2", "version": "2.4.1", "vulns": []}]})
BAD = json.dumps({"dependencies": [{"name": "jinja2", "version": "2.4.1", "vulns": [{"id": "PYSEC-1"}]}]})


@pytest.fixture
def saying(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Answer], None]:
    def say(answer: Answer) -> None:
        def spawn(command: Sequence[str], _folder: Path) -> subprocess.CompletedProcess[str]:
            return subprocess.CompletedProcess(command, *answer(command))

        monkeypatch.setattr(tools, "_spawn", spawn)
        monkeypatch.setattr(tools, "PARTS", tmp_path / "dist")

    return say


def told(capsys: Any, name: str) -> tuple[int, str]:
    bad = tools.audit({name: tools.TOOLS[name]})
    return bad, capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "answer", "why"),
    [
        ("pip-audit", (1, "", "ERROR: Connection refused\n"), "not audited: ERROR: Connection refused"),
        ("pip-audit", (0, CLEAN, ""), "not audited: the source of advisories names none for jinja2==2.4.1"),
        ("npm-audit", (1, '{"message": "405 Method Not Allowed"}', ""), "not audited: npm: 405 Method Not Allowed"),
        ("npm-audit", (0, "{}", ""), "not audited: npm: no answer"),
        ("bandit", (1, '{"errors": [{"filename": "a.py"}], "results": []}', ""), "not audited: bandit could not read a.py"),
        ("schemathesis", (2, "", "ReadTimeout"), "not audited: schemathesis: ReadTimeout"),
    ],
)  # fmt: skip
def test_what_could_not_be_asked_fails(saying: Any, capsys: Any, name: str, answer: Any, why: str) -> None:
    saying(lambda _: answer)
    bad, said = told(capsys, name)
    assert (bad, why in said) == (1, True), said


def test_what_is_found_fails_and_what_is_clean_does_not(saying: Any, capsys: Any) -> None:
    saying(lambda command: (1, BAD, ""))
    assert told(capsys, "pip-audit") == (1, "== pip-audit\n  jinja2 2.4.1: PYSEC-1\n\n")
    saying(lambda command: (0, CLEAN, "") if "--require-hashes" in command else (1, BAD, ""))
    assert told(capsys, "pip-audit") == (0, "== pip-audit\n  nothing found\n")
    skipped = json.dumps({"dependencies": [{"name": "somewhere", "skip_reason": "unknown"}]})
    saying(lambda command: (0, skipped, "") if "--require-hashes" in command else (1, BAD, ""))
    assert "not audited: pip-audit passed over somewhere" in told(capsys, "pip-audit")[1]
