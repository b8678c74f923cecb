"""A test reaches the named colleague once and is on record; a resident is never written to."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlmodel import select

from campaigns.approval import drafts, trial_message
from campaigns.notify.client import GovukNotify
from campaigns.notify.errors import NotSent
from campaigns.notify.messages import Accepted, Outgoing
from campaigns.notify.stand_in import Running
from campaigns.records.models import Campaign, Message, MessageState, Wave
from engage.foundation import audit
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused, NotAllowed
from engage.foundation.identity import Authority, FormerCode
from engage.foundation.office import Office
from tests.campaigns.council import COUNCIL, Maker, plan


@pytest.fixture
def draft(office: Office, maker: Maker) -> int:
    return drafts.create(office, maker.people.planner, plan()).id or 0


def test_a_colleague_gets_it_and_the_audit_log_knows(
    office: Office, maker: Maker, post: Running, notify: GovukNotify, draft: int
) -> None:
    planner = maker.people.planner
    for channel, number in (("email", ""), ("sms", "07700 900111 ")):
        trial_message.send(
            office, planner, draft, channel=channel, language="en", to="approver@example.org", number=number,
            notify=notify,
        )  # fmt: skip
    (found,) = [row for row in post.state.store.by_id.values() if row.type == "email"]
    assert found.recipient == "approver@example.org"
    assert "((" not in found.body
    tests = trial_message.sent(office, planner, draft)
    assert [(test.channel, test.to, test.version) for test in tests] == [
        ("sms", "approver 2", 1),
        ("email", "approver 2", 1),
    ]
    with office.database.session() as session:
        kept = [e.model_dump_json() for e in session.exec(select(audit.AuditEntry))]
    assert not any("example.org" in entry or "900111" in entry for entry in kept), "no contact is in the audit log"


def test_no_resident_is_ever_a_test(office: Office, maker: Maker, notify: GovukNotify, draft: int) -> None:
    planner = maker.people.planner
    staged = office.lake.stage()
    pq.write_table(pa.table({"contact": [office.keys.contact("sms", "447700900321")]}), staged)
    with office.database.session() as session:
        office.lake.commit(
            session, staged, authority=COUNCIL, kind="contacts", as_at=today(office.clock), made_at=office.clock.now(),
            made_by="test", rows=1,
        )  # fmt: skip
    ask = {"channel": "sms", "language": "en", "notify": notify}
    for to, number, said in (
        ("approver 2", "07700 900321", "contact of a home"),
        ("resident@example.org", "07700 900111", "colleague with an account"),
        ("approver 2", "01283 000000", "mobile"),
    ):
        with pytest.raises(InputRefused, match=said):
            trial_message.send(office, planner, draft, to=to, number=number, **ask)  # type: ignore[arg-type]
    with pytest.raises(InputRefused, match="A letter is read here"):
        trial_message.send(office, planner, draft, channel="letter", language="en", to="approver 2", notify=notify)
    with pytest.raises(NotAllowed):
        trial_message.send(office, maker.people.auditor, draft, to="approver 2", number="07700900111", **ask)  # type: ignore[arg-type]
    assert trial_message.sent(office, planner, draft) == []


def test_nobody_learns_whom_another_council_wrote_to(
    office: Office, maker: Maker, notify: GovukNotify, draft: int
) -> None:
    other, planner = "E07000999", maker.people.planner
    with office.database.session() as session:
        session.add(Authority(code=other, name="Elsewhere"))
        session.flush()
        own = session.get_one(Campaign, draft).model_dump(exclude={"id", "authority"})
        theirs = Campaign(authority=other, **own)
        session.add(theirs)
        session.flush()
        wave = Wave(campaign_id=theirs.id or 0, number=1, send_on=today(office.clock), arms=[], templates={})
        session.add(wave)
        session.flush()
        contact = office.keys.contact("sms", "447700900321")
        session.add(
            Message(
                authority=other, campaign_id=theirs.id or 0, wave_id=wave.id or 0, uprn=1, ward="E05000001",
                channel="sms", template="t", reference="r", token="t", contact=contact, state=MessageState.accepted,
            )
        )  # fmt: skip
    ask = {"channel": "sms", "language": "en", "to": "approver 2", "notify": notify}
    for number in ("07700 900321", "07700 900322"):
        assert trial_message.send(office, planner, draft, number=number, **ask)  # type: ignore[arg-type]
    with office.database.session() as session:
        session.add(FormerCode(authority=COUNCIL, code=other, until=today(office.clock)))
    with pytest.raises(InputRefused, match="contact of a home"):
        trial_message.send(office, planner, draft, number="07700 900321", **ask)  # type: ignore[arg-type]


class _Away(GovukNotify):
    def send(self, message: Outgoing) -> Accepted:
        raise NotSent("ConnectTimeout")


def test_what_was_tried_is_on_record_though_it_did_not_arrive(
    office: Office, maker: Maker, notify: GovukNotify, draft: int
) -> None:
    with pytest.raises(NotSent):
        trial_message.send(
            office, maker.people.planner, draft, channel="email", language="en", to="approver 2",
            notify=_Away(*notify._settings),
        )  # fmt: skip
    assert len(trial_message.sent(office, maker.people.planner, draft)) == 1
