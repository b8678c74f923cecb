"""The contacts of one snapshot forgotten: its key is destroyed, its file holds them no more, and the proof stays."""

from pathlib import Path

from sqlalchemy import event
from sqlmodel import Session, col, select

from engage.foundation import audit, data_keys
from engage.foundation.data_keys import DataKey
from engage.foundation.lake import Snapshot, digest
from engage.foundation.office import Office
from segments.safeguards import sealed_columns


def forget(office: Office, snapshot: Snapshot) -> None:
    """A list goes as a whole and counts no more, an audience keeps its homes. Done again, it changes nothing, so a
    transaction that fails after the file has changed is made good by the next."""
    contacts = sealed_columns.held(office.lake.file(snapshot), snapshot.kind)
    staged = None
    if contacts and snapshot.kind != "contacts":
        staged = sealed_columns.changed(office.lake, snapshot, sealed_columns.forgotten(snapshot.kind))
        office.lake.announce(snapshot.path, staged)
    with office.database.erasing() as session:
        _forget(office, session, session.get_one(Snapshot, snapshot.id), contacts, staged)


def _forget(office: Office, session: Session, snapshot: Snapshot, contacts: int, staged: Path | None) -> None:
    before = _checksum(office, snapshot)
    if snapshot.kind == "contacts":
        file = office.lake.root / snapshot.path
        event.listen(session, "after_commit", lambda _: file.unlink(missing_ok=True), once=True)
        office.lake.unlist(session, snapshot.path)
        snapshot.undone_at = snapshot.undone_at or office.clock.now()
    elif staged:
        office.lake.put(session, snapshot.path, staged)
    keys = destroy_keys(office, session, snapshot)
    proof = {
        "contacts": contacts, "keys": keys, "sha256_before": before,
        "sha256_after": _checksum(office, snapshot) if snapshot.kind != "contacts" else "",
    }  # fmt: skip
    snapshot.report = snapshot.report | {"forgotten": {"at": office.clock.now().isoformat(), **proof}}
    session.add(snapshot)
    audit.record(
        session, authority=snapshot.authority, at=office.clock.now(), actor="retention", act="forget contacts",
        subject=f"{snapshot.kind} {snapshot.id}", **proof,
    )  # fmt: skip


def destroy_keys(office: Office, session: Session, snapshot: Snapshot) -> list[str]:
    """Gives their ids, under which their rows stay without them."""
    query = select(DataKey).where(
        DataKey.purpose == snapshot.kind, DataKey.subject == str(snapshot.id), col(DataKey.destroyed_at).is_(None)
    )
    rows = list(session.exec(query))
    data_keys.destroy(session, office.keys, rows, office.clock.now())
    return [row.id for row in rows]


def _checksum(office: Office, snapshot: Snapshot) -> str:
    file = office.lake.root / snapshot.path
    return digest(file) if file.exists() else ""
