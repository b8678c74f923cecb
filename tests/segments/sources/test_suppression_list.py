"""A row of a list of objections is read as far as it can be; what cannot be read waits for somebody."""

from pathlib import Path

import pytest

from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.files.report import AnswerNeeded
from segments.importing import imports
from segments.importing.imports import import_file
from tests.segments.sources import papers
from tests.segments.sources.test_contact_list import contact, standing
from tests.segments.sources.test_lists import TODAY

HEADER = ["type", "value", "reason", "added_on"]


def listed(folder: Path, *rows: tuple[object, ...]) -> Path:
    return papers.write(folder, "s.csv", papers.table(HEADER, [[*row, "objection", "2026-05-01"] for row in rows]))


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("1.00031E+11", "a spreadsheet wrote long numbers in scientific notation"), ("1E+11", "scientific notation"),
        ("10003l074821", "a letter stands in place of a digit"), ("1000310748211000310748", "two numbers stand in one cell"),
        ("1 Mill Lane, Burton", "an address or a remark stands where the number belongs"), ("x7", ""),
    ],
)  # fmt: skip
def test_a_home_that_cannot_be_told_waits_with_the_likely_cause(
    office: Office, actor: Actor, tmp_path: Path, value: str, cause: str
) -> None:
    path = listed(tmp_path, ("uprn", 7), ("uprn", value))
    with pytest.raises(AnswerNeeded) as asked:
        import_file(office, actor, "suppressions", path, TODAY)
    [question] = asked.value.report.questions
    assert "s.csv: 1 row of 2 cannot be read, on line 3." in question.sentence
    assert cause in question.sentence
    assert value not in question.sentence.replace("1.00031E+11", "").replace("on line", "")
    assert (standing(office, actor), imports.history(office, actor.authority)) == (set(), [])
    import_file(office, actor, "suppressions", path, TODAY, accept_problems=True)
    assert standing(office, actor) == {("household", "", office.keys.uprn(7))}


def test_a_value_is_taken_for_what_it_plainly_is(office: Office, actor: Actor, tmp_path: Path) -> None:
    path = listed(
        tmp_path, ("", "a@example.org"), ("mobile", "b@example.org"), ("E-mail address", "c@example.org"),
        ("email", "07700 900123"), ("Mobile no.", "0447700900124"), ("household", 7), ("contact", "+447700900125"),
    )  # fmt: skip
    report = import_file(office, actor, "suppressions", path, TODAY)
    assert (report.accepted, report.rejected) == (7, {})
    assert standing(office, actor) == {
        *(contact(office, "email", f"{name}@example.org") for name in "abc"),
        *(contact(office, "sms", f"44770090012{end}") for end in "345"), ("household", "", office.keys.uprn(7)),
    }  # fmt: skip


def test_landlines_are_left_out_without_a_question(office: Office, actor: Actor, tmp_path: Path) -> None:
    path = listed(tmp_path, ("uprn", 7), ("phone", "01283 500000"), ("mobile", "+33612345678"))
    report = import_file(office, actor, "suppressions", path, TODAY)
    assert (report.accepted, report.problems, sum(report.left_out.values())) == (1, {}, 2)


def test_a_damaged_line_waits(office: Office, actor: Actor, tmp_path: Path) -> None:
    text = papers.table(HEADER, [["uprn", 7, "objection", ""]]) + "uprn,8,objection,2026-05-01,a,b,c\r\n"
    with pytest.raises(AnswerNeeded, match=r"1 row of 2 cannot be read, on line 3"):
        import_file(office, actor, "suppressions", papers.write(tmp_path, "s.csv", text), TODAY)


@pytest.mark.parametrize("word", ["0", "N", "n/a", "-", "NULL", "Subscribed", "1900-01-01 00:00:00.000"])
def test_an_electoral_system_that_says_no_in_its_own_words(
    office: Office, actor: Actor, tmp_path: Path, word: str
) -> None:
    header = ["UPRN", "ElectorEmail", "UnsubscribeEmail", "EmailBounceBackDate"]
    rows = [[7, "a@example.org", word, word], [8, "b@example.org", "1", ""]]
    path = papers.write(tmp_path, "e.csv", papers.table(header, rows))
    report = import_file(office, actor, "suppressions", path, TODAY)
    assert report.rejected == {"no unsubscription and no bounce": 1}
    assert standing(office, actor) == {contact(office, "email", "b@example.org")}


@pytest.mark.parametrize("odd", ["1.00031E+11", "100031x", "1 Mill Lane, Burton", "", "1000310748211000310748"])
def test_a_protected_address_that_cannot_be_told_waits(office: Office, actor: Actor, tmp_path: Path, odd: str) -> None:
    rows: list[list[object]] = [[7, "2026-01-15", ""], [odd, "2026-01-15", ""], [8, "soon", "x"], [7, "", ""]]
    path = papers.write(tmp_path, "p.csv", papers.table(["uprn", "added_on", "review_on"], rows))
    with pytest.raises(AnswerNeeded, match=r"1 row of 4 cannot be read, on line 3\..*these homes are not protected"):
        import_file(office, actor, "protected", path, TODAY)
    assert imports.history(office, actor.authority) == []
    report = import_file(office, actor, "protected", path, TODAY, accept_problems=True)
    assert {row[0] for row in papers.rows(office, report.snapshot_id)} == {office.keys.uprn(7), office.keys.uprn(8)}


def test_a_list_without_faults_comes_in_without_a_question(office: Office, actor: Actor, tmp_path: Path) -> None:
    rows: list[list[object]] = [["03410003226", "15/01/2026", ""], [" 3410003495.0", "", ""], [3410003226, "", ""]]
    path = papers.write(tmp_path, "p.csv", papers.table(["uprn", "added_on", "review_on"], rows))
    report = import_file(office, actor, "protected", path, TODAY)
    assert (report.accepted, report.questions, report.problems) == (2, [], {})


CASES = {
    "e9c-suppressions-uprn-scientific.csv": "suppressions", "e10-protected-odd.csv": "protected",
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_lists_that_went_wrong(office: Office, actor: Actor, shared: Path, name: str) -> None:
    if not (shared / "cases" / name).exists():
        pytest.skip(f"needs cases/{name} in the folder beside the project")
    with pytest.raises(AnswerNeeded, match=r"cannot be read.*scientific notation"):
        import_file(office, actor, CASES[name], shared / "cases" / name, TODAY)


@pytest.mark.parametrize("kind", ["suppressions", "contacts"])
def test_a_delivery_report_is_told_what_it_is(office: Office, actor: Actor, tmp_path: Path, kind: str) -> None:
    header = [
        "Recipient",
        "Reference",
        "Template",
        "Type",
        "Sent by",
        "Sent by email",
        "Job",
        "Status",
        "Time",
        "API key name",
    ]
    row = [
        "a@example.org",
        "",
        "Reminder",
        "email",
        "Olive",
        "o@example.org",
        "list.csv",
        "Delivered",
        "2026-05-20 10:00:00",
        "",
    ]
    for columns in (
        header,
        ["Row number", "Phone number", *header[2:5], *header[6:9]],
        ["Row number", "Email address", *header[2:9]],
    ):
        path = papers.write(tmp_path, "d.csv", papers.table(columns, [row[: len(columns)]]))
        with pytest.raises(InputRefused, match=r"is GOV\.UK Notify's delivery report.*report of unsubscribe requests"):
            import_file(office, actor, kind, path, TODAY)


def test_a_bounce_of_what_is_no_email_address_is_left_out(office: Office, actor: Actor, tmp_path: Path) -> None:
    """Nothing is ever sent there, so nobody is harmed; an objection of the same words waits."""
    rows = [["email", "robin@example", "hard_bounce", "2026-05-01"], ["email", "al@example.org", "hard_bounce", ""]]
    report = import_file(
        office, actor, "suppressions", papers.write(tmp_path, "s.csv", papers.table(HEADER, rows)), TODAY
    )
    assert (report.rows_read, report.accepted, report.questions) == (2, 1, [])
    with pytest.raises(AnswerNeeded):
        import_file(office, actor, "suppressions", listed(tmp_path, ("email", "robin@example"), ("uprn", 7)), TODAY)
