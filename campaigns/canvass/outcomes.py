"""What was found at the door, kept with its home and acted on as what residents say themselves is."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select

from campaigns.canvass import codes, lists
from campaigns.records.lookup import permit
from campaigns.records.models import Message
from campaigns.records.reply import ENGAGE, Reply, ReplyKind
from campaigns.records.visits import CanvassHome, CanvassList, Visit
from campaigns.replies import effects
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office

WORDS: dict[Visit, tuple[str, str]] = {
    Visit.form: ("Answered, took a form", "Atebodd, cymerodd ffurflen"),
    Visit.online: ("Answered, will register online", "Atebodd, bydd yn cofrestru ar-lein"),
    Visit.nobody: ("Nobody in", "Neb gartref"),
    Visit.refused: ("Refused: do not call again", "Gwrthododd: peidiwch â galw eto"),
    Visit.moved: ("Moved away", "Wedi symud"),
    Visit.empty: ("Empty", "Gwag"),
    Visit.not_a_home: ("Not a home", "Ddim yn gartref"),
}
# What Engage settles by itself; whether new people live there, or it is no home, an officer says.
SETTLED = {Visit.form: "kept", Visit.online: "kept", Visit.refused: "stop", Visit.empty: "rests"}
MOST_LINES, LARGEST = 10_000, 2_000_000
SHOWN = 5  # faults of a file that are told
COLUMNS = ("home", "outcome")


@dataclass(frozen=True)
class Noted:
    """What a file that came back did: outcomes that are new or changed, and lines that changed nothing."""

    new: int
    known: int


def at_door(office: Office, actor: Actor, code: str, line: str, outcome: str) -> CanvassHome:
    """As a canvasser notes it, of their own list."""
    with office.database.session() as session:
        listed = lists.of_canvasser(session, office, actor, code)
        home, visit = _home(session, listed, line), _visit(outcome)
        if home.outcome == Visit.refused != visit:
            raise InputRefused("They asked not to be called at again. The elections team can change that")
        _note(session, office, actor, listed, home, visit)
        return home


def by_officer(office: Office, actor: Actor, number: int, line: str, outcome: str) -> CanvassHome:
    """As an officer types it from paper."""
    with office.database.session() as session:
        listed = _of_officer(session, actor, number)
        home = _home(session, listed, line)
        _note(session, office, actor, listed, home, _visit(outcome))
        return home


def by_file(office: Office, actor: Actor, number: int, name: str, content: bytes) -> Noted:
    """A CSV file of `home` (its code) and `outcome`. InputRefused names what is wrong, by line; then nothing changed.
    The same file again changes nothing."""
    rows = list(_rows(name, content))
    with office.database.session() as session:
        listed = _of_officer(session, actor, number)
        held = {home.line: home for home in session.exec(_homes(listed))}
        found, faults = dict[str, Visit](), list[str]()
        for at, row in rows:
            faults += _faults(f"{name}, line {at}", row, held, found)
        if faults:
            more = f"; and {len(faults) - SHOWN:,} more" if len(faults) > SHOWN else ""
            raise InputRefused(f"{'; '.join(faults[:SHOWN])}{more}. Nothing was changed")
        new = sum(_note(session, office, actor, listed, held[line], visit) for line, visit in found.items())
        lists.record(session, office, actor, "import visits", listed, lines=len(rows), new=new)
    return Noted(new, len(rows) - new)


def _of_officer(session: Session, actor: Actor, number: int) -> CanvassList:
    permit(session, actor, Right.import_data)
    listed = lists.find(session, actor, number, lock=True)
    if listed.forgotten_at:
        raise InputRefused("The homes of this list are no longer kept, so nothing can be noted of them")
    return listed


def _homes(listed: CanvassList):  # type: ignore[no-untyped-def]  # noqa: ANN202  # SelectOfScalar is not public
    return select(CanvassHome).where(CanvassHome.list_id == listed.id).order_by(col(CanvassHome.place))


def _home(session: Session, listed: CanvassList, line: str) -> CanvassHome:
    query = _homes(listed).where(CanvassHome.line == codes.plain(line)).with_for_update()
    home: CanvassHome | None = session.exec(query).first()
    if home is None:
        raise NotFound("No home of this list has this code. Check its four letters")
    return home


def _visit(outcome: str) -> Visit:
    if outcome not in list(Visit):
        raise InputRefused("Select what was found")
    return Visit(outcome)


def _rows(name: str, content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """With their lines. Commas, semicolons or tabs; lines without an outcome say nothing."""
    if len(content) > LARGEST:
        raise InputRefused(f"{name} is larger than {LARGEST // 1_000_000} MB: expected the outcomes of one list")
    text = _decoded(content)
    header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    names = {(title or "").strip().casefold(): title for title in reader.fieldnames or ()}
    if missing := [column for column in COLUMNS if column not in names]:
        held = ", ".join(filter(None, names)) or "nothing"
        raise InputRefused(
            f"{name}, line 1 has the columns {held[:100]}: expected {' and '.join(missing)}. Nothing was changed"
        )
    try:
        for row in reader:
            given = {column: (row[names[column]] or "").strip() for column in COLUMNS}
            if given["outcome"]:
                yield reader.line_num, given
            if reader.line_num > MOST_LINES:
                raise InputRefused(f"{name} has more than {MOST_LINES:,} lines: expected the outcomes of one list")
    except csv.Error:
        raise InputRefused(f"{name}, line {reader.line_num} is no line of a CSV file. Nothing was changed") from None


def _decoded(content: bytes) -> str:
    """As spreadsheets save it; only codes and our own words matter."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def read_outcome(typed: str) -> Visit | None:
    """By its word, or as the list says it, in either language; by letter of the printed column, too."""
    plain = " ".join(typed.casefold().split())
    known = {word.casefold(): visit for visit, said in WORDS.items() for word in (visit.value, *said)}
    return known.get(plain) or dict(zip("abcdefg", Visit, strict=True)).get(plain)


def _faults(
    where: str, row: Mapping[str, str], held: Mapping[str, CanvassHome], found: dict[str, Visit]
) -> Iterator[str]:
    """And keeps in `found` what is sound."""
    line, visit = codes.plain(row["home"]), read_outcome(row["outcome"])
    if line not in held:
        yield f"{where}, column home is {row['home'][:12]!r}: expected the code of a home of this list"
    if visit is None:
        expected = ", ".join(words for words, _ in WORDS.values())
        yield f"{where}, column outcome is {row['outcome'][:40]!r}: expected one of {expected}"
    elif found.get(line, visit) != visit:
        yield f"{where}, column outcome is {row['outcome'][:40]!r}, but an earlier line has {found[line].value!r}"
    elif line in held:
        found[line] = visit


# What it does


def _note(session: Session, office: Office, actor: Actor, listed: CanvassList, home: CanvassHome, visit: Visit) -> bool:
    """Whether it is new: noted twice, it changes nothing."""
    if home.outcome == visit:
        return False
    home.outcome, home.noted_at, home.noted_by = visit.value, office.clock.now(), actor.label
    session.add(home)
    dropped = _answer(session, office, listed, home, visit)
    lists.record(session, office, actor, "note visit", listed, home=home.line, outcome=visit.value, dropped=dropped)
    return True


def _answer(session: Session, office: Office, listed: CanvassList, home: CanvassHome, visit: Visit) -> int:
    """Gives how many queued messages it dropped. Nobody in is no answer, and takes an earlier one back."""
    source = f"{listed.code}{home.line}"
    same = select(Reply).where(
        Reply.authority == listed.authority, Reply.kind == ReplyKind.visit, Reply.source == source
    )
    reply = session.exec(same).first()
    if reply is None and visit == Visit.nobody:
        return 0
    reply = reply or Reply(
        authority=listed.authority, kind=ReplyKind.visit, source=source, uprn=home.uprn,
        message_id=_last_message(session, listed.authority, home.uprn), received_at=office.clock.now(),
    )  # fmt: skip
    reply.meaning = visit.value
    _settle(office, reply, "none" if visit == Visit.nobody else SETTLED.get(visit, ""))
    session.add(reply)
    session.flush()
    return effects.take_effect(session, office, reply)


def _settle(office: Office, reply: Reply, outcome: str) -> None:
    reply.open, reply.outcome = not outcome, outcome
    reply.done_by, reply.done_at = (ENGAGE, office.clock.now()) if outcome else ("", None)


def _last_message(session: Session, authority: str, uprn: int) -> int | None:
    query = select(Message.id).where(
        Message.authority == authority, Message.uprn == uprn, col(Message.sent_at).is_not(None)
    )
    return session.exec(query.order_by(col(Message.id).desc()).limit(1)).first()
