"""ONS best-fit look-ups between areas, such as LSOA to ward: which area belongs to which, and what each is called.

Kept long: `from_level, from_code, from_name, to_level, to_code, to_name`, one row for each pair, from the smallest
areas of the file to each larger kind. The snapshot is named by its levels: `lsoa-ward`, `oa-lsoa-msoa`.
"""

import re

from engage.foundation.errors import InputRefused
from segments.files.reading import Head, Reading, open_rows, plain, quoted
from segments.sources.area_columns import ELSEWHERE, column_of, most_of
from segments.sources.authority_column import has_any, lies_here, says_ours, tell_other_codes
from segments.sources.format import HEADER_WITHIN, Check, Format, Harvest, save, scalar, tabulate

LEVELS = ("oa", "lsoa", "msoa", "ward", "authority")  # small to large
COLUMN = r"(oa|lsoa|msoa|wd|lad)\d\dcd"
OTHERS = ("uprn", "doterm")  # what larger look-ups have beside the same columns


def locate(head: Head) -> int | None:
    for at in range(min(HEADER_WITHIN, len(head.rows))):
        names = head.header(at)
        levels = _levels([name for name in names if re.fullmatch(COLUMN, name)])
        if levels[1:] and levels[-1] == "authority" and not set(OTHERS) & set(names):
            return at
    return None


def _levels(names: list[str]) -> list[str]:
    return [level for level in LEVELS if column_of(names, level)]


def normalise(reading: Reading, header_at: int) -> Harvest:
    open_rows(reading, header_at=header_at)
    levels = _levels(reading.columns)
    codes = {level: column_of(reading.columns, level) or "" for level in levels}
    output = {level: f"upper(clean({quoted(code)}))" for level, code in codes.items()}
    output |= {f"{level}_name": f"clean({_name_column(reading, codes[level])})" for level in levels}
    ours = _ours(reading, levels, output)
    tell_other_codes(reading, codes["authority"], ours)
    checks = [
        Check("", ELSEWHERE, f"not {ours}", listed=False, expected=True),
        *(
            Check(codes[level], f"no {level} code", f"not coalesce(is_code({output[level]}), false)",
                  f"left({output[level]}, 12)")
            for level in levels
        ),
    ]  # fmt: skip
    rejected = tabulate(reading, output, checks)
    accepted = int(scalar(reading, "select count(*) from good"))
    if not accepted:
        raise InputRefused(
            f"{reading.file} has no usable row of {reading.authority}. {most_of(reading, codes['authority'])}"
        )
    first, larger = levels[0], levels[1:-1] or levels[1:]
    rows = save(reading, f"{' union all '.join(_pair(first, to) for to in larger)} order by all")
    figures = {level: scalar(reading, f"select count(distinct {level}) from good") for level in (first, *larger)}
    return Harvest(accepted, rejected, figures, rows, "-".join((first, *larger)))


def _ours(reading: Reading, levels: list[str], output: dict[str, str]) -> str:
    """By any of its areas that the geography has; a file of other years' areas says it by its districts."""
    known = [here for level in levels if level != "authority" and (here := lies_here(reading, level, output[level]))]
    here = f"({' or '.join(known)})"
    return here if known and has_any(reading, here) else says_ours(reading, output["authority"])


def _name_column(reading: Reading, code: str) -> str:
    """`WD24NM` beside `WD24CD`; output areas have no names."""
    found = [name for name in reading.columns if plain(name) == plain(code).removesuffix("cd") + "nm"]
    return quoted(found[0]) if found else "null::varchar"


def _pair(smaller: str, larger: str) -> str:
    return (
        f"select distinct '{smaller}' as from_level, {smaller} as from_code, {smaller}_name as from_name, "
        f"'{larger}' as to_level, {larger} as to_code, {larger}_name as to_name from good"
    )


FORMATS = (
    Format(
        kind="geography", name="Look-up between areas (ONS)", normalise=normalise, locate=locate,
        snapshot_kind="lookup",
        columns=("two or more of OA21CD, LSOA21CD, MSOA21CD, WD24CD (any year)", "LAD24CD (any year)"),
    ),
)  # fmt: skip
