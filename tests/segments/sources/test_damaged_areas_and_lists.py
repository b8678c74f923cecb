"""Every sample of areas and lists, damaged at random: counted in full or refused in a sentence, never a crash."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.importing.imports import import_file
from tests.conftest import EAST_STAFFORDSHIRE, START
from tests.examples import examples

SAMPLES = Path(__file__).parent / "samples"
FILES = sorted([*(SAMPLES / "areas").iterdir(), *(SAMPLES / "lists").iterdir()])
KINDS = {
    "census": "indicator", "contacts": "contacts", "declared": "indicator", "ems": "suppressions", "imd2019": "indicator",
    "imd2025": "indicator", "lookup": "geography", "mid": "population", "nspl": "geography", "nsul": "geography",
    "oac": "indicator", "oac21ew": "indicator", "onspd": "geography", "protected": "protected",
    "suppressions": "suppressions", "wards": "boundaries",
}  # fmt: skip
ACTOR = Actor(EAST_STAFFORDSHIRE, "officer 1", 1)
JUNK = [b'"', b",", b";", b"\n", b"\r\n", b"\xa3", b"E0", b"-", b"nan", b"\xff", b"1e9", b" ", b"'", b"{", b"]", b""]


def kind_of(path: Path) -> str:
    return KINDS[path.stem.split("-")[0].split("_")[0].removesuffix("2021")]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    office = Office(Settings(home=tmp_path_factory.mktemp("town")), SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=EAST_STAFFORDSHIRE, name="East Staffordshire"))
    import_file(office, ACTOR, "geography", SAMPLES / "areas" / "nsul.csv", date(2026, 5, 1))
    yield office
    office.close()


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, str, bytes]:
    """A sample with up to four pieces cut out, doubled or overwritten: name, kind and bytes."""
    path = draw(st.sampled_from(FILES))
    text = path.read_bytes()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        piece = draw(st.sampled_from(JUNK) | st.just(text[start:end] * 2))
        text = text[:start] + piece + text[end:]
    return path.name, kind_of(path), text


@given(file=damaged())
@settings(max_examples=examples(40))
def test_every_row_is_counted_or_the_file_is_refused(town: Office, file: tuple[str, str, bytes]) -> None:
    name, kind, text = file
    path = town.settings.home / name
    path.write_bytes(text)
    try:
        report = import_file(town, ACTOR, kind, path, date(2026, 6, 1), dry_run=True)
    except InputRefused as refused:
        assert "Error" not in str(refused)  # noqa: PT017 - a refusal is one of two right answers; not a library's, though
        assert "Exception" not in str(refused)  # noqa: PT017
        return
    assert report.rows_read == report.accepted + sum(report.rejected.values())
    assert report.accepted > 0


def test_the_samples_themselves_are_of_the_kinds_named(town: Office) -> None:
    """Else the test above would only look at refusals."""
    refused = []
    for path in FILES:
        try:
            assert import_file(town, ACTOR, kind_of(path), path, date(2026, 6, 1), dry_run=True).accepted > 0
        except InputRefused:
            refused.append(path.name)
    assert refused == ["census2021-ts054-msoa.csv", "contacts_unaccounted.csv", "ems_with_nino.csv"]
