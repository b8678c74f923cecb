"""What is kept of an elector's name: about four short keyed hashes, by a key of their own, with the home inside.

A hash says nothing of another home, and nothing to anybody without the key. The home is the row's own UPRN, else its
address: which home that is may be found out later, the name is gone by then.
"""

import re
from functools import lru_cache

import jellyfish
import polars as pl
import polars_hash

from segments.names.written import families, givens, in_parts, surname_first

FULL, INITIAL, SOUND, GIVEN = "f", "i", "s", "g"
MOST_GIVEN, MOST_FAMILY = 3, 3
DIGITS = 13  # of hexadecimal: 52 bits


@lru_cache(maxsize=200_000)
def sound(word: str) -> str:
    """How it is said; what has no consonant is itself."""
    return jellyfish.metaphone(word) or word


@lru_cache(maxsize=200_000)
def texts(given: str, family: str) -> tuple[str, ...]:
    """What is hashed of one elector. A system with one column for the name has it in `family`."""
    name = in_parts("", given, re.sub(r"(?i)\(z\)", " ", family)) if given.strip() else surname_first(family)
    named, called = givens(name.given)[:MOST_GIVEN], families(name.family)[:MOST_FAMILY]
    if not called or not called[0]:
        return ()
    found = [f"{FULL}{g} {f}" for g in named if len(g) > 1 for f in called]
    initials = dict.fromkeys(g[0] for g in named) or [""]  # of those who are known by a middle name, too
    found += [f"{INITIAL}{i} {f}" for i in initials for f in called]
    if named and len(named[0]) > 1:
        found += [f"{SOUND}{sound(named[0])} {sound(called[0])}", f"{GIVEN}{named[0]}"]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=200_000)
def initialled(given: tuple[str, ...], family: tuple[str, ...]) -> str | None:
    """By which two sources that name somebody are seen to name the same: the first initial, and the whole surname."""
    called, named = givens(given), families(family)
    return f"{INITIAL}{called[0][0] if called else ''} {named[0]}" if named and named[0] else None


def place(uprn: str, address: str, postcode: str) -> pl.Expr:
    """The home of a row of the register, whose columns these are."""
    by_address = pl.concat_str(
        pl.lit("@"), pl.col(address).fill_null("").str.to_uppercase(), pl.col(postcode).fill_null("")
    ).str.replace_all(r"[^\p{L}\p{N}@]+", "")
    return pl.coalesce(pl.col(uprn).cast(pl.String), by_address)


def hashed(text: pl.Expr, where: pl.Expr, key: str) -> pl.Expr:
    """HMAC-SHA256 of a text at a home, cut short, as a whole number."""
    whole = polars_hash.concat_str(where, pl.lit("\x1f"), text)
    return whole.chash.hmac_sha256(key=key).str.head(DIGITS).str.to_integer(base=16).cast(pl.Int64)


def of_electors(rows: pl.DataFrame, key: str) -> pl.Series:
    """The keys of each row of `given, family, uprn, address, postcode`, as lists."""
    said = [list(texts(g or "", f or "")) for g, f in rows.select("given", "family").iter_rows()]
    told = rows.select(place("uprn", "address", "postcode").alias("place")).with_columns(
        pl.Series("text", said, dtype=pl.List(pl.String))
    )
    each = told.with_row_index("row").explode("text", empty_as_null=True)
    keyed = each.with_columns(hashed(pl.col("text"), pl.col("place"), key).alias("names"))
    return keyed.group_by("row", maintain_order=True).agg(pl.col("names").drop_nulls())["names"]
