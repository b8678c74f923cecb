"""What of a register or of contacts looks wrong beside the gazetteer, with the likely cause: it waits for a yes.

Cells are counted and let go: none is shown.
"""

import re
from collections.abc import Iterator

from segments.files.questions import Question
from segments.files.reading import Reading, literal, plain, quoted

KINDS = ("register", "contacts")
MOST_STRANGERS = 0.02  # of a register
LEAST = 10  # cells of which a share says something
LEAST_KNOWN = 0.5  # of the UPRNs of a file, and of a column that looks like another
LOOKED_AT = 50_000  # rows of the file
ENDS_IN_ZEROS = 0.9
POSTCODES = re.compile(r"post ?code|pcode|pcds?")
LONG = r"[1-9]\d{9,11}"  # most UPRNs; an elector id is shorter

HERE = """
select postcode from read_parquet({gazetteer}) where postcode is not null
union select postcode from read_parquet({postcodes}) where postcode is not null
"""
STRANGERS = """
with here as ({here})
select count(*), count(*) filter (
    postcode not in (from here) and (uprn is null or uprn not in (select uprn from read_parquet({gazetteer})))
    and exists (from here))
from read_parquet({register})
"""


def questions(reading: Reading, makes: str) -> list[Question]:
    if makes not in KINDS or not reading.columns:
        return []
    return [*_of_columns(reading, makes), *(_of_strangers(reading) if makes == "register" else ())]


def _of_columns(reading: Reading, makes: str) -> Iterator[Question]:
    telling = [name for name in reading.columns if plain(name) == "uprn" or POSTCODES.search(plain(name))]
    if not telling:
        return
    _look_at(reading, telling)
    if swapped := _swapped_uprn(reading, makes):
        yield swapped
    elif reading.has("UPRN") and (unknown := _unknown_uprns(reading)):
        yield unknown
    yield from _swapped_postcodes(reading)
    reading.con.execute("drop table looked_at")


def _look_at(reading: Reading, names: list[str]) -> None:
    columns = ", ".join(map(quoted, names))
    reading.con.execute(f"create or replace temp table looked_at as select {columns} from raw limit {LOOKED_AT}")


def _share(reading: Reading, name: str, holds: str) -> float:
    """The share of a column's cells, of those that are not empty, of which `holds` (SQL over `cell`) is true."""
    query = f"select count(*), count(*) filter ({holds}) from (select {quoted(name)} as cell from looked_at) "
    cells, held = reading.con.execute(f"{query} where clean(cell) is not null").fetchone() or (0, 0)
    return held / cells if cells >= LEAST else -1.0


def _is_known(reading: Reading) -> str:
    return f"as_uprn(cell) in (select uprn from read_parquet({literal(str(reading.known.gazetteer))}))"


def _swapped_uprn(reading: Reading, makes: str) -> Question | None:
    """By the gazetteer; before it is imported, by the length of the numbers of a register."""
    if not reading.has("UPRN") or not (reading.known.gazetteer or makes == "register"):
        return None
    holds = _is_known(reading) if reading.known.gazetteer else f"regexp_full_match(clean(cell), {literal(LONG)})"
    own = next(name for name in reading.columns if plain(name) == "uprn")
    if not -1.0 < _share(reading, own, holds) < 1 - LEAST_KNOWN:
        return None
    others = _shares(reading, holds, [own])
    name = max(others, key=lambda name: others[name], default="")
    return _swap(reading, own, name, "UPRNs") if name and others[name] > LEAST_KNOWN else None


def _swapped_postcodes(reading: Reading) -> Iterator[Question]:
    holds = "as_postcode(cell) is not null"
    named = [name for name in reading.columns if POSTCODES.search(plain(name))]
    doubtful = [name for name in named if -1.0 < _share(reading, name, holds) < 1 - LEAST_KNOWN]
    if not doubtful:
        return
    others = {name: share for name, share in _shares(reading, holds, named).items() if share > LEAST_KNOWN}
    if others:
        yield _swap(reading, doubtful[0], max(others, key=lambda other: others[other]), "postcodes")


def _shares(reading: Reading, holds: str, but: list[str]) -> dict[str, float]:
    """Of all columns but these, which only a doubt about one of them asks for: a register has twenty and more."""
    _look_at(reading, reading.columns)
    return {name: _share(reading, name, holds) for name in reading.columns if name not in but}


def _swap(reading: Reading, named: str, holding: str, what: str) -> Question:
    return Question(
        f"swapped-{what.casefold()}",
        f"{reading.file}: the columns {named} and {holding} look swapped. Most cells of {holding} are {what}, and most "
        f"of {named} are none. The likely cause is the export, or a spreadsheet in which a header was moved.",
        ask=f"Is the column {named} right all the same?",
    )


def _unknown_uprns(reading: Reading) -> Question | None:
    if reading.known.gazetteer is None:
        return _rounded(reading)
    known = f"uprn in (select uprn from read_parquet({literal(str(reading.known.gazetteer))}))"
    read = f"select as_uprn({reading.column('UPRN')}) as uprn from looked_at"
    query = f"select count(uprn), count(*) filter ({known}) from ({read})"
    given, found = reading.con.execute(query).fetchone() or (0, 0)
    if given < LEAST or found >= LEAST_KNOWN * given:
        return None
    told = f"only {found:,} of {given:,} UPRNs are" if found else f"none of the {given:,} UPRNs is"
    return _asked(f"{reading.file}: {told} known to the gazetteer. {_cause(reading)}")


def _rounded(reading: Reading) -> Question | None:
    """Before there is a gazetteer, only that they end in noughts tells."""
    return _asked(f"{reading.file}: {_cause(reading)}") if _ends_in_zeros(reading) else None


def _asked(sentence: str) -> Question:
    return Question(
        "unknown-uprns", sentence, ask="Shall the file come in with these UPRNs?",
        yes="Yes, tie its rows to homes by their addresses where the UPRN does not help",
    )  # fmt: skip


def _cause(reading: Reading) -> str:
    if _ends_in_zeros(reading):
        return (
            "Nearly all UPRNs end in noughts: the likely cause is a spreadsheet that rounded them. Export the file "
            "again, and do not open it in a spreadsheet, or format the column as text before."
        )
    return (
        "The likely cause is that the file is of another area, that the column holds numbers of another kind, or that "
        "the gazetteer here is of another area or too old."
    )


def _ends_in_zeros(reading: Reading) -> bool:
    """One number in ten ends in a nought by itself."""
    own = next(name for name in reading.columns if plain(name) == "uprn")
    return _share(reading, own, "as_uprn(cell) % 10 = 0 or lost_digits(cell)") > ENDS_IN_ZEROS


def counts(reading: Reading, makes: str) -> dict[str, float]:
    """How many electors are strangers, where a gazetteer can tell."""
    return {"strangers": _strangers(reading)[1]} if makes == "register" and reading.known.gazetteer else {}


def _strangers(reading: Reading) -> tuple[int, int]:
    """All electors, and those of them whose postcode lies in another area and who are at no property of this one."""
    known = reading.known
    gazetteer, register = literal(str(known.gazetteer)), literal(str(reading.output))
    here = HERE.format(gazetteer=gazetteer, postcodes=literal(str(known.postcodes or known.gazetteer)))
    query = STRANGERS.format(here=here, gazetteer=gazetteer, register=register)
    return reading.con.execute(query).fetchone() or (0, 0)


def _of_strangers(reading: Reading) -> Iterator[Question]:
    electors, strangers = _strangers(reading) if reading.known.gazetteer else (0, 0)
    if strangers > MOST_STRANGERS * electors:
        yield Question(
            "strangers",
            f"{reading.file}: {strangers:,} of {electors:,} electors ({strangers / electors:.0%}) have a postcode that "
            "lies in another area, and no home here. The likely cause is that the register also holds electors of "
            "another council. They would be counted apart and in no ward.",
            ask="Does the register rightly hold electors of another area?",
        )
