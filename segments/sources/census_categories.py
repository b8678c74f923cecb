"""The categories with which Nomis publishes the Census 2021 tables that are counted with here, and what follows from
the others where a file lacks one or hides its figure.

Sums and parts are of the same people but for the noise that ONS puts into each cell, so a category is its total less
the others, and a total the sum of its categories. Names stand as in `area_measures.label`, without the topic.
"""

from collections.abc import Mapping

from segments.sources.indicators import of_table

NOT_ENGLISH = "main language is not english (english or welsh in wales)"
COUPLE = "single family household: married or civil partnership couple"
COHABITING, LONE = "single family household: cohabiting couple family", "single family household: lone parent family"
OTHER_FAMILY = "single family household: other single family household"
SAME_ADDRESS = "address one year ago is the same as the address of enumeration"
BANDS = ("aged 4 years and under", *(f"aged {n} to {n + 4} years" for n in range(5, 85, 5)), "aged 85 years and over")
SIZES = (
    "0 people in household", "1 person in household", *(f"{n} people in household" for n in range(2, 8)),
    "8 or more people in household",
)  # fmt: skip
TENURES = (
    "owned", "owned: owns outright", "owned: owns with a mortgage or loan", "shared ownership", "social rented",
    "private rented", "lives rent free",
)  # fmt: skip
ETHNIC_GROUPS = {
    "asian, asian british or asian welsh": ("bangladeshi", "chinese", "indian", "pakistani", "other asian"),
    "black, black british, black welsh, caribbean or african": ("african", "caribbean", "other black"),
    "mixed or multiple ethnic groups": (
        "white and asian", "white and black african", "white and black caribbean",
        "other mixed or multiple ethnic groups",
    ),
    "white": (
        "english, welsh, scottish, northern irish or british", "irish", "gypsy or irish traveller", "roma",
        "other white",
    ),
    "other ethnic group": ("arab", "any other ethnic group"),
}  # fmt: skip

# Topic, and categories with the total first. A part stands after its sum and a colon; what has no such sum is a part
# of the total.
PUBLISHED: dict[str, tuple[str, tuple[str, ...]]] = {
    "ts003": ("household composition", (
        "total", "one person household", "one person household: aged 66 years and over", "one person household: other",
        "single family household", "single family household: all aged 66 years and over",
        *(COUPLE, f"{COUPLE}: no children", f"{COUPLE}: dependent children", f"{COUPLE}: all children non-dependent"),
        *(COHABITING, f"{COHABITING}: no children", f"{COHABITING}: with dependent children"),
        *(f"{COHABITING}: all children non-dependent", LONE, f"{LONE}: with dependent children"),
        *(f"{LONE}: all children non-dependent", OTHER_FAMILY, f"{OTHER_FAMILY}: other family composition"),
        "other household types", "other household types: with dependent children",
        "other household types: other, including all full-time students and all aged 66 years and over",
    )),
    "ts007a": ("age", ("total", *BANDS)),
    "ts017": ("household size", ("total: all household spaces", *SIZES)),
    "ts019": ("migrant indicator", (
        "total: all usual residents", SAME_ADDRESS,
        "address one year ago is student term-time or boarding school address in the uk",
        "migrant from within the uk: address one year ago was in the uk",
        "migrant from outside the uk: address one year ago was outside the uk",
    )),
    "ts021": ("ethnic group", (
        "total: all usual residents",
        *(name for broad, parts in ETHNIC_GROUPS.items() for name in (broad, *(f"{broad}: {part}" for part in parts))),
    )),
    "ts029": ("proficiency in english language", (
        "total: all usual residents aged 3 years and over", "main language is english (english or welsh in wales)",
        NOT_ENGLISH, f"{NOT_ENGLISH}: can speak english very well", f"{NOT_ENGLISH}: can speak english well",
        f"{NOT_ENGLISH}: cannot speak english well", f"{NOT_ENGLISH}: cannot speak english",
    )),
    "ts054": ("tenure of household", (
        "total: all households", *TENURES, "shared ownership: shared ownership",
        "social rented: rents from council or local authority", "social rented: other social rented",
        "private rented: private landlord or letting agency", "private rented: other private rented",
    )),
    "ts068": ("schoolchild or full-time student indicator", (
        "total: all usual residents aged 5 years and over", "student", "not a student",
    )),
}  # fmt: skip
# What the estimate of who is missing reads besides what the indicators of the rules are made of.
COUNTED_WITH: dict[str, tuple[str, ...]] = {
    "ts007a": BANDS,
    "ts017": SIZES,
    "ts019": (SAME_ADDRESS,),
    "ts029": (NOT_ENGLISH, f"{NOT_ENGLISH}: cannot speak english well", f"{NOT_ENGLISH}: cannot speak english"),
    "ts054": TENURES,
    "ts068": ("student",),
}
WHOLE = ("ts007a", "ts017")  # a sum of only some of their categories would be a wrong number of people


def total_of(labels: Mapping[str, object]) -> str | None:
    """The label of the total: `age: total`, `tenure of household: total: all households`."""
    return next((label for label in labels if label.partition(": ")[2].split(":")[0] == "total"), None)


def needed(table: str) -> list[str]:
    """The categories that are read of a table, as published, without the topic; the total besides."""
    return list(
        dict.fromkeys([*COUNTED_WITH.get(table, ()), *(part for i in of_table(table).values() for part in i.of)])
    )


def counted_with(table: str) -> list[str]:
    """The labels, with their topic, that the estimate of who is missing reads of a table."""
    if table not in COUNTED_WITH:
        return []
    topic, published = PUBLISHED[table]
    return [f"{topic}: {name}" for name in (published[0], *COUNTED_WITH[table])]


def completed(table: str, numbers: Mapping[str, str]) -> dict[str, str]:
    """SQL of each figure by its label: as the file has it, else as it follows from the others of its row."""
    if table not in PUBLISHED:
        return dict(numbers)
    topic, published = PUBLISHED[table]
    held = {name: numbers.get(f"{topic}: {name}") for name in published}
    if given := total_of(numbers):
        held[published[0]] = numbers[given]
    found = dict(numbers)
    for name in published:
        label = given if given and name == published[0] else f"{topic}: {name}"
        ways = [way for way in (held[name], _sum(name, held), _rest(name, held)) if way]
        if ways:
            found[label] = f"coalesce({', '.join(ways)})" if len(ways) > 1 else ways[0]
    return found


def _parent(name: str, published: tuple[str, ...]) -> str:
    sums = [other for other in published if name.startswith(f"{other}: ")]
    return max(sums, key=len, default=published[0])


def _parts(name: str, held: Mapping[str, str | None]) -> list[str]:
    published = tuple(held)
    return [other for other in published[1:] if other != name and _parent(other, published) == name]


def _sum(name: str, held: Mapping[str, str | None]) -> str | None:
    parts = [held[part] for part in _parts(name, held)]
    return " + ".join(part for part in parts if part) if parts and all(parts) else None


def _rest(name: str, held: Mapping[str, str | None]) -> str | None:
    """A total less all the other categories of it."""
    published = tuple(held)
    if name == published[0]:
        return None
    whole = _parent(name, published)
    others = [held[part] for part in _parts(whole, held) if part != name]
    if held[whole] is None or not all(others):
        return None
    rest = " - ".join([held[whole] or "", *(other for other in others if other)])
    return f"case when {rest} < 0 then 0 else {rest} end"  # `greatest` would make nothing of what is not known


def unknown(table: str, labels: Mapping[str, object]) -> list[str]:
    """Categories of a file that the table is not published with: renamed, or several made one."""
    topic, published = PUBLISHED.get(table, ("", ()))
    known = {f"{topic}: {name}" for name in published} | {total_of(labels)}
    return [label.partition(": ")[2] for label in labels if label not in known]
