"""What speaks for a name in a record being an elector of the home: which of the elector's hashes it meets, and how far
from what was written one has to go to meet it.

All of it happens in memory, a part of the names at a time; nothing of a name is written to a file. What is met as it
was written is looked for first; only what is not is looked for in its other forms, which are many.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import polars as pl

from segments.names.keys import FULL, GIVEN, INITIAL, SOUND, hashed, place, sound
from segments.names.variants import ITSELF, KNOWN, SLIP, forms, slips
from segments.names.written import families, givens

PART = 15_000  # names at a time
MOST_WORDS = 3
# What was met, the strongest first.
(
    EXACT, FORM, SLIPPED, TURNED, SOUNDED, INITIALLED, INITIAL_SLIPPED, SURNAME_ALONE, SAME_INITIAL, SAME_GIVEN,
) = range(10)  # fmt: skip
NOTHING = 99
SETTLES = (EXACT, INITIALLED)  # beyond these no other form is looked for
Variants = pl.DataFrame  # word, variant, far
Chances = dict[int, float]
EACH = pl.List(pl.String)
WORDS: dict[str, Any] = {"nid": pl.Int64, "called": EACH, "named": EACH, "alone": pl.Boolean, "turned": EACH}
DECOYS = 8_000  # names that are looked for among the others of their home


def electors(register: pl.DataFrame, linked: pl.DataFrame, waiting: pl.DataFrame) -> pl.DataFrame:
    """`home, person, place, names`: the place is the home as the register's row has it. Electors whose address still
    waits for an answer stand at each home that it may be."""
    at = pl.concat([linked.select("person", home="uprn"), waiting.select("person", "home")])
    return register.select("person", "names", place=place("uprn", "address", "postcode")).join(at, on="person")


def of_others(names: pl.DataFrame, met: pl.DataFrame, at: pl.DataFrame, people: pl.DataFrame, key: str) -> Chances:
    """How often somebody meets, at each level, an elector of the home who is another person: those who were met by
    their whole name are looked for among the others of their home, by it and by their initials."""
    own = met.filter(pl.col("level") == EXACT)
    some = own["nid"].unique().sort()
    some = some.sample(min(DECOYS, len(some)), seed=1)
    theirs = names.filter(pl.col("nid").is_in(some.implode()))
    alone = theirs.with_columns(given=pl.col("given").list.head(1).list.eval(pl.element().str.head(1)))
    there = at.filter(pl.col("nid").is_in(some.implode()))
    chances: Chances = {}
    for each in (theirs, alone):
        others = found(each, there, people, key, settles=()).join(own, on=["nid", "home", "person"], how="anti")
        best = others.group_by("nid").agg(pl.col("level").min())
        for level, n in best.group_by("level").len().iter_rows():
            chances[level] = max(chances.get(level, 0.0), n / max(len(some), 1))
    return chances


def found(
    names: pl.DataFrame, at: pl.DataFrame, people: pl.DataFrame, key: str, settles: Sequence[int] = SETTLES
) -> pl.DataFrame:
    """`nid, home, person, level`: the strongest evidence for each name and elector of a home where its record may be.

    `names` has nid, given, family; `at` nid and home; `people` is `electors`."""
    wanted = at.join(people.select("home", "place").unique(), on="home")
    numbered = people.select("person").unique().with_row_index("elector")
    keyed = (
        people.join(numbered, on="person").select("elector", its_home="home", hash="names").explode("hash").drop_nulls()
    )
    meet = partial(_met, wanted=wanted, keyed=keyed, key=key)
    words = _in_words(names.filter(pl.col("nid").is_in(wanted["nid"].unique().implode())))
    first = _in_parts(words, lambda part: meet(_as_written(part)))
    settled = first.filter(pl.col("level").is_in(list(settles)))["nid"].unique().implode()
    rest = words.filter(~pl.col("nid").is_in(settled))
    others = _variants(rest, words)
    second = _in_parts(rest, lambda part: meet(_otherwise(part, *others)))
    every = pl.concat([first, second]).group_by("nid", "home", "elector").agg(pl.col("level").min())
    told = every.join(numbered, on="elector").select("nid", "home", "person", "level")
    return told.sort("nid", "home", "person")


def _in_parts(words: pl.DataFrame, work: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    none = {"nid": pl.Int64, "home": pl.Int64, "elector": pl.UInt32, "level": pl.Int64}
    return pl.concat([pl.DataFrame(schema=none), *(work(part) for part in words.iter_slices(PART))])


def _met(texts: pl.DataFrame, *, wanted: pl.DataFrame, keyed: pl.DataFrame, key: str) -> pl.DataFrame:
    """A hash has its home inside: joined by it alone, the register's need not be gone through for each part."""
    least = texts.group_by("nid", "text").agg(pl.col("level").min())
    said = least.join(wanted, on="nid").select(
        "nid", "home", "level", hash=hashed(pl.col("text"), pl.col("place"), key)
    )
    met = said.join(keyed, on="hash").filter(pl.col("home") == pl.col("its_home"))
    return met.group_by("nid", "home", "elector").agg(pl.col("level").min().cast(pl.Int64))


def _in_words(names: pl.DataFrame) -> pl.DataFrame:
    """`nid, called, named, alone, turned`: given names and surnames whole and by halves; `turned` the other way about.
    A surname of single letters is the initials, and the given name the surname."""
    return pl.concat([pl.DataFrame(schema=WORDS), *(_part_in_words(part) for part in names.iter_slices(PART))])


def _part_in_words(names: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for nid, given, family in names.select("nid", "given", "family").iter_rows():
        if family and all(len(word) == 1 for word in family) and any(len(word) > 1 for word in given):
            given, family = family, [word for word in given if len(word) > 1]  # noqa: PLW2901  # changed over
        called, named = givens(tuple(given))[:MOST_WORDS], families(tuple(family))[:MOST_WORDS]
        if named and named[0]:
            rows.append((nid, called, named, not any(len(word) > 1 for word in called), families(tuple(given))))
    return pl.DataFrame(rows, schema=WORDS, orient="row")


def _full(words: pl.DataFrame) -> pl.DataFrame:
    """`nid, g, f` of every given name with every surname."""
    pairs = words.select("nid", g="called", f="named").explode("g", empty_as_null=True).explode("f", empty_as_null=True)
    return pairs.filter(pl.col("g").str.len_chars() > 1)


def _text(kind: str, *parts: str) -> pl.Expr:
    return pl.concat_str(pl.lit(kind), pl.concat_str(*(pl.col(part) for part in parts), separator=" "))


def _as_written(words: pl.DataFrame) -> pl.DataFrame:
    full = _full(words).select("nid", text=_text(FULL, "g", "f"), level=pl.lit(EXACT))
    return pl.concat([full, _initials(words.filter("alone"), INITIALLED)])


def _initials(words: pl.DataFrame, level: int) -> pl.DataFrame:
    first = words.select("nid", i=pl.col("called").list.first().str.head(1).fill_null(""), f="named")
    each = first.explode("f", empty_as_null=True)
    return each.select("nid", text=_text(INITIAL, "i", "f"), level=pl.lit(level))


def _otherwise(words: pl.DataFrame, given: Variants, family: Variants) -> pl.DataFrame:
    told = words.filter(~pl.col("alone"))
    return pl.concat([
        _in_forms(_full(told), given, family),
        _in_forms(_full(told.select("nid", called="named", named="turned")), given, family, TURNED),
        _initials(told, SAME_INITIAL),
        _slipped_initials(words, family),
        _surnames(words),
        _sounds(told),
        told.select("nid", g=pl.col("called").list.first()).select("nid", text=_text(GIVEN, "g"), level=SAME_GIVEN),
    ], how="vertical_relaxed")  # fmt: skip


def _in_forms(pairs: pl.DataFrame, given: Variants, family: Variants, at_least: int = FORM) -> pl.DataFrame:
    meant = (
        pairs.join(given.rename({"word": "g", "variant": "v", "far": "far_g"}), on="g")
        .join(family.rename({"word": "f", "variant": "w", "far": "far_f"}), on="f")
        .filter(pl.col("far_g") + pl.col("far_f") <= SLIP + KNOWN)
    )
    level = pl.when(pl.col("far_g") + pl.col("far_f") <= KNOWN).then(FORM).otherwise(SLIPPED)
    return meant.select("nid", text=_text(FULL, "v", "w"), level=pl.max_horizontal(level, pl.lit(at_least)))


def _surnames(words: pl.DataFrame) -> pl.DataFrame:
    """Of the electors who stand on the register without a given name."""
    each = words.select("nid", i=pl.lit(""), f="named").explode("f", empty_as_null=True)
    return each.select("nid", text=_text(INITIAL, "i", "f"), level=pl.lit(SURNAME_ALONE))


def _slipped_initials(words: pl.DataFrame, family: Variants) -> pl.DataFrame:
    """The initial with the surname in another form: of initials alone, and of a whole name as the weaker."""
    first = words.select("nid", "alone", i=pl.col("called").list.first().str.head(1).fill_null(""), f="named")
    meant = first.explode("f", empty_as_null=True).join(
        family.filter(pl.col("far") > ITSELF).rename({"word": "f", "variant": "w"}), on="f"
    )
    level = pl.when("alone").then(INITIAL_SLIPPED).otherwise(SAME_INITIAL)
    return meant.select("nid", text=_text(INITIAL, "i", "w"), level=level)


def _sounds(words: pl.DataFrame) -> pl.DataFrame:
    first = words.select("nid", g=pl.col("called").list.first(), f=pl.col("named").list.first())
    heard = first.with_columns(
        pl.col(name).map_elements(sound, return_dtype=pl.String).alias(name) for name in ("g", "f")
    )
    return heard.select("nid", text=_text(SOUND, "g", "f"), level=pl.lit(SOUNDED))


def _variants(rest: pl.DataFrame, every: pl.DataFrame) -> tuple[Variants, Variants]:
    """Of the words that were not met as they were written: in forms of themselves, and one slip from a word that some
    record of the run has. Either may stand in the other's place."""
    said = {*_words(rest, "called"), *_words(rest, "named"), *_words(rest, "turned")}
    return _table(said, _words(every, "called")), _table(said, _words(every, "named"))


def _words(words: pl.DataFrame, column: str) -> set[str]:
    return set(words[column].explode(empty_as_null=True).drop_nulls().unique().to_list())


def _table(said: Iterable[str], vocabulary: set[str]) -> Variants:
    words = [word for word in said if len(word) > 1]
    rows = [(word, word, ITSELF) for word in words]
    rows += [(word, each, KNOWN) for word in words for each in forms(word)]
    known = pl.DataFrame(rows, schema={"word": pl.String, "variant": pl.String, "far": pl.Int64}, orient="row")
    slipped = slips(words, vocabulary).with_columns(far=pl.lit(SLIP, pl.Int64))
    return pl.concat([known, slipped]).group_by("word", "variant").agg(pl.col("far").min())
