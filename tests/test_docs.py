"""What the documents say exists, exists; what exists, they say."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from engage.cli import main
from engage.foundation.settings import Settings

ROOT = Path(__file__).parents[1]
OPERATOR = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
ROW = re.compile(r"^\| `(?P<name>[^`]+)` \|(?P<cells>.*)\|$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CALL = re.compile(r"^ *(?:\$ )?(?:\.venv/bin/)?(engage [a-z].*)$", re.MULTILINE)


def commands(group: click.Group = main, before: str = "engage") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        path = f"{before} {name}"
        if isinstance(command, click.Group):
            yield from commands(command, path)
        else:
            yield path, command


COMMANDS = dict(commands())


def rows(heading: str) -> dict[str, list[str]]:
    section = OPERATOR.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return {row["name"]: [cell.strip() for cell in row["cells"].split("|")] for row in ROW.finditer(section)}


def test_every_setting_is_in_the_table_with_its_default_and_meaning() -> None:
    table = rows("Settings")
    assert set(table) == {f"ENGAGE_{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        default, meaning = table[f"ENGAGE_{name.upper()}"]
        assert meaning == field.description
        usual = field.get_default(call_default_factory=True)
        written = "" if usual in (None, []) or "Secret" in type(usual).__name__ else str(usual)
        assert default.strip("`") == written, name


def test_every_command_is_in_the_table_and_no_other() -> None:
    assert set(rows("Every command")) == set(COMMANDS)


def calls() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for call in CALL.findall(text):
            yield page.name, call
        for call in re.findall(r"`(engage [a-z][^`]*)`", text):
            yield page.name, call


@pytest.mark.parametrize(("page", "call"), sorted(set(calls())))
def test_each_command_a_page_shows_is_real_to_its_options(page: str, call: str) -> None:
    words = [
        word for word in shlex.split(call.split(" > ", maxsplit=1)[0].replace("&", ""), comments=True) if word != "…"
    ]
    path = next((" ".join(words[:n]) for n in (3, 2) if " ".join(words[:n]) in COMMANDS), None)
    assert path, f"{page} shows {call!r}"
    known = {option for parameter in COMMANDS[path].params for option in parameter.opts} | {"--help"}
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given <= known, f"{page} shows {call!r}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_project_resolve(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if not link.startswith(("http://", "https://", "#")):
            target = page.parent / link.partition("#")[0]
            assert target.exists(), f"{page.name} points at {link}"


def test_what_the_readme_tells_to_run_is_a_target_of_make() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set()
    for page in PAGES:
        named |= set(re.findall(r"(?:^ +|`)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test", "setup"} <= named <= targets


def test_every_page_is_reached_from_the_readme() -> None:
    reached = set(LINK.findall((ROOT / "README.md").read_text(encoding="utf-8")))
    assert {f"docs/{page.name}" for page in PAGES if page.parent.name == "docs"} <= reached
