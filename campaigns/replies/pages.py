"""The pages a resident reaches by the link in a message: what it is, and one page for each thing that can be said.

Nobody here has a session, so no CSRF token: an act is protected by the secret in its address, which another website
cannot know. Looking changes nothing, as mail scanners open links; mail programs unsubscribe by an empty POST, which is
answered by a page and no redirect (RFC 8058).
"""

from typing import Any

from litestar import Router, get, post
from litestar.params import FromPath
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from campaigns.messages.wording import source_of
from campaigns.records.reply import Said
from campaigns.replies import residents
from campaigns.replies.residents import Help
from engage.foundation.errors import NotFound
from engage.foundation.languages import spoken
from engage.foundation.languages.catalogue import marked
from engage.foundation.office import Office
from engage.foundation.web.bodies import CALLBACK, taking
from engage.foundation.web.handlers import Door, Form, InOffice, WithForm, render

Token = FromPath[str]
What = FromPath[str]
NOTHING_CHOSEN = marked("Select what would help you")
# As officers read it; of anything else they read what was written.
NEEDS = {"call": "a call", "print": "large print", "easy": "easy read", "language": "another language", "other": ""}


@get("/r/{token:str}", sync_to_thread=True)
def resident(office: InOffice, token: Token) -> Template:
    return _page(office, token, "link.html")


@post("/r/{token:str}", status_code=200, sync_to_thread=True)
def resident_stop(office: InOffice, token: Token) -> Template:
    """The button of this page before it had others: pages that were open then still have it."""
    return _say(office, token, Said.stop)


@get("/r/{token:str}/{what:str}", sync_to_thread=True)
def question(office: InOffice, token: Token, what: What) -> Template:
    if what not in set(Said):
        return _unknown()
    return _page(office, token, "say.html", what=what, form=Form(), needs=NEEDS, scope="")


@post("/r/{token:str}/{what:str}", status_code=200, sync_to_thread=True)
def answer(office: InOffice, token: Token, what: What, form: WithForm) -> Template:
    if what not in set(Said):
        return _unknown()
    if what != Said.help:
        return _say(office, token, Said(what), channel=form.text("channel"))
    if not set(form.all("need")) & set(NEEDS):
        form.fail("need", NOTHING_CHOSEN)
        return _page(office, token, "say.html", 422, what=what, form=form, needs=NEEDS)
    return _say(office, token, Said.help, asked=_help(form))


@post("/r/{token:str}/undo", status_code=200, sync_to_thread=True)
def undo(office: InOffice, token: Token) -> Template:
    try:
        residents.take_back(office, token)
    except NotFound:
        return _unknown()
    return _page(office, token, "link.html", undone=True)


def _say(office: Office, token: str, said: Said, **more: Any) -> Template:
    try:
        residents.say(office, token, said, **more)
    except NotFound:
        return _unknown()
    return _page(office, token, "said.html", what=said, scope=more.get("channel", ""))


def _help(form: Form) -> Help:
    chosen = form.all("need")
    needs = ", ".join(words for need, words in NEEDS.items() if words and need in chosen)
    return Help("\n".join(filter(None, (needs and f"Asks for: {needs}.", form.text("more")))), form.text("reach"))


def _page(
    office: Office, token: str, template: str, status_code: int = 200, **more: Any
) -> Template:  # fmt: skip
    try:
        link = residents.look_up(office, token)
    except NotFound:
        return _unknown()
    if template == "say.html" and status_code == 200 and link.settled(more["what"]):
        template = "said.html"  # also where its other language is asked for, once it has been said
    language = spoken.asked() or link.language
    ahead = link.deadline if link.deadline and link.deadline > office.clock.now() else None
    return render(
        f"campaigns/replies/{template}", status_code=status_code, link=link, lang=language, token=token, deadline=ahead,
        council=link.authority.name, source=source_of(link.channel, link.source, language), **more,
    )  # fmt: skip


def _unknown() -> Template:
    """For a secret that was guessed and for one that is over alike."""
    return render("campaigns/replies/link_unknown.html", status_code=404)


routes: list[ControllerRouterHandler] = [
    Router(
        "/",
        route_handlers=[resident, resident_stop, question, answer, undo],
        guards=[Door("whoever has the link")],
        include_in_schema=False,
        opt=taking(CALLBACK),
    )
]
