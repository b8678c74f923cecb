"""The name that GOV.UK Notify puts before each text: said, counted, and held against what Notify answers and bills."""

from datetime import timedelta

import pytest
from sqlmodel import select

from campaigns.approval import control, drafts, forecast, submission
from campaigns.messages import proofs, service_name
from campaigns.notify.client import GovukNotify
from campaigns.notify.messages import Accepted, Outgoing
from campaigns.notify.stand_in import Running
from campaigns.plan.plan import read
from campaigns.records import lookup
from campaigns.records.models import Campaign, CampaignState, Message
from campaigns.worker.work import tick
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Authority
from engage.foundation.office import Office
from tests.campaigns.council import COUNCIL, TEMPLATES, Maker, audience_file, plan

TEXTS = {"templates": {"sms": TEMPLATES["sms"]}, "arms": {"everyone": 1.0}, "comparison": ""}
NAME = "Exampleton elections " * 6  # so long that it is a part more
DEMO = "Engage demonstration"


def launched(office: Office, maker: Maker, notify: GovukNotify) -> Campaign:
    draft = drafts.create(office, maker.people.planner, plan(**TEXTS))
    made = submission.adopt(
        office, maker.people.planner, draft, audience_file(office, 12), register_snapshot=None,
        known=notify.templates(),
    )  # fmt: skip
    maker.approve(made.id or 0)
    return control.launch(office, maker.people.planner, made.id or 0)


def now(office: Office, maker: Maker, campaign: Campaign) -> Campaign:
    return lookup.campaign(office, maker.people.planner, campaign.id or 0)


def sent(office: Office) -> list[Message]:
    with office.database.session() as session:
        return [message for message in session.exec(select(Message)) if message.notify_id]


def proof(office: Office, notify: GovukNotify) -> proofs.Proof:
    made = read(plan(**TEXTS))
    return proofs.proofs(forecast.setting(office, COUNCIL, made), made, notify.templates())[0]


class Prefixing:
    """The real client, whose answers hold another name than the council said."""

    def __init__(self, real: GovukNotify, name: str) -> None:
        self.real, self.name = real, name
        self.find, self.sweep, self.status = real.find, real.sweep, real.status
        self.templates, self.preview, self.received_texts = real.templates, real.preview, real.received_texts

    def send(self, message: Outgoing) -> Accepted:
        accepted = self.real.send(message)
        return Accepted(
            accepted.notification_id, accepted.reference, accepted.template_version, f"{self.name}: {accepted.body}"
        )


def test_until_somebody_says_the_council_s_name_is_counted_and_told(office: Office, notify: GovukNotify) -> None:
    found = proof(office, notify)
    assert found.shown.startswith("East Staffordshire: Electoral Registration Officer")
    assert service_name.NOBODY_SAID in found.warnings


def test_what_was_said_is_counted_for_every_campaign(office: Office, maker: Maker, notify: GovukNotify) -> None:
    service_name.say(office, maker.people.planner, "")
    plain = proof(office, notify)
    assert plain.shown.startswith("Electoral Registration Officer")
    service_name.say(office, maker.people.planner, f" {NAME}: ")
    named = proof(office, notify)
    assert named.shown.startswith(f"{NAME.strip()}: Electoral")
    assert plain.fragments is not None
    assert named.fragments == (plain.fragments[0] + 1, plain.fragments[1] + 1)
    assert service_name.NOBODY_SAID not in (*plain.warnings, *named.warnings)
    service_name.say(office, maker.people.planner, NAME)
    with office.database.session() as session:
        acts = [entry.act for entry in session.exec(select(AuditEntry))]
        assert session.get_one(Authority, COUNCIL).text_name == NAME.strip()
    assert acts.count("name before texts") == 2, "saying it again is no act"
    with pytest.raises(InputRefused, match="255 characters"):
        service_name.say(office, maker.people.planner, "x" * 256)


@pytest.mark.parametrize(("said", "prefix"), [("", False), (DEMO, True)])
def test_where_it_is_as_was_said_parts_and_price_agree(
    office: Office, maker: Maker, post: Running, notify: GovukNotify, clock: SteppedClock, said: str, prefix: bool
) -> None:
    post.state.change_service({"prefix_sms": prefix})
    service_name.say(office, maker.people.planner, said)
    campaign = launched(office, maker, notify)
    tick(office, notify)
    clock.advance(timedelta(minutes=6))
    tick(office, notify)
    messages = sent(office)
    assert messages
    assert now(office, maker, campaign).state == CampaignState.completed, "nothing paused it"
    for message in messages:
        assert message.cost == pytest.approx(0.024 * (message.parts or 0))


def test_another_name_in_the_answer_pauses_after_the_first(office: Office, maker: Maker, notify: GovukNotify) -> None:
    service_name.say(office, maker.people.planner, DEMO)
    campaign = launched(office, maker, notify)
    tick(office, Prefixing(notify, "Exampleton Borough Council"))
    paused = now(office, maker, campaign)
    assert paused.state == CampaignState.paused
    assert "puts “Exampleton Borough Council” before each text, and “Engage demonstration” was counted" in paused.reason
    assert paused.digest == "", "what was approved is not what would be paid"


def test_the_same_name_in_the_answer_is_none(office: Office, maker: Maker, notify: GovukNotify) -> None:
    service_name.say(office, maker.people.planner, DEMO)
    campaign = launched(office, maker, notify)
    tick(office, Prefixing(notify, DEMO))
    assert now(office, maker, campaign).state == CampaignState.launched


def test_a_bill_for_more_parts_pauses(
    office: Office, maker: Maker, post: Running, notify: GovukNotify, clock: SteppedClock
) -> None:
    """Somebody renames the service at Notify, or switches the name on, in the middle of a campaign."""
    service_name.say(office, maker.people.planner, "")
    campaign = launched(office, maker, notify)
    post.state.change_service({"prefix_sms": True, "name": NAME})
    tick(office, notify)
    assert now(office, maker, campaign).state == CampaignState.launched, "no answer shows it"
    clock.advance(timedelta(minutes=6))
    tick(office, notify)
    paused = now(office, maker, campaign)
    assert paused.state == CampaignState.paused
    assert "GOV.UK Notify bills 3 parts for a text that was counted as 2" in paused.reason
