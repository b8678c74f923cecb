"""The gazetteer's own points moved to the new map: worked out and told first, then swapped in whole, and undone again.

The gazetteer itself stays as it was delivered. What is kept beside it, for each point, is from where to where it was
moved: that is its stamp, so that no second run and no later delivery of the same old point moves it twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlmodel import Session

from engage.foundation import audit, lake
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Actor, Office
from segments.areas import positions
from segments.areas.ward_points import lying_in
from segments.engine import imported
from segments.positions import links, tiles
from segments.positions.points import ASKED, KEPT, MOVED, NEW, OLD, UNSAID, moved, refuse_elsewhere
from segments.positions.shift import Points, Shift, fit

MOST_TOLD = 500  # homes that change ward and links that cannot be right, by name
ARROWS = 400  # of links on the picture
SCHEMA = pa.schema([
    ("uprn", pa.int64()), ("from_easting", pa.float64()), ("from_northing", pa.float64()), ("easting", pa.float64()),
    ("northing", pa.float64()), ("tile", pa.string()),
])  # fmt: skip


@dataclass(frozen=True)
class Captured:
    """On which map points were captured: as a file says of each UPRN, else old where the property's record began
    before `until`. Of what neither says, a person is asked."""

    file: Path | None = None
    until: date | None = None

    def of(self, uprns: Sequence[int], started: Sequence[date | None]) -> list[str]:
        if self.file:
            said = _said(self.file)
            return [said.get(uprn, UNSAID) for uprn in uprns]
        if self.until is None:
            return [UNSAID] * len(uprns)
        return [UNSAID if began is None else OLD if began < self.until else NEW for began in started]


def _said(path: Path) -> dict[int, str]:
    found: dict[int, str] = {}
    for line, row in links.table(path, ("uprn", "captured")):
        uprn, said = row["uprn"], row["captured"].lower()
        if not uprn.isdecimal() or len(uprn) > 12:
            raise InputRefused(f"{path.name}, line {line}, column uprn: {uprn[:40]!r} is no UPRN of up to 12 digits.")
        if said not in {OLD, NEW, UNSAID} or found.get(int(uprn), said) != said:
            expected = "old, new or nothing, and one of them for a UPRN"
            raise InputRefused(f"{path.name}, line {line}, column captured: {said[:40]!r}; expected is {expected}.")
        found[int(uprn)] = said
    return found


@dataclass(frozen=True)
class Properties:
    """Every property that has a point: UPRN, where the gazetteer says it is (n by 2), and on which map that is."""

    uprns: npt.NDArray[np.int64]
    at: Points
    known: list[str]


def stage(office: Office, actor: Actor, tile_files: Sequence[Path], captured: Captured) -> Snapshot:
    """Work out and keep, without anything moving yet. The report tells each tile, what becomes of the points, and which
    homes would lie in another ward. InputRefused for bad files; None moves is told, not refused."""
    shifts = [fit(tile) for tile in links.read(tile_files)]
    with office.database.session() as session:
        gazetteer = imported.needed(current(session, actor.authority, "gazetteer"), "gazetteer")
        earlier = positions.moves(session, actor.authority)
        boundaries = current(session, actor.authority, "boundaries")
    stamps = pq.read_table(office.lake.file(earlier)) if earlier else SCHEMA.empty_table()
    properties = _properties(pq.read_table(office.lake.file(gazetteer)), stamps, captured)
    refuse_elsewhere(shifts, properties.at, "the gazetteer")
    to, status = moved(shifts, properties.at, properties.known)
    report = {
        "gazetteer": gazetteer.id, "earlier": earlier.id if earlier else None,
        "tiles": [_tile(shift, properties.at, status) for shift in shifts],
        "points": {word: int((status == word).sum()) for word in (MOVED, KEPT, ASKED)},
        "moved_before": stamps.num_rows, "wards": _across(office, boundaries, properties, to),
    }  # fmt: skip
    return _keep(office, actor, pa.concat_tables([stamps, _stamped(shifts, properties, to, status)]), report)


def _properties(gazetteer: pa.Table, stamps: pa.Table, captured: Captured) -> Properties:
    frame = gazetteer.to_pandas()
    frame = frame[(frame.easting > 0) & (frame.northing > 0)].reset_index(drop=True)
    at = frame[["easting", "northing"]].to_numpy(float)
    began = frame.started if "started" in frame else [None] * len(frame)  # earlier versions did not keep it
    known = np.array(captured.of(frame.uprn.tolist(), [None if pd.isna(day) else day for day in began]), dtype="<U5")
    before = frame[["uprn"]].merge(stamps.to_pandas(), on="uprn", how="left")
    stamped = before.tile.notna().to_numpy()
    known[stamped] = UNSAID  # captured anew since, unless it lies where it was moved from or to
    for east, north in (("from_easting", "from_northing"), ("easting", "northing")):
        near = np.abs(before[[east, north]].to_numpy(float) - at).max(axis=1) < positions.SAME
        known[stamped & near] = NEW
    return Properties(frame.uprn.to_numpy(np.int64), at, known.tolist())


def _tile(shift: Shift, at: Points, status: npt.NDArray[np.str_]) -> dict[str, Any]:
    """Metres, but for counts. Arrows are east, north, how far east, how far north, some of many."""
    here = status[tiles.inside(shift.tile.corner, at)]
    sound = np.flatnonzero(~shift.gross)
    some = sound[:: max(1, len(sound) // ARROWS)]
    middle, most, worst = np.quantile(shift.misses, (0.5, 0.95, 1)) if len(shift.misses) else (None, None, None)
    return {
        "tile": shift.tile.name, "links": len(shift.tile.old), "gross": shift.rows[:MOST_TOLD],
        "judged": shift.surface is not None, "middle": middle, "most": most, "worst": worst,
        "moved": int((here == MOVED).sum()), "asked": int((here == ASKED).sum()),
        "arrows": np.column_stack([shift.tile.old, shift.tile.new - shift.tile.old])[some].round(2).tolist(),
    }  # fmt: skip


def _across(office: Office, boundaries: Snapshot | None, properties: Properties, to: Points) -> dict[str, Any]:
    """Which properties would lie in another ward, by the boundaries here. Their wards and output areas stay those that
    the geography gives by UPRN."""
    if boundaries is None:
        return {"known": False, "count": 0, "changes": []}
    frame = pq.read_table(office.lake.file(boundaries), columns=["ward", "geometry"]).to_pandas()
    shapes = dict(zip(frame.ward, frame.geometry, strict=True))
    change = np.flatnonzero((to != properties.at).any(axis=1))
    pairs = zip(lying_in(properties.at[change], shapes), lying_in(to[change], shapes), strict=True)
    across = [
        {"uprn": int(properties.uprns[place]), "before": before, "after": after}
        for place, (before, after) in zip(change, pairs, strict=True) if before != after
    ]  # fmt: skip
    return {"known": True, "count": len(across), "changes": across[:MOST_TOLD]}


def _stamped(shifts: Sequence[Shift], properties: Properties, to: Points, status: npt.NDArray[np.str_]) -> pa.Table:
    tile = np.full(len(status), "", dtype="<U6")
    for shift in shifts:
        tile[tiles.inside(shift.tile.corner, properties.at)] = shift.tile.name
    made = status == MOVED
    new = to[made].round(2)  # as fine as a gazetteer says it
    cells = (properties.uprns[made], *properties.at[made].T, *new.T, tile[made])
    return pa.table(dict(zip(SCHEMA.names, map(pa.array, cells), strict=True)), schema=SCHEMA)


def _keep(office: Office, actor: Actor, stamps: pa.Table, report: dict[str, Any]) -> Snapshot:
    staged = office.lake.stage()
    pq.write_table(stamps, staged)
    with office.database.session() as session:
        for waiting in _waiting(session, actor.authority):
            waiting.undone_at = office.clock.now()
        return office.lake.commit(
            session, staged, authority=actor.authority, kind=positions.STAGED, as_at=today(office.clock),
            made_at=office.clock.now(), made_by=actor.label, rows=stamps.num_rows, report=report,
        )  # fmt: skip


def _waiting(session: Session, authority: str) -> list[Snapshot]:
    return lake.history(session, authority, positions.STAGED)


def waiting(office: Office, authority: str) -> Snapshot | None:
    """What was worked out and not answered yet."""
    with office.database.session() as session:
        return next(iter(_waiting(session, authority)), None)


def standing(office: Office, authority: str) -> list[Snapshot]:
    """Moves that count, newest first; each holds the points of those before it too."""
    with office.database.session() as session:
        return lake.history(session, authority, positions.KIND)


def swap(office: Office, actor: Actor, staged_id: int) -> Snapshot:
    """Let the points that were worked out count; InputRefused if what they were worked out from has changed since."""
    with office.database.session() as session:
        staged = session.get(Snapshot, staged_id, with_for_update=True)
        if staged is None or (staged.authority, staged.kind) != (actor.authority, positions.STAGED) or staged.undone_at:
            raise NotFound("This move of points is not waiting any more. Give the link files again.")
        gazetteer = current(session, actor.authority, "gazetteer")
        earlier = positions.moves(session, actor.authority)
        here = {"gazetteer": gazetteer and gazetteer.id, "earlier": earlier and earlier.id}
        if any(staged.report[name] != found for name, found in here.items()):
            raise InputRefused(
                "The gazetteer or its points have changed since this was worked out. Give the link files again. "
                "Nothing was changed."
            )
        if not staged.report["points"][MOVED]:
            raise InputRefused("There is no point to move: each was moved before, lies on the new map, or is asked.")
        staged.kind = positions.KIND
        _record(session, office, actor, "move points", staged)
        return staged


def undo(office: Office, actor: Actor, snapshot_id: int) -> Snapshot:
    """Put the points of the newest move back to where they were before it."""
    with office.database.session() as session:
        newest = positions.moves(session, actor.authority)
        if newest is None or newest.id != snapshot_id:
            raise NotFound("Only the newest move of points can be undone.")
        newest.undone_at = office.clock.now()
        _record(session, office, actor, "undo move of points", newest)
        return newest


def _record(session: Session, office: Office, actor: Actor, act: str, snapshot: Snapshot) -> None:
    session.add(snapshot)
    audit.record(
        session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act=act,
        subject=f"snapshot {snapshot.id}", moved=snapshot.report["points"][MOVED],
        tiles=", ".join(tile["tile"] for tile in snapshot.report["tiles"])[:200],
    )  # fmt: skip
