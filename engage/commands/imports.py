"""`engage import` and `engage link`: files that come in, and lists of other systems tied to properties."""

from datetime import date
from functools import partial
from pathlib import Path

import click

from engage.commands import printing
from engage.commands.caller import Caller, day, facts, with_right
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from segments.files.questions import FEWER
from segments.files.report import AnswerNeeded
from segments.importing.imports import import_file, record_first_rows
from segments.importing.intake import right_to_import
from segments.records import births
from segments.records.arrival import KIND, bring_in
from segments.records.layouts import of_sources


@click.command(name="import")
@click.argument("kind")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--as-at", "as_at", required=True, metavar="DATE", type=day, help="The day the file speaks of.")
@click.option("--dry-run", is_flag=True, help="Check only, show what would come in; change nothing.")
@click.option("--accept-shrink", is_flag=True, help="Import although it has over 5 % fewer rows than the one before.")
@click.option("--accept-problems", is_flag=True, help="Import although something about the file asks for a yes.")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Of council-records: whose FILE it is.")
@click.option(
    "--dates-of-birth",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Of a register: what the EMS tells beside.",
)
@with_right(Right.import_gazetteer)
def import_(
    caller: Caller, kind: str, files: tuple[Path, ...], as_at: date,
    *, dry_run: bool, accept_shrink: bool, accept_problems: bool, sources: tuple[str, ...], dates_of_birth: Path | None,
) -> None:  # fmt: skip
    """Import each FILE as KIND.

    KIND is one of register, register-update, gazetteer, geography, indicator, population, boundaries, contacts,
    suppressions, protected, applications or council-records.

    The council's own records say whose they are: --source council_tax, once for each FILE. Several are linked in one
    run. Names and dates of birth in them are never kept.

    The format is recognised from content, not from the name; files may be gzipped. With --json, one object to a line.
    """
    caller.demand(right_to_import(kind))
    _demand_options(kind, files, sources, dates_of_birth, dry_run=dry_run)
    if kind == KIND:
        for snapshot in bring_in(caller.office, caller.actor, of_sources(files, sources), as_at):
            caller.show(snapshot.report, facts)
        return
    if dates_of_birth:
        births.check(caller.office, caller.actor, dates_of_birth, as_at)
    tell = partial(printing.imported, lake=caller.office.lake.root)
    for file in files:
        try:
            report = import_file(
                caller.office, caller.actor, kind, file, as_at, dry_run=dry_run, accept_shrink=accept_shrink,
                accept_problems=accept_problems,
            )  # fmt: skip
        except AnswerNeeded as refused:
            caller.show(refused.report.as_dict(), tell)
            only_fewer = all(question.kind == FEWER for question in refused.unanswered)
            option = "--accept-shrink" if only_fewer else "--accept-problems"
            raise InputRefused(f"{refused} If it is right so, import it with {option}.") from None
        except InputRefused as refused:
            if caller.json_wanted:
                why = {"kind": kind, "file": file.name, "outcome": "refused", "why": str(refused)}
                caller.show(why, facts)
            raise
        if report.preview:
            record_first_rows(caller.office, caller.actor, report)
        caller.show(report.as_dict(preview=dry_run), tell)
    if dates_of_birth:
        births.bring_in(caller.office, caller.actor, dates_of_birth)


def _demand_options(
    kind: str, files: tuple[Path, ...], sources: tuple[str, ...], dates_of_birth: Path | None, *, dry_run: bool
) -> None:  # fmt: skip
    if sources and kind != KIND:
        raise InputRefused(f"--source is of {KIND} alone, not of {kind}. Nothing was read.")
    if dates_of_birth and (kind != "register" or len(files) > 1 or dry_run):
        raise InputRefused("--dates-of-birth goes with one register that is imported. Nothing was read.")
    if kind == KIND and dry_run:
        raise InputRefused(f"There is no dry run of {KIND}: nothing of them counts before there is an agreement.")
