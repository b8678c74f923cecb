"""What every command shares: the office and who acts, and how results are shown."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlmodel import Session, select

from engage.foundation import identity
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Account, Right, Role
from engage.foundation.office import Actor, Office
from engage.migrations import current_revision

T = TypeVar("T")
DAY = click.DateTime(formats=["%Y-%m-%d"])
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


@dataclass
class Desk:
    """One command at work: the office and who acts."""

    office: Office
    actor: Actor


def take_desk(authority: str | None, email: str | None, right: Right) -> Desk:
    office = Office()
    if current_revision(office.database) is None:
        msg = (
            f"There is no Engage database in {office.settings.home}. Make one: engage init --authority CODE --name NAME"
        )
        raise InputRefused(msg)
    with office.database.session() as session:
        code = identity.authority(session, authority or _only_authority(session)).code
        account = _account(session, code, email)
        identity.demand(account, right)
        return Desk(office, Actor(code, account.label, account.id))


def _only_authority(session: Session) -> str:
    codes = list(session.exec(select(identity.Authority.code).limit(2)))
    if len(codes) != 1:
        msg = "Several authorities are kept here. Name one: --authority CODE"
        raise InputRefused(msg)
    return codes[0]


def _account(session: Session, authority: str, email: str | None) -> Account:
    everybody = identity.accounts(session, authority)
    if email is None:
        chosen = next((a for a in everybody if a.role == Role.administrator and a.active), None)
    else:
        chosen = next((a for a in everybody if a.email == email.strip().casefold()), None)
    if chosen is None:
        msg = f"There is no such account in {authority}. Make one: engage account add --authority {authority} …"
        raise InputRefused(msg)
    return chosen


def show(value: Any, plain: Callable[[Any], None], *, json_wanted: bool) -> None:
    if json_wanted:
        click.echo(json.dumps(value, default=str, ensure_ascii=False))
    else:
        plain(value)


def table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(c), *(len(row[i]) for row in cells)) if cells else len(c) for i, c in enumerate(columns)]
    for row in [list(columns), *cells]:
        click.echo("  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) <= 1 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def facts(value: dict[str, Any], indent: str = "") -> None:
    for key, item in value.items():
        if isinstance(item, dict):
            click.echo(f"{indent}{key}:")
            facts(item, indent + "  ")
        else:
            click.echo(f"{indent}{key}: {item}")


def needed(value: T | None, name: str) -> T:
    if value is None:
        msg = f"{name} is missing. See: engage uplift --help"
        raise InputRefused(msg)
    return value


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
