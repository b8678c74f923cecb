"""What a campaign costs, reckoned by hand."""

import pytest

from campaigns.approval import drafts, submission
from campaigns.approval.forecast import setting
from campaigns.messages.proofs import filled
from campaigns.notify.client import GovukNotify
from campaigns.notify.text import check_sms, fill
from campaigns.plan.plan import Plan
from campaigns.records import lookup
from campaigns.records.models import Message, MessageState
from engage.foundation.office import Office
from tests.campaigns.council import COUNCIL, TEMPLATES, Maker, audience_file, plan

EVERYONE = {"arms": {"everyone": 1.0}, "comparison": ""}


@pytest.fixture(autouse=True)
def dear_texts(office: Office) -> None:
    """So few free parts that they matter."""
    (office.settings.home / "law.toml").write_text(
        "[[price]]\nsince = 2026-05-01\nsms_fragment = 2\nfree_sms_fragments = 10\nletter_low = 60\nletter_high = 90\n"
        "letters = { second = [70, 80] }\nsource = 's'\n"
    )


def _submitted(office: Office, maker: Maker, notify: GovukNotify | None, **changes: object) -> dict:  # type: ignore[type-arg]
    draft = drafts.create(office, maker.people.planner, plan(**EVERYONE, **changes))
    known = notify.templates() if notify else None
    frozen = audience_file(office, 60)
    made = submission.adopt(office, maker.people.planner, draft, frozen, register_snapshot=None, known=known)
    cost: dict[str, object] = made.estimate["cost"]
    return cost


def test_letters_by_class_and_sheets_and_tax(office: Office, maker: Maker, notify: GovukNotify) -> None:
    letters = {"templates": {"letter": TEMPLATES["letter"]}}
    cost = _submitted(office, maker, notify, **letters)
    assert (cost["letters"], cost["postage"], cost["letter_count"]) == ({"low": 4200, "high": 4800}, ["second"], 60)
    assert (cost["with_vat"], cost["vat_percent"]) == ({"low": 5040, "high": 5760}, 20)
    unread = _submitted(office, maker, None, **letters)
    assert unread["letters"] == {"low": 3600, "high": 5400}


def test_texts_are_exact_once_they_are_read(office: Office, maker: Maker, notify: GovukNotify) -> None:
    texts = {"templates": {"sms": TEMPLATES["sms"]}}
    cost = _submitted(office, maker, notify, **texts)
    template = next(t for t in notify.templates() if t.template_id == TEMPLATES["sms"])
    made = Plan.model_validate(plan(**EVERYONE, **texts))
    said = filled(setting(office, COUNCIL, made), made, "sms", "en", "Council tax", made.start)
    parts = 30 * check_sms(fill(template.body, said, "sms"), "East Staffordshire").fragments
    assert cost["text_parts"] == {"low": parts, "high": parts}
    assert cost["texts"] == {"low": 2 * (parts - 10), "high": 2 * (parts - 10)}
    assert cost["free_parts"] == {"low": 10, "high": 10}
    unread = _submitted(office, maker, None, **texts)
    assert unread["texts"] == {"low": 2 * (30 - 10), "high": 2 * (90 - 10)}


def test_free_parts_used_this_year_are_used(office: Office, maker: Maker, notify: GovukNotify) -> None:
    earlier = maker.launched(3, **EVERYONE)
    with office.database.session() as session:
        wave = lookup.waves(session, earlier.id or 0)[0]
        for n, cost in enumerate((0.06, None)):  # three parts by Notify's word, and one text it has not told of yet
            session.add(
                Message(
                    authority=COUNCIL, campaign_id=earlier.id or 0, wave_id=wave.id or 0, uprn=n, ward="", token=f"{n}",
                    channel="sms", template="t", reference=f"{n}", state=MessageState.delivered, cost=cost,
                    claimed_at=office.clock.now(),
                )
            )  # fmt: skip
    cost = _submitted(office, maker, notify, templates={"sms": TEMPLATES["sms"]})
    assert cost["free_parts"] == {"low": 10 - 3 - 3, "high": 10 - 3 - 1}
    assert cost["texts"]["high"] - cost["texts"]["low"] == 2 * 2  # type: ignore[index]
