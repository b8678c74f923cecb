"""The page of a restored copy: read by staff, answered by who may send, and only where an answer is wanted."""

from datetime import timedelta

from campaigns.records.copies import Departed, Restoration
from engage.foundation.identity import Role
from engage.foundation.office import Office
from tests.conftest import EAST_STAFFORDSHIRE, START
from tests.website import Enter

YES = {"words": "We looked at the dashboard, and nothing left in that week.", "sure": "yes"}


def test_an_officer_lets_an_old_copy_send(office: Office, enter: Enter) -> None:
    officer, auditor = enter(Role.officer), enter(Role.auditor)
    assert "Nothing here came back from a copy" in officer.get("/restored").text
    assert officer.send("/restored", YES).status_code == 409
    copied = START - timedelta(days=9)
    with office.database.session() as session:
        session.add(
            Restoration(authority=EAST_STAFFORDSHIRE, copied_at=copied, restored_at=START, ready_at=START)
        )  # fmt: skip
        session.add(Departed(reference="0" * 32, notify_id="1", status="sending", created_at=START))
    home = officer.get("/").text
    assert "nothing leaves before an officer has said" in home
    assert 'href="/restored"' in home
    page = auditor.get("/restored").text
    assert "1 message left in between of which no campaign here knows" in page
    assert "Let it be sent" not in page
    assert auditor.send("/restored", YES).status_code == 403
    assert "Let it be sent" in officer.get("/restored").text
    refused = officer.send("/restored", {"words": "yes"})
    assert refused.status_code == 422
    assert "Confirm that you have looked at GOV.UK Notify" in refused.text
    assert "We looked at the dashboard" in officer.send("/restored", YES).text
    assert "Let it be sent" not in officer.get("/restored").text
