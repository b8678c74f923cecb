"""What commands print for people; with `--json` they print the figures as they are."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engage.desk import facts, table

if TYPE_CHECKING:  # each brings libraries that take a second to import
    from engage.health import Health

GAP = ("key", "name", "eligible", "registered", "completeness", "low", "high", "missing")
STANDING = ("planned", "waiting", "accepted", "delivered", "failed", "dropped", "unknown")
ARM = ("arm", "n", "registered", "mean", "difference", "low", "high")
WARD = ("ward", "arm", "n", "control_n", "difference", "low", "high", "shrunken", "too_early")


def imported(report: Mapping[str, Any], lake: Path) -> None:
    """Rows read = rows accepted + rows rejected, by reason."""
    done = "unchanged, imported before" if report["unchanged"] else "imported" if report["snapshot_id"] else "checked"
    rejected = sum(report["rejected"].values())
    click.echo(f"{report['file']}: {report['format']}, as at {report['as_at']}: {done}")
    click.echo(f"  {report['rows_read']:,} rows read, {report['accepted']:,} accepted, {rejected:,} rejected")
    for reason, count in report["rejected"].items():
        click.echo(f"    {count:,}  {reason}")
    if report["rejects_file"]:
        click.echo(f"  rejected rows: {lake / report['rejects_file']}")
    for warning in report["warnings"]:
        click.echo(f"  {warning}")


def gap(rows: Sequence[Mapping[str, Any]], assumptions: Sequence[str]) -> None:
    table(rows, GAP)
    click.echo("\n" + "\n".join(assumptions))


def health(found: "Health") -> None:
    for check in found.checks:
        click.echo(f"{'well' if check.well else 'ILL '}  {check.name}: {check.detail}", err=not check.well)


def status(value: Mapping[str, Any]) -> None:
    """Planned = waiting + accepted + failed + dropped, in total, by wave, by channel and by ward."""
    click.echo(f"Campaign {value['campaign']}, {value['name']}: {value['state']}")
    parts = {f"wave {number}": part for number, part in value["waves"].items()} | value["channels"] | value["wards"]
    rows = [{"": "all", **value}, *({"": name, **part} for name, part in parts.items())]
    table(rows, ("", *STANDING))
    for what in ("dropped_for", "failed_for"):
        if value[what]:
            facts({what: value[what]})
    if value["duplicates"]:
        facts({"duplicates": value["duplicates"]})


def uplift(value: Mapping[str, Any]) -> None:
    """Shares of homes from 0 to 1; `difference` is against the first row, with its 95 % interval."""
    if register := value.get("register"):
        interim = ", before the outcome window closed" if register["interim"] else ""
        click.echo(f"Measured by the register of {register['as_at']}{interim}")
    arms = [value["control"], *value["arms"]]
    table(arms, [column for column in ARM if any(column in arm for arm in arms)])
    if value.get("wards"):
        click.echo()
        table(value["wards"], WARD)
