"""The officers' pages of canvassers' lists: made, given, taken out on paper, and what came back."""

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from campaigns.canvass import homes, lists, outcomes, papers
from campaigns.canvass.lists import Wanted
from campaigns.records.lookup import campaigns
from campaigns.records.visits import Visit
from engage.foundation.clock import today
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.handlers import Asked, ByActor, Form, InOffice, WithForm, notify, redirect, render, requires
from engage.foundation.words import plural
from segments.areas import wards
from segments.audiences import named_rules

Number = FromPath[int]
LANGUAGES = {"en": "English", "cy": "Welsh"}


@get("/canvass", sync_to_thread=True)
def all_lists(office: InOffice, actor: ByActor) -> Template:
    found = lists.every(office, actor)
    with office.database.reading() as session:
        tally = lists.tally(session, [each.id for each in found])
    staff = {each.id: each.name for each in lists.canvassers(office, actor.authority)}
    return render("campaigns/canvass/lists.html", lists=found, tally=tally, staff=staff, today=today(office.clock))


@get("/canvass/new", sync_to_thread=True)
def list_new(office: InOffice, actor: ByActor, homes_of: FromQuery[str] = "") -> Template:
    """`homes_of` is a choice of `_offered`, as another page knows whose homes are meant."""
    form = Form({"homes": homes_of, "size": str(lists.USUAL), "days": "28", "language": "en"})
    return _asked(office, actor, form)


@post("/canvass/new", sync_to_thread=True)
def list_send(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    wanted = _wanted(office, actor, form)
    if wanted:
        with form.blaming("homes"):
            made = lists.make(office, actor, wanted)
            left = "; ".join(f"{count:,} {reason}" for reason, count in made.left_out.items())
            notify(request, f"List made: {plural(made.listed.homes, 'home')}{f'. Left out: {left}' if left else ''}.")
            return redirect(f"/canvass/{made.listed.id}")
    return _asked(office, actor, form)


def _asked(office: Office, actor: Actor, form: Form) -> Template:
    return render(
        "campaigns/canvass/list_new.html", status_code=422 if form.errors else 200, form=form,
        offered=_offered(office, actor), wards=wards.named(office, actor.authority), languages=LANGUAGES,
    )  # fmt: skip


def _offered(office: Office, actor: Actor) -> dict[str, str]:
    """Whose homes a list may hold, by the choice that says so. Groups of a comparison that must wait are not there."""
    found = {
        f"segment {each.id}": f"Segment: {each.name}" for each in named_rules.all_segments(office, actor.authority)
    }
    for campaign in campaigns(office, actor):
        if arms := homes.open_arms(campaign, today(office.clock)):
            found |= {f"group {campaign.id} {arm}": f"{campaign.name}: group “{arm}”" for arm in arms}
            found[f"unreached {campaign.id}"] = f"{campaign.name}: not reached by messages"
    return found


def _wanted(office: Office, actor: Actor, form: Form) -> Wanted | None:
    name = form.require("name", "Enter a name for the list")
    reason = form.require("reason", "Enter why these homes are called at")
    kind, _, which = form.require("homes", "Select which homes").partition(" ")
    number, _, arm = which.partition(" ")
    if form.text("homes") and form.text("homes") not in _offered(office, actor):
        form.fail("homes", "Select which homes. A group whose comparison still runs cannot be called at")
    size = _whole(form, "size", "Homes in a round", lists.SMALLEST, lists.LARGEST)
    days = _whole(form, "days", "Days until it is over", 1, lists.LONGEST_LIFE)
    if len(name) > 120:
        form.fail("name", "The name must be 120 characters or less")
    if form.text("language") not in LANGUAGES:
        form.fail("language", "Select a language")
    if not form.valid:
        return None
    segment, campaign = (int(number), 0) if kind == "segment" else (0, int(number))
    return Wanted(name, reason, segment, campaign, arm, form.text("ward"), size, days, form.text("language"))


def _whole(form: Form, name: str, what: str, low: int, high: int) -> int:
    typed = form.text(name)
    number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 9 else -1
    if not low <= number <= high:
        form.fail(name, f"{what} must be a whole number from {low} to {high}")
    return number


@get("/canvass/{number:int}", sync_to_thread=True)
def one_list(office: InOffice, actor: ByActor, number: Number) -> Template:
    return _one(office, actor, number, Form())


def _one(office: Office, actor: Actor, number: int, form: Form) -> Template:
    with office.database.reading() as session:
        listed = lists.find(session, actor, number)
        tally = lists.tally(session, [listed.id])[number]
    return render(
        "campaigns/canvass/list.html", status_code=422 if form.errors else 200, form=form, listed=listed, tally=tally,
        open=lists.is_open(office, listed), words=outcomes.WORDS, staff=lists.canvassers(office, actor.authority),
        letters=papers.LETTERS,
    )  # fmt: skip


@post("/canvass/{number:int}/give", guards=[requires(Right.plan)], sync_to_thread=True)
def list_give(request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm) -> Template | Redirect:
    chosen = form.text("canvasser")
    with form.blaming("canvasser"):
        lists.give(office, actor, number, int(chosen) if chosen.isascii() and chosen.isdecimal() else None)
        notify(request, "Given. They find it under Your lists." if chosen else "Nobody has this list now.")
    return redirect(f"/canvass/{number}") if form.valid else _one(office, actor, number, form)


@post("/canvass/{number:int}/withdraw", guards=[requires(Right.plan)], sync_to_thread=True)
def list_withdraw(request: Asked, office: InOffice, actor: ByActor, number: Number) -> Redirect:
    lists.withdraw(office, actor, number)
    notify(request, "Withdrawn. Nobody calls from this list any more; what was found stays.")
    return redirect(f"/canvass/{number}")


@post("/canvass/{number:int}/outcome", guards=[requires(Right.import_data)], sync_to_thread=True)
def outcome_send(
    request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm
) -> Template | Redirect:
    line, outcome = form.require("home", "Enter the code of the home"), form.require("outcome", "Select what was found")
    if form.valid:
        with form.blaming("home"):
            home = outcomes.by_officer(office, actor, number, line, outcome)
            notify(request, f"Noted for {home.line}: {outcomes.WORDS[Visit(outcome)][0].lower()}.")
    return redirect(f"/canvass/{number}#typed") if form.valid else _one(office, actor, number, form)


@post("/canvass/{number:int}/file", guards=[requires(Right.import_data)], sync_to_thread=True)
def file_send(request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm) -> Template | Redirect:
    file = form.file("file")
    if file is None:
        form.fail("file", "Select the file that came back")
        return _one(office, actor, number, form)
    with form.blaming("file"):
        name = "".join(letter for letter in file.filename.replace("\\", "/").rpartition("/")[2] if letter.isprintable())
        noted = outcomes.by_file(office, actor, number, name[:60], file.file.read(outcomes.LARGEST + 1))
        known = f" {noted.known:,} had been noted before." if noted.known else ""
        notify(request, f"{plural(noted.new, 'visit')} noted.{known}")
    return redirect(f"/canvass/{number}") if form.valid else _one(office, actor, number, form)


@get("/canvass/{number:int}/list.csv", guards=[requires(Right.plan)], sync_to_thread=True)
def list_csv(office: InOffice, actor: ByActor, number: Number) -> Response[str]:
    return Response(
        papers.as_csv(office, actor, number), media_type="text/csv; charset=utf-8", headers=_named(number, "csv")
    )


@get("/canvass/{number:int}/list.pdf", guards=[requires(Right.plan)], sync_to_thread=True)
def list_pdf(office: InOffice, actor: ByActor, number: Number, walk: FromQuery[int] = 0) -> Response[bytes]:
    """`walk` is the round to print, or all."""
    content = papers.as_pdf(office, actor, number, walk)
    return Response(content, media_type="application/pdf", headers=_named(number, "pdf"))


def _named(number: int, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="canvass-{number}.{ending}"'}


# A canvasser's own


@get("/lists", sync_to_thread=True)
def own_lists(office: InOffice, actor: ByActor) -> Template:
    found = lists.given_to(office, actor)
    with office.database.reading() as session:
        tally = lists.tally(session, [each.id for each in found])
    return render("campaigns/canvass/own_lists.html", lists=found, tally=tally)


@get("/lists/{token:str}", sync_to_thread=True)
def own_list(office: InOffice, actor: ByActor, token: FromPath[str], walk: FromQuery[int] = 1) -> Template:
    with office.database.session() as session:
        listed = lists.of_canvasser(session, office, actor, token)
        lines = lists.lines(office, session, listed, round_=min(max(walk, 1), listed.rounds))
        lists.record(session, office, actor, "read canvass list", listed, homes=len(lines), round=walk)
    return render(
        "campaigns/canvass/own_list.html", listed=listed, lines=lines, walk=walk, words=outcomes.WORDS,
        done=_with_outcome(lines),
    )  # fmt: skip


def _with_outcome(lines: list[lists.Line]) -> int:
    return sum(bool(line.home.outcome) for line in lines)


@get("/lists/{token:str}/{line:str}", sync_to_thread=True)
def door(office: InOffice, actor: ByActor, token: FromPath[str], line: FromPath[str]) -> Template | Redirect:
    return _door(office, actor, token, line, Form())


@post("/lists/{token:str}/{line:str}", sync_to_thread=True)
def door_send(
    request: Asked, office: InOffice, actor: ByActor, token: FromPath[str], line: FromPath[str], form: WithForm
) -> Template | Redirect:
    outcome = form.require("outcome", "Select what you found")
    if form.valid:
        with form.blaming("outcome"):
            home = outcomes.at_door(office, actor, token, line, outcome)
            return _onward(request, office, actor, token, home.round, home.place)
    return _door(office, actor, token, line, form)


def _onward(request: Asked, office: Office, actor: Actor, token: str, walk: int, place: int) -> Redirect:
    """To the next home of the round where nobody has called, else back to the round."""
    with office.database.reading() as session:
        lines = lists.lines(office, session, lists.of_canvasser(session, office, actor, token), round_=walk)
    left = [line.home for line in lines if not line.home.outcome]
    notify(request, "Noted.")
    following = next((home for home in left if home.place > place), next(iter(left), None))
    return redirect(f"/lists/{token}/{following.line}" if following else f"/lists/{token}?walk={walk}")


def _door(office: Office, actor: Actor, token: str, typed: str, form: Form) -> Template | Redirect:
    with office.database.reading() as session:
        listed = lists.of_canvasser(session, office, actor, token)
        found = next((each for each in lists.lines(office, session, listed) if each.home.line == typed.upper()), None)
    if found is None:
        return redirect(f"/lists/{token}")
    return render(
        "campaigns/canvass/door.html", status_code=422 if form.errors else 200, form=form, listed=listed,
        home=found.home, door=found.door, words=outcomes.WORDS,
    )  # fmt: skip


routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[list_new, list_send], guards=[requires(Right.plan)], include_in_schema=False),
    Router("/", route_handlers=[all_lists, one_list], guards=[requires(Right.see_data)], include_in_schema=False),
    Router(
        "/", route_handlers=[list_give, list_withdraw, outcome_send, file_send, list_csv, list_pdf],
        include_in_schema=False,
    ),
    Router(
        "/", route_handlers=[own_lists, own_list, door, door_send], guards=[requires(Right.canvass)],
        include_in_schema=False,
    ),
]  # fmt: skip
