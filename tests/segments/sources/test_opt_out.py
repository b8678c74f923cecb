"""A closed list of words says that somebody opted out, another that they did not; any other word waits for a person."""

from pathlib import Path

import pytest

from engage.foundation.office import Actor, Office
from segments.files.reading import connect
from segments.files.report import AnswerNeeded
from segments.importing.imports import import_file
from segments.safeguards.suppression import suppressed_contacts
from segments.sources import opt_out
from tests.segments.sources import papers
from tests.segments.sources.test_lists import CONTACT, TODAY

SAID = {
    "yes": [
        "Y", "Yes", "YES ", "1", "1.0", "-1", "TRUE", "t", "x", "X", "✓", "☒", "Ticked", "unsubscribed", "Unsubscribed.",
        "Opted out", "opt-out", "OPTED_OUT", "Objected", "Do not contact", "DNC", "Removed", "Ydw", "2026-04-01",
        "01/04/2026", "1.4.26", "2026-04-01 10:00:00", "24 June 2026 at 10:00am", "12-May-2026", "46113",
    ],
    "no": [
        "", "  ", "N", "no", "FALSE", "false ", "0", "0.0", "n/a", "N/A", "#N/A", "None", "null", "NULL", "nil", "-", "–",
        "--", ".", "Subscribed", "subscribed", "not opted out", "Not opted-out", "no opt out", "Opted in", "opt-in",
        "Not unsubscribed", "no objection", "(blank)", "☐", "0000-00-00", "1900-01-01 00:00:00.000", "01/01/1900",
        "Not applicable", "NaN", "Nac ydw",
    ],
    "unclear": [
        "?", "maybe", "Pending", "unknown", "tbc", "rang to complain", "see notes", "Yes (by phone)", "2", "12", "Unsure",
        "no longer", "ok", "not sure if opted out", "07700900123", "name@example.com", "✗",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("said", "cells"), SAID.items(), ids=list(SAID))
def test_what_a_cell_says(tmp_path: Path, said: str, cells: list[str]) -> None:
    with connect(tmp_path) as con:
        con.execute("create table told (unsubscribed varchar)")
        con.executemany("insert into told values (?)", [[cell] for cell in cells])
        rows = con.execute(f"select unsubscribed, {opt_out.answer('unsubscribed')} from told").fetchall()
    assert {cell: found for cell, found in rows if found != said} == {}


@pytest.mark.parametrize(
    ("header", "tells"),
    [
        ("unsubscribed", True), ("Opted out", True), ("opt-out", True), ("OptOut", True), ("opted_out_email", True),
        ("objection_on", True), ("Date of objection", True), ("UnsubscribeEmail", True), ("UNSUB_TIME", True),
        ("Do not contact", True), ("Unsubscribe request received at", True), ("UNSUB_REASON", False), ("subscribed", False),
        ("UNSUB_CAMPAIGN_TITLE", False), ("Objection notes", False), ("OBJECTID", False), ("Opt in", False),
    ],
)  # fmt: skip
def test_columns_of_opt_outs_are_known_by_their_names(header: str, tells: bool) -> None:
    assert opt_out.is_opt_out(header) is tells


def listed(folder: Path, words: list[str], column: str = "unsubscribed", **more: list[str]) -> Path:
    header = [*list(CONTACT)[:6], column, *more]
    rows = [
        [n, "Garden waste", "UK GDPR Art 6(1)(e)", "DSA-1", "2026-01-31", f"o{n}@example.com", word,
         *(cells[n - 1] for cells in more.values())]
        for n, word in enumerate(words, 1)
    ]  # fmt: skip
    return papers.write(folder, "c.csv", papers.table(header, rows))


def silenced(office: Office, actor: Actor) -> set[int]:
    with office.database.session() as session:
        found = suppressed_contacts(session, actor.authority)
    return {n for n in range(1, 30) if office.keys.contact("email", f"o{n}@example.com") in found}


def test_words_of_people_still_subscribed_silence_nobody(office: Office, actor: Actor, tmp_path: Path) -> None:
    words = ["Subscribed", "n/a", "None", "-", "not opted out", "N", "", "Opted out", "Y"]
    report = import_file(office, actor, "contacts", listed(tmp_path, words), TODAY)
    assert (report.accepted, report.figures["objected"]) == (9, 2)
    assert silenced(office, actor) == {8, 9}


def test_other_words_wait_for_somebody(office: Office, actor: Actor, tmp_path: Path) -> None:
    path = listed(tmp_path, ["Aktiv", "Aktiv", "Aktiv", "Robin rang, very upset", "no"])
    with pytest.raises(AnswerNeeded) as asked:
        import_file(office, actor, "contacts", path, TODAY)
    assert silenced(office, actor) == set()
    [question] = asked.value.report.questions
    assert question.kind == "opt-out-words"
    assert "column 'unsubscribed' 4 rows say neither yes nor no ('Aktiv'), on lines 2, 3, 4 and 5" in question.sentence
    assert "Robin" not in question.sentence
    import_file(office, actor, "contacts", path, TODAY, accept_problems=True)
    assert silenced(office, actor) == {1, 2, 3, 4}


def test_each_column_of_opt_outs_is_read(office: Office, actor: Actor, tmp_path: Path) -> None:
    path = listed(
        tmp_path, ["N", "", "N"], "Opted out", opted_out_2=["", "Y", "n"], objection_on=["2026-02-01", "", "n/a"]
    )
    import_file(office, actor, "contacts", path, TODAY)
    assert silenced(office, actor) == {1, 2}
