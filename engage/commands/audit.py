"""`engage audit`: the audit log verified and written to a file."""

import sys
from pathlib import Path

import click

from engage.commands.caller import Caller, with_right
from engage.foundation import audit
from engage.foundation.folders import writing
from engage.foundation.identity import Right


@click.group(name="audit")
def audit_log() -> None:
    """The audit log."""


@audit_log.command()
@with_right(Right.audit)
def verify(caller: Caller) -> None:
    """Walk the hash chain; exit code 0 only when it is whole."""
    with caller.office.database.session() as session:
        verdict = audit.verify(session, caller.actor.authority)
    if caller.json_wanted:
        found = {"intact": verdict.intact, "entries": verdict.entries, "broken_at": verdict.broken_at}
        caller.show(found, print)
    elif verdict.intact:
        click.echo(f"{verdict.entries:,} entries, chain whole")
    else:
        click.echo(f"The audit log was changed at entry {verdict.broken_at}.", err=True)
    sys.exit(0 if verdict.intact else 1)


@audit_log.command(name="export")
@click.argument("file", type=click.Path(path_type=Path))
@with_right(Right.audit, results=False)
def export_audit(caller: Caller, file: Path) -> None:
    """Write the audit log to FILE as JSON lines."""
    with caller.office.database.session() as session, writing(file) as out:
        lines = audit.export(session, caller.actor.authority)
        click.echo(f"{sum(bool(out.write(line)) for line in lines):,} entries written to {file}")
