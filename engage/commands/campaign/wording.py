"""`engage wording …`: what messages say, and whether they may."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from campaigns.messages.wording_rules import findings, named_in
from campaigns.notify.wordings import PURPOSES, Wording, read, wordings
from engage.commands.caller import as_json, show, table
from engage.foundation.errors import InputRefused
from engage.foundation.folders import writing


@click.group()
def wording() -> None:
    """Wordings to load into GOV.UK Notify, and the check of any."""


@wording.command(name="list")
@as_json
def list_(as_json: bool) -> None:
    """The wordings that come with Engage, with the fields that each asks for."""
    found = [
        {"name": each.name, "for": PURPOSES[each.purpose], "fields": ", ".join(each.fields)} for each in wordings()
    ]
    show(found, lambda rows: table(rows, ("name", "for", "fields")), json_wanted=as_json)


@wording.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def copy(folder: Path) -> None:
    """Write them to FOLDER, one file for each purpose, channel and language. A file that is there stays."""
    folder.mkdir(parents=True, exist_ok=True)
    if there := [each.name for each in wordings() if (folder / f"{each.name}.txt").exists()]:
        raise InputRefused(f"{folder / there[0]}.txt is there already. Name an empty folder; nothing was written.")
    for each in wordings():
        with writing(folder / f"{each.name}.txt", encoding="utf-8") as out:
            out.write(each.text)
    click.echo(f"{len(wordings())} wordings written to {folder}")


@wording.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE...")
@click.option("--all", "ours", is_flag=True, help="Check those that come with Engage.")
@as_json
def check(files: Sequence[Path], ours: bool, as_json: bool) -> None:
    """Hold each FILE to the rules of messages: what may not be sent as it is, and advice.

    A FILE is called as reminder.email.en.txt is. The exit code is 0 if nothing is left to answer.
    """
    if not files and not ours:
        raise InputRefused("Name at least one file, or --all for the wordings that come with Engage.")
    checked = [*(wordings() if ours else ()), *(_read(path) for path in files)]
    rows = [row for each in checked for row in _found(each)]
    show(rows, lambda found: _told(len(checked), found), json_wanted=as_json)
    if any(row["holds"] for row in rows):
        raise SystemExit(1)


def _read(path: Path) -> Wording:
    try:
        return read(path.name, path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputRefused(f"{path.name}: byte {error.start} is not UTF-8. Save it as plain text in UTF-8.") from None


def _found(each: Wording) -> list[dict[str, Any]]:
    return [
        {"wording": each.name, "rule": one.rule, "holds": one.holds, "sentence": one.sentence, "place": one.place}
        for one in (*findings(each), *named_in(each))
    ]


def _told(checked: int, found: Sequence[dict[str, Any]]) -> None:
    for row in found:
        place = f" It says {row['place']}." if row["place"] else ""
        click.echo(f"{row['wording']}: {'to answer' if row['holds'] else 'advice'}: {row['sentence']}{place}")
    click.echo(f"{checked} checked, {sum(row['holds'] for row in found)} to answer")
