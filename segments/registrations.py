"""Who is on a register, home by home: the linked electors of each snapshot, and who joined between two."""

from dataclasses import asdict, fields, replace
from shutil import copyfile

import ibis.expr.types as ir
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from engage.foundation.lake import Snapshot, current, history
from engage.foundation.office import Actor, Office
from segments import engine, linking, review
from segments.linking import Answer, Linked, Written


def linked(office: Office, actor: Actor, session: Session, register: Snapshot) -> Snapshot:
    """The electors of a register tied to homes of the newest gazetteer: made once for each pair of them, and settled
    again, without matching again, when officers have answered since."""
    gazetteer = engine.needed(current(session, actor.authority, "gazetteer"), "gazetteer")
    answers = review.answers(session, actor.authority)
    pair = f"register {register.id} gazetteer {gazetteer.id}"
    source = f"{pair} answers {digest}" if (digest := review.digest(answers)) else pair
    earlier = [
        known
        for known in history(session, actor.authority, "electors", str(register.id))
        if f"{known.source} ".startswith(f"{pair} ")
    ]
    for known in earlier:
        if known.source == source:
            return known
    to = Written(*(office.lake.stage() for _ in fields(Written)))
    settled = next((known for known in earlier if known.report.get("questions_file")), None)
    if settled:
        counts = _settle_again(office, settled, answers, to)
    else:
        counts = linking.link(office.lake.file(register), office.lake.file(gazetteer), office.keys, answers, to)
    report = asdict(counts) | {"answers": digest} | _kept(office, actor, to, settled)
    return office.lake.commit(
        session, to.electors, authority=actor.authority, kind="electors", name=str(register.id), as_at=register.as_at,
        made_at=office.clock.now(), made_by=actor.label, rows=counts.by_uprn + counts.by_address, source=source,
        report=report,
    )  # fmt: skip


def _settle_again(office: Office, settled: Snapshot, answers: list[Answer], to: Written) -> Linked:
    copyfile(office.lake.file(settled), to.electors)
    questions = office.lake.root / settled.report["questions_file"]
    before = Linked(**{each.name: settled.report[each.name] for each in fields(Linked)})
    return linking.settle(before, answers, replace(to, questions=questions))


def _kept(office: Office, actor: Actor, to: Written, settled: Snapshot | None) -> dict[str, str]:
    """Where the questions and contradictions lie; those of an earlier settling serve the later ones too."""
    names = {"questions_file": to.questions, "contradictions_file": to.contradictions}
    if settled:
        return {name: settled.report[name] for name in names}
    return {name: office.lake.adopt(path, actor.authority, "electors") for name, path in names.items()}


def newest(office: Office, actor: Actor, session: Session) -> Snapshot:
    register = engine.needed(current(session, actor.authority, "register"), "register")
    return linked(office, actor, session, register)


def joined(before: ir.Table, after: ir.Table) -> ir.Table:
    """`uprn, gained`: persons on the later register of a home who were nowhere on the earlier one of that home.

    Persons are keyed hashes that survive the renumbering of each December; one who was struck off and one who
    joined at the same home are two persons, so a change of occupants is a gain too.
    """
    new = after.anti_join(before, ["person", "uprn"])
    return new.group_by("uprn").agg(gained=new.person.nunique())


def gained_since(office: Office, authority: str, register_snapshot: int) -> set[int]:
    """UPRNs of homes with somebody on the newest register who was not there on the given one."""
    with office.database.session() as session, engine.connect() as backend:
        return set(_gained(backend, office, Actor(authority, "engage"), session, register_snapshot))


def _gained(backend: Backend, office: Office, actor: Actor, session: Session, register_snapshot: int) -> list[int]:
    earlier = engine.needed(session.get(Snapshot, register_snapshot), "register")
    latest = engine.needed(current(session, actor.authority, "register"), "register")
    if latest.id == earlier.id:
        return []
    before = engine.table(backend, office.lake, linked(office, actor, session, earlier))
    after = engine.table(backend, office.lake, linked(office, actor, session, latest))
    return [int(uprn) for uprn in joined(before, after).uprn.execute()]
