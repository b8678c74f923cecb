"""What the demo leaves for each role to do, once its story was told: a file to decide on, a reply to read, a campaign
to approve and one to go on planning, addresses of other systems, and a colleague whose link has expired."""

import io
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from campaigns.approval import drafts, submission
from campaigns.records.reply import Said
from campaigns.replies import residents
from campaigns.replies.residents import Help
from campaigns.setup import outlines
from engage.demo.other_systems import council_records, property_lists
from engage.deployment import purging
from engage.foundation import identity
from engage.foundation.clock import today
from engage.foundation.identity import LINK_LIFE, Role
from engage.foundation.web.forms import Form
from segments.audiences import segments, starters
from segments.crosswalk import deliveries
from segments.first_day import bringing
from segments.first_day.bringing import Named
from segments.importing import steps
from segments.records import agreements, arrival, retention
from segments.records.layouts import of_sources

if TYPE_CHECKING:
    from engage.demo.story import Story

HOMES_LEFT_OUT = 0.85  # of the register's lines are in the file that waits: so far fewer that it is asked about
NEXT = "Autumn reminder"


def leave(story: "Story") -> None:
    purging.purge(story.office)  # as each day, of which eight weeks have passed
    _somebody_asks_for_help(story)
    _a_file_that_asks(story)
    _a_campaign_to_approve(story)
    _a_campaign_half_planned(story)
    _lists_of_other_systems(story)
    _a_link_that_expired(story)
    _records_of_two_sources(story)
    story.say("Something waits for each role: the sign-in page says what")


def _somebody_asks_for_help(story: "Story") -> None:
    marker = re.compile(re.escape(f"{story.office.settings.base_url}/r/") + r"([A-Za-z0-9_-]+)")
    bodies = (row.body for row in reversed([*story.stand_in.state.store.by_id.values()]))
    token = next(found[1] for body in bodies if (found := marker.search(body)))
    residents.say(story.office, token, Said.help, asked=Help("large print"))


def _a_file_that_asks(story: "Story") -> None:
    """A register that lacks its last streets, as when an export was broken off."""
    assert story.aftermath is not None
    lines = story.aftermath.path.read_bytes().splitlines(keepends=True)
    content = io.BytesIO(b"".join(lines[: int(len(lines) * HOMES_LEFT_OUT)]))
    day = today(story.clock)
    brought = bringing.lay_down(story.office, story.authority, [Named(f"register {day}.csv", content)])
    bringing.begin(story.office, story.officer, brought, day)
    steps.begin(story.office, story.authority)
    story.office.background.wait()


def _a_campaign_to_approve(story: "Story") -> None:
    plan = story.plan(NEXT, today(story.clock) + timedelta(days=5))
    made = drafts.create(story.office, story.officer, plan)
    submission.submit(story.office, story.officer, made.id or 0)


def _a_campaign_half_planned(story: "Story") -> None:
    typed = {
        "name": "Students in September", "purpose": "Ask homes near the college whether newcomers are registered.",
        "segment": story.segment,
    }  # fmt: skip
    outlines.save(story.office, story.officer, None, outlines.task("people"), Form(typed))


def _lists_of_other_systems(story: "Story") -> None:
    """Waste collection leaves off which flat, so that its addresses are asked about."""
    wanted = property_lists.write_lists(story.office, story.authority, story.borough.folder)
    deliveries.link(story.office, story.actors[Role.custodian], wanted)


def _a_link_that_expired(story: "Story") -> None:
    before = story.clock.now() - LINK_LIFE - timedelta(days=1)
    with story.office.database.session() as session:
        identity.invite(
            session, code=story.authority, email="newcomer@example.com", name="Nia Newcomer", role=Role.officer,
            at=before,
        )  # fmt: skip


def _records_of_two_sources(story: "Story") -> None:
    """Of one there is an agreement until the canvass ends, of the other none yet."""
    assert story.aftermath is not None
    paths, day = council_records.write(story.borough.folder, story.aftermath.as_at), today(story.clock)
    arrival.bring_in(story.office, story.officer, of_sources([*paths.values()], [*paths]), story.aftermath.as_at)
    keeper = story.actors[Role.data_protection]
    agreements.agree(story.office, keeper, "council_tax", day - timedelta(days=60), retention.end_of_canvass(day))
    known = starters.find("known-to-the-council")
    segments.save(story.office, story.officer, known.name, known.rule.as_json(), note=known.why)
