"""What a person is asked of a list shows the property that is meant, though street and postcode are both misspelt."""

from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb.sqltypes import VARCHAR

from segments.crosswalk import matches
from tests.segments.village import Gazetteer


def test_a_short_street_misspelt_beside_its_postcode_is_offered(tmp_path: Path) -> None:
    """`Wat` for Way is too short to be read as a slip, and a whole postcode of other homes has more of its words."""
    town = Gazetteer()
    for number in range(1, 31):
        town.add(f"{number} Bakewell Lane, Stretton, Burton upon Trent, DE13 0WB", "Bakewell Lane", "DE13 0WB")
        town.add(f"{number} Hawkins Way, Stretton, Burton upon Trent, DE13 0WG", "Hawkins Way", "DE13 0WG")
        town.add(f"{number} Hawkins Road, Horninglow, Burton upon Trent, DE13 0RP", "Hawkins Road", "DE13 0RP")
    none, one = pa.nulls(1, pa.string()), pa.nulls(1, pa.int64())
    listed = pa.table({
        "list": ["admissions"], "line": [1], "reference": ["1"], "postcode": ["DE13 0WB"], "uprn": one,
        "address": ["29 Hawkins Wat, Stretton, Burton upon Trent"], "reference_source": none, "cross_reference": none,
    })  # fmt: skip
    with duckdb.connect() as con:
        con.create_function("key_of", lambda key, postcode: f"{key} {postcode}", [VARCHAR] * 2, VARCHAR)
        matches.match(con, listed, town.write(tmp_path / "gazetteer.parquet"), None)
        offered = [uprn for (uprn,) in con.execute("select uprn from offered order by place").fetchall()]
        assert con.execute("select uprn, state from answer").fetchall() == [(None, "to review")]
    assert town.uprn("29 Hawkins Way") in offered
