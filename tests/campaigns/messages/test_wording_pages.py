"""The wordings as officers read, copy and take them, by page and by command."""

import io
import json
import zipfile
from pathlib import Path

from click.testing import CliRunner

from campaigns.notify.wordings import wordings
from engage.cli import main
from engage.foundation.identity import Role
from tests.website import Enter


def test_they_are_read_copied_and_downloaded(enter: Enter) -> None:
    officer = enter(Role.officer)
    page = officer.get("/campaigns/wordings").text
    for each in wordings():
        assert f'href="/campaigns/wordings/{each.name}"' in page
    letter = officer.get("/campaigns/wordings/movers.letter.cy").text
    assert "<svg" in letter, "the code as it is printed"
    assert "qr: ((link))" in letter, "the template as it is copied"
    assert "There is no measure of a reading age for Welsh" in letter
    text = officer.get("/campaigns/wordings/reminder.text.en").text
    assert "3 parts to pay for" in text
    assert "where the contact came from" in text
    one = officer.get("/campaigns/wordings/reminder.email.cy/file")
    assert one.headers["content-disposition"] == 'attachment; filename="reminder.email.cy.txt"'
    assert one.text.startswith("Subject: Gwiriwch")
    with zipfile.ZipFile(io.BytesIO(officer.get("/campaigns/wordings/files").content)) as archive:
        assert {name.removesuffix(".txt") for name in archive.namelist()} == {each.name for each in wordings()}
    assert officer.get("/campaigns/wordings/none").status_code == 404
    assert enter(Role.member).get("/campaigns/wordings").status_code == 403


def test_the_commands_copy_and_check_them(tmp_path: Path) -> None:
    run = CliRunner().invoke
    assert run(main, ["wording", "copy", str(tmp_path)]).exit_code == 0
    files = [str(path) for path in sorted(tmp_path.iterdir())]
    assert run(main, ["wording", "check", *files]).output.endswith("32 checked, 0 to answer\n")
    again = run(main, ["wording", "copy", str(tmp_path)])
    assert (again.exit_code, "is there already" in again.output) == (1, True)
    own = tmp_path / "own.text.en.txt"
    own.write_text("You are not registered. Ask the Labour Party.")
    told = run(main, ["wording", "check", str(own), "--json"])
    assert told.exit_code == 1
    assert {row["rule"] for row in json.loads(told.output) if row["holds"]} == {
        "sender", "source", "privacy", "way out", "registration", "party",
    }  # fmt: skip
    own.write_bytes(b"\xff")
    assert "own.text.en.txt: byte 0 is not UTF-8" in run(main, ["wording", "check", str(own)]).output
    assert "Name at least one file" in run(main, ["wording", "check"]).output
