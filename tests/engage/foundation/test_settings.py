"""A bad setting stops the start and says which, what it is and what would do."""

import pytest

from engage.foundation.errors import SettingsInvalid
from engage.foundation.settings import SECRET_FIELDS, Settings, load


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
    "engine", ["duckdb", "spark://host:7077", "spark://a.example.org:7077,b-2:7078", "local[2]", "local[*]", "local-cluster[2,1,1024]"]
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
