"""A list of contacts that nobody can have marks the home folder: Engage then speaks to the stand-in alone."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlmodel import Session

from campaigns.notify.client import service
from engage.foundation.errors import SettingsInvalid
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.safeguards import made_up
from tests.campaigns.council import KEY
from tests.segments.sources.test_lists import contacts


@pytest.mark.parametrize(
    ("value", "nobodys"),
    [
        ("robin@example.com", True), ("robin@mail.example.org", True), ("robin@council.test", True),
        ("447700900123", True), ("robin@example.co.uk", False), ("robin@notexample.com", False),
        ("447911123456", False),
    ],
)  # fmt: skip
def test_whom_nobody_is(value: str, nobodys: bool) -> None:
    assert made_up.contact(value) is nobodys


def test_with_made_up_contacts_the_real_service_is_never_spoken_to(
    office: Office, actor: Actor, tmp_path: Path
) -> None:
    real = Settings(home=office.settings.home, notify_api_key=SecretStr(KEY))
    assert service(real) is not None
    contacts(office, actor, tmp_path, {"email": "robin@example.org"}, {"mobile": "07700 900123", "uprn": 8})
    with pytest.raises(SettingsInvalid, match=r"all contacts in .* are made up"):
        service(real)
    stand_in = real.model_copy(update={"notify_base_url": "http://127.0.0.1:6011"})
    assert service(stand_in) is not None
    rows = [{"email": "robin@example.org"}, {"email": "robin@a-council.gov.uk", "uprn": 8}]
    contacts(office, actor, tmp_path, *rows, name="real.csv")
    assert service(real) is not None


def test_a_list_for_training_does_not_hold_up_another_authority(office: Office, actor: Actor, tmp_path: Path) -> None:
    contacts(office, actor, tmp_path, {"email": "robin@a-council.gov.uk"})
    with office.database.session() as session:
        session.add(Authority(code="E07000999", name="Training"))
    contacts(office, Actor("E07000999", "officer 2"), tmp_path, {"email": "robin@example.org"}, name="training.csv")
    assert not office.settings.rehearsal


def test_marking_twice_is_marking_once(office: Office, actor: Actor) -> None:
    with Session(office.database.engine) as session:
        for invented in (True, True, False, False):
            made_up.mark(session, office, actor.authority, invented=invented)
            assert office.settings.rehearsal is invented
