"""A council's own indicators on the page where officers build a rule."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from engage.foundation.identity import Role
from engage.foundation.office import Actor, Office
from segments.homes import households
from segments.importing.imports import import_file
from tests.segments.sources import papers
from tests.website import COUNCIL, Visitor

AREAS = Path(__file__).parents[1] / "sources" / "samples" / "areas"
TODAY = date(2026, 6, 1)


def test_an_officer_builds_a_rule_with_a_declared_indicator(
    office: Office, enter: Callable[[Role], Visitor], tmp_path: Path
) -> None:
    actor = Actor(COUNCIL, "officer 1", 1)
    uprns = [3410000001, 3410000002, 3410000003]
    homes = papers.gazetteer(*papers.street(1, "MILL LANE"), *(papers.blpu(u) for u in uprns),
                             *(papers.lpi(u, pn=n) for n, u in enumerate(uprns, 1)))  # fmt: skip
    electors = papers.register(papers.elector(1, UPRN=3410000001))
    import_file(office, actor, "gazetteer", papers.write(tmp_path, "g.csv", homes), TODAY)
    import_file(office, actor, "register", papers.write(tmp_path, "r.csv", electors), TODAY)
    import_file(office, actor, "geography", AREAS / "nsul.csv", TODAY)
    for name in ("declared_homes.csv", "oac_named.csv"):
        import_file(office, actor, "indicator", AREAS / name, TODAY)
    households.build(office, actor)
    visitor = enter(Role.officer)

    offered = visitor.get("/segments/new").text
    assert '<option value="local_single_person_discount">Single person discount</option>' in offered
    added = visitor.send("/segments/new", {"act": "add", "new": "oac_supergroup"}).text
    assert "Retired Professionals" in added
    typed = {
        "name": "Alone",
        "act": "save",
        "c0-column": "local_single_person_discount",
        "c0-is": "exactly",
        "c0-value": "1",
    }
    shown = visitor.send("/segments/new", typed).text
    assert "Homes where the Single person discount is exactly 1." in shown
    assert "Single person discount" in visitor.get("/segments/1/edit").text
    assert visitor.client.get("/api/segments/1").json()["households"] == 2
