"""The first two changes of docs/contributing.md, made on a copy of the project as they stand there."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/contributing.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^\d\. `([^`]+)`[^\n]*\n(?:[^\n]+\n)*\n```\w+\n(.*?)```$", re.MULTILINE | re.DOTALL)
COPIED = ("engage", "segments", "campaigns", "dashboards", "templates", "docs")
TRY = """
import json, sys
from datetime import date
from pathlib import Path
from sqlmodel import SQLModel
from engage import migrations
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.importing.imports import import_file
from segments.rules import tree
office = Office(Settings(home=Path(sys.argv[2])))
SQLModel.metadata.create_all(office.database.engine)
with office.database.session() as session:
    session.add(Authority(code="E07000193", name="East Staffordshire"))
report = import_file(office, Actor("E07000193", "officer 1"), "register", Path(sys.argv[1]), date(2026, 6, 1))
rule = tree.parse({"version": 1, "where": {"column": "two_person_share", "is": "at least", "value": 0.3}})
print(json.dumps([report.format, report.rows_read, report.accepted, rule.sentence(), rule.sentence("cy")]))
"""


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    return tmp_path


def changed(scratch: Path) -> dict[str, str]:
    """Write what the page says: whole new files, and one entry into a table."""
    blocks = dict(BLOCK.findall(PAGE))
    for name, content in blocks.items():
        target = scratch / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.write_text(content, encoding="utf-8")
            continue
        [place] = [line for line in target.read_text().splitlines() if line.lstrip().startswith('"one_person_share"')]
        target.write_text(target.read_text().replace(place, f"{place}\n{content.rstrip()}"), encoding="utf-8")
    return blocks


def run(scratch: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(scratch)}
    return subprocess.run(
        [sys.executable, *command], cwd=scratch, env=environment, capture_output=True, text=True, check=False
    )


def test_a_format_and_a_rule_column_are_added_as_the_page_says(scratch: Path) -> None:
    blocks = changed(scratch)
    assert list(blocks) == [
        "segments/sources/ballotbox.py", "tests/segments/sources/samples/registers/ballotbox.csv",
        "segments/sources/indicators.py",
    ]  # fmt: skip
    tried = run(scratch, "-c", TRY, "tests/segments/sources/samples/registers/ballotbox.csv", str(scratch / "home"))
    assert tried.returncode == 0, tried.stderr
    assert json.loads(tried.stdout.splitlines()[-1]) == [
        "Ballotbox full register", 3, 2,
        "Homes in areas where households of two are at least 30 %.",
        "Cartrefi mewn ardaloedd lle mae aelwydydd o ddau o leiaf 30 %.",
    ]  # fmt: skip
    stale = run(scratch, "docs/tables.py", "--check")
    assert stale.returncode == 1
    assert "docs/operators/formats.md is stale" in stale.stdout
    assert "docs/operators/rules.md is stale" in stale.stdout
    assert run(scratch, "docs/tables.py").returncode == 0
    assert run(scratch, "docs/tables.py", "--check").returncode == 0
    assert "Ballotbox full register" in (scratch / "docs/operators/formats.md").read_text()


def test_every_file_the_page_names_is_there() -> None:
    new = set(dict(BLOCK.findall(PAGE))) | {"tests/segments/sources/test_ballotbox.py"}
    named = set(re.findall(r"`((?:segments|dashboards|templates|tests|docs|engage|campaigns)/[^`]*)`", PAGE))
    assert len(named) > 25
    assert {name for name in named - new if not (ROOT / name).exists()} == {"tests/segments/gazetteer/test_pages.py"}
