"""Contacts of several homes, such as a letting agent's: one contact is written to once in a wave, for one home.

The lot says for which: the one drawn first keeps the contact, and what becomes of it is counted for that home and its
group. Where the homes of a contact are in several groups it is not written to at all: a reminder to it would reach the
group that is compared, and nobody could tell for whom somebody then registered.
"""

from __future__ import annotations

from pathlib import Path

from engage.foundation.libraries import duckdb, np, npt

CHANNELS = ("email", "sms")
ANOTHER_HOME, SEVERAL_GROUPS = "another home", "several groups"  # for what a home's contact is withheld


def order(uprns: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """The place of each home in the lot, whatever the order of the rows."""
    places = np.empty(len(uprns), dtype=np.int64)
    places[np.argsort(uprns, kind="stable")] = np.random.default_rng([seed, *b"order"]).permutation(len(uprns))
    return places


def withhold(lake: duckdb.DuckDBPyConnection) -> None:
    """Make a table `withheld` (uprn, channel, why) of the `usable` homes in `drawn` (uprn, arm, lot)."""
    held = " UNION ALL ".join(
        f"SELECT uprn, arm, lot, '{channel}' AS channel, {channel}_contact AS contact FROM homes "
        f"WHERE {channel}_contact IS NOT NULL"
        for channel in CHANNELS
    )
    lake.execute(
        "CREATE TEMP TABLE withheld AS WITH homes AS (SELECT * FROM usable JOIN drawn USING (uprn)), "
        f"held AS ({held}), "
        "shared AS (SELECT channel, contact, count(DISTINCT arm) AS arms, arg_min(uprn, lot) AS first FROM held "
        "GROUP BY ALL HAVING count(*) > 1) "
        f"SELECT uprn, channel, CASE WHEN arms > 1 THEN '{SEVERAL_GROUPS}' ELSE '{ANOTHER_HOME}' END AS why "
        "FROM held JOIN shared USING (channel, contact) WHERE arms > 1 OR uprn <> first"
    )


def columns() -> tuple[str, str]:
    """SQL: what replaces a home's contacts, and why each was withheld."""
    replaced = ", ".join(
        f"CASE WHEN {channel}.why IS NULL THEN homes.{channel}_{part} END AS {channel}_{part}"
        for channel in CHANNELS for part in ("contact", "value", "source")
    )  # fmt: skip
    return replaced, ", ".join(f"{channel}.why AS {channel}_withheld" for channel in CHANNELS)


def joins() -> str:
    return " ".join(
        f"LEFT JOIN (SELECT uprn, why FROM withheld WHERE channel = '{channel}') {channel} USING (uprn)"
        for channel in CHANNELS
    )


def counted(lake: duckdb.DuckDBPyConnection, audience: Path) -> dict[str, dict[str, int]]:
    """Homes whose contact is withheld, by why and channel."""
    found: dict[str, dict[str, int]] = {}
    for channel in CHANNELS:
        query = f"SELECT {channel}_withheld AS why, count(*) FROM read_parquet(?) GROUP BY ALL ORDER BY ALL"
        for why, homes in lake.execute(query, [str(audience)]).fetchall():
            if why is not None:
                found.setdefault(why, {})[channel] = homes
    return found
