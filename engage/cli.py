"""The `engage` command. Each command calls a function that a page calls too.

Rooms are imported inside commands: some bring libraries that take seconds, which every other command would wait for.
"""

import logging
import sys
from pathlib import Path
from typing import Any, NoReturn

import click
from sqlalchemy.exc import DBAPIError

from engage.commands import printing
from engage.commands.caller import Desk, acting_as, as_json, at_desk, demand_database, for_authority, show, take_desk
from engage.commands.campaign import campaign as campaign_group
from engage.commands.data import gap, households, import_, segment
from engage.commands.gazetteer import gazetteer as gazetteer_group
from engage.foundation import audit
from engage.foundation.errors import EngageError, InputRefused
from engage.foundation.identity import Right, Role
from engage.foundation.office import Office


class KindGroup(click.Group):
    """What somebody can put right becomes one message and exit code 1; anything else keeps its traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except EngageError as error:
            _refuse(str(error))
        except BrokenPipeError:
            raise  # click ends quietly: whoever read our output has gone
        except OSError as error:
            _refuse(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.")
        except DBAPIError as error:
            _refuse(f"The database did not answer ({type(error.orig).__name__}). See: engage check")


def _refuse(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(1)


@click.group(cls=KindGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="engage")
def main() -> None:
    """Find who is missing from the electoral register, remind them, and prove what worked."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)


for command in (import_, households, gap, segment, campaign_group, gazetteer_group):
    main.add_command(command)


@main.command()
@click.option("--authority", required=True, metavar="CODE", help="GSS code, such as E07000193.")
@click.option("--name", required=True, help="The council's name.")
@click.option("--email", help="Email address of the first account.")
def init(authority: str, name: str, email: str | None) -> None:
    """Create or migrate the database, the authority and the first account."""
    from engage.deployment.authorities import open_authority

    click.echo(open_authority(Office(), authority, name, email).message)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes that answer.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve the web pages."""
    from engage.deployment.serving import serve as run

    office = Office()
    demand_database(office)
    run(office, host=host, port=port, workers=workers)


@main.command()
@click.option("--once", is_flag=True, help="Do what is due now, then stop.")
def worker(once: bool) -> None:
    """Do background work: waves, receipts, unknown messages."""
    from campaigns.worker import work
    from engage.foundation import logs

    office = Office()
    demand_database(office)
    logs.configure(office.settings.log_level)
    work.worker(office, once=once)


@main.command()
@as_json
def check(as_json: bool) -> None:
    """Is this deployment healthy? Exit code 0 only if it is."""
    from engage.deployment.health import examine

    found = examine(Office())
    show(found.as_dict(), lambda _: printing.health(found), json_wanted=as_json)
    sys.exit(0 if found.healthy else 1)


@main.group()
def account() -> None:
    """People who sign in."""


@account.command()
@click.option("--email", "address", required=True, help="Their email address, with which they sign in.")
@click.option("--name", required=True, help="Their name.")
@click.option("--role", required=True, metavar="ROLE", help=f"One of {', '.join(Role)}.")
@at_desk(Right.administer, results=False)
def add(desk: Desk, address: str, name: str, role: str) -> None:
    """Add an account; prints its one-time link."""
    from engage.deployment.authorities import invite

    if role not in set(Role):
        msg = f"There is no role {role!r}. Use one of: {', '.join(Role)}."
        raise InputRefused(msg)
    click.echo(invite(desk.office, desk.actor, address, name, Role(role)))


@main.group(name="audit")
def audit_log() -> None:
    """The audit log."""


@audit_log.command()
@at_desk(Right.audit)
def verify(desk: Desk) -> None:
    """Walk the hash chain; exit code 0 only when it is whole."""
    with desk.office.database.session() as session:
        verdict = audit.verify(session, desk.actor.authority)
    if desk.json_wanted:
        found = {"intact": verdict.intact, "entries": verdict.entries, "broken_at": verdict.broken_at}
        desk.show(found, print)
    elif verdict.intact:
        click.echo(f"{verdict.entries:,} entries, chain whole")
    else:
        click.echo(f"The audit log was changed at entry {verdict.broken_at}.", err=True)
    sys.exit(0 if verdict.intact else 1)


@audit_log.command(name="export")
@click.argument("file", type=click.Path(path_type=Path))
@at_desk(Right.audit, results=False)
def export_audit(desk: Desk, file: Path) -> None:
    """Write the audit log to FILE as JSON lines."""
    with desk.office.database.session() as session, file.open("w", encoding="utf-8") as out:
        lines = audit.export(session, desk.actor.authority)
        click.echo(f"{sum(bool(out.write(line)) for line in lines):,} entries written to {file}")


@main.command()
@click.option("--dry-run", is_flag=True, help="Only say what is due.")
@as_json
def purge(dry_run: bool, as_json: bool) -> None:
    """Remove what retention says is due, of every authority."""
    from engage.deployment import purging

    office = Office()
    demand_database(office)
    found = purging.purge(office, dry_run=dry_run)
    show(found, lambda gone: purging.tell(gone, dry_run=dry_run), json_wanted=as_json)


@main.command()
@click.argument("campaign", required=False, metavar="[CAMPAIGN]", type=int)
@click.option("--table", "table_file", type=click.Path(path_type=Path), help="Any CSV of a trial instead.")
@click.option("--arm", help="Column of the arm.")
@click.option("--outcome", help="Column of the outcome, 0 or 1 or a number.")
@click.option("--cluster", help="Column of the cluster.")
@click.option("--block", help="Column of the block.")
@click.option("--weight", help="Column of the weight.")
@click.option("--contact", help="Column of who was reached: adds the effect on those.")
@click.option("--covariate", "covariates", multiple=True, help="Column known beforehand; may be given again.")
@click.option("--control", help="Name of the arm to compare with.")
@for_authority
@acting_as
@as_json
def uplift(
    campaign: int | None,
    table_file: Path | None,
    authority: str | None,
    email: str | None,
    as_json: bool,
    **columns: Any,
) -> None:
    """How many more registered because of the reminders: of a CAMPAIGN, or of a trial in a CSV file."""
    from dashboards.results.measurement import of_campaign, of_table

    if (campaign is None) == (table_file is None):
        raise InputRefused("Name either a CAMPAIGN by its number or a file with --table. See: engage uplift --help")
    if table_file is not None:
        result = of_table(table_file, **columns)
    else:
        desk = take_desk(authority, email, Right.see_data)
        result = of_campaign(desk.office, desk.actor, campaign or 0)
    show(result, printing.uplift, json_wanted=as_json)


@main.command(name="notify-stand-in")
@click.option("--port", default=6011, show_default=True, help="On 127.0.0.1.")
@click.option("--seed", type=click.Path(path_type=Path), help="Services, keys and templates as JSON.")
@click.option("--journal", type=click.Path(path_type=Path), help="Keep the messages in this file over a restart.")
@click.option("--receipts-url", metavar="URL", help="Post delivery receipts there: BASE_URL/notify/receipts.")
@click.option("--receipts-token", metavar="TOKEN", help="Bearer token of the receipts.")
@click.option("--write-seed", type=click.Path(path_type=Path), help="Write a seed to change, and stop.")
@click.option("--rate-limit", default=3000, show_default=True, help="Messages a minute in the seed written.")
def notify_stand_in(
    port: int,
    seed: Path | None,
    journal: Path | None,
    receipts_url: str | None,
    receipts_token: str | None,
    write_seed: Path | None,
    rate_limit: int,
) -> None:
    """The local GOV.UK Notify, for rehearsals and tests. Messages stay on this machine."""
    from engage.commands import stand_in

    if write_seed is not None:
        click.echo(stand_in.write_seed(write_seed, rate_limit))
        return
    click.echo(stand_in.welcome(port, seed))
    stand_in.stand_in(
        port, seed, journal=journal, receipts_url=receipts_url, receipts_token=receipts_token, clock=Office().clock
    )


@main.command()
@click.option("--once", is_flag=True, help="Play the story, print one JSON object and stop.")
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Keep the demo's files here.")
@click.option("--port", default=8000, show_default=True)
def demo(once: bool, folder: Path | None, port: int) -> None:
    """The whole story on a made-up borough; then serves it."""
    from engage.demo.story import play_demo

    play_demo(once=once, folder=folder, port=port)
