"""`engage link`: lists of other systems tied to the properties of the gazetteer."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from engage.commands.caller import Caller, day, table, with_right
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from segments.crosswalk import columns, deliveries, systems
from segments.crosswalk.deliveries import Linked, Wanted


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--system", "names", multiple=True, metavar="NAME", help="Whose list it is; one for each FILE.")
@click.option("--columns", "said", metavar="ROLES", help="reference=…,address=…+…,postcode=…,uprn=…, as proposed.")
@click.option("--yes", "confirmed", is_flag=True, help="The columns are as proposed.")
@click.option("--as-at", "as_at", type=day, metavar="DATE", help="The day the list speaks of; else today.")
@click.option("--accept-fewer", is_flag=True, help="Link although it has over a fifth fewer rows than the one before.")
@click.option("--rename", "was", metavar="NAME", help="Give this system the name of --system; no FILE.")
@click.option("--list", "listing", is_flag=True, help="Show the systems and how far each is tied.")
@with_right(Right.import_gazetteer)
def link(
    caller: Caller, files: tuple[Path, ...], names: tuple[str, ...], said: str | None, as_at: date | None,
    *, confirmed: bool, accept_fewer: bool, was: str | None, listing: bool,
) -> None:  # fmt: skip
    """Tie each row of FILE, a list of properties of system NAME, to a property of the gazetteer.

    Several lists are linked in one run: FILE FILE --system NAME --system NAME, in the same order. What a list's columns
    are is proposed, and kept with the system.
    """
    if listing:
        caller.show(
            {"rows": _standing(caller)}, lambda found: table(found["rows"], ("system", "rows", "linked", "as at"))
        )
        return
    if was is not None:
        _rename(caller, was, names)
        return
    wanted = _wanted(files, names, said, confirmed=confirmed, accept_fewer=accept_fewer)
    found = deliveries.link(caller.office, caller.actor, wanted, as_at)
    caller.show(_as_json(found), lambda _: _told(found))


def _wanted(
    files: tuple[Path, ...], names: tuple[str, ...], said: str | None, *, confirmed: bool, accept_fewer: bool
) -> list[Wanted]:  # fmt: skip
    if not files or len(files) != len(names):
        raise InputRefused(
            f"There are {len(files)} files and {len(names)} systems: expected at least one file, and for each file "
            "its --system NAME in the same order."
        )
    if said and len(files) > 1:
        raise InputRefused("--columns speaks of one list. Link that list by itself first; later runs know its columns.")
    own = columns.given(said) if said else None
    return [Wanted(file, name, own, confirmed, accept_fewer) for file, name in zip(files, names, strict=True)]


def _as_json(found: list[Linked]) -> dict[str, Any]:
    """Of one list its own figures stand on top."""
    whole: dict[str, Any] = {"lists": [each.as_dict() for each in found]}
    return whole["lists"][0] | whole if len(found) == 1 else whole


def _told(found: list[Linked]) -> None:
    for each in found:
        _told_of(each)


def _told_of(found: Linked) -> None:
    share = found.as_dict()["share"]
    click.echo(f"{found.file}: {found.rows:,} rows of {found.system}, {share:.1%} tied to a property")
    click.echo(f"  columns taken: {found.columns.said}")
    table([{"state": state, "rows": count} for state, count in found.states.items()], ("state", "rows"))
    table([{"why": why, "rows": count} for why, count in found.why.items()], ("rows", "why"))
    changes = ", ".join(f"{count:,} {what}" for what, count in found.changed.items())
    click.echo(f"  since the list before: {changes}")
    if found.unusable_uprns:
        click.echo(f"  {found.unusable_uprns:,} UPRNs are no whole numbers of up to 12 digits: left out")
    if not found.settles:
        click.echo("  Settling without a person is stopped for this system: see /data/systems")


def _rename(caller: Caller, was: str, names: tuple[str, ...]) -> None:
    if len(names) != 1:
        raise InputRefused("Say the new name, once: engage link --rename OLD --system NEW")
    system = deliveries.rename(caller.office, caller.actor, was, names[0])
    caller.show({"system": system.name, "was": was}, lambda made: click.echo(f"{was} is {made['system']} now"))


def _standing(caller: Caller) -> list[dict[str, Any]]:
    with caller.office.database.session() as session:
        found = list(systems.of_authority(session, caller.actor.authority))
    return [
        {"system": each.system.name, "rows": each.crosswalk.rows, "linked": each.crosswalk.report["linked"],
         "as at": each.crosswalk.as_at.isoformat()}
        for each in found if each.crosswalk
    ]  # fmt: skip
