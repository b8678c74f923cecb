"""What is kept of members' pages is of nobody, and of one council and one state alone."""

from dataclasses import replace

import pytest
from litestar import Litestar

from dashboards.pages import publication, sections
from dashboards.published.completeness import NOTHING
from engage.foundation.identity import RIGHTS, Right, Role
from tests.dashboards.conftest import Council, visiting

PATHS = (
    "/wards", "/wards.csv", "/api/wards", "/report", "/dashboard/", "/dashboard/_dash-layout", "/wards/E05900001",
)  # fmt: skip
OFFICERS_LINK = 'href="/council"'


def test_no_kept_part_reaches_another_role_or_council(app: Litestar, council: Council) -> None:
    sections._KEPT.clear()
    roles = [role for role in Role if Right.see_figures in RIGHTS[role]]
    for role in (*roles, *reversed(roles)):  # each after others with fewer and with more rights
        with visiting(app, f"{role.value}@example.com") as client:
            texts = {path: client.get(path).text for path in PATHS}
        assert (OFFICERS_LINK in texts["/wards"]) is (Right.see_data in RIGHTS[role])
        assert f'<span class="engage-who">{role.value}, {role.value}' in texts["/wards"]
    with visiting(app, "next@example.com") as client:
        for path in PATHS[:-1]:
            answer = client.get(path)
            assert answer.status_code == 200
            assert "Exampleton" not in answer.text
            assert "E05900001" not in answer.text
        assert client.get(PATHS[-1]).status_code == 404
    for (_, name), (_, made) in sections._KEPT.items():
        assert not any(word in str(made) for word in ("_csrf_token", "engage-who", "@example.com")), name


@pytest.mark.parametrize("path", PATHS)
def test_a_suppressed_count_is_shown_at_once(
    app: Litestar, council: Council, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    held = publication.shown(council.office, council.code)
    shares = {str(ward.completeness.share) for ward in held.wards}
    fewer = replace(
        held, wards=tuple(replace(ward, completeness=NOTHING) for ward in held.wards), whole=NOTHING, pasts=(), trials=()
    )  # fmt: skip
    with visiting(app, "member@example.com") as client:
        before = client.get(path).text
        monkeypatch.setattr(publication, "shown", lambda _office, _authority: fewer)
        after = client.get(path).text
        monkeypatch.undo()
        assert client.get(path).text.count("%") == before.count("%")
    assert any(share.rstrip("%") in before for share in shares)
    assert not any(share in after for share in shares)
