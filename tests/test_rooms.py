"""The house holds to its map: every package is a room of docs/architecture.md, no room is a hall, imports stand on top."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FLOORS = ("engage", "segments", "campaigns", "dashboards")
LARGEST = 15
MANY = {"segments/sources"}  # one file to a format
LATER = 8  # imports inside functions: for start-up, or of an optional package


def modules() -> Iterator[Path]:
    for floor in FLOORS:
        for path in (ROOT / floor).rglob("*.py"):
            if not {"node_modules", "static", "versions"} & set(path.parts):
                yield path.relative_to(ROOT)


def rooms() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in modules():
        found.setdefault(path.parent.as_posix(), []).extend([path.stem] if path.stem != "__init__" else [])
    return found


def test_every_room_is_on_the_map_and_no_other() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    mapped = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([^`]+)` \|$", page, re.MULTILINE))
    assert set(mapped) == set(rooms()) - set(FLOORS)
    assert [f"{room}/{first}" for room, first in mapped.items() if not (ROOT / room / first).exists()] == []


def test_no_room_is_a_hall() -> None:
    assert {room: len(names) for room, names in rooms().items() if len(names) > LARGEST and room not in MANY} == {}
    assert {floor: sorted(rooms()[floor]) for floor in FLOORS if rooms()[floor]} == {"engage": ["app", "cli"]}


def later_imports() -> Iterator[str]:
    for path in modules():
        source = (ROOT / path).read_text(encoding="utf-8")
        lines = source.splitlines()
        functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        for line in {n.lineno for f in functions for n in ast.walk(f) if isinstance(n, ast.Import | ast.ImportFrom)}:
            yield f"{path}:{line}:{lines[line - 1]}"


def test_imports_inside_functions_are_few_and_give_their_reason() -> None:
    found = list(later_imports())
    assert len(found) <= LATER, found
    assert [line for line in found if not re.search(r"# noqa: PLC0415\s+[-#] \w", line)] == []


def test_each_test_of_a_room_lies_in_a_room() -> None:
    """Its folder is that of the room it tests, so that a module and its test are found by one name."""
    beside = {"audit", "browser", "faults", "soak"}
    folders = {path.parent.relative_to(ROOT / "tests").as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    known = set(rooms()) | set(FLOORS) | beside | {"."}
    assert folders <= known


def test_every_table_is_named_to_migrations() -> None:
    """What is only there because another room happens to import it would be gone with that import."""
    source = (ROOT / "engage/migrations/tables.py").read_text(encoding="utf-8")
    named = set(re.findall(r"^import (\S+)", source, re.MULTILINE))
    holding = {path for path in modules() if "(SQLModel, table=True)" in (ROOT / path).read_text(encoding="utf-8")}
    assert {path.with_suffix("").as_posix().replace("/", ".") for path in holding} == named
