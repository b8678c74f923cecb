"""The audience of a submitted campaign: who is in it, in which arm, and how each wave would reach them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from campaigns.plan import shared_contacts
from campaigns.plan.arms import assign
from campaigns.records.models import Channel
from engage.foundation.libraries import duckdb, np, npt, pa, pq

REACHED = {
    Channel.email: "email_contact IS NOT NULL",
    Channel.sms: "sms_contact IS NOT NULL",
    Channel.letter: "coalesce(letter, false)",
}
FRAGMENTS = (1, 3)  # what a reminder by text takes, at least and at most, as long as it has not been read
AT_ONCE = 4_096  # homes to a part of the file, which is what is read, and planned, at once; DuckDB takes whole 2,048s


def nobody() -> npt.NDArray[np.int64]:
    return np.array([], dtype=np.int64)


def connect() -> duckdb.DuckDBPyConnection:
    """A connection with names of its own, to be closed. DuckDB takes longer to start than to answer what is asked of
    an audience, and a plan asks six times before its page is shown, so it is started once."""
    return _started().cursor()


@cache
def _started() -> duckdb.DuckDBPyConnection:
    """It keeps nothing it has read: an audience holds contacts."""
    return duckdb.connect(config={"enable_external_file_cache": False})


def with_arms(
    frozen: Path, to: Path, shares: Mapping[str, float], seed: int, without: npt.NDArray[np.int64] | None = None,
    closed: Mapping[Channel, npt.NDArray[np.int64]] | None = None,
) -> dict[str, int]:  # fmt: skip
    """Write the frozen audience, but for some UPRNs, to `to` with a column `arm`; those of `closed` cannot be reached
    by that channel, and a contact of several homes is left to one of them at most. Gives the households in each
    arm."""
    with connect() as lake:
        lake.register("without", pa.table({"uprn": nobody() if without is None else without}))
        _keep_usable(lake, frozen, closed or {})
        homes = lake.execute(
            "SELECT uprn, coalesce(ward, '') AS ward FROM usable WHERE uprn NOT IN (SELECT uprn FROM without)"
        ).fetchnumpy()
        wards = [str(ward) for ward in homes["ward"]]
        uprns = np.asarray(homes["uprn"], dtype=np.int64)
        drawn = assign(uprns, wards, shares, seed)
        lot = shared_contacts.order(uprns, seed)
        lake.register("drawn", pa.table({"uprn": uprns, "arm": drawn.astype(object), "lot": lot}))
        shared_contacts.withhold(lake)
        replaced, withheld = shared_contacts.columns()
        lake.execute(
            f"COPY (SELECT homes.* REPLACE ({replaced}), drawn.arm, {withheld} FROM usable homes "
            f"JOIN drawn USING (uprn) {shared_contacts.joins()} ORDER BY homes.uprn) "
            f"TO {_quoted(to)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {AT_ONCE})"
        )
    return {arm: int((drawn == arm).sum()) for arm in shares}


def _keep_usable(
    lake: duckdb.DuckDBPyConnection, frozen: Path, closed: Mapping[Channel, npt.NDArray[np.int64]]
) -> None:  # fmt: skip
    """Make a view `usable` of the audience without the ways to a home that are closed, before a contact of several
    homes is left to one of them."""
    for channel in Channel:
        lake.register(f"closed_{channel.value}", pa.table({"uprn": closed.get(channel, nobody())}))
    contacts = ", ".join(
        f"CASE WHEN uprn NOT IN (SELECT uprn FROM closed_{channel}) THEN {channel}_{part} END AS {channel}_{part}"
        for channel in shared_contacts.CHANNELS for part in ("contact", "value", "source")
    )  # fmt: skip
    lake.execute(
        "CREATE TEMP VIEW usable AS SELECT * REPLACE (letter AND uprn NOT IN (SELECT uprn FROM closed_letter) "
        f"AS letter, {contacts}) FROM read_parquet({_quoted(frozen)})"
    )


def best_channel(channels: Sequence[str]) -> str:
    """SQL for the first of the channels by which a home may be reached, or null."""
    cases = " ".join(f"WHEN {REACHED[Channel(channel)]} THEN '{Channel(channel).value}'" for channel in channels)
    return f"CASE {cases} END"


def homes_of(lake: duckdb.DuckDBPyConnection, path: Path, arm: str) -> int:
    query = "SELECT count(*) FROM read_parquet(?) WHERE arm = ?"
    return int(lake.execute(query, [str(path), arm]).fetchall()[0][0])


def uprns(path: Path, arms: Sequence[str]) -> npt.NDArray[np.int64]:
    """Of the homes in those arms."""
    table = pq.read_table(path, columns=["uprn", "arm"])
    wanted = np.isin(np.asarray(table["arm"].to_pylist(), dtype=str), list(arms))
    return np.asarray(table["uprn"], dtype=np.int64)[wanted]


def held(path: Path, uprns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Those of the UPRNs that a frozen audience holds."""
    homes = np.asarray(pq.read_table(path, columns=["uprn"])["uprn"], dtype=np.int64)
    return np.intersect1d(homes, uprns)


def shares_contacts(path: Path) -> bool:
    """Whether several homes of an audience may hold one contact, as in one drawn by an earlier version."""
    return "sms_withheld" not in pq.read_schema(path).names


@dataclass(frozen=True, slots=True)
class Home:
    uprn: int
    ward: str
    contacts: dict[str, tuple[str, str]]  # channel: (keyed hash, encrypted value); a letter has neither


def homes(path: Path, arms: Sequence[str], channels: Sequence[str]) -> Iterator[list[Home]]:
    """The homes of the arms that one of the channels reaches, by UPRN, some thousands at a time."""
    columns = ["uprn", "ward", "arm", "email_contact", "email_value", "sms_contact", "sms_value", "letter"]
    with pq.ParquetFile(path) as file:
        for part in range(file.num_row_groups):
            # Not iter_batches, nor in threads, which hold several parts of a file of a million.
            rows = file.read_row_group(part, columns, use_threads=False).to_pylist()
            found = [_home(row, channels) for row in rows if row["arm"] in arms]
            yield [home for home in found if home.contacts]


def _home(row: Mapping[str, Any], channels: Sequence[str]) -> Home:
    contacts: dict[str, tuple[str, str]] = {}
    for channel in channels:
        if channel == Channel.letter:
            if row["letter"]:
                contacts[channel] = ("", "")
        elif row[f"{channel}_contact"]:
            contacts[channel] = (row[f"{channel}_contact"], row[f"{channel}_value"])
    return Home(row["uprn"], row["ward"] or "", contacts)


@dataclass(frozen=True, slots=True)
class Particulars:
    """What a message to a home needs besides its contact: the address, postcode last, and where a contact came from."""

    address_lines: tuple[str, ...]
    sources: dict[str, str]  # by channel


class Directory:
    """The particulars of an audience's homes, one part of its file at a time: messages leave in the order in which
    their homes stand in it, so a part serves many batches. For one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = -1
        self._homes: dict[int, Particulars] = {}

    @cached_property
    def _file(self) -> pq.ParquetFile:
        return pq.ParquetFile(self._path)

    @cached_property
    def _last(self) -> list[int]:
        """The highest UPRN of each part."""
        column, parts = self._file.schema_arrow.get_field_index("uprn"), self._file.metadata
        return [parts.row_group(part).column(column).statistics.max for part in range(parts.num_row_groups)]

    def of(self, uprns: Iterable[int]) -> dict[int, Particulars]:
        return {uprn: self._in(bisect_left(self._last, uprn))[uprn] for uprn in sorted(set(uprns))}

    def _in(self, part: int) -> dict[int, Particulars]:
        if part != self._part:
            columns = ["uprn", "address_lines", "email_source", "sms_source"]
            # Not by NumPy, for which pyarrow would bring pandas.
            rows = self._file.read_row_group(part, columns, use_threads=False).to_pylist()
            self._homes, self._part = {row["uprn"]: _particulars(row) for row in rows}, part
        return self._homes


def _particulars(row: Mapping[str, Any]) -> Particulars:
    sources = {channel: row[f"{channel}_source"] or "" for channel in ("email", "sms")}
    return Particulars(tuple(row["address_lines"] or ()), sources)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
