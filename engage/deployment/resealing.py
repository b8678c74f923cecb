"""What earlier versions encrypted with the master key itself, so that nothing could be forgotten of a copy, encrypted
anew by keys that are destroyed in time; and the fingerprints that those versions did not keep."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.records.models import MESSAGES, Campaign
from campaigns.records.reply import Reply, sealer_of
from engage.foundation import audit, data_keys
from engage.foundation.data_keys import HASHING, Sealer, fingerprint
from engage.foundation.errors import SettingsInvalid
from engage.foundation.identity import Authority
from engage.foundation.lake import HASHED, Snapshot, SnapshotKey
from engage.foundation.office import Office
from engage.foundation.privacy import Keys
from engage.foundation.words import plural
from segments.safeguards import forgetting, sealed_columns

EARLIER = "gAAAA"  # how a Fernet token begins; one of a data key begins with that key's id
AT_ONCE = 2_000
TOLD = (
    "Encrypted anew, each by a key of its own that is destroyed when its time is over: {what}. Backups made before "
    "this version can be read with the old keys alone: destroy those that you need no more."
)
LOST = (
    "{what} (number {number}) could be read by none of the keys that stand here: its contacts were removed, and its "
    "figures stay."
)


def put_right(office: Office) -> list[str]:
    """Of every authority, any number of times; what a crash left is done the next time."""
    _establish(office)
    with office.database.session() as session:
        query = select(Snapshot).where(col(Snapshot.kind).in_(sealed_columns.CONTACTS)).order_by(col(Snapshot.id))
        snapshots = list(session.exec(query))
    done: dict[str, Counter[str]] = {}
    lost: list[str] = []
    for snapshot in snapshots:
        lost += _snapshot(office, snapshot, done.setdefault(snapshot.authority, Counter()))
    for authority, found in _in_database(office):
        done.setdefault(authority, Counter()).update(found)
    told = [_record(office, authority, +counts) for authority, counts in done.items() if +counts]
    if told or lost:
        office.database.vacuum()
    return [*lost, *told]


def demand_right_keys(office: Office) -> None:
    """Before anything changes, the shape of the database included. What an earlier version left has no fingerprint, but
    contacts of which the hash is known."""
    office.open_keys()
    if data_keys.has_table(office.database, "message") and data_keys.read(office.database, HASHING) is None:
        for sample in _samples(office):
            _demand_right(office.keys, sample)
        _demand_homes_known(office)


def _establish(office: Office) -> None:
    """Once: later each opening is held against it."""
    if data_keys.read(office.database, HASHING) is None:
        with office.database.session() as session:
            data_keys.establish(session, office.keys, office.clock.now())
        office.open_keys()  # with those of the database now
    with office.database.session() as session:
        known = set(session.exec(select(SnapshotKey.snapshot_id)))
        made_before = set(session.exec(select(Snapshot.id).where(col(Snapshot.kind).in_(HASHED)))) - known
        ours = office.keys.fingerprint
        session.add_all(SnapshotKey(snapshot_id=number, hashed_by=ours) for number in made_before if number)


@dataclass(frozen=True)
class Sample:
    """A contact as an earlier version kept it: that tells both whether a key opens and whether it hashes."""

    channel: str
    contact: str
    token: str


CLOSED = sa.text("SELECT key FROM suppression WHERE scope = 'household'")
FILES = sa.text("SELECT path FROM snapshot WHERE kind = :kind AND undone_at IS NULL ORDER BY id")
KNOWN = "SELECT count(*) FROM read_parquet($homes) WHERE {hash} IN (SELECT unnest($closed))"


def _demand_homes_known(office: Office) -> None:
    """Where no contact tells, the homes of the gazetteer do that are closed or protected: refused where another of the
    keys that stand here knows some and the last knows none."""
    with office.database.reading() as session:
        closed = set(session.execute(CLOSED).scalars())
        files = {
            kind: [office.lake.root / path for path in session.execute(FILES, {"kind": kind}).scalars()]
            for kind in ("gazetteer", "protected")
        }
    homes = [str(path) for path in files["gazetteer"] if path.exists()]
    for path in filter(Path.exists, files["protected"]):
        closed |= set(pq.read_table(path, columns=["address"])["address"].to_pylist())
    *others, last = office.keys.masters.keys
    if not others or not homes or not closed or _known(last, homes, closed):
        return
    if made := [key for key in others if _known(key, homes, closed)]:
        raise SettingsInvalid(_order(made[-1], last))


def _known(master: str, homes: list[str], closed: Collection[str]) -> int:
    query = KNOWN.format(hash=Keys([master]).hash_sql("'uprn' || chr(31) || uprn::varchar"))
    with duckdb.connect() as lake:
        found = lake.execute(query, {"homes": homes, "closed": sorted(closed)}).fetchall()
    return int(found[0][0])


LISTS = sa.text("SELECT authority, path FROM snapshot WHERE kind = 'contacts' ORDER BY id")
SENT = sa.text(
    "SELECT channel, contact, recipient FROM message WHERE recipient LIKE :earlier AND contact <> '' LIMIT 1"
)


def _samples(office: Office) -> Iterator[Sample]:
    """By the columns that every version had. Of each authority's newest list, and of the ledger."""
    with office.database.reading() as session:
        lists = [(row.authority, office.lake.root / row.path) for row in session.execute(LISTS)]
        row = session.execute(SENT, {"earlier": f"{EARLIER}%"}).first()
    for path in {authority: path for authority, path in lists if path.exists()}.values():
        yield from _sample(path)
    if row:
        yield Sample(*row)


def _sample(path: Path) -> Iterator[Sample]:
    with pq.ParquetFile(path) as file:
        for part in range(file.num_row_groups):
            rows = file.read_row_group(part, ["channel", "contact", "value"], use_threads=False)
            kept = rows.filter(pc.starts_with(rows["value"], EARLIER)).slice(0, 1).to_pylist()
            if kept:
                yield Sample(kept[0]["channel"], kept[0]["contact"], kept[0]["value"])
                return


def _demand_right(keys: Keys, sample: Sample) -> None:
    if not keys.readable(sample.token):
        raise SettingsInvalid(
            "The contacts here were encrypted with another key than those that stand now "
            f"({', '.join(keys.masters.fingerprints)}; engage keys list gives the fingerprints of keys). Put that key "
            "back, after the newer ones; nothing was opened and nothing was changed."
        )
    value = keys.decrypt(sample.token)
    if keys.contact(sample.channel, value) == sample.contact:
        return
    made = [key for key in keys.masters.keys if Keys([key]).contact(sample.channel, value) == sample.contact]
    raise SettingsInvalid(_order(made[0] if made else "", keys.masters.keys[-1]))


def _order(meant: str, last: str) -> str:
    made = f"the key {fingerprint(meant)}" if meant else "another key"
    return (
        f"The hashes here were made with {made}, but {fingerprint(last)} stands last: opt-outs and protected addresses "
        f"would not be known again. Put {made} last; nothing was changed."
    )


def _snapshot(office: Office, snapshot: Snapshot, done: Counter[str]) -> list[str]:
    """The key is kept before the file changes, so that a crash leaves nothing that no key opens."""
    kind = snapshot.kind
    token = _first(office, snapshot)
    if not token.startswith(EARLIER):
        return []
    if not office.keys.readable(token):
        forgetting.forget(office, snapshot)
        return [LOST.format(what=f"The {kind} of {snapshot.as_at.isoformat()}", number=snapshot.id)]
    with office.database.session() as session:
        sealer = data_keys.of(
            session, office.keys, office.clock.now(), purpose=kind, authority=snapshot.authority,
            subject=str(snapshot.id),
        )  # fmt: skip
    sealed_columns.replace(office.lake, snapshot, sealed_columns.sealed_anew(kind, office.keys, sealer))
    done[kind] += 1
    return []


def _first(office: Office, snapshot: Snapshot) -> str:
    """As a file is put in place whole, its first contact tells of all."""
    path, values = office.lake.file(snapshot), [value for _, value in sealed_columns.CONTACTS[snapshot.kind]]
    if not path.exists() or not set(values) <= set(pq.read_schema(path).names):
        return ""
    with pq.ParquetFile(path) as file:
        for part in range(file.num_row_groups):
            rows = file.read_row_group(part, values, use_threads=False)
            for column in rows.columns:
                if kept := column.filter(pc.not_equal(column, "")).slice(0, 1).to_pylist():
                    return str(kept[0])
    return ""


def _in_database(office: Office) -> Iterator[tuple[str, Counter[str]]]:
    with office.database.session() as session:
        campaigns = list(session.exec(select(Campaign).where(col(Campaign.audience_snapshot).is_not(None))))
        authorities = list(session.exec(select(Authority.code)))
    for campaign in campaigns:
        while count := _messages(office, campaign):
            yield campaign.authority, Counter(messages=count)
    for authority in authorities:
        while count := _replies(office, authority):
            yield authority, Counter(replies=count)


def _messages(office: Office, campaign: Campaign) -> int:
    earlier = (MESSAGES.c.campaign_id == campaign.id) & MESSAGES.c.recipient.startswith(EARLIER)
    with office.database.erasing() as session:
        rows = session.execute(sa.select(MESSAGES.c.id, MESSAGES.c.recipient).where(earlier).limit(AT_ONCE)).all()
        if not rows:
            return 0
        sealer = data_keys.of(
            session, office.keys, office.clock.now(), purpose="audience", authority=campaign.authority,
            subject=str(campaign.audience_snapshot),
        )  # fmt: skip
        update = sa.update(MESSAGES).where(MESSAGES.c.id == sa.bindparam("of")).values(recipient=sa.bindparam("to"))
        anew = [{"of": number, "to": _anew(office, sealer, token)} for number, token in rows]
        session.connection().execute(update, anew)
        return len(rows)


def _replies(office: Office, authority: str) -> int:
    earlier = col(Reply.words).startswith(EARLIER) | col(Reply.sender).startswith(EARLIER)
    with office.database.erasing() as session:
        rows = list(session.exec(select(Reply).where(Reply.authority == authority, earlier).limit(AT_ONCE)))
        for reply in rows:
            sealer = sealer_of(session, office, authority, reply.received_at)
            reply.words, reply.sender = (_anew(office, sealer, token) for token in (reply.words, reply.sender))
        return len(rows)


def _anew(office: Office, sealer: Sealer, token: str) -> str:
    """Nothing of what no key opens any more."""
    return sealer.seal(office.keys.decrypt(token)) if token and office.keys.readable(token) else ""


def _record(office: Office, authority: str, counts: Counter[str]) -> str:
    with office.database.session() as session:
        _audit(office, session, authority, counts)
    named = {
        "contacts": "imported list", "audience": "audience file", "messages": "message", "replies": "reply",
    }  # fmt: skip
    return TOLD.format(what=", ".join(plural(counts[kind], word) for kind, word in named.items() if counts[kind]))


def _audit(office: Office, session: Session, authority: str, counts: Counter[str]) -> None:
    audit.record(
        session, authority=authority, at=office.clock.now(), actor="command", act="encrypt contacts anew",
        subject="what an earlier version left", **counts,
    )  # fmt: skip
