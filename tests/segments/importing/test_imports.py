import csv
import fcntl
import gzip
import io
import json
import logging
import zipfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from engage.foundation import audit, lake
from engage.foundation.errors import EngageError, InputRefused, NotFound
from engage.foundation.identity import Authority
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from segments.files.reading import Reading
from segments.files.report import ImportReport
from segments.importing import imports, recognition
from segments.importing.imports import import_file
from segments.sources.format import Format
from tests.examples import examples
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)
SOME = papers.register(papers.elector(1), papers.elector(2), papers.elector(3, ElectorSurname="O'Neill"))


def files(office: Office) -> list[Path]:
    return [path for path in office.lake.root.rglob("*") if path.is_file()] if office.lake.root.exists() else []


def nothing_changed(office: Office) -> bool:
    with office.database.session() as session:
        return (
            not files(office)
            and not session.exec(select(Snapshot)).all()
            and not session.exec(select(audit.AuditEntry)).all()
        )


def take(
    office: Office, actor: Actor, path: Path, kind: str = "register", as_at: date = TODAY, **more: bool
) -> ImportReport:
    return import_file(office, actor, kind, path, as_at, **more)


def test_an_import_is_a_snapshot_an_audit_entry_and_a_report(office: Office, actor: Actor, tmp_path: Path) -> None:
    said: list[str] = []
    report = import_file(office, actor, "register", papers.write(tmp_path, "r.csv", SOME), TODAY, progress=said.append)
    assert (report.rows_read, report.accepted, report.rejected) == (3, 3, {})
    assert (report.kind, report.format, report.file, report.outcome) == (
        "register",
        "Elector8 full register",
        "r.csv",
        "good",
    )
    assert json.loads(json.dumps(report.as_dict()))["as_at"] == "2026-06-01"
    assert said[0] == "Reading the file"
    assert said[-1] == "Saving"
    with office.database.session() as session:
        snapshot = lake.current(session, actor.authority, "register")
        assert snapshot is not None
        assert (snapshot.id, snapshot.rows, snapshot.source) == (report.snapshot_id, 3, report.blake3)
        entry = session.exec(select(audit.AuditEntry)).one()
        assert (entry.act, entry.subject, entry.actor, entry.detail["rows_read"]) == (
            "import",
            "register",
            "officer 1",
            3,
        )
        assert audit.verify(session, actor.authority).intact
    assert len(files(office)) == 1


def test_the_same_file_again_changes_nothing(office: Office, actor: Actor, tmp_path: Path) -> None:
    first = take(office, actor, papers.write(tmp_path, "r.csv", SOME))
    again = take(office, actor, papers.write(tmp_path, "other-name.csv.gz", gzip.compress(SOME.encode())))
    assert again.unchanged
    assert not first.unchanged
    assert again.snapshot_id == first.snapshot_id
    assert again.accepted == 3
    with office.database.session() as session:
        assert len(session.exec(select(Snapshot)).all()) == 1
        assert len(session.exec(select(audit.AuditEntry)).all()) == 1


def test_the_same_file_of_another_day_or_after_another_is_news(office: Office, actor: Actor, tmp_path: Path) -> None:
    path = papers.write(tmp_path, "r.csv", SOME)
    first = take(office, actor, path)
    assert not take(office, actor, path, as_at=date(2026, 5, 1)).unchanged
    take(office, actor, papers.write(tmp_path, "s.csv", papers.register(papers.elector(9))), accept_shrink=True)
    back = take(office, actor, path)
    assert not back.unchanged
    assert back.snapshot_id != first.snapshot_id


def test_a_dry_run_reports_and_leaves_nothing(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = take(office, actor, papers.write(tmp_path, "r.csv", SOME), dry_run=True)
    assert (report.accepted, report.snapshot_id) == (3, None)
    assert nothing_changed(office)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "r.csv is empty"),
        (b"%PDF-1.7 nothing", "r.csv is a PDF document"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "old Excel"),
        (b"\x1f\x8bbroken", "damaged or cut off"),
        (gzip.compress(SOME.encode() * 50)[:-20], "damaged or cut off"),
        (b"PK\x03\x04broken", "damaged zip"),
        (SOME.encode()[:-40] + b"\0" + SOME.encode()[-40:], "zero byte"),
        ("ElectorName,Stadt\r\nKüche,Köln\r\n".encode() + b"caf\xff\xfe\r\n", "cannot be read as utf-8"),
        (b"PDCode,Name\r\nA,caf\x81\r\n", "cannot be read as windows-1252"),
        (b"PDCode,Name\r\n" + b"x" * 400_000, "longer than any row"),
        (b"foo,bar,baz\n1,2,3\n", "Its header is: foo, bar, baz. Expected: Elector8 full register with PDCode"),
        (b"Robin Tester,07700900123,robin@example.org\n", "It has no header row"),
        (b"\n\n\n", "It has no header row"),
        ((",".join(papers.ELECTOR8) + "\r\n").encode(), "not one row can be used"),
        (b"PDCode,RollNo,Party,1-5,DNK\nA,1,x,2,3\n", "a party's or a canvasser's copy"),
        (b"PDCode,Surname,VotingIntention\nA,x,y\n", "a party's or a canvasser's copy"),
        (b"PDCode,Surname,2022 Voted\nA,x,y\n", "a party's or a canvasser's copy"),
        (b"ElectorID,Surname,QualifyingAddress1,CorrespondenceAddress1\n1,x,y,z\n", "the secure record of anonymous"),
        (b"Elector,Anonymous entry expiry\n1,2027-01-01\n", "the secure record of anonymous"),
        (b"uprn,ethnic_group\n1,x\n", "never for one home"),
        (b"UPRN,Religion,value\n1,x,2\n", "never for one home"),
    ],
)  # fmt: skip
def test_what_is_no_register_is_refused(
    office: Office, actor: Actor, tmp_path: Path, content: bytes, sentence: str
) -> None:
    with pytest.raises(InputRefused, match=r"^r\.csv") as refusal:
        take(office, actor, papers.write(tmp_path, "r.csv", content))
    assert sentence in str(refusal.value)
    assert "Tester" not in str(refusal.value)
    assert nothing_changed(office)


@pytest.mark.parametrize(
    "column", ["Party", "voting_intention", "1-5", "DNK", "Canvass Result", "Labour", "Pledge", "Vote History"]
)
def test_a_party_copy_of_a_register_is_refused(office: Office, actor: Actor, tmp_path: Path, column: str) -> None:
    text = papers.table([*papers.ELECTOR8, column], [[*papers.elector(1), "x"]])
    with pytest.raises(InputRefused, match="a party's or a canvasser's copy"):
        take(office, actor, papers.write(tmp_path, "r.csv", text))
    assert nothing_changed(office)


def test_words_of_parties_in_addresses_are_nobodys_vote(office: Office, actor: Actor, tmp_path: Path) -> None:
    row = papers.elector(1, RegisteredAddress1="Flat Over, Conservative Club", ElectorSurname="Party")
    assert take(office, actor, papers.write(tmp_path, "r.csv", papers.register(row))).accepted == 1


def test_a_register_mostly_of_named_anonymous_electors_is_the_secure_record(
    office: Office, actor: Actor, tmp_path: Path
) -> None:
    secret = [papers.elector(n, FranchiseMarker="N") for n in (1, 2, 3)]
    with pytest.raises(InputRefused, match="secure record"):
        take(office, actor, papers.write(tmp_path, "r.csv", papers.register(*secret, papers.elector(4))))
    assert nothing_changed(office)


@pytest.mark.parametrize(
    ("name", "text", "asked", "right"),
    [
        ("r.csv", SOME, "gazetteer", "register"),
        (
            "g.csv",
            papers.gazetteer(*papers.street(1, "MILL LANE"), papers.blpu(7), papers.lpi(7, pn=1)),
            "register",
            "gazetteer",
        ),
        ("o.csv", papers.geography((7, *papers.HERE)), "boundaries", "geography"),
        ("w.geojson", papers.wards("Anglesey"), "population", "boundaries"),
    ],
)
def test_a_wrong_kind_is_told_the_right_one(
    office: Office, actor: Actor, tmp_path: Path, name: str, text: str, asked: str, right: str
) -> None:
    with pytest.raises(InputRefused, match=f"Import it as kind '{right}'"):
        take(office, actor, papers.write(tmp_path, name, text), kind=asked)
    assert nothing_changed(office)


def test_requests_that_cannot_be(office: Office, actor: Actor, tmp_path: Path) -> None:
    path = papers.write(tmp_path, "r.csv", SOME)
    with pytest.raises(InputRefused, match="2026-06-02 is in the future"):
        take(office, actor, path, as_at=date(2026, 6, 2))
    with pytest.raises(InputRefused, match="no kind 'registers'"):
        take(office, actor, path, kind="registers")
    with pytest.raises(NotFound, match="no authority 'E06000001'"):
        take(office, Actor("E06000001", "officer 2"), path)
    with pytest.raises(InputRefused, match=r"There is no file gone\.csv"):
        take(office, actor, tmp_path / "gone.csv")
    assert nothing_changed(office)


def packed(text: str) -> dict[str, bytes]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("inside.csv", text)
    semicolons = "\r\n".join(";".join(row) for row in csv.reader(io.StringIO(text))) + "\r\n"
    return {
        "utf-8": text.encode(), "bom": text.encode("utf-8-sig"), "utf-16-le": text.encode("utf-16-le"),
        "utf-16": text.encode("utf-16"), "windows-1252": text.encode("windows-1252"), "zip": archive.getvalue(),
        "gzip": gzip.compress(text.encode()), "tabs": text.replace(",", "\t").encode(), "semicolons": semicolons.encode(),
        "unix": text.replace("\r\n", "\n").encode(), "no last line end": text.rstrip().encode(),
        "blank lines": text.replace("\r\n", "\r\n\r\n").encode(), "mixed ends": text.replace("\r\n", "\n", 1).encode(),
    }  # fmt: skip


@pytest.mark.parametrize("how", packed("a"))
def test_however_a_file_is_written_its_rows_are_the_same(
    office: Office, actor: Actor, tmp_path: Path, how: str
) -> None:
    text = papers.register(papers.elector(1, ElectorSurname="Müller", ElectorID=""), papers.elector(2, Ward="Crown"))
    report = take(office, actor, papers.write(tmp_path, "register.csv", packed(text)[how]))
    assert (report.rows_read, report.accepted) == (2, 2)
    known = office.keys.person(name="Robin Müller", uprn=100_031_000_001)
    assert [row[0] for row in papers.rows(office, report.snapshot_id, "person", "line")] == [
        known,
        office.keys.person(elector_id="1000002"),
    ]
    assert papers.rows(office, report.snapshot_id, "ward_name", "line") == [("Anglesey",), ("Crown",)]


def test_lines_are_the_files_own(office: Office, actor: Actor, tmp_path: Path) -> None:
    rows = [papers.elector(1), papers.elector(2, RegisteredAddress1="1 Mill\nLane"), papers.elector(3), papers.ELECTOR8]
    text = papers.register(*rows, papers.elector(4)[:-3], papers.elector(5), [*papers.elector(6), "more"])  # type: ignore[arg-type]
    slip = papers.elector(7)
    text += (
        ",".join(map(str, slip)).replace("Robin", '"Robin') + "\r\n" + ",".join(map(str, papers.elector(8))) + "\r\n"
    )
    report = take(office, actor, papers.write(tmp_path, "r.csv", text))
    assert papers.rows(office, report.snapshot_id, "line, address", "line") == [
        (2, "1 Mill Lane, Burton upon Trent"), (3, "1 Mill Lane, Burton upon Trent"), (5, "1 Mill Lane, Burton upon Trent"),
        (8, "1 Mill Lane, Burton upon Trent"), (11, "1 Mill Lane, Burton upon Trent"),
    ]  # fmt: skip
    assert report.rejected == {
        "a quotation mark is not closed": 1, "the header again": 1, "too few columns": 1, "too many columns": 1,
    }  # fmt: skip
    with (office.lake.root / report.rejects_file).open(encoding="utf-8-sig", newline="") as file:
        listed = list(csv.DictReader(file))
    assert [(row["line"], row["reason"]) for row in listed] == [
        ("6", "the header again"), ("7", "too few columns"), ("9", "too many columns"), ("10", "a quotation mark is not closed"),
    ]  # fmt: skip
    assert report.rows_read == 9 == report.accepted + sum(report.rejected.values())


@pytest.mark.parametrize("end", ["AN1,4,Mr,Tester4,Ro", 'AN1,4,Mr,"Tester4'])
def test_a_file_cut_off_is_refused(office: Office, actor: Actor, tmp_path: Path, end: str) -> None:
    with pytest.raises(InputRefused, match="line 5: the file ends in the middle of a row") as refusal:
        take(office, actor, papers.write(tmp_path, "r.csv", SOME + end))
    assert "Tester" not in str(refusal.value)
    assert nothing_changed(office)


def test_rejects_hold_no_formula_and_no_person(office: Office, actor: Actor, tmp_path: Path) -> None:
    text = papers.geography((7, *papers.HERE), (8, "=1+2+3", *papers.HERE[1:]), ("zz", *papers.HERE))
    report = take(office, actor, papers.write(tmp_path, "o.csv", text), kind="geography")
    lines = (office.lake.root / report.rejects_file).read_text("utf-8-sig").splitlines()
    row = "E01029406,E02006131,E01000009,1a1"
    assert lines == [
        "line,column,reason,value,UPRN,PCDS,OA21CD,LAD25CD,WD25CD,LSOA21CD,MSOA21CD,LSOA11CD,OAC21IND",
        f"3,OA21CD,no oa code,'=1+2+3,8,DE14 1AA,'=1+2+3,E07000193,E05014473,{row}",
        f"4,UPRN,UPRN is not a whole number of up to 12 digits,,zz,DE14 1AA,E00149825,E07000193,E05014473,{row}",
    ]


def test_anonymous_entries_leave_no_trace(
    office: Office, actor: Actor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = ["88776651", "88776652", "88776653", "Hidden1", "Hidden2"]
    hidden = [
        papers.anonymous(secrets[0]),
        [{"RollNo": secrets[1], "ElectorSurname": "N"}.get(name, "") for name in papers.ELECTOR8],
        papers.elector(3, ElectorSurname=secrets[3], FranchiseMarker="n", RegisteredAddress1="9 Hidden1 Street"),
        papers.elector(
            4, ElectorSurname="", ElectorForename="", RollNo=secrets[2], RegisteredAddress1="8 Hidden2 Street"
        ),
    ]
    text = papers.register(
        papers.elector(1), *hidden, papers.elector(9), papers.elector(10), papers.elector(11), papers.elector(12)
    )
    with caplog.at_level(logging.DEBUG):
        report = take(office, actor, papers.write(tmp_path, "r.csv", text))
    assert report.rejected == {"special entry, not imported": 4}
    assert report.accepted == 5
    assert report.rejects_file == ""
    everything = papers.lake_bytes(office) + caplog.text.encode() + json.dumps(report.as_dict()).encode()
    assert not [secret for secret in secrets if secret.encode() in everything]
    assert office.keys.person(elector_id="1000003").encode() not in everything
    assert b"Tester" not in everything  # names of ordinary electors go too
    assert not list((office.lake.root / "staging").iterdir())


def test_nothing_changes_when_the_end_fails(
    office: Office, actor: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(imports.audit, "record", fail)
    rows = [papers.elector(1), papers.elector(2, FranchiseMarker="F")]
    with pytest.raises(OSError, match="disk is full"):
        take(office, actor, papers.write(tmp_path, "r.csv", papers.register(*rows)))
    assert nothing_changed(office)


def test_what_the_engine_says_of_a_row_is_not_shown(
    office: Office, actor: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = next(form for form in imports.FORMATS if form.kind == "register")

    def stumble(reading: Reading, _: int) -> None:
        reading.con.execute("select 'Tester1, 1 Mill Lane'::int")

    monkeypatch.setattr(recognition, "FORMATS", [Format(form.kind, form.name, form.columns, stumble, form.locate)])  # type: ignore[arg-type]
    with pytest.raises(
        InputRefused, match=r"could not be read as Elector8 full register \(ConversionException\)"
    ) as refusal:
        take(office, actor, papers.write(tmp_path, "r.csv", SOME))
    assert refusal.value.__cause__ is None
    assert nothing_changed(office)


def test_what_a_killed_import_left_is_removed_by_the_next(office: Office, actor: Actor, tmp_path: Path) -> None:
    abandoned, busy = office.lake.stage(suffix=""), office.lake.stage(suffix="")
    for folder in (abandoned, busy):
        folder.mkdir()
        (folder / "text").write_text("Robin Tester")
    (abandoned / "lock").touch()
    with (busy / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        take(office, actor, papers.write(tmp_path, "r.csv", SOME))
        assert not abandoned.exists()
        assert (busy / "text").exists()


def test_undo_brings_the_previous_back(office: Office, actor: Actor, tmp_path: Path) -> None:
    first = take(office, actor, papers.write(tmp_path, "r.csv", SOME))
    second = take(
        office, actor, papers.write(tmp_path, "s.csv", papers.register(papers.elector(9))), accept_shrink=True
    )
    assert second.snapshot_id is not None
    imports.undo(office, actor, second.snapshot_id)
    with office.database.session() as session:
        current = lake.current(session, actor.authority, "register")
        assert current is not None
        assert current.id == first.snapshot_id
        acts = [entry.act for entry in session.exec(select(audit.AuditEntry).order_by("number"))]
        session.add(Authority(code="E06000001", name="Elsewhere"))
    assert acts == ["import", "import", "undo import"]
    assert [snapshot.id for snapshot in imports.history(office, actor.authority)] == [
        second.snapshot_id,
        first.snapshot_id,
    ]
    with pytest.raises(InputRefused, match="has been undone already"):
        imports.undo(office, actor, second.snapshot_id)
    with pytest.raises(NotFound):
        imports.undo(office, Actor("E06000001", "officer 2"), first.snapshot_id or 0)
    assert not take(office, actor, tmp_path / "s.csv", accept_shrink=True).unchanged


def test_undo_says_what_counts_now(office: Office, actor: Actor, tmp_path: Path) -> None:
    def bring(name: str, day: int) -> int:
        text = papers.register(*(papers.elector(n) for n in range(day, day + 3)))
        return take(office, actor, papers.write(tmp_path, name, text), as_at=date(2026, 5, day)).snapshot_id or 0

    first, second, third = bring("a.csv", 1), bring("b.csv", 2), bring("c.csv", 3)
    with office.database.session() as session:
        kept = session.get(Snapshot, third)
        assert kept is not None
    assert (imports.current_without(office, kept) or kept).id == second
    assert imports.undo(office, actor, first).sentence == "Import 1 was undone. Import 3, as at 2026-05-03, counts now."
    assert imports.undo(office, actor, third).sentence == "Import 3 was undone. Import 2, as at 2026-05-02, counts now."
    last = imports.undo(office, actor, second)
    assert last.current is None
    assert last.sentence == "Import 2 was undone. There is now no register here."


def test_what_changes_were_applied_to_is_undone_after_them(office: Office, actor: Actor, tmp_path: Path) -> None:
    first = take(office, actor, papers.write(tmp_path, "r.csv", SOME), as_at=date(2026, 5, 1))
    text = papers.table([*papers.ELECTOR8, "ChangeTypeID"], [[*papers.elector(9), "N"]])
    update = take(office, actor, papers.write(tmp_path, "u.csv", text), kind="register-update")
    assert update.applied_to == first.snapshot_id
    with pytest.raises(InputRefused, match=r"Import 2 applied its changes to import 1 .* Undo import 2 first\."):
        imports.undo(office, actor, first.snapshot_id or 0)
    undone = imports.undo(office, actor, update.snapshot_id or 0)
    assert undone.current is not None
    assert undone.current.id == first.snapshot_id
    assert imports.undo(office, actor, first.snapshot_id or 0).current is None


def test_changes_of_a_gazetteer_know_what_they_were_applied_to(office: Office, actor: Actor, tmp_path: Path) -> None:
    base = [*papers.street(1, "MILL LANE"), papers.blpu(7), papers.lpi(7, pn=1), papers.blpu(8), papers.lpi(8, pn=2)]
    first = take(office, actor, papers.write(tmp_path, "g.csv", papers.gazetteer(*base)), kind="gazetteer")
    assert first.applied_to is None
    text = papers.gazetteer(papers.blpu(9), papers.lpi(9, pn=3), file_type="C")
    text = text.replace("2026-06-01,1,2026-06-01", "2026-06-02,2,2026-06-02", 1)
    changed = take(office, actor, papers.write(tmp_path, "c.csv", text), kind="gazetteer", dry_run=True)
    assert changed.applied_to == first.snapshot_id
    assert [row["uprn"] for row in changed.preview] == ["9"]
    counted = {count.name: count.value for count in changed.counts}
    assert (counted["new_uprns"], counted["uprns_gone"]) == (1, 0)


def test_a_file_known_as_one_kind_is_not_taken_for_another(office: Office, actor: Actor, tmp_path: Path) -> None:
    path = papers.write(tmp_path, "r.csv", SOME)
    take(office, actor, path)
    with pytest.raises(InputRefused, match="Import it as kind 'register'"):
        take(office, actor, path, kind="register-update")


DAMAGES = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from(["byte", "cut", "drop", "double", "end"]), st.binary(min_size=1, max_size=3)),
    min_size=1, max_size=4,
)  # fmt: skip
CONTACTS = papers.table(
    ["uprn", "source", "lawful_basis", "agreement_reference", "collected_on", "email", "mobile"],
    [
        [
            n,
            "Garden waste",
            "UK GDPR Art 6(1)(e)",
            "DSA-1",
            "2026-01-01",
            f"robin.tester{n}@example.org",
            "07700 900123",
        ]
        for n in range(1, 9)
    ],
)
WHOLE = {
    "register": papers.register(*(papers.elector(n) for n in range(1, 9)), papers.anonymous("88776655")),
    "gazetteer": papers.gazetteer(*papers.street(1, "MILL LANE"), *(row for n in (5, 6, 7) for row in (papers.blpu(n), papers.lpi(n, pn=n)))),
    "geography": papers.geography(*((n, *papers.HERE) for n in range(1, 9))),
    "contacts": CONTACTS,
    "boundaries": papers.wards("Anglesey", "Crown", "Dove"),
    "indicator": papers.table(
        ["date", "geography", "geography code", "Tenure of household: Total: All households", "Tenure of household: Owned"],
        [[2021, f"E0014982{n}", f"E0014982{n}", 100, n] for n in range(1, 9)],
    ),
}  # fmt: skip


def damaged(text: str, damages: list[tuple[float, str, bytes]]) -> bytes:
    raw = text.encode()
    for where, how, new in damages:
        at = int(where * len(raw))
        line = raw.find(b"\n", at) + 1 or len(raw)
        changed = {
            "byte": raw[:at] + new + raw[at + len(new) :], "cut": raw[:at], "drop": raw[:at] + raw[line:],
            "double": raw[:line] + raw[at:], "end": raw[:at] + b"\n" + raw[at:],
        }  # fmt: skip
        raw = changed[how]
    return raw


@pytest.mark.parametrize("kind", WHOLE)
@settings(
    max_examples=examples(20),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(damages=DAMAGES)
def test_whatever_is_damaged_rows_read_are_accepted_or_rejected(
    office: Office, actor: Actor, tmp_path: Path, kind: str, damages: list[tuple[float, str, bytes]]
) -> None:
    content = damaged(WHOLE[kind], damages)
    path = papers.write(tmp_path, "damaged.csv", content)
    try:
        report = take(office, actor, path, kind=kind, dry_run=True)
    except EngageError as refusal:
        told = str(refusal)
        assert told.startswith("damaged.csv")
    else:
        told = json.dumps(report.as_dict())
        assert report.rows_read == report.accepted + sum(report.rejected.values())
        assert report.accepted >= 1
        assert report.rows_read <= content.count(b"\n") + 1
    assert "Tester1" not in told.replace("could not", "")
    assert "@example.org" not in told
    assert "88776655" not in told
    assert not list((office.lake.root / "staging").iterdir())
