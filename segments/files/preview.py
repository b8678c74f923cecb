"""The first rows of what would come in, for the eyes of the officer who decides: no names, contacts masked."""

from pathlib import Path

from engage.foundation.privacy import Keys, mask_email, mask_phone
from segments.files.reading import Reading, literal, quoted

FIRST = 50
LONGEST = 100  # letters of a cell that are shown
# Of data about people only these columns are shown. Of any other kind all are, but for shapes and lists.
SHOWN = {
    "register": {
        "line": "line", "address": "address", "postcode": "postcode", "UPRN": "uprn", "ward": "ward_name",
        "attainment": "case when attainment is null then 'no' else 'yes' end",
    },
    "contacts": {
        "UPRN": "uprn", "channel": "channel", "contact": "value", "source": "source", "lawful_basis": "lawful_basis",
        "agreement": "agreement_reference", "collected_on": "collected_on", "objected": "objected",
    },
    "suppressions": {"channel": "channel", "reason": "reason", "added_on": "added_on"},
    "applications": {
        "UPRN": "uprn", "address": "address", "postcode": "postcode", "applied_on": "applied_on", "line": "line",
    },
    "protected": {"added_on": "added_on", "review_on": "review_on"},
}  # fmt: skip
PERSONAL = frozenset(SHOWN)  # kinds of dataset whose rows speak of somebody
MASKS = {"email": mask_email, "sms": mask_phone}


def first_rows(reading: Reading, kind: str, before: Path | None = None) -> list[dict[str, str]]:
    """Up to FIRST rows of the staged dataset, every value as text; where changes were applied to the dataset
    `before`, of those rows that they brought."""
    staged = f"read_parquet({literal(str(reading.output))})"
    types = _types(reading, staged)
    columns = SHOWN.get(kind) or {name: quoted(name) for name, kind in types.items() if _is_shown(name, kind)}
    if before:
        earlier = f"read_parquet({literal(str(before))})"
        both = ", ".join(map(quoted, types.keys() & _types(reading, earlier).keys()))
        staged = f"(select {both} from {staged} except select {both} from {earlier})"
    order = " order by staged.line" if before and "line" in types else ""
    listed = ", ".join(f"({sql})::varchar as {quoted(name)}" for name, sql in columns.items())
    rows = reading.con.execute(f"select {listed} from {staged} staged{order} limit {FIRST}").fetchall()
    return [_row(dict(zip(columns, row, strict=True)), kind, reading.keys) for row in rows]


def _types(reading: Reading, relation: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in reading.con.execute(f"describe from {relation}").fetchall()}


def _is_shown(name: str, kind: str) -> bool:
    return name != "geometry" and not kind.endswith("]")


def _row(cells: dict[str, str | None], kind: str, keys: Keys) -> dict[str, str]:
    if kind == "contacts" and cells["contact"]:
        cells["contact"] = MASKS[cells["channel"] or ""](keys.decrypt(cells["contact"]))
    return {name: (value or "")[:LONGEST] for name, value in cells.items()}
