"""Points moved to the new map: made-up tiles of known shift, lists of points, and the gazetteer's own."""

import csv
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from engage.cli import main
from engage.foundation import lake
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.office import Actor, Office
from segments.areas import positions
from segments.engine import execution
from segments.positions import gazetteer, links, tiles
from segments.positions.gazetteer import Captured
from segments.positions.shift import fit
from tests.conftest import EAST_STAFFORDSHIRE as CODE
from tests.segments.snapshots import keep

ACTOR = Actor(CODE, "custodian 1")
DAY = date(2026, 5, 1)
Field = Callable[[npt.NDArray[Any]], npt.NDArray[np.float64]]


class Made:
    """One tile whose map was moved by a smooth field of 1 to 4 m, as its links tell with noise of 10 cm and some lies."""

    def __init__(self, name: str, seed: int, links_: int = 90) -> None:
        rng = np.random.default_rng(seed)
        self.name, self.corner = name, np.array(tiles.corner(name), float)
        turn, size, phase = rng.uniform(0, 6.28), rng.uniform(1.3, 3.7), rng.uniform(0, 6.28, 2)
        self.field: Field = lambda at: (
            size
            * np.column_stack(
                [
                    np.cos(turn + 0.15 * np.sin(at[:, 0] / 500 + phase[0])),
                    np.sin(turn + 0.15 * np.sin(at[:, 1] / 500 + phase[1])),
                ]
            )
        )
        self.old = rng.uniform(0, 999.9, (links_, 2)) + self.corner
        by = self.field(self.old - self.corner) + rng.normal(0, 0.1, (links_, 2))
        self.gross = rng.random(links_) < 0.06
        away = rng.uniform(3, 25, links_) * np.exp(1j * rng.uniform(0, 6.28, links_))
        self.new = self.old + by + np.where(self.gross[:, None], np.column_stack([away.real, away.imag]), 0)
        self.at = rng.uniform(0, 999.9, (300, 2)) + self.corner

    def write(self, folder: Path) -> Path:
        path = folder / f"{self.name}.csv"
        rows = [f"{a:.3f},{b:.3f},{c:.3f},{d:.3f},1234" for (a, b), (c, d) in zip(self.old, self.new, strict=True)]
        path.write_text("\n".join(["old_e,old_n,new_e,new_n,feature_code", *rows]) + "\n")
        return path

    def truth(self) -> npt.NDArray[np.float64]:
        return self.at + self.field(self.at - self.corner)


def engage(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("name", "corner"),
    [("SK2421", (424_000, 321_000)), ("TQ3080", (530_000, 180_000)), ("SV0000", (0, 0)), ("HP6099", (460_000, 1_299_000)),
     ("tq0001", (500_000, 101_000)), ("SI2421", None), ("SK242", None), ("SK24211", None), ("", None)],
)  # fmt: skip
def test_names_of_tiles_are_those_of_the_national_grid(name: str, corner: tuple[int, int] | None) -> None:
    """Trafalgar Square lies in TQ3080; the others by Ordnance Survey's guide."""
    assert tiles.corner(name) == corner


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_made_up_tiles_are_moved_within_the_bounds(tmp_path: Path, seed: int) -> None:
    """Neighbours that jump at their edges; each found by its own links."""
    made = [Made(name, 10 * seed + n) for n, name in enumerate(("SK2421", "SK2521", "SK2422", "SK2522"))]
    shifts = {shift.tile.name: shift for shift in map(fit, links.read([one.write(tmp_path) for one in made]))}
    far = np.concatenate([np.hypot(*(shifts[one.name].moved(one.at) - one.truth()).T) for one in made])
    edge = np.concatenate([((one.at - one.corner) % 950 < 50).any(axis=1) for one in made])
    gross = np.concatenate([one.gross for one in made])
    found = np.concatenate([shifts[one.name].gross for one in made])
    assert np.quantile(far, 0.95) <= 0.25
    assert np.quantile(far, 0.99) <= 0.40
    assert far[edge].max() <= 0.50
    assert found[gross].mean() >= 0.95
    assert found[~gross].mean() <= 0.01


@given(st.integers(8, 30), st.integers(0, 5))
def test_links_given_again_change_nothing(count: int, again: int) -> None:
    """A spline through one point twice has no answer; repeated links are one."""
    made = Made("SK2421", count, count)
    sound = made.old[~made.gross], made.new[~made.gross]
    once = fit(links.Tile("SK2421", (424_000, 321_000), *sound))
    twice = fit(links.Tile("SK2421", (424_000, 321_000), *(np.vstack([ends, ends[:again]]) for ends in sound)))
    if once.surface is not None:
        assert np.abs(once.moved(made.at) - twice.moved(made.at)).max() < 1e-6


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Made]]:
    """Two whole tiles and one of seven links."""
    folder = tmp_path_factory.mktemp("links")
    made = [Made("SK2421", 5), Made("SK2521", 6), Made("SK2621", 7, 7)]
    for one in made:
        one.write(folder)
    return folder, made


def test_a_list_of_points_is_written_anew_and_a_second_run_changes_nothing(
    tmp_path: Path, pair: tuple[Path, list[Made]]
) -> None:
    folder, made = pair
    given_, out, again, bad = (tmp_path / f"{name}.csv" for name in ("given", "out", "again", "bad"))
    lines = ["point,easting,northing,captured,note"]
    lines += [f"m{n},{e:.3f},{north:.3f},old," for n, (e, north) in enumerate(made[0].at)]
    lines += [
        "n,424500,321500,new,",
        "u,424500,321500,,",
        "far,400000,300000,old,",
        "few,426500,321500,old,x",
        "=cmd,425500,321500,Old,",
    ]
    given_.write_text("\ufeff" + "\r\n".join(lines) + "\r\n", encoding="utf-8")
    found = told(engage("gazetteer", "shift", folder, "--points", given_, "--out", out, "--outliers", bad, "--json"))
    assert found["points"] == {"moved": 301, "kept": 2, "asked": 2}
    written = {row["point"]: row for row in rows(out)}
    assert list(rows(out)[0]) == ["point", "easting", "northing", "status"]
    assert {name: written[name]["status"] for name in ("n", "u", "far", "few")} == {
        "n": "kept", "u": "asked", "far": "kept", "few": "asked"
    }  # fmt: skip
    assert (written["few"]["easting"], written["u"]["northing"]) == ("426500.000", "321500.000")
    assert "=cmd" not in written  # a spreadsheet would run it
    to = np.array([[float(written[f"m{n}"][axis]) for axis in ("easting", "northing")] for n in range(300)])
    assert np.quantile(np.hypot(*(to - made[0].truth()).T), 0.95) <= 0.25
    listed = {(row["tile"], int(row["row"])) for row in rows(bad)}
    assert listed == {(one.name, int(n) + 1) for one in made[:2] for n in np.flatnonzero(one.gross)}
    told(engage("gazetteer", "shift", folder, "--points", out, "--out", again, "--json"))
    assert again.read_text() == out.read_text()


GOOD = "point,easting,northing,captured\n1,424500,321500,old\n"


@pytest.mark.parametrize(
    ("name", "links_", "listed", "said"),
    [
        ("SK2421.csv", "old_e,old_n,new_e\n1,2,3\n", GOOD, "SK2421.csv, line 1: no column new_n"),
        ("SK2421.csv", "old_e,old_n,new_e,new_n\n424001,321001,424002,x\n", GOOD, "SK2421.csv, line 2, column new_n: 'x'"),
        ("SK2421.csv", "old_e,old_n,new_e,new_n\n424001,321001,524002,321002\n", GOOD, "line 2: the link is longer"),
        ("SK2421.csv", "old_e,old_n,new_e,new_n\n425001,321001,425002,321002\n", GOOD, "most of its links lie elsewhere"),
        ("links.csv", "old_e,old_n,new_e,new_n\n", GOOD, "links.csv is not named after a tile"),
        ("SK2421.csv", "", "point,easting,northing\n1,2,3\n", "no column captured"),
        ("SK2421.csv", "", "point,easting,northing,captured\n", "has no points"),
        ("SK2421.csv", "", GOOD + "1,424501,321501,old\n", "line 3, column point: '1' stands on line 2 already"),
        ("SK2421.csv", "", GOOD + ",424501,321501,old\n", "line 3, column point: it is blank"),
        ("SK2421.csv", "", GOOD + "2,52.1,-1.5,old\n", "line 3, column northing: '-1.5' is no coordinate"),
        ("SK2421.csv", "", GOOD + "2,424501,321501,maybe\n", "line 3, column captured: 'maybe' is none of old, new, nothing"),
        ("SK2421.csv", "", "point,easting,northing,captured\n1,100000,200000,old\n", "another council's links"),
    ],
)  # fmt: skip
def test_bad_input_is_told_by_file_and_line_and_writes_nothing(
    tmp_path: Path, name: str, links_: str, listed: str, said: str
) -> None:
    path = tmp_path / name
    path.write_text(links_ or Made("SK2421", 5).write(tmp_path).read_text())
    (tmp_path / "points.txt").write_text(listed)
    result = engage("gazetteer", "shift", path, "--points", tmp_path / "points.txt", "--out", tmp_path / "out.txt")
    assert result.exit_code != 0
    assert said in result.output.replace("\n", " ")
    assert not (tmp_path / "out.txt").exists()


def test_a_tile_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    one, other = Made("SK2421", 1).write(tmp_path), Made("SK2421", 1).write(tmp_path / "again")
    with pytest.raises(InputRefused, match="SK2421 was given twice"):
        links.read([one, other])


def ward(left: float, right: float) -> str:
    ring = shapely.segmentize(shapely.box(left, 320_000, right, 323_000), 50)
    turn = Transformer.from_crs("EPSG:27700", "OGC:CRS84", always_xy=True)
    return str(
        shapely.to_geojson(shapely.transform(ring, lambda xy: np.column_stack(turn.transform(xy[:, 0], xy[:, 1]))))
    )


def shelve(office: Office, at: npt.NDArray[np.float64], as_at: date = DAY) -> lake.Snapshot:
    """A gazetteer of points: every fourth began after the map was moved."""
    frame = pd.DataFrame(
        {"uprn": np.arange(1, len(at) + 1), "easting": at[:, 0].round(2), "northing": at[:, 1].round(2)}
    )
    frame["started"] = [date(2015, 1, 1) if n % 4 == 0 else date(1999, 1, 1) for n in range(len(at))]
    return keep(office, "gazetteer", frame, as_at)


def now(office: Office) -> npt.NDArray[np.float64]:
    """Where every property is, by what others ask."""
    with office.database.session() as session, execution.connect() as backend:
        held = lake.current(session, CODE, "gazetteer")
        assert held
        frame = positions.now(backend, office, session, held).order_by("uprn").execute()
    return np.asarray(frame[["easting", "northing"]], float)


def test_the_gazetteers_points_move_once_and_back(office: Office, pair: tuple[Path, list[Made]]) -> None:
    folder, made = pair
    at = np.vstack([made[0].at[:40], made[2].at[:2], [[400_000.0, 300_000.0]]])
    shelve(office, at)
    old = (np.arange(len(at)) % 4 != 0) & (np.arange(len(at)) < 40)
    before = now(office)

    staged = gazetteer.stage(office, ACTOR, [folder], Captured(until=date(2002, 1, 1)))
    assert staged.report["points"] == {"moved": 30, "kept": 12, "asked": 1}
    assert (now(office) == before).all()
    done = gazetteer.swap(office, ACTOR, staged.id or 0)
    after = now(office)
    assert (after != before).any(axis=1).tolist() == old.tolist()
    assert np.quantile(np.hypot(*(after - at - made[0].field(at - made[0].corner))[old].T), 0.95) <= 0.25

    again = gazetteer.stage(office, ACTOR, [folder], Captured(until=date(2002, 1, 1)))
    assert again.report["points"]["moved"] == 0
    with pytest.raises(InputRefused, match="no point to move"):
        gazetteer.swap(office, ACTOR, again.id or 0)

    shelve(office, before, DAY + timedelta(days=30))  # the next delivery has not heard of it
    assert (now(office) == after).all()
    taken, anew = after.copy(), int(np.flatnonzero(old)[0])
    taken[anew] += 7
    shelve(office, taken, DAY + timedelta(days=60))  # one that has, but for a point captured anew
    assert (now(office) == taken.round(2)).all()
    third = gazetteer.stage(office, ACTOR, [folder], Captured(until=date(2002, 1, 1)))
    assert third.report["points"] == {"moved": 0, "kept": 41, "asked": 2}

    gazetteer.undo(office, ACTOR, done.id or 0)
    shelve(office, before, DAY + timedelta(days=90))
    assert (now(office) == before).all()
    with pytest.raises(NotFound):
        gazetteer.undo(office, ACTOR, done.id or 0)


def test_what_changes_ward_is_told_before_and_nothing_else_moves_it(
    office: Office, pair: tuple[Path, list[Made]], tmp_path: Path
) -> None:
    folder, made = pair
    shelve(office, made[0].at[:40])
    line = float(np.median(made[0].at[:40, 0] + made[0].field(made[0].at[:40] - made[0].corner)[:, 0] / 2))
    wards = pd.DataFrame({"ward": ["E05000001", "E05000002"], "geometry": [ward(424_000, line), ward(line, 425_100)]})
    keep(office, "boundaries", wards, DAY)
    said = tmp_path / "captured.csv"
    said.write_text("uprn,captured\n" + "".join(f"{n + 1},old\n" for n in range(40)))
    staged = gazetteer.stage(office, ACTOR, [folder], Captured(file=said))
    to = made[0].at[:40] + made[0].field(made[0].at[:40] - made[0].corner)
    crossing = {n + 1 for n in range(40) if (made[0].at[n, 0] < line) != (to[n, 0] < line)}
    told_ = {change["uprn"] for change in staged.report["wards"]["changes"]}
    assert staged.report["wards"]["count"] == len(told_)
    near = {n + 1 for n in range(40) if abs(to[n, 0] - line) < 0.6 or abs(made[0].at[n, 0] - line) < 0.6}
    assert told_ - near == crossing - near
    shelve(office, made[0].at[:41], DAY + timedelta(days=1))
    with pytest.raises(InputRefused, match="have changed since"):
        gazetteer.swap(office, ACTOR, staged.id or 0)
