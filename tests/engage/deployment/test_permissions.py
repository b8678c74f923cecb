"""The home folder is the service's alone: what is open is closed at the start, what is another user's stops it."""

import os
from pathlib import Path

import pytest

from engage.deployment import permissions
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import SettingsInvalid
from engage.foundation.folders import claim, writing
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from tests.conftest import START


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """As an earlier version left it, and as a sender left a file in the inbox."""
    for name in ("home/lake/E07000193", "home/inbox/E07000193"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("engage.sqlite", "engage.sqlite-wal", "lake/E07000193/homes.parquet", "inbox/E07000193/r.csv"):
        (tmp_path / "home" / name).touch(0o644)
    (tmp_path / "outside").touch(0o644)
    (tmp_path / "home" / "link").symlink_to(tmp_path / "outside")
    return tmp_path / "home"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_is_open_is_closed_and_said(home: Path) -> None:
    office = Office(Settings(home=home), SteppedClock(START))
    assert "open to other users of this machine (0755): expected 0700" in permissions.of_home(office)
    assert "6 files and folders" in permissions.close(home)
    assert {mode(home), mode(home / "lake" / "E07000193")} == {0o700}
    assert {mode(home / name) for name in ("engage.sqlite", "engage.sqlite-wal")} == {0o600}
    assert mode(home.parent / "outside") == mode(home / "inbox" / "E07000193" / "r.csv") == 0o644, "not ours to close"
    assert (permissions.close(home), permissions.of_home(office)) == ("", "")


def test_what_belongs_to_another_user_stops_the_start(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: ours + 1)
    with pytest.raises(SettingsInvalid, match=rf"belongs to user {ours} .* runs as user {ours + 1}: .*chown"):
        permissions.close(home)
    assert mode(home) == 0o755, "nothing was changed"


def test_an_export_is_its_writers_alone_also_over_an_open_file(tmp_path: Path) -> None:
    open_one = tmp_path / "ledger.csv"
    open_one.touch(0o644)
    with writing(open_one) as file:
        file.write("uprn")
    assert (open_one.read_text(encoding="utf-8"), mode(open_one)) == ("uprn", 0o600)
    before = Path(os.devnull).stat().st_mode
    claim(Path(os.devnull))
    assert Path(os.devnull).stat().st_mode == before, "a device is left as it is"
