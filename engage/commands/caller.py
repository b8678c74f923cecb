"""What every command shares: the office and who acts, and how results are shown."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, wraps
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from sqlmodel import Session, select

from engage.foundation import identity
from engage.foundation.clock import read_day
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Account, Right, Role
from engage.foundation.office import Actor, Office
from engage.migrations import current_revision, latest_revision


def day(value: str) -> date:
    """A day in an option; click calls it."""
    try:
        return read_day(value)
    except ValueError:
        msg = f"The date is {value!r}: expected a day such as 2026-06-01."
        raise InputRefused(msg) from None


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
for_authority = click.option(
    "--authority",
    envvar="ENGAGE_AUTHORITY",
    metavar="CODE",
    help="GSS code, such as E07000193; else the only one here.",
)
acting_as = click.option(
    "--as", "email", envvar="ENGAGE_AS", metavar="EMAIL", help="Act as this account; else the first administrator."
)


with_reason = click.option("--reason", default="", help="Why it is taken out; the audit log keeps it.")


@dataclass
class Caller:
    """One command at work: the office, who acts, and how results are printed."""

    office: Office
    account: Account
    json_wanted: bool = False

    @cached_property
    def actor(self) -> Actor:
        return on_behalf_of(self.account)

    def demand(self, right: Right) -> None:
        """What a command asks for beside its own right, of some files or options."""
        identity.demand(self.account, right)

    def show(self, value: Any, plain: Callable[[Any], None]) -> None:
        show(value, plain, json_wanted=self.json_wanted)


def with_right(right: Right, *, results: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command of somebody with this right: it takes --authority and --as, where it prints results also --json, and
    is called with the caller before its own arguments. docs/tables.py reads the right off it."""

    def wrap(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def at_work(*, authority: str | None, email: str | None, as_json: bool = False, **own: Any) -> None:
            command(identify(authority, email, right, json_wanted=as_json), **own)

        return for_authority(acting_as(as_json(asking(right)(at_work)) if results else asking(right)(at_work)))

    return wrap


def asking(right: Right) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Notes which right a command asks for; `with_right` does, and commands that call `identify` themselves."""

    def note(command: Callable[..., None]) -> Callable[..., None]:
        command.__dict__["right"] = right
        return command

    return note


def identify(authority: str | None, email: str | None, right: Right, *, json_wanted: bool = False) -> Caller:
    office = Office()
    demand_database(office)
    with office.database.session() as session:
        code = identity.authority(session, authority or _only_authority(session)).code
        account = _account(session, code, email)
        identity.demand(account, right)
        return Caller(office, account, json_wanted)


def on_behalf_of(account: Account) -> Actor:
    """Whoever may run commands says whose rights they use, and nobody asks for a password: the audit log keeps who it
    was. By the number, as the log holds no names; `id -nu` tells it."""
    return Actor(account.authority, f"system user {os.getuid()} for {account.label}", account.id, by_command=True)


def demand_database(office: Office, *, purging: bool = False) -> None:
    """InputRefused where there is no database, it is not of this version, or a copy was put back and not purged;
    SettingsInvalid where the keys are not its own. Leaves no file behind."""
    version = _version(office)
    if version is None:
        msg = (
            f"There is no Engage database in {office.settings.home}. Make one: engage init --authority CODE --name NAME"
        )
        raise InputRefused(msg)
    if version != latest_revision():
        msg = (
            f"The database is of version {version}, this program of {latest_revision()}. Bring it up to date: "
            "engage init --authority CODE --name NAME"
        )
        raise InputRefused(msg)
    if not purging:
        _demand_purged(office)
    office.open_keys()


def _demand_purged(office: Office) -> None:
    with office.database.reading() as session:
        unready = session.execute(sa.text("SELECT 1 FROM restoration WHERE ready_at IS NULL LIMIT 1")).first()
    if unready:
        raise InputRefused(
            "A copy was put back, but what was due to be forgotten since is not forgotten yet. Run: engage purge"
        )


def _version(office: Office) -> str | None:
    url = sa.make_url(office.settings.database)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return None
    return current_revision(office.database)


def _only_authority(session: Session) -> str:
    codes = list(session.exec(select(identity.Authority.code).limit(2)))
    if len(codes) != 1:
        msg = (
            "Several authorities are kept here. Name one: --authority CODE"
            if codes
            else "No authority is kept here yet. Open one: engage init --authority CODE --name NAME"
        )
        raise InputRefused(msg)
    return codes[0]


def _account(session: Session, authority: str, email: str | None) -> Account:
    everybody = identity.accounts(session, authority)
    if email is None:
        chosen = next((a for a in everybody if a.role == Role.administrator and a.active), None)
    else:
        chosen = next((a for a in everybody if a.email == email.strip().casefold()), None)
    if chosen is None:
        who = "active administrator" if email is None else "account with that email address"
        msg = f"There is no {who} in {authority}. Make one: engage account add --authority {authority} …"
        raise InputRefused(msg)
    return chosen


def show(value: Any, plain: Callable[[Any], None], *, json_wanted: bool) -> None:
    if json_wanted:
        click.echo(json.dumps(value, default=str, ensure_ascii=False))
    else:
        plain(value)


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(c), *(len(row[i]) for row in cells)) if cells else len(c) for i, c in enumerate(columns)]
    for row in [list(columns), *cells]:
        click.echo("  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) <= 1 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def facts(value: Mapping[str, Any], indent: str = "") -> None:
    for key, item in value.items():
        name = str(key).replace("_", " ")
        if isinstance(item, Mapping):
            click.echo(f"{indent}{name}:")
            facts(item, indent + "  ")
        else:
            click.echo(f"{indent}{name}: {_cell(item)}")


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}."
        raise InputRefused(msg) from None
    except UnicodeDecodeError:
        msg = f"{path} is not UTF-8 text. Save it as UTF-8."
        raise InputRefused(msg) from None
    except json.JSONDecodeError as error:
        msg = f"{path} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        raise InputRefused(msg) from None
    except (ValueError, RecursionError):  # a number of thousands of digits, or brackets without end
        msg = f"{path} cannot be read: it is too long or too deep."
        raise InputRefused(msg) from None
