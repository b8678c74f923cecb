"""What the home page reads: figures, what needs attention, and the next steps."""

from dataclasses import dataclass, field

from campaigns.pages import actions
from campaigns.records import lookup
from campaigns.records.models import Campaign, CampaignState
from campaigns.replies import work_list
from campaigns.sending import ledger, outages
from campaigns.sending.outages import Outage
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused, LakeDamaged
from engage.foundation.identity import Account, Right
from engage.foundation.office import Actor, Office
from engage.foundation.words import day, number, percent, plural
from segments.audiences import segments
from segments.homes import households, register_age
from segments.importing import datasets, intake, misread
from segments.importing import steps as intake_work
from segments.importing.intake import Intake, IntakeState, Source
from segments.linking import review
from segments.missing import gap

NEEDED = ("gazetteer", "geography", "register", "indicator")


@dataclass(frozen=True)
class Figure:
    label: str
    value: str
    note: str = ""
    href: str = ""


@dataclass(frozen=True)
class Step:
    """One thing to do next."""

    title: str
    href: str
    hint: str = ""


@dataclass(frozen=True)
class Overview:
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what whoever reads the figures must know first
    steps: list[Step] = field(default_factory=list)
    campaigns: list[tuple[Campaign, ledger.Status]] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)  # what keeps messages from leaving
    arrived: list[Intake] = field(default_factory=list)  # what automatic sharing brought in of late


def overview(office: Office, account: Account) -> Overview:
    actor = Actor(account.authority, account.label, account.id)
    found = lookup.campaigns(office, actor)
    going = [c for c in found if c.state in (CampaignState.launched, CampaignState.paused)]
    shown = going or [c for c in found if c.launched_at][:1]
    intake_work.take_up(office)
    incoming = intake.to_show(office, account.authority)
    steps = [
        *_intake_steps(incoming), *_misread_steps(office, account), *_data_steps(office, account),
        *_reply_steps(office, account), *_campaign_steps(office, account, found),
        *_plan_steps(office, account, found),
    ]  # fmt: skip
    return Overview(
        figures=_figures(office, account.authority),
        notes=_notes(office, account.authority),
        steps=[step for step, right in steps if account.may(right)],
        campaigns=[(c, ledger.status(office, actor, c.id or 0)) for c in shown],
        outages=_outages(office),
        arrived=[each for each in incoming if each.state == IntakeState.imported],
    )


def _outages(office: Office) -> list[Outage]:
    with office.database.reading() as session:
        return outages.outages(office, session)


def _figures(office: Office, authority: str) -> list[Figure]:
    try:
        homes = households.summary(office, authority)
        whole = gap.overall(office, authority)
    except (InputRefused, LakeDamaged):
        return []
    return [
        Figure("Homes", number(homes.households), "", "/data"),
        Figure("Electors", number(homes.electors), f"register of {day(homes.register_as_at)}", "/data"),
        Figure(
            "Complete", percent(whole.completeness), f"between {percent(whole.low)} and {percent(whole.high)}", "/gaps"
        ),
        Figure("Missing, about", number(round(whole.missing, -2)), "people who may register", "/gaps"),
    ]


def _notes(office: Office, authority: str) -> list[str]:
    try:
        return gap.estimate(office, authority).notes
    except InputRefused:
        return []
    except LakeDamaged as damaged:
        return [str(damaged)]


def _intake_steps(incoming: list[Intake]) -> list[tuple[Step, Right]]:
    """Files that wait for a decision, are under way, or could not be used."""
    steps = []
    for each in incoming:
        name, path = each.name or "the table of homes", f"/data/intake/{each.token}"
        by_itself = " It arrived by itself" if each.source == Source.inbox else ""
        match each.state:
            case IntakeState.waiting:
                step = Step(f"Decide: {name}", path, f"Usable, with problems.{by_itself}".rstrip("."))
            case IntakeState.refused if each.source == Source.inbox:
                step = Step(f"Set aside: {name}", path, f"It cannot be used.{by_itself}")
            case IntakeState.checking | IntakeState.importing:
                step = Step(f"Under way: {name}", path, f"{each.stage}, {each.percent}%")
            case _:
                continue
        steps.append((step, Right.import_data))
    return steps


def _misread_steps(office: Office, account: Account) -> list[tuple[Step, Right]]:
    """What an earlier version read wrongly."""
    found = misread.found(office, account.authority)
    return [
        (
            Step(
                f"{'Import again' if each.again else 'Undo'}: {datasets.title(each.kind)}", each.href,
                f"Import {each.snapshot_id}, as at {each.as_at}. {each.why}",
            ),
            Right.import_data,
        )
        for each in found
    ]  # fmt: skip


def _data_steps(office: Office, account: Account) -> list[tuple[Step, Right]]:
    here = {dataset.kind: dataset for dataset in datasets.by_kind(office, account.authority)}
    missing = [here[kind] for kind in NEEDED if kind in here and not here[kind].snapshots]
    steps = [
        (Step(f"Import: {dataset.title}", f"/data/new?kind={dataset.kind}", dataset.hint), Right.import_data)
        for dataset in missing
    ]
    if not missing and review.homes_are_behind(office, account.authority):
        hint = "Data has come in since it was built"
        steps.append((Step("Build the table of homes", "/data", hint), Right.import_data))
    if (asked := review.waiting(office, account.authority)) and not missing:
        hint = "Whether an elector's address is that of a home, where only a person can tell"
        steps.append((Step(f"Review {plural(asked, 'address', 'addresses')}", "/data/review", hint), Right.import_data))
    newest = next(iter(here["register"].snapshots), None) if "register" in here else None
    age = (today(office.clock) - newest.as_at).days if newest else 0
    if age > register_age.STALE_DAYS:
        hint = f"The newest is {age} days old. Who has registered since is not known, and would be reminded again"
        steps.append((Step("Import a newer register", "/data/new?kind=register", hint), Right.import_data))
    return steps


def _campaign_steps(office: Office, account: Account, found: list[Campaign]) -> list[tuple[Step, Right]]:
    """The acts that a campaign waits for, as its own page offers them."""
    steps = []
    for campaign in found:
        path, acting = f"/campaigns/{campaign.id}", {act.name for act in actions.possible(office, account, campaign)}
        offers = (
            ("submit", "Submit or change", campaign.reason or "A draft"),
            ("approve", "Approve or send back", f"{plural(campaign.households, 'home')}, waiting for your decision"),
            ("launch", "Launch", "Approved"),
            ("renew", "Submit again or stop", campaign.reason),
            ("resume", "Resume or stop", campaign.reason or "Paused"),
            ("letters-again", "Decide on letters", "GOV.UK Notify did not have them when it was asked twice"),
        )
        steps += [
            (Step(f"{title}: {campaign.name}", path, hint), actions.named(name).right)
            for name, title, hint in offers
            if name in acting
        ]
    return steps


def _reply_steps(office: Office, account: Account) -> list[tuple[Step, Right]]:
    waiting = work_list.waiting(office, account.authority)
    steps = []
    if waiting.open:
        held = f"{plural(waiting.held, 'message')} wait until somebody has looked. " if waiting.held else ""
        hint = f"{held}Texts, returned letters and complaints"
        steps.append((Step(f"Read {plural(waiting.open, 'reply', 'replies')}", "/replies", hint), Right.import_data))
    if waiting.no_help:
        hint = "Residents text HELP, and no wording is in use that answers"
        steps.append((Step("Choose what answers HELP", "/replies/help", hint), Right.plan))
    return steps


def _plan_steps(office: Office, account: Account, found: list[Campaign]) -> list[tuple[Step, Right]]:
    if not _figures_possible(office, account.authority):
        return []
    if not segments.all_segments(office, account.authority):
        return [(Step("Make a segment", "/segments/new", "Choose which homes to remind"), Right.plan)]
    if not found:
        return [(Step("Plan a campaign", "/campaigns/new", "Remind the homes of a segment"), Right.plan)]
    return []


def _figures_possible(office: Office, authority: str) -> bool:
    try:
        households.summary(office, authority)
    except InputRefused:
        return False
    return True
