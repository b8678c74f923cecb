"""One contact of several homes, drawn by lot: a letting agent, a parent, a landlord's mobile."""

import csv
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from campaigns.approval import control, drafts, submission
from campaigns.plan import audience
from campaigns.plan.exclusions import SEVERAL, SHARED
from campaigns.records.lookup import audience_file as drawn_file
from campaigns.records.models import MESSAGES, Campaign, MessageState, Reason
from campaigns.sending import waves
from engage.foundation.office import Office
from tests.campaigns.council import TEMPLATES, Maker, audience_file, plan

EVERYONE = {"arms": {"everyone": 1.0}, "comparison": ""}
FIRST = 100000000000
EMAILS = {"templates": {"email": TEMPLATES["email"]}}


def sharing(office: Office, households: int, shares: dict[str, dict[str, list[int]]], path: Path | None = None) -> Path:
    """An audience in which the homes of each list have one contact, by channel."""
    path = path or audience_file(office, households)
    rows = pq.read_table(path)
    listed = rows.to_pylist()
    for channel, contacts in shares.items():
        for value, homes in contacts.items():
            for n in homes:
                listed[n] |= {
                    f"{channel}_contact": office.keys.contact(channel, value),
                    f"{channel}_value": office.keys.encrypt(value), f"{channel}_source": "Landlord licensing",
                }  # fmt: skip
    pq.write_table(pa.Table.from_pylist(listed, rows.schema), path)
    return path


def submitted(office: Office, maker: Maker, frozen: Path, **changes: object) -> Campaign:
    draft = drafts.create(office, maker.people.planner, plan(**changes))
    return submission.adopt(office, maker.people.planner, draft, frozen, register_snapshot=None)


def lines(campaign: Campaign) -> dict[str, int]:
    found = campaign.estimate["waterfall"]
    drawn = next(line["homes"] for line in found if line["kind"] == "subtotal")
    assert drawn == found[-1]["homes"] + sum(line["homes"] for line in found if line["kind"] == "left out")
    return {line["what"]: line["homes"] for line in found}


def rows_of(office: Office, campaign: Campaign) -> list[dict[str, object]]:
    with office.database.session() as session:
        path = drawn_file(office, session, campaign)
    return pq.read_table(path).to_pylist()


def left(office: Office, campaign: Campaign) -> list[tuple[int, str, str]]:
    """(home, channel, contact) of each message that waits in the ledger."""
    with office.database.session() as session:
        of = MESSAGES.c
        query = sa.select(of.uprn, of.channel, of.contact).where(
            of.campaign_id == campaign.id, of.state == MessageState.planned.value
        )
        return [tuple(row) for row in session.execute(query)]


def test_a_contact_is_written_to_once_in_a_wave_and_counted_so(office: Office, maker: Maker) -> None:
    agent = {"email": {"agent@lettings.example.com": [0, 3, 6, 9, 12]}, "sms": {"447700900123": [1, 4]}}
    made = submitted(office, maker, sharing(office, 30, agent), **EVERYONE)
    first = made.estimate["waves"][0]
    # Of 10 homes with an email one of five keeps the agent's; 0, 6 and 12 have a mobile besides.
    kept = {row["uprn"] for row in rows_of(office, made) if row["email_contact"]}
    assert (first["channels"]["email"], len(kept)) == (6, 6)
    assert made.estimate["shared"] == {"another home": {"email": 4, "sms": 1}}
    maker.approve(made.id or 0)
    launched = control.launch(office, maker.people.planner, made.id or 0)
    waves.plan_due(office, launched.id or 0)
    sent = left(office, launched)
    contacts = [contact for _, _, contact in sent if contact]
    assert len(contacts) == len(set(contacts))
    by_channel = {channel: sum(each == channel for _, each, _ in sent) for channel in ("email", "sms")}
    assert by_channel == {channel: first["channels"][channel] for channel in ("email", "sms")}


def test_homes_left_without_a_contact_are_told_why(office: Office, maker: Maker) -> None:
    agent = {"email": {"agent@lettings.example.com": [0, 3, 6]}}
    found = lines(submitted(office, maker, sharing(office, 9, agent), **EVERYONE, **EMAILS))
    assert (found[SHARED], found[SEVERAL], found["homes that can be reminded"]) == (2, 0, 1)


def test_a_contact_of_both_groups_is_left_out(office: Office, maker: Maker) -> None:
    everywhere = {"email": {"agent@lettings.example.com": list(range(0, 60, 3))}}
    made = submitted(office, maker, sharing(office, 60, everywhere), **EMAILS)
    assert made.estimate["shared"] == {"several groups": {"email": 20}}
    assert lines(made)[SEVERAL] == 20
    assert sum(wave["channels"]["email"] for wave in made.estimate["waves"]) == 0


@pytest.mark.parametrize(("arms", "written"), [(EVERYONE, {"email": 1, "sms": 1}), ({}, {"email": 0, "sms": 0})])
def test_the_homes_of_an_agent_and_of_a_landlord(
    office: Office, maker: Maker, shared: Path, arms: dict[str, object], written: dict[str, int]
) -> None:
    """40 homes with one email address and 8 with one mobile, which got 40 emails and 3 texts in a minute."""
    with (shared / "cases" / "f4-contacts-shared.csv").open(encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    contacts: dict[str, dict[str, list[int]]] = {"email": {}, "sms": {}}
    for n, row in enumerate(listed):
        channel, value = ("email", row["email"]) if row["email"] else ("sms", f"44{row['mobile'][1:]}")
        contacts[channel].setdefault(value, []).append(n)
    made = submitted(office, maker, one_contact_each(office, len(listed), contacts), **arms)
    first = [wave for wave in made.estimate["waves"] if "email" in wave["channels"]]
    assert {channel: sum(wave["channels"][channel] for wave in first) for channel in written} == written


def one_contact_each(office: Office, households: int, contacts: dict[str, dict[str, list[int]]]) -> Path:
    """As `sharing`, and no other contacts."""
    path = sharing(office, households, {})
    rows = pq.read_table(path)
    none = [row | {name: None for name in row if name.startswith(("email_", "sms_"))} for row in rows.to_pylist()]
    pq.write_table(pa.Table.from_pylist(none, rows.schema), path)
    return sharing(office, households, contacts, path)


def test_the_lot_says_which_home_and_the_order_of_rows_does_not(office: Office, tmp_path: Path) -> None:
    frozen = sharing(office, 60, {"sms": {"447700900123": list(range(60))}})
    kept = {}
    for seed in (1, 2, 3, 4, 5, 1):
        audience.with_arms(frozen, tmp_path / "drawn.parquet", {"everyone": 1.0}, seed)
        query = "SELECT uprn FROM read_parquet(?) WHERE sms_contact IS NOT NULL"
        (home,) = duckdb.execute(query, [str(tmp_path / "drawn.parquet")]).fetchall()
        assert kept.setdefault(seed, home) == home
    assert len(set(kept.values())) > 1, "not always the first of the file"


def test_an_audience_of_an_earlier_version_is_written_to_once_too(office: Office, maker: Maker) -> None:
    made = submitted(office, maker, audience_file(office, 12), **EVERYONE)
    with office.database.session() as session:
        path = drawn_file(office, session, made)
    agent = office.keys.contact("email", "agent@lettings.example.com")
    table = pq.read_table(path).drop_columns(["email_withheld", "sms_withheld"])
    emails = [agent if each else None for each in table["email_contact"].to_pylist()]
    place = table.schema.get_field_index("email_contact")
    staged = office.lake.stage()
    pq.write_table(table.set_column(place, "email_contact", pa.array(emails, pa.string())), staged)
    office.lake.replace(str(path.relative_to(office.lake.root)), staged)
    maker.approve(made.id or 0)
    launched = control.launch(office, maker.people.planner, made.id or 0)
    waves.plan_due(office, launched.id or 0)
    assert [contact for _, channel, contact in left(office, launched) if channel == "email"] == [agent]
    with office.database.session() as session:
        query = sa.select(sa.func.count()).where(MESSAGES.c.reason == Reason.shared.value)
        assert session.execute(query).scalar_one() == 3


@pytest.mark.parametrize(("cap", "channels"), [(1, [12, 0]), (3, [12, 12])])
def test_the_waves_before_count_against_the_cap(office: Office, maker: Maker, cap: int, channels: list[int]) -> None:
    (office.settings.home / "law.toml").write_text(
        f"[[frequency_cap]]\nsince = 2026-01-01\nmessages = {cap}\ndays = 30\nsource = 's'\n"
    )
    letters = [
        {"channels": ["letter"], "send_on": day, "arms": ["everyone"]} for day in ("2026-06-03", "2026-06-17")
    ]  # fmt: skip
    made = submitted(office, maker, audience_file(office, 12), **EVERYONE, waves=letters)
    assert [wave["channels"]["letter"] for wave in made.estimate["waves"]] == channels
    assert [wave["capped"] for wave in made.estimate["waves"]] == [12 - homes for homes in channels]
