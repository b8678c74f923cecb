"""`engage gazetteer shift`: points moved once to the new map."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from engage.commands.caller import Caller, acting_as, as_json, asking, day, for_authority, identify, show, table
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from segments.positions import gazetteer
from segments.positions.gazetteer import Captured
from segments.positions.points import ASKED, KEPT, MOVED, move_file
from segments.positions.shift import Shift


@click.command()
@click.argument("links", nargs=-1, required=True, metavar="LINKS...", type=click.Path(path_type=Path))
@click.option("--points", type=click.Path(path_type=Path), metavar="FILE", help="Move this list of points instead.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="With --points: the list, moved.")
@click.option("--outliers", type=click.Path(path_type=Path), metavar="FILE", help="With --points: links left out.")
@click.option("--captured", type=click.Path(path_type=Path), metavar="FILE", help="uprn,captured: old, new or blank.")
@click.option("--captured-until", type=day, metavar="DATE", help="Records begun before DATE are on the old map.")
@click.option("--accept-problems", is_flag=True, help="Move the points although some then lie in another ward.")
@for_authority
@acting_as
@as_json
@asking(Right.import_gazetteer)
def shift(
    links: tuple[Path, ...], points: Path | None, out: Path | None, outliers: Path | None, captured: Path | None,
    captured_until: date | None, authority: str | None, email: str | None, *, accept_problems: bool, as_json: bool,
) -> None:  # fmt: skip
    """Move points once to the new map, by LINKS: a CSV file for each square kilometre, or folders of them.

    A link file is named after its tile (SK2421.csv) and has the columns old_e, old_n, new_e, new_n, feature_code.

    Without --points the gazetteer's own points are moved. Of those that neither --captured nor --captured-until tells
    of, and of tiles with too few links, a person is asked. With --points any list of the columns point, easting,
    northing, captured is written anew, with what became of each point: moved, kept or asked.
    """
    if points and out:
        shifts, statuses = move_file(links, points, out, outliers)
        show({"points": dict(statuses), "tiles": list(map(_of_list, shifts))}, _told_list, json_wanted=as_json)
    elif points:
        raise InputRefused("--points needs --out FILE, where the list is written anew.")
    elif out or outliers:
        raise InputRefused("--out and --outliers go with --points. The gazetteer's own points are moved in place.")
    else:
        caller = identify(authority, email, Right.import_gazetteer, json_wanted=as_json)
        _move(caller, links, Captured(captured, captured_until), accepted=accept_problems)


def _move(caller: Caller, links: tuple[Path, ...], captured: Captured, *, accepted: bool) -> None:
    staged = gazetteer.stage(caller.office, caller.actor, links, captured)
    caller.show({"snapshot": staged.id, **staged.report}, _told)
    across = staged.report["wards"]["count"]
    if across and not accepted:
        raise InputRefused(
            f"{across:,} properties would lie in another ward by the boundaries here. Nothing was moved. "
            "If it is right so, move the points with --accept-problems."
        )
    if staged.report["points"][MOVED]:
        gazetteer.swap(caller.office, caller.actor, staged.id or 0)


def _of_list(shift: Shift) -> dict[str, Any]:
    return {"tile": shift.tile.name, "links": len(shift.tile.old), "gross": len(shift.rows)}


def _told_list(found: dict[str, Any]) -> None:
    table(found["tiles"], ("tile", "links", "gross"))
    click.echo(", ".join(f"{found['points'].get(word, 0):,} {word}" for word in (MOVED, KEPT, ASKED)))


def _told(found: dict[str, Any]) -> None:
    _told_list(found | {"tiles": [tile | {"gross": len(tile["gross"])} for tile in found["tiles"]]})
    for change in found["wards"]["changes"]:
        click.echo(f"property {change['uprn']} would lie in {change['after'] or 'no ward'}, not {change['before']}")
    if found["moved_before"]:
        click.echo(f"{found['moved_before']:,} points were moved before and stay")
