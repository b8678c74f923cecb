"""The power goes while lists come in and others are forgotten: what was written is whole. `make soak` cuts it more
often, with rotations and migrations, and PostgreSQL too."""

import time
from pathlib import Path
from random import Random

import pytest

from tests.soak.power import bring_in, forget, found, opened, power, sound

POINTS = 3


@pytest.mark.slow
def test_whatever_was_cut_short_is_whole_or_not_there(tmp_path: Path) -> None:
    home, draw = tmp_path / "home", Random(20260603)
    found(home, "")
    with power() as grid:
        for point in range(1, POINTS + 1):
            child = grid.on(home, "", ["import", "purge"], point)
            grid.until(home, draw.randrange(4))
            time.sleep(draw.uniform(0, 0.4))
            grid.cut(child)
            office = opened(home, "")
            sound(office)
            office.close()
    bring_in(home, "", POINTS + 1)
    forget(home, "", 0)
    office = opened(home, "")
    assert sound(office).startswith("0 lists count")
    office.close()
