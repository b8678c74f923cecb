"""The `engage` command. Each command calls a function that a page calls too."""

import logging
import sys
from typing import Any, NoReturn

import click
from sqlalchemy.exc import DBAPIError

from engage.commands.groups import Commands
from engage.foundation.errors import EngageError
from engage.foundation.folders import ours_alone

COMMANDS = {
    "init": (
        "engage.commands.authorities:init",
        "Create or migrate the database, the authority and the first account.",
    ),
    "serve": ("engage.commands.deployment:serve", "Serve the web pages."),
    "worker": ("engage.commands.worker:worker", "Do background work: waves, receipts, unknown messages."),
    "check": ("engage.commands.check:check", "Is this deployment healthy? Exit code 0 only if it is."),
    "account": ("engage.commands.authorities:account", "People who sign in."),
    "token": ("engage.commands.protection.tokens:token", "What other systems read with."),
    "import": (
        "engage.commands.imports:import_",
        "Import each FILE as KIND.",
    ),
    "households": ("engage.commands.households:households", "The table of homes."),
    "gap": (
        "engage.commands.gap:gap",
        "Who is missing, by ward, area or group, most people first, with 95 % intervals.",
    ),
    "segment": ("engage.commands.segment.group:segment", "Groups of homes, by rule."),
    "campaign": ("engage.commands.campaign.group:campaign", "Plan, approve, send and watch campaigns."),
    "wording": (
        "engage.commands.campaign.wording:wording",
        "Wordings to load into GOV.UK Notify, and the check of any.",
    ),
    "uplift": (
        "engage.commands.uplift:uplift",
        "How many more registered because of the reminders: of a CAMPAIGN, or of a trial in a CSV file.",
    ),
    "link": (
        "engage.commands.addresses.link:link",
        "Tie each row of FILE, a list of properties of system NAME, to a property of the gazetteer.",
    ),
    "local-matching": (
        "engage.commands.protection.local_matching:local_matching",
        "The council's own records held against the register.",
    ),
    "gazetteer": ("engage.commands.addresses.gazetteer:gazetteer", "The gazetteer of addresses."),
    "audit": ("engage.commands.audit:audit_log", "The audit log."),
    "purge": ("engage.commands.deployment:purge", "Remove what retention says is due, of every authority."),
    "keys": ("engage.commands.protection.keys:keys", "The keys that everything is encrypted with."),
    "backup": ("engage.commands.protection.backup:backup", "Copies of all that is kept, made, read and put back."),
    "person": (
        "engage.commands.protection.person:person",
        "What is held of one person, for a request under data protection law.",
    ),
    "papers": (
        "engage.commands.protection.papers:papers",
        "Write the papers of data protection of today to FOLDER: impact assessment, record of processing, data flow.",
    ),
    "notify-stand-in": (
        "engage.commands.stand_in:notify_stand_in",
        "The local GOV.UK Notify, for rehearsals and tests.",
    ),
    "demo": ("engage.commands.demo:demo", "The whole story on a made-up borough; then serves it."),
}


class KindCommands(Commands):
    """What somebody can put right becomes one message and exit code 1; anything else keeps its traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            with ours_alone():
                return super().invoke(context)
        except EngageError as error:
            _refuse(f"{error} {error.by_command}".rstrip())
        except BrokenPipeError:
            raise  # click ends quietly: whoever read our output has gone
        except OSError as error:
            _refuse(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.")
        except DBAPIError as error:
            _refuse(f"The database did not answer ({type(error.orig).__name__}). See: engage check")


def _refuse(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(1)


@click.group(cls=KindCommands, places=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="engage")
def main() -> None:
    """Find who is missing from the electoral register, remind them, and prove what worked."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
