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
    """Counts first, then problems, then what changed. Rows read = rows accepted + rows rejected, by reason."""
    done = "unchanged, imported before" if report["unchanged"] else "imported" if report["snapshot_id"] else "checked"
    rejected = sum(report["rejected"].values())
    click.echo(f"{report['file']}: {report['format']}, as at {report['as_at']}: {done}")
    click.echo(f"  {report['rows_read']:,} rows read, {report['accepted']:,} accepted, {rejected:,} rejected")
    if report["unchanged"]:
        click.echo(f"  Import {report['snapshot_id']} of that day has exactly this content. Nothing was changed.")
        return
    _counts([count for count in report["counts"] if not count["name"].startswith("rows_")])
    _problems(report)
    if report["rejects_file"]:
        click.echo(f"  rejected rows: {lake / report['rejects_file']}")
    _compared(report)
    if report.get("preview"):
        click.echo(f"  First {len(report['preview'])} rows of what would come in:")
        table([{name: cell[:40] for name, cell in row.items()} for row in report["preview"]], [*report["preview"][0]])


def _counts(counts: Sequence[Mapping[str, Any]], indent: str = "  ") -> None:
    widest = max((len(count["words"]) for count in counts), default=0)
    for count in counts:
        value = f"{count['value']:.1%}" if count["name"].endswith("_share") else f"{count['value']:,}"
        click.echo(f"{indent}{count['words'].ljust(widest)}  {value:>11}")


def _problems(report: Mapping[str, Any]) -> None:
    """What every such file holds is left out and no fault; the rest is told by column or by row."""
    for title, expected in (("Left out, as in every such file", True), ("Rejected", False)):
        reasons = {r: n for r, n in report["rejected"].items() if (r in report["expected"]) is expected}
        if reasons:
            click.echo(f"  {title}:")
        for reason, count in reasons.items():
            click.echo(f"    {count:,}  {reason}")
    for found in report["problems_by_column"]:
        if found["lines"]:
            where = ", ".join(map(str, found["lines"]))
            click.echo(
                f"  {found['column'] or 'Row'}: {found['reason']}: {found['rows']:,} rows, the first on lines {where}"
            )
    for row in report["problems_by_row"]:
        value = f" ({row['value']!r})" if row["value"] else ""
        click.echo(f"  Line {row['line']}{', ' + row['column'] if row['column'] else ''}: {row['reason']}{value}")
    for warning in report["warnings"]:
        click.echo(f"  {warning}")


def _compared(report: Mapping[str, Any]) -> None:
    if not (compared := report["comparison"]):
        return
    before, now = compared["rows_before"], compared["rows_now"]
    click.echo(f"  Compared with import {compared['snapshot_id']}, as at {compared['as_at']}:")
    click.echo(f"    Rows: {before:,} before, {now:,} now")
    words = {count["name"]: count["words"] for count in report["counts"]}
    for name, (was, is_) in compared["figures"].items():
        click.echo(f"    {words[name]}: {was:,} before, {is_:,} now")
    if report["shrinks"]:
        click.echo(f"  {report['shrinks']}")


def gap(rows: Sequence[Mapping[str, Any]], notes: Sequence[str]) -> None:
    """Eligible, registered and missing are people; completeness, low and high shares from 0 to 1."""
    table(rows, GAP)
    click.echo("\n" + "\n".join(notes))


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
