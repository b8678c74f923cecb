"""What commands print for people; with `--json` they print the figures as they are."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engage.commands.caller import facts, table
from segments.files.report import Rows

if TYPE_CHECKING:  # each brings libraries that take a second to import
    pass

GAP = ("key", "name", "eligible", "registered", "completeness", "low", "high", "missing")
STANDING = ("planned", "waiting", "accepted", "delivered", "failed", "dropped", "unknown")
ARM = ("arm", "n", "registered", "mean", "difference", "low", "high")
WARD = ("ward", "arm", "n", "control_n", "difference", "low", "high", "shrunken", "too_early")
DELIVERY = (
    "arm", "homes", "contacted", "not_yet", "undeliverable", "dropped", "no_message", "elsewhere", "emptied", "removed",
)  # fmt: skip


def imported(report: Mapping[str, Any], lake: Path) -> None:
    """Counts first, then problems, then what changed."""
    done = "unchanged, imported before" if report["unchanged"] else "imported" if report["snapshot_id"] else "checked"
    click.echo(f"{report['file']}: {report['format']}, as at {report['as_at']}: {done}")
    click.echo(f"  {Rows.of(report).sentence}")
    if report["unchanged"]:
        click.echo(f"  Import {report['snapshot_id']} of that day has exactly this content. Nothing was changed.")
        return
    _counts([count for count in report["counts"] if not count["name"].startswith("rows_")])
    _problems(report)
    if report["rejects_file"]:
        click.echo(f"  rows left out on purpose and rejected: {lake / report['rejects_file']}")
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
    for title, expected in (("Left out on purpose, as in every such file", True), ("Rejected", False)):
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
    for sentence in [*report["warnings"], *report.get("notes", [])]:
        click.echo(f"  {sentence}")
    for question in report["questions"]:
        click.echo(f"  {question['sentence']}")


def _compared(report: Mapping[str, Any]) -> None:
    if not (compared := report["comparison"]):
        return
    before, now = compared["rows_before"], compared["rows_now"]
    click.echo(f"  Compared with import {compared['snapshot_id']}, as at {compared['as_at']}:")
    click.echo(f"    Rows: {before:,} before, {now:,} now")
    words = {count["name"]: count["words"] for count in report["counts"]}
    for name, (was, is_) in compared["figures"].items():
        click.echo(f"    {words[name]}: {was:,} before, {is_:,} now")


def gap(rows: Sequence[Mapping[str, Any]], notes: Sequence[str]) -> None:
    """Eligible, registered and missing are people; completeness, low and high shares from 0 to 1."""
    table(rows, GAP)
    click.echo("\n" + "\n".join(notes))


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
    """Shares of homes from 0 to 1; `difference` is against the first row, with its 95 % interval. The table with
    the column `points` has every figure of the arms to a ten-thousandth of a point; ratios of errors are plain."""
    if register := value.get("register"):
        interim = ", before the outcome window closed" if register["interim"] else ""
        click.echo(f"Measured by the register of {register['as_at']}{interim}")
    arms = [arm for arm in (value["control"], *value["arms"]) if arm]
    table([_thousandths(arm) for arm in arms], [column for column in ARM if any(column in arm for arm in arms)])
    if said := value.get("not_a_measure"):
        click.echo(f"\n{said}")
    for rows, columns in (
        (value.get("wards", []), WARD),
        (_in_points(value["arms"]), ("arm", "figure", "points", "low", "high")),
        ([_differing(row) for row in value.get("between_wards", [])], ("arm", "spread", "p_same")),
        ([_priced(row) for row in value.get("cost", [])], ("arm", "pounds", "each_extra")),
        (value.get("delivery", []), DELIVERY),
    ):
        if rows:
            click.echo()
            table(rows, columns)
    for note in value.get("notes", []):
        click.echo(f"\n{note}")


def _thousandths(arm: Mapping[str, Any]) -> dict[str, Any]:
    """Means of a measure that is no share need their decimals too."""
    return {name: f"{value:,.3f}" if isinstance(value, float) else value for name, value in arm.items()}


POINTS = ("complier", "adjusted", "newcombe", "simultaneous", "always_valid", "randomised", "worst_case")


def _in_points(arms: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for arm in arms:
        if "difference" not in arm:
            continue
        rows.append(_points(arm["arm"], f"difference ({arm['interval']})", arm["difference"], arm))
        rows += [_points("", name, arm[key]) for name, key in (("se", "se"), ("se, CR0", "cr0")) if arm.get(key)]
        if arm["se"] and arm["interval"] != "newcombe":  # where answers are few the error says too little
            freedom = f", t on {arm['freedom']:.1f}" if arm.get("freedom") else ""
            rows.append({"figure": f"difference / se{freedom}", "points": f"{arm['difference'] / arm['se']:.3f}"})
        rows += [{"figure": "z, pooled", "points": f"{arm['z']:.3f}"}] if "z" in arm else []
        parts = {name: arm[name] for name in POINTS if name in arm}
        for name, part in parts.items():
            if all(part.get(end) is None for end in ("difference", "low", "high")):
                continue  # so few lots that none of them tells an end
            rows.append(_points("", name.replace("_", " "), part.get("difference"), part))
            rows += [_points("", f"se, {name}", part["se"])] if "se" in part else []
    return rows


def _points(arm: str, figure: str, value: float | None, ends: Mapping[str, Any] | None = None) -> dict[str, Any]:
    numbers = {"points": value, **({end: ends[end] for end in ("low", "high")} if ends else {})}
    return {"arm": arm, "figure": figure} | {
        name: f"{100 * number:.4f}" for name, number in numbers.items() if number is not None
    }


def _differing(row: Mapping[str, Any]) -> dict[str, Any]:
    p = row["p_same"]
    return {"arm": row["arm"], "spread": row["spread"], "p_same": "too few wards" if p is None else f"{p:.3f}"}


def _priced(row: Mapping[str, Any]) -> dict[str, Any]:
    """Pounds spent, and for each extra registration; without an upper end where there may have been none."""
    low, high = row["low"], row["high"]
    each = (
        "none extra" if low is None else f"from {low:.2f}, no upper end" if high is None else f"{low:.2f} to {high:.2f}"
    )
    return {"arm": row["arm"], "pounds": "{:.2f} to {:.2f}".format(*row["pounds"]), "each_extra": each}


def gone(value: Mapping[str, Mapping[str, int]], *, dry_run: bool) -> None:
    """What retention removed of each authority, or would remove."""
    lines = [f"{code}: {count:,} {name}" for code, found in value.items() for name, count in found.items()]
    click.echo("\n".join(["Due:" if dry_run else "Gone:", *lines]) if lines else "Nothing is due.")
