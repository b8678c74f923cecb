"""How pages are made: Jinja on GOV.UK Frontend."""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, pass_context
from jinja2.runtime import Context
from litestar import MediaType, Request
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template.config import TemplateConfig

from engage.foundation.identity import Account, Right
from engage.foundation.languages import spoken
from engage.foundation.languages.catalogue import gettext, ngettext
from engage.foundation.web.shown.cards import labelled
from engage.foundation.web.shown.names import person
from engage.foundation.web.static import asset
from engage.foundation.words import day, last_day, moment, month, number, on_page, percent, plural, sentence


def render(template: str, *, status_code: int = 200, **context: Any) -> Template:
    """A page; the signed-in account, notices and the CSRF field are added while it is rendered. It is in the language
    of the request, unless `lang` says another."""
    spoken.speak(context.get("lang"))
    context["lang"] = spoken.language()
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
        extensions=["jinja2.ext.do", "jinja2.ext.i18n"],
    )
    jinja.policies["ext.i18n.trimmed"] = True
    jinja.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]  # the extension's
    jinja.globals |= {
        "asset": asset, "account_of": account_of, "notices": notices, "Right": Right, "LANGUAGES": spoken.NAMES,
        "this_page_in": this_page_in, "signed_in_until": signed_in_until,
    }  # fmt: skip
    jinja.filters |= {
        "onward": onward,
        "number": number, "percent": percent, "day": day, "moment": moment, "last_day": last_day, "month": month,
        "plural": plural, "sentence": sentence, "person": person, "on_page": on_page, "labelled": labelled,
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


@pass_context  # else Jinja would work it out once, when the page is compiled
def onward(context: Context, path: str) -> str:  # noqa: ARG001  # see above
    return spoken.onward(path)


def this_page_in(request: Request[Any, Any, Any], language: spoken.Language) -> str:
    """Where the language is changed: what is asked for stays asked for."""
    return spoken.address_in(f"{request.url.path}?{request.url.query}", language)


def notices(request: Request[Any, Any, Any]) -> list[dict[str, str]]:
    """What the last act has to say, once."""
    session = request.scope.get("session")
    found: list[dict[str, str]] = session.pop("notices", []) if isinstance(session, dict) else []
    return found
