"""Every CSV file that is served has each of its cells made harmless, whatever wards, campaigns and arms are called."""

import csv
import io
from collections import OrderedDict
from zipfile import ZipFile

import pytest
from litestar import Litestar

from dashboards.pages import sections
from engage.foundation.files import cells
from tests.dashboards.conftest import Council, visiting

ONE = {"number": "1"}
# Written when the file came in, as tests/segments/files/test_report.py looks at; and our own words alone.
ELSEWHERE = {"/data/{number}/rejects.csv", "/data/intake/{token}/rejects.csv"}
# Nothing of it is in this council; the tests of their rooms look at them.
LACKING = {
    "/data/gazetteer.csv", "/canvass/{number}/list.csv", "/data/systems/{number}/changes.csv", "/gaps/with-records.csv",
}  # fmt: skip


def test_each_cell_of_each_file(app: Litestar, council: Council, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = {route.path_format for route in app.routes if route.path_format.endswith((".csv", ".zip"))}
    assert len(paths - ELSEWHERE) == 18
    monkeypatch.setattr(cells, "harmless", lambda cell: f"<{cell}>")
    monkeypatch.setattr(sections, "_KEPT", OrderedDict())  # what was made before
    with visiting(app, "administrator@example.com") as client:
        for path in sorted(paths - ELSEWHERE - LACKING):
            answer = client.get(path.format(**ONE))
            assert answer.status_code == 200, path
            for text in [answer.content.decode("utf-8-sig")] if path.endswith(".csv") else _unzipped(answer.content):
                rows = list(csv.reader(io.StringIO(text)))
                assert {cell[:1] + cell[-1:] for row in rows for cell in row} == {"<>"}, path


def _unzipped(content: bytes) -> list[str]:
    with ZipFile(io.BytesIO(content)) as pack:
        return [pack.read(name).decode("utf-8-sig") for name in pack.namelist() if name.endswith(".csv")]
