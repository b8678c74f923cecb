"""`engage token`: what other systems read with."""

from datetime import date
from typing import Any

import click

from engage.commands.caller import Caller, day, facts, table, with_right
from engage.deployment import systems
from engage.foundation.access.rights import OF_SYSTEMS
from engage.foundation.access.tokens import SystemToken
from engage.foundation.identity import Right


@click.group()
def token() -> None:
    """What other systems read with."""


@token.command()
@click.option("--system", required=True, metavar="NAME", help="The system that is given it.")
@click.option(
    "--may", multiple=True, required=True, metavar="RIGHT",
    help=f"What it may do; repeatable. One of {', '.join(sorted(OF_SYSTEMS))}.",
)  # fmt: skip
@click.option("--until", required=True, type=day, metavar="DATE", help="The last day on which it opens anything.")
@with_right(Right.administer)
def new(caller: Caller, system: str, may: tuple[str, ...], until: date) -> None:
    """Give a system a token; prints it this once."""
    made, secret = systems.give(caller.office, caller.actor, system, list(may), until)
    caller.show(_described(caller, made) | {"token": secret}, facts)


@token.command(name="list")
@with_right(Right.administer)
def list_(caller: Caller) -> None:
    """List the tokens, and which still stand."""
    rows = [_described(caller, each) for each in systems.listed(caller.office, caller.actor)]
    caller.show({"rows": rows}, lambda value: table(value["rows"], ["id", "system", "may", "until", "stands"]))


@token.command()
@click.argument("number", metavar="ID", type=int)
@with_right(Right.administer)
def end(caller: Caller, number: int) -> None:
    """End a token at once."""
    caller.show(_described(caller, systems.end(caller.office, caller.actor, number)), facts)


def _described(caller: Caller, made: SystemToken) -> dict[str, Any]:
    stands = made.stands(caller.office.clock.now())
    return {
        "id": made.id, "system": made.system, "may": ", ".join(made.rights), "until": made.until.isoformat(),
        "stands": "yes" if stands else "no",
    }  # fmt: skip
