"""`engage person`: what is held of one person or home, for a request under data protection law."""

from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path

import click

from engage.commands.caller import Caller, with_reason, with_right
from engage.deployment import person as requests
from engage.deployment.person import Sought
from engage.foundation.identity import Right


@click.group()
def person() -> None:
    """What is held of one person, for a request under data protection law."""


def of_whom(command: Callable[..., None]) -> Callable[..., None]:
    @wraps(command)
    def asked(caller: Caller, *, email_address: str, mobile: str, uprn: str, address: str, **own: object) -> None:
        who = requests.sought(
            caller.office, caller.actor.authority, email=email_address, mobile=mobile, uprn=uprn, address=address
        )
        command(caller, who, **own)

    for name, words in (
        ("--address", "The address of their home, as the gazetteer has it."), ("--uprn", "The UPRN of their home."),
        ("--mobile", "Their mobile number."),
    ):  # fmt: skip
        asked = click.option(name, default="", help=words)(asked)
    return click.option("--email", "email_address", default="", help="Their email address.")(asked)


@person.command()
@with_reason
@with_right(Right.answer_requests)
@of_whom
def find(caller: Caller, who: Sought, reason: str) -> None:
    """Say where something of them is held, and how much.

    The council's own records hold neither a name nor a contact: give the home, by --address or --uprn, to find them.
    """
    found = [
        {"place": held.place, "rows": len(held.rows), "stays": held.stays}
        for held in requests.find(caller.office, caller.actor, who, reason=reason)
    ]
    caller.show(found, lambda rows: click.echo("\n".join(map(_line, rows)) if rows else "Nothing is held of them."))


def _line(row: dict[str, object]) -> str:
    return f"{row['rows']:,} in {row['place']}" + (f"; an erasure leaves it: it {row['stays']}" if row["stays"] else "")


@person.command()
@click.argument("file", type=click.Path(path_type=Path))
@with_reason
@with_right(Right.answer_requests, results=False)
@of_whom
def export(caller: Caller, who: Sought, file: Path, reason: str) -> None:
    """Write all that is held of them to a new FILE, as JSON that only you can read."""
    requests.write(requests.export(caller.office, caller.actor, who, reason=reason), file)
    click.echo(f"Written to {file}. Whoever asked may have it; remove it then.")


@person.command()
@click.option("--reason", required=True, help="Why, such as the number of the request; the audit log keeps it.")
@with_right(Right.answer_requests)
@of_whom
def erase(caller: Caller, who: Sought, reason: str) -> None:
    """Erase what the law lets go, and let nothing be sent to them again."""
    erased = requests.erase(caller.office, caller.actor, who, reason)
    caller.show(asdict(erased), lambda _: click.echo("\n".join(requests.sentences(erased))))
