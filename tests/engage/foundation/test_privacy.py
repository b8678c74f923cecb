"""Keys, keyed hashes and masks."""

import hashlib
import hmac
import stat
from pathlib import Path

import duckdb
import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.foundation.errors import SettingsInvalid
from engage.foundation.privacy import Keys, load_keys, mask_email, mask_phone, normalised
from engage.foundation.settings import Settings
from tests.examples import examples

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
text = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40)


def test_a_rotation_reads_what_was_written_and_keeps_the_hashes() -> None:
    before, after = Keys([OLD]), Keys([NEW, OLD])
    token = before.encrypt("resident@example.com")
    assert after.decrypt(token) == "resident@example.com"
    assert before.uprn(100031000002) == after.uprn("100031000002")
    assert not before.readable(after.encrypt("resident@example.com"))


@given(st.lists(text, min_size=1, max_size=3))
@settings(max_examples=examples(25))
def test_the_hash_is_hmac_and_duckdb_makes_the_same(parts: list[str]) -> None:
    keys = Keys([OLD])
    message = "\x1f".join(["elector", *parts]).encode()
    wanted = hmac.new(keys.hashing_key.encode(), message, hashlib.sha256).hexdigest()
    assert keys.hash("elector", *parts) == wanted
    found = duckdb.execute(f"SELECT {keys.hash_sql('?')}", [message.decode()]).fetchall()
    assert found == [(wanted,)]


def test_a_person_is_known_by_elector_id_else_by_name_and_home() -> None:
    keys = Keys([OLD])
    assert keys.person(elector_id="7", name="Ann Lee", uprn=1) == keys.person(elector_id="7")
    assert keys.person(name="Ann  LEE", uprn=1) == keys.person(name="ann lee", uprn=1)
    assert keys.person(name="Ann Lee", uprn=1) != keys.person(name="Ann Lee", uprn=2)
    assert keys.person(name="LEE, Ann", uprn=1) == keys.person(name="Ann Lee", uprn=1)
    at_home = keys.person(name="Ann Lee", address="1 Mill Lane", postcode="DE14 1AA")
    assert at_home == keys.person(name="Lee Ann", address="1, mill lane ", postcode="de14 1aa")
    assert at_home != keys.person(name="Ann Lee", address="2 Mill Lane", postcode="DE14 1AA")
    assert at_home != keys.person(name="Ann Lee", uprn=1, address="1 Mill Lane", postcode="DE14 1AA")


def test_names_are_compared_without_accents_case_or_marks() -> None:
    assert normalised("  Siân O'Néill-Jones ") == "sian o neill jones"


def test_masks_hide_all_but_a_hint() -> None:
    assert "resident" not in mask_email("resident@example.com")
    assert mask_phone("07700900123").endswith("123")


def test_a_key_file_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    token = load_keys(settings).encrypt("x")
    assert load_keys(settings).decrypt(token) == "x"
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600


def test_a_bad_key_is_refused_without_being_shown() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        Keys(["not-a-key"])
    assert "not-a-key" not in str(refused.value)
