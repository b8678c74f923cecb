"""What the documents say exists, exists; what exists, they say."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from cryptography.fernet import Fernet
from litestar.routes import HTTPRoute

from campaigns.homes.pages import ACTS as OF_HOMES
from campaigns.pages.actions import ACTS
from campaigns.records.models import MessageState, Reason
from docs import pictures, tables
from engage.app import create_app
from engage.foundation.calendar import HOUSE_RULES, Law
from engage.foundation.identity import RIGHTS, Right, Role
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from segments.rules.tree import COLUMNS, operators
from segments.sources.catalogue import FORMATS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = [README, ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
TEXT = {page: page.read_text(encoding="utf-8") for page in PAGES}
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
CELLS = re.compile(r"(?<!\\)\|")  # a bar within a cell has a backslash
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CALL = re.compile(r"^ *(?:\$ )?(?:\.venv/bin/)?(engage [a-z].*)$", re.MULTILINE)
LINK_ALONE = re.compile(r"!?\[[^\]]*\]\([^)]+\)")
OF_WAYS = ("path", "method", "asks for", *Role)
OF_ACT = rf"(?<=/campaigns/{{number}}/)({'|'.join(ACTS)})$|(?<=/homes/{{token}}/)({'|'.join(OF_HOMES)})$"
LONGEST_LINE, LONGEST_DECISION = 120, 40
PARTS = ["Status", "Context", "Decision", "Consequences"]


def shown(page: Path) -> str:
    return str(page.relative_to(ROOT))


def rows(text: str) -> list[list[str]]:
    """The rows of a table, cells as they read."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip().replace("\\|", "|") for cell in CELLS.split(line)[1:-1]] for line in lines]


def table(*heading: str) -> list[list[str]]:
    """What all tables of docs/ with this heading hold."""
    found = [rows(part) for page in PAGES if DOCS in page.parents for part in TEXT[page].split("\n\n")]
    return [row for part in found if part and part[0] == list(heading) for row in part[2:]]


def bare(cell: str) -> str:
    return cell.strip("`")


def coded(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def section(path: str) -> str:
    """What is written of a command below its heading."""
    found = [text.split(f"\n### `{path}`\n")[1] for text in TEXT.values() if f"\n### `{path}`\n" in text]
    assert len(found) == 1, f"docs/ has {len(found)} sections of {path}. Run: make docs"
    return re.split(r"\n#{1,3} |\n<!-- end", found[0])[0]


COMMANDS = {at.command_path: at for at in tables.every_command()}


class TestWhatExistsIsWritten:
    def test_every_setting_with_its_default_and_meaning(self) -> None:
        written = {bare(variable): rest for variable, *rest in table("variable", "default", "meaning")}
        assert set(written) == {f"ENGAGE_{name.upper()}" for name in Settings.model_fields}
        for name, field in Settings.model_fields.items():
            default, meaning = written[f"ENGAGE_{name.upper()}"]
            assert meaning == field.description
            usual = field.get_default(call_default_factory=True)
            expected = "" if usual in (None, []) or "Secret" in type(usual).__name__ else str(usual)
            assert bare(default) == expected, name

    def test_every_command_and_no_other(self) -> None:
        headings = [path for text in TEXT.values() for path in re.findall(r"^### `(engage .+)`$", text, re.MULTILINE)]
        listed = [coded(command)[0] for command, _ in table("command", "does")]
        assert sorted(headings) == sorted(listed) == sorted(COMMANDS)
        assert len(COMMANDS) > 30

    @pytest.mark.parametrize("path", sorted(COMMANDS))
    def test_every_option_and_argument_of_a_command(self, path: str) -> None:
        written, at = section(path), COMMANDS[path]
        told = {bare(option): meaning for option, meaning in rows(written)[2:]}
        for parameter in at.command.params:
            if isinstance(parameter, click.Option):
                spelled, words = parameter.get_help_record(at) or ("", "")
                assert told.pop(spelled, "").startswith(" ".join(words.split())), f"{path} {spelled}"
                assert spelled.split(" ")[0] in parameter.opts
            else:
                assert parameter.make_metavar(at) in written, f"{path} {parameter.name}"
        assert not told, "options that are not there"
        assert " ".join((at.command.help or "?").split()) in " ".join(written.split())

    def test_every_way_in_and_no_other(self, routes: set[tuple[str, str]]) -> None:
        written = {(re.sub(OF_ACT, "{act}", bare(path)), method) for path, method, *_ in table(*OF_WAYS)}
        assert written == routes

    def test_who_may_go_it(self) -> None:
        rows = {(bare(path), method): rest for path, method, *rest in table(*OF_WAYS)}
        asks = {way: right for way, (right, *_) in rows.items()}
        admits = {way: {r for r, mark in zip(Role, marks, strict=True) if mark} for way, (_, *marks) in rows.items()}
        assert admits["/audit", "GET"] == {Role.administrator, Role.auditor, Role.data_protection}
        assert asks["/segments/new", "POST"] == asks["/campaigns/{number}/submit", "POST"] == Right.plan
        assert admits["/campaigns/{number}/approve", "POST"] == {Role.administrator, Role.approver}
        assert admits["/metrics", "GET"] == admits["/notify/receipts", "POST"] == set()
        assert {path for (path, _), right in asks.items() if right == "whoever is signed in"} == {
            "/", "/account", "/account/code", "/account/emails", "/account/sign-ins", "/api/schema", "/api/schema/openapi.json", "/api/schema/{path}"
        }  # fmt: skip
        assert {path for (path, _), right in asks.items() if right in ("anybody", "whoever has the link")} == {
            "/accessibility", "/assets/{name}", "/contact", "/cookies", "/health", "/here/{poster}",
            "/here/{poster}/help", "/here/{poster}/register", "/here/{poster}/registered", "/privacy", "/r/{token}",
            "/r/{token}/undo", "/yma/{poster}", "/yma/{poster}/help", "/yma/{poster}/register",
            "/yma/{poster}/registered",
            "/r/{token}/{what}", "/retention", "/sign-in", "/sign-in/provider", "/sign-in/provider/back", "/sign-out",
            "/signed-out", "/welcome/{secret}", "/welcome/{secret}/provider",
        }  # fmt: skip

    def test_every_import_format_with_what_it_is_recognised_by(self) -> None:
        written = table("kind", "format", "recognised by")
        assert sorted(written) == sorted([f"`{form.kind}`", form.name, ", ".join(form.columns)] for form in FORMATS)

    def test_every_column_of_rules_with_its_words_and_operators(self) -> None:
        written = {bare(column): rest for column, *rest in table("column", "words", "type", "operators")}
        assert set(written) == set(COLUMNS)
        for column, about in COLUMNS.items():
            words, kind, compared = written[column]
            assert words == about.label
            assert coded(compared) == operators(about)
            assert coded(kind) == list(about.choices or {})

    def test_every_row_of_the_law_with_its_values_and_source(self) -> None:
        law = tomllib.loads(HOUSE_RULES.read_text(encoding="utf-8"))
        expected = [(kind, str(row.pop("since")), row) for kind, found in law.items() for row in found]
        written = [
            (bare(kind), since, tomllib.loads("\n".join(coded(sets))) | {"source": source})
            for kind, since, sets, source in table("row", "since", "sets", "source")
        ]
        assert written == expected
        assert len(written) > 10

    @pytest.mark.parametrize("kind", sorted(Law.model_fields))
    def test_every_kind_of_row_a_council_may_add(self, kind: str) -> None:
        assert any(f"`{kind}`" in text or f"[[{kind}]]" in text for text in TEXT.values())

    def test_every_right_of_every_role(self) -> None:
        written = {right: held for right, *held in table("right", *Role)}
        assert set(written) == set(Right)
        for at, role in enumerate(Role):
            assert {right for right, held in written.items() if held[at] == "yes"} == RIGHTS[role], role

    def test_every_role_in_words(self) -> None:
        assert {role for role, words in table("role", "may") if words} == set(Role)

    def test_every_state_of_a_message_with_what_it_means(self) -> None:
        written = {bare(state): meaning for state, meaning in table("state", "meaning")}
        assert set(written) == set(MessageState)
        assert all(len(meaning) > 20 for meaning in written.values())

    @pytest.mark.parametrize("reason", Reason)
    def test_every_reason_for_which_a_message_is_dropped(self, reason: str) -> None:
        assert any(f"`{reason}`" in text for text in TEXT.values())


@pytest.fixture
def routes(tmp_path: Path) -> set[tuple[str, str]]:
    """What the application opens, by path and method, without the way in which the page of them is written."""
    office = Office(Settings(home=tmp_path, secret_keys=[Fernet.generate_key().decode()]))
    app = create_app(office)
    office.close()
    return {
        (route.path_format, method)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in route.methods - {"OPTIONS"}
    }


class TestTables:
    def test_they_are_what_the_code_says(self) -> None:
        assert [shown(page) for page in tables.stale()] == [], "Run: make docs"

    def test_each_stands_on_one_page(self) -> None:
        places = [place[1] for text in TEXT.values() for place in tables.PLACE.finditer(text)]
        assert sorted(places) == sorted(tables.TABLES)
        begun = sum(text.count("<!-- made by make docs") for text in TEXT.values())
        assert begun == len(places), "each ends with <!-- end -->"

    def test_a_stale_one_is_named_and_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        page = tmp_path / "operators" / "settings.md"
        page.parent.mkdir()
        page.write_text("# Settings\n\n<!-- made by make docs: settings -->\n<!-- end -->\n\nMore.\n", encoding="utf-8")
        monkeypatch.setattr(tables, "DOCS", tmp_path)
        assert tables.main(check=True) == 1
        assert capsys.readouterr().out == (
            "docs/operators/settings.md is stale: its tables are not what the code says. Run: make docs\n"
        )
        assert tables.main(check=False) == 0
        assert tables.main(check=True) == 0
        assert "| `ENGAGE_HOME` | `var` |" in page.read_text(encoding="utf-8")
        assert page.read_text(encoding="utf-8").endswith("\n\n<!-- end -->\n\nMore.\n")


def calls() -> Iterator[tuple[str, str]]:
    for page, text in TEXT.items():
        for call in CALL.findall(text.replace("\\\n", " ")):
            yield shown(page), call
        for call in re.findall(r"`(engage [a-z][^`]*)`", text):
            yield shown(page), call


@pytest.mark.parametrize(("page", "call"), sorted(set(calls())))
def test_each_command_a_page_shows_is_real_to_its_options(page: str, call: str) -> None:
    words = [
        word for word in shlex.split(call.split(" > ", maxsplit=1)[0].replace("&", ""), comments=True) if word != "…"
    ]
    path = next((" ".join(words[:n]) for n in (3, 2) if " ".join(words[:n]) in COMMANDS), None)
    assert path, f"{page} shows {call!r}"
    known = {
        option for parameter in COMMANDS[path].command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given <= known | {"--help"}, f"{page} shows {call!r}"


def anchors(page: Path) -> set[str]:
    """Where a link can lead to within a page, as GitHub names headings."""
    headings = re.findall(r"^#+ (.+)$", TEXT[page], re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_within_the_project_resolve(page: Path) -> None:
    for link in LINK.findall(TEXT[page]):
        if link.startswith(("http://", "https://")):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.is_file(), f"{shown(page)} points at {link}"
        assert not anchor or anchor in anchors(target), f"{shown(page)} points at {link}"


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [README]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        links = {(page.parent / link.partition("#")[0]).resolve() for link in LINK.findall(TEXT[page])}
        waiting += [target for target in links & set(PAGES) if target not in reached]
    assert {shown(page) for page in set(PAGES) - reached} == set()


def test_what_the_pages_tell_to_run_is_a_target_of_make() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    told = {target for text in TEXT.values() for target in re.findall(r"(?:^ +|`)make ([a-z]+)", text, re.MULTILINE)}
    assert {"demo", "test", "setup", "docs"} <= told <= targets


def test_what_is_assured_is_shown_by_something_that_is_there() -> None:
    text = (ROOT / "docs/operators/assurance.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| line")]
    assert len(rows) > 60
    for row in rows:
        assert re.search(r"\| (met|not applicable|open|`make|state)", row), row
    shown_by = set(re.findall(r"`((?:tests|benchmarks|engage)/[\w./]+)`", text))
    assert len(shown_by) > 50
    assert {name for name in shown_by if not (ROOT / name).is_file()} == set()


def test_the_pictures_of_officers_pages_are_those_of_the_campaign_that_the_tests_play() -> None:
    taken = {path.stem for path in pictures.PICTURES.glob("*.png")}
    text = "\n".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs/officers").glob("*.md"))
    shown_there = re.findall(r"!\[[^\]]{20,}\]\(\.\./images/officers/(\w+)\.png\)", text)
    assert taken == set(shown_there) == set(pictures.PICTURED)


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Lines to be read: not tables, code, nor a link or picture alone on its line."""
    fenced = False
    for number, line in enumerate(text.splitlines(), start=1):
        fenced = fenced != line.startswith("```")
        if not (fenced or line.startswith(("|", "    ", "```")) or LINK_ALONE.fullmatch(line.strip())):
            yield number, line


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_lines_of_prose_are_not_too_long(page: Path) -> None:
    long = [f"{shown(page)}:{number}" for number, line in prose(TEXT[page]) if len(line) > LONGEST_LINE]
    assert not long


@pytest.mark.parametrize("page", DECISIONS, ids=shown)
def test_a_decision_has_its_four_parts_and_is_short(page: Path) -> None:
    lines = TEXT[page].splitlines()
    assert re.findall(r"^## (.+)$", TEXT[page], re.MULTILINE) == PARTS
    assert len(lines) <= LONGEST_DECISION
    assert all(part.strip() for part in re.split(r"^## .+$", TEXT[page], flags=re.MULTILINE)[1:])


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    assert [int(page.name[:3]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert len(DECISIONS) >= 17
    listed = LINK.findall(TEXT[DOCS / "decisions" / "README.md"])
    assert listed == [page.name for page in DECISIONS]
    for number, page in enumerate(DECISIONS, start=1):
        assert TEXT[page].startswith(f"# {number}. ")


def test_each_reader_has_pages_of_their_own() -> None:
    assert {"officers", "members", "operators", "decisions"} <= {page.parent.name for page in PAGES}
