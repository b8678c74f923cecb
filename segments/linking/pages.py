"""The officers' pages of addresses that only a person can tie to a home, one at a time."""

import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from litestar import Response, Router, get, post
from litestar.params import FromQuery
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.errors import InputRefused
from engage.foundation.files import cells
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.handlers import Asked, ByActor, Form, InOffice, WithForm, notify, redirect, render, requires
from engage.foundation.words import plural
from segments.linking import review, street
from segments.linking.review import Home, Question, Queue, Verdict

CSV = "text/csv; charset=utf-8"
ON_A_PAGE = 50
COLUMNS = ("line", "UPRN", "postcode", "postcode of the UPRN", "reason", "result")
WORD, UPRN = re.compile(r"\S+"), re.compile(r"[0-9]{1,12}")
KEYS_OFF = "review_keys_off"


@dataclass(frozen=True)
class Shown:
    """A home as the page compares it: its address in pieces, each with whether the register has it too."""

    home: Home
    pieces: list[tuple[str, bool]]
    added: str  # words the register does not have
    missing: str  # words only the register has


@get("/data/review", sync_to_thread=True)
def ask(request: Asked, office: InOffice, actor: ByActor, n: FromQuery[int | None] = None) -> Template:
    """`n` is the place in the list; without it, the first that waits."""
    queue, question = review.show(office, actor, n)
    if question is None:
        return _done(office, actor, queue)
    return _page(request, queue, question, Form({"choice": _chosen(question)}))


@post("/data/review", sync_to_thread=True)
def answer(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    choice = form.require("choice", "Select the home, or that it is none of these, or that you cannot tell")
    if form.valid:
        with form.blaming("choice"):
            verdict, uprn = (Verdict.accept, int(choice)) if UPRN.fullmatch(choice) else (choice, None)
            number = review.give(office, actor, form.text("key"), verdict, uprn).number
            if form.text("onward") == "street":
                return redirect(f"/data/review/street?n={number}")
            return _onward(request, office, actor, number)
    queue = review.queue(office, actor.authority)
    question = next((each for each in queue.questions if each.key == form.text("key")), None)
    if question is None:
        notify(request, "That address is no longer asked about: the register was linked again.", success=False)
        return redirect("/data/review")
    return _page(request, queue, question, form)


@post("/data/review/keys", sync_to_thread=False)
def keys(request: Asked, form: WithForm) -> Redirect:
    """Single keys can be turned off and on (WCAG 2.1.4), for as long as this person is signed in."""
    request.session[KEYS_OFF] = form.text("keys") == "off"
    number = form.text("number")
    return redirect(f"/data/review?n={number}#question" if UPRN.fullmatch(number) else "/data/review")


@get("/data/review/answers", sync_to_thread=True)
def answers(office: InOffice, actor: ByActor, page: FromQuery[int] = 1) -> Template:
    found = review.shown_answers(office, actor)
    last = max(1, -(-len(found) // ON_A_PAGE))
    page = min(max(page, 1), last)
    shown = found[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    return render(
        "segments/linking/review_answers.html", answers=shown, page=page, last=last, count=len(found),
        together=_together(found),
    )  # fmt: skip


@get("/data/review/street", sync_to_thread=True)
def street_of(request: Asked, office: InOffice, actor: ByActor, n: FromQuery[int]) -> Template | Redirect:
    """What the answer to address `n` would do to the others of its street or building."""
    found = street.look(office, actor, n)
    if found.question.waits:
        return redirect(f"/data/review?n={n}#question")
    if not found.told and not found.left_out:
        notify(request, "No other address that waits is of this street or building.", success=False)
        return _onward(request, office, actor, n)
    return render("segments/linking/review_street.html", outlook=found, answer=_said(found.question))


@post("/data/review/street", sync_to_thread=True)
def answer_street(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Redirect:
    try:
        found = street.follow(office, actor, form.text("key"), form.text("seal"))
    except InputRefused as refused:
        notify(request, str(refused), success=False)
        number = form.text("number")
        return redirect(f"/data/review/street?n={number}" if UPRN.fullmatch(number) else "/data/review")
    given = plural(len(found.told), "more address was", "more addresses were")
    notify(request, f"{given} answered. Answers given takes them back together.")
    return _onward(request, office, actor, found.question.number)


@post("/data/review/street/undo", sync_to_thread=True)
def undo_street(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Redirect:
    taken = street.take_back(office, actor, form.text("key"))
    words = plural(taken, "answer was", "answers were")
    notify(request, f"{words} taken back: these addresses wait again." if taken else "No answer was left to take back.")
    return redirect("/data/review/answers")


@get("/data/review/contradictions.csv", sync_to_thread=True)
def contradictions(office: InOffice, actor: ByActor) -> Response[bytes]:
    table = cells.written(COLUMNS, review.contradictions(office, actor), ends="\r\n")
    disposition = f'attachment; filename="contradicted-uprns-{actor.authority}.csv"'
    # The mark makes Excel read UTF-8.
    return Response(table.encode("utf-8-sig"), media_type=CSV, headers={"Content-Disposition": disposition})


def _page(request: Asked, queue: Queue, question: Question, form: Form) -> Template:
    following = queue.next_after(question.number)
    return render(
        "segments/linking/review.html", status_code=422 if form.errors else 200, form=form, question=question,
        homes=[_compared(question, home) for home in question.homes], count=len(queue.questions),
        answered=len(queue.questions) - len(queue.waiting), linked=_report(queue),
        alike=len(street.neighbours(queue, question)),
        later=following.number if following and following.number != question.number else None,
        keys=not request.session.get(KEYS_OFF, False),
    )  # fmt: skip


def _done(office: Office, actor: Actor, queue: Queue) -> Template:
    return render(
        "segments/linking/review_done.html", count=len(queue.questions), linked=_report(queue),
        behind=review.homes_are_behind(office, actor.authority),
    )  # fmt: skip


def _onward(request: Asked, office: Office, actor: Actor, number: int) -> Redirect:
    following = review.queue(office, actor.authority).next_after(number)
    if following:
        # The fragment lets the keyboard and the screen reader start at the address, not at the menu again.
        return redirect(f"/data/review?n={following.number}#question")
    notify(request, "Every address is answered.")
    return redirect("/data/review")


def _chosen(question: Question) -> str:
    if question.answer is None or question.waits:
        return ""
    return str(question.answer.uprn) if question.answer.verdict == Verdict.accept else question.answer.verdict


def _together(found: list[Question]) -> list[tuple[str, str, int]]:
    """Each address whose answer others followed, by its key, with how many did."""
    written = {each.key: each.address for each in found}
    counts = Counter(each.answer.follows for each in found if each.answer and each.answer.follows)
    return [(key, written.get(key, "an address no longer asked about"), count) for key, count in counts.items()]


def _said(question: Question) -> str:
    """The home that was chosen, as the gazetteer writes it; empty where none was."""
    uprn = question.answer.uprn if question.answer else None
    return next((home.address for home in question.homes if home.uprn == uprn), "")


def _report(queue: Queue) -> dict[str, Any]:
    return queue.electors.report if queue.electors else {}


def _compared(question: Question, home: Home) -> Shown:
    said = WORD.findall(f"{question.address}, {question.postcode}" if question.postcode else question.address)
    words = WORD.findall(home.address)
    steps = SequenceMatcher(None, _plain(said), _plain(words), autojunk=False).get_opcodes()
    pieces = [(" ".join(words[c:d]), step == "equal") for step, _, _, c, d in steps if d > c]
    added = [" ".join(words[c:d]).strip(" ,") for step, _, _, c, d in steps if step != "equal"]
    missing = [" ".join(said[a:b]).strip(" ,") for step, a, b, _, _ in steps if step != "equal"]
    return Shown(home, pieces, ", ".join(filter(None, added)), ", ".join(filter(None, missing)))


def _plain(words: list[str]) -> list[str]:
    return [re.sub(r"[^0-9a-z]", "", word.casefold()) for word in words]


_PAGES = [ask, answer, keys, answers, street_of, answer_street, undo_street, contradictions]
routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=_PAGES, guards=[requires(Right.import_data)], include_in_schema=False)
]
