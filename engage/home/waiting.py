"""What needs doing, for each person what their role can do about: how much of it, why, since when, and where."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from campaigns.pages import actions
from campaigns.records import retention as of_messages
from campaigns.records.models import MESSAGES, Campaign, CampaignState, MessageState
from campaigns.replies import work_list
from campaigns.setup import outlines
from engage.foundation import identity, lake
from engage.foundation.clock import today
from engage.foundation.identity import Account, Right
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.words import day, plural
from engage.home.standing import age_of
from segments.audiences import named_rules
from segments.homes import register_age
from segments.importing import datasets, intake, misread
from segments.importing.datasets import Dataset
from segments.importing.intake import Intake, IntakeState, Source
from segments.linking import review
from segments.safeguards import retention as of_files

NEEDED = ("gazetteer", "geography", "register", "indicator")
RESULT_IS_NEWS = timedelta(days=28)  # after the register that shows it came in
GOES_SOON = timedelta(days=7)
UNSETTLED = timedelta(minutes=10)  # most are known within one
of = MESSAGES.c


@dataclass(frozen=True)
class Step:
    """One thing to do next; `since` is when the oldest of it began to wait."""

    title: str
    href: str
    hint: str = ""
    since: datetime | date | None = None


@dataclass(frozen=True)
class Group:
    name: str
    steps: list[Step]


Offered = Iterator[tuple[Step, Right]]


def groups(office: Office, account: Account, found: list[Campaign], incoming: list[Intake]) -> list[Group]:
    """Only those in which something waits for this person."""
    here = {dataset.kind: dataset for dataset in datasets.by_kind(office, account.authority)}
    missing = [here[kind] for kind in NEEDED if kind in here and not here[kind].snapshots]
    built = _homes_are_built(office, account.authority)
    offered: dict[str, list[Offered]] = {
        "Campaigns": [
            _acts(office, account, found), _half_set_up(office, account), _unsettled(office, found),
            _first_plans(office, account, found, built=built),
        ],
        "Replies": [_replies(office, account)],
        "Results": [_results(office, found)],
        "Data": [
            _files(incoming), _misread(office, account), _missing(missing),
            *([] if missing else [_homes(office, account), _addresses(office, account)]), _old_register(office, here),
        ],
        "Colleagues": [_links_expired(office, account)],
        "Personal data": [_forgetting(office, account)],
    }  # fmt: skip
    own = [
        Group(name, [step for source in sources for step, right in source if account.may(right)])
        for name, sources in offered.items()
    ]
    return [group for group in own if group.steps]


def _files(incoming: list[Intake]) -> Offered:
    """Files that wait for a decision, are under way, or could not be used."""
    for each in incoming:
        name, path = each.name or "the table of homes", f"/data/intake/{each.token}"
        by_itself = " It arrived by itself" if each.source == Source.inbox else ""
        right = intake.right_to_import(each.kind)
        match each.state:
            case IntakeState.waiting:
                hint = f"Usable, with problems.{by_itself}".rstrip(".")
                yield Step(f"Decide: {name}", path, hint, each.changed_at), right
            case IntakeState.refused if each.source == Source.inbox or not each.cleared:
                told = f"It cannot be used.{by_itself}" if by_itself else each.refusal
                yield Step(f"{'Set aside' if by_itself else 'Look at'}: {name}", path, told, each.changed_at), right
            case IntakeState.checking | IntakeState.importing:
                yield Step(f"Under way: {name}", path, f"{each.stage}, {each.percent}%"), right
            case _:
                continue


def _misread(office: Office, account: Account) -> Offered:
    """What an earlier version read wrongly."""
    for each in misread.found(office, account.authority):
        title = f"{'Import again' if each.again else 'Undo'}: {datasets.title(each.kind)}"
        why = f"Import {each.snapshot_id}, as at {each.as_at}. {each.why}"
        yield Step(title, each.href, why), Right.import_data


def _missing(missing: list[Dataset]) -> Offered:
    if len(missing) > 1:
        names = ", ".join(dataset.title for dataset in missing)
        hint = f"Still missing: {names}. Bring all files at once; they are told apart by what is in them"
        yield Step("Bring in the council’s files", "/first-day", hint), Right.import_data
        return
    for dataset in missing:
        yield Step(f"Import: {dataset.title}", f"/data/new?kind={dataset.kind}", dataset.hint), Right.import_data


def _homes(office: Office, account: Account) -> Offered:
    if review.homes_are_behind(office, account.authority):
        yield Step("Build the table of homes", "/data", "Data has come in since it was built"), Right.import_data


def _addresses(office: Office, account: Account) -> Offered:
    if asked := review.waiting(office, account.authority):
        hint = "Whether an elector’s address is that of a home, where only a person can tell"
        yield Step(f"Review {plural(asked, 'address', 'addresses')}", "/data/review", hint), Right.import_data


def _old_register(office: Office, here: dict[str, Dataset]) -> Offered:
    newest = next(iter(here["register"].snapshots), None) if "register" in here else None
    age = age_of(newest.as_at, today(office.clock)) if newest else 0
    if newest and age > register_age.STALE_DAYS:
        hint = f"The newest is {age} days old. Who has registered since is not known, and would be reminded again"
        yield Step("Import a newer register", "/data/new?kind=register", hint, newest.as_at), Right.import_data


def _acts(office: Office, account: Account, found: list[Campaign]) -> Offered:
    """The acts that a campaign waits for, as its own page offers them."""
    for campaign in found:
        path, acting = f"/campaigns/{campaign.id}", {act.name for act in actions.possible(office, account, campaign)}
        offers = (
            ("submit", "Submit or change", campaign.reason or "A draft", campaign.created_at),
            (
                "approve", "Approve or send back", f"{plural(campaign.households, 'home')}, waiting for your decision",
                campaign.submitted_at,
            ),
            ("launch", "Launch", "Approved", campaign.submitted_at),
            ("renew", "Submit again or stop", campaign.reason, None),
            ("resume", "Resume or stop", campaign.reason or "Paused", None),
            ("letters-again", "Decide on letters", "GOV.UK Notify did not have them when it was asked twice", None),
        )  # fmt: skip
        for name, title, hint, since in offers:
            if name in acting:
                yield Step(f"{title}: {campaign.name}", path, hint, since), actions.named(name).right


def _half_set_up(office: Office, account: Account) -> Offered:
    if not account.may(Right.plan):
        return
    for outline in outlines.unfinished(office, Actor(account.authority, account.label, account.id)):
        path, saved = f"/campaigns/plans/{outline.id}", sum(task.saved(outline.answers) for task in outlines.TASKS)
        hint = f"{saved} of {len(outlines.TASKS)} tasks saved"
        yield Step(f"Finish setting up: {outline.name}", path, hint, outline.changed_at), Right.plan


def _unsettled(office: Office, found: list[Campaign]) -> Offered:
    """Of which GOV.UK Notify has not said for a while whether it has them."""
    before = office.clock.now() - UNSETTLED
    alive = (CampaignState.launched, CampaignState.paused, CampaignState.stopped)
    numbers = [campaign.id for campaign in found if campaign.state in alive]
    late = of.campaign_id.in_(numbers) & (of.state == MessageState.unknown.value) & (of.sent_at < before)
    query = sa.select(of.campaign_id, sa.func.count(), sa.func.min(of.sent_at)).where(late).group_by(of.campaign_id)
    with office.database.reading() as session:
        counted = {number: (count, since) for number, count, since in session.execute(query)}
    for campaign in found:
        count, since = counted.get(campaign.id, (0, None))
        if count:
            title = f"{plural(count, 'message')} of {campaign.name} may or may not have left"
            hint = "Each is looked up at GOV.UK Notify by itself and never sent again blindly. If it lasts, pause"
            yield Step(title, f"/campaigns/{campaign.id}", hint, since), Right.send


def _replies(office: Office, account: Account) -> Offered:
    waiting = work_list.waiting(office, account.authority)
    if waiting.open:
        held = f"{plural(waiting.held, 'message')} wait until somebody has looked. " if waiting.held else ""
        hint = f"{held}Texts, returned letters, complaints, and what residents said on our pages"
        title = f"Read {plural(waiting.open, 'reply', 'replies')}"
        yield Step(title, "/replies", hint, waiting.since), Right.import_data
    if waiting.no_help:
        hint = "Residents text HELP, and no wording is in use that answers"
        yield Step("Choose what answers HELP", "/replies/help", hint), Right.plan


def _results(office: Office, found: list[Campaign]) -> Offered:
    """Of campaigns whose comparison has ended, once a register is here that shows it."""
    over = [each for each in found if each.launched_at and each.window_end < today(office.clock)]
    if not over:
        return
    with office.database.reading() as session:
        registers = lake.history(session, over[0].authority, "register")
    for campaign in over:
        first = _first_that_shows(registers, campaign.window_end)
        if first and office.clock.now() - first.made_at < RESULT_IS_NEWS:
            hint = f"The register of {day(first.as_at)} shows what its reminders changed"
            step = Step(f"Read the result: {campaign.name}", f"/council/{campaign.id}", hint, first.made_at)
            yield step, Right.see_data


def _first_that_shows(registers: list[Snapshot], window_end: date) -> Snapshot | None:
    shows = [each for each in registers if each.as_at > window_end]
    return min(shows, key=lambda each: each.made_at, default=None)


def _first_plans(office: Office, account: Account, found: list[Campaign], *, built: bool) -> Offered:
    if not built:
        return
    if not named_rules.all_segments(office, account.authority):
        yield Step("Make a segment", "/segments/new", "Choose which homes to remind"), Right.plan
    elif not found:
        yield Step("Plan a campaign", "/campaigns/new", "Remind the homes of a segment"), Right.plan


def _homes_are_built(office: Office, authority: str) -> bool:
    with office.database.reading() as session:
        return lake.current(session, authority, "households") is not None


def _links_expired(office: Office, account: Account) -> Offered:
    """Of colleagues who have never been able to come in."""
    if not account.may(Right.administer):
        return
    with office.database.reading() as session:
        people = [each for each in identity.accounts(session, account.authority) if each.active and not each.finished]
    for each in people:
        if each.link_expires and each.link_expires < office.clock.now():
            hint = "They were invited and have not come in. Make them a new one"
            title, path = f"The link of {each.name} has expired", f"/colleagues/{each.id}"
            yield Step(title, path, hint, each.link_expires), Right.administer


def _forgetting(office: Office, account: Account) -> Offered:
    """What is removed soon, while it can still be downloaded; and what should be gone already."""
    with office.database.reading() as session:
        first = _first_to_go(office, session, account.authority)
    now = today(office.clock)
    if first is None or first > now + GOES_SOON:
        return
    if first < now:
        hint = "What is removed once a day was not. Tell whoever runs the service"
        yield Step("Personal data is past its time", "/retention", hint, first), Right.see_data
        return
    hint = "Rejected rows, replaced registers, replies or contacts whose time is over. Keep what you still need"
    yield Step(f"Personal data is removed on {day(first)}", "/retention", hint), Right.import_data


def _first_to_go(office: Office, session: Session, authority: str) -> date | None:
    due = of_files.next_due(office, session, authority) | of_messages.next_due(office, session, authority)
    return min(filter(None, due.values()), default=None)
