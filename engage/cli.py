"""The `engage` command. Each command calls a function that a page calls too."""

import logging
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from engage.campaign_commands import campaign as campaign_group
from engage.desk import DAY, acting_as, as_json, facts, for_authority, needed, read_json, show, table, take_desk
from engage.foundation import audit
from engage.foundation.errors import EngageError
from engage.foundation.identity import Right, Role
from engage.foundation.office import Office


class KindGroup(click.Group):
    """Errors an officer can act on become one message and exit code 1; anything else keeps its traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except EngageError as error:
            click.echo(str(error), err=True)
            sys.exit(1)


@click.group(cls=KindGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="engage")
def main() -> None:
    """Find who is missing from the electoral register, remind them, and prove what worked."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)


main.add_command(campaign_group)


@main.command()
@click.option("--authority", required=True, metavar="CODE", help="GSS code, such as E07000193.")
@click.option("--name", required=True, help="The council's name.")
@click.option("--email", help="Email address of the first account.")
def init(authority: str, name: str, email: str | None) -> None:
    """Create or migrate the database, the authority and the first account."""
    from engage.opening import open_authority

    opened = open_authority(Office(), authority, name, email)
    click.echo(opened.message)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
def serve(host: str, port: int) -> None:
    """Serve the web pages."""
    from engage.serving import serve as run

    run(Office(), host=host, port=port)


@main.command()
@click.option("--once", is_flag=True, help="Do what is due now, then stop.")
def worker(once: bool) -> None:
    """Do background work: waves, receipts, unknown messages."""
    from campaigns import work

    work.worker(Office(), once=once)


@main.command()
@as_json
def check(as_json: bool) -> None:
    """Is this deployment healthy?"""
    from engage.health import examine

    found = examine(Office())
    show(found.as_dict(), facts, json_wanted=as_json)
    sys.exit(0 if found.healthy else 1)


@main.command(name="import")
@click.argument("kind")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--as-at", "as_at", required=True, type=DAY, help="The day the file speaks of.")
@click.option("--dry-run", is_flag=True, help="Check only; change nothing.")
@for_authority
@acting_as
@as_json
def import_(
    kind: str,
    files: tuple[Path, ...],
    as_at: datetime,
    dry_run: bool,
    authority: str | None,
    email: str | None,
    as_json: bool,
) -> None:
    """Import FILES as KIND: register, gazetteer, geography, indicator, population, boundaries, contacts,
    suppressions or protected. The format is recognised from content."""
    from segments.imports import import_file

    desk = take_desk(authority, email, Right.import_data)
    for file in files:
        report = import_file(desk.office, desk.actor, kind, file, as_at.date(), dry_run=dry_run)
        show(report.as_dict(), facts, json_wanted=as_json)


@main.group()
def households() -> None:
    """The table of homes."""


@households.command()
@for_authority
@acting_as
def build(authority: str | None, email: str | None) -> None:
    """Link the newest register and build one row per home."""
    from segments import households as homes

    desk = take_desk(authority, email, Right.import_data)
    homes.build(desk.office, desk.actor)
    facts(vars(homes.summary(desk.office, desk.actor.authority)))


@households.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@for_authority
@acting_as
def export(file: Path, authority: str | None, email: str | None) -> None:
    """Write the table of homes to FILE (.parquet or .csv)."""
    from segments import households as homes

    desk = take_desk(authority, email, Right.see_data)
    click.echo(f"{homes.export(desk.office, desk.actor, file):,} homes written to {file}")


@main.command()
@click.option("--by", "level", type=click.Choice(["ward", "area"]), default="ward", show_default=True)
@for_authority
@acting_as
@as_json
def gap(level: str, authority: str | None, email: str | None, as_json: bool) -> None:
    """Who is missing, by ward or area, with 95 % intervals."""
    from segments import gap as gaps

    desk = take_desk(authority, email, Right.see_data)
    rows = [row.as_dict() for row in gaps.by_level(desk.office, desk.actor.authority, level)]  # type: ignore[arg-type]  # click checked it
    columns = ["key", "name", "eligible", "registered", "completeness", "low", "high", "missing"]
    show({"rows": rows}, lambda value: table(value["rows"], columns), json_wanted=as_json)
    if not as_json:
        click.echo("\n" + "\n".join(gaps.ASSUMPTIONS))


@main.group()
def segment() -> None:
    """Groups of homes, by rule."""


@segment.command()
@click.argument("rule", type=click.Path(path_type=Path))
@click.option("--by", "level", type=click.Choice(["ward"]), help="Show each ward.")
@for_authority
@acting_as
@as_json
def count(rule: Path, level: str | None, authority: str | None, email: str | None, as_json: bool) -> None:
    """Count the homes of RULE.json."""
    from segments import rules
    from segments import segments as groups

    desk = take_desk(authority, email, Right.see_data)
    parsed = rules.parse(read_json(rule))
    counted = groups.count(desk.office, desk.actor.authority, parsed).as_dict() | {"sentence": parsed.sentence()}
    if level is None:
        counted.pop("wards")
    show(counted, facts, json_wanted=as_json)


@segment.command()
@click.argument("rule", type=click.Path(path_type=Path))
@click.option("--name", required=True)
@for_authority
@acting_as
def save(rule: Path, name: str, authority: str | None, email: str | None) -> None:
    """Save RULE.json as a segment; the same name again makes its next version."""
    from segments import segments as groups

    desk = take_desk(authority, email, Right.plan)
    saved = groups.save(desk.office, desk.actor, name, read_json(rule))
    click.echo(f"Segment {saved.id}, version {saved.version}: {saved.sentence}")


@segment.command(name="list")
@for_authority
@acting_as
def list_segments(authority: str | None, email: str | None) -> None:
    """List the segments."""
    from segments import segments as groups

    desk = take_desk(authority, email, Right.see_data)
    rows = [
        {"id": s.id, "name": s.name, "version": s.version}
        for s in groups.all_segments(desk.office, desk.actor.authority)
    ]
    table(rows, ["id", "name", "version"])


@main.group()
def account() -> None:
    """People who sign in."""


@account.command()
@click.option("--email", "address", required=True)
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@for_authority
@acting_as
def add(address: str, name: str, role: str, authority: str | None, email: str | None) -> None:
    """Add an account; prints its one-time link."""
    from engage.opening import invite

    desk = take_desk(authority, email, Right.administer)
    click.echo(invite(desk.office, desk.actor, address, name, Role(role)))


@main.group(name="audit")
def audit_log() -> None:
    """The audit log."""


@audit_log.command()
@for_authority
@acting_as
def verify(authority: str | None, email: str | None) -> None:
    """Walk the hash chain; exit code 0 only when it is whole."""
    desk = take_desk(authority, email, Right.audit)
    with desk.office.database.session() as session:
        verdict = audit.verify(session, desk.actor.authority)
    if not verdict.intact:
        click.echo(f"The audit log was changed at entry {verdict.broken_at}.", err=True)
        sys.exit(1)
    click.echo(f"{verdict.entries:,} entries, chain whole")


@audit_log.command(name="export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@for_authority
@acting_as
def export_audit(file: Path, authority: str | None, email: str | None) -> None:
    """Write the audit log to FILE as JSON lines."""
    desk = take_desk(authority, email, Right.audit)
    with desk.office.database.session() as session, file.open("w", encoding="utf-8") as out:
        lines = audit.export(session, desk.actor.authority)
        click.echo(f"{sum(bool(out.write(line)) for line in lines):,} entries written to {file}")


@main.command()
@click.argument("campaign", required=False, type=int)
@click.option("--table", "table_file", type=click.Path(path_type=Path), help="Any CSV of a trial instead.")
@click.option("--arm", help="Column of the arm.")
@click.option("--outcome", help="Column of the outcome, 0 or 1 or a number.")
@click.option("--cluster", help="Column of the cluster.")
@click.option("--block", help="Column of the block.")
@click.option("--weight", help="Column of the weight.")
@click.option("--control", help="Name of the arm to compare with.")
@for_authority
@acting_as
@as_json
def uplift(
    campaign: int | None, table_file: Path | None, authority: str | None, email: str | None, **columns: Any
) -> None:
    """How many more registered because of the reminders: of a CAMPAIGN, or of a trial in a CSV file."""
    from engage.measuring import of_campaign, of_table

    wanted = columns.pop("as_json")
    if table_file is not None:
        result = of_table(table_file, **columns)
    else:
        desk = take_desk(authority, email, Right.see_data)
        result = of_campaign(desk.office, desk.actor, needed(campaign, "CAMPAIGN"))
    show(result, facts, json_wanted=wanted)


@main.command(name="notify-stand-in")
@click.option("--port", default=6011, show_default=True)
@click.option("--seed", type=click.Path(path_type=Path, exists=True), help="Services, keys and templates as JSON.")
def notify_stand_in(port: int, seed: Path | None) -> None:
    """The local GOV.UK Notify, for rehearsals and tests."""
    from campaigns.notify import stand_in

    stand_in.serve(port, seed)


@main.command()
@click.option("--once", is_flag=True, help="Play the story, print one JSON object and stop.")
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Keep the demo's files here.")
@click.option("--port", default=8000, show_default=True)
def demo(once: bool, folder: Path | None, port: int) -> None:
    """The whole story on a made-up borough; then serves it."""
    from engage.demo.story import play_demo

    play_demo(once=once, folder=folder, port=port)
