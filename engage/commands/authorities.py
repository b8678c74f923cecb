"""`engage init` and `engage account`: an authority, its database and who signs in."""

from datetime import date

import click

from campaigns.messages import service_name
from engage.accounts import colleagues
from engage.commands.caller import Caller, day, table, with_right
from engage.deployment.authorities import introduce, open_authority
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
@click.option("--name-cy", metavar="NAME", help="The council's name in Welsh, for residents.")
@click.option("--until", type=day, metavar="DATE", help="The day from which --was no longer holds; today, if left out.")
def init(
    authority: str, name: str, email: str | None, was: tuple[str, ...], before_texts: str | None, until: date | None,
    officer: str | None, phone: str | None, office_email: str | None, name_cy: str | None,
) -> None:  # fmt: skip
    """Create or migrate the database, the authority and the first account."""
    office = Office()
    opened = open_authority(office, authority, name, email, was=was, until=until)
    told = {"officer": officer, "phone": phone, "email": office_email, "name_cy": name_cy}
    introduce(office, Actor(authority, "command"), told)
    if before_texts is not None:
        service_name.say(office, Actor(authority, "command"), before_texts)
    click.echo(opened.message)


@click.group()
def account() -> None:
    """People who sign in."""


of_account = click.option("--email", "address", required=True, help="Their email address, with which they sign in.")
as_role = click.option("--role", required=True, metavar="ROLE", help=f"One of {', '.join(Role)}.")


@account.command("list")
@with_right(Right.administer)
def list_(caller: Caller) -> None:
    """Who has an account: role, state and whether a second factor is set up."""
    rows = [
        {
            "email": one.account.email, "name": one.account.name, "role": one.account.role, "state": one.state,
            "second factor": "yes" if one.has_second_factor else "no",
        }
        for one in colleagues.everybody(caller.office, caller.actor.authority)
    ]  # fmt: skip
    caller.show(rows, lambda found: table(found, ["email", "name", "role", "state", "second factor"]))


@account.command()
@of_account
@click.option("--name", required=True, help="Their name.")
@as_role
@with_right(Right.administer, results=False)
def add(caller: Caller, address: str, name: str, role: str) -> None:
    """Add an account, or bring back one that was ended; prints its one-time link."""
    click.echo(colleagues.invite(caller.office, caller.actor, address, name, colleagues.role_of(role)))


@account.command()
@of_account
@with_right(Right.administer, results=False)
def link(caller: Caller, address: str) -> None:
    """Print a new one-time link for an account: its owner sets a new password there and is signed in."""
    click.echo(colleagues.new_link(caller.office, caller.actor, _number(caller, address)))


@account.command()
@of_account
@as_role
@with_right(Right.administer, results=False)
def role(caller: Caller, address: str, role: str) -> None:
    """Change the role of an account, from the next page that its owner opens."""
    colleagues.change_role(caller.office, caller.actor, _number(caller, address), colleagues.role_of(role))
    click.echo("The role is changed.")


@account.command()
@of_account
@with_right(Right.administer, results=False)
def end(caller: Caller, address: str) -> None:
    """End the account of somebody who leaves: they are signed out at once, what they did keeps their name."""
    colleagues.leave(caller.office, caller.actor, _number(caller, address))
    click.echo("The account is ended, and signed out everywhere.")


@account.command("reset-code")
@of_account
@with_right(Right.administer, results=False)
def reset_code(caller: Caller, address: str) -> None:
    """Forget the second factor of somebody who lost phone and recovery codes; they set up another at the next
    sign-in."""
    colleagues.reset_second_factor(caller.office, caller.actor, _number(caller, address))
    click.echo("The second factor is forgotten. They set up another when they sign in again.")


def _number(caller: Caller, address: str) -> int:
    return colleagues.numbered(caller.office, caller.actor.authority, address)
