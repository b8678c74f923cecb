"""Messages as they would leave, against the stand-in's templates and addresses judged one by one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from campaigns.approval import control, drafts, submission
from campaigns.messages import letters, names, proofs
from campaigns.messages.proofs import Setting
from campaigns.notify.address import read_address
from campaigns.notify.client import GovukNotify
from campaigns.notify.messages import Template
from campaigns.notify.text import check_sms
from campaigns.plan.plan import read
from campaigns.records import lookup
from campaigns.records.models import CampaignState
from engage.foundation.errors import SendBlocked, SettingsInvalid
from engage.foundation.office import Office
from tests.campaigns.council import COUNCIL, SEED, TEMPLATES, Maker, audience_file, plan

BOTH = {
    channel: {language: SEED["templates"]["demo"][f"{channel}_reminder_{language}"]["id"] for language in ("en", "cy")}
    for channel in ("email", "sms", "letter")
}


@pytest.fixture
def setting(office: Office) -> Setting:
    return Setting(office, COUNCIL, "East Staffordshire", "England", None)


@pytest.fixture
def known(notify: GovukNotify) -> list[Template]:
    return notify.templates()


def _with(known: list[Template], channel: str, /, **changes: object) -> list[Template]:
    return [
        replace(template, **changes) if template.template_id == TEMPLATES[channel] else template  # type: ignore[arg-type]
        for template in known
    ]


def test_each_channel_and_language_is_shown_as_it_would_leave(setting: Setting, known: list[Template]) -> None:
    found = proofs.proofs(setting, read(plan(templates=BOTH, language="cy")), known)
    assert [proof.title for proof in found] == [
        "Email in English", "Email in Welsh", "Text message in English", "Text message in Welsh", "Letter in English",
        "Letter in Welsh",
    ]  # fmt: skip
    assert all(not proof.faults and "((" not in proof.shown for proof in found)
    assert [proof.used for proof in found] == [False, True] * 3
    assert "1 Gorffennaf 2026" in found[1].shown, "the day in the language of the message"
    assert "1 July 2026" in found[0].shown
    assert {proof.version for proof in found} == {1}
    assert found[4].postage == "second"
    told = proofs.proofs(replace(setting, sources=("Council tax",)), read(plan(start="2026-06-10")), known)
    assert ["Council tax" in proof.shown for proof in told] == [False, True, False]
    assert all("8 July 2026" in proof.shown for proof in told), "four weeks from the day it leaves"


def test_texts_are_counted_for_every_record_numbers_come_from(setting: Setting, known: list[Template]) -> None:
    long = "The list of people who asked for a garden waste bin to be emptied, 2024 to 2026 " * 4
    both = proofs.proofs(replace(setting, sources=("Tax", long)), read(plan()), known)[1]
    assert both.fragments is not None
    least, most = both.fragments
    assert least < most
    alone = proofs.proofs(replace(setting, sources=(long,)), read(plan()), known)[1]
    assert alone.fragments == (most, most) == (check_sms(alone.shown).fragments,) * 2


def test_what_arrives_as_a_question_mark_or_costs_more_is_told(setting: Setting, known: list[Template]) -> None:
    text = "Tŷ ((council)) 👋 ((link)) ((contact source))"
    proof = proofs.proofs(setting, read(plan()), _with(known, "sms", body=text, placeholders=("council", "link")))[1]
    assert "Some characters arrive as a question mark: 👋" in proof.warnings
    assert "These letters make the text cost more parts: ŷ" in proof.warnings
    assert "Tŷ East Staffordshire ?" in proof.shown


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"body": "Ask the Labour Party", "placeholders": ()}, "it names 'Labour Party' (party)"),
        ({"body": "Holwch Plaid  CYMRU", "placeholders": ()}, "it names 'Plaid Cymru' (party)"),
        ({"body": "Councillor José Bloggs says", "placeholders": ()}, "it names 'Jose Bloggs' (councillor)"),
        ({"placeholders": ("shoe size",)}, "asks for shoe size"),
        ({"placeholders": ("poll_date",)}, "names the day of a poll, but the plan has none"),
        ({"channel": "letter"}, "is for letter, not sms"),
        ({"body": "x" * 919, "placeholders": ()}, "longer than 918"),
        ({"body": " ", "placeholders": ()}, "it is empty"),
        ({"template_id": "gone"}, "GOV.UK Notify has no template"),
    ],
)
def test_a_message_that_must_not_leave_says_why(
    setting: Setting, known: list[Template], changes: dict[str, object], said: str
) -> None:
    home = setting.office.settings.home
    (home / "names.toml").write_text("[[never]]\nkind = 'councillor'\nnames = ['Jose Bloggs']\n")
    found = proofs.proofs(setting, read(plan()), _with(known, "sms", **changes))
    with pytest.raises(SendBlocked) as caught:
        proofs.demand(found)
    assert str(caught.value).startswith("Text message in English: ")
    assert said in str(caught.value)


def test_names_are_whole_words_of_the_council_that_listed_them(tmp_path: Path) -> None:
    (tmp_path / "names.toml").write_text(
        "[[never]]\nkind = 'councillor'\nnames = ['Ann Li']\nauthority = 'E07000001'\n"
    )
    lists = names.listed(tmp_path).never
    assert names.found("Ask ANN LI!", lists, "E07000001") == [("Ann Li", "councillor")]
    assert names.found("Joann Lister", lists, "E07000001") == []
    assert names.found("Ask Ann Li", lists, "E07000002") == []
    for text, words in (("[[never]", "not TOML"), ("[[never]]\nkind = 'x'\n", "never.0.names")):
        (tmp_path / "names.toml").write_text(text)
        names.listed.cache_clear()
        with pytest.raises(SettingsInvalid, match=words):
            names.listed(tmp_path)


def test_before_a_poll_messages_hold_plain_facts_only(setting: Setting, known: list[Template]) -> None:
    ours = next(each.body for each in known if each.template_id == TEMPLATES["email"])
    praising = _with(known, "email", body=f"{ours}\n\nYour councillors ask.")
    assert proofs.proofs(setting, read(plan()), praising)[0].faults == ()
    (fault,) = proofs.proofs(replace(setting, before_a_poll=True), read(plan()), praising)[0].faults
    assert "it says 'councillors'" in fault


def test_what_the_rules_find_stands_with_its_answer_before_whoever_approves(
    setting: Setting, known: list[Template]
) -> None:
    bare = _with(known, "sms", body="ERO, ((council)): register! ((link)) ((contact source)) ((privacy link)) £80 fine")
    proof = proofs.proofs(setting, read(plan()), bare)[1]
    assert proof.faults == ()
    wanting = "It does not say how to stop reminders, as “Reply STOP to stop”."
    assert [words for words in proof.warnings if wanting in words] == [f"{wanting} {proofs.UNANSWERED}"]
    assert [words for words in proof.warnings if "penalty" in words]
    answered = proofs.proofs(setting, read(plan(wording_answer="It is a test.")), bare)[1]
    assert f"{wanting} Answered: It is a test." in answered.warnings


def test_the_reminders_of_the_stand_in_are_plain_facts(setting: Setting, known: list[Template]) -> None:
    found = proofs.proofs(replace(setting, before_a_poll=True), read(plan(templates=BOTH)), known)
    assert [proof.faults for proof in found] == [()] * 6


@pytest.fixture
def submitted(office: Office, maker: Maker, known: list[Template]) -> int:
    draft = drafts.create(office, maker.people.planner, plan())
    frozen = audience_file(office, 60)
    submission.adopt(office, maker.people.planner, draft, frozen, register_snapshot=None, known=known)
    maker.approve(draft.id or 0)
    return draft.id or 0


class _Edited(GovukNotify):
    """Somebody has saved the text again at Notify."""

    def templates(self) -> list[Template]:
        return _with(super().templates(), "sms", version=2)


def test_a_message_changed_after_approval_holds_the_launch(
    office: Office, maker: Maker, submitted: int, notify: GovukNotify
) -> None:
    planner = maker.people.planner
    kept = lookup.campaign(office, planner, submitted).estimate["messages"]
    assert {message["channel"]: message["version"] for message in kept} == {"email": 1, "sms": 1, "letter": 1}
    edited = _Edited(*notify._settings)
    with pytest.raises(SendBlocked, match=r"Changed at GOV\.UK Notify since it was approved: sms_reminder_en"):
        control.launch(office, planner, submitted, notify=edited)
    assert control.launch(office, planner, submitted, notify=notify).state == CampaignState.launched


ADDRESSES = [
    ["1 High Street", "Burton", "DE14 1AA"],
    ["1 High Street", "Burton", "de141aa"],
    ["1 High Street", "DE14 1AA"],
    ["1 High Street", "Burton", "ZZ14 1AA"],
    ["(Rear of) 1 High Street", "Burton", "DE14 1AA"],
    ["No fixed abode", "Burton", "DE14 1AA"],
    ["---", "Burton", "DE14 1AA"],
    ["1 High Street", "", "Burton", "DE14 1AA"],
    ["1 High Street", "", "DE14 1AA"],
    ["1", "2", "3", "4", "5", "6", "7", "DE14 1AA"],
    ["Private Smith", "BFPO 58", "DE14 1AA"],
    ["Tŷ Gwyn", "Ŵ", "CF10 1AA"],
]


def test_addresses_are_refused_as_notify_refuses_them(tmp_path: Path) -> None:
    letter = pa.array([True] * len(ADDRESSES) + [False])
    lines = [*ADDRESSES, ["nobody"]]
    table = pa.table({"uprn": pa.array(range(len(lines)), pa.int64()), "address_lines": lines, "letter": letter})
    pq.write_table(table, tmp_path / "audience.parquet")
    found = letters.refused(tmp_path / "audience.parquet")
    expected = [n for n, address in enumerate(ADDRESSES) if read_address(address).fault]
    assert found.uprns.tolist() == expected
    assert sum(found.reasons.values()) == len(expected) == 7
    assert found.reasons["Must be a real UK postcode"] == 2


def test_a_home_with_such_an_address_gets_no_letter(office: Office, maker: Maker) -> None:
    frozen = audience_file(office, 30)
    table = pq.read_table(frozen)
    lines = table["address_lines"].to_pylist()
    lines[7] = ["7 High Street", "DE14 1AA"]
    pq.write_table(table.set_column(table.column_names.index("address_lines"), "address_lines", [lines]), frozen)
    draft = drafts.create(office, maker.people.planner, plan(templates={"letter": TEMPLATES["letter"]}))
    found = submission.adopt(office, maker.people.planner, draft, frozen, register_snapshot=None).estimate
    assert found["unprinted"] == {"Address must be at least 3 lines": 1}
    assert (found["no_contact"], found["reachable"]) == (1, 29)
    assert np.sum([wave["channels"]["letter"] for wave in found["waves"]]) == 29
