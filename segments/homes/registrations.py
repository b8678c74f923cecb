"""Who is on a register, home by home: the linked electors of each snapshot, and who joined between two."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from shutil import copyfile

from sqlmodel import Session

from engage.foundation.lake import Snapshot, current, history
from engage.foundation.libraries import duckdb
from engage.foundation.office import Actor, Office
from segments.engine import imported
from segments.linking import electors, review
from segments.linking.electors import Answer, Linked, Written


@dataclass(frozen=True)
class Pair:
    """A register, the newest gazetteer and the answers to link them by; `earlier` is what was linked of them before."""

    register: Snapshot
    gazetteer: Snapshot
    postcodes: Snapshot | None
    answers: list[Answer]
    earlier: list[Snapshot]

    @property
    def source(self) -> str:
        return f"{self.name} answers {digest}" if (digest := review.digest(self.answers)) else self.name

    @property
    def name(self) -> str:
        return _name(self.register, self.gazetteer, self.postcodes)

    @property
    def known(self) -> Snapshot | None:
        return next((known for known in self.earlier if known.source == self.source), None)


def linked(office: Office, actor: Actor, session: Session, register: Snapshot) -> Snapshot:
    """The electors of a register tied to homes of the newest gazetteer: made once for each pair of them, and settled
    again, without matching again, when officers have answered since."""
    pair = _pair(session, actor.authority, register)
    return pair.known or _keep(office, actor, session, pair, *_link(office, actor, pair))


def link(office: Office, actor: Actor, register: Snapshot) -> Snapshot:
    """`linked` for a caller without a transaction: matching takes seconds, in which nobody shall wait for its end."""
    with office.database.session() as session:
        pair = _pair(session, actor.authority, register)
    if pair.known:
        return pair.known
    made = _link(office, actor, pair)
    with office.database.session() as session:
        return _keep(office, actor, session, pair, *made)


def _pair(session: Session, authority: str, register: Snapshot) -> Pair:
    gazetteer = imported.needed(current(session, authority, "gazetteer"), "gazetteer")
    postcodes = current(session, authority, "postcodes")
    earlier = [
        known
        for known in history(session, authority, "electors", str(register.id))
        if f"{known.source} ".startswith(f"{_name(register, gazetteer, postcodes)} ")
    ]
    return Pair(register, gazetteer, postcodes, review.answers(session, authority), earlier)


def _name(register: Snapshot, gazetteer: Snapshot, postcodes: Snapshot | None) -> str:
    return f"register {register.id} gazetteer {gazetteer.id}{f'+{postcodes.id}' if postcodes else ''}"


def _link(office: Office, actor: Actor, pair: Pair) -> tuple[Path, Linked, dict[str, str]]:
    """The staged electors, what was counted, and where the questions and contradictions lie."""
    to = Written(*(office.lake.stage() for _ in fields(Written)))
    settled = next((known for known in pair.earlier if known.report.get("questions_file")), None)
    if settled:
        counts = _settle_again(office, settled, pair.answers, to)
    else:
        files = office.lake.file(pair.register), office.lake.file(pair.gazetteer)
        areas = office.lake.file(pair.postcodes) if pair.postcodes else None
        counts = electors.link(*files, office.keys, pair.answers, to, areas)
    return to.electors, counts, _kept(office, actor, to, settled)


def _keep(
    office: Office, actor: Actor, session: Session, pair: Pair, staged: Path, counts: Linked, beside: dict[str, str]
) -> Snapshot:  # fmt: skip
    report = asdict(counts) | {"answers": review.digest(pair.answers)} | beside
    return office.lake.commit(
        session, staged, authority=actor.authority, kind="electors", name=str(pair.register.id),
        as_at=pair.register.as_at, made_at=office.clock.now(), made_by=actor.label,
        rows=counts.by_uprn + counts.by_address, source=pair.source, report=report,
    )  # fmt: skip


def _settle_again(office: Office, settled: Snapshot, answers: list[Answer], to: Written) -> Linked:
    copyfile(office.lake.file(settled), to.electors)
    questions = office.lake.at(settled.report["questions_file"])
    before = Linked(**{each.name: settled.report.get(each.name, 0) for each in fields(Linked)})
    return electors.settle(before, answers, replace(to, questions=questions))


def _kept(office: Office, actor: Actor, to: Written, settled: Snapshot | None) -> dict[str, str]:
    """Where the questions and contradictions lie; those of an earlier settling serve the later ones too."""
    names = {"questions_file": to.questions, "contradictions_file": to.contradictions}
    if settled:
        return {name: settled.report[name] for name in names}
    return {name: office.lake.adopt(path, actor.authority, "electors") for name, path in names.items()}


def strangers(snapshot: Snapshot) -> int:
    """Electors of the register of these homes, or of these linked electors, who belong to another area. A snapshot that
    an earlier version made counts none."""
    return int(snapshot.report.get("strangers", 0))


def scale(snapshot: Snapshot) -> float:
    """What to multiply electors tied to homes by, so that all others but strangers are shared over the homes too."""
    linked = snapshot.report.get("by_uprn", 0) + snapshot.report.get("by_address", 0)
    return float((snapshot.report["electors"] - strangers(snapshot)) / linked) if linked else 1.0


def newest(office: Office, actor: Actor, session: Session) -> Snapshot:
    register = imported.needed(current(session, actor.authority, "register"), "register")
    return linked(office, actor, session, register)


GAINED = """
select uprn, count(distinct person) as gained from read_parquet(?) as later
where not exists (
    from read_parquet(?) as earlier where earlier.person = later.person and earlier.uprn = later.uprn
)
group by uprn
"""


def gained_since(office: Office, authority: str, register_snapshot: int) -> set[int]:
    """UPRNs of homes with somebody on the newest register who was not there on the given one."""
    both = _since(office, authority, register_snapshot)
    return set(_gained(*both)) if both else set()


def changes_since(office: Office, authority: str, register_snapshot: int) -> tuple[dict[int, int], dict[int, int]]:
    """By home, how many of the newest register were not there on the given one, and how many of that are there no
    more."""
    both = _since(office, authority, register_snapshot)
    return (_gained(*both), _gained(*reversed(both))) if both else ({}, {})


def _since(office: Office, authority: str, register_snapshot: int) -> tuple[Path, Path] | None:
    """The electors of the given register and of the newest; None where they are one."""
    with office.database.session() as session:
        earlier = imported.needed(session.get(Snapshot, register_snapshot), "register")
        latest = imported.needed(current(session, authority, "register"), "register")
        if latest.id == earlier.id:
            return None
        actor = Actor(authority, "engage")
        before, after = (office.lake.file(linked(office, actor, session, each)) for each in (earlier, latest))
        return before, after


def _gained(before: Path, after: Path) -> dict[int, int]:
    """By home, the persons on the later register who were nowhere on the earlier one of that home.

    Persons are keyed hashes that survive the renumbering of each December; one who was struck off and one who
    registered under a new number are told apart, and a home that lost one and gained one has gained. Asked of DuckDB
    itself, as a worker asks it while it sends.
    """
    with duckdb.connect() as lake:
        return dict(lake.execute(GAINED, [str(after), str(before)]).fetchall())
