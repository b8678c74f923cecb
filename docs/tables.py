"""Write the tables of these pages that follow from the code; with --check, only say which pages are stale.

A table stands between `<!-- made by make docs: NAME -->` and `<!-- end -->`, and TABLES says what makes it. Only code
is read, no database and no network.
"""

import inspect
import re
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from cryptography.fernet import Fernet
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from campaigns.records.models import MEANING
from engage.app import create_app
from engage.cli import main as engage
from engage.foundation.access.rights import SAID
from engage.foundation.calendar import HOUSE_RULES
from engage.foundation.identity import RIGHTS, Right, Role
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from engage.foundation.web.handlers import Door, HasRightTo
from segments.rules.columns import COLUMNS, Column
from segments.rules.tree import operators
from segments.sources.catalogue import FORMATS

DOCS = Path(__file__).parent
PLACE = re.compile(r"(?<=<!-- made by make docs: )([a-z ]+) -->\n.*?(?=<!-- end -->)", re.DOTALL)
WIDTH = 120
LAW_LINE = re.compile(r"^\[\[(\w+)\]\]$|^(\w+) = (.+?)(?: +# (.+))?$", re.MULTILINE)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(map(_line, [headings, ["---"] * len(headings), *rows]))


def _line(cells: Sequence[str]) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return "".join(f"| {cell} " if cell else "| " for cell in escaped) + "|"


def code(words: str) -> str:
    return f"`{words}`" if words else ""


def coded(words: Sequence[str]) -> str:
    return ", ".join(code(word) for word in words)


def settings() -> str:
    rows = [
        [
            code(f"ENGAGE_{name.upper()}"),
            code(_usual(field.get_default(call_default_factory=True))),
            field.description or "",
        ]
        for name, field in Settings.model_fields.items()
    ]
    return table(["variable", "default", "meaning"], rows)


def _usual(value: Any) -> str:
    """A secret has no default that could be written here."""
    return "" if value in (None, []) or "Secret" in type(value).__name__ else str(value)


def every_command(within: click.Context | None = None) -> Iterator[click.Context]:
    """Each command with its whole path; a group is known by what is in it."""
    within = within or click.Context(engage, info_name="engage")
    group = within.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(within):
        command = group.get_command(within, name)
        assert command is not None
        below = click.Context(command, info_name=name, parent=within)
        yield from every_command(below) if isinstance(command, click.Group) else [below]


def commands() -> str:
    found = list(every_command())
    short = [[f"[`{at.command_path}`](#{_anchor(at)})", at.command.get_short_help_str(limit=2 * WIDTH)] for at in found]
    return "\n\n".join([table(["command", "does"], short), *map(_command, found)])


def _anchor(at: click.Context) -> str:
    return at.command_path.replace(" ", "-")


def _command(at: click.Context) -> str:
    usage = " ".join([at.command_path, *at.command.collect_usage_pieces(at)])
    paragraphs = inspect.cleandoc(at.command.help or "").split("\n\n")
    options = [_option(at, one) for one in at.command.params if isinstance(one, click.Option)]
    parts = [f"### `{at.command_path}`", f"    {usage}", *map(_wrapped, paragraphs)]
    return "\n\n".join([*parts, table(["option", "meaning"], options)] if options else parts)


def _option(at: click.Context, option: click.Option) -> list[str]:
    spelled, words = option.get_help_record(at) or ("", "")
    from_environment = f" Environment: `{option.envvar}`." if option.envvar else ""
    return [code(spelled), " ".join(words.split()) + from_environment]


def _wrapped(paragraph: str) -> str:
    words = " ".join(paragraph.split())
    return textwrap.fill(words, WIDTH, break_long_words=False, break_on_hyphens=False)


@dataclass(frozen=True)
class Way:
    """One method of one route, and where the end of its path names an act, one act."""

    path: str
    method: str
    door: Door
    act: str = ""

    @property
    def asks(self) -> str:
        return self.door.acts[self.act].value if isinstance(self.door, HasRightTo) else self.door.who

    def admits(self, role: Role) -> bool:
        return self.door.admits(role, self.act)


def ways(app: Litestar) -> list[Way]:
    """Every way in. A handler without a door, or with two, is a fault."""
    found = [
        way
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
        if method != "OPTIONS"  # which Litestar answers by itself, with the methods
        for way in _ways(route.path_format, method, door_of(route.path_format, handler))
    ]
    return sorted(found, key=lambda way: (way.path, way.method))


def door_of(path: str, handler: HTTPRouteHandler) -> Door:
    doors = [guard for guard in handler.resolve_guards() if isinstance(guard, Door)]
    assert len(doors) == 1, f"{path} of {handler.fn.__name__} has {len(doors)} doors, not one: say who it is for"
    return doors[0]


def _ways(path: str, method: str, door: Door) -> list[Way]:
    if not isinstance(door, HasRightTo):
        return [Way(path, method, door)]
    return [Way(path.replace("{act}", act), method, door, act) for act in door.acts]


def pages() -> str:
    """What a browser or a program can ask for, with the right that each way asks for."""
    with tempfile.TemporaryDirectory() as home:
        office = Office(Settings(home=Path(home), database_url="", secret_keys=[Fernet.generate_key().decode()]))
        found = ways(create_app(office))
        office.close()
    rows = [[code(way.path), way.method, way.asks, *_marks(way.admits)] for way in found]
    return table(["path", "method", "asks for", *Role], rows)


def _marks(admits: Callable[[Role], bool]) -> list[str]:
    return ["yes" if admits(role) else "" for role in Role]


def right_of(command: click.Command) -> Right | None:
    """What a command asks of the account of `--as`; None of one for whoever looks after the machine."""
    right: Right | None = getattr(command.callback, "right", None)
    return right


def command_rights() -> str:
    rows = [[code(at.command_path), *_asked(right_of(at.command))] for at in every_command()]
    return table(["command", "asks for", *Role], rows)


def _asked(right: Right | None) -> list[str]:
    if right is None:
        return ["nobody’s right: the machine’s operator", *("" for _ in Role)]
    return [right.value, *_marks(lambda role: right in RIGHTS[role])]


def roles() -> str:
    return table(["role", "may"], [[role.value, SAID[role]] for role in Role])


def import_formats() -> str:
    kinds = dict.fromkeys(form.kind for form in FORMATS)
    rows = [[code(kind), form.name, ", ".join(form.columns)] for kind in kinds for form in FORMATS if form.kind == kind]
    return table(["kind", "format", "recognised by"], rows)


def rule_columns() -> str:
    rows = [[code(name), column.label, _type(column), coded(operators(column))] for name, column in COLUMNS.items()]
    return table(["column", "words", "type", "operators"], rows)


def _type(column: Column) -> str:
    if column.unit == "choice":
        chosen = [
            code(value) if value == said[0] else f"{code(value)} ({said[0]})"
            for value, said in (column.choices or {}).items()
        ]
        return f"choice: {', '.join(chosen)}" if chosen else "text"
    return "share, from 0 to 1" if column.unit == "share" else "number of people" if column.people else "number"


def law() -> str:
    """The rows of law.toml with what its comments say of a value."""
    rows: list[tuple[str, dict[str, tuple[str, str]]]] = []
    for name, key, value, comment in LAW_LINE.findall(HOUSE_RULES.read_text(encoding="utf-8")):
        if name:
            rows.append((name, {}))
        else:
            rows[-1][1][key] = value, comment
    return table(["row", "since", "sets", "source"], [_law_row(name, values) for name, values in rows])


def _law_row(name: str, values: dict[str, tuple[str, str]]) -> list[str]:
    since, source = (values.pop(key)[0].strip('"') for key in ("since", "source"))
    sets = [f"{code(f'{key} = {value}')}{comment and f' ({comment})'}" for key, (value, comment) in values.items()]
    return [code(name), since, "; ".join(sets), source]


def rights() -> str:
    rows = [[right.value, *("yes" if right in RIGHTS[role] else "" for role in Role)] for right in Right]
    return table(["right", *Role], rows)


def message_states() -> str:
    return table(["state", "meaning"], [[code(state), words] for state, words in MEANING.items()])


TABLES: dict[str, Callable[[], str]] = {
    "settings": settings, "commands": commands, "pages": pages, "import formats": import_formats,
    "rule columns": rule_columns, "law": law, "rights": rights, "roles": roles,
    "command rights": command_rights, "message states": message_states,
}  # fmt: skip


def written() -> dict[Path, str]:
    """Every page that has a table, as it should be."""
    found = {path: path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))}
    return {path: PLACE.sub(_made, text) for path, text in found.items() if PLACE.search(text)}


def _made(place: re.Match[str]) -> str:
    return f"{place[1]} -->\n\n{TABLES[place[1]]()}\n\n"


def stale() -> list[Path]:
    return [path for path, text in written().items() if path.read_text(encoding="utf-8") != text]


def main(*, check: bool) -> int:
    if check:
        behind = stale()
        for path in behind:
            print(f"docs/{path.relative_to(DOCS)} is stale: its tables are not what the code says. Run: make docs")
        return 1 if behind else 0
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
