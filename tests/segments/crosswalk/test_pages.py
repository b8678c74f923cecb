"""Linked systems on a page: what is asked, how much of the sample was wrong, and that settling stops by itself."""

from pathlib import Path

import pytest

from engage.foundation.office import Office
from segments.crosswalk import properties, settling, systems
from tests.segments.crosswalk.conftest import ACTOR, crosswalk, link, places
from tests.website import Visitor

TOWN = places()
ROWS = [
    "ref,address", *(f'{n},"{n} Alma Street, Burton upon Trent, DE14 1AA"' for n in range(1, 7)),
    '7,"Oak Manor, High Street, Uttoxeter, ST14 7AA"', '8,"7 Alam Stret, Burton upon Trent, DE14 1AA"',
]  # fmt: skip


def test_a_person_answers_and_the_sample_stops_what_settles_wrongly(
    here: Office, custodian: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "is_sampled", lambda _: True)
    first = link(here, tmp_path, "bins", ROWS)
    place = f"/data/systems/{first.system_id}"
    asked = crosswalk(here, first)["7"]
    page = custodian.get(place).text
    assert "not certainly that of one property" in page
    flat = TOWN.uprn("Flat 3, Oak Manor, High Street")
    assert custodian.send(place, {"key": asked["key"], "choice": ""}).status_code == 422
    custodian.send(place, {"key": asked["key"], "choice": str(flat), "now": "0"})
    assert f"7,another UPRN,{flat},,sure,an officer chose it," in custodian.get(
        f"{place}/changes.csv?since={first.snapshot_id}"
    ).text.replace("\r\n", "\n")
    assert f",{flat}," in custodian.get(f"{place}/changes.dtf?since={first.snapshot_id}").text
    with here.database.session() as session:
        told = properties.look_up(here, session, ACTOR.authority, flat)["lists"]
        assert [(each["reference"], each["state"]) for each in told if each["system"] == "bins"] == [("7", "sure")]
    second = link(here, tmp_path, "bins", ROWS)
    assert (crosswalk(here, second)["7"]["uprn"], crosswalk(here, second)["7"]["why"]) == (flat, "an officer chose it")
    for row in [row for reference, row in crosswalk(here, second).items() if reference in "12"]:
        assert "settled by itself" in custodian.get(place).text
        shown = custodian.send(place, {"key": row["key"], "choice": "none"})
    assert "Settling without a person is stopped" in shown.text
    stopped = link(here, tmp_path, "bins", ROWS)
    states = {reference: row["state"] for reference, row in crosswalk(here, stopped).items()}
    assert (states["1"], states["3"], states["8"], stopped.settles) == ("not found", "sure", "to review", False)
    assert ",another UPRN," in custodian.get(f"{place}/changes.csv?since={second.snapshot_id}").text
    records = custodian.get(f"{place}/changes.dtf?since={first.snapshot_id}").text.splitlines()
    assert [line.split(",")[:4] for line in records if f",{flat}," in line] == [["23", "I", "3", str(flat)]]
    custodian.send(f"{place}/settle")
    with here.database.session() as session:
        assert systems.own(session, ACTOR.authority, first.system_id).settles


def test_what_people_decided_moves_what_is_sure(here: Office) -> None:
    system = systems.CrosswalkSystem(authority="x", name="y", confirmed_at=here.clock.now(), confirmed_by="z")

    def decided(right: int, wrong: int, sampled: bool = True) -> list[systems.CrosswalkDecision]:
        return [
            systems.CrosswalkDecision(
                authority="x", system_id=1, key=str(n), uprn=1, foremost=1 if n < right else 2, evidence="letters",
                sampled=sampled, decided_at=here.clock.now(), decided_by="z",
            )
            for n in range(right + wrong)
        ]  # fmt: skip

    assert "letters" in settling.sure(system, decided(500, 0))
    assert "letters" not in settling.sure(system, decided(500, 5))
    assert [settling.sample(decided(*found)).broken for found in ((100, 0), (999, 1), (40, 2))] == [False, False, True]
    assert settling.sample(decided(40, 2, sampled=False)).looked_at == 0
