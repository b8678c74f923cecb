"""The papers of data protection, for whoever must answer for them, and the retention schedule, for everybody."""

from litestar import Router, get
from litestar.params import FromPath
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from engage.deployment import papers
from engage.deployment.papers import PAPERS
from engage.foundation.access.rights import Right
from engage.foundation.errors import NotFound
from engage.foundation.web.handlers import ByActor, InOffice, render, requires


@get("/papers", sync_to_thread=True)
def listed(office: InOffice, actor: ByActor) -> Template:
    tail = f"?council={actor.authority}" if len(papers.councils(office)) > 1 else ""
    return render("engage/pages/papers/list.html", papers=PAPERS, tail=tail)


@get("/papers/{name:str}", sync_to_thread=True)
def shown(office: InOffice, actor: ByActor, name: FromPath[str]) -> Template:
    paper = next((each for each in PAPERS if each.name.replace("_", "-") == name), None)
    if paper is None:
        raise NotFound("There is no such paper.")
    return render("engage/pages/papers/paper.html", paper=paper, f=papers.facts(office, actor.authority))


routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[listed, shown], guards=[requires(Right.audit)], include_in_schema=False),
]
