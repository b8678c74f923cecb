"""What each of the council's systems calls its columns. A file is known by what it has, not by what it is called.

A system that writes differently is one more entry here. What a source tells of is fixed by law and by the record, not
learnt: a blue badge tells health, so it may confirm an elector and is never shown or named; the registrar tells of
deaths; a landlord of a shared house does not live in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engage.foundation.errors import InputRefused
from segments.files.reading import Head
from segments.sources.format import headed_by


@dataclass(frozen=True)
class Layout:
    """`whole` columns hold a name each, `parts` title, given names and surname. `joint` cells may name two."""

    source: str
    title: str
    title_cy: str
    reference: str
    address: tuple[str, ...]
    whole: tuple[str, ...] = ()
    surname_first: bool = False
    joint: bool = False
    parts: tuple[str, str, str] | None = None  # "" where there is no such column
    postcode: str = ""
    uprn: str = ""
    cross_reference: str = ""  # of the property, as the gazetteer refers to it
    birth: str = ""
    began: str = ""  # when what is recorded began, or was last known to hold
    began_is_moving: bool = False  # the day they moved in, not one on which they asked for something
    ended: str = ""
    contact: str = ""  # where they get their post, if elsewhere
    role: str = ""
    absent: tuple[str, frozenset[str]] = ("", frozenset())  # a column, and the words that say: does not live there
    left_out: tuple[str, frozenset[str]] = ("", frozenset())  # the words of rows that are of no home
    confirms_only: bool = False
    of_deaths: bool = False

    @property
    def tells(self) -> bool:
        """Of somebody who lives in a home."""
        return not (self.confirms_only or self.of_deaths)

    @property
    def needed(self) -> tuple[str, ...]:
        names = self.whole[:1] or tuple(part for part in self.parts or () if part)[-2:]
        return (self.reference, *names, self.address[0])


LAYOUTS = (
    Layout(
        "council_tax", "Council tax", "Treth gyngor", "account_ref", tuple(f"address_{n}" for n in range(1, 5)),
        whole=("name_1", "name_2"), surname_first=True, postcode="postcode", uprn="uprn",
        cross_reference="property_ref", began="liable_from", began_is_moving=True, ended="liable_to",
        contact="contact_address",
    ),
    Layout(
        "housing_tenants", "Housing tenants", "Tenantiaid tai", "person_ref", ("address",),
        parts=("title", "forenames", "surname"), postcode="postcode", uprn="uprn", birth="date_of_birth",
        began="tenancy_start", began_is_moving=True, role="role",
    ),
    Layout(
        "school_admissions", "School admissions", "Derbyniadau i ysgolion", "application_ref",
        tuple(f"address_{n}" for n in range(1, 4)), parts=("parent_title", "parent_first_name", "parent_last_name"),
        postcode="postcode", began="applied_on",
    ),
    Layout(
        "garden_waste", "Garden waste", "Gwastraff gardd", "subscription", ("property_address",), whole=("customer",),
        joint=True, began="start_date",
    ),
    Layout(
        "parking_permits", "Parking permits", "Trwyddedau parcio", "permit", ("address",), whole=("holder",),
        postcode="postcode", began="valid_from",
    ),
    Layout(
        "blue_badge", "A record that may only confirm", "Cofnod a all gadarnhau yn unig", "badge_ref",
        tuple(f"address_{n}" for n in range(1, 4)), parts=("", "forename", "surname"), postcode="postcode",
        birth="date_of_birth", confirms_only=True,
    ),
    Layout(
        "licensing", "Licensing", "Trwyddedu", "licence", ("address",), whole=("holder",),
        absent=("type", frozenset({"hmo"})), left_out=("type", frozenset({"premises"})),
    ),
    Layout(
        "registrar_deaths", "Deaths told by the registrar", "Marwolaethau gan y cofrestrydd", "entry",
        ("usual_address",), parts=("", "forenames", "surname"), postcode="postcode", birth="date_of_birth",
        began="date_of_death", of_deaths=True,
    ),
)  # fmt: skip
BY_SOURCE = {layout.source: layout for layout in LAYOUTS}
CONFIRMS_ONLY = frozenset(layout.source for layout in LAYOUTS if layout.confirms_only)
PROPERTIES_ALONE = "ndr"


def named(source: str) -> Layout:
    """InputRefused where there is no such source, and where its list is one of properties."""
    if source == PROPERTIES_ALONE:
        raise InputRefused(
            "Business rates (ndr) are a list of properties, not of people who live somewhere. Link it as one: "
            "engage link FILE --system ndr. Nothing was read."
        )
    if source not in BY_SOURCE:
        raise InputRefused(f"There is no source {source!r}. Use one of: {', '.join(BY_SOURCE)}. Nothing was read.")
    return BY_SOURCE[source]


def of_sources(files: Sequence[Path], sources: Sequence[str]) -> list[tuple[Layout, Path]]:
    """Each file with whose it is; InputRefused where that is not said of each, or of two alike."""
    if len(sources) != len(files) or len(set(sources)) < len(sources):
        raise InputRefused(
            f"Say once for each file whose it is: --source NAME, of {', '.join(BY_SOURCE)}. There are {len(files)} "
            f"files and {len(set(sources))} sources. Nothing was read."
        )
    return [(named(source), path) for source, path in zip(sources, files, strict=True)]


def header_of(layout: Layout, head: Head, file: str) -> int:
    """The row of the header; InputRefused says what the file looks like instead."""
    at = headed_by(*layout.needed)(head)
    if at is not None:
        return at
    others = [other.source for other in LAYOUTS if headed_by(*other.needed)(head) is not None]
    if others:
        raise InputRefused(f"{file} has the columns of {others[0]}, not of {layout.source}. Nothing was kept.")
    raise InputRefused(
        f"{file} is not known as {layout.source}: expected a header with {', '.join(layout.needed)}. Nothing was kept."
    )
