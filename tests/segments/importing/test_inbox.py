"""Files that arrive by themselves: taken in once they are whole, once, and never lost, whatever moment a kill comes at."""

import errno
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from engage.foundation.audit import AuditEntry
from engage.foundation.folders import Folder, held
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from segments.files.report import ImportReport
from segments.importing import inbox, intake, steps, uploads
from segments.importing.intake import Intake, IntakeState
from tests.conftest import EAST_STAFFORDSHIRE
from tests.segments.sources import papers

GOOD = papers.register(papers.elector(1), papers.elector(2))
REPEATED = papers.register(papers.elector(1), papers.elector(1))
PRIVATE = ("Tester", "Robin", "Mill Lane", "DE14", "10003100000")


class Killed(BaseException):
    """What ends a process without asking it."""


@pytest.fixture
def drop(office: Office) -> Path:
    """Where registers arrive."""
    folder = inbox.root(office) / EAST_STAFFORDSHIRE / "register"
    folder.mkdir(parents=True)
    return folder


def put(folder: Path, name: str = "register_2026-05-31.csv", text: str = GOOD) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def looked(office: Office, times: int = 2) -> None:
    """What a worker does, without the seconds between."""
    for _ in range(times):
        inbox.look(office, patience=0)
    steps.take_up(office)
    assert office.background.wait(30)


def intakes(office: Office) -> list[Intake]:
    with office.database.session() as session:
        return list(session.exec(select(Intake).order_by(Intake.arrived_at, Intake.token)))  # type: ignore[arg-type]


def imports(office: Office) -> list[tuple[date, int, str]]:
    with office.database.session() as session:
        return [(s.as_at, s.rows, s.made_by) for s in session.exec(select(Snapshot).order_by(Snapshot.id))]  # type: ignore[arg-type]


def lying(folder: Path) -> list[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return sorted(name for name in found if not name.rpartition("/")[2].startswith("."))


def test_a_good_file_is_imported_and_filed(office: Office, drop: Path) -> None:
    put(drop)
    looked(office)
    assert imports(office) == [(date(2026, 5, 31), 2, "inbox")]
    assert lying(drop) == ["done/register_2026-05-31.csv"]
    assert [(i.state, i.source, i.cleared) for i in intakes(office)] == [("imported", "inbox", True)]
    assert not lying(office.lake.root / "staging" / "uploads" / EAST_STAFFORDSHIRE)
    with office.database.session() as session:
        assert {entry.actor for entry in session.exec(select(AuditEntry))} == {"inbox"}
    looked(office)
    assert len(imports(office)) == 1
    assert steps.take_up(office) is False


def test_one_look_is_not_enough(office: Office, drop: Path) -> None:
    put(drop)
    assert inbox.look(office, patience=0) is True, "another look is awaited"
    assert intakes(office) == []
    assert inbox.look(office, patience=0) is False
    assert len(intakes(office)) == 1


def test_two_looks_lie_some_seconds_apart_by_the_disk(office: Office, drop: Path) -> None:
    put(drop)
    clock: Any = office.clock
    for _ in range(3):
        assert inbox.look(office) is True
        clock.advance(timedelta(minutes=10))
    assert intakes(office) == []


@pytest.mark.parametrize("change", ["longer", "touched"])
def test_a_file_that_still_changes_is_left(office: Office, drop: Path, change: str) -> None:
    path = put(drop)
    inbox.look(office, patience=0)
    if change == "longer":
        stat = path.stat()
        path.write_text(GOOD + "AN1", encoding="utf-8")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    else:
        os.utime(path, (1_780_000_000, 1_780_000_000))
    inbox.look(office, patience=0)
    assert intakes(office) == []
    inbox.look(office, patience=0)
    assert len(intakes(office)) == 1


def test_what_was_seen_is_known_to_the_next_process(office: Office, drop: Path) -> None:
    """`engage worker --once` from a timetable looks once in each process."""
    put(drop)
    inbox.look(office, patience=0)
    later = Office(office.settings, office.clock)
    inbox.look(later, patience=0)
    later.close()
    assert len(intakes(office)) == 1


@pytest.mark.parametrize("name", ["r.csv.part", "r.tmp", "R.FILEPART", ".r.csv", ".hidden"])
def test_a_file_on_its_way_is_left(office: Office, drop: Path, name: str) -> None:
    put(drop, name)
    looked(office, 3)
    assert (drop / name).exists()
    assert intakes(office) == []


def test_links_and_folders_are_not_followed(office: Office, drop: Path, tmp_path: Path) -> None:
    secret = put(tmp_path / "elsewhere", "secret.csv")
    (drop / "link.csv").symlink_to(secret)
    (inbox.root(office) / EAST_STAFFORDSHIRE / "contacts").symlink_to(secret.parent)
    put(drop / "deeper", "r.csv")
    os.mkfifo(drop / "pipe.csv")
    looked(office, 3)
    assert intakes(office) == []
    assert secret.exists()
    assert (drop / "deeper" / "r.csv").exists()


def test_nothing_that_a_sender_puts_in_the_way_is_followed(office: Office, drop: Path, tmp_path: Path) -> None:
    """Once, a link at `set-aside` below an unknown council, or at the inbox's own, led over the service's key file."""
    key = tmp_path / "key"
    key.write_text("untouched", encoding="utf-8")
    box, stranger = inbox.root(office), put(inbox.root(office) / "E99999999", "key").parent
    (stranger / "set-aside").mkdir()
    (stranger / "set-aside" / "key").symlink_to(key)
    (stranger / "set-aside" / "key.txt").symlink_to(key)
    for name in (".look", ".looks.json", ".looks.new", ".swept", "set-aside", "done"):
        (box / name).symlink_to(key if name.startswith(".") else tmp_path)
    (drop / "set-aside").symlink_to(tmp_path)
    (drop / "done").mkdir()
    (drop / "done" / "register_2026-05-31.csv").symlink_to(key)
    (drop / "hard.csv").hardlink_to(key)
    put(drop)
    put(drop, "bad\n.csv", "a,b\n1,2\n")
    put(drop, "\udcff.csv", "a,b\n1,2\n")
    put(box / EAST_STAFFORDSHIRE / "\udcff\n", "r.csv")
    looked(office, 4)
    assert key.read_text(encoding="utf-8") == "untouched"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "key"]
    assert lying(stranger) == ["set-aside/key", "set-aside/key (2)", "set-aside/key (2).txt", "set-aside/key.txt"]
    assert (drop / "done" / "register_2026-05-31 (2).csv").stat().st_mode & 0o777 == 0o600
    assert (drop / "hard.csv").exists()
    assert len(imports(office)) == 1


def test_a_folder_exchanged_for_a_link_between_look_and_opening(
    office: Office, drop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, real = put(tmp_path / "elsewhere").parent, inbox._take_in  # the moment between

    def exchanged(office: Office, found: inbox.Arrival) -> None:
        drop.rename(drop.with_name("was"))
        drop.symlink_to(secret)
        real(office, found)

    put(drop)
    monkeypatch.setattr(inbox, "_take_in", exchanged)
    looked(office)
    assert intakes(office) == []
    assert lying(secret) == ["register_2026-05-31.csv"]


def test_a_link_in_the_way_of_done_is_not_followed(office: Office, drop: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (drop / "done").symlink_to(elsewhere)
    put(drop)
    looked(office)
    assert lying(elsewhere) == []
    assert lying(inbox.root(office) / "done") == ["register_2026-05-31.csv"]


def test_a_file_that_cannot_be_used_is_set_aside_with_the_reason(office: Office, drop: Path) -> None:
    put(drop, "2026-05-31.csv", "Surname,Party\nTester,Red\n")
    looked(office)
    assert imports(office) == []
    assert lying(drop) == ["set-aside/2026-05-31.csv", "set-aside/2026-05-31.csv.txt"]
    words = (drop / "set-aside/2026-05-31.csv.txt").read_text(encoding="utf-8")
    assert words.startswith("2026-05-31.csv was set aside on 01 June 2026 at 10:00. Nothing of it was imported.")
    assert "has a column 'party'" in words
    assert not any(private in words for private in PRIVATE)
    assert [(i.state, i.cleared) for i in intakes(office)] == [(IntakeState.refused, True)]


def test_a_file_with_problems_waits_for_an_officer(office: Office, actor: Actor, drop: Path) -> None:
    put(drop, text=REPEATED)
    looked(office)
    assert (imports(office), lying(drop)) == ([], [])
    waits = intakes(office)[0]
    assert (waits.state, waits.source) == (IntakeState.waiting, "inbox")
    intake.accept(office, actor, waits.token)
    looked(office, 0)
    assert imports(office) == [(date(2026, 5, 31), 1, "officer 1")]
    assert lying(drop) == ["done/register_2026-05-31.csv"]


def test_a_no_sets_it_aside(office: Office, actor: Actor, drop: Path) -> None:
    put(drop, text=REPEATED)
    looked(office)
    intake.decline(office, actor, intakes(office)[0].token)
    looked(office, 0)
    assert lying(drop) == ["set-aside/register_2026-05-31.csv", "set-aside/register_2026-05-31.csv.txt"]
    words = (drop / "set-aside/register_2026-05-31.csv.txt").read_text(encoding="utf-8")
    assert "An officer decided not to import it." in words
    assert "2 rows read: 1 accepted, 0 left out on purpose, 1 rejected." in words
    assert "1 rejected: the same elector is in the file twice" in words
    assert not any(private in words for private in PRIVATE)


def test_nobodys_decision_sets_it_aside_in_the_end(office: Office, drop: Path) -> None:
    put(drop, text=REPEATED)
    looked(office)
    clock: Any = office.clock
    clock.advance(intake.LONGEST_WAIT + timedelta(hours=1))
    steps.tick(office)
    assert office.background.wait(30)
    assert steps.FORGOTTEN in (drop / "set-aside/register_2026-05-31.csv.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("", "It lies in no council's folder."),
        ("E99999999", "There is no authority 'E99999999' here."),
        ("E99999999/register", "There is no authority 'E99999999' here."),
        ("odd.one/register", "There is no authority 'ODD.ONE' here."),
        (EAST_STAFFORDSHIRE, "The folder does not say what it is."),
        (f"{EAST_STAFFORDSHIRE}/castle", "There is no kind 'castle'."),
    ],
)
def test_a_file_in_no_known_folder_is_set_aside(office: Office, folder: str, said: str) -> None:
    place = inbox.root(office) / folder
    put(place, "r.csv")
    looked(office)
    assert lying(place) == ["set-aside/r.csv", "set-aside/r.csv.txt"]
    assert said in (place / "set-aside/r.csv.txt").read_text(encoding="utf-8")
    told = [(i.authority, i.state) for i in intakes(office)]
    assert told == ([(EAST_STAFFORDSHIRE, "refused")] if folder.startswith(EAST_STAFFORDSHIRE) else [])
    looked(office)
    assert len(intakes(office)) == len(told)


def test_folders_may_be_written_in_capitals(office: Office) -> None:
    put(inbox.root(office) / EAST_STAFFORDSHIRE.lower() / "Register")
    looked(office)
    assert len(imports(office)) == 1


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("register_2026-05-31.csv", date(2026, 5, 31)), ("20260531.csv", date(2026, 5, 31)),
        ("E07000193-20260131-full.zip", date(2026, 1, 31)), ("2026-02-30 2026-02-28.csv", date(2026, 2, 28)),
        ("register.csv", date(2026, 5, 20)), ("2026-0531.csv", date(2026, 5, 20)), ("120260531.csv", date(2026, 5, 20)),
        ("202605311.csv", date(2026, 5, 20)), ("20261340.csv", date(2026, 5, 20)),
    ],
)  # fmt: skip
def test_the_day_is_the_one_of_the_name_else_the_one_it_was_written(office: Office, name: str, day: date) -> None:
    # Half past eleven in the evening of the 19th in UTC is the 20th in London, in summer time.
    written = datetime(2026, 5, 19, 23, 30, tzinfo=UTC).timestamp()
    assert inbox.day_of(office, inbox.Arrival(("E07000193", "register"), name, 1, int(written * 1e9))) == day


@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)), st.sampled_from(["%Y-%m-%d", "%Y%m%d"]), st.sampled_from("_ -."))
def test_any_day_in_a_name_is_found(day: date, way: str, mark: str) -> None:
    found = inbox.NAMED_DAY.findall(f"full{mark}{day.strftime(way)}{mark}v2.csv")
    assert [(int(year), int(month), int(this)) for year, _, month, this in found] == [(day.year, day.month, day.day)]


def test_a_day_to_come_is_refused(office: Office, drop: Path) -> None:
    put(drop, "2026-06-02.csv")
    looked(office)
    assert "is in the future" in (drop / "set-aside/2026-06-02.csv.txt").read_text(encoding="utf-8")


def test_the_same_name_again_overwrites_nothing(office: Office, drop: Path) -> None:
    put(drop, "register.csv")
    looked(office)
    put(drop, "register.csv", papers.register(papers.elector(3), papers.elector(4), papers.elector(5)))
    looked(office)
    assert lying(drop) == ["done/register (2).csv", "done/register.csv"]
    assert [rows for _, rows, _ in imports(office)] == [2, 3]


def test_the_same_content_again_changes_nothing(office: Office, drop: Path) -> None:
    put(drop)
    looked(office)
    put(drop)
    looked(office)
    assert len(imports(office)) == 1
    assert lying(drop) == ["done/register_2026-05-31 (2).csv", "done/register_2026-05-31.csv"]


def _kill(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """At one point of the way, once."""
    places: dict[str, tuple[Any, str, bool]] = {
        "before the file is moved in": (uploads.Upload, "adopt", False),
        "after the file is moved in": (uploads.Upload, "adopt", True),
        "before the import": (steps, "import_file", False),
        "after the import": (steps, "import_file", True),
        "before the filing": (inbox, "file_away", False),
        "after the filing": (inbox, "file_away", True),
    }
    owner, name, done_first = places[where]
    real, alive = getattr(owner, name), [True]

    def killed(*given: Any, **how: Any) -> Any:
        if how.get("dry_run") or not alive:
            return real(*given, **how)
        alive.clear()
        if done_first:
            real(*given, **how)
        raise Killed

    monkeypatch.setattr(owner, name, killed)


@pytest.mark.parametrize("text", [GOOD, "not a register\n1\n"])
@pytest.mark.parametrize(
    "where",
    [
        "before the file is moved in", "after the file is moved in", "before the import", "after the import",
        "before the filing", "after the filing",
    ],
)  # fmt: skip
def test_a_kill_at_any_moment_imports_once_and_loses_nothing(
    office: Office, drop: Path, monkeypatch: pytest.MonkeyPatch, where: str, text: str
) -> None:
    put(drop, text=text)
    _kill(monkeypatch, where)
    try:
        for _ in range(2):
            inbox.look(office, patience=0)
        steps.work_through(office, EAST_STAFFORDSHIRE, lambda: False)
    except Killed:
        pass
    else:
        assert text != GOOD, "a file that is refused by the check is not imported"
    clock: Any = office.clock
    clock.advance(timedelta(minutes=5))
    for _ in range(3):
        looked(office)
    good = text == GOOD
    assert len(imports(office)) == good
    assert [name for name in lying(drop) if not name.endswith(".txt")] == [
        f"{'done' if good else 'set-aside'}/register_2026-05-31.csv"
    ]
    assert {(i.state, i.cleared) for i in intakes(office)} == {("imported" if good else "refused", True)}
    assert not lying(office.lake.root / "staging" / "uploads" / EAST_STAFFORDSHIRE)
    with office.database.session() as session:
        assert [entry.act for entry in session.exec(select(AuditEntry))].count("import") == good


def test_a_kill_between_copying_and_removing(office: Office, drop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(drop, text=REPEATED)
    real = Folder.remove

    def remove(self: Folder, name: str) -> None:
        if name == path.name:
            raise Killed
        real(self, name)

    inbox.look(office, patience=0)
    with monkeypatch.context() as patch:
        patch.setattr(Folder, "remove", remove)
        with pytest.raises(Killed):
            inbox.look(office, patience=0)
    assert path.exists()
    looked(office)
    assert not path.exists()
    assert [i.state for i in intakes(office)] == [IntakeState.waiting]


def test_while_something_is_imported_the_file_waits_its_turn(office: Office, drop: Path) -> None:
    path = put(drop)
    with uploads.alone(office, EAST_STAFFORDSHIRE) as mine:
        assert mine
        looked(office)
        assert path.exists()
    looked(office, 1)
    assert len(imports(office)) == 1


def test_what_may_not_be_read_keeps_nobody_else_from_coming_in(
    office: Office, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(drop, "a.csv")
    put(drop, "b.csv")
    real = uploads.Upload.adopt

    def refused(self: uploads.Upload, source: IO[bytes], name: str) -> None:
        if name == "a.csv":
            raise PermissionError(errno.EACCES, "Permission denied")
        real(self, source, name)

    monkeypatch.setattr(uploads.Upload, "adopt", refused)
    looked(office)
    assert lying(drop) == ["a.csv", "done/b.csv"]
    assert len(intakes(office)) == 1, "the row of what could not come in is gone again"


def test_old_files_are_removed_from_done_and_set_aside(office: Office, drop: Path) -> None:
    put(drop)
    put(drop, "bad.csv", "a,b\n1,2\n")
    looked(office)
    assert len(lying(drop)) == 3
    swept = office.lake.root / "staging" / "inbox" / "swept"
    swept.unlink()
    looked(office)
    assert len(lying(drop)) == 3, "not before their days are over"
    hasty = Office(office.settings.model_copy(update={"inbox_kept_days": 0}), office.clock)
    swept.unlink()
    inbox.look(hasty)
    hasty.close()
    assert lying(drop) == []


def test_no_inbox_costs_nothing(office: Office) -> None:
    steps.tick(office)
    assert not inbox.root(office).exists()
    assert steps.finish(office) is True


def test_a_worker_that_ends_gives_a_new_file_its_second_look(office: Office, drop: Path) -> None:
    put(drop)
    assert steps.finish(office) is False
    assert inbox.look(office, patience=0) is False
    assert steps.finish(office) is False, "it is at work on it"
    assert steps.finish(office) is True
    assert len(imports(office)) == 1


def test_free_names(tmp_path: Path) -> None:
    with held(tmp_path) as folder:
        for _ in range(3):
            folder.new("r.csv")[1].close()
        folder.new("é" * 125 + ".csv")[1].close()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"r.csv", "r (2).csv", "r (3).csv", "é" * 90 + ".csv"}


def test_the_report_of_a_check_reaches_nobody_but_officers(office: Office, drop: Path) -> None:
    put(drop, text=REPEATED)
    looked(office)
    kept = ImportReport.from_dict(intakes(office)[0].report)
    assert kept.preview == []
    assert not any(private in repr(kept) for private in PRIVATE)
