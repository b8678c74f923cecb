"""How a council prepares a file: the formats that are read, how each system writes one, and templates of our own."""

from dataclasses import dataclass

from engage.foundation.errors import NotFound
from segments.importing.datasets import WORDS
from segments.sources.catalogue import FORMATS, KINDS
from segments.sources.declared import EXAMPLE
from segments.sources.format import Format

# What to ask of each system. Menus differ between versions; the columns are what matters.
EXPORTS = {
    "register": (
        ("Elector8 (Democracy Counts)", "Export the full register as CSV, with the columns ElectorID and UPRN."),
        ("Xpress (Civica)", "Export the full register as CSV, tab-separated or XLSX, with the elector ID if it can."),
        ("Eros (Idox, Halarose)", "Export the full register as CSV. Keep its first line, the date it was published."),
        ("Strand", "Export the full register as CSV, with its column names."),
    ),
    "register-update": (
        ("Elector8 (Democracy Counts)", "Export the changes since your last full register, with ChangeTypeID."),
        ("Xpress (Civica)", "Export the monthly update, with all its columns."),
    ),
    "gazetteer": (
        ("Your gazetteer custodian", "A full DTF 7.3 extract of the gazetteer (LLPG), later its changes."),
        ("Ordnance Survey", "AddressBase Premium, Plus or Core for your area, from the OS Data Hub."),
    ),
    "geography": (("ONS Open Geography Portal", "The file of your region; a zip file may hold one file."),),
    "indicator": (
        ("Nomis", "The bulk download of a Census 2021 table: take the file for output areas (oa) or LSOAs."),
        ("Ministry of Housing", "File 7 of the Indices of Deprivation."),
        ("Your own figures", "Use the template: its first lines say what the figure is, of what level and from where."),
    ),
    "population": (("ONS", "Mid-year estimates by single year of age, for output areas, LSOAs or wards."),),
    "boundaries": (("ONS Open Geography Portal", "Ward boundaries as GeoJSON. Generalised ones (BGC) are enough."),),
    "contacts": (
        ("Any system of the council", "Use the template. Every row needs its source, lawful basis and agreement."),
        ("Who opted out", "Keep them in the list and say yes in the column unsubscribed, and no for everybody else."),
    ),
    "suppressions": (
        ("Any earlier list", "Use the template. Type is email, mobile or uprn. A plain list of one kind is read too."),
        ("GOV.UK Notify", "Download the report of unsubscribe requests from its dashboard; it is read as it is."),
        ("Mailchimp and others", "Export the unsubscribed and the cleaned contacts as CSV; they are read as they are."),
        ("Xpress (Civica)", "The list of electors with unsubscribe and bounce columns is read as it is."),
    ),
    "applications": (
        ("Any electoral management system", "A list of those not decided yet, with UPRN or address and the day."),
        ("As often as you can", "Each list takes the place of the last: who is not on it is in progress no more."),
    ),
    "protected": (("The officer who keeps the list", "Use the template. Send it to nobody: import it yourself."),),
}  # fmt: skip
# Kinds whose columns are ours, by the format with the kind's own list.
OWN = ("contacts", "suppressions", "protected", "applications")


@dataclass(frozen=True)
class Kind:
    """One kind of file as people prepare it."""

    kind: str
    title: str
    hint: str
    formats: list[Format]
    exports: tuple[tuple[str, str], ...]
    has_template: bool


def kinds() -> list[Kind]:
    return [
        Kind(kind, *words, [form for form in FORMATS if form.kind == kind], EXPORTS.get(kind, ()), kind in _TEMPLATES)
        for kind, words in WORDS.items() if kind in KINDS
    ]  # fmt: skip


def template(kind: str) -> str:
    """An empty file to fill in, as CSV."""
    if kind not in _TEMPLATES:
        raise NotFound("There is no template of this kind: it comes from the system that keeps it.")
    return _TEMPLATES[kind]


def _header(kind: str) -> str:
    form = next(form for form in FORMATS if form.kind == kind and all(name.isidentifier() for name in form.columns))
    return ",".join(form.columns) + "\r\n"


_TEMPLATES = {kind: _header(kind) for kind in OWN} | {"indicator": EXAMPLE.replace(" | ", "\r\n") + "\r\n"}
