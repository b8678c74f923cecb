"""A council with accounts, an audience made by hand, and a campaign at any point of its life."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlmodel import SQLModel

import segments.audiences.named_rules
import segments.safeguards.suppression  # noqa: F401  # with the line above: their tables
from campaigns.approval import control, decisions, drafts, submission
from campaigns.notify.stand_in import default_seed
from campaigns.records.models import Campaign, CampaignState, Watch
from engage.foundation.folders import own_folder
from engage.foundation.identity import Account, Authority, Role
from engage.foundation.office import Actor, Office

COUNCIL = "E07000193"
WARDS = ("E05000001", "E05000002", "E05000003")
SEED = default_seed()
TEMPLATES = {
    channel: SEED["templates"]["demo"][f"{channel}_reminder_en"]["id"] for channel in ("email", "sms", "letter")
}
KEY = SEED["services"]["demo"]["api_keys"]["normal"]
RULE = {"version": 1, "where": {"column": "electors", "is": "exactly", "value": 0}}
START = datetime(2026, 6, 3, 9, tzinfo=UTC)  # a Wednesday


@dataclass
class People:
    planner: Actor
    approver: Actor
    auditor: Actor


def found(office: Office) -> None:
    """The tables, and a council in them."""
    own_folder(office.settings.home)
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=COUNCIL, name="East Staffordshire"))


def staff(office: Office) -> People:
    def account(role: Role) -> Actor:
        with office.database.session() as session:
            made = Account(authority=COUNCIL, email=f"{role.value}@example.org", name=role.value.title(), role=role)
            session.add(made)
            session.flush()
            return Actor(COUNCIL, made.label, made.id)

    return People(account(Role.officer), account(Role.approver), account(Role.auditor))


def audience_file(office: Office, households: int, *, to: Path | None = None) -> Path:
    """Household n has an email if n % 3 is 0, a mobile if n % 3 is 1 or n % 6 is 0, and a letter always."""

    def contact(channel: str, value: str) -> tuple[str, str]:
        return office.keys.contact(channel, value), office.keys.encrypt(value)

    rows = []
    for n in range(households):
        email = contact("email", f"household-{n}@example.org") if n % 3 == 0 else (None, None)
        sms = contact("sms", f"447700900{n % 600 + 300}") if n % 3 == 1 or n % 6 == 0 else (None, None)
        rows.append(
            {
                "uprn": 100000000000 + n, "ward": WARDS[n % 3], "ward_name": f"Ward {n % 3}", "oa": "E00000001",
                "electors": 0, "address_lines": [f"{n + 1} High Street", "Burton", "DE14 1AA"], "postcode": "DE14 1AA",
                "letter": True, "email_contact": email[0], "email_value": email[1], "sms_contact": sms[0],
                "sms_value": sms[1], "email_source": "Garden waste" if email[0] else None,
                "sms_source": "Council tax" if sms[0] else None,
            }
        )  # fmt: skip
    path = to or office.lake.stage()
    text = pa.string()
    schema = pa.schema(
        [
            ("uprn", pa.int64()), ("ward", text), ("ward_name", text), ("oa", text), ("electors", pa.int32()),
            ("address_lines", pa.list_(text)), ("postcode", text), ("letter", pa.bool_()), ("email_contact", text),
            ("email_value", text), ("sms_contact", text), ("sms_value", text),
            ("email_source", text), ("sms_source", text),
        ]
    )  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, schema), path)
    return path


def plan(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Summer reminders",
        "purpose": "Remind homes where nobody is registered",
        "rule": RULE,
        "start": "2026-06-03",
        "outcome_window": {"start": "2026-06-03", "end": "2026-07-15"},
        "templates": TEMPLATES,
        "seed": 20260603,
        **changes,
    }


def watched(office: Office, **saw: Any) -> None:
    """As a worker that has just looked, and saw this."""
    with office.database.session() as session:
        session.merge(Watch(**{"worker": "one", "seen": time.time(), "rate": 40.0, **saw}))


@dataclass
class Maker:
    office: Office
    people: People
    made: list[Campaign] = field(default_factory=list)

    def submitted(self, households: int = 60, *, register: int | None = None, **changes: Any) -> Campaign:
        draft = drafts.create(self.office, self.people.planner, plan(**changes))
        frozen = audience_file(self.office, households)
        return submission.adopt(self.office, self.people.planner, draft, frozen, register_snapshot=register)

    def approve(self, number: int) -> None:
        """By one approver, and before a poll by a second."""
        approved = decisions.approve(self.office, self.people.approver, number)
        if approved.state == CampaignState.submitted:
            decisions.approve(self.office, self.second_approver(), number)

    def second_approver(self) -> Actor:
        with self.office.database.session() as session:
            made = Account(authority=COUNCIL, email="second@example.org", name="Second", role=Role.approver)
            session.add(made)
            session.flush()
            return Actor(COUNCIL, made.label, made.id)

    def launched(self, households: int = 60, *, register: int | None = None, **changes: Any) -> Campaign:
        campaign = self.submitted(households, register=register, **changes)
        self.approve(campaign.id or 0)
        launched = control.launch(self.office, self.people.planner, campaign.id or 0)
        assert launched.state == CampaignState.launched
        return launched
