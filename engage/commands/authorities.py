"""`engage init` and `engage account`: an authority, its database and who signs in."""

from datetime import date

import click

from campaigns.messages import service_name
from engage.commands.caller import Caller, day, with_right
from engage.deployment.authorities import introduce, invite, new_link, open_authority
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right, Role
from engage.foundation.office import Actor, Office


@click.command()
@click.option("--authority", required=True, metavar="CODE", help="GSS code, such as E07000193.")
@click.option("--name", required=True, help="The council's name.")
@click.option("--email", help="Email address of the first account.")
@click.option(
    "--was", multiple=True, metavar="CODE", help="A code that it, or a council in it, had before; repeatable."
)
@click.option(
    "--before-texts",
    metavar="NAME",
    help="The name of the service at GOV.UK Notify, which it puts before each text; '' where that is switched off.",
)
@click.option("--officer", metavar="NAME", help="The Electoral Registration Officer's name, as residents read it.")
@click.option("--phone", metavar="NUMBER", help="The elections office's phone number, for residents.")
@click.option("--office-email", metavar="ADDRESS", help="The elections office's email address, for residents.")
@click.option("--until", type=day, metavar="DATE", help="The day from which --was no longer holds; today, if left out.")
def init(
    authority: str, name: str, email: str | None, was: tuple[str, ...], before_texts: str | None, until: date | None,
    officer: str | None, phone: str | None, office_email: str | None,
) -> None:  # fmt: skip
    """Create or migrate the database, the authority and the first account."""
    office = Office()
    opened = open_authority(office, authority, name, email, was=was, until=until)
    introduce(office, authority, {"officer": officer, "phone": phone, "email": office_email})
    if before_texts is not None:
        service_name.say(office, Actor(authority, "command"), before_texts)
    click.echo(opened.message)


@click.group()
def account() -> None:
    """People who sign in."""


@account.command()
@click.option("--email", "address", required=True, help="Their email address, with which they sign in.")
@click.option("--name", required=True, help="Their name.")
@click.option("--role", required=True, metavar="ROLE", help=f"One of {', '.join(Role)}.")
@with_right(Right.administer, results=False)
def add(caller: Caller, address: str, name: str, role: str) -> None:
    """Add an account; prints its one-time link."""
    if role not in set(Role):
        msg = f"There is no role {role!r}. Use one of: {', '.join(Role)}."
        raise InputRefused(msg)
    click.echo(invite(caller.office, caller.actor, address, name, Role(role)))


@account.command()
@click.option("--email", "address", required=True, help="Their email address, with which they sign in.")
@with_right(Right.administer, results=False)
def link(caller: Caller, address: str) -> None:
    """Print a new one-time link for an account: its owner sets a new password there and is signed in."""
    click.echo(new_link(caller.office, caller.actor, address))
