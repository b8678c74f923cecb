"""What pages show of the published figures: always what lies there, never what would have to be worked out first.

Whenever something was imported, undone or launched, or a campaign's window has closed, the figures of that council are
worked out anew in the background, and shown when all of them are complete. Until then pages show the last that were
published and still stand, and say so. What went wrong is tried again at the next round.
"""

import asyncio
import contextlib
import fcntl
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import partial
from hashlib import sha256
from weakref import WeakKeyDictionary

from anyio import to_thread
from litestar import Litestar
from sqlmodel import Session, col, select

from dashboards.published import figures, snapshots
from dashboards.published.figures import Figures
from engage.foundation.clock import london
from engage.foundation.folders import own_folder, writing
from engage.foundation.identity import Authority, line
from engage.foundation.lake import Snapshot, history
from engage.foundation.logs import log_fault
from engage.foundation.office import Office
from engage.foundation.words import day

KIND = "shown"
KEPT = 4  # that an undone import leaves one to go back to
EVERY = 20.0  # seconds between looks at whether anything is to be published
PATIENCE = 0.2  # seconds that a page waits for what is worked out at that moment
BEHIND = (
    "These are the figures as they were published on {day}. Data has come in or was taken back since: new figures are "
    "being worked out and are shown when all of them are complete."
)
UNREADY = "The figures are being worked out. Open this page again in a minute."
Held = tuple[str, int, Figures]
"""The state it was made of, the number of what is kept, and that."""
_HELD: WeakKeyDictionary[Office, dict[str, Held]] = WeakKeyDictionary()


def shown(office: Office, authority: str) -> Figures:
    """The newest figures if they are there, else the last; which are the same object until they change."""
    if found := _at_hand(office, authority, behind=False):
        return found
    office.background.run(f"figures of {authority}", partial(publish, office, authority))
    office.background.wait_for(f"figures of {authority}", PATIENCE)
    return _at_hand(office, authority) or Figures(authority, _name(office, authority), unready=UNREADY)


def _at_hand(office: Office, authority: str, *, behind: bool = True) -> Figures | None:
    with office.database.reading() as session:
        state = _digest(figures.state(session, authority))
        held = _HELD.setdefault(office, {}).get(authority)
        if held and held[0] == state and not held[2].behind:
            return held[2]
        stands = [one for one in _kept(session, authority) if _is_standing(office, session, one)]
    newest = next((one for one in stands if one.source == state), None)
    if newest is None and not behind:
        return None
    return _read(office, authority, state, newest or next(iter(stands), None))


def _read(office: Office, authority: str, state: str, one: Snapshot | None) -> Figures | None:
    if one is None:
        return None
    held = _HELD[office].get(authority)
    if held and held[:2] == (state, one.id):
        return held[2]
    found = snapshots.read(office, one, Figures)
    if one.source != state:
        found = replace(found, behind=BEHIND.format(day=day(london(one.made_at).date())))
    _HELD[office][authority] = state, one.id or 0, found
    return found


def _kept(session: Session, authority: str) -> list[Snapshot]:
    return sorted(history(session, authority, KIND), key=lambda one: one.id or 0, reverse=True)


def _is_standing(office: Office, session: Session, one: Snapshot) -> bool:
    """Nothing it was published from was undone."""
    basis = (session.get(Snapshot, number) for number in one.report["basis"])
    return office.lake.file(one).exists() and not any(snapshots.taken_back(session, each) for each in basis)


def _digest(state: tuple[object, ...]) -> str:
    return sha256(json.dumps(state, default=str).encode()).hexdigest()


def _name(office: Office, authority: str) -> str:
    with office.database.reading() as session:
        return session.get_one(Authority, authority).name


def publish(office: Office, authority: str) -> None:
    """Work out all figures of a council and keep them, unless that is done or under way elsewhere. Until the last line
    is written nothing of it is seen; a crash leaves what was shown before."""
    with _alone(office, authority) as mine:
        if not mine or _at_hand(office, authority, behind=False):
            return
        with office.database.reading() as session:
            state = figures.state(session, authority)
        made = figures.published(office, authority)
        with office.database.session() as session:
            if figures.state(session, authority) == state:  # else what was read came of both: once more
                _keep(office, session, made, _digest(state))


def _keep(office: Office, session: Session, made: Figures, state: str) -> None:
    snapshots.commit(
        office, session, made, authority=made.authority, kind=KIND, name="", as_at=made.as_at, source=state,
        basis=_basis(office, session, made.authority),
    )  # fmt: skip
    for old in _kept(session, made.authority)[KEPT:]:
        office.lake.remove(session, old.path)
        session.delete(old)


def _basis(office: Office, session: Session, authority: str) -> set[int]:
    """All that stands and was published of it: the newest completeness, and each campaign with its course and cost."""
    found: set[int] = set()
    for code in line(session, authority):
        names = {one.name for one in history(session, code, snapshots.KIND)}
        for name in sorted(names if code == authority else names - {snapshots.COMPLETENESS}):
            stands = snapshots.standing(office, session, code, name)
            for one in stands[-1:] if name == snapshots.COMPLETENESS else stands:
                found |= set(one.report["basis"])
    return found


@contextlib.contextmanager
def _alone(office: Office, authority: str) -> Iterator[bool]:
    """The lock is the kernel's, so it ends with the process that holds it, however that ends."""
    with writing(own_folder(office.lake.root / "staging") / f"{authority}.publishing") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def look(office: Office) -> None:
    """Begin what is to be published, of every council."""
    with office.database.reading() as session:
        codes = session.exec(select(Authority.code).order_by(col(Authority.code))).all()
    for code in codes:
        if _at_hand(office, code, behind=False) is None:
            office.background.run(f"figures of {code}", partial(publish, office, code))


async def _keep_looking(office: Office) -> None:
    while True:
        await asyncio.sleep(EVERY)
        try:
            await to_thread.run_sync(look, office)
        except Exception as error:  # noqa: BLE001  # the database is away, or a file damaged: the next look may do
            log_fault(error)


@contextlib.asynccontextmanager
async def publishing(app: Litestar) -> AsyncIterator[None]:
    """While the application runs."""
    task = asyncio.create_task(_keep_looking(app.state.office))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
