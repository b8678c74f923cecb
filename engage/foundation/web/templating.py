"""How pages are made: Jinja on GOV.UK Frontend."""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader
from litestar import MediaType, Request
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template.config import TemplateConfig

from engage.foundation.identity import Account, Right
from engage.foundation.web.names import person
from engage.foundation.web.static import asset
from engage.foundation.words import day, last_day, moment, number, percent, plural, sentence


def render(template: str, *, status_code: int = 200, **context: Any) -> Template:
    """A page; the signed-in account, notices and the CSRF field are added while it is rendered."""
    return Template(template_name=template, context=context, status_code=status_code, media_type=MediaType.HTML)


def template_config() -> TemplateConfig[JinjaTemplateEngine]:
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment()))


@cache
def environment() -> Environment:
    """One to a process, so that a page is compiled once, whatever the number of applications."""
    govuk = PackageLoader("govuk_frontend_jinja")
    jinja = Environment(
        loader=ChoiceLoader([PackageLoader("templates", ""), PrefixLoader({"govuk_frontend_jinja": govuk})]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    jinja.globals |= {
        "asset": asset,
        "account_of": account_of,
        "notices": notices,
        "Right": Right,
        "signed_in_until": signed_in_until,
    }
    jinja.filters |= {
        "number": number, "percent": percent, "day": day, "moment": moment, "last_day": last_day, "plural": plural,
        "sentence": sentence, "person": person,
    }  # fmt: skip
    return jinja


class Until(NamedTuple):
    """When somebody is signed out by themselves, and in how many seconds by the service's own clock."""

    moment: datetime
    seconds: int

    @property
    def time(self) -> str:
        """Of the day: a sign-in lasts less than one."""
        return moment(self.moment).rpartition(" at ")[2]


def signed_in_until(request: Request[Any, Any, Any]) -> Until | None:
    found = request.scope["state"].get("sign_in")
    if found is None:
        return None
    return Until(found.ends, int((found.ends - request.app.state.office.clock.now()).total_seconds()))


def account_of(request: Request[Any, Any, Any]) -> Account | None:
    """Who is signed in, as far as this request has found out."""
    account = request.scope["state"].get("account")
    return account if isinstance(account, Account) else None


def notices(request: Request[Any, Any, Any]) -> list[dict[str, str]]:
    """What the last act has to say, once."""
    session = request.scope.get("session")
    found: list[dict[str, str]] = session.pop("notices", []) if isinstance(session, dict) else []
    return found
