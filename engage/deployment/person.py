"""What is held of one person or home, for a request under data protection law (UK GDPR, articles 15 and 17): found by
contact point, UPRN or address, written down, and erased where the law lets it go. The council's own records hold no
contact and no name, so it is by the home alone that they are found.

Register data is statutory and is not erased here; what stays of an erasure is a suppression, as a keyed hash, so that
nothing is sent again.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.records.lookup import permit
from campaigns.records.models import MESSAGES, Message, MessageState, Receipt, Response
from campaigns.records.reply import Hold, Reply
from campaigns.records.visits import CanvassHome, CanvassList
from campaigns.replies.silence import Closed, silence
from engage.foundation import audit
from engage.foundation.errors import EngageError, InputRefused
from engage.foundation.identity import Right
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Actor, Office
from engage.foundation.privacy import normalised
from segments.importing.datasets import title
from segments.linking.review import LinkAnswer
from segments.records.layouts import CONFIRMS_ONLY
from segments.safeguards import objections, sealed_columns
from segments.safeguards.suppression import Suppression

ON_ITS_WAY = (MessageState.sending, MessageState.unknown)
STATUTORY = "stays: register, address or area data, which the law has the council keep, and figures made of it"
HASHED = "stays: a keyed hash, so that nothing is sent again"
GOES = {*sealed_columns.CONTACTS, *sealed_columns.OF_HOMES, *sealed_columns.OF_ELECTORS}
FIGURES = "stays: that a message was sent, without whom it went to"


@dataclass(frozen=True)
class Sought:
    """Who is looked for: contacts by channel, each as it is written and as its keyed hash, or one home."""

    contacts: dict[str, tuple[str, str]] = field(default_factory=dict)
    uprn: int | None = None
    electors: tuple[str, ...] = ()  # of that home, as keyed hashes: what is held of them without their home

    @property
    def hashes(self) -> list[str]:
        return [contact for _, contact in self.contacts.values()]

    @property
    def values(self) -> list[str]:
        return [value for value, _ in self.contacts.values()]

    @property
    def by(self) -> str:
        return ", ".join([*self.contacts, *(["home"] if self.uprn is not None else [])])


@dataclass(frozen=True)
class Held:
    """What one place holds. `stays` says why an erasure leaves it; empty where it does not."""

    place: str
    rows: list[dict[str, Any]]
    stays: str = ""


def sought(
    office: Office, authority: str, *, email: str = "", mobile: str = "", uprn: str = "", address: str = ""
) -> Sought:
    """InputRefused where nothing is given, or it is no contact, UPRN or address of one home."""
    given = {
        channel: objections.normal(channel, value) for channel, value in (("email", email), ("sms", mobile)) if value
    }
    contacts = {channel: (value, office.keys.contact(channel, value)) for channel, value in given.items()}
    home = objections.uprn(uprn) if uprn else _home(office, authority, address) if address else None
    if not contacts and home is None:
        raise InputRefused("Give an email address, a mobile number, a UPRN or an address")
    return Sought(contacts, home, _electors(office, authority, home) if home is not None else ())


def _electors(office: Office, authority: str, uprn: int) -> tuple[str, ...]:
    with office.database.reading() as session:
        files = [office.lake.file(each) for each in _snapshots(session, authority) if each.kind == "electors"]
    there = [str(file) for file in files if file.exists()]
    if not there:
        return ()
    with duckdb.connect(config={"enable_external_file_cache": False}) as lake:
        found = lake.execute("SELECT DISTINCT person FROM read_parquet(?) WHERE uprn = ?", [there, uprn]).fetchall()
    return tuple(sorted(person for (person,) in found))


def _home(office: Office, authority: str, address: str) -> int:
    with office.database.reading() as session:
        gazetteer = current(session, authority, "gazetteer")
    wanted, found = normalised(address), set[int]()
    if gazetteer:
        with duckdb.connect() as lake:
            rows = lake.execute("SELECT uprn, address FROM read_parquet(?)", [str(office.lake.file(gazetteer))])
            while batch := rows.fetchmany(10_000):
                found |= {uprn for uprn, known in batch if known and normalised(known) == wanted}
    if len(found) != 1:
        many = "is that of several homes" if found else "is not in the gazetteer as it is written"
        raise InputRefused(f"That address {many}. Give it with its postcode as the gazetteer has it, or the UPRN")
    return found.pop()


def find(office: Office, actor: Actor, who: Sought, *, reason: str = "", act: str = "find person") -> list[Held]:
    """In every table and file; reading it is recorded, without saying of whom. Others write meanwhile."""
    why = audit.because(reason)
    with office.database.reading() as session:
        permit(session, actor, Right.answer_requests)
        found = [each for each in _everywhere(office, session, actor.authority, who) if each.rows]
    with office.database.session() as session:
        _record(office, session, actor, act, who, {each.place: len(each.rows) for each in found} | why)
    return found


def _everywhere(office: Office, session: Session, authority: str, who: Sought) -> Iterator[Held]:
    for snapshot in _snapshots(session, authority):
        stays = "" if snapshot.kind in GOES else STATUTORY
        yield Held(_named(snapshot), _in_file(office, snapshot, who), stays)
    for snapshot, lines in _rejected(office, session, authority, who):
        yield Held(f"rejected rows of import {snapshot.id}", [{"line": line} for line in lines])
    messages = list(session.exec(select(Message).where(Message.authority == authority, _theirs(Message, who))))
    ids, references = [each.id for each in messages], [each.reference for each in messages]
    said = session.exec(select(Response).where(col(Response.message_id).in_(ids)))
    heard = session.exec(select(Receipt).where(col(Receipt.reference).in_(references)))
    replies = list(session.exec(select(Reply).where(Reply.authority == authority, _theirs(Reply, who))))
    holds = session.exec(select(Hold).where(Hold.authority == authority, _theirs(Hold, who)))
    yield Held("messages", [_readable(office, each) for each in messages], FIGURES)
    yield Held("receipts", [_readable(office, each) for each in heard], FIGURES)
    yield Held("answers by link or text", [_readable(office, each) for each in said], FIGURES)
    yield Held("replies", [_readable(office, each) for each in replies])
    yield Held(
        "homes and contacts that wait for a reply to be read", [_readable(office, each) for each in holds], HASHED
    )
    yield Held(
        "suppressions", [_readable(office, each) for each in _suppressions(office, session, authority, who)], HASHED
    )
    called = session.exec(select(CanvassHome).join(CanvassList, col(CanvassList.id) == CanvassHome.list_id).where(
        CanvassList.authority == authority, CanvassHome.uprn == who.uprn))  # fmt: skip
    yield Held("canvassers' lists", [_readable(office, each) for each in called] if who.uprn is not None else [])
    answers = session.exec(select(LinkAnswer).where(LinkAnswer.authority == authority, LinkAnswer.uprn == who.uprn))
    yield Held("officers' answers about addresses", [_readable(office, a) for a in answers if a.uprn], STATUTORY)


def _snapshots(session: Session, authority: str) -> list[Snapshot]:
    return list(session.exec(select(Snapshot).where(Snapshot.authority == authority).order_by(col(Snapshot.id))))


def _named(snapshot: Snapshot) -> str:
    return f"{title(snapshot.kind, snapshot.name if snapshot.kind == 'indicator' else '')} (snapshot {snapshot.id})"


def _theirs(table: Any, who: Sought) -> sa.ColumnElement[bool]:
    theirs: sa.ColumnElement[bool] = table.contact.in_(who.hashes)
    return theirs if who.uprn is None else theirs | (table.uprn == who.uprn)


def _suppressions(office: Office, session: Session, authority: str, who: Sought) -> list[Suppression]:
    keys = [*who.hashes, *([office.keys.uprn(who.uprn)] if who.uprn is not None else [])]
    return list(
        session.exec(select(Suppression).where(Suppression.authority == authority, col(Suppression.key).in_(keys)))
    )


def _in_file(office: Office, snapshot: Snapshot, who: Sought) -> list[dict[str, Any]]:
    path = office.lake.file(snapshot)
    if path.suffix != ".parquet" or not path.exists():
        return []
    names = pq.read_schema(path).names
    hashed = [name for name, _ in sealed_columns.CONTACTS.get(snapshot.kind, ()) if name in names]
    asked = [f"{name} IN (SELECT unnest($hashes))" for name in hashed]
    home = sealed_columns.OF_HOMES.get(snapshot.kind, "uprn")
    if who.uprn is not None and home in names:
        asked.append(f"{home} = $uprn")
    elif who.electors and snapshot.kind in sealed_columns.OF_ELECTORS:
        asked.append("person IN (SELECT unnest($electors))")
    if not asked:
        return []
    with duckdb.connect(config={"enable_external_file_cache": False}) as lake:
        given: dict[str, Any] = {"path": str(path)} | ({"hashes": who.hashes} if hashed else {})
        given |= {"uprn": who.uprn} if asked[-1].endswith("$uprn") else {}
        given |= {"electors": list(who.electors)} if "$electors" in asked[-1] else {}
        query = f"SELECT * FROM read_parquet($path) WHERE {' OR '.join(asked)}"  # noqa: S608  # our own column names
        rows = lake.execute(query, given).to_arrow_table()
    if snapshot.kind in sealed_columns.OF_HOMES and snapshot.name in CONFIRMS_ONLY:
        rows = rows.drop_columns(["ref"])  # it would say which list this is, and that tells somebody's health
    return [_opened(office, row) for row in rows.to_pylist()]


def _readable(office: Office, row: Any) -> dict[str, Any]:
    return _opened(office, row.model_dump())


SEALED = ("value", "email_value", "sms_value", "recipient", "sender", "words")


def _opened(office: Office, row: dict[str, Any]) -> dict[str, Any]:
    return {name: _said(office, cell) if name in SEALED and cell else cell for name, cell in row.items()}


def _said(office: Office, token: str) -> str:
    try:
        return office.keys.decrypt(token)
    except EngageError:
        return "(forgotten)"


def _rejected(office: Office, session: Session, authority: str, who: Sought) -> Iterator[tuple[Snapshot, list[str]]]:
    """Rows that could not be used, as they stood in a file."""
    sought_for = [value.casefold() for value in who.values] + [f"0{v[2:]}" for v in who.values if v.startswith("44")]
    sought_for += [str(who.uprn)] if who.uprn is not None else []
    for snapshot in _snapshots(session, authority):
        file = office.lake.at(str(snapshot.report.get("rejects_file") or "-"))
        if file.is_file():
            with file.open(encoding="utf-8", errors="replace") as lines:
                theirs = [line.strip() for line in lines if any(each in _plain(line) for each in sought_for)]
            if theirs:
                yield snapshot, theirs


def _plain(line: str) -> str:
    return line.casefold().replace(" ", "")


def export(office: Office, actor: Actor, who: Sought, *, reason: str = "") -> str:
    """All of it as JSON that a person can read."""
    found = find(office, actor, who, reason=reason, act="export person")
    written = {"asked_by": who.by, "on": office.clock.now().isoformat(), "held": [asdict(each) for each in found]}
    return json.dumps(written, indent=2, ensure_ascii=False, default=str)


def write(content: str, to: Path) -> None:
    """For its owner alone, and over nothing."""
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)


@dataclass(frozen=True)
class Erased:
    gone: dict[str, int]  # rows, by place
    stays: dict[str, str]  # why, by place
    on_their_way: int  # messages that GOV.UK Notify may have; their contact is needed until that is known


def erase(office: Office, actor: Actor, who: Sought, reason: str) -> Erased:
    """Closed first, so that nothing leaves meanwhile; then gone from the database and from every file. Done again, it
    erases what is left."""
    _demand_reason(reason)
    held = find(office, actor, who, reason=reason)
    gone = {each.place: len(each.rows) for each in held if not each.stays}
    with office.database.erasing() as session:
        permit(session, actor, Right.answer_requests)
        _close(office, session, actor.authority, who)
        on_their_way = _forget_rows(session, actor.authority, who)
        _remove_rejected(office, session, actor.authority, who)
        counts = {"on_their_way": on_their_way, "reason": reason, **gone}
        _record(office, session, actor, "erase person", who, counts)
        snapshots = _snapshots(session, actor.authority)
    for snapshot in snapshots:
        if gone.get(_named(snapshot)):
            _forget_in_file(office, snapshot, who)
    office.database.vacuum()
    return Erased(gone, {each.place: each.stays for each in held if each.stays}, on_their_way)


def sentences(erased: Erased) -> list[str]:
    told = [f"Erased: {count:,} in {place}." for place, count in erased.gone.items()] or ["There was nothing to erase."]
    told += [f"{place}: {why}." for place, why in erased.stays.items()]
    if erased.on_their_way:
        waits = "their contact stays until that is known. Erase again then"
        told.append(f"Messages that GOV.UK Notify may have: {erased.on_their_way:,}; {waits}.")
    return [*told, "Nothing will be sent to them again."]


def _demand_reason(reason: str) -> None:
    if not audit.because(reason):
        raise InputRefused("Enter why, such as the number of the request")


def _close(office: Office, session: Session, authority: str, who: Sought) -> None:
    homes = (who.uprn,) if who.uprn is not None else ()
    for channel, (_, contact) in who.contacts.items():
        silence(session, office, Closed(authority, contact, channel), "erased at their request", "erasure")
    if homes:
        silence(session, office, Closed(authority, homes=homes), "erased at their request", "erasure")


def _forget_rows(session: Session, authority: str, who: Sought) -> int:
    """Gives how many messages are on their way."""
    session.flush()
    theirs = (MESSAGES.c.authority == authority) & _theirs(MESSAGES.c, who)
    away = MESSAGES.c.state.in_([state.value for state in ON_ITS_WAY])
    session.execute(sa.update(MESSAGES).where(theirs, ~away).values(recipient="", contact=""))
    replies = (col(Reply.authority) == authority) & _theirs(Reply, who)
    session.execute(sa.update(Reply).where(replies).values(words="", sender="", contact=""))
    lists = sa.select(col(CanvassList.id)).where(col(CanvassList.authority) == authority)
    called = (col(CanvassHome.uprn) == who.uprn) & col(CanvassHome.list_id).in_(lists)
    session.execute(sa.delete(CanvassHome).where(called))
    return int(session.execute(sa.select(sa.func.count()).select_from(MESSAGES).where(theirs, away)).scalar_one())


def _remove_rejected(office: Office, session: Session, authority: str, who: Sought) -> None:
    """The whole file: its other rows are of no more use than to correct the list by."""
    for snapshot, _ in list(_rejected(office, session, authority, who)):
        office.lake.remove(session, snapshot.report["rejects_file"])
        snapshot.report = snapshot.report | {"rejects_file": ""}
        session.add(snapshot)


def _forget_in_file(office: Office, snapshot: Snapshot, who: Sought) -> None:
    """Outside any transaction, as a file of a million takes its time."""
    file = office.lake.file(snapshot)
    sealed_columns.replace(
        office.lake, snapshot, sealed_columns.without(snapshot.kind, who.hashes, who.uprn, who.electors)
    )
    if snapshot.kind != "audience":
        with office.database.session() as session:
            session.get_one(Snapshot, snapshot.id).rows = pq.read_metadata(file).num_rows


def _record(office: Office, session: Session, actor: Actor, act: str, who: Sought, counts: dict[str, Any]) -> None:
    audit.record(
        session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act=act, subject=f"by {who.by}",
        **{re.sub(r"\W+", "_", place): count for place, count in counts.items()},
    )  # fmt: skip
