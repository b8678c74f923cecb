"""The page on which points are moved: told first, then moved, and undone."""

import re
from pathlib import Path

import numpy as np

from engage.foundation.identity import Role
from engage.foundation.office import Office
from tests.segments.positions.test_shift import Made, now, shelve
from tests.website import Enter


def test_the_custodian_moves_points_and_undoes_it(office: Office, enter: Enter, tmp_path: Path) -> None:
    made = Made("SK2421", 5)
    shelve(office, np.vstack([made.at[:40], [[400_000.0, 300_000.0]]]))
    before, links = now(office), made.write(tmp_path).read_bytes()
    custodian = enter(Role.custodian)
    page = custodian.get("/data/positions")
    assert "Give the link files" in page.text
    answer = custodian.send("/data/positions", data={"until-day": "1", "until-month": "1", "until-year": "2002"})
    assert (answer.status_code, "Select the link files" in answer.text) == (422, True)
    wrong = custodian.send("/data/positions", data={}, files=[("links", ("links.csv", links))])
    assert (wrong.status_code, "links.csv is not named after a tile" in wrong.text) == (422, True)
    told = custodian.send(
        "/data/positions", data={"until-day": "1", "until-month": "1", "until-year": "2002"},
        files=[("links", ("SK2421.csv", links))],
    )  # fmt: skip
    assert told.status_code == 200
    assert "Move 30 points" in told.text
    assert "There are no ward boundaries here" in told.text
    assert told.text.count("<line ") > 50
    assert (now(office) == before).all()
    number = re.search(r'name="id" value="([0-9]+)"', told.text)
    assert number
    done = custodian.send("/data/positions/move", data={"id": number[1]})
    assert "30 points were moved" in done.text
    assert (now(office) != before).any(axis=1).sum() == 30
    assert custodian.send("/data/positions/move", data={"id": number[1]}).status_code == 404
    undone = custodian.send("/data/positions/undo", data={"id": number[1]})
    assert "30 points lie where they lay before" in undone.text
    assert (now(office) == before).all()
