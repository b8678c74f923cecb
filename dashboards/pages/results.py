"""The officers' page of what a campaign changed, and its analysis set. Members reach neither."""

from litestar import Response, Router, get
from litestar.params import FromPath
from litestar.response import Template
from litestar.types import ControllerRouterHandler
from markupsafe import Markup

from campaigns.records import lookup
from dashboards.charts.courses import Step, course_chart
from dashboards.published.disclosure import Published
from dashboards.published.findings import Share
from dashboards.results import analysis
from dashboards.results.campaign_result import Council, Look, council, per_hundred, pounds, sentence
from dashboards.statistics.intervals import Interval
from engage.foundation.identity import Right
from engage.foundation.web.handlers import ByActor, InOffice, render, requires
from segments.areas import wards
from segments.homes import register_age

Number = FromPath[int]


@get("/council", sync_to_thread=True)
def council_list(office: InOffice, actor: ByActor) -> Template:
    """Every campaign that was launched, newest first; then those of the councils that went into this one."""
    launched = [each for each in lookup.campaigns(office, actor) if each.launched_at]
    return render("dashboards/pages/results.html", campaigns=[*launched, *lookup.of_former(office, actor)])


@get("/council/{number:int}", sync_to_thread=True)
def council_page(office: InOffice, actor: ByActor, number: Number) -> Template:
    actor = lookup.reader(office, actor, number)
    found = council(office, actor, number)
    return render(
        "dashboards/pages/result.html", held=found, sentence=sentence, per_hundred=per_hundred, pounds=pounds,
        names=wards.named(office, actor.authority), warnings=_warnings(found), interval=Interval,
        courses=[(arm.arm, _course(found, arm.arm)) for arm in (found.found.arms if found.found else ())],
    )  # fmt: skip


def _course(found: Council, arm: str) -> Markup:
    """Every register since the campaign began, exactly."""
    steps = [
        Step(
            look.read.as_at,
            _share(*look.shares[arm]),
            _share(*look.shares[look.found.control]),
            early=_early(look, arm),
        )
        for look in found.looks
        if arm in look.shares
    ]
    before = next((register.as_at for register in found.registers), found.campaign.window_start)
    sent = [wave.send_on for wave in found.waves if arm in wave.arms and found.read and wave.send_on < found.read.as_at]
    return course_chart(
        title=f"How “{arm}” went, register by register", description="Exact shares, with the 95% interval.",
        began=before, steps=steps, reminders=sent,
    )  # fmt: skip


def _share(mean: float, interval: Interval) -> Share:
    return Share(*(Published(f"{100 * end:.1f}", round(100 * end, 1)) for end in (mean, *interval)))


def _early(look: Look, arm: str) -> bool:
    return next(one for one in look.found.arms if one.arm == arm).judged.includes(0)


@get("/council/{number:int}/analysis.zip", sync_to_thread=True)
def analysis_file(office: InOffice, actor: ByActor, number: Number) -> Response[bytes]:
    headers = {"Content-Disposition": f'attachment; filename="analysis-{number}.zip"'}
    made = analysis.archive(office, lookup.reader(office, actor, number), number)
    return Response(made, media_type="application/zip", headers=headers)


def _warnings(found: Council) -> list[str]:
    """What somebody who signs these figures should know first."""
    hides = "had been reminded by then, which hides some effect."
    said = []
    if found.age > register_age.STALE_DAYS:
        said.append(f"The newest register is {found.age} days old.")
    said += [
        f"Only {register.share:.1%} of the electors on the register of {register.as_at:%d %B %Y} are tied to a home."
        for register in found.registers
        if register.share < 0.95
    ]
    alone = found.found.caveats.alone if found.found else None
    if alone and alone.rows:
        homes, places = f"{alone.rows:,} home{'s' * (alone.rows > 1)}", "a ward" if alone.blocks == 1 else "wards"
        said.append(f"In {places} where only one group has homes there is nothing to compare: {homes} in no figure.")
    for fate in found.fates:
        if fate.comparison and fate.contacted:
            said.append(f"{fate.contacted:,} homes of the comparison {hides}")
        if not fate.comparison and fate.homes and fate.not_contacted / fate.homes > 0.2:
            share = fate.not_contacted / fate.homes
            said.append(f"{share:.0%} of the homes in “{fate.arm}” had not {hides.removeprefix('had ')}")
    return said


routes: list[ControllerRouterHandler] = [
    Router(
        "/", route_handlers=[council_list, council_page, analysis_file], guards=[requires(Right.see_data)],
        include_in_schema=False,
    )
]  # fmt: skip
