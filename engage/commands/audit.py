"""`engage audit`: the audit log verified, held against what was kept of it outside, and written to a file."""

import sys
from dataclasses import asdict, replace
from pathlib import Path

import click

from engage.commands.caller import Caller, with_right
from engage.deployment import anchors
from engage.deployment.anchors import Anchor
from engage.foundation import audit
from engage.foundation.audit import Verdict
from engage.foundation.folders import writing
from engage.foundation.identity import Right


@click.group(name="audit")
def audit_log() -> None:
    """The audit log."""


@audit_log.command()
@click.option(
    "--anchor", "kept", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
    help="Hold it against the lines that engage audit anchor added to FILE.",
)  # fmt: skip
@with_right(Right.audit)
def verify(caller: Caller, kept: Path | None) -> None:
    """Walk the whole chain; exit code 0 only when nothing was changed, removed or added."""
    known = anchors.read(kept, caller.actor.authority) if kept else []
    verdict = _verdict(caller, known)
    if caller.json_wanted:
        found = {"intact": verdict.intact, "entries": verdict.entries, "broken_at": verdict.broken_at}
        why = {} if verdict.intact else {"why": verdict.why}
        caller.show(found | why | ({"anchors": len(known)} if known else {}), print)
    else:
        held = f", and as anchored {_times(len(known))}" if known and verdict.intact else ""
        click.echo(f"{verdict.message}{held}", err=not verdict.intact)
    sys.exit(0 if verdict.intact else 1)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _verdict(caller: Caller, known: list[Anchor]) -> Verdict:
    """Of the authority's log; where there are several councils, of that of none too."""
    office, authority = caller.office, caller.actor.authority
    verdict = audit.verify_all(office.database, authority, office.clock.now())
    with office.database.reading() as session:
        wrong = anchors.compare(session, known) if verdict.intact else verdict
        nobodys = audit.SERVICE in audit.chains(session)
    if wrong is None and nobodys:
        found = audit.verify_all(office.database, audit.SERVICE, office.clock.now())
        wrong = None if found.intact else replace(found, why=f"of the log of no council {found.why}")
    return wrong or verdict


@audit_log.command()
@with_right(Right.audit)
def head(caller: Caller) -> None:
    """Print where the log ends: the number and the digest of its last entry."""
    end = anchors.end(caller.office, caller.actor.authority)
    caller.show(asdict(end), lambda _: click.echo(f"{end.number} {end.digest}"))


@audit_log.command()
@click.option(
    "--to", required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="The file, best on another machine.",
)  # fmt: skip
@with_right(Right.audit)
def anchor(caller: Caller, to: Path) -> None:
    """Add where the log ends to FILE, one line of JSON each time."""
    kept = anchors.keep(caller.office, caller.actor, to)
    caller.show(asdict(kept), lambda _: click.echo(f"Entry {kept.number:,} is anchored in {to}."))


@audit_log.command(name="export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--service", is_flag=True, help="That of what is no council's, where there are several.")
@with_right(Right.audit, results=False)
def export_audit(caller: Caller, file: Path, *, service: bool) -> None:
    """Write the audit log to FILE as JSON lines."""
    with caller.office.database.reading() as session, writing(file) as out:
        lines = audit.export(session, audit.SERVICE if service else caller.actor.authority)
        click.echo(f"{sum(bool(out.write(line)) for line in lines):,} entries written to {file}")
