"""A bad setting stops the start and says which, what it is and what would do."""

import re
from pathlib import Path

import pytest

from engage.foundation.errors import SettingsInvalid
from engage.foundation.settings import MADE_UP, OF_TESTS, SECRET_FIELDS, Settings, load, variables

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("ENGAGE_DATABASE_URL", "mysql://db", "sqlite:///"),
        ("ENGAGE_NOTIFY_PACE", "fast", "number"),
        ("ENGAGE_NOTIFY_PACE", "0", "greater than 0"),
        ("ENGAGE_ENGINE", "abacus", "duckdb"),
        ("ENGAGE_ENGINE", "spark://", "spark://HOST:PORT"),
        ("ENGAGE_ENGINE", "local[0]", "local[CORES]"),
        ("ENGAGE_ENGINE", "local-cluster[2,1]", "local-cluster[N,CORES,MB]"),
        ("ENGAGE_ENGINE", "duckdb ", "duckdb"),
        ("ENGAGE_BASE_URL", "register.example.gov.uk", "https://"),
        ("ENGAGE_REHEARSAL_TIME", "tomorrow", "2026-06-01T09:00:00"),
    ],
)
def test_a_bad_value_names_variable_value_and_example(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsInvalid) as refused:
        load()
    message = str(refused.value)
    assert variable in message
    assert repr(value) in message
    assert expected in message
    assert "Example: " in message


@pytest.mark.parametrize(
    "engine", ["duckdb", "spark://host:7077", "spark://a.example.org:7077,b-2:7078", "local[2]", "local[*]", "local-cluster[2,1,1024]", "sc://127.0.0.1:50051"]
)  # fmt: skip
def test_engines_it_knows(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    monkeypatch.setenv("ENGAGE_ENGINE", engine)
    assert load().engine == engine


def test_a_bad_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGAGE_NOTIFY_PACE", "-1")
    monkeypatch.setenv("ENGAGE_NOTIFY_API_KEY", "rehearsal-key-secret")
    with pytest.raises(SettingsInvalid) as refused:
        load()
    assert "rehearsal-key-secret" not in str(refused.value)


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())
    assert set(Settings.model_fields) >= SECRET_FIELDS


def test_the_database_is_a_file_in_the_home_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGAGE_HOME", "/srv/engage")
    assert load().database == "sqlite:////srv/engage/engage.sqlite"


@pytest.mark.parametrize(
    ("mistyped", "nearest"),
    [
        ("ENGAGE_NOTIFY_URL", "ENGAGE_NOTIFY_BASE_URL"),
        ("ENGAGE_NOTIFY_BASEURL", "ENGAGE_NOTIFY_BASE_URL"),
        ("ENGAGE_DATABASE", "ENGAGE_DATABASE_URL"),
        ("ENGAGE_REHERSAL_TIME", "ENGAGE_REHEARSAL_TIME"),
        ("ENGAGE_NOTIFY_KEY", "ENGAGE_NOTIFY_API_KEY"),
        ("engage_hom", "ENGAGE_HOME"),
    ],
)
def test_a_variable_that_is_no_setting_is_refused_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, mistyped: str, nearest: str
) -> None:
    monkeypatch.setenv(mistyped, "a value that may be secret")
    with pytest.raises(SettingsInvalid) as refused:
        load()
    assert str(refused.value).startswith(f"{mistyped} is no setting")
    assert f"Did you mean {nearest}?" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_settings_options_and_what_tests_read_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENGAGE_AS", "engage_log_level", *OF_TESTS):
        monkeypatch.setenv(name, "info")
    assert load().log_level == "info"


def test_every_variable_that_the_code_reads_is_known() -> None:
    read = re.compile(r"""["'](ENGAGE_[A-Z_]+)["']""")
    files = [path for top in ("engage", "segments", "campaigns", "dashboards", "tests", "benchmarks") for path in
             (ROOT / top).rglob("*.py") if "node_modules" not in path.parts and path != Path(__file__)]  # fmt: skip
    found = {name for path in files for name in read.findall(path.read_text(encoding="utf-8"))}
    assert found - set(variables()) == set()


@pytest.mark.parametrize("how", ["ENGAGE_REHEARSAL_TIME", "ENGAGE_DEMO", "made up"])
@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("", False),
        ("https://api.notifications.service.gov.uk", False),
        ("http://notify.example.org", False),
        ("http://127.0.0.1.example.org:6011", False),
        ("http://10.0.0.1:6011", False),
        ("http://127.0.0.1:6011", True),
        ("http://localhost:6011", True),
        ("http://[::1]:6011", True),
    ],
)
def test_a_rehearsal_speaks_to_this_machine_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str, url: str, allowed: bool
) -> None:
    monkeypatch.setenv("ENGAGE_HOME", str(tmp_path))
    monkeypatch.setenv("ENGAGE_NOTIFY_API_KEY", "a key")
    if url:
        monkeypatch.setenv("ENGAGE_NOTIFY_BASE_URL", url)
    assert load().notify_api_key, "real work may speak to any"
    match how:
        case "ENGAGE_REHEARSAL_TIME":
            monkeypatch.setenv(how, "2026-06-01T09:00:00+01:00")
        case "ENGAGE_DEMO":
            monkeypatch.setenv(how, "1")
        case _:
            (tmp_path / MADE_UP).touch()
    if allowed:
        load()
        return
    with pytest.raises(SettingsInvalid, match="ENGAGE_NOTIFY_BASE_URL") as refused:
        load()
    assert "this is a rehearsal" in str(refused.value)
    assert "a key" not in str(refused.value)
    monkeypatch.setenv("ENGAGE_NOTIFY_API_KEY", "")
    load()  # without a key nothing is ever asked
