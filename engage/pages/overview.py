"""What the home page reads: what waits for whoever looks, their pins, and the figures of the council."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from campaigns.records import lookup
from campaigns.records.models import Campaign, CampaignState
from campaigns.sending import ledger, outages
from campaigns.sending.outages import Outage
from engage.foundation.errors import InputRefused, LakeDamaged
from engage.foundation.identity import Account
from engage.foundation.office import Actor, Office
from engage.foundation.words import day, number, percent
from engage.home import pins, waiting
from engage.home.pins import Pin
from engage.home.waiting import Group, Step
from segments.homes import households
from segments.importing import intake
from segments.importing import steps as intake_work
from segments.importing.intake import Intake, IntakeState
from segments.missing import gap


@dataclass(frozen=True)
class Figure:
    label: str
    value: str
    note: str = ""
    href: str = ""


@dataclass(frozen=True)
class Overview:
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what whoever reads the figures must know first
    groups: list[Group] = field(default_factory=list)
    pins: Sequence[Pin] = ()
    campaigns: list[tuple[Campaign, ledger.Standing]] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)  # what keeps messages from leaving
    arrived: list[Intake] = field(default_factory=list)  # what automatic sharing brought in of late

    @property
    def steps(self) -> list[Step]:
        return [step for group in self.groups for step in group.steps]


def overview(office: Office, account: Account) -> Overview:
    actor = Actor(account.authority, account.label, account.id)
    found = lookup.campaigns(office, actor)
    going = [c for c in found if c.state in (CampaignState.launched, CampaignState.paused)]
    shown = going or [c for c in found if c.launched_at][:1]
    intake_work.take_up(office)
    incoming = intake.to_show(office, account.authority)
    with office.database.reading() as session:
        pinned, ill = pins.of(session, account), outages.outages(office, session)
    return Overview(
        figures=_figures(office, account.authority),
        notes=_notes(office, account.authority),
        groups=waiting.groups(office, account, found, incoming), pins=pinned,
        campaigns=list(zip(shown, ledger.sums(office, actor, shown), strict=True)),
        outages=ill,
        arrived=[each for each in incoming if each.state == IntakeState.imported],
    )  # fmt: skip


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
