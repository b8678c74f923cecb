"""The whole story on the made-up borough: from files in to how many registered because of the reminders."""

import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import httpx
import uvicorn
from pydantic import SecretStr

from campaigns.approval import control, decisions, drafts, submission
from campaigns.messages import service_name
from campaigns.notify.client import from_settings
from campaigns.notify.messages import Notify
from campaigns.notify.stand_in import Running, default_seed, running
from campaigns.records import lookup
from campaigns.sending import ledger
from campaigns.worker.work import Work, working
from dashboards.results.measurement import of_campaign
from engage.accounts.made_up import PEOPLE, password
from engage.app import create_app
from engage.demo import left_to_do
from engage.demo.aftermath import NextRegister, next_register
from engage.demo.borough import Borough, write_borough
from engage.deployment.authorities import introduce, open_authority
from engage.foundation import audit, identity
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Role
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.audiences import segments
from segments.files.report import Rows
from segments.homes import households
from segments.importing.imports import import_file
from segments.missing import gap

MARK = "demo.json"
RECEIPTS_TOKEN = "the-demo-receipts-token"  # noqa: S105  # the stand-in of the demo presents it on this machine  # nosec B105
START = date(2026, 6, 2)
FIRST_WAVE, LETTERS = date(2026, 6, 3), date(2026, 6, 17)
INTERIM_REGISTER, WINDOW_END = date(2026, 6, 15), date(2026, 7, 28)
FINAL_REGISTER = date(2026, 7, 29)
NEXT_WINDOW = 50  # days
POLL = date(2026, 10, 22)  # its notice comes after the last reminder
# Notify lets an ordinary service send 3,000 a minute; the demo's stand-in allows more so that the story is short.
DEMO_RATE, DEMO_PACE = 60_000, 400
SEGMENT = "Homes with fewer electors than adults"
RULE = {
    "version": 1,
    "where": {
        "all": [
            {"column": "gap", "is": "at least", "value": 0.7},
            {"not": {"column": "class", "is": "one of", "value": ["institution"]}},
        ]
    },
}
OFFICE = {"officer": "Rhian Example", "phone": "01632 960000", "email": "elections@example.com"}


@dataclass
class Story:
    """A demo that has been played: the office to serve, and what its summary needs."""

    office: Office
    clock: SteppedClock
    borough: Borough
    stand_in: Running
    notify: Notify
    templates: dict[str, dict[str, Any]]
    say: Callable[[str], None]
    actors: dict[Role, Actor] = field(default_factory=dict)
    campaign_id: int = 0
    aftermath: NextRegister | None = None

    @property
    def authority(self) -> str:
        return self.borough.authority_code

    @property
    def officer(self) -> Actor:
        return self.actors[Role.officer]

    @property
    def segment(self) -> str:
        return SEGMENT

    def plan(self, name: str, start: date) -> dict[str, Any]:
        """Of another campaign to the same homes, before the same poll."""
        window = {"start": start.isoformat(), "end": (start + timedelta(days=NEXT_WINDOW)).isoformat()}
        second = PEOPLE[Role.administrator][0]  # as some of it leaves in the weeks before the poll
        changes = {"name": name, "start": start.isoformat(), "outcome_window": window, "second_approver": second}
        return _plan_json(self) | changes | {"seed": 2027}


def play_demo(*, once: bool, folder: Path | None, port: int) -> None:
    """Play the story; then print its summary as JSON (`once`), or serve it until stopped."""
    home = _clear(folder or Path("var/demo"))
    with playing(home, port=0 if once else port, say=_progress) as story:
        if once:
            click.echo(json.dumps(summary(story), ensure_ascii=False))
            return
        left_to_do.leave(story)
        _invite(story)
        _keep_going(story)


@contextmanager
def opening(folder: Path, *, port: int = 0, homes: int = 12_000, wards: int = 12,
            say: Callable[[str], None] = lambda _line: None) -> Iterator[Story]:  # fmt: skip
    """A council on its first day, served on 127.0.0.1 while the block lasts: its people, GOV.UK Notify's stand-in, and
    the files of a made-up borough in `folder`, of which nobody has brought in any."""
    say(f"Writing the files of a made-up borough with {homes:,} homes")
    borough = write_borough(folder / "files", homes=homes, wards=wards)
    clock = SteppedClock(at_london(START, 10))
    with ExitStack() as stack:
        story = _open(stack, folder, borough, clock, port, say)
        _hire(story)
        yield story


@contextmanager
def playing(folder: Path, *, port: int = 0, homes: int = 12_000, wards: int = 12,
            say: Callable[[str], None] = lambda _line: None) -> Iterator[Story]:  # fmt: skip
    """The story played in `folder` and served on 127.0.0.1 while the block lasts."""
    with opening(folder, port=port, homes=homes, wards=wards, say=say) as story:
        with working(story.office, story.notify) as work:
            _play(story, work)
        (folder / MARK).write_text(json.dumps({"authority": story.authority}))
        yield story


def _open(
    stack: ExitStack, folder: Path, borough: Borough, clock: SteppedClock, port: int, say: Callable[[str], None]
) -> Story:
    listener = _Site(port)
    seed = default_seed(f"{borough.authority_name} electoral services")
    for service in seed["services"].values():
        service["rate_limit"] = DEMO_RATE
    stand_in = stack.enter_context(
        running(
            seed, receipts_url=f"{listener.address}/notify/receipts", receipts_token=RECEIPTS_TOKEN,
            texts_url=f"{listener.address}/notify/received-texts",
        )
    )  # fmt: skip
    settings = Settings(
        home=folder / "home", base_url=listener.address, notify_base_url=stand_in.base_url,
        notify_api_key=SecretStr(stand_in.key(kind="normal")), notify_pace=DEMO_PACE,
        notify_callback_token=SecretStr(RECEIPTS_TOKEN), demo=True, database_url="", log_level="warning",
    )  # fmt: skip
    office = Office(settings, clock)
    stack.callback(office.close)
    open_authority(office, borough.authority_code, borough.authority_name, PEOPLE[Role.administrator][0])
    introduce(office, Actor(borough.authority_code, "command"), OFFICE)
    service_name.say(office, Actor(borough.authority_code, "demo"), "")  # the stand-in puts nothing before texts
    stack.enter_context(listener.serving(office))
    notify = from_settings(stand_in.key(kind="normal"), stand_in.base_url)
    return Story(office, clock, borough, stand_in, notify, seed["templates"]["demo"], say)


def _play(story: Story, work: Work) -> None:
    _import_files(story)
    _plan(story)
    send_until(story, work, INTERIM_REGISTER)
    _one_resident_stops(story)
    _next_register(story, INTERIM_REGISTER)
    send_until(story, work, FINAL_REGISTER)
    _next_register(story, FINAL_REGISTER)
    send_until(story, work, FINAL_REGISTER + timedelta(days=1))  # those reminded later get theirs


def _hire(story: Story) -> None:
    """One account for each role, with the password the demo prints."""
    with story.office.database.session() as session:
        for role, (email, name) in PEOPLE.items():
            account = identity.by_email(session, email) or identity.invite(
                session, code=story.authority, email=email, name=name, role=role, at=story.clock.now()
            )[0]  # fmt: skip
            account.name = name
            identity.set_password(account, password(role))
            session.add(account)
            session.flush()
            story.actors[role] = Actor(story.authority, account.label, account.id)


def _import_files(story: Story) -> None:
    for kind, path in story.borough.files:
        report = import_file(story.office, story.officer, kind, path, story.borough.as_at)
        story.say(f"Imported {kind} {path.name}: {Rows.of(report).sentence}")
    households.build(story.office, story.officer)
    found = households.summary(story.office, story.authority)
    story.say(f"Linked {found.linked_share:.1%} of {found.electors:,} electors to {found.households:,} homes")
    whole = gap.overall(story.office, story.authority)
    story.say(
        f"Registered: {whole.completeness:.0%} of eligible people (between {whole.low:.0%} and {whole.high:.0%}), "
        f"about {round(whole.missing, -2):,.0f} missing"
    )


def _plan(story: Story) -> None:
    """Planned by the officer, approved by somebody else, launched."""
    segment = segments.save(story.office, story.officer, SEGMENT, RULE)
    story.say(f"Segment: {segment.sentence}")
    made = drafts.create(story.office, story.officer, _plan_json(story))
    story.campaign_id = made.id or 0
    submitted = submission.submit(story.office, story.officer, story.campaign_id)
    story.say(f"Submitted a campaign to {submitted.households:,} homes, in two arms drawn by lot within each ward")
    decisions.approve(
        story.office, story.actors[Role.approver], story.campaign_id, note="Read and checked", digest=submitted.digest
    )
    control.launch(story.office, story.officer, story.campaign_id)
    story.say("Approved by a second officer and launched")


def _plan_json(story: Story) -> dict[str, Any]:
    templates = {
        channel: {language: story.templates[f"{channel}_reminder_{language}"]["id"] for language in ("en", "cy")}
        for channel in ("email", "sms", "letter")
    }
    return {
        "name": "Summer reminder",
        "purpose": "Remind homes that seem to have fewer electors than adults to check that everybody is registered.",
        "segment": SEGMENT,
        "start": FIRST_WAVE.isoformat(),
        "outcome_window": {"start": FIRST_WAVE.isoformat(), "end": WINDOW_END.isoformat()},
        "poll_date": POLL.isoformat(),
        "templates": templates,
        "seed": 2026,
    }


def send_until(story: Story, work: Work, end: date) -> None:
    """Let the days pass: on each the worker does what is due, and Notify what it does overnight."""
    day = max(story.clock.now().date(), START)
    while day < end:
        for hour in (10, 18):  # letters are printed at 17:30
            _move_to(story, day, hour)
            work.tick()
        _say_progress(story, day)
        day += timedelta(days=1)
    _move_to(story, end, 10)


def _move_to(story: Story, day: date, hour: int) -> None:
    story.clock.move_to(at_london(day, hour))
    story.stand_in.state.move_clock(story.clock.now())


def _say_progress(story: Story, day: date) -> None:
    if day in (FIRST_WAVE, LETTERS) or day.weekday() == 0:
        now = ledger.status(story.office, story.officer, story.campaign_id)
        story.say(
            f"{day:%d %B}: {now.planned:,} planned = {now.waiting:,} waiting + {now.accepted:,} accepted "
            f"+ {now.dropped:,} dropped + {now.failed:,} failed"
        )


def _one_resident_stops(story: Story) -> None:
    """Somebody opens the link of their reminder and asks for no more."""
    link = _some_link(story)
    with httpx.Client(follow_redirects=True) as browser:
        browser.get(link).raise_for_status()
        browser.post(f"{link}/stop").raise_for_status()
    story.say("A resident opened the link in their reminder and stopped further ones")


def register_after(story: Story, as_at: date) -> NextRegister:
    """The register some time later, as the reminders of a campaign and life have changed it, in a file."""
    assignment = story.office.settings.home / f"assignment_{as_at}.csv"
    with assignment.open("w", newline="", encoding="utf-8") as file:
        ledger.export_assignment(story.office, story.officer, story.campaign_id, file)
    return next_register(story.borough.folder, assignment, as_at=as_at)


def _next_register(story: Story, as_at: date) -> None:
    story.aftermath = register_after(story, as_at)
    import_file(story.office, story.officer, "register", story.aftermath.path, as_at)
    households.build(story.office, story.officer)
    story.say(f"Imported the register of {as_at:%d %B}: {story.aftermath.entries:,} entries")


def summary(story: Story) -> dict[str, Any]:
    """Every figure computed from what was played: ours from the database and lake, Notify's from the stand-in."""
    office, authority = story.office, story.authority
    found = households.summary(office, authority)
    status = ledger.status(office, story.officer, story.campaign_id)
    measured = of_campaign(office, story.officer, story.campaign_id)
    received = httpx.get(f"{story.stand_in.base_url}/stand-in/summary").json()
    with office.database.session() as session:
        verdict = audit.verify(session, authority)
        campaign = lookup.find(session, authority, story.campaign_id)
    return {
        "households": found.households,
        "electors": found.electors,
        "linked_share": round(found.linked_share, 4),
        "completeness": round(gap.overall(office, authority).completeness, 4),
        "segment_households": campaign.households,
        "messages": {name: getattr(status, name) for name in MESSAGE_FIGURES},
        "notify_received": received["total"],
        "duplicates": len(received["duplicates"]),
        "arms": _arms(measured),
        "uplift": _uplift(measured),
        "true_effect": round(story.aftermath.true_effect, 4) if story.aftermath else None,
        "wards": len(gap.by_ward(office, authority)),
        "audit_verified": verdict.intact,
    }


MESSAGE_FIGURES = ("planned", "waiting", "accepted", "delivered", "failed", "dropped", "unknown")


def _arms(measured: dict[str, Any]) -> dict[str, dict[str, int]]:
    arms = [measured["control"], *measured["arms"]]
    return {arm["arm"]: {"households": arm["n"], "registered": round(arm["n"] * arm["mean"])} for arm in arms}


def _uplift(measured: dict[str, Any]) -> dict[str, float]:
    arm = measured["arms"][0]
    return {"estimate": round(arm["difference"], 4), "low": round(arm["low"], 4), "high": round(arm["high"], 4)}


def _some_link(story: Story) -> str:
    """The link in a reminder that arrived, as its reader sees it."""
    marker = f"{story.office.settings.base_url}/r/"
    links = re.compile(re.escape(marker) + r"[A-Za-z0-9_-]+")
    found = (links.search(row.body) for row in story.stand_in.state.store.by_id.values())
    return next(match.group() for match in found if match)


class _Site:
    """The service's own pages, on a port taken before anybody needs its address."""

    def __init__(self, port: int) -> None:
        self._config = uvicorn.Config("unset", host="127.0.0.1", port=port, log_level="warning", access_log=False)
        self._socket = self._config.bind_socket()
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @contextmanager
    def serving(self, office: Office) -> Iterator[None]:
        config = uvicorn.Config(create_app(office), log_level="warning", access_log=False, ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.02)
        try:
            yield
        finally:
            server.should_exit = True
            thread.join()
            self._socket.close()


def _clear(folder: Path) -> Path:
    """An empty folder; one that holds another demo is made anew, anything else is left alone."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists() and not (folder / "files" / "truth").exists():
            msg = f"{folder} holds other files. Name an empty folder: engage demo --dir FOLDER"
            raise InputRefused(msg)
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _progress(line: str) -> None:
    click.echo(f"  {line}", err=True)


def _invite(story: Story) -> None:
    click.echo(f"\n{story.borough.authority_name} is served at {story.office.settings.base_url}  (Ctrl-C stops it)\n")
    click.echo(f"  {'role':16}  {'email address':26}  password")
    for role, (email, _) in PEOPLE.items():
        click.echo(f"  {role.value:16}  {email:26}  {password(role)}")


def _keep_going(story: Story, every: float = 5.0) -> None:
    """The clock runs on from where the story ended, and the worker with it."""
    try:
        with working(story.office, story.notify) as work:
            while True:
                time.sleep(every)
                story.clock.advance(timedelta(seconds=every))
                work.tick()
    except KeyboardInterrupt:
        click.echo("Stopped.")
