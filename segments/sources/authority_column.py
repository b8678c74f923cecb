"""Whose a row is. The areas of the imported geography decide; a column of districts only before there is one, for
codes change (Barnsley and Sheffield in 2025, every new unitary) and tables carry the old ones for years."""

from segments.files.reading import Reading, literal, quoted

NO_HOMES = "an area where this authority has no homes"


def says_ours(reading: Reading, code: str) -> str:
    """SQL, never null: the code is the authority's, or one that it or a part of it had before."""
    codes = ", ".join(literal(each) for each in (reading.authority, *reading.known.former_codes))
    return f"coalesce({code} in ({codes}), false)"


def lies_here(reading: Reading, level: str, area: str) -> str | None:
    """SQL, never null: the geography has this area. None where it tells no areas of that level."""
    own = reading.known.areas_sql(level)
    return f"coalesce({area} in (select area from ({own}) where area is not null), false)" if own else None


def has_any(reading: Reading, condition: str) -> bool:
    found = reading.con.execute(f"select 1 from raw where {condition} limit 1").fetchone()
    return found is not None


def tell_other_codes(reading: Reading, column: str, ours: str) -> None:
    """Which other codes stand in the column of districts of rows for which `ours` holds."""
    code = f"upper(clean({quoted(column)}))"
    query = (
        f"select distinct {code} from raw where {ours} and {code} is not null "
        f"and not {says_ours(reading, code)} order by 1 limit 3"
    )
    found = [str(other)[:20] for (other,) in reading.con.execute(query).fetchall()]
    if found:
        reading.warnings.append(
            f"the column {column} says {' and '.join(found)}, not {reading.authority}. The areas are in the geography "
            f"imported here, so they were taken. If {found[0]} is an earlier code of this council, ask whoever runs "
            "the service to add it."
        )


def was_hint(reading: Reading) -> str:
    return f"If that is an earlier code of {reading.authority}, ask whoever runs the service to add it."
