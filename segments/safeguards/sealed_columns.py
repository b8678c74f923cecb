"""The columns of snapshots that hold contacts, encrypted by a key of each snapshot: sealed anew, forgotten, or without
one person's. A file is written beside and put in its place whole."""

from collections.abc import Callable, Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engage.foundation.data_keys import Sealer
from engage.foundation.lake import Lake, Snapshot
from engage.foundation.privacy import Keys

# By kind of snapshot: the keyed hash and the encrypted value of each contact.
CONTACTS = {
    "contacts": (("contact", "value"),),
    "audience": (("email_contact", "email_value"), ("sms_contact", "sms_value")),
}
# Whose rows are of people in a home, by its column; they go with the home.
OF_HOMES = {"council-records": "home"}
# Whose rows are of electors without their home.
OF_ELECTORS = ("births",)
Change = Callable[[pa.Table], pa.Table]


def rewrite(path: Path, to: Path, change: Change) -> None:
    """Part by part, as some are read by their parts and a million homes are many."""
    with pq.ParquetFile(path) as file:
        writer = None
        try:
            for part in range(max(file.num_row_groups, 1)):
                rows = file.read_row_group(part, use_threads=False) if file.num_row_groups else file.read()
                changed = change(rows)
                writer = writer or pq.ParquetWriter(to, changed.schema, compression="zstd")
                writer.write_table(changed, row_group_size=max(len(changed), 1))
        finally:
            if writer:
                writer.close()


def seal(path: Path, to: Path, kind: str, keys: Keys, sealer: Sealer) -> None:
    rewrite(path, to, sealed_anew(kind, keys, sealer))


def replace(lake: Lake, snapshot: Snapshot, change: Change) -> None:
    lake.replace(snapshot.path, changed(lake, snapshot, change))


def changed(lake: Lake, snapshot: Snapshot, change: Change) -> Path:
    """Beside it."""
    staged = lake.stage()
    rewrite(lake.file(snapshot), staged, change)
    return staged


def sealed_anew(kind: str, keys: Keys, sealer: Sealer) -> Change:
    def change(rows: pa.Table) -> pa.Table:
        for _, value in CONTACTS[kind]:
            given = rows[value].to_pylist()
            anew = iter(keys.sealed_anew([each for each in given if each], sealer))
            rows = _with(rows, value, [next(anew) if each else each for each in given])
        return rows

    return change


def forgotten(kind: str) -> Change:
    """That a home could be reached stays, for the figures are made of it; by which contact does not."""

    def change(rows: pa.Table) -> pa.Table:
        for contact, value in CONTACTS[kind]:
            rows = _with(rows, contact, [None if each is None else "" for each in rows[contact].to_pylist()])
            rows = _with(rows, value, [None] * len(rows))
        return rows

    return change


def without(kind: str, contacts: Collection[str], uprn: int | None, electors: Collection[str] = ()) -> Change:
    """A list loses the rows of these contacts, or of the home, and the council's own records those of the home; an
    audience keeps the home, which was drawn."""

    def change(rows: pa.Table) -> pa.Table:
        if kind in OF_HOMES:
            theirs = pc.fill_null(pc.equal(rows[OF_HOMES[kind]], uprn), fill_value=False)
            return rows.filter(pc.invert(theirs))
        if kind in OF_ELECTORS:
            return rows.filter(pc.invert(pc.is_in(rows["person"], pa.array(electors, pa.string()))))
        if kind == "contacts":
            return rows.filter(pc.invert(_of(rows, "contact", contacts, uprn)))
        for contact, value in CONTACTS[kind]:
            theirs = _of(rows, contact, contacts, uprn).to_pylist()
            for name in (contact, value):
                kept = [None if gone else each for each, gone in zip(rows[name].to_pylist(), theirs, strict=True)]
                rows = _with(rows, name, kept)
        return rows

    return change


def _of(rows: pa.Table, contact: str, contacts: Collection[str], uprn: int | None) -> pa.ChunkedArray:
    found = pc.is_in(rows[contact], value_set=pa.array(contacts, pa.string()))
    return found if uprn is None else pc.or_(found, pc.equal(rows["uprn"], uprn))


def held(path: Path, kind: str) -> int:
    """The contacts that a snapshot's file holds, whether they can be read or not."""
    if not path.exists() or not {value for _, value in CONTACTS[kind]} <= set(pq.read_schema(path).names):
        return 0
    found = 0
    with pq.ParquetFile(path) as file:
        for part in range(file.num_row_groups):
            rows = file.read_row_group(part, [value for _, value in CONTACTS[kind]], use_threads=False)
            found += sum(pc.sum(pc.not_equal(column, "")).as_py() or 0 for column in rows.columns)
    return found


def _with(rows: pa.Table, name: str, values: list[str | None]) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(name), name, pa.array(values, pa.string()))
