"""Codes of an app and recovery codes, on both databases: each works once, whoever asks at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from pyotp import TOTP
from sqlmodel import SQLModel, select

from engage.accounts import second_factor
from engage.accounts.second_factor import RecoveryCode, SecondFactor
from engage.foundation.clock import SteppedClock
from engage.foundation.identity import Account, Authority, Role
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from tests.conftest import EAST_STAFFORDSHIRE, START


def test_a_code_and_a_recovery_code_work_once_each(database_url: str, tmp_path: Path) -> None:
    office = Office(Settings(home=tmp_path / "home", database_url=database_url), SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=EAST_STAFFORDSHIRE, name="East Staffordshire"))
        session.flush()
        people = [
            Account(authority=EAST_STAFFORDSHIRE, email=f"{name}@example.com", name=name, role=Role.officer)
            for name in ("ada", "bea")
        ]
        session.add_all(people)
        session.flush()
        secret = second_factor.begin(session, office.keys, people[0])
        assert second_factor.begin(session, office.keys, people[0]) == secret, "opening the page again changes nothing"
    app = TOTP(secret)

    def tried(code: str, after: float = 30, whose: int = 0) -> bool:
        with office.database.session() as session:
            at = START + timedelta(seconds=after)
            return second_factor.accepts(session, office.keys, people[whose], code, at)

    assert not tried(app.at(START + timedelta(seconds=30))), "not before it is set up"
    with office.database.session() as session:
        assert second_factor.confirm(session, office.keys, people[0], "no code", START) == []
        codes = second_factor.confirm(session, office.keys, people[0], app.at(START), START)
        assert second_factor.confirm(session, office.keys, people[0], app.at(START), START) == [], "shown once"
    assert not tried(app.at(START), 0), "it was used to set up"
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(tried, [app.at(START + timedelta(seconds=30))] * 4)) == [False] * 3 + [True]
        assert sorted(pool.map(tried, [codes[0]] * 4)) == [False] * 3 + [True]
    assert [tried(app.at(START + timedelta(seconds=at)), 90) for at in (0, 60, 120, 90)] == [False, True, True, False]
    assert not tried(codes[1], whose=1), "a recovery code is its owner's alone"
    with office.database.session() as session:
        kept = [*session.exec(select(SecondFactor)), *session.exec(select(RecoveryCode))]
        assert not [plain for plain in (secret, *codes) if plain in " ".join(row.model_dump_json() for row in kept)]
        second_factor.forget(session, people[0])
        assert (second_factor.left(session, people[0]), second_factor.confirmed(session, people[0])) == (0, False)
    office.close()
