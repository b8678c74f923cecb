"""The tables of an evidence pack as files of comma-separated values, in one archive."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from dashboards.evidence.duties import DUTIES, STANDARDS
from dashboards.evidence.pack import Pack
from engage.foundation.files import cells

LONG_AGO = (1980, 1, 1, 0, 0, 0)  # so that the same figures are the same file
Table = tuple[str, tuple[str, ...], Iterable[Iterable[object]]]


def archive(pack: Pack, document: str) -> bytes:
    """With the document itself, so that the figures do not go about without their words."""
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as made:
        made.writestr(ZipInfo("evidence.html", LONG_AGO), document)
        for name, columns, rows in tables(pack):
            made.writestr(ZipInfo(f"{name}.csv", LONG_AGO), cells.written(columns, rows, ends="\r\n"))
    return out.getvalue()


def tables(pack: Pack) -> Iterator[Table]:
    yield "inputs", ("data", "as_at", "imported", "rows"), (
        (title, as_at, f"{at:%Y-%m-%d}", rows) for title, as_at, at, rows in pack.inputs
    )  # fmt: skip
    yield "duties", ("law", "duty", "what_engage_did", "what_it_did_not"), (
        (duty.law, duty.what, duty.here, duty.elsewhere) for duty in (*DUTIES, *STANDARDS)
    )  # fmt: skip
    yield "wards_and_groups", ("campaign", "ward", "group", "homes", "reminded"), (
        (part.campaign.id, place.ward, place.group, place.homes, place.reminded)
        for part in pack.parts for place in part.places
    )  # fmt: skip
    yield "messages", ("campaign", "channel", "left", "failed"), (
        (part.campaign.id, *line) for part in pack.parts for line in part.sent
    )  # fmt: skip
    yield "left_out", ("campaign", "when", "why", "count"), (
        (part.campaign.id, when, *line)
        for part in pack.parts
        for when, lines in (("homes, when chosen", part.left_out), ("messages, before they left", part.kept_back))
        for line in lines
    )  # fmt: skip
    yield "decisions", ("campaign", "at", "what", "by", "version", "why"), (
        (part.campaign.id, each.at.isoformat(timespec="seconds"), each.what, each.by, each.version or "", each.why)
        for part in pack.parts for each in part.events
    )  # fmt: skip
