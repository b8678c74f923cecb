"""Colleagues: who has an account, invited and looked after by administrators."""

from collections.abc import Callable

from litestar import Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.accounts import colleagues
from engage.foundation.access.rights import SAID
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.handlers import (
    Asked,
    ByActor,
    Form,
    InOffice,
    WithForm,
    notify,
    redirect,
    render,
    requires,
)

Number = FromPath[int]


@get("/", sync_to_thread=True)
def colleagues_page(office: InOffice, actor: ByActor) -> Template:
    return render("engage/pages/colleagues.html", everybody=colleagues.everybody(office, actor.authority))


@get("/new", sync_to_thread=True)
def invitation_page() -> Template:
    return render("engage/pages/invitation.html", form=Form(), roles=SAID)


@post("/new", sync_to_thread=True)
def invite(office: InOffice, actor: ByActor, form: WithForm) -> Template:
    form.require("name", "Enter their name")
    form.require("email", "Enter their email address")
    form.require("role", "Select a role")
    if form.valid:
        with form.blaming("email"):
            role = colleagues.role_of(form.text("role"))
            link = colleagues.invite(office, actor, form.text("email"), form.text("name"), role)
            return render("engage/pages/link.html", name=form.text("name"), link=link)
    return render("engage/pages/invitation.html", status_code=422, form=form, roles=SAID)


@get("/{number:int}", sync_to_thread=True)
def colleague_page(office: InOffice, actor: ByActor, number: Number) -> Template:
    return _page(office, actor, number, Form())


@post("/{number:int}/link", sync_to_thread=True)
def give_link(office: InOffice, actor: ByActor, number: Number) -> Template:
    link = colleagues.new_link(office, actor, number)
    who = colleagues.colleague(office, actor.authority, number)
    return render("engage/pages/link.html", name=who.account.name, link=link)


@post("/{number:int}/role", sync_to_thread=True)
def change_role(
    request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm
) -> Template | Redirect:
    def act() -> str:
        colleagues.change_role(office, actor, number, colleagues.role_of(form.require("role", "Select a role")))
        return "The role is changed. It holds from the next page they open."

    return _done(request, office, actor, number, form, "role", act)


@post("/{number:int}/code", sync_to_thread=True)
def reset_code(request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm) -> Template | Redirect:
    def act() -> str:
        colleagues.reset_second_factor(office, actor, number)
        return "Their app is forgotten. They set up another when they sign in again."

    return _done(request, office, actor, number, form, "code", act)


@post("/{number:int}/leave", sync_to_thread=True)
def leave(request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm) -> Template | Redirect:
    def act() -> str:
        if not form.all("sure"):
            raise InputRefused("Confirm that they leave")
        colleagues.leave(office, actor, number)
        return "Their account is ended, and signed out everywhere. What they did keeps their name."

    return _done(request, office, actor, number, form, "sure", act)


def _done(
    request: Asked, office: Office, actor: Actor, number: int, form: Form, field: str, act: Callable[[], str]
) -> Template | Redirect:
    """On to the list, which says what was done; else the page again, with what is wrong at its field."""
    said = ""
    with form.blaming(field):
        said = act()
    if not form.valid:
        return _page(office, actor, number, form)
    notify(request, said)
    return redirect("/colleagues")


def _page(office: Office, actor: Actor, number: int, form: Form) -> Template:
    return render(
        "engage/pages/colleague.html", status_code=422 if form.errors else 200, form=form, roles=SAID,
        one=colleagues.colleague(office, actor.authority, number), asks=office.settings.asks_second_factor,
    )  # fmt: skip


routes: list[ControllerRouterHandler] = [
    Router(
        "/colleagues",
        route_handlers=[
            colleagues_page, invitation_page, invite, colleague_page, give_link, change_role, reset_code, leave,
        ],
        guards=[requires(Right.administer)], include_in_schema=False,
    )
]  # fmt: skip
