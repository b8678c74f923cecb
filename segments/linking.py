"""Ties every elector to a home: by UPRN where the address does not contradict it, else by the address.

The address of a row is compared with the gazetteer inside one postcode first; what is left goes to
`uk_address_matcher` (Ministry of Justice). Nothing here sees a name.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import duckdb
from uk_address_matcher import AddressMatcher, ExactMatchStage, SplinkStage, UniqueTrigramStage

# A match below this weight (bits of evidence) stays unlinked: a wrong home is worse than none.
LEAST_WEIGHT = 10.0
LEAST_LEAD = 5.0

ABBREVIATIONS = {
    "RD": "ROAD",
    "AVE": "AVENUE",
    "AV": "AVENUE",
    "CL": "CLOSE",
    "CT": "COURT",
    "CRES": "CRESCENT",
    "DR": "DRIVE",
    "GDNS": "GARDENS",
    "GRN": "GREEN",
    "LN": "LANE",
    "PK": "PARK",
    "PL": "PLACE",
    "SQ": "SQUARE",
    "TERR": "TERRACE",
    "APT": "FLAT",
    "APARTMENT": "FLAT",
    "UNIT": "FLAT",
    "ROOM": "FLAT",
}


@dataclass(frozen=True)
class Linked:
    """How many electors were tied to a home, and by what."""

    electors: int
    by_uprn: int
    by_address: int
    contradicted: int  # rows whose UPRN the address speaks against

    @property
    def unlinked(self) -> int:
        return self.electors - self.by_uprn - self.by_address

    @property
    def share(self) -> float:
        return (self.by_uprn + self.by_address) / self.electors if self.electors else 0.0


def link(register: Path, gazetteer: Path, to: Path) -> Linked:
    """Write `person, uprn, attainment, how` for every linked elector of a register snapshot."""
    with duckdb.connect() as con:
        _prepare(con, register, gazetteer)
        _judge_uprns(con)
        _match_within_postcode(con)
        _match_anywhere(con)
        return _write(con, to)


def _prepare(con: duckdb.DuckDBPyConnection, register: Path, gazetteer: Path) -> None:
    con.execute(f"CREATE MACRO words(t) AS {_words_sql('t')}")
    con.execute("CREATE MACRO numbers(t) AS list_sort(regexp_extract_all(t, '[0-9]+[A-Z]?\\b'))")
    con.execute(
        "CREATE TABLE home AS SELECT uprn, postcode, words(replace(address, postcode, '')) AS key, address"
        " FROM read_parquet(?) WHERE residential",
        [str(gazetteer)],
    )
    con.execute(
        "CREATE TABLE elector AS SELECT row_number() OVER () AS row, person, uprn AS claimed, postcode, attainment,"
        " words(replace(address, coalesce(postcode, ''), '')) AS key, address FROM read_parquet(?)",
        [str(register)],
    )
    con.execute("CREATE TABLE link (row BIGINT, uprn BIGINT, how VARCHAR)")


def _words_sql(text: str) -> str:
    words = f"trim(regexp_replace(upper(strip_accents({text})), '[^A-Z0-9]+', ' ', 'g'))"
    for short, full in ABBREVIATIONS.items():
        words = f"regexp_replace({words}, '\\b{short}\\b', '{full}', 'g')"
    return words


def _judge_uprns(con: duckdb.DuckDBPyConnection) -> None:
    """A UPRN stands when the home it names has the row's house numbers and street, whatever the postcode."""
    con.execute("""
        CREATE TABLE claim AS
        SELECT e.row, h.uprn,
               numbers(e.key) = numbers(h.key) AND (e.postcode = h.postcode
                   OR jaccard(e.key, h.key) > 0.75 OR starts_with(h.key, e.key)) AS stands
        FROM elector e JOIN home h ON h.uprn = e.claimed
    """)
    con.execute("INSERT INTO link SELECT row, uprn, 'uprn' FROM claim WHERE stands")


def _match_within_postcode(con: duckdb.DuckDBPyConnection) -> None:
    """The one home in the postcode whose address is the row's, or begins with it (town left off)."""
    con.execute("""
        INSERT INTO link
        SELECT e.row, any_value(h.uprn), 'address'
        FROM elector e JOIN home h ON e.postcode = h.postcode
             AND (h.key = e.key OR (e.key LIKE '% % %' AND starts_with(h.key, e.key || ' ')))
        WHERE e.row NOT IN (SELECT row FROM link)
        GROUP BY e.row HAVING count(DISTINCT h.uprn) = 1
    """)


def _match_anywhere(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        CREATE TABLE left_over AS
        SELECT md5(address || coalesce(postcode, '')) AS unique_id, any_value(address) AS address_concat,
               coalesce(any_value(postcode), '') AS postcode, list(row) AS rows
        FROM elector WHERE row NOT IN (SELECT row FROM link) AND address <> '' GROUP BY 1
    """)
    if not con.execute("SELECT count(*) FROM left_over").fetchall()[0][0]:
        return
    _run_matcher(con)
    con.execute(
        """
        INSERT INTO link
        SELECT unnest(l.rows), m.uprn, 'address' FROM left_over l JOIN matched m USING (unique_id)
        """
    )


def _run_matcher(con: duckdb.DuckDBPyConnection) -> None:
    logging.getLogger("uk_address_matcher").setLevel(logging.ERROR)
    logging.getLogger("splink").setLevel(logging.ERROR)
    canonical = con.sql("SELECT uprn AS unique_id, address AS address_concat, postcode FROM home")
    messy = con.sql("SELECT unique_id, address_concat, postcode FROM left_over")
    matcher = AddressMatcher(
        canonical_addresses=canonical,
        addresses_to_match=messy,
        con=con,
        stages=[ExactMatchStage(), UniqueTrigramStage(), SplinkStage()],
        cleaning_num_chunks=1,
        show_progress="off",
    )
    found = matcher.match().matches()
    found.filter(
        "resolved_canonical_id IS NOT NULL AND (match_weight IS NULL"
        f" OR (match_weight >= {LEAST_WEIGHT} AND coalesce(distinguishability, {LEAST_LEAD}) >= {LEAST_LEAD}))"
    ).project("unique_id, resolved_canonical_id AS uprn, match_reason, match_weight, distinguishability").create(
        "matched"
    )


def _write(con: duckdb.DuckDBPyConnection, to: Path) -> Linked:
    linked = con.sql("SELECT e.person, l.uprn, e.attainment, l.how FROM elector e JOIN link l USING (row)")
    linked.order("uprn, person").write_parquet(str(to))
    counts = con.execute("""
        SELECT (SELECT count(*) FROM elector), count(*) FILTER (how = 'uprn'), count(*) FILTER (how = 'address'),
               (SELECT count(*) FROM claim WHERE NOT stands) FROM link
    """).fetchall()[0]
    return Linked(*counts)
